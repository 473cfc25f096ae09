"""
The changes that easements make of a problem: what each lever does, without asking whether it helps.

Every change only widens: a plan of the problem as it was stays one of the problem as it is then.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeAlias

from busops.planner.problem import Limits, Problem, VehicleOption

Change: TypeAlias = Callable[[Problem], Problem]


def designating(wide: Problem, added: tuple[str, ...]) -> Change:
    """
    The stops are designated: riders who named them may use them, lines that pass them halt there, and
    what people's rules say about them holds.
    """

    def change(problem: Problem) -> Problem:
        stops = frozenset((*problem.stop_ids, *added))
        theirs = {vehicle.plate: vehicle for vehicle in wide.vehicles}
        only_by = {stop_id: plates for stop_id, plates in wide.rules.only_by.items() if stop_id in stops}
        named = {rider.rider_id: rider.stop_ids for rider in wide.riders}
        return replace(
            problem,
            stop_ids=tuple(stop_id for stop_id in wide.stop_ids if stop_id in stops),
            riders=tuple(
                replace(
                    rider,
                    stop_ids=tuple(
                        stop for stop in named.get(rider.rider_id, rider.stop_ids) if stop in stops
                    ),
                )
                for rider in problem.riders
            ),
            vehicles=tuple(
                _halting_within(vehicle, theirs.get(vehicle.plate, vehicle), stops)
                for vehicle in problem.vehicles
            ),
            travel=wide.travel,
            rules=replace(problem.rules, only_by={**problem.rules.only_by, **only_by}),
        )

    return change


def _halting_within(vehicle: VehicleOption, wide: VehicleOption, stops: frozenset[str]) -> VehicleOption:
    """The vehicle with the lines and the forbidden stops that it has on the wider day, as far as these go."""
    return replace(
        vehicle,
        lines=None if vehicle.lines is None else _within(wide.lines or vehicle.lines, stops),
        only_stops=None if wide.only_stops is None else wide.only_stops & stops,
        not_stops=wide.not_stops & stops,
    )


def _within(lines: Iterable[tuple[str, ...]], stops: frozenset[str]) -> tuple[tuple[str, ...], ...]:
    cut = (tuple(stop for stop in line if stop in stops) for line in lines)
    return tuple(line for line in cut if line)


def lengthening(plate: str, stops: tuple[str, ...]) -> Change:
    """The vehicle's line gets these stops, each where the detour is least."""

    def change(problem: Problem) -> Problem:
        def longer(vehicle: VehicleOption) -> VehicleOption:
            lines = vehicle.lines or ((),)
            for stop_id in stops:
                places = [
                    (_metres(problem, (*line[:at], stop_id, *line[at:])) - _metres(problem, line), number, at)
                    for number, line in enumerate(lines)
                    if stop_id not in line
                    for at in range(len(line) + 1)
                ]
                if places and not any(stop_id in line for line in lines):
                    _detour, number, at = min(places)
                    line = lines[number]
                    grown = (*line[:at], stop_id, *line[at:])
                    lines = (*lines[:number], grown, *lines[number + 1 :])
            return replace(vehicle, lines=lines)

        return _with_vehicle(problem, plate, longer)

    return change


def _metres(problem: Problem, line: Sequence[str]) -> int:
    return sum(problem.travel.between(one, two)[0] for one, two in pairwise(line))


def rented(seats: int, count: int, rates: tuple[int, int]) -> Change:
    """So many hired coaches of this size more, at these fen a trip and a km."""
    added = tuple(
        VehicleOption(plate=f"+{seats}/{number}", capacity=seats, fixed_fen=rates[0], per_km_fen=rates[1])
        for number in range(1, count + 1)
    )
    return lambda problem: replace(problem, vehicles=(*problem.vehicles, *added))


def open_to_all(problem: Problem) -> Problem:
    """Every vehicle may halt at every stop on its lines."""
    return replace(
        problem,
        rules=replace(problem.rules, only_by={}),
        vehicles=tuple(replace(one, only_stops=None, not_stops=frozenset()) for one in problem.vehicles),
    )


def limited(limits: Limits) -> Change:
    """Limits at least as wide as these: two such changes stand together."""

    def change(problem: Problem) -> Problem:
        now = problem.limits
        return replace(
            problem,
            limits=replace(
                now,
                max_ride_s=max(now.max_ride_s, limits.max_ride_s),
                ride_factor_milli=max(now.ride_factor_milli, limits.ride_factor_milli),
                max_stops=max(now.max_stops, limits.max_stops),
            ),
        )

    return change


def more_trips(plate: str, more: int) -> Change:
    """The vehicle may drive so many trips more."""
    return lambda problem: _with_vehicle(
        problem, plate, lambda one: replace(one, max_trips=one.max_trips + more)
    )


def more_seats(plate: str, more: int) -> Change:
    """The vehicle has so many seats more."""
    return lambda problem: _with_vehicle(
        problem, plate, lambda one: replace(one, capacity=one.capacity + more)
    )


def _with_vehicle(problem: Problem, plate: str, change: Callable[[VehicleOption], VehicleOption]) -> Problem:
    return replace(
        problem, vehicles=tuple(change(one) if one.plate == plate else one for one in problem.vehicles)
    )
