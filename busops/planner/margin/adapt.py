"""
A plan carried over to a problem that differs a little: the same trips as far as they still make sense.

Riders who may not use their stop any more get on where the trip can halt for them, halts without riders
fall away, and the vehicles are handed out anew so that all trips together cost least (an assignment, solved
exactly as a flow). Kept trips stay as they are. It is where a lever begins:
what a whole search finds can only be better.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from ortools.graph.python import min_cost_flow

from busops.planner.demand import nodes_of
from busops.planner.keeping import kept_drives
from busops.planner.margin.replan import is_sound
from busops.planner.model import Model, compile_model
from busops.planner.problem import Plan, Problem, RiderDemand, VehicleOption, follows, trip_cost_fen
from busops.planner.timetable import Halt, keeps_ride_caps, timetable, trips_of

_ADAPTED: Final = "adapted"


def adapted(problem: Problem, plan: Plan) -> Plan | None:
    """The plan's trips as a sound plan of ``problem``; None where they do not fit it or somebody is lost."""
    demands = {rider.rider_id: rider for rider in problem.riders}
    stay = {(trip.plate, trip.wave): halts for trip, halts in kept_drives(problem)}
    drives = [
        halts
        for trip in plan.trips
        if (trip.plate, trip.wave) not in stay
        and (halts := _halts(problem, demands, [(halt.stop_id, halt.rider_ids) for halt in trip.stops]))
    ]
    whole = (*drives, *stay.values())
    aboard = {rider_id for halts in whole for _stop, rider_ids in halts for rider_id in rider_ids}
    left = tuple(one for one in plan.unserved if one.rider_id in demands)
    if len(aboard) + len(left) != len(demands):
        return None
    model = compile_model(problem, nodes_of(problem).nodes)
    groups = cheapest_groups(problem, model, drives)
    if groups is None:
        return None
    trips = trips_of(problem, model, list(zip(groups, drives, strict=True)))
    made = Plan(
        trips=trips,
        unserved=left,
        cost_fen=sum(trip.cost_fen for trip in trips),
        lower_bound_fen=0,
        bound_model=_ADAPTED,
    )
    return made if is_sound(problem, made) else None


def known_of(problem: Problem, plan: Plan) -> tuple[Plan, ...]:
    """What is known for ``problem`` from ``plan``: itself, and its trips adapted; only what is sound."""
    carried = adapted(problem, plan)
    return tuple(one for one in (carried, plan) if one is not None and is_sound(problem, one))


def cheapest_groups(problem: Problem, model: Model, drives: Sequence[Sequence[Halt]]) -> list[int] | None:
    """
    The stock of vehicles that each drive takes its vehicle from, so that all together cost least in fen.

    None where seats, lines and the number of trips do not allow all of them.
    """
    vehicles = {vehicle.plate: vehicle for vehicle in problem.vehicles}
    of_group = [vehicles[plates[0]] for plates in model.plates_of_group]
    flow, sink = min_cost_flow.SimpleMinCostFlow(), len(drives) + len(of_group)
    arcs: dict[int, tuple[int, int]] = {}
    for number, halts in enumerate(drives):
        metres = timetable(problem, halts).distance_m
        flow.set_node_supply(number, 1)
        for group, vehicle in enumerate(of_group):
            if _may_drive(problem, vehicle, halts):
                arc = flow.add_arc_with_capacity_and_unit_cost(
                    number, len(drives) + group, 1, trip_cost_fen(vehicle, metres)
                )
                arcs[arc] = (number, group)
    for group, trips in enumerate(model.trips_of_group):
        flow.add_arc_with_capacity_and_unit_cost(len(drives) + group, sink, trips, 0)
    flow.set_node_supply(sink, -len(drives))
    if flow.solve() != flow.OPTIMAL:
        return None
    chosen = dict(pair for arc, pair in arcs.items() if flow.flow(arc))
    return [chosen[number] for number in range(len(drives))]


def _may_drive(problem: Problem, vehicle: VehicleOption, halts: Sequence[Halt]) -> bool:
    if sum(len(rider_ids) for _stop, rider_ids in halts) > vehicle.capacity:
        return False
    way = [stop_id for stop_id, _riders in halts]
    allowed, lines = problem.stops_of(vehicle), problem.courses_of(vehicle)
    if allowed is not None and not allowed.issuperset(way):
        return False
    return lines is None or any(follows(line, way) for line in lines)


def _halts(problem: Problem, demands: dict[str, RiderDemand], halts: Sequence[Halt]) -> tuple[Halt, ...]:
    """The halts with everybody at a stop that he may use; a new stop where it fits best."""
    stays: dict[str, list[str]] = {}
    moves: dict[str, list[str]] = {}
    for stop_id, rider_ids in halts:
        for rider_id in rider_ids:
            if rider_id not in demands or not demands[rider_id].stop_ids:
                continue
            usable = demands[rider_id].stop_ids
            if stop_id in usable:
                stays.setdefault(stop_id, []).append(rider_id)
            else:
                moves.setdefault(usable[0], []).append(rider_id)
    for stop_id in stays.keys() & moves.keys():
        stays[stop_id] += moves.pop(stop_id)
    now = tuple((stop_id, tuple(sorted(rider_ids))) for stop_id, rider_ids in stays.items())
    for stop_id, moved in moves.items():
        now = min(
            _with_halt(now, (stop_id, tuple(sorted(moved)))),
            key=lambda way: (not keeps_ride_caps(problem, way), timetable(problem, way).distance_m),
        )
    return now


def _with_halt(halts: tuple[Halt, ...], halt: Halt) -> Iterator[tuple[Halt, ...]]:
    return ((*halts[:at], halt, *halts[at:]) for at in range(len(halts) + 1))
