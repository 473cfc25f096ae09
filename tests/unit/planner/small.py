"""
Small planning problems with names: a line town of four stops, and random tiny towns from a seed.
"""

from dataclasses import replace
from random import Random

import numpy as np

from busops.domain.values import CAMPUS, Direction
from busops.planner.problem import Limits, Problem, RiderDemand, Trip, VehicleOption
from busops.planner.rules.rules import KeptTrip, Rules
from busops.planner.travel import TravelTimes

STOPS = ("S1", "S2", "S3", "S4")
KM = {CAMPUS: 0, "S1": 5, "S2": 10, "S3": 15, "S4": 20}  # all along one road
LIMITS = Limits(max_ride_s=3600, dwell_base_s=30, dwell_rider_s=3, returns_to_campus=True)


def road() -> TravelTimes:
    """One straight road, a kilometre a minute outwards, a little slower homewards to the campus."""
    places = np.array(list(KM.values()), dtype=np.int64)
    metres = 1000 * np.abs(places[:, None] - places[None, :])
    towards_campus = places[:, None] > places[None, :]
    return TravelTimes(
        ids=tuple(KM), distance_m=metres, duration_s=metres * 6 // 100 + 10 * towards_campus * (metres > 0)
    )


def riders(**at: int) -> tuple[RiderDemand, ...]:
    """``riders(S1=3)``: three riders of S1, named S1-1 to S1-3."""
    return tuple(
        RiderDemand(rider_id=f"{stop}-{number}", stop_ids=(stop,))
        for stop, count in at.items()
        for number in range(1, count + 1)
    )


def coach(plate: str = "川F00001", capacity: int = 20, **more: object) -> VehicleOption:
    """A charter coach of 300 yuan a trip and 2.35 yuan a kilometre."""
    facts: dict[str, object] = {"fixed_fen": 30_000, "per_km_fen": 235, **more}
    return VehicleOption(plate=plate, capacity=capacity, **facts)  # type: ignore[arg-type]


def problem(
    demand: tuple[RiderDemand, ...],
    *vehicles: VehicleOption,
    direction: Direction = Direction.HOMEWARD,
    limits: Limits = LIMITS,
    travel: TravelTimes | None = None,
) -> Problem:
    """A problem on the road of four stops."""
    ways = travel or road()
    return Problem(
        direction=direction,
        stop_ids=ways.ids[1:],
        riders=demand,
        vehicles=vehicles,
        limits=limits,
        travel=ways,
    )


def keeping(asked: Problem, trip: Trip) -> Problem:
    """The problem in which this trip of an earlier plan stays."""
    halts = tuple((halt.stop_id, halt.rider_ids) for halt in trip.stops)
    kept = KeptTrip(plate=trip.plate, wave=trip.wave, halts=halts, depart_s=trip.depart_s)
    return replace(asked, rules=replace(asked.rules, kept=(kept,)))


def random_town(seed: int, stops: int) -> TravelTimes:
    """Stops on a plane with one-way detours: asymmetric, and at times a detour over a third is shorter."""
    random = Random(seed)
    points = [(random.uniform(-15, 15), random.uniform(-15, 15)) for _stop in range(stops + 1)]
    metres = np.zeros((stops + 1, stops + 1), dtype=np.int64)
    for row, (x1, y1) in enumerate(points):
        for column, (x2, y2) in enumerate(points):
            if row != column:
                crow_m = 1000 * ((x1 - x2) ** 2 + (y1 - y2) ** 2) ** 0.5
                metres[row, column] = int(crow_m * random.uniform(1.0, 1.6)) + 200
    ids = (str(CAMPUS), *(f"S{number}" for number in range(1, stops + 1)))
    return TravelTimes(ids=ids, distance_m=metres, duration_s=metres * 9 // 100)


def random_problem(seed: int, *, stops: int, riders_at_most: int, spare: bool = True) -> Problem:
    """A tiny mixed problem of either direction, some riders with a choice of stops, some lines."""
    random = Random(seed)
    ways = random_town(seed, stops)
    names = ways.ids[1:]
    demand = tuple(
        RiderDemand(
            rider_id=f"R{number:02}",
            stop_ids=tuple(random.sample(names, 2 if random.random() < 0.2 else 1)),
        )
        for number in range(random.randint(2, riders_at_most))
    )
    fleet = [
        VehicleOption(
            plate=f"P{number}",
            capacity=random.choice((2, 3, 5)),
            fixed_fen=random.randint(5, 40) * 1000,
            per_km_fen=random.randint(150, 400),
            max_trips=random.choice((1, 1, 2)),
            lines=(tuple(random.sample(names, min(3, stops))),) if random.random() < 0.25 else None,
        )
        for number in range(3 if spare else 2)
    ]
    limits = Limits(
        max_ride_s=random.choice((1800, 3600, 7200)),
        ride_factor_milli=random.choice((1300, 1600)),
        max_stops=random.choice((2, 4)),
        returns_to_campus=random.random() < 0.5,
    )
    return Problem(
        direction=random.choice(tuple(Direction)),
        stop_ids=names,
        riders=demand,
        vehicles=tuple(fleet),
        limits=limits,
        travel=ways,
    )


def random_wishes(case: Problem, seed: int, pairs: int = 1) -> Problem:
    """The problem with rules by chance: siblings, quarrels, closed stops, late vehicles; no contradiction."""
    random = Random(seed)
    names = [rider.rider_id for rider in case.riders]
    most = max(vehicle.capacity for vehicle in case.vehicles)
    together: list[frozenset[str]] = []
    apart: list[frozenset[str]] = []
    for _pair in range(pairs if len(names) > 1 and most > 1 else 0):
        pair = frozenset(random.sample(names, 2))
        if random.random() < 0.6 and all(pair.isdisjoint(other) for other in together):
            together.append(pair)
    for _pair in range(pairs if len(names) > 2 else 0):
        pair = frozenset(random.sample(names, 2))
        if random.random() < 0.6 and pair not in together:
            apart.append(pair)
    vehicles = tuple(_with_access(vehicle, case.stop_ids, random) for vehicle in case.vehicles)
    only_by = {}
    if random.random() < 0.3:
        plates = [vehicle.plate for vehicle in case.vehicles]
        only_by[random.choice(case.stop_ids)] = frozenset(random.sample(plates, 2))
    rules = Rules(together=tuple(together), apart=tuple(apart), only_by=only_by)
    return replace(case, vehicles=vehicles, rules=rules)


def _with_access(vehicle: VehicleOption, stop_ids: tuple[str, ...], random: Random) -> VehicleOption:
    by = random.random()
    ready_s = random.choice((0, 0, 0, 1800))
    if by < 0.2:
        return replace(vehicle, not_stops=frozenset(random.sample(stop_ids, 1)), ready_s=ready_s)
    if by < 0.3:
        few = frozenset(random.sample(stop_ids, max(1, len(stop_ids) - 1)))
        return replace(vehicle, only_stops=few, ready_s=ready_s)
    return replace(vehicle, ready_s=ready_s)
