"""
A whole weekend without a browser: the same services in the same order as on the pages.

Roster locked, both directions planned, verified, approved and released; simulated crews mark
every rider through the tablet protocol; runs closed, charged, receipts matched, reconciled.
Time is a clock that this module steps, never the machine's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from busops.domain.errors import Refused
from busops.domain.findings import Finding, Severity
from busops.domain.run import Phase
from busops.domain.values import SCHOOL_TIME, Direction, Ids, PlanId, RunId
from busops.finance.costs import CostLine
from busops.planner.problem import UnservedReason
from busops.planner.scale.executors import OpenExecutor, here
from busops.planner.travel.source import TravelSource
from busops.services import costs as cost_service
from busops.services import crew_tablets, fares, planning, reconciliation, rosters, runs, sheet_papers
from busops.services import receipts as receipt_service
from busops.services.crew_player import PlayedRun, play_to_the_end
from busops.services.imports import read_finding
from busops.services.simulated_crew import Pack, Slips, Transport
from busops.storage import plan_store, roster_store, run_store
from busops.storage.database import Database

MONDAY: Final = timedelta(days=3)
SLOWED: Final = "legs_slowed"


class SteppedClock:
    """A clock that stands still until it is set; it never runs backwards."""

    def __init__(self, starts_at: datetime) -> None:
        self._at = starts_at.astimezone(UTC)

    def now(self) -> datetime:
        """The moment it was set to last."""
        return self._at

    def set(self, moment: datetime) -> None:
        """The present moment is ``moment``, or stays where it is when that has passed."""
        self._at = max(self._at, moment.astimezone(UTC))

    def set_ms(self, moment_ms: int) -> None:
        """The same by milliseconds since 1970."""
        self.set(datetime.fromtimestamp(moment_ms / 1000, UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekendOrder:
    """Which weekend, and how long and from which seed to plan."""

    weekend_on: date
    seconds: float
    seed: int
    by: str
    fair_milli: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekendOutcome:
    """What a weekend leaves behind: its documents by file name, the workbook, and what a person must see."""

    documents: Mapping[str, Any]
    workbook: bytes
    findings: tuple[Finding, ...]
    facts: Mapping[str, Any]


@dataclass(slots=True)
class _Held:
    documents: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    played: list[PlayedRun] = field(default_factory=list)


def planning_moment(weekend_on: date) -> datetime:
    """When the weekend is planned: the Thursday before, at ten (domain §4.1)."""
    return datetime.combine(weekend_on - timedelta(days=1), time(10), SCHOOL_TIME)


def faultless(_pack: Pack) -> Slips:
    """A crew that forgets nothing, and riders who all come."""
    return Slips()


def hold_weekend(
    database: Database,
    order: WeekendOrder,
    *,
    costs: Iterable[CostLine],
    receipts: Mapping[str, bytes],
    clock: SteppedClock,
    ids: Ids,
    transport: Transport,
    roads: TravelSource | None = None,
) -> WeekendOutcome:
    """The weekend is over: every run closed or its reasons found, every fare reconciled."""
    held = _Held()
    _lock(database, order, held, clock=clock)
    plans = [_plan(database, order, way, held, clock=clock, ids=ids, roads=roads) for way in Direction]
    for plan_id in plans:
        run_ids = _released(database, order, plan_id, held, clock=clock, ids=ids)
        played = crew_tablets.hand_out(
            database, run_ids, transport=transport, clock=clock, ids=ids, slips_of=faultless
        )
        play_to_the_end(played, transport=transport, ids=ids, set_clock=clock.set_ms)
        held.played += played
    clock.set(planning_moment(order.weekend_on) + MONDAY + timedelta(days=1))
    _settle(database, order, costs, receipts, held, clock=clock, ids=ids)
    return _outcome(database, order, held, clock=clock)


def plan_direction(
    database: Database,
    order: WeekendOrder,
    way: Direction,
    *,
    clock: SteppedClock,
    ids: Ids,
    executor: OpenExecutor = here,
    roads: TravelSource | None = None,
) -> tuple[PlanId | None, Mapping[str, Any]]:
    """One direction planned and its document; no plan is stored for a direction in which nobody rides."""
    if way not in planning.directions_in_use(database, order.weekend_on):
        document = planning.idle_document(
            database, weekend_on=order.weekend_on, direction=way, seed=order.seed, seconds=order.seconds
        )
        return None, document
    plan_id = planning.plan_weekend(
        database,
        weekend_on=order.weekend_on,
        direction=way,
        seconds=order.seconds,
        seed=order.seed,
        clock=clock,
        ids=ids,
        by=order.by,
        fair_milli=order.fair_milli,
        executor=executor,
        roads=roads,
    )
    return plan_id, planning.document(database, plan_id)


def _lock(database: Database, order: WeekendOrder, held: _Held, *, clock: SteppedClock) -> None:
    """The roster is locked; one without a row says nothing to lock, and that is found."""
    with database.reading() as tx:
        entries = roster_store.load_roster(tx, order.weekend_on)
    if entries:
        rosters.lock(database, order.weekend_on, by=order.by, clock=clock)
    else:
        facts = {"weekend_on": order.weekend_on}
        held.findings.append(Finding(code="roster_is_empty", severity=Severity.WARN, facts=facts))


def _plan(
    database: Database,
    order: WeekendOrder,
    way: Direction,
    held: _Held,
    *,
    clock: SteppedClock,
    ids: Ids,
    roads: TravelSource | None,
) -> PlanId | None:
    plan_id, document = plan_direction(database, order, way, clock=clock, ids=ids, roads=roads)
    held.documents[f"plan-{way.value}.json"] = document
    held.findings += [
        Finding(code="rider_unserved", severity=Severity.WARN, place=rider["rider_id"], facts=facts)
        for rider in document["unserved"]
        for facts in [{**rider, "reason": UnservedReason(rider["reason"])}]
    ]
    if plan_id is not None:
        held.findings += _left_out_of(database, plan_id, held.findings)
    return plan_id


def _left_out_of(database: Database, plan_id: PlanId, known: Iterable[Finding]) -> list[Finding]:
    """What the plan had to do without and why, as its page says it; ways too fast were told at import."""
    return [one for one in notices_of(database, plan_id) if one.code != SLOWED and one not in known]


def notices_of(database: Database, plan_id: PlanId) -> list[Finding]:
    """What a stored plan tells about how it was made."""
    with database.reading() as tx:
        return [read_finding(plain) for plain in plan_store.load_plan(tx, plan_id).notices]


def _released(
    database: Database,
    order: WeekendOrder,
    plan_id: PlanId | None,
    held: _Held,
    *,
    clock: SteppedClock,
    ids: Ids,
) -> tuple[RunId, ...]:
    """The runs of a plan; none where it may not be driven, with every reason found: the rest goes on."""
    if plan_id is None:
        return ()
    try:
        planning.approve(database, plan_id, by=order.by, clock=clock)
        return runs.release_plan(database, plan_id, by=order.by, clock=clock, ids=ids)
    except Refused as refusal:
        held.findings.append(Finding(code=refusal.code, facts=refusal.facts))
        held.findings += refusal.reasons
        return ()


def _settle(
    database: Database,
    order: WeekendOrder,
    costs: Iterable[CostLine],
    files: Mapping[str, bytes],
    held: _Held,
    *,
    clock: SteppedClock,
    ids: Ids,
) -> None:
    """Charges, costs and receipts are in the books; what could not be read or matched is found."""
    cost_service.add_costs(database, costs, by=order.by, clock=clock, ids=ids)
    fares.charge_closed_runs(database, clock=clock, ids=ids)
    for name, content in sorted(files.items()):
        bill = receipt_service.preview(
            database, file_name=name, content=content, by=order.by, clock=clock, ids=ids
        )
        held.findings += bill.findings
        if bill.lines and not bill.obstacles:
            receipt_service.accept(database, bill.batch_id, by=order.by, clock=clock, ids=ids)


def _outcome(database: Database, order: WeekendOrder, held: _Held, *, clock: SteppedClock) -> WeekendOutcome:
    result = reconciliation.reconcile(database, weekend_on=order.weekend_on, clock=clock)
    held.documents["reconciliation.json"] = reconciliation.document(result)
    held.documents["runs.json"] = _run_documents(database, held.played)
    unclosed = [run for run in held.played if not run.is_closed]
    held.findings += [
        Finding(code="run_not_closed", place=run.run_id, facts={"run_id": run.run_id}) for run in unclosed
    ]
    held.findings += result.findings
    facts = {
        "runs": len(held.played),
        "closed": len(held.played) - len(unclosed),
        "verdict": result.statement.judgement.verdict,
    }
    return WeekendOutcome(
        documents=held.documents,
        workbook=sheet_papers.workbook(database, result),
        findings=tuple(held.findings),
        facts=facts,
    )


def _run_documents(database: Database, played: Iterable[PlayedRun]) -> list[dict[str, Any]]:
    documents = []
    for each in played:
        with database.reading() as tx:
            summary = run_store.load_summary(tx, RunId(each.run_id))
        documents.append(
            {
                "run_id": summary.run_id,
                "on": summary.on.isoformat(),
                "direction": summary.direction.value,
                "plate": summary.plate,
                "wave": summary.wave,
                "departs_at": summary.departs_at.astimezone(SCHOOL_TIME).isoformat(),
                "arrives_at": summary.arrives_at.astimezone(SCHOOL_TIME).isoformat(),
                "phase": summary.phase.value,
                "closed": summary.phase is Phase.CLOSED,
                "closure_version": summary.closure_v,
                "progress": summary.progress,
                "reasons": list(each.reasons),
            }
        )
    return documents
