"""
Synthetic counties for benchmarks and larger tests: a school, eight towns, stops and a mixed fleet.

Made from a seed; no real school, stop or vehicle is meant.
"""

from random import Random

from busops.domain.values import Direction, Position
from busops.planner.problem import Limits, Problem, RiderDemand, VehicleOption
from busops.planner.travel import estimate_travel

CAMPUS_AT = Position(lat=31.127, lon=104.398)
SIZES = ((19, 30_000, 220), (33, 43_000, 270), (45, 54_000, 320), (53, 61_000, 350))


def county(
    *,
    stops: int,
    riders: int,
    seed: int,
    direction: Direction = Direction.HOMEWARD,
    returns_to_campus: bool = True,
) -> Problem:
    """Stops round eight towns, riders by chance among them, a fleet with about a third of spare seats."""
    random = Random(seed)
    towns = [(random.gauss(0, 0.16), random.gauss(0, 0.18)) for _town in range(8)]
    places = {}
    for number in range(1, stops + 1):
        lat, lon = random.choice(towns)
        places[f"S{number:03}"] = Position(
            lat=CAMPUS_AT.lat + lat + random.gauss(0, 0.03), lon=CAMPUS_AT.lon + lon + random.gauss(0, 0.03)
        )
    weights = [random.lognormvariate(0, 0.6) for _stop in places]
    chosen = random.choices(tuple(places), weights, k=riders)
    demand = tuple(
        RiderDemand(rider_id=f"R{number:05}", stop_ids=(stop,)) for number, stop in enumerate(chosen)
    )
    return Problem(
        direction=direction,
        stop_ids=tuple(places),
        riders=demand,
        vehicles=fleet(riders * 135 // 100 + 53),
        limits=Limits(returns_to_campus=returns_to_campus),
        travel=estimate_travel(CAMPUS_AT, places),
    )


def fleet(seats: int) -> tuple[VehicleOption, ...]:
    """Coaches of four sizes in turn until there are so many seats."""
    vehicles: list[VehicleOption] = []
    while sum(vehicle.capacity for vehicle in vehicles) < seats:
        capacity, fixed_fen, per_km_fen = SIZES[len(vehicles) % len(SIZES)]
        vehicles.append(
            VehicleOption(
                plate=f"T{len(vehicles):04}", capacity=capacity, fixed_fen=fixed_fen, per_km_fen=per_km_fen
            )
        )
    return tuple(vehicles)
