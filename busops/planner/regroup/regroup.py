"""
The step after the search: other splits of large stops, other stops for those who have a choice.

Each trial ends with a short local search over its own groups. It is kept only when it serves more
riders, or as many for less, and when the independent verifier has nothing against it.
"""

from typing import Final

from busops.planner.demand import nodes_of
from busops.planner.effort import Effort
from busops.planner.keeping import riders_to_plan
from busops.planner.problem import Plan, Problem, Unserved, UnservedReason
from busops.planner.regroup.recut import large_stops, recut
from busops.planner.regroup.reseat import regrouped, reseated, seating_of
from busops.planner.search.fleet_state import FleetState
from busops.planner.search.greedy import Search
from busops.planner.search.ruin import RuinRecreate, annealing_for
from busops.planner.timetable import halts_of, trips_of
from busops.planner.verify import verify

FEW_RIDERS: Final = 60  # up to here every rider may change his seat, so that any group may be cut
_RESEAT_SHARE: Final = 0.6
_CHAIN_SHARE: Final = 0.1
_RECUT_SHARE: Final = 0.3
_CUT_SHARE: Final = 0.05  # of it for the chain after one cut
_MOST_CUTS: Final = 40  # where rounds are counted
_CHAIN_ROUNDS: Final = 3  # times 256, where rounds are counted
_CHOICE: Final = 2  # stops


def is_worth_regrouping(problem: Problem, search: Search) -> bool:
    """True when somebody has a choice of stops, a stop is in several parts, or all are few."""
    if not search.best:
        return False
    riders = riders_to_plan(problem)
    stops = [node.stop_id for node in search.model.nodes]
    return (
        len(riders) <= FEW_RIDERS
        or len(set(stops)) < len(stops)
        or any(len(rider.stop_ids) >= _CHOICE for rider in riders)
    )


def regroup(problem: Problem, search: Search, effort: Effort, seed: int) -> Search:
    """
    The search, or a better one over other groups (then ``is_recut`` says if riders with one stop who
    stood in one group are now in several: a bound that holds for the groups as made does not hold).
    """
    best = search
    part = Effort(_RECUT_SHARE * effort.seconds, effort.wish, effort.rounds and _MOST_CUTS)
    for stop_id in large_stops(search):
        if part.spent() < 1:
            best = _better(problem, best, recut(problem, best, stop_id), (effort, _CUT_SHARE, seed))
    if not effort.wish():
        best = _better(
            problem, best, _seated_again(problem, best, effort, seed), (effort, _CHAIN_SHARE, seed)
        )
    if best is not search:
        best.is_recut = search.is_recut or _is_recut(problem, best)
        best.stats = {
            **search.stats,
            "regrouped_fen": (search.cost - best.cost) // 1000,
            "recut": int(best.is_recut),
        }
    return best


def _seated_again(problem: Problem, search: Search, effort: Effort, seed: int) -> Search | None:
    every_rider = len(riders_to_plan(problem)) <= FEW_RIDERS
    if not every_rider and all(len(rider.stop_ids) < _CHOICE for rider in problem.riders):
        return None
    seating = seating_of(problem, search, every_rider=every_rider)
    part = Effort(_RESEAT_SHARE * effort.seconds, effort.wish, effort.rounds)
    missing, cost = reseated(seating, part, seed, every_rider=every_rider)
    return regrouped(problem, seating) if (missing, cost) < (search.missing, search.cost) else None


def _better(problem: Problem, best: Search, trial: Search | None, how: tuple[Effort, float, int]) -> Search:
    """The trial after a short chain over its groups, if it is better and right; else the best so far."""
    if trial is None:
        return best
    effort, share, seed = how
    rounds = None if effort.rounds is None else _CHAIN_ROUNDS
    part = Effort(share * effort.seconds, effort.wish, rounds)
    chain = RuinRecreate(trial.model, trial.best, seed, trial.pool)
    trial.offer(chain.run(part.spent, annealing_for(trial.cost, len(trial.best), 2)))
    is_better = (trial.missing, trial.cost) < (best.missing, best.cost)
    return trial if is_better and _is_right(problem, trial) else best


def _is_right(problem: Problem, trial: Search) -> bool:
    model = trial.model
    drives = [(model.kinds[kind].group, halts_of(problem, model, nodes)) for kind, nodes in trial.best]
    trips = trips_of(problem, model, drives)
    served = {rider for trip in trips for halt in trip.stops for rider in halt.rider_ids}
    left = [rider.rider_id for rider in problem.riders if rider.rider_id not in served]
    plan = Plan(
        trips=trips,
        unserved=tuple(Unserved(rider_id=rider_id, reason=UnservedReason.NO_SEAT) for rider_id in left),
        cost_fen=sum(trip.cost_fen for trip in trips),
        lower_bound_fen=0,
        bound_model="",
    )
    return not verify(problem, plan)


def _is_recut(problem: Problem, search: Search) -> bool:
    """True when riders with one stop, who stood in one group when the search began, are on several trips."""
    loyal = {rider.rider_id for rider in problem.riders if len(rider.stop_ids) == 1}
    state = FleetState(search.model, search.book, search.best)
    slot_of = {
        rider: state.slot_of[number]
        for number, node in enumerate(search.model.nodes, start=1)
        for rider in node.rider_ids
    }
    return any(
        len({slot_of[rider] for rider in node.rider_ids if rider in loyal}) > 1
        for node in nodes_of(problem).nodes
    )
