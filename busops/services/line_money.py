"""
The lines of a period with what each brought and cost, from the same books as the verdict.

A line is a vehicle's trip in its wave, there and back, as everywhere in the money (``plate/wave``). The empty
way of a run is that between the campus and its far end: of the school's travel file, else estimated.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from busops.domain.run import Phase
from busops.domain.school import Basis
from busops.domain.values import CAMPUS, Direction, RunId, StopId
from busops.finance.cost_shares import LineRun
from busops.finance.costs import DEPRECIATION, OVERHEAD, CostLine
from busops.finance.line_results import Fare, LineResults, line_results
from busops.finance.reconcile import ReconRow, counted
from busops.planner.problem import rounded_fen
from busops.planner.travel import estimate_travel
from busops.services.counted_costs import line_of, line_run
from busops.services.reconciliation import Books
from busops.storage import fleet_store, network_store, run_ends, run_store
from busops.storage.database import Transaction
from busops.storage.run_store import RunSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivenRuns:
    """The runs of a period that were not cancelled, and of each its far end and empty metres."""

    runs: tuple[RunSummary, ...]
    far_ends: Mapping[RunId, StopId]
    empty_m: Mapping[RunId, int]
    per_km_fen: Mapping[str, int]

    def line_of(self, run: RunSummary) -> str:
        """What its line is called: plate and wave."""
        return line_of(run)


def load_driven(tx: Transaction, books: Books, *, today: date) -> DrivenRuns:
    """The runs of the books up to ``today``."""
    first, last = books.first, min(books.last, today)
    runs = tuple(run for run in run_store.list_runs(tx, (first, last)) if run.phase is not Phase.CANCELLED)
    ends = run_ends.load_ends(tx, first, last)
    far_ends = {
        run.run_id: ends[run.run_id][1 if run.direction is Direction.HOMEWARD else 0]
        for run in runs
        if run.run_id in ends
    }
    return DrivenRuns(
        runs=runs,
        far_ends=far_ends,
        empty_m=_empty_m(tx, books, runs, far_ends),
        per_km_fen={vehicle.plate: vehicle.per_km_fen for vehicle in fleet_store.load_vehicles(tx)},
    )


def counted_costs(costs: Iterable[CostLine], basis: Basis) -> tuple[CostLine, ...]:
    """The lines of cost that count on a basis: never overhead, depreciation on accrual only."""
    counted = (line for line in costs if line.code != OVERHEAD)
    if basis is Basis.ACCRUAL:
        return tuple(counted)
    return tuple(
        replace(line, fen=line.cash_fen, paid_fen=None, other_use_fen=line.other_use_paid_fen)
        for line in counted
        if line.code != DEPRECIATION
    )


def results_of_lines(books: Books, driven: DrivenRuns, rows: Sequence[ReconRow]) -> LineResults:
    """Every line on the school's official basis; what is no line's, refunds of the gross basis too, apart."""
    policy = books.facts.school.finance
    fares, paid_back_fen = fares_of(books, driven, rows)
    costs = counted_costs((cost.line for cost in books.costs), policy.basis)
    results = line_results(runs_of(books, driven), costs, fares, target_bp=policy.target_bp)
    return replace(results, costs_of_none_fen=results.costs_of_none_fen + paid_back_fen)


def runs_of(books: Books, driven: DrivenRuns) -> list[LineRun]:
    """The runs as costs fall on them."""
    return [_line_run(run, driven, books.facts.boarded.get(run.run_id, 0)) for run in driven.runs]


def fares_of(books: Books, driven: DrivenRuns, rows: Sequence[ReconRow]) -> tuple[Iterator[Fare], int]:
    """What each rider's unit brought on the official basis; what was paid back, a cost of the gross."""
    basis = books.facts.school.finance.basis
    paid_back_fen = 0
    if basis is Basis.CASH_GROSS:
        paid_back_fen = sum(row.refunded_fen * times for row, times in counted(rows))
    return _fares(books, driven, rows), paid_back_fen


def _fares(books: Books, driven: DrivenRuns, rows: Iterable[ReconRow]) -> Iterator[Fare]:
    """What each row brought, with the lines he took for it; who boarded none was to take them."""
    sheet, basis = books.facts.sheet, books.facts.school.finance.basis
    lines = {run.run_id: driven.line_of(run) for run in driven.runs}
    for row in rows:
        if fen := _base_fen(row, basis):
            rides = sheet.rides_of(row.rider_id, row.unit_key)
            mine = [run_id for ride, run_id in rides if ride.boarded] or [run_id for _, run_id in rides]
            yield Fare(fen=fen, lines=tuple(lines[run_id] for run_id in mine if run_id in lines))


def towards(books: Books, driven: DrivenRuns) -> dict[str, str]:
    """The stop that each line goes to most often, by its name."""
    ends: dict[str, Counter[StopId]] = defaultdict(Counter)
    for run in driven.runs:
        if run.run_id in driven.far_ends:
            ends[driven.line_of(run)][driven.far_ends[run.run_id]] += 1
    stops = books.facts.stops
    names = {}
    for line, seen in ends.items():
        stop_id = min(seen, key=lambda stop_id: (-seen[stop_id], stop_id))
        names[line] = stops[stop_id].name if stop_id in stops else stop_id
    return names


def _base_fen(row: ReconRow, basis: Basis) -> int:
    match basis:
        case Basis.ACCRUAL:
            return row.earned_fen
        case Basis.CASH_NET:
            return row.received_fen - row.refunded_fen
        case Basis.CASH_GROSS:
            return row.received_fen
    raise AssertionError(f"no rule for basis {basis}")


def _line_run(run: RunSummary, driven: DrivenRuns, riders: int) -> LineRun:
    empty_m = driven.empty_m.get(run.run_id, 0)
    empty_fen = rounded_fen(driven.per_km_fen.get(run.plate, 0) * empty_m)
    return replace(
        line_run(run), empty_m=empty_m, riders=riders, planned_empty_fen=min(empty_fen, run.cost_fen)
    )


def _empty_m(
    tx: Transaction, books: Books, runs: Iterable[RunSummary], far_ends: Mapping[RunId, StopId]
) -> dict[RunId, int]:
    """Metres without riders of each run; none where the school's buses do not come back to the campus."""
    school, stops = books.facts.school, books.facts.stops
    if not school.planning.returns_to_campus:
        return {}
    known = {(way.origin, way.destination): way.distance_m for way in network_store.load_travel(tx)}
    positions = {
        str(stop_id): stops[stop_id].position for stop_id in set(far_ends.values()) if stop_id in stops
    }
    estimate = estimate_travel(school.campus, positions, detour_milli=school.planning.detour_factor_milli)
    empty = {}
    for run in runs:
        far = far_ends.get(run.run_id)
        if far is None or far not in positions:
            continue
        way = (far, CAMPUS) if run.direction is Direction.HOMEWARD else (CAMPUS, far)
        metres = known.get(way) or estimate.between(*way)[0]
        empty[run.run_id] = min(metres, run.distance_m)
    return empty
