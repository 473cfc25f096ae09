"""
Riders who go over from the bus of one run into that of another: a pair of facts, one on each run.

Where the rider is by now is ``whereabouts.py``'s to say. Here stands what a transfer ends, and
what is odd when two runs speak of one rider.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from busops.domain.events import Decision, MovedIn, MovedOut, Observation, TransferOpened
from busops.domain.findings import Finding, Severity
from busops.domain.run_plan import RunPlan
from busops.domain.timeline import Timeline
from busops.domain.values import RiderId, RunId
from busops.domain.whereabouts import RiderAccount, RiderState


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What other runs say: moves that name this one, who is awaited where, what people call those runs."""

    moves: Sequence[Observation] = ()
    awaited_on: Mapping[RiderId, RunId] = field(default_factory=dict)
    run_names: Mapping[RunId, str] = field(default_factory=dict)

    def facts(self, rider_id: RiderId, run_id: RunId) -> dict[str, str]:
        """A rider and another run, for the words."""
        return {"rider_id": rider_id, "run_name": self.run_names.get(run_id, run_id)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RidersSent(Decision):
    """These riders of a bus go over into that of another run, whether theirs goes on or not."""

    kind = "riders_sent"
    to_run_id: RunId
    rider_ids: tuple[RiderId, ...]


def opened(decided: Iterable[Decision]) -> TransferOpened | None:
    """The transfer that stands: the last one that the office opened, or None."""
    return next((each for each in reversed(tuple(decided)) if isinstance(each, TransferOpened)), None)


def targets(decided: Iterable[Decision]) -> dict[RiderId, RunId]:
    """To which run each rider named by the office goes over: one each, the last that was said."""
    return {
        rider_id: each.to_run_id
        for each in decided
        if isinstance(each, TransferOpened | RidersSent)
        for rider_id in each.rider_ids
    }


def last_moves(line: Timeline, decided: Iterable[Decision]) -> tuple[MovedOut, ...]:
    """The moves out of a bus that goes no further: it ends where the last of them was. Else nothing."""
    if opened(decided) is None:
        return ()
    return tuple(event for event in line.standing() if isinstance(event, MovedOut))


def stranded(decided: Iterable[Decision]) -> Iterator[Finding]:
    """That the bus went no further is an incident: two people write down what came of it."""
    for each in decided:
        if isinstance(each, TransferOpened):
            yield Finding(code=f"stranded_{each.cause.value}", place=each.decision_id)


def find(
    plan: RunPlan, line: Timeline, riders: Mapping[RiderId, RiderAccount], elsewhere: Elsewhere
) -> Iterator[Finding]:
    """Who came over from a bus that knows nothing of it, and who rides here but is awaited elsewhere."""
    told = {(event.rider_id, event.run_id) for event in elsewhere.moves if isinstance(event, MovedOut)}
    for event in line.standing():
        if isinstance(event, MovedIn) and (event.rider_id, event.other_run_id) not in told:
            facts = elsewhere.facts(event.rider_id, event.other_run_id)
            yield Finding(code="moved_in_alone", severity=Severity.WARN, place=event.rider_id, facts=facts)
    for rider_id, run_id in elsewhere.awaited_on.items():
        account = riders.get(rider_id)
        if rider_id in plan.riders or account is None:
            continue
        if any(not isinstance(board, MovedIn) for board in account.boards):
            facts = elsewhere.facts(rider_id, run_id)
            if _has_gone_over(account, run_id, line):  # the pair itself shows where he is
                yield Finding(code="wrong_route_left", severity=Severity.WARN, place=rider_id, facts=facts)
            else:
                yield Finding(code="wrong_route", severity=Severity.GATE, place=rider_id, facts=facts)


def _has_gone_over(account: RiderAccount, run_id: RunId, line: Timeline) -> bool:
    """Whether he certainly left for that run's bus after every boarding here, and it has him."""
    return (
        account.state is RiderState.OFF
        and account.moves_to is None
        and any(
            isinstance(out, MovedOut)
            and out.other_run_id == run_id
            and all(line.precedes(board, out) for board in account.boards)
            for out in account.alights
        )
    )
