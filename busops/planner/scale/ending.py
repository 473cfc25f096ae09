"""
From rides to the plan that is shown: kinder orders and fewer halts part by part, then clock and reasons.
"""

from collections.abc import Callable, Iterable
from typing import Final

from busops.domain.values import Direction
from busops.planner.choice import Drive, share_halts
from busops.planner.comfort import kinder
from busops.planner.demand import Node
from busops.planner.effort import StopWish
from busops.planner.model import compile_model
from busops.planner.problem import Plan, Trip, Unserved, UnservedReason
from busops.planner.scale.part import Answer, Order, Part, Ride, Stocks, given_rides, solve_part
from busops.planner.scale.rings import bound_by_rings
from busops.planner.scale.whole import Whole, cut, may_halt, put_back
from busops.planner.timetable import Halt, halts_of, trips_of

_BATCH: Final = 300  # groups of a part in which seats are looked for


def finish_part(part: Part, should_stop: Callable[[], bool]) -> Answer:
    """
    The part's rides in their kinder order, with riders seated where a bus halts anyway if that saves.

    ``part.problem`` has the riders who named several stops, and only those.
    """
    model = compile_model(part.problem, part.nodes)
    assigned = kinder(model, given_rides(model, part) or ())
    vehicles = {vehicle.plate: vehicle for vehicle in part.problem.vehicles}
    drives = [
        Drive(
            group=model.kinds[kind].group,
            vehicle=vehicles[model.plates_of_group[model.kinds[kind].group][0]],
            halts=tuple(halts_of(part.problem, model, stops)),
        )
        for kind, stops in assigned
    ]
    served = {place for _stock, places in part.rides for place in places}
    waiting = [node for place, node in enumerate(part.nodes) if place not in served]
    riders = [rider for node in waiting for rider in node.rider_ids]
    drives_now, still = share_halts(part.problem, drives, sorted(riders), StopWish(should_stop))
    stocks = Stocks(model, part)
    return Answer(
        rides=tuple((stocks.take(drive.group), _groups(part, drive.halts)) for drive in drives_now),
        left=tuple(_remaining(waiting, frozenset(still))),
        rounds=0,
    )


def _groups(part: Part, halts: tuple[Halt, ...]) -> tuple[Node, ...]:
    """The halts as groups in the order from the campus."""
    in_order = halts if part.problem.direction is Direction.HOMEWARD else halts[::-1]
    return tuple(Node(stop_id=stop_id, rider_ids=rider_ids) for stop_id, rider_ids in in_order)


def _remaining(nodes: Iterable[Node], riders: frozenset[str]) -> Iterable[Node]:
    for node in nodes:
        rest = tuple(rider for rider in node.rider_ids if rider in riders)
        if rest:
            yield Node(stop_id=node.stop_id, rider_ids=rest)


def seat_the_rest(whole: Whole) -> None:
    """Nobody is left over who could sit in a vehicle not in use, or in a free seat of a ride without more."""
    tried: set[tuple[Node, ...]] = set()
    while whole.left:
        batch = _with_free_seats(whole, tried)
        spare = {stock: count for stock, count in enumerate(whole.spare()) if count > 0}
        if not batch and not spare:
            return
        rides = [whole.rides[number] for number in batch]
        piece = cut(whole, batch, whole.left[:_BATCH], spare)
        answer = solve_part(piece.part, Order(seconds=0, rounds=None, seed=0, heat_milli=0), _never)
        before = whole.missing
        put_back(whole, [(piece, answer)])
        if whole.missing == before:
            tried.update(nodes for _stock, nodes in rides)
            if not batch:
                return


def _with_free_seats(whole: Whole, tried: set[tuple[Node, ...]]) -> list[int]:
    """Rides with free seats that were not tried, as many as a part may hold, nearest to who is left first."""
    centre = whole.centre(whole.left[:_BATCH])
    near: list[tuple[float, int]] = []
    for number, (stock, nodes) in enumerate(whole.rides):
        if free_seats(whole, (stock, nodes)) > 0 and nodes not in tried:
            away = whole.centre(nodes) - centre
            near.append((float(away @ away), number))
    chosen: list[int] = []
    size = 0
    for _away, number in sorted(near):
        size += len(whole.rides[number][1])
        if chosen and size > _BATCH:
            break
        chosen.append(number)
    return chosen


def _never() -> bool:
    return False


def free_seats(whole: Whole, ride: Ride) -> int:
    """Seats of a ride that nobody has."""
    stock, nodes = ride
    return whole.stocks[stock].capacity - sum(len(node.rider_ids) for node in nodes)


def plan_of(whole: Whole, stats: dict[str, int | str], *, is_proving: bool = True) -> Plan:
    """The plan on the clock, the reasons of those left over and, if asked, what is proved for the whole."""
    problem = whole.problem
    trips = trips_of(problem, whole.fleet, ((stock, _halts(whole, nodes)) for stock, nodes in whole.rides))
    unserved = {rider.rider_id: rider.reason for rider in whole.demand.unserved}
    for node in whole.left:
        unserved.update(dict.fromkeys(node.rider_ids, _why_left(whole, node)))
    cost_fen = sum(trip.cost_fen for trip in trips)
    served = _served(trips) if is_proving else 0
    bound = bound_by_rings(problem, served=served)
    return Plan(
        trips=trips,
        unserved=tuple(Unserved(rider_id=rider, reason=unserved[rider]) for rider in sorted(unserved)),
        cost_fen=cost_fen,
        lower_bound_fen=min(bound.fen, cost_fen),
        bound_model=bound.model,
        stats=stats,
    )


def _served(trips: Iterable[Trip]) -> int:
    return sum(len(halt.rider_ids) for trip in trips for halt in trip.stops)


def _halts(whole: Whole, nodes: tuple[Node, ...]) -> list[Halt]:
    """One halt a stop where its groups follow each other; in driving order."""
    halts: list[Halt] = []
    for node in nodes if whole.problem.direction is Direction.HOMEWARD else nodes[::-1]:
        if halts and halts[-1][0] == node.stop_id:
            halts[-1] = (node.stop_id, tuple(sorted((*halts[-1][1], *node.rider_ids))))
        else:
            halts.append((node.stop_id, node.rider_ids))
    return halts


def _why_left(whole: Whole, node: Node) -> UnservedReason:
    """The cause that a group is in no ride: seats, else stop limit, else ride cap."""
    with_seats = [
        ride
        for ride in whole.rides
        if free_seats(whole, ride) > 0 and may_halt(whole.stocks[ride[0]], node.stop_id)
    ]
    if not with_seats:
        return UnservedReason.NO_SEAT
    most = whole.problem.limits.max_stops
    if all(len(_halts(whole, nodes)) >= most for _stock, nodes in with_seats):
        return UnservedReason.STOP_LIMIT
    return UnservedReason.RIDE_CAP
