"""
Vehicles shared out: among the parts of a problem before they are solved, among rides afterwards.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from ortools.graph.python import min_cost_flow

from busops.domain.values import Direction
from busops.planner.demand import Node
from busops.planner.problem import VehicleOption, follows
from busops.planner.scale.whole import Whole, may_halt

_NOBODY: Final = 0.5  # weight of a piece without riders: it comes last, and may be divided by
_MOST_ARCS: Final = 200_000  # above, the exchange among all rides takes longer than it brings


def shared_out(
    stocks: Sequence[VehicleOption],
    trips: Sequence[int],
    pieces: Sequence[Sequence[Node]],
    weights: Sequence[int],
) -> list[dict[int, int]]:
    """
    ``trips`` (by stock) given to the pieces: to each the number it has of every stock.

    Charter coaches go, the largest first, to where seats are fewest for a piece's weight; a licensed
    bus, or one that may not halt everywhere, to where they are fewest for the riders it may take, and
    nowhere if there are none.
    """
    shares: list[dict[int, int]] = [{} for _piece in pieces]
    seats = np.zeros(len(pieces))
    for stock in sorted(range(len(stocks)), key=lambda one: (-stocks[one].capacity, one)):
        vehicle = stocks[stock]
        if vehicle.lines is None and vehicle.only_stops is None:
            wanting, given = np.maximum(np.array(weights, dtype=np.float64), _NOBODY), seats
        else:
            wishing = [_riders([n for n in piece if may_halt(vehicle, n.stop_id)]) for piece in pieces]
            if not any(wishing):
                continue
            wanting, given = np.array(wishing, dtype=np.float64), np.zeros(len(pieces))
        for _trip in range(trips[stock]):
            after = np.full(len(pieces), np.inf)
            np.divide(given + vehicle.capacity, wanting, out=after, where=wanting > 0)
            piece = int(after.argmin())
            given[piece] += vehicle.capacity
            shares[piece][stock] = shares[piece].get(stock, 0) + 1
    return shares


def _riders(nodes: Sequence[Node]) -> int:
    return sum(len(node.rider_ids) for node in nodes)


def exchange(whole: Whole) -> bool:
    """
    Every ride has the vehicle with which all rides together cost least; True when that saved something.

    An assignment of rides to stocks, solved exactly as a flow of least cost (OR-Tools); the rides stay.
    """
    if not 0 < len(whole.rides) * len(whole.stocks) <= _MOST_ARCS:
        return False
    arcs = [
        (number, stock, whole.ride_cost(stock, metres))
        for number, (_stock, nodes) in enumerate(whole.rides)
        for load, metres in ((_riders(nodes), whole.metres(nodes)),)
        for stock, vehicle in enumerate(whole.stocks)
        if vehicle.capacity >= load and _may_drive(whole, vehicle, nodes)
    ]
    rides, stocks = len(whole.rides), len(whole.stocks)
    source, sink = rides + stocks, rides + stocks + 1
    flow = min_cost_flow.SimpleMinCostFlow()
    for number in range(rides):
        flow.add_arc_with_capacity_and_unit_cost(source, number, 1, 0)
    for stock, vehicle in enumerate(whole.stocks):
        flow.add_arc_with_capacity_and_unit_cost(rides + stock, sink, vehicle.max_trips, 0)
    numbers = [
        flow.add_arc_with_capacity_and_unit_cost(number, rides + stock, 1, cost)
        for number, stock, cost in arcs
    ]
    flow.set_node_supply(source, rides)
    flow.set_node_supply(sink, -rides)
    before = whole.cost
    if flow.solve() != flow.OPTIMAL or flow.optimal_cost() >= before:
        return False
    chosen = {
        number: stock for arc, (number, stock, _cost) in zip(numbers, arcs, strict=True) if flow.flow(arc)
    }
    whole.rides = [(chosen[number], nodes) for number, (_stock, nodes) in enumerate(whole.rides)]
    return True


def _may_drive(whole: Whole, vehicle: VehicleOption, nodes: Sequence[Node]) -> bool:
    if vehicle.only_stops is not None and not all(node.stop_id in vehicle.only_stops for node in nodes):
        return False
    if vehicle.lines is None:
        return True
    stops = list(dict.fromkeys(node.stop_id for node in nodes))
    if whole.problem.direction is Direction.RETURN:
        stops.reverse()
    return any(follows(line, stops) for line in vehicle.lines)
