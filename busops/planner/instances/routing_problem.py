"""
A routing file as a planning problem, and its known routes as a plan: the same judge for all.

A client is a stop whose demand are so many riders, whom a rule keeps together where one search plans
them (parts of a large file know no such rule, and need none: its fleet is never short). Buses start and
end at the campus, there is no ride cap, no dwell, no limit of stops and one trip a vehicle. No way takes
time, so that nothing but cost tells two plans apart. One fen is 1/``cost_scale`` of the file's unit of
cost; where the distances are whole units the cost is exact, else each trip's cost is rounded to the fen.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from ortools.graph.python import min_cost_flow

from busops.domain.errors import InvalidInput
from busops.domain.values import CAMPUS, Direction
from busops.planner.instances.vrplib import FileVehicle, RoutingInstance
from busops.planner.problem import Limits, Plan, Problem, RiderDemand, Trip, VehicleOption, trip_cost_fen
from busops.planner.rules.rules import Rules
from busops.planner.scale.many import ONE_SEARCH
from busops.planner.timetable import Halt, timetable
from busops.planner.travel import TravelTimes

_PER_KM: Final = 1000  # a problem counts metres and pays kilometres
_BOUND_MODEL: Final = "none"


def problem_of(instance: RoutingInstance) -> Problem:
    """The problem whose cheapest plan is the instance's cheapest solution; homeward, closed trips."""
    clients = [_stop_id(number) for number in range(1, len(instance.demand))]
    return Problem(
        direction=Direction.HOMEWARD,
        stop_ids=tuple(clients),
        riders=tuple(
            RiderDemand(rider_id=rider_id, stop_ids=(_stop_id(client),))
            for client in range(1, len(instance.demand))
            for rider_id in _rider_ids(instance, client)
        ),
        vehicles=tuple(_option(instance, number) for number in range(len(instance.vehicles))),
        limits=Limits(
            max_ride_s=1,
            ride_factor_milli=1000,
            max_stops=len(clients),
            dwell_base_s=0,
            dwell_rider_s=0,
            returns_to_campus=True,
            turnaround_s=0,
        ),
        rules=Rules(together=_clients_with_company(instance) if len(clients) <= ONE_SEARCH else ()),
        travel=TravelTimes(
            ids=(str(CAMPUS), *clients),
            distance_m=instance.distance.copy(),
            duration_s=np.zeros_like(instance.distance),
        ),
    )


def plan_of_routes(
    instance: RoutingInstance, problem: Problem, routes: Sequence[Sequence[int]], *, file: str = ""
) -> Plan:
    """
    The routes driven by the cheapest vehicles that can, as a plan that the verifier may judge.

    ``problem`` is that of :func:`problem_of`. Raises InvalidInput when the fleet cannot drive them.
    """
    trips: list[Trip] = []
    for number, route in zip(_cheapest_vehicles(instance, routes, file), routes, strict=True):
        halts: list[Halt] = [(_stop_id(client), _rider_ids(instance, client)) for client in route]
        table = timetable(problem, halts)
        vehicle = problem.vehicles[number]
        trips.append(
            Trip(
                plate=vehicle.plate,
                wave=1,
                stops=table.stops,
                depart_s=0,
                campus_arrive_s=table.campus_arrive_s,
                distance_m=table.distance_m,
                cost_fen=trip_cost_fen(vehicle, table.distance_m),
            )
        )
    trips.sort(key=lambda trip: trip.plate)
    return Plan(
        trips=tuple(trips),
        unserved=(),
        cost_fen=sum(trip.cost_fen for trip in trips),
        lower_bound_fen=0,
        bound_model=_BOUND_MODEL,
    )


def cost_in_file_units(instance: RoutingInstance, cost_fen: int) -> float:
    """A cost as the file would state it."""
    return cost_fen / instance.cost_scale


def _cheapest_vehicles(instance: RoutingInstance, routes: Sequence[Sequence[int]], file: str) -> list[int]:
    """A vehicle for each route, together as cheap as can be: a flow from routes to kinds of vehicle."""
    kinds: dict[FileVehicle, list[int]] = {}
    for number, vehicle in enumerate(instance.vehicles):
        kinds.setdefault(vehicle, []).append(number)
    flow = min_cost_flow.SimpleMinCostFlow()
    arcs: dict[int, tuple[int, FileVehicle]] = {}
    sink = len(routes) + len(kinds)
    for at, route in enumerate(routes):
        load = sum(instance.demand[client] for client in route)
        way = (0, *route, 0)
        units = int(instance.distance[way[:-1], way[1:]].sum())
        flow.set_node_supply(at, 1)
        for place, kind in enumerate(kinds):
            if kind.capacity >= load:
                cost = kind.fixed * instance.distance_scale + kind.per_unit * units
                arc = flow.add_arc_with_capacity_and_unit_cost(at, len(routes) + place, 1, cost)
                arcs[arc] = (at, kind)
    for place, stock in enumerate(kinds.values()):
        flow.add_arc_with_capacity_and_unit_cost(len(routes) + place, sink, len(stock), 0)
    flow.set_node_supply(sink, -len(routes))
    if flow.solve() != flow.OPTIMAL:
        raise InvalidInput("solution_fleet_too_small", file=file, routes=len(routes))
    chosen = dict(given for arc, given in arcs.items() if flow.flow(arc))
    return [kinds[chosen[at]].pop(0) for at in range(len(routes))]


def _option(instance: RoutingInstance, number: int) -> VehicleOption:
    vehicle = instance.vehicles[number]
    return VehicleOption(
        plate=f"V{number + 1:05}",
        capacity=vehicle.capacity,
        fixed_fen=vehicle.fixed,
        per_km_fen=vehicle.per_unit * _PER_KM // instance.distance_scale,
    )


def _clients_with_company(instance: RoutingInstance) -> tuple[frozenset[str], ...]:
    """The riders of each client who has more than one: they must not be split over trips."""
    riders = (_rider_ids(instance, client) for client in range(1, len(instance.demand)))
    return tuple(frozenset(together) for together in riders if len(together) > 1)


def _stop_id(client: int) -> str:
    return f"N{client:05}"


def _rider_ids(instance: RoutingInstance, client: int) -> tuple[str, ...]:
    return tuple(f"{_stop_id(client)}-{rider:04}" for rider in range(1, instance.demand[client] + 1))
