"""
The trips that stay from an earlier plan, seen by the planner: who is on them, what is left to plan.

The search never sees a kept trip: its riders are no demand, its vehicle has a trip less.
"""

from collections import Counter
from typing import TypeAlias

from busops.planner.problem import Problem, RiderDemand
from busops.planner.rules.rules import KeptTrip, chains

Halts: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]


def kept_drives(problem: Problem) -> tuple[tuple[KeptTrip, Halts], ...]:
    """The kept trips that still have riders, each with its halts in driving order."""
    if not problem.rules.kept:
        return ()
    stops_of = {rider.rider_id: rider.stop_ids for rider in problem.riders}
    found = ((trip, trip.still(stops_of)) for trip in problem.rules.kept)
    return tuple((trip, halts) for trip, halts in found if halts)


def riders_to_plan(problem: Problem) -> tuple[RiderDemand, ...]:
    """The riders who sit in no kept trip."""
    seated = {rider for _trip, halts in kept_drives(problem) for _stop, riders in halts for rider in riders}
    return tuple(rider for rider in problem.riders if rider.rider_id not in seated)


def mates_of_kept(problem: Problem) -> frozenset[str]:
    """Riders who must ride with somebody of a kept trip and are not on it: nobody else boards it."""
    seated = {rider for _trip, halts in kept_drives(problem) for _stop, riders in halts for rider in riders}
    tied = (chain - seated for chain in chains(problem.rules.together) if chain & seated)
    return frozenset().union(*tied)


def trips_left(problem: Problem) -> dict[str, int]:
    """By plate: how many trips the vehicle may drive beside its kept ones."""
    kept = Counter(trip.plate for trip, _halts in kept_drives(problem))
    return {vehicle.plate: vehicle.max_trips - kept[vehicle.plate] for vehicle in problem.vehicles}
