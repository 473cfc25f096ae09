"""
What a scheme would have done on past weekends: cost, load, ride times, and what free planning would cost.

A weekend may have helped to make the scheme or not; the table says which. Nothing is stored here.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from busops.domain.findings import Finding, Severity
from busops.domain.values import Direction
from busops.planner.problem import Plan, Problem
from busops.planner.solve import solve
from busops.planner.term.peaks import nearest_rank
from busops.planner.term.scheme import TermLine, free_of_lines, on_scheme, ride_times_s
from busops.planner.term.weekly import weekly_plan
from busops.planner.verify import verify

FULL_BP: Final = 10_000
_P95: Final = 95


@dataclass(frozen=True, slots=True, kw_only=True)
class PastWeekend:
    """One direction of one past weekend; ``is_training`` when the scheme was made from it too."""

    weekend_on: date
    problem: Problem
    is_training: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRow:
    """
    One direction of one weekend on the scheme; loads in hundredths of a per cent of the seats driven.

    ``free_fen`` is the cost of a weekly plan without lines, None where none was made; it compares
    only where both serve the same riders, so its unserved stand beside.
    """

    weekend_on: date
    direction: Direction
    is_training: bool
    riders: int
    unserved: int
    trips: int
    seats: int
    cost_fen: int
    max_load_bp: int
    longest_s: int
    p95_s: int
    violations: int
    is_proven: bool
    free_fen: int | None = None
    free_unserved: int | None = None

    @property
    def mean_load_bp(self) -> int:
        """The riders carried as a share of the seats driven."""
        return FULL_BP * (self.riders - self.unserved) // self.seats if self.seats else 0

    @property
    def extra_fen(self) -> int | None:
        """What the fixed scheme costs more than a free plan; None where there is none to compare with."""
        if self.free_fen is None or self.free_unserved != self.unserved:
            return None
        return self.cost_fen - self.free_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayTotals:
    """Sums and extremes of rows; ``extra_fen`` and ``compared_fen`` over the rows that could be compared."""

    rows: int
    riders: int
    unserved: int
    trips: int
    cost_fen: int
    mean_load_bp: int
    max_load_bp: int
    longest_s: int
    compared_fen: int
    extra_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FreePlans:
    """How long to search for each free plan beside; no seconds and no rounds means: none is made."""

    seconds: float = 0.0
    seed: int = 1
    rounds: int | None = None


def replay(
    weekends: Sequence[PastWeekend],
    lines: Sequence[TermLine],
    *,
    licensed: Collection[str],
    free: FreePlans,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[ReplayRow]:
    """The rows, one after another as they are made; ends early once ``should_stop`` says yes."""
    for weekend in weekends:
        if should_stop is not None and should_stop():
            return
        plan = weekly_plan(weekend.problem, lines, licensed=licensed, should_stop=should_stop)
        bound = on_scheme(weekend.problem, lines, licensed)
        faults = _hard(verify(bound, plan))
        other = None
        if free.seconds or free.rounds is not None:
            other = solve(
                free_of_lines(weekend.problem),
                seconds=free.seconds,
                seed=free.seed,
                rounds=free.rounds,
                should_stop=should_stop,
            )
        yield _row(weekend, plan, faults, other)


def totals(rows: Sequence[ReplayRow]) -> ReplayTotals:
    """The sums of a table; loads are weighted by seats, so that a full small bus is not a full school."""
    seats = sum(row.seats for row in rows)
    served = sum(row.riders - row.unserved for row in rows)
    compared = [row for row in rows if row.extra_fen is not None]
    return ReplayTotals(
        rows=len(rows),
        riders=sum(row.riders for row in rows),
        unserved=sum(row.unserved for row in rows),
        trips=sum(row.trips for row in rows),
        cost_fen=sum(row.cost_fen for row in rows),
        mean_load_bp=FULL_BP * served // seats if seats else 0,
        max_load_bp=max((row.max_load_bp for row in rows), default=0),
        longest_s=max((row.longest_s for row in rows), default=0),
        compared_fen=sum(row.cost_fen for row in compared),
        extra_fen=sum(row.extra_fen or 0 for row in compared),
    )


def _row(weekend: PastWeekend, plan: Plan, violations: int, free: Plan | None) -> ReplayRow:
    capacity = {vehicle.plate: vehicle.capacity for vehicle in weekend.problem.vehicles}
    loads = [(sum(len(halt.rider_ids) for halt in trip.stops), capacity[trip.plate]) for trip in plan.trips]
    rides = ride_times_s(plan)
    return ReplayRow(
        weekend_on=weekend.weekend_on,
        direction=weekend.problem.direction,
        is_training=weekend.is_training,
        riders=len(weekend.problem.riders),
        unserved=len(plan.unserved),
        trips=len(plan.trips),
        seats=sum(whole for _aboard, whole in loads),
        cost_fen=plan.cost_fen,
        max_load_bp=max((FULL_BP * aboard // whole for aboard, whole in loads), default=0),
        longest_s=rides[-1] if rides else 0,
        p95_s=nearest_rank(rides, _P95) if rides else 0,
        violations=violations,
        is_proven=plan.stats["assignment"] == "optimal",
        free_fen=free.cost_fen if free else None,
        free_unserved=len(free.unserved) if free else None,
    )


def _hard(findings: Sequence[Finding]) -> int:
    return sum(finding.severity is Severity.BLOCK for finding in findings)
