"""
The fleet and its limits as levers: sizes to rent next term, one departure more, longer rides.

What only loosens a limit can cost no more than the plan that stands: it is where each begins.
"""

from collections import Counter
from dataclasses import replace
from typing import Final

from busops.planner.margin.adapt import known_of
from busops.planner.margin.lever.values import Before, Lever, LeverKind, lever_of
from busops.planner.margin.replan import Replanning
from busops.planner.problem import Problem

LONGER_MIN: Final = (5, 10)


def search_on_lever(before: Before, known: Before) -> Lever:
    """A cheaper plan within the same limits, when ``known`` is one."""
    return lever_of(before, known.plan, LeverKind.SEARCH_ON)


def cap_lever(before: Before, how: Replanning, minutes: int) -> Lever | None:
    """The plan when everybody may ride so many minutes longer than the cap of the day."""
    limits = before.problem.limits
    longer = replace(limits, max_ride_s=limits.max_ride_s + 60 * minutes)
    loose = replace(before.problem, limits=longer)
    plan = how.best(loose, known_of(loose, before.plan))
    return None if plan is None else lever_of(before, plan, LeverKind.RIDE_CAP, minutes=minutes)


def waves_lever(before: Before, how: Replanning) -> Lever | None:
    """The plan when every vehicle may drive once more."""
    vehicles = tuple(replace(one, max_trips=one.max_trips + 1) for one in before.problem.vehicles)
    more = replace(before.problem, vehicles=vehicles)
    plan = how.best(more, known_of(more, before.plan))
    if plan is None:
        return None
    last_s = max((trip.depart_s for trip in plan.trips), default=0)
    return lever_of(
        before,
        plan,
        LeverKind.WAVES,
        trips=sum(trip.wave > 1 for trip in plan.trips),
        last_min=-(-last_s // 60),
    )


def mix_lever(before: Before, how: Replanning) -> Lever | None:
    """
    The plan when as many charter coaches of each size as anybody could want may be rented at today's rates.

    Licensed buses stay as they are. The fact ``mix`` lists [seats, used now, used then] of the coaches.
    None when the day has no charter coach to take the rates from.
    """
    rentable = rental_fleet(before.problem)
    if rentable is None:
        return None
    plan = how.best(rentable, known_of(rentable, before.plan))
    if plan is None or len(plan.unserved) > len(before.plan.unserved):
        return None
    now = _sizes(before.problem, {trip.plate for trip in before.plan.trips})
    then = _sizes(rentable, {trip.plate for trip in plan.trips})
    mix = [[seats, now[seats], then[seats]] for seats in sorted({*now, *then})]
    return lever_of(before, plan, LeverKind.FLEET_MIX, mix=mix)


def rental_fleet(problem: Problem) -> Problem | None:
    """The problem with its licensed buses and, of each kind of charter coach, enough to carry everybody."""
    rules = problem.rules
    named = frozenset(trip.plate for trip in rules.kept).union(*rules.only_by.values())
    stay = tuple(one for one in problem.vehicles if one.lines is not None or one.plate in named)
    # Alike in everything but the plate; what a coach may not do, a rented one of its kind may not either.
    kinds = list(dict.fromkeys(replace(one, plate="") for one in problem.vehicles if one.lines is None))
    if not kinds:
        return None
    coaches = [
        replace(kind, plate=f"RENT-{number}-{count:03}")
        for number, kind in enumerate(kinds)
        for count in range(_enough(problem, kind.capacity))
    ]
    return replace(problem, vehicles=(*stay, *coaches))


def _enough(problem: Problem, capacity: int) -> int:
    """Twice the coaches of a size that hold everybody: enough to carry all however stops fill them."""
    return min(len(problem.riders), 2 * -(-len(problem.riders) // capacity))


def _sizes(problem: Problem, plates: set[str]) -> Counter[int]:
    return Counter(one.capacity for one in problem.vehicles if one.plate in plates and one.lines is None)
