"""A school-bound run in the words of the field: riders get on at their stops and off at the campus."""

from dataclasses import replace
from datetime import timedelta

from busops.domain.run_plan import PlannedStop, RunPlan
from busops.domain.values import CAMPUS, Direction
from tests.builders import DEPARTS_AT, DRIVER, STOPS, Tablet, a_run

ARRIVES_AT = DEPARTS_AT + timedelta(minutes=30)


def a_return(riders: int = 3, **changes) -> RunPlan:
    """A run over the stops to the campus, due half an hour after its departure."""
    times = [DEPARTS_AT + timedelta(minutes=10 * index) for index in range(len(STOPS) + 1)]
    plan = replace(
        a_run(riders=riders),
        direction=Direction.RETURN,
        stops=tuple(
            PlannedStop(stop_id=stop_id, arrives_at=at, leaves_at=at)
            for stop_id, at in zip((*STOPS, CAMPUS), times, strict=True)
        ),
    )
    return replace(plan, **changes) if changes else plan


def come_to_school(tablet: Tablet, rider_ids: tuple[str, ...] | None = None, *, off: bool = True) -> int:
    """These riders get on, the bus arrives, and they get off; the seconds at which the bus came."""
    riders = tuple(tablet.plan.riders) if rider_ids is None else rider_ids
    for rider_id in riders:
        tablet.board(rider_id, tablet.plan.riders[rider_id].stop_id)
    tablet.record("headcount", n=len(riders), stop=tablet.plan.stop_ids[-2])
    tablet.record("depart", stop=tablet.plan.stop_ids[-2], by=DRIVER, after_s=1860)
    tablet.record("arrive", stop=CAMPUS, by=DRIVER, after_s=300)
    came_s = tablet.now_s
    for rider_id in riders if off else ():
        tablet.alight(rider_id, CAMPUS)
    return came_s
