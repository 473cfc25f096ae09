"""
When the manifest of a released run may be changed: every reason against a change, at once.

Adding is always possible while the run is not over. Nobody is struck off once anybody was
marked on or off or the bus has left: who is expected then must be accounted for by name,
by the crew or by two people, and never by one person who shortens the list.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from busops.domain.departures import MOVES
from busops.domain.events import Observation
from busops.domain.findings import Finding
from busops.domain.run import Phase, RunState
from busops.domain.run_plan import ManifestRider
from busops.domain.values import Direction, RiderId


def reasons_against_manifest(
    state: RunState, facts: Iterable[Observation], riders: Sequence[ManifestRider]
) -> tuple[Finding, ...]:
    """Why the run may not have this manifest instead of its own; empty when it may."""
    return (
        *run_over(state),
        *_load(state, riders),
        *_places(state, riders),
        *_removals(state, facts, riders),
        *_moves(state, riders),
    )


def run_over(state: RunState) -> tuple[Finding, ...]:
    """The reason that the run is closed or cancelled, or nothing."""
    if state.phase in (Phase.CLOSED, Phase.CANCELLED):
        return (Finding(code="run_over", facts={"phase": state.phase}),)
    return ()


def first_move(facts: Iterable[Observation]) -> Observation | None:
    """The first mark of a rider or departure, one that was taken back included; None before it."""
    moves = [fact for fact in facts if isinstance(fact, MOVES)]
    return min(moves, key=lambda fact: (fact.at_ms, fact.dev, fact.seq), default=None)


def removed_riders(state: RunState, riders: Iterable[ManifestRider]) -> tuple[RiderId, ...]:
    """Who is expected now and would not be any more."""
    return tuple(sorted(state.plan.riders.keys() - {rider.rider_id for rider in riders}))


def _load(state: RunState, riders: Sequence[ManifestRider]) -> Iterator[Finding]:
    plan = state.plan
    if len(riders) > plan.approved_students:
        facts = {"plate": plan.plate, "aboard": len(riders), "approved": plan.approved_students}
        yield Finding(code="over_students", place=plan.plate, facts=facts)


def _places(state: RunState, riders: Sequence[ManifestRider]) -> Iterator[Finding]:
    plan = state.plan
    for rider_id, times in Counter(rider.rider_id for rider in riders).items():
        if times > 1:
            yield Finding(code="rider_already_on_manifest", place=rider_id, facts={"rider_id": rider_id})
    for rider in riders:
        if rider.stop_id not in plan.lawful_stops or rider.stop_id not in plan.stop_ids:
            facts = {"rider_id": rider.rider_id, "stop_id": rider.stop_id, "on": plan.on}
            yield Finding(code="stop_not_of_run", place=rider.rider_id, facts=facts)


def _removals(
    state: RunState, facts: Iterable[Observation], riders: Sequence[ManifestRider]
) -> Iterator[Finding]:
    first = first_move(facts)
    if first is None:
        return
    since_at = datetime.fromtimestamp(first.at_ms / 1000, UTC)
    for rider_id in removed_riders(state, riders):
        own = {"rider_id": rider_id, "since_at": since_at}
        yield Finding(code="removal_underway", place=rider_id, facts=own)


def _moves(state: RunState, riders: Sequence[ManifestRider]) -> Iterator[Finding]:
    """Where a rider already got on or off at his stop of record, that stop is history."""
    plan = state.plan
    for rider in riders:
        known, account = plan.riders.get(rider.rider_id), state.accounts.get(rider.rider_id)
        if known is None or account is None or known.stop_id == rider.stop_id:
            continue
        marks = account.alights if plan.direction is Direction.HOMEWARD else account.boards
        if marks:
            own = {"rider_id": rider.rider_id, "stop_id": known.stop_id}
            yield Finding(code="moved_after_mark", place=rider.rider_id, facts=own)
