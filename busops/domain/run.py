"""
The state of a run: :func:`fold` is its only definition.

A pure function of the *set* of events: no clock, no order of arrival, no memory. It says
where everybody is, how far the run has come, who checked the bus and what was odd. Whether
the run may be closed is ``gate.py``'s to say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from busops.domain import checks, head_counts, oddities, transfers, whereabouts
from busops.domain.checks import CheckState
from busops.domain.events import (
    Arrived,
    Cancelled,
    Closed,
    Decision,
    Departed,
    DeviceReleased,
    Event,
    FindingSettled,
    HeadCounted,
    Reopened,
    Sealed,
)
from busops.domain.findings import Finding
from busops.domain.kept_apart import taken_in
from busops.domain.roster import NotRidingReason
from busops.domain.run_plan import RunPlan
from busops.domain.timeline import Timeline, decisions, timeline
from busops.domain.transfers import Elsewhere
from busops.domain.values import RiderId, RunId
from busops.domain.whereabouts import RiderAccount, RiderState


class Phase(StrEnum):
    """How far a run has come; a phase exists only if it changes which decisions are allowed."""

    PLANNED = "planned"
    READY = "ready"
    UNDERWAY = "underway"
    ARRIVED = "arrived"
    CHECKED = "checked"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """
    What the store holds beyond this run: how far each device is complete, what waits in quarantine,
    and what other runs say of riders who change between them and this one.
    """

    complete_to: Mapping[int, int] = field(default_factory=dict)
    quarantined: int = 0
    elsewhere: Elsewhere = field(default_factory=Elsewhere)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """One device of a run: its last event, up to where nothing is missing, and whether it is done."""

    dev: int
    last_seq: int
    complete_to: int
    is_sealed: bool
    is_released: bool

    @property
    def has_gap(self) -> bool:
        """Whether an event before its last one is missing."""
        return self.complete_to < self.last_seq


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """Everything a set of events says about a run."""

    plan: RunPlan
    phase: Phase
    accounts: Mapping[RiderId, RiderAccount]
    findings: tuple[Finding, ...]
    settled: frozenset[str]
    checks: CheckState
    devices: Mapping[int, DeviceState]
    open_counts: tuple[HeadCounted, ...]
    arrived_ms: int | None
    closure_v: int | None
    quarantined: int
    run_names: Mapping[RunId, str] = field(default_factory=dict)

    @property
    def expected(self) -> frozenset[RiderId]:
        """The riders of the manifest."""
        return frozenset(self.plan.riders)

    @property
    def aboard(self) -> frozenset[RiderId]:
        """Who may be aboard: those who are, and those of whom it cannot be excluded."""
        return self._in(RiderState.ABOARD, RiderState.DISPUTED)

    @property
    def disputed(self) -> frozenset[RiderId]:
        """Those of whom nobody can say whether they got on or off last."""
        return self._in(RiderState.DISPUTED)

    @property
    def moving(self) -> Mapping[RiderId, RunId]:
        """Those who left for the bus of another run which has not marked them in: nobody's, so ours."""
        return {
            rider_id: account.moves_to
            for rider_id, account in self.accounts.items()
            if account.moves_to is not None
        }

    @property
    def alighted(self) -> frozenset[RiderId]:
        """Those who rode and have left the bus."""
        return self._in(RiderState.OFF)

    @property
    def not_yet(self) -> frozenset[RiderId]:
        """Riders of the manifest of whom nothing is known yet."""
        return self._in(RiderState.EXPECTED)

    @property
    def absent(self) -> Mapping[RiderId, NotRidingReason]:
        """Those who do not ride, and why."""
        return {
            rider_id: account.reason or NotRidingReason.UNSPECIFIED
            for rider_id, account in self.accounts.items()
            if account.state is RiderState.ABSENT
        }

    @property
    def boarded_ever(self) -> frozenset[RiderId]:
        """Everybody who was on the bus at any time."""
        return frozenset(rider_id for rider_id, account in self.accounts.items() if account.rode)

    @property
    def checked_at_ms(self) -> int | None:
        """When the empty bus was proved to the end, or None."""
        parked = self.checks.parked
        return parked.at_ms if parked is not None and self.checks.is_complete else None

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        """The findings that nobody has settled."""
        return tuple(finding for finding in self.findings if finding.key not in self.settled)

    def _in(self, *states: RiderState) -> frozenset[RiderId]:
        return frozenset(rider_id for rider_id, account in self.accounts.items() if account.state in states)


def fold(plan: RunPlan, events: Iterable[Event], holdings: Holdings | None = None) -> RunState:
    """The state that follows from a set of events; equal sets give equal states."""
    events = taken_in(plan.run_id, events)
    holdings = holdings or Holdings()
    line, decided = timeline(events), decisions(events)
    riders = whereabouts.accounts(plan.riders, line, decided, holdings.elsewhere.moves)
    checked = checks.check_state(plan, line, decided)
    others = (*transfers.stranded(decided), *transfers.find(plan, line, riders, holdings.elsewhere))
    return RunState(
        plan=plan,
        phase=_phase(plan, line, decided, riders, checked),
        accounts=riders,
        findings=oddities.find(plan, line, decided, riders, checked, others=others),
        settled=frozenset(_settled(decided)),
        checks=checked,
        devices=_devices(plan, line, decided, holdings),
        open_counts=head_counts.counts_not_zero(plan.terminal, line),
        arrived_ms=_arrived_ms(plan, line, decided, riders),
        closure_v=_closure_version(decided),
        quarantined=holdings.quarantined,
        run_names=holdings.elsewhere.run_names,
    )


def _phase(
    plan: RunPlan,
    line: Timeline,
    decided: tuple[Decision, ...],
    riders: Mapping[RiderId, RiderAccount],
    checked: CheckState,
) -> Phase:
    may_be_aboard = _may_be_aboard(riders) or any(account.moves_to for account in riders.values())
    was_boarded = any(account.was_marked for account in riders.values())
    last = next((each for each in reversed(decided) if isinstance(each, Closed | Reopened | Cancelled)), None)
    if isinstance(last, Closed):
        return Phase.REOPENED if may_be_aboard else Phase.CLOSED
    if isinstance(last, Cancelled) and not was_boarded:
        return Phase.CANCELLED
    if checked.is_complete:
        return Phase.CHECKED
    if isinstance(last, Reopened):
        return Phase.REOPENED
    departures = [event for event in line.standing() if isinstance(event, Departed)]
    ends = (
        *_terminal_arrivals(plan, line),
        *(transfers.last_moves(line, decided) if not may_be_aboard else ()),
    )
    if any(not any(line.precedes(end, left) for left in departures) for end in ends):
        return Phase.ARRIVED
    return Phase.UNDERWAY if was_boarded or departures else Phase.READY


def _terminal_arrivals(plan: RunPlan, line: Timeline) -> tuple[Arrived, ...]:
    return tuple(
        event for event in line.standing() if isinstance(event, Arrived) and event.stop_id == plan.terminal
    )


def _may_be_aboard(riders: Mapping[RiderId, RiderAccount]) -> bool:
    return any(account.state in (RiderState.ABOARD, RiderState.DISPUTED) for account in riders.values())


def _arrived_ms(
    plan: RunPlan, line: Timeline, decided: Iterable[Decision], riders: Mapping[RiderId, RiderAccount]
) -> int | None:
    """When the bus was where it ends: at its terminal, or where its last rider left it for another bus."""
    if arrivals := _terminal_arrivals(plan, line):
        return max(event.at_ms for event in arrivals)
    if _may_be_aboard(riders):
        return None
    return max((event.at_ms for event in transfers.last_moves(line, decided)), default=None)


def _closure_version(decided: tuple[Decision, ...]) -> int | None:
    return next((each.version for each in reversed(decided) if isinstance(each, Closed)), None)


def _settled(decided: Iterable[Decision]) -> Iterable[str]:
    """The findings that two different people settled."""
    for each in decided:
        if isinstance(each, FindingSettled) and each.second not in (None, each.by):
            yield each.finding_key


def _devices(
    plan: RunPlan, line: Timeline, decided: Iterable[Decision], holdings: Holdings
) -> Mapping[int, DeviceState]:
    """Every device bound to the run or seen on it."""
    last = {event.dev: event for event in line.events}  # the events of a device come by its sequence
    released = {
        each.dev: each.upto_seq
        for each in decided
        if isinstance(each, DeviceReleased) and each.second not in (None, each.by)
        if each.checked_by not in (each.by, each.second)
    }
    states = {}
    for dev in sorted(plan.devices | last.keys()):
        seqs = sorted({event.seq for event in line.events if event.dev == dev})
        last_seq = seqs[-1] if seqs else 0
        states[dev] = DeviceState(
            dev=dev,
            last_seq=last_seq,
            complete_to=holdings.complete_to.get(dev, _run_of_ones(seqs)),
            is_sealed=isinstance(last.get(dev), Sealed),
            is_released=dev in released and released[dev] >= last_seq,
        )
    return states


def _run_of_ones(seqs: Iterable[int]) -> int:
    """The highest number up to which ``seqs`` counts from one without a gap."""
    reached = 0
    for seq in seqs:
        if seq != reached + 1:
            break
        reached = seq
    return reached
