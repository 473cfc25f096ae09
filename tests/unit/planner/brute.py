"""
The best plan of a tiny problem by trying everything: rider by rider, with every split and stop choice.

Written from the contract alone; it shares no code with the planner or with ``verify``.
"""

from collections.abc import Iterator
from functools import cache
from itertools import combinations, pairwise, permutations, product

from busops.domain.values import CAMPUS, Direction
from busops.planner.problem import Problem, VehicleOption

NEVER = 10**12


def best_by_trying(problem: Problem) -> tuple[int, int]:
    """The most riders that can be served, and the least cost in fen of serving so many."""
    everyone = (1 << len(problem.riders)) - 1
    # (riders served, riders who may not be served any more: their mates ride without them) → least cost
    table = {(0, 0): 0}
    for vehicle in problem.vehicles:
        cost_of = {subset: trip_cost(problem, vehicle, subset) for subset in range(1, everyone + 1)}
        lost_by = {subset: mates_left_behind(problem, subset) for subset in cost_of}
        for _trip in range(vehicle.max_trips):
            grown = dict(table)
            for (served, lost), cost in table.items():
                for subset, more in cost_of.items():
                    if not (served | lost) & subset and not served & lost_by[subset] and more < NEVER:
                        key = served | subset, lost | lost_by[subset]
                        grown[key] = min(grown.get(key, NEVER), cost + more)
            table = grown
    most = max(served.bit_count() for served, _lost in table)
    return most, min(cost for (served, _lost), cost in table.items() if served.bit_count() == most)


def mates_left_behind(problem: Problem, subset: int) -> int:
    """Who may ride in no other trip because somebody of this one must be with him."""
    names = [rider.rider_id for rider in problem.riders]
    aboard = {name for number, name in enumerate(names) if subset >> number & 1}
    tied = {name for group in problem.rules.together if group & aboard for name in group}
    while more := {name for group in problem.rules.together if group & tied for name in group} - tied:
        tied |= more
    return sum(1 << number for number, name in enumerate(names) if name in tied - aboard)


def trip_cost(problem: Problem, vehicle: VehicleOption, subset: int) -> int:
    """The least cost of one trip for exactly these riders, or NEVER."""
    chosen = [rider for number, rider in enumerate(problem.riders) if subset >> number & 1]
    names = {rider.rider_id for rider in chosen}
    if len(chosen) > vehicle.capacity or any(
        {first, second} <= names
        for group in problem.rules.apart
        for first, second in combinations(sorted(group), 2)
    ):
        return NEVER
    best = NEVER
    for stops in product(*(rider.stop_ids for rider in chosen)):
        for order in permutations(sorted(set(stops))):
            if len(order) <= problem.limits.max_stops and allowed(problem, vehicle, order):
                loads = tuple(stops.count(stop) for stop in order)
                if rides_are_short(problem, order, loads):
                    best = min(best, cost_of_way(problem, vehicle, order))
    return best


def allowed(problem: Problem, vehicle: VehicleOption, order: tuple[str, ...]) -> bool:
    """The order lies on one of the vehicle's lines, or the vehicle is free; no stop is closed to it."""
    for stop in order:
        its_own = problem.rules.only_by.get(stop, {vehicle.plate})
        named = {stop} if vehicle.only_stops is None else vehicle.only_stops
        if vehicle.plate not in its_own or stop not in named or stop in vehicle.not_stops:
            return False
    if vehicle.lines is None:
        return True
    return any([stop for stop in line if stop in order] == list(order) for line in vehicle.lines)


def rides_are_short(problem: Problem, order: tuple[str, ...], loads: tuple[int, ...]) -> bool:
    """No rider of the trip rides longer than his cap."""
    limits, now = problem.limits, 0
    homeward = problem.direction is Direction.HOMEWARD
    leaving, arriving = [], []
    for number, stop in enumerate(order):
        if number or homeward:
            now += problem.travel.between(order[number - 1] if number else CAMPUS, stop)[1]
        arriving.append(now)
        now += limits.dwell_base_s + limits.dwell_rider_s * loads[number]
        leaving.append(now)
    end = now + problem.travel.between(order[-1], CAMPUS)[1]
    for stop, arrive, leave in zip(order, arriving, leaving, strict=True):
        direct = problem.travel.between(*((CAMPUS, stop) if homeward else (stop, CAMPUS)))[1]
        cap = max(limits.max_ride_s, direct * limits.ride_factor_milli // 1000)
        if (arrive if homeward else end - leave) > cap:
            return False
    return True


def cost_of_way(problem: Problem, vehicle: VehicleOption, order: tuple[str, ...]) -> int:
    """Fixed cost and kilometres, half up."""
    metres = sum(problem.travel.between(first, second)[0] for first, second in legs(problem, order))
    whole, rest = divmod(vehicle.per_km_fen * metres, 1000)
    return vehicle.fixed_fen + whole + (1 if rest >= 500 else 0)


@cache
def legs_of(homeward: bool, closed: bool, order: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The legs that are paid for."""
    way = list(order)
    if homeward or closed:
        way = [CAMPUS, *way]
    if closed or not homeward:
        way = [*way, CAMPUS]
    return tuple(pairwise(way))


def legs(problem: Problem, order: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The paid legs of a trip in this problem."""
    yield from legs_of(problem.direction is Direction.HOMEWARD, problem.limits.returns_to_campus, order)
