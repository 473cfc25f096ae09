"""
The frontier of cost and longest ride: what it costs to promise everybody a shorter ride.

The ε-constraint method (Haimes, Lasdon and Wismer 1971): cost is minimised under a ride cap that is
tightened, here always in the middle of the widest stretch that no plan has shown yet. Every point is a
whole plan of the problem as it stands, judged by the verifier; nothing is interpolated.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from busops.domain.errors import InvalidInput
from busops.planner.demand import direct_s
from busops.planner.margin.replan import Replanning, bounded_as, is_sound, standing
from busops.planner.margin.rides import longest_s, p95_s
from busops.planner.problem import Plan, Problem

WANTED: Final = 10  # points after which no more are looked for
PLANS: Final = 16  # plans that are searched at most after the first
FIRST_SHARE: Final = 3  # the first plan, whose bound holds for all, gets so many times a later one's effort
NARROW_S: Final = 20  # caps closer to each other than this make no new point

OnStep: TypeAlias = Callable[[int, int], None]  # plans searched, plans at most
_Stretch: TypeAlias = tuple[int, int]  # caps, both ends shown


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierPoint:
    """A plan in which nobody rides longer than ``longest_s``; no other point is as short and as cheap."""

    plan: Plan
    longest_s: int
    p95_s: int


def frontier(
    problem: Problem,
    how: Replanning,
    *,
    known: Iterable[Plan] = (),
    wanted: int = WANTED,
    on_step: OnStep | None = None,
) -> tuple[FrontierPoint, ...]:
    """
    The points from the shortest ride to the least cost; strictly cheaper as rides get longer.

    ``known`` plans count where they are sound. All points serve as many riders as the best plan
    without a further cap, and carry the bound proved for the problem itself, not for the tighter ones.
    Empty when there is no sound plan. Asked to stop, the points found so far come back.
    """
    at_first = replace(
        how,
        seconds=FIRST_SHARE * how.seconds,
        rounds=None if how.rounds is None else FIRST_SHARE * how.rounds,
    )
    start = at_first.best(problem, known)
    if start is None or not start.trips:
        return ()
    plans = [start]
    shown: list[_Stretch] = [(0, shortest_cap_s(problem) - 1), (longest_s(start), longest_s(start))]
    for done in range(PLANS):
        if on_step is not None:
            on_step(done + 1, PLANS + 1)
        cap_s = _widest_middle(shown)
        if how.is_stopped or cap_s is None or len(points_of(plans)) >= wanted:
            break
        plan = _best_under(problem, cap_s, how, plans)
        if plan is None or standing(plan)[0] > standing(start)[0]:
            shown.append((0, cap_s))
        else:
            shown.append((longest_s(plan), cap_s))
            plans.append(bounded_as(plan, start))
    return points_of(plan for plan in plans if is_sound(problem, plan))


def points_of(plans: Iterable[Plan]) -> tuple[FrontierPoint, ...]:
    """The plans that no other undercuts in both, from the shortest longest ride on; equals once."""
    points = [FrontierPoint(plan=plan, longest_s=longest_s(plan), p95_s=p95_s(plan)) for plan in plans]
    kept: list[FrontierPoint] = []
    for point in sorted(points, key=lambda one: (one.longest_s, one.plan.cost_fen, one.p95_s)):
        if not kept or point.plan.cost_fen < kept[-1].plan.cost_fen:
            kept.append(point)
    return tuple(kept)


def shortest_cap_s(problem: Problem) -> int:
    """
    The direct way of the farthest rider: under a tighter cap the planner has no stop left for him.

    Where a detour is quicker than the direct way, a plan may show a shorter longest ride all the same.
    """
    return max(
        (
            min(direct_s(problem, stop_id) for stop_id in rider.stop_ids)
            for rider in problem.riders
            if rider.stop_ids
        ),
        default=0,
    )


def tightened(problem: Problem, cap_s: int) -> Problem:
    """
    The problem in which nobody rides longer than ``cap_s``; no cap of any stop rises.

    The share of the direct time is lowered until the farthest stop keeps ``cap_s`` too, so that stops
    in between may be held somewhat tighter than need be: a point can be dearer than the best, never wrong.
    """
    limits = problem.limits
    farthest_s = max(1, *(direct_s(problem, stop_id) for stop_id in problem.stop_ids), 1)
    return replace(
        problem,
        limits=replace(
            limits,
            max_ride_s=min(limits.max_ride_s, cap_s),
            ride_factor_milli=min(limits.ride_factor_milli, 1000 * cap_s // farthest_s),
        ),
    )


def _best_under(problem: Problem, cap_s: int, how: Replanning, known: Sequence[Plan]) -> Plan | None:
    """The best plan under the tighter cap; None also where a kept trip rides longer than that."""
    try:
        return how.best(tightened(problem, cap_s), known)
    except InvalidInput:
        return None


def _widest_middle(shown: Sequence[_Stretch]) -> int | None:
    """The middle of the widest stretch of caps between those shown; None when all are narrow."""
    best, reach = (NARROW_S, 0), 0
    for low, high in sorted(shown):
        best = max(best, (low - reach, reach + (low - reach) // 2))
        reach = max(reach, high)
    return best[1] or None
