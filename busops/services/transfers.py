"""
A bus that goes no further: its riders go over to the bus of another run, or of one made for it.

The office opens it; who went over and who came in is for both crews to mark. The stranded run
stays what it is and needs its own two checks; the other run has the riders on a new version of
its manifest, which its crew acknowledges.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from busops.domain.errors import Refused
from busops.domain.events import Departed, ManifestChanged, Released, StrandedBy, TransferOpened
from busops.domain.findings import Finding, blocking
from busops.domain.manifest_changes import reasons_against_manifest, run_over
from busops.domain.run import Phase, RunState
from busops.domain.run_plan import ManifestRider, PlannedStop, RunPlan
from busops.domain.values import Clock, CrewId, Direction, Ids, Plate, RunId, StopId
from busops.services.acting import By, user_of
from busops.services.departure_papers import reasons_not_to_leave
from busops.services.handovers import carry_codes, carry_over
from busops.services.run_deciding import decide, need_text
from busops.services.run_state import state_of
from busops.services.run_tags import on_substitute
from busops.storage import event_store, fleet_store, other_runs, run_store
from busops.storage.database import Database, Transaction
from busops.storage.run_store import ReleasedRun

SUBSTITUTE_AFTER: Final = timedelta(minutes=30)  # what a bus that is sent for takes to be there
TAKING: Final = (Phase.READY, Phase.UNDERWAY)  # the phases in which a run may take riders over


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A run of the same day and way that could take riders over; whether it can is asked later."""

    run_id: RunId
    name: str
    free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What the office says when it opens a transfer: why, in a word and in a sentence."""

    cause: StrandedBy
    reason: str


def targets_of(database: Database, run_id: RunId) -> tuple[Target, ...]:
    """The runs that could take the riders of this one over, by departure."""
    with database.reading() as tx:
        plan = run_store.load_run_plan(tx, run_id)
        others = [
            run
            for run in run_store.list_runs(tx, plan.on)
            if run.direction is plan.direction and run.run_id != run_id and run.phase in TAKING
        ]
        names = other_runs.run_names(tx, [run.run_id for run in others])
        return tuple(
            Target(run_id=run.run_id, name=names[run.run_id], free=_free(state_of(tx, run.run_id)))
            for run in others
        )


def open_transfer(
    database: Database, run_id: RunId, to_run_id: RunId, *, opening: Opening, by: By, clock: Clock, ids: Ids
) -> RunId:
    """
    The run's riders are awaited on the other run; its id.

    Refused with every reason: nobody to take over, no seat, a stop that the other bus has passed.
    """
    need_text(opening.reason)
    with database.transaction() as tx:
        known = run_store.lock_runs(tx, [run_id, to_run_id])
        if to_run_id not in known or to_run_id == run_id:
            raise _refused(run_id, [Finding(code="no_such_run")])
        left, takes = state_of(tx, run_id), state_of(tx, to_run_id)
        riders = _riders_of(tx, left)
        ahead = _ahead(tx, takes.plan)
        new = {rider.rider_id: _served(rider, ahead, takes.plan) for rider in riders}
        manifest = (*(each for each in takes.plan.manifest if each.rider_id not in new), *new.values())
        reasons = [
            *_against_leaving(left, riders),
            *_against_taking(left, takes, riders, ahead),
            *(
                each
                for each in reasons_against_manifest(takes, (), manifest)
                if each.code not in ("over_students", "stop_not_of_run")
            ),
        ]
        if reasons:
            raise _refused(run_id, reasons)
        plan = replace(takes.plan, manifest=manifest, roster_v=takes.plan.roster_v + 1)
        run_store.insert_manifest(tx, plan, made_at=clock.now(), made_by=user_of(by))
        _open(tx, left, riders, to_run_id, opening=opening, by=by, clock=clock, ids=ids)
        here: dict[str, Any] = {"by": by, "reason": opening.reason, "clock": clock, "ids": ids}
        decide(tx, ManifestChanged, to_run_id, **here, version=plan.roster_v)
        carry_codes(tx, run_id, to_run_id, new)
    return to_run_id


def send_substitute(
    database: Database,
    run_id: RunId,
    *,
    plate: Plate,
    crew: tuple[CrewId, tuple[CrewId, ...]],
    opening: Opening,
    by: By,
    clock: Clock,
    ids: Ids,
) -> RunId:
    """
    A run of its own is released for the rest of the way, with another vehicle and other people; its id.

    ``crew`` is the driver and the attendants. Refused with every reason that a release has, too.
    """
    need_text(opening.reason)
    with database.transaction() as tx:
        run_store.lock_runs(tx, [run_id])
        left = state_of(tx, run_id)
        riders = _riders_of(tx, left)
        plan = _rest_of_the_way(tx, left.plan, riders, at=clock.now() + SUBSTITUTE_AFTER)
        plan = replace(plan, run_id=RunId(ids.new()), plate=plate, driver_id=crew[0], attendant_ids=crew[1])
        reasons = [*_against_leaving(left, riders), *_against_sending(tx, left.plan, plan)]
        vehicle = next((each for each in fleet_store.load_vehicles(tx) if each.plate == plate), None)
        if vehicle is not None and len(riders) > vehicle.approved_students:
            reasons.append(_full(plate, len(riders), vehicle.approved_students))
        if reasons or vehicle is None:
            raise _refused(run_id, reasons)
        plan = on_substitute(tx, plan, vehicle, clock=clock, ids=ids)
        old = run_store.load_summary(tx, run_id)
        released = ReleasedRun(
            plan=plan,
            plan_id=old.plan_id,
            trip_no=1 + max(run.trip_no for run in run_store.list_runs(tx, plan.on)),
            wave=old.wave,
            made_at=clock.now(),
            made_by=user_of(by),
        )
        run_store.insert_run(tx, released)
        decide(tx, Released, plan.run_id, by=by, reason=opening.reason, clock=clock, ids=ids)
        _open(tx, left, riders, plan.run_id, opening=opening, by=by, clock=clock, ids=ids)
        carry_over(tx, run_id, plan.run_id, by=by, reason=opening.reason, clock=clock, ids=ids)
    return plan.run_id


def _open(
    tx: Transaction,
    left: RunState,
    riders: tuple[ManifestRider, ...],
    to_run_id: RunId,
    *,
    opening: Opening,
    by: By,
    clock: Clock,
    ids: Ids,
) -> None:
    own: dict[str, Any] = {
        "to_run_id": to_run_id,
        "cause": opening.cause,
        "rider_ids": tuple(rider.rider_id for rider in riders),
    }
    run_id = left.plan.run_id
    decide(tx, TransferOpened, run_id, by=by, reason=opening.reason, clock=clock, ids=ids, **own)


def _riders_of(tx: Transaction, left: RunState) -> tuple[ManifestRider, ...]:
    """Who must go over: everybody who may be aboard, and who still waits at a stop that is ahead."""
    plan = left.plan
    ahead = _ahead(tx, plan)
    unlisted = (ManifestRider(rider_id=each, stop_id=plan.terminal) for each in left.aboard - left.expected)
    listed = (plan.riders[each] for each in left.aboard & left.expected)
    aboard = [replace(rider, from_run_id=plan.run_id) for rider in (*listed, *unlisted)]
    waiting = [
        plan.riders[each] for each in sorted(left.not_yet) if plan.boards_at(plan.riders[each]) in ahead
    ]
    return tuple(sorted((*aboard, *waiting), key=lambda rider: rider.rider_id))


def _ahead(tx: Transaction, plan: RunPlan) -> tuple[StopId, ...]:
    """The stops that the bus has not left yet."""
    facts = event_store.load_observations(tx, plan.run_id)
    left = {fact.stop_id for fact in facts if isinstance(fact, Departed)}
    gone_to = max((place for place, stop_id in enumerate(plan.stop_ids) if stop_id in left), default=-1)
    return plan.stop_ids[gone_to + 1 :]


def _served(rider: ManifestRider, ahead: tuple[StopId, ...], plan: RunPlan) -> ManifestRider:
    """The rider with the first of his stops that is ahead of the other bus, else with his own."""
    if plan.direction is Direction.RETURN:
        return rider
    if (known := plan.riders.get(rider.rider_id)) is not None:
        return replace(known, from_run_id=rider.from_run_id)
    mine = (rider.stop_id, *rider.other_stops)
    stop_id = next((each for each in mine if each in ahead), rider.stop_id)
    return replace(rider, stop_id=stop_id, other_stops=tuple(sorted({*mine} - {stop_id})))


def _against_leaving(left: RunState, riders: tuple[ManifestRider, ...]) -> Iterator[Finding]:
    yield from run_over(left)
    if not riders:
        yield Finding(code="nobody_to_move")


def _against_taking(
    left: RunState, takes: RunState, riders: tuple[ManifestRider, ...], ahead: tuple[StopId, ...]
) -> Iterator[Finding]:
    """Another day or way, a bus that has arrived, no seat for all, a stop that it has passed."""
    plan = takes.plan
    if (plan.on, plan.direction) != (left.plan.on, left.plan.direction) or takes.phase not in TAKING:
        yield Finding(code="run_takes_nobody", facts={"phase": takes.phase})
    new = [rider for rider in riders if rider.rider_id not in takes.aboard | takes.not_yet]
    if len(new) > _free(takes):
        yield _full(plan.plate, plan.approved_students - _free(takes) + len(new), plan.approved_students)
    for rider in new:
        asks = {plan.terminal} if plan.direction is Direction.RETURN else {rider.stop_id, *rider.other_stops}
        waits_at = None if rider.from_run_id else plan.boards_at(rider)
        if not asks & set(ahead) or (waits_at is not None and waits_at not in ahead):
            facts = {"rider_id": rider.rider_id, "stop_id": rider.stop_id, "on": plan.on}
            yield Finding(code="stop_not_of_run", place=rider.rider_id, facts=facts)


def _free(state: RunState) -> int:
    """How many more the bus may carry: its seats less everybody aboard or still awaited."""
    return state.plan.approved_students - len(state.aboard | state.not_yet)


def _rest_of_the_way(
    tx: Transaction, plan: RunPlan, riders: tuple[ManifestRider, ...], *, at: datetime
) -> RunPlan:
    """The run from the stop that the bus left last, as if it left there at that moment."""
    ahead = _ahead(tx, plan)
    stops = plan.stops[max(len(plan.stops) - len(ahead) - 1, 0) :]
    late_by = at - stops[0].leaves_at
    served = {stop.stop_id for stop in stops}
    place = stops[-1 if plan.direction is Direction.HOMEWARD else 0].stop_id  # of who missed his own stop
    moved = tuple(
        PlannedStop(
            stop_id=stop.stop_id, arrives_at=stop.arrives_at + late_by, leaves_at=stop.leaves_at + late_by
        )
        for stop in stops
    )
    return replace(
        plan,
        stops=moved,
        manifest=tuple(
            rider if rider.stop_id in served else replace(rider, stop_id=place) for rider in riders
        ),
        roster_v=1,
        devices=frozenset(),
        former_crew=frozenset(),
        departs_at=moved[0].leaves_at,
        arrives_at=moved[-1].arrives_at,
    )


def _against_sending(tx: Transaction, left: RunPlan, plan: RunPlan) -> Iterable[Finding]:
    """What speaks against the substitute: papers, earlier runs nobody checked, another run at that time."""
    people = {plan.driver_id, *plan.attendant_ids}
    if plan.plate == left.plate:
        yield Finding(code="same_vehicle", facts={"plate": plan.plate})
    for crew_id in sorted(people & {left.driver_id, *left.attendant_ids}):
        yield Finding(code="crew_busy", place=crew_id, facts={"crew_id": crew_id})
    stands = blocking(reasons_not_to_leave(tx, plan))
    yield from (each for each in stands if each.place != left.run_id)
    for run in run_store.list_runs(tx, plan.on):
        overlaps = run.departs_at < plan.arrives_at and plan.departs_at < run.arrives_at
        if not overlaps or run.run_id == left.run_id or run.phase in (Phase.CLOSED, Phase.CANCELLED):
            continue
        if run.plate == plan.plate:
            yield Finding(code="vehicle_busy", place=plan.plate, facts={"plate": plan.plate})
        other = run_store.load_run_plan(tx, run.run_id)
        for crew_id in sorted(people & {other.driver_id, *other.attendant_ids}):
            yield Finding(code="crew_busy", place=crew_id, facts={"crew_id": crew_id})


def _full(plate: Plate, aboard: int, approved: int) -> Finding:
    facts = {"plate": plate, "aboard": aboard, "approved": approved}
    return Finding(code="over_students", place=plate, facts=facts)


def _refused(run_id: RunId, reasons: Iterable[Finding]) -> Refused:
    return Refused("transfer_refused", reasons=tuple(reasons), run_id=run_id)
