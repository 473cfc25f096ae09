"""
The bound by seats and reach for thousands of stops: stops about as far from the campus count as one.

Every stop is moved to the inner edge of its ring, which shortens ways only, so that what is proved for
the rings is proved for the stops. Ways over other places are seen.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from busops.domain.values import CAMPUS, Direction
from busops.planner.bound import SEATS_AND_REACH, Bound, lower_bound, reaches_m
from busops.planner.problem import Problem, RiderDemand, VehicleOption
from busops.planner.travel import TravelTimes

_RINGS: Final = 150
_EFFORT: Final = 0.1  # deterministic seconds of CP-SAT; ten times as many prove next to nothing more

Metres = npt.NDArray[np.int64]


def bound_by_rings(problem: Problem, *, served: int, effort: float = _EFFORT) -> Bound:
    """What no plan that serves at least ``served`` riders can cost less than; 0 where nothing is proved."""
    if served <= 0:
        return Bound(fen=0, model=SEATS_AND_REACH, served=served)
    reach = reaches_m(problem)
    edges = _inner_edges(np.array(sorted(set(reach.values())), dtype=np.int64))
    lines = {stop for vehicle in problem.vehicles for line in vehicle.lines or () for stop in line}
    riders = []
    for rider in problem.riders:
        if rider.stop_ids:
            # Only whether a licensed bus could come to one of his stops matters beside the distance.
            on = "on" if any(stop in lines for stop in rider.stop_ids) else "off"
            ring = int(edges[np.searchsorted(edges, min(reach[s] for s in rider.stop_ids), side="right") - 1])
            riders.append(RiderDemand(rider_id=rider.rider_id, stop_ids=(f"{on}{ring}",)))
    stops = tuple(f"{on}{edge}" for edge in edges.tolist() for on in ("on", "off"))
    on_lines = tuple(stop for stop in stops if stop.startswith("on"))
    relaxed = Problem(
        direction=Direction.HOMEWARD,
        stop_ids=stops,
        riders=tuple(riders),
        vehicles=tuple(_on_rings(vehicle, on_lines) for vehicle in problem.vehicles),
        limits=problem.limits,
        travel=_ways_to_rings(problem, stops, np.repeat(edges, 2)),
    )
    return lower_bound(relaxed, served, effort=effort)


def _on_rings(vehicle: VehicleOption, on_lines: tuple[str, ...]) -> VehicleOption:
    return VehicleOption(
        plate=vehicle.plate,
        capacity=vehicle.capacity,
        fixed_fen=vehicle.fixed_fen,
        per_km_fen=vehicle.per_km_fen,
        max_trips=vehicle.max_trips,
        lines=None if vehicle.lines is None else (on_lines,),
    )


def _inner_edges(reaches: Metres) -> Metres:
    """At most so many reaches that every reach has one at or below it; each begins a ring."""
    if len(reaches) <= _RINGS:
        return reaches
    return reaches[np.linspace(0, len(reaches) - 1, _RINGS).astype(np.int64)]


def _ways_to_rings(problem: Problem, stops: tuple[str, ...], reaches: Metres) -> TravelTimes:
    """Ways whose shortest out and back are exactly the rings' reaches; no way between rings is shorter."""
    size = len(stops) + 1
    metres = np.full((size, size), int(reaches.max(initial=0)), dtype=np.int64)
    np.fill_diagonal(metres, 0)
    metres[0, 1:] = reaches
    metres[1:, 0] = 0
    return TravelTimes(ids=(str(CAMPUS), *stops), distance_m=metres, duration_s=np.zeros_like(metres))
