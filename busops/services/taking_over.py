"""
Whether the bus of a run can take over riders of another one, and its manifest when it does.

Who is asked to go over, and why, is ``transfers.py``'s and ``redirects.py``'s to say.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, TypeAlias

from busops.domain.events import Departed, ManifestChanged
from busops.domain.findings import Finding
from busops.domain.manifest_changes import reasons_against_manifest
from busops.domain.run import Phase, RunState
from busops.domain.run_plan import ManifestRider, RunPlan
from busops.domain.values import Clock, Direction, Ids, Plate, StopId
from busops.services.acting import By, user_of
from busops.services.handovers import carry_codes
from busops.services.run_deciding import decide
from busops.storage import event_store, run_store
from busops.storage.database import Transaction

Riders: TypeAlias = tuple[ManifestRider, ...]
TAKING: Final = (Phase.READY, Phase.UNDERWAY)  # the phases in which a run may take riders over


def against_taking(tx: Transaction, left: RunState, takes: RunState, riders: Riders) -> list[Finding]:
    """Every reason for which these riders of ``left`` may not go over to ``takes``."""
    ahead = stops_ahead(tx, takes.plan)
    manifest = _manifest(tx, takes, riders)
    return [
        *_against_places(left, takes, riders, ahead),
        *(
            each
            for each in reasons_against_manifest(takes, (), manifest)
            if each.code not in ("over_students", "stop_not_of_run")
        ),
    ]


def take_over(
    tx: Transaction,
    left: RunState,
    takes: RunState,
    riders: Riders,
    *,
    by: By,
    reason: str,
    clock: Clock,
    ids: Ids,
) -> None:
    """The riders are on a new version of the other run's manifest, which its crew acknowledges."""
    plan = replace(takes.plan, manifest=_manifest(tx, takes, riders), roster_v=takes.plan.roster_v + 1)
    run_store.insert_manifest(tx, plan, made_at=clock.now(), made_by=user_of(by))
    own: dict[str, Any] = {"by": by, "reason": reason, "clock": clock, "ids": ids, "version": plan.roster_v}
    decide(tx, ManifestChanged, plan.run_id, **own)
    carry_codes(tx, left.plan.run_id, plan.run_id, {rider.rider_id for rider in riders})


def free_seats(state: RunState) -> int:
    """How many more the bus may carry: its seats less everybody aboard or still awaited."""
    return state.plan.approved_students - len(state.aboard | state.not_yet)


def _manifest(tx: Transaction, takes: RunState, riders: Riders) -> Riders:
    ahead = stops_ahead(tx, takes.plan)
    new = {rider.rider_id: _served(rider, ahead, takes.plan) for rider in riders}
    return (*(each for each in takes.plan.manifest if each.rider_id not in new), *new.values())


def stops_ahead(tx: Transaction, plan: RunPlan) -> tuple[StopId, ...]:
    """The stops that the bus has not left yet."""
    facts = event_store.load_observations(tx, plan.run_id)
    left = {fact.stop_id for fact in facts if isinstance(fact, Departed)}
    gone_to = max((place for place, stop_id in enumerate(plan.stop_ids) if stop_id in left), default=-1)
    return plan.stop_ids[gone_to + 1 :]


def too_full(plate: Plate, aboard: int, approved: int) -> Finding:
    """The bus has fewer seats than there would be riders."""
    facts = {"plate": plate, "aboard": aboard, "approved": approved}
    return Finding(code="over_students", place=plate, facts=facts)


def _served(rider: ManifestRider, ahead: tuple[StopId, ...], plan: RunPlan) -> ManifestRider:
    """The rider with the first of his stops that is ahead of the other bus, else with his own."""
    if plan.direction is Direction.RETURN:
        return rider
    if (known := plan.riders.get(rider.rider_id)) is not None:
        return replace(known, from_run_id=rider.from_run_id)
    mine = (rider.stop_id, *rider.other_stops)
    stop_id = next((each for each in mine if each in ahead), rider.stop_id)
    return replace(rider, stop_id=stop_id, other_stops=tuple(sorted({*mine} - {stop_id})))


def _against_places(
    left: RunState, takes: RunState, riders: Riders, ahead: tuple[StopId, ...]
) -> Iterator[Finding]:
    """Another day or way, a bus that has arrived, no seat for all, a stop that it has passed."""
    plan = takes.plan
    if (plan.on, plan.direction) != (left.plan.on, left.plan.direction) or takes.phase not in TAKING:
        yield Finding(code="run_takes_nobody", facts={"phase": takes.phase})
    new = [rider for rider in riders if rider.rider_id not in takes.aboard | takes.not_yet]
    if len(new) > free_seats(takes):
        yield too_full(
            plan.plate, plan.approved_students - free_seats(takes) + len(new), plan.approved_students
        )
    for rider in new:
        asks = {plan.terminal} if plan.direction is Direction.RETURN else {rider.stop_id, *rider.other_stops}
        waits_at = None if rider.from_run_id else plan.boards_at(rider)
        if not asks & set(ahead) or (waits_at is not None and waits_at not in ahead):
            facts = {"rider_id": rider.rider_id, "stop_id": rider.stop_id, "on": plan.on}
            yield Finding(code="stop_not_of_run", place=rider.rider_id, facts=facts)
