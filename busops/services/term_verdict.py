"""
The term's verdict with everything that it is asked for: lines, outlook, and what would reach the goal.

Read only, all from one state of the books. The forecast is on accrual (domain §3.3), whatever the official
basis: what will be paid when is nobody's to know.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from busops.domain.school import Basis
from busops.domain.values import Clock, Direction, school_date
from busops.finance.costs import CostLine
from busops.finance.earning import earned_fen
from busops.finance.forecast import ComingWeekend, Forecast, ForecastFacts, PastWeekend, forecast
from busops.finance.line_results import LineResults
from busops.finance.row_cases import CaseSheet
from busops.finance.statement import Reconciliation
from busops.finance.tariff import FareUnit, weekend_of
from busops.services import plan_margin_view, reconciliation
from busops.services.line_money import DrivenRuns, counted_costs, load_driven, results_of_lines, towards
from busops.services.plan_margin_view import LeverRow
from busops.services.reconciliation import Books
from busops.services.ride_facts import weekend_end
from busops.storage import plan_store, register_store
from busops.storage.database import Database
from busops.storage.plan_store import PlanState, PlanSummary

# What each run causes; the rest is there whether buses drive or not.
OF_RUNS: Final = frozenset({"C01", "C02", "C03", "C04", "C05", "C06", "C08", "C14", "C16"})
SHORT: Final = frozenset({FareUnit.TRIP, FareUnit.WEEKEND})
LEVERS_SHOWN: Final = 8
SUNDAY_AFTER: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class TermLever:
    """A lever of a plan, and what it would bring if each weekend left were like the plan's."""

    plan: PlanSummary
    lever: LeverRow
    weekends: int

    @property
    def term_fen(self) -> int:
        """More net over the weekends that are left."""
        return self.lever.gain_fen * self.weekends


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlooks:
    """The forecast, and whether the runs' rate is the plans' for want of any cost on record."""

    forecast: Forecast | None
    is_planned_rate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TermVerdict:
    """Everything that the verdict's page and the sheet for parents show."""

    result: Reconciliation
    lines: LineResults
    towards: Mapping[str, str]
    outlook: Outlooks
    weekends_left: int
    plans: tuple[PlanSummary, ...]  # the latest of each direction
    levers: tuple[TermLever, ...]


def term_verdict(database: Database, *, clock: Clock) -> TermVerdict:
    """The term as the books stand now; raises NotFound before the first import."""
    today = school_date(clock.now())
    with database.reading() as tx:
        term = register_store.load_school(tx).term
        books = reconciliation.load_books(tx, term.starts_on, term.ends_on, is_whole=False)
        driven = load_driven(tx, books, today=today)
        plans = plan_store.list_plans(tx)
    result = reconciliation.reconciled(books, today=today)
    facts = forecast_facts(books, driven, today=today)
    outlook = forecast(facts)
    latest = _latest_plans(plans, term.starts_on, term.ends_on)
    left = len(facts.coming)
    return TermVerdict(
        result=result,
        lines=results_of_lines(books, driven, result.statement.rows),
        towards=towards(books, driven),
        outlook=Outlooks(forecast=outlook, is_planned_rate=not result.statement.sums.costs_fen),
        weekends_left=left,
        plans=latest,
        levers=_levers(database, latest, left),
    )


def forecast_facts(books: Books, driven: DrivenRuns, *, today: date) -> ForecastFacts:
    """
    The weekends that are over and those to come, with what is known of each.

    A weekend is over on the Monday after its runs. Costs up to the Friday after the last one over are
    spent; of later ones those that runs do not cause are known, the others are what the rate stands for.
    Where no cost is on record at all, runs cost what their plans reckoned.
    """
    facts = books.facts
    runs = Counter(weekend_of(run.on) for run in driven.runs)
    over = sorted(on for on in runs if on + SUNDAY_AFTER < today)
    end = weekend_end(over[-1]) if over else books.first
    costs = counted_costs((cost.line for cost in books.costs), Basis.ACCRUAL)
    spent = [cost for cost in costs if cost.on <= end]
    fixed = [cost for cost in costs if cost.on > end and cost.code not in OF_RUNS]
    if not sum(cost.fen for cost in spent):
        spent = [
            CostLine(on=run.on, code="C06", fen=run.cost_fen)
            for run in driven.runs
            if run.cost_fen and run.on <= end
        ]
    seats, rides = _held_and_ridden(facts.sheet)
    coming = _coming(over, books.last, today)
    short, long = _earned(books, [*over, *coming])
    past = tuple(
        PastWeekend(
            on=on,
            seats=max(seats[on], rides[on]),
            rides=rides[on],
            runs=runs[on],
            short_fen=short[on],
            long_fen=long[on],
            costs_fen=fen,
        )
        for on, fen in zip(over, _by_weekend(spent, over), strict=True)
    )
    return ForecastFacts(
        past=past,
        coming=tuple(
            ComingWeekend(on=on, long_fen=long[on], seats=seats[on] or None, fixed_fen=fen)
            for on, fen in zip(coming, _by_weekend(fixed, coming), strict=True)
        ),
        earned_fen=sum(one.short_fen + one.long_fen for one in past),
        costs_fen=sum(cost.fen for cost in spent),
        run_costs_fen=sum(cost.fen for cost in spent if cost.code in OF_RUNS),
        target_bp=facts.school.finance.target_bp,
    )


def _coming(over: Sequence[date], last: date, today: date) -> list[date]:
    """The Fridays left, as far apart as those that were: every week, or every other."""
    begins = weekend_of(today) if not over else over[-1]
    gaps = [(two - one).days for one, two in pairwise(over)]
    step = timedelta(days=min(gaps, default=7))
    coming, on = [], begins + step
    while on <= last:
        coming.append(on)
        on += step
    return coming


def _earned(books: Books, weekends: Sequence[date]) -> tuple[Counter[date], Counter[date]]:
    """What trips and weekends earned of each weekend, and what of months and terms falls to it."""
    short: Counter[date] = Counter()
    long: Counter[date] = Counter()
    for case, times in books.facts.sheet.counted():
        for charge in case.charges:
            if charge.unit in SHORT:
                short[weekend_of(charge.from_on)] += charge.due_fen * times
                continue
            for on in weekends:
                if charge.from_on <= weekend_end(on) and charge.to_on >= on:
                    long[on] += earned_fen(charge, on, weekend_end(on)) * times
    return short, long


def _held_and_ridden(sheet: CaseSheet) -> tuple[Counter[date], Counter[date]]:
    """How many seats were held and how many rides were made, by weekend; two buses on a way are one ride."""
    seats: Counter[date] = Counter()
    rides: Counter[date] = Counter()
    for case, times in sheet.counted():
        for seat in case.seats:
            if seat.rides:
                seats[weekend_of(seat.on)] += times
        for on, _ in {(ride.on, ride.direction) for ride in case.facts if ride.boarded and ride.closed}:
            rides[weekend_of(on)] += times
    return seats, rides


def _by_weekend(costs: Sequence[CostLine], weekends: Sequence[date]) -> list[int]:
    """The costs up to the end of each weekend since the one before; later ones count with the last."""
    fens = [0] * len(weekends)
    for cost in costs:
        at = next((at for at, on in enumerate(weekends) if cost.on <= weekend_end(on)), len(weekends) - 1)
        if weekends:
            fens[at] += cost.fen
    return fens


def _latest_plans(plans: Sequence[PlanSummary], first: date, last: date) -> tuple[PlanSummary, ...]:
    """The newest plan of each direction that somebody decided on."""
    decided = (PlanState.APPROVED, PlanState.RELEASED)
    mine = [plan for plan in plans if first <= plan.weekend_on <= last and plan.state in decided]
    found = (next((plan for plan in mine if plan.direction is way), None) for way in Direction)
    return tuple(plan for plan in found if plan is not None)


def _levers(database: Database, plans: Sequence[PlanSummary], weekends: int) -> tuple[TermLever, ...]:
    """What the latest plans' levers were found to bring, in their order, without those that bring nothing."""
    found = [
        TermLever(plan=plan, lever=lever, weekends=weekends)
        for plan in plans
        for lever in plan_margin_view.levers_of(database, plan.plan_id).levers
        if lever.gain_fen > 0
    ]
    return tuple(found[:LEVERS_SHOWN])
