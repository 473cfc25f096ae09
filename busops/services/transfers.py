"""
A bus that goes no further: its riders go over to the bus of another run, or of one made for it.

The office opens it; who went over and who came in is for both crews to mark. The stranded run
stays what it is and needs its own two checks; the other run has the riders on a new version of
its manifest, which its crew acknowledges.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from busops.domain.errors import Refused
from busops.domain.events import Released, StrandedBy, TransferOpened
from busops.domain.findings import Finding, blocking
from busops.domain.manifest_changes import run_over
from busops.domain.run import Phase, RunState
from busops.domain.run_plan import ManifestRider, PlannedStop, RunPlan
from busops.domain.transfers import RidersSent
from busops.domain.values import Clock, CrewId, Direction, Ids, Plate, RiderId, RunId
from busops.services.acting import By, user_of
from busops.services.departure_papers import reasons_not_to_leave
from busops.services.handovers import carry_over
from busops.services.run_deciding import decide, need_text
from busops.services.run_state import state_of
from busops.services.run_tags import on_substitute
from busops.services.taking_over import (
    TAKING,
    Riders,
    against_taking,
    free_seats,
    stops_ahead,
    take_over,
    too_full,
)
from busops.storage import fleet_store, other_runs, run_store
from busops.storage.database import Database, Transaction
from busops.storage.run_store import ReleasedRun

SUBSTITUTE_AFTER: Final = timedelta(minutes=30)  # what a bus that is sent for takes to be there


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
            Target(run_id=run.run_id, name=names[run.run_id], free=free_seats(state_of(tx, run.run_id)))
            for run in others
        )


def open_transfer(
    database: Database, run_id: RunId, to_run_id: RunId, *, opening: Opening, by: By, clock: Clock, ids: Ids
) -> RunId:
    """
    The run's riders are awaited on the other run; its id.

    Refused with every reason: nobody to take over, no seat, a stop that the other bus has passed.
    """
    _transfer(database, run_id, to_run_id, opening=opening, by=by, clock=clock, ids=ids)
    return to_run_id


def split_transfer(
    database: Database,
    run_id: RunId,
    targets: Mapping[RiderId, RunId],
    *,
    opening: Opening,
    by: By,
    clock: Clock,
    ids: Ids,
) -> None:
    """
    Each of the run's riders is awaited on the run named for him, and on no other.

    Refused with every reason of every bus; a rider for whom none is named, or who need not go, is one.
    """
    _transfer(database, run_id, targets, opening=opening, by=by, clock=clock, ids=ids)


def riders_to_move(database: Database, run_id: RunId) -> tuple[RiderId, ...]:
    """Who must go over if the bus goes no further."""
    with database.reading() as tx:
        return tuple(rider.rider_id for rider in _riders_of(tx, state_of(tx, run_id)))


def _transfer(
    database: Database,
    run_id: RunId,
    targets: RunId | Mapping[RiderId, RunId],
    *,
    opening: Opening,
    by: By,
    clock: Clock,
    ids: Ids,
) -> None:
    need_text(opening.reason)
    named = {RunId(targets)} if isinstance(targets, str) else {*targets.values()}
    with database.transaction() as tx:
        if run_id in named or named - run_store.lock_runs(tx, [run_id, *named]):
            raise _refused(run_id, [Finding(code="no_such_run")])
        left = state_of(tx, run_id)
        riders = _riders_of(tx, left)
        goes = dict.fromkeys(_ids(riders), RunId(targets)) if isinstance(targets, str) else targets
        shares = {each: tuple(r for r in riders if goes.get(r.rider_id) == each) for each in sorted(named)}
        takes = {each: state_of(tx, each) for each in shares}
        reasons = [*_against_leaving(left, riders), *_against_shares(riders, goes)]
        for each, share in shares.items():
            reasons += against_taking(tx, left, takes[each], share)
        if reasons:
            raise _refused(run_id, reasons)
        here: dict[str, Any] = {"by": by, "clock": clock, "ids": ids}
        for each, share in shares.items():
            take_over(tx, left, takes[each], share, reason=opening.reason, **here)
        _open(tx, left, shares, opening=opening, **here)


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
            reasons.append(too_full(plate, len(riders), vehicle.approved_students))
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
        _open(tx, left, {plan.run_id: riders}, opening=opening, by=by, clock=clock, ids=ids)
        carry_over(tx, run_id, plan.run_id, by=by, reason=opening.reason, clock=clock, ids=ids)
    return plan.run_id


def _open(
    tx: Transaction,
    left: RunState,
    shares: Mapping[RunId, Riders],
    *,
    opening: Opening,
    by: By,
    clock: Clock,
    ids: Ids,
) -> None:
    """One transfer stands, however many buses take riders: it is one stranded bus."""
    here: dict[str, Any] = {"by": by, "reason": opening.reason, "clock": clock, "ids": ids}
    (first, riders), *others = shares.items()
    own: dict[str, Any] = {"to_run_id": first, "cause": opening.cause, "rider_ids": _ids(riders)}
    decide(tx, TransferOpened, left.plan.run_id, **here, **own)
    for to_run_id, share in others:
        decide(tx, RidersSent, left.plan.run_id, **here, to_run_id=to_run_id, rider_ids=_ids(share))


def _ids(riders: Riders) -> tuple[RiderId, ...]:
    return tuple(rider.rider_id for rider in riders)


def _against_shares(riders: Riders, goes: Mapping[RiderId, RunId]) -> Iterator[Finding]:
    """Every rider goes to one bus, and nobody goes who need not."""
    known = {rider.rider_id for rider in riders}
    for rider_id in sorted(known - goes.keys()):
        yield Finding(code="rider_without_target", place=rider_id, facts={"rider_id": rider_id})
    for rider_id in sorted(goes.keys() - known):
        yield Finding(code="rider_not_to_move", place=rider_id, facts={"rider_id": rider_id})


def _riders_of(tx: Transaction, left: RunState) -> Riders:
    """Who must go over: everybody who may be aboard, and who still waits at a stop that is ahead."""
    plan = left.plan
    ahead = stops_ahead(tx, plan)
    unlisted = (ManifestRider(rider_id=each, stop_id=plan.terminal) for each in left.aboard - left.expected)
    listed = (plan.riders[each] for each in left.aboard & left.expected)
    aboard = [replace(rider, from_run_id=plan.run_id) for rider in (*listed, *unlisted)]
    waiting = [
        plan.riders[each] for each in sorted(left.not_yet) if plan.boards_at(plan.riders[each]) in ahead
    ]
    return tuple(sorted((*aboard, *waiting), key=lambda rider: rider.rider_id))


def _against_leaving(left: RunState, riders: Riders) -> Iterator[Finding]:
    yield from run_over(left)
    if not riders:
        yield Finding(code="nobody_to_move")


def _rest_of_the_way(tx: Transaction, plan: RunPlan, riders: Riders, *, at: datetime) -> RunPlan:
    """The run from the stop that the bus left last, as if it left there at that moment."""
    ahead = stops_ahead(tx, plan)
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


def _refused(run_id: RunId, reasons: Iterable[Finding]) -> Refused:
    return Refused("transfer_refused", reasons=tuple(reasons), run_id=run_id)
