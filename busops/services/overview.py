"""
How the week stands and what needs somebody now: what the home pages are made of.

Read only, from the projections and counts of the stores; whoever decides on something opens
its own page, which looks again.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from busops.domain.run import Phase
from busops.domain.values import Clock, Direction, school_date
from busops.finance.matching import ReceiptStatus
from busops.finance.refunds import RefundState
from busops.services.front import runs_in_alarm
from busops.storage import (
    alarm_store,
    claim_store,
    import_store,
    people_store,
    plan_store,
    receipt_store,
    refund_store,
    roster_store,
    run_store,
)
from busops.storage.database import Database, Transaction
from busops.storage.import_store import BatchState
from busops.storage.plan_store import PlanState, PlanSummary
from busops.storage.roster_store import WeekendSummary
from busops.storage.run_store import RunSummary

FRIDAY: Final = 4
WEEK_DAYS: Final = 7
SUNDAY_AFTER: Final = timedelta(days=2)
BILLS: Final = "receipts"
OVER: Final = frozenset({Phase.CLOSED, Phase.CANCELLED})


class StepState(StrEnum):
    """Where a step of the week stands; the values are those of the line's figure."""

    DONE = "done"
    HERE = "here"
    NEXT = "next"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the week: its name, how it stands, and done of so many."""

    name: str
    state: StepState
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that waits for a person: what, how many, and how hard."""

    kind: str
    count: int
    is_urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The runs of one day by how far they have come."""

    on: date
    direction: Direction
    runs: int
    over: int
    underway: int
    waiting: int
    expected: int
    boarded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The week's line, its two days, what needs somebody, and the numbers of the goals."""

    weekend_on: date
    roster: WeekendSummary | None
    steps: tuple[Step, ...]
    days: tuple[Day, ...]
    needs: tuple[Need, ...]
    alarms: int
    closed_runs: int
    all_runs: int
    median_close_s: int | None  # from the terminal to the close, of closed runs


def weekend_of(today: date) -> date:
    """The Friday that the work of this day is about: the coming one, from Friday to Sunday this one."""
    back = (today.weekday() - FRIDAY) % WEEK_DAYS
    friday = today - timedelta(days=back)
    return friday if back <= SUNDAY_AFTER.days else friday + timedelta(days=WEEK_DAYS)


def overview(database: Database, clock: Clock) -> Overview:
    """How everything stands at this moment."""
    today = school_date(clock.now())
    weekend_on = weekend_of(today)
    with database.reading() as tx:
        weekends = roster_store.list_weekends(tx)
        plans = plan_store.list_plans(tx, weekend_on)
        runs = run_store.list_runs(tx)
        alarms = len(runs_in_alarm(alarm_store.load_alarms(tx)))
        unmatched = _unmatched(tx)
        claims = len(claim_store.waiting_receipts(tx))
        refunds = Counter(item.refund.state for item in refund_store.load_refunds(tx))
        previews = [one for one in import_store.list_batches(tx) if one.state is BatchState.PREVIEWED]
        bills = sum(one.kind == BILLS for one in previews)
        new_accounts = sum(p.must_change and not p.is_disabled for p in people_store.load_people(tx))
    roster = next((one for one in weekends if one.weekend_on == weekend_on), None)
    friday = [run for run in runs if run.on == weekend_on]
    sunday = [run for run in runs if run.on == weekend_on + SUNDAY_AFTER]
    ended = [run for run in runs if run.phase is Phase.CLOSED]
    return Overview(
        weekend_on=weekend_on,
        roster=roster,
        steps=_steps(roster, plans, friday, sunday, unmatched),
        days=tuple(
            _day(day_runs, direction)
            for day_runs, direction in ((friday, Direction.HOMEWARD), (sunday, Direction.RETURN))
            if day_runs
        ),
        needs=_needs(
            roster=roster,
            plans=plans,
            runs=runs,
            today=today,
            counts={
                "alarms": alarms,
                "receipts_unmatched": unmatched,
                "imports_waiting": len(previews) - bills,
                "bills_waiting": bills,
                "claims_waiting": claims,
                "refunds_to_check": refunds[RefundState.REQUESTED],
                "refunds_to_approve": refunds[RefundState.CHECKED],
                "refunds_to_pay": refunds[RefundState.APPROVED],
                "accounts_new": new_accounts,
            },
        ),
        alarms=alarms,
        closed_runs=len(ended),
        all_runs=len(runs),
        median_close_s=_median(_close_seconds(ended)),
    )


def _steps(
    roster: WeekendSummary | None,
    plans: Iterable[PlanSummary],
    friday: list[RunSummary],
    sunday: list[RunSummary],
    unmatched: int,
) -> tuple[Step, ...]:
    kept = [plan for plan in plans if plan.state is not PlanState.DISCARDED]
    planned = {plan.direction for plan in kept}
    released = {plan.direction for plan in kept if plan.state is PlanState.RELEASED}
    ways = len(Direction)
    both_over = _all_over(friday) and _all_over(sunday)
    facts = (
        ("sign_up", roster is not None and roster.entries > 0, roster.entries if roster else 0, 0),
        ("lock", roster is not None and roster.version > 0, roster.version if roster else 0, 0),
        ("plan", len(planned) == ways, len(planned), ways),
        ("release", len(released) == ways, len(released), ways),
        ("friday", _all_over(friday), _over(friday), len(friday)),
        ("sunday", _all_over(sunday), _over(sunday), len(sunday)),
        ("reconcile", both_over and not unmatched, 0, 0),
    )
    steps, found_here = [], False
    for name, is_done, done, total in facts:
        state = StepState.DONE if is_done else StepState.NEXT if found_here else StepState.HERE
        found_here = found_here or not is_done
        steps.append(Step(name=name, state=state, done=done, total=total))
    return tuple(steps)


def _needs(
    *,
    roster: WeekendSummary | None,
    plans: tuple[PlanSummary, ...],
    runs: tuple[RunSummary, ...],
    today: date,
    counts: dict[str, int],
) -> tuple[Need, ...]:
    phases = [run.phase for run in runs]
    late = sum(run.on < today and run.phase not in OVER for run in runs)
    drafts = sum(plan.state is PlanState.DRAFT for plan in plans)
    approved = sum(plan.state is PlanState.APPROVED for plan in plans)
    decided = {p.direction for p in plans if p.state in (PlanState.APPROVED, PlanState.RELEASED)}
    open_drafts = sum(p.state is PlanState.DRAFT and p.direction not in decided for p in plans)
    wanted = (
        Need(kind="alarms", count=counts["alarms"], is_urgent=True),
        Need(kind="runs_reopened", count=phases.count(Phase.REOPENED), is_urgent=True),
        Need(kind="runs_unchecked", count=phases.count(Phase.ARRIVED), is_urgent=True),
        Need(kind="runs_left_open", count=late, is_urgent=True),
        Need(kind="roster_unlocked", count=roster.entries if roster and not roster.version else 0),
        Need(kind="plans_to_make", count=_unplanned(roster, plans)),
        Need(kind="plans_to_approve", count=min(open_drafts, drafts)),
        Need(kind="plans_to_release", count=approved),
        Need(kind="imports_waiting", count=counts["imports_waiting"]),
        Need(kind="bills_waiting", count=counts["bills_waiting"]),
        Need(kind="claims_waiting", count=counts["claims_waiting"]),
        *(
            Need(kind=kind, count=counts[kind])
            for kind in ("refunds_to_check", "refunds_to_approve", "refunds_to_pay")
        ),
        Need(kind="receipts_unmatched", count=counts["receipts_unmatched"]),
        Need(kind="accounts_new", count=counts["accounts_new"]),
    )
    return tuple(need for need in wanted if need.count)


def _unplanned(roster: WeekendSummary | None, plans: tuple[PlanSummary, ...]) -> int:
    if roster is None or not roster.version:
        return 0
    made = {plan.direction for plan in plans if plan.state is not PlanState.DISCARDED}
    return len(Direction) - len(made)


def _day(runs: list[RunSummary], direction: Direction) -> Day:
    over = _over(runs)
    waiting = sum(run.phase in (Phase.PLANNED, Phase.READY) for run in runs)
    return Day(
        on=runs[0].on,
        direction=direction,
        runs=len(runs),
        over=over,
        underway=len(runs) - over - waiting,
        waiting=waiting,
        expected=sum(int(run.progress.get("expected", 0)) for run in runs),
        boarded=sum(int(run.progress.get("boarded", 0)) for run in runs),
    )


def _over(runs: list[RunSummary]) -> int:
    return sum(run.phase in OVER for run in runs)


def _all_over(runs: list[RunSummary]) -> bool:
    return bool(runs) and _over(runs) == len(runs)


def _unmatched(tx: Transaction) -> int:
    return receipt_store.count_receipts(tx, (ReceiptStatus.UNIDENTIFIED, ReceiptStatus.PARTIAL))


def _close_seconds(runs: Iterable[RunSummary]) -> list[int]:
    spans = []
    for run in runs:
        arrived_ms = run.progress.get("arrived_ms")
        if isinstance(arrived_ms, int) and run.closed_at is not None:
            spans.append(round(run.closed_at.timestamp()) - arrived_ms // 1000)
    return [span for span in spans if span >= 0]


def _median(values: list[int]) -> int | None:
    return sorted(values)[len(values) // 2] if values else None
