"""What a lever is, and what every lever is measured against."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from typing import Final, TypeAlias

from busops.planner.keeping import kept_drives
from busops.planner.margin.margin import Fares, Margin, margin_of
from busops.planner.margin.rides import Affected, Ride, rides_of, worse_off
from busops.planner.problem import Plan, Problem, Trip, VehicleOption

Fact: TypeAlias = int | str | list[list[int]]
MOST_LEFT_OUT: Final = 4  # nobody proposes to leave out more than one rider in four


class LeverKind(StrEnum):
    """What could be done to reach the goal."""

    SEARCH_ON = "search_on"  # a cheaper plan within the same limits
    FARE_ALL = "fare_all"  # every price so much higher
    FARE_BAND = "fare_band"  # the price of one band so much higher
    MERGE_TRIPS = "merge_trips"  # two trips driven as one
    MERGE_STOPS = "merge_stops"  # the riders of a stop walk to another
    MERGE_STOPS_NEAR = "merge_stops_near"  # all stops so near to another at once
    FLEET_MIX = "fleet_mix"  # other sizes rented next term
    LEAST_ON_TRIP = "least_on_trip"  # trips with fewer riders are not driven
    LEAST_AT_STOP = "least_at_stop"  # stops with fewer riders are not served
    WAVES = "waves"  # vehicles drive once more
    RIDE_CAP = "ride_cap"  # rides may be longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """
    A lever as it was tried. ``saved_fen`` less cost and ``more_fares_fen`` more fares (fewer: negative)
    than the plan itself; ``after`` is the margin then; ``affected`` names who is worse off.

    ``limits`` and ``stops`` never loosen designation, papers or seats: the verifier judged the plan.
    """

    kind: LeverKind
    facts: Mapping[str, Fact] = field(default_factory=dict)
    saved_fen: int
    more_fares_fen: int
    after: Margin
    affected: tuple[Affected, ...]
    verified: bool = True

    @property
    def gain_fen(self) -> int:
        """What it adds to the net."""
        return self.saved_fen + self.more_fares_fen

    @property
    def gain_per_rider(self) -> Fraction:
        """What it adds for each rider who is worse off; all of it when nobody is."""
        return Fraction(self.gain_fen, max(1, len(self.affected)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What every lever is measured against: a sound plan of the problem, its margin and its rides."""

    problem: Problem
    plan: Plan
    fares: Fares
    margin: Margin
    rides: Mapping[str, Ride]


def free_trips(before: Before) -> tuple[Trip, ...]:
    """The plan's trips but the kept ones: what people keep is nobody's lever."""
    kept = {(trip.plate, trip.wave) for trip, _halts in kept_drives(before.problem)}
    return tuple(trip for trip in before.plan.trips if (trip.plate, trip.wave) not in kept)


def kept_stops(before: Before) -> frozenset[str]:
    """Where kept trips halt."""
    return frozenset(stop_id for _trip, halts in kept_drives(before.problem) for stop_id, _riders in halts)


def without_riders(problem: Problem, lost: frozenset[str]) -> Problem:
    """The problem in which these riders do not ride; kept trips stay, rules about them alone fall away."""
    left = tuple(rider for rider in problem.riders if rider.rider_id not in lost)
    rules = problem.rules.among(rider.rider_id for rider in left)
    return replace(problem, riders=left, rules=replace(rules, kept=problem.rules.kept))


def with_vehicles(problem: Problem, vehicles: tuple[VehicleOption, ...]) -> Problem:
    """The problem with another fleet; a stop for certain vehicles is for those of them that are left."""
    present = frozenset(vehicle.plate for vehicle in vehicles)
    only_by = {stop_id: plates & present for stop_id, plates in problem.rules.only_by.items()}
    return replace(problem, vehicles=vehicles, rules=replace(problem.rules, only_by=only_by))


def before_of(problem: Problem, plan: Plan, fares: Fares, target_bp: int) -> Before:
    """The plan with its margin and rides."""
    return Before(
        problem=problem,
        plan=plan,
        fares=fares,
        margin=margin_of(plan, fares, target_bp),
        rides=rides_of(plan),
    )


def lever_of(
    before: Before,
    plan: Plan,
    kind: LeverKind,
    *,
    walks_m: Mapping[str, int] | None = None,
    **facts: Fact,
) -> Lever:
    """The lever that leads to ``plan``, which the verifier has passed for the problem it was made for."""
    after = margin_of(plan, before.fares, before.margin.target_bp)
    return Lever(
        kind=kind,
        facts=facts,
        saved_fen=before.margin.cost_fen - after.cost_fen,
        more_fares_fen=after.fares_fen - before.margin.fares_fen,
        after=after,
        affected=worse_off(before.rides, rides_of(plan), walks_m=walks_m),
    )
