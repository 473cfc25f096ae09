"""
Synthetic towns for the tests of large problems: licensed lines, waves, several stops a rider; no real place.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random

from busops.domain.values import Direction
from busops.planner.problem import Limits, Plan, Problem, RiderDemand, VehicleOption
from busops.planner.rules.rules import KeptTrip, Rules
from busops.planner.scale.executors import OpenExecutor, Pool, open_executor
from busops.planner.scale.whole import Cut
from tests.bench.towns import county


def town(stops: int = 60, seed: int = 3, **how: object) -> Problem:
    """A county of so many stops, five riders a stop."""
    return county(stops=stops, riders=5 * stops, seed=seed, **how)  # type: ignore[arg-type]


def with_lines(problem: Problem, seed: int = 1) -> Problem:
    """Every third coach drives two approved lines of eight stops only, and may go twice."""
    random = Random(seed)
    vehicles = [
        vehicle
        if number % 3
        else replace(
            vehicle,
            max_trips=2,
            lines=tuple(tuple(random.sample(problem.stop_ids, 8)) for _line in range(2)),
        )
        for number, vehicle in enumerate(problem.vehicles)
    ]
    return replace(problem, vehicles=tuple(vehicles), limits=replace(problem.limits, max_ride_s=3 * 3600))


def with_choices(problem: Problem, seed: int = 1) -> Problem:
    """Every fourth rider names the stop that is next to his own too."""
    random = Random(seed)
    ways, index = problem.travel.distance_m, problem.travel.index
    riders: list[RiderDemand] = []
    for rider in problem.riders:
        own = rider.stop_ids[0]
        near = ways[index[own]].argsort()[1:4]
        other = problem.travel.ids[int(near[random.randrange(3)])]
        names = (own, other) if random.random() < 0.25 and other in problem.stop_ids else (own,)
        riders.append(replace(rider, stop_ids=names))
    return replace(problem, riders=tuple(riders))


def with_waves(problem: Problem) -> Problem:
    """A third of the coaches, each of which may go three times."""
    vehicles = tuple(replace(vehicle, max_trips=3) for vehicle in problem.vehicles[::3])
    return replace(problem, vehicles=vehicles)


def with_access(problem: Problem, seed: int = 1) -> Problem:
    """Small coaches only at a third of the stops, one stop for one coach alone, some coaches late."""
    random = Random(seed)
    some = frozenset(random.sample(problem.stop_ids, len(problem.stop_ids) // 3))
    vehicles = [
        replace(vehicle, only_stops=some if vehicle.capacity < 20 else None, ready_s=600 * (number % 2))
        for number, vehicle in enumerate(problem.vehicles)
    ]
    alone = {problem.stop_ids[0]: frozenset({problem.vehicles[-1].plate})}
    return replace(problem, vehicles=tuple(vehicles), rules=Rules(only_by=alone))


def with_kept(problem: Problem, plan: Plan) -> Problem:
    """The first two trips of an earlier plan stay as they are."""
    kept = tuple(
        KeptTrip(
            plate=trip.plate,
            wave=trip.wave,
            halts=tuple((halt.stop_id, halt.rider_ids) for halt in trip.stops),
            depart_s=trip.depart_s,
        )
        for trip in plan.trips[:2]
    )
    return replace(problem, rules=Rules(kept=kept))


def with_too_few(problem: Problem) -> Problem:
    """Half of the coaches."""
    return replace(problem, vehicles=problem.vehicles[::2])


def homeward_and_back(stops: int = 40) -> tuple[Problem, Problem]:
    """The same town in both directions, the return run open."""
    return town(stops), town(stops, direction=Direction.RETURN, returns_to_campus=False)


def riders_of(cuts: list[Cut]) -> list[str]:
    """Every rider of these parts, as often as he is in one."""
    return [rider for piece in cuts for rider in piece.riders]


def served_and_left(plan: Plan) -> tuple[list[str], list[str]]:
    """Riders in trips, and riders left over."""
    served = [rider for trip in plan.trips for halt in trip.stops for rider in halt.rider_ids]
    return served, [rider.rider_id for rider in plan.unserved]


@contextmanager
def kept_open(setting: str) -> Iterator[OpenExecutor]:
    """One executor for many plans: it is not closed between them."""
    pool: Pool = open_executor(setting)
    try:
        yield lambda: replace(pool, close=lambda: None)
    finally:
        pool.close()
        if pool.executor is not None:
            pool.executor.shutdown(wait=True, cancel_futures=True)


SMALL = Limits(max_ride_s=3600, dwell_base_s=30, dwell_rider_s=3, returns_to_campus=True)
BUS = VehicleOption(plate="T1", capacity=20, fixed_fen=30_000, per_km_fen=235)
