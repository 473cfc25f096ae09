"""
The costs that a period counts: by the days they cover, less what trips for others than pupils bear.

The verdict, the lines and the pages take costs from here, so that all leave the same out.
"""

from dataclasses import replace
from datetime import date

from busops.domain.run import Phase
from busops.finance.cost_shares import LineRun, OtherUse, RunBook, without_other_use
from busops.finance.costs import CostLine, within
from busops.storage import cost_store, other_use_store, run_store
from busops.storage.cost_store import StoredCost
from busops.storage.database import Transaction
from busops.storage.run_store import RunSummary


def costs_of_days(tx: Transaction, first: date, last: date) -> tuple[StoredCost, ...]:
    """The costs of these days as the verdict counts them; runs are read only where trips for others are."""
    stored = cost_store.load_costs(tx, from_on=first, to_on=last)
    others = other_use_store.load_uses(tx, first, last)
    runs = RunBook(runs_of_days(tx, first, last) if others else ())
    counted = (replace(cost, line=counted_line(cost.line, first, last, runs, others)) for cost in stored)
    return tuple(cost for cost in counted if cost.line.fen or cost.line.cash_fen or cost.line.other_use_fen)


def counted_line(
    line: CostLine, first: date, last: date, runs: RunBook, others: tuple[OtherUse, ...]
) -> CostLine:
    """One cost as these days count it."""
    part = within(line, first, last)
    return without_other_use(part, runs, others) if others else part


def runs_of_days(tx: Transaction, first: date, last: date) -> tuple[LineRun, ...]:
    """The runs of these days that were not cancelled, without their riders and empty ways."""
    runs = run_store.list_runs(tx, (first, last))
    return tuple(line_run(run) for run in runs if run.phase is not Phase.CANCELLED)


def line_of(run: RunSummary) -> str:
    """What the line of a run is called: plate and wave."""
    return f"{run.plate}/{run.wave}"


def line_run(run: RunSummary) -> LineRun:
    """A run as costs fall on it; nothing of its way is empty."""
    return LineRun(
        line=line_of(run),
        run_id=run.run_id,
        plate=run.plate,
        on=run.on,
        distance_m=run.distance_m,
        empty_m=0,
        duration_s=max(0, round((run.arrives_at - run.departs_at).total_seconds())),
        riders=0,
        planned_fen=run.cost_fen,
        planned_empty_fen=0,
    )
