"""
One scheme for a whole term: the cheapest lines that have room for the planned riders, in both directions.

The engine is ``solve`` on a problem whose riders are places to be kept free (``peaks.places``).
Each trip it finds is a line. A line must keep the ride caps homeward and, mirrored, on the way
back; where the ways there and back differ so much that a mirrored line would not, the lines are
found anew on the slower of both ways.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from busops.domain.values import Direction
from busops.planner.bound import lower_bound
from busops.planner.demand import direct_s
from busops.planner.problem import Limits, Plan, Problem, Trip, TripStop
from busops.planner.solve import OnProgress, solve
from busops.planner.term.scheme import DirectionTotals, LeftOut, TermLine, TermScheme, line_trip, ride_times_s
from busops.planner.timetable import Halt, drives_in_turn, keeps_ride_caps
from busops.planner.travel import TravelTimes

# Of the time, where there and back differ: the lines, the bound of the way back, lines found anew.
_LINES_SHARE: Final = 0.6
_BACK_SHARE: Final = 0.2
_ANEW_SHARE: Final = 0.2
_BOUND_EFFORT: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A scheme, and its lines driven full as plans of either direction, for ``verify``."""

    scheme: TermScheme
    homeward: Plan
    back: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How the engine is to search: see ``solve``."""

    seconds: float
    seed: int = 1
    rounds: int | None = None
    on_progress: OnProgress | None = None
    should_stop: Callable[[], bool] | None = None


def design_scheme(problem: Problem, *, licensed: Collection[str], search: Search) -> Design:
    """
    The scheme for the places of ``problem`` (homeward, vehicles free of lines); fen, seconds, metres.

    ``licensed`` names the plates whose lines need approval. The bound of the homeward direction is
    proven for every scheme that keeps these places; that of the way back is the same where the
    ways are, else proven by a search of its own. Places that no line can take are ``left_out``.
    """
    back = replace(problem, direction=Direction.RETURN)
    is_even = _is_even(problem.travel)
    first = _solved(problem, search, 1.0 if is_even else _LINES_SHARE)
    plan = first
    if not all(keeps_ride_caps(back, _halts(trip)[::-1]) for trip in first.trips):
        plan = _solved(_slower_way(problem), search, _ANEW_SHARE)
    other = first if is_even else _solved(back, search, _BACK_SHARE)
    homeward = _bounded(problem, _driven(problem, plan), first)
    mirrored = _bounded(back, _driven(back, plan), other)
    lines = _lines(problem, homeward, mirrored, licensed)
    scheme = TermScheme(
        lines=lines, left_out=_left_out(plan), homeward=_totals(homeward), back=_totals(mirrored)
    )
    return Design(scheme=scheme, homeward=homeward, back=mirrored)


def _solved(problem: Problem, search: Search, share: float) -> Plan:
    return solve(
        problem,
        seconds=share * search.seconds,
        seed=search.seed,
        rounds=search.rounds,
        on_progress=search.on_progress,
        should_stop=search.should_stop,
    )


def _bounded(problem: Problem, plan: Plan, proven: Plan) -> Plan:
    """The plan with what the search of ``proven`` has shown of its direction."""
    if len(plan.unserved) > len(proven.unserved):  # what is proven for more riders says nothing of fewer
        plain = lower_bound(problem, len(problem.riders) - len(plan.unserved), effort=_BOUND_EFFORT)
        return replace(plan, lower_bound_fen=plain.fen, bound_model=plain.model)
    return replace(plan, lower_bound_fen=proven.lower_bound_fen, bound_model=proven.bound_model)


def _is_even(travel: TravelTimes) -> bool:
    """True when every way is as long and as slow there as back."""
    return bool(
        np.array_equal(travel.distance_m, travel.distance_m.T)
        and np.array_equal(travel.duration_s, travel.duration_s.T)
    )


def _slower_way(problem: Problem) -> Problem:
    """
    The problem on the slower way of each pair, with caps that hold in both directions.

    A stop's cap grows with its direct time, which the slower way makes longer: the factor is taken
    down until no cap is above that of the quicker direction.
    """
    back = replace(problem, direction=Direction.RETURN)
    travel, factor = problem.travel, problem.limits.ride_factor_milli
    for stop_id in problem.stop_ids:
        quick, slow = sorted((direct_s(problem, stop_id), direct_s(back, stop_id)))
        if slow and problem.limits.ride_cap_s(slow) > problem.limits.max_ride_s:
            factor = min(factor, problem.limits.ride_factor_milli * quick // slow)
    limits: Limits = replace(problem.limits, ride_factor_milli=factor)
    slower = TravelTimes(
        ids=travel.ids,
        distance_m=travel.distance_m.copy(),
        duration_s=np.maximum(travel.duration_s, travel.duration_s.T),
    )
    return replace(problem, limits=limits, travel=slower)


def _driven(problem: Problem, plan: Plan) -> Plan:
    """The lines of a plan driven in the problem's direction on its own ways, waves as they were."""
    vehicles = {vehicle.plate: vehicle for vehicle in problem.vehicles}
    step = 1 if problem.direction is Direction.HOMEWARD else -1
    drives: dict[str, list[Sequence[Halt]]] = {}
    for trip in sorted(plan.trips, key=lambda trip: (trip.plate, trip.wave)):
        drives.setdefault(trip.plate, []).append(_halts(trip)[::step])
    trips = tuple(
        trip for plate, own in drives.items() for trip in drives_in_turn(problem, vehicles[plate], own)
    )
    return replace(
        plan,
        trips=trips,
        cost_fen=sum(trip.cost_fen for trip in trips),
        lower_bound_fen=0,
    )


def _halts(trip: Trip) -> list[Halt]:
    return [(halt.stop_id, halt.rider_ids) for halt in trip.stops]


def _lines(problem: Problem, homeward: Plan, back: Plan, licensed: Collection[str]) -> tuple[TermLine, ...]:
    """The lines numbered by where they lead: the nearest first stop first."""
    seats = {vehicle.plate: vehicle.capacity for vehicle in problem.vehicles}
    mirrored = {(trip.plate, trip.wave): trip for trip in back.trips}

    def place(trip: Trip) -> tuple[int, str, int]:
        first: TripStop = trip.stops[0]
        return direct_s(problem, first.stop_id), trip.plate, trip.wave

    return tuple(
        TermLine(
            line_id=f"{number:02d}",
            plate=trip.plate,
            is_licensed=trip.plate in licensed,
            seats=seats[trip.plate],
            wave=trip.wave,
            homeward=line_trip(trip),
            back=line_trip(mirrored[trip.plate, trip.wave]),
        )
        for number, trip in enumerate(sorted(homeward.trips, key=place), start=1)
    )


def _left_out(plan: Plan) -> tuple[LeftOut, ...]:
    counts = Counter((one.rider_id.rpartition("#")[0], one.reason.value) for one in plan.unserved)
    return tuple(
        LeftOut(stop_id=stop_id, riders=riders, reason=reason)
        for (stop_id, reason), riders in sorted(counts.items())
    )


def _totals(plan: Plan) -> DirectionTotals:
    return DirectionTotals(
        cost_fen=plan.cost_fen,
        lower_bound_fen=plan.lower_bound_fen,
        bound_model=plan.bound_model,
        longest_s=max(ride_times_s(plan), default=0),
    )
