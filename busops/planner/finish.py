"""
From the best routes of a search to the plan that is shown: kinder orders, fewer halts, clock, bound, reasons.
"""

from collections.abc import Sequence
from typing import Any, Final

from busops.planner.bound import Bound, lower_bound
from busops.planner.choice import Drive, share_halts
from busops.planner.columns.proof import NOTHING_PROVED, Proof
from busops.planner.comfort import kinder
from busops.planner.effort import StopWish
from busops.planner.problem import Plan, Problem, Unserved
from busops.planner.search.fleet_state import FleetState
from busops.planner.search.greedy import Search, why_left_over
from busops.planner.timetable import halts_of, trips_of

_HURRIED: Final[dict[str, Any]] = {"effort": 0.01, "rings": 30}  # when somebody waits for the plan
_GOOD_PCT: Final = 95  # of the cost: seats and reach prove no more than that


def finish(
    problem: Problem, search: Search, without_stop: Sequence[Unserved], proof: Proof, wish: StopWish
) -> Plan:
    """The plan on the clock, with its bound and the reasons of those left over."""
    state = FleetState(search.model, search.book, search.best)
    causes = {rider.rider_id: rider.reason for rider in without_stop}
    for node in state.absent():
        reason = why_left_over(search, node)
        causes.update(dict.fromkeys(search.model.nodes[node - 1].rider_ids, reason))
    drives, waiting = share_halts(problem, _drives(problem, search, wish), sorted(causes), wish)
    trips = trips_of(problem, search.model, [(drive.group, drive.halts) for drive in drives])
    cost_fen = sum(trip.cost_fen for trip in trips)
    served = sum(len(halt.rider_ids) for trip in trips for halt in trip.stops)
    # A group cut otherwise than the proof took it, and what is proved for groups as made says nothing.
    proof = NOTHING_PROVED if waiting or search.is_recut or proof.fen > cost_fen else proof
    bound = Bound(fen=0, model=proof.model, served=served)
    if 100 * proof.fen < _GOOD_PCT * cost_fen:
        bound = lower_bound(problem, served, **(_HURRIED if wish() else {}))
    return Plan(
        trips=trips,
        unserved=tuple(Unserved(rider_id=rider_id, reason=causes[rider_id]) for rider_id in waiting),
        cost_fen=cost_fen,
        lower_bound_fen=max(bound.fen, proof.fen),
        bound_model=bound.model if bound.fen >= proof.fen else proof.model,
        stats=search.stats,
    )


def _drives(problem: Problem, search: Search, wish: StopWish) -> list[Drive]:
    """The best plan's trips as halts, each in its kinder order while nobody waits."""
    vehicles = {vehicle.plate: vehicle for vehicle in problem.vehicles}
    model = search.model
    drives = []
    for number, nodes in kinder(model, search.best, wish):
        group = model.kinds[number].group
        vehicle = vehicles[model.plates_of_group[group][0]]
        drives.append(Drive(group=group, vehicle=vehicle, halts=tuple(halts_of(problem, model, nodes))))
    return drives
