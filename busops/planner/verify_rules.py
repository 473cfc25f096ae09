"""
The independent check of the rules: access, pairs, kept trips, vehicles that come later.

Part of ``verify.py`` and as independent as it: what a rule means is worked out here once more.
"""

from collections.abc import Iterator
from itertools import combinations

from busops.domain.findings import Finding
from busops.planner.problem import Plan, Problem, Trip


def rule_findings(problem: Problem, plan: Plan) -> Iterator[Finding]:
    """Every rule of the problem that the plan breaks."""
    yield from _access_findings(problem, plan)
    yield from _pair_findings(problem, plan)
    for wanted in problem.rules.kept:
        yield from _kept_findings(problem, plan, wanted.plate, wanted.wave)


def kept_waves(problem: Problem, plate: str) -> frozenset[int]:
    """The waves in which a vehicle's trip stays from an earlier plan: they may leave a gap before them."""
    return frozenset(trip.wave for trip in problem.rules.kept if trip.plate == plate)


def _access_findings(problem: Problem, plan: Plan) -> Iterator[Finding]:
    vehicles = {vehicle.plate: vehicle for vehicle in problem.vehicles}
    for trip in plan.trips:
        vehicle = vehicles.get(trip.plate)
        if vehicle is None:
            continue
        if trip.depart_s < vehicle.ready_s:
            yield _at(trip, "plan_vehicle_not_ready", depart_s=trip.depart_s, ready_s=vehicle.ready_s)
        for halt in trip.stops:
            named = vehicle.only_stops is None or halt.stop_id in vehicle.only_stops
            its_own = trip.plate in problem.rules.only_by.get(halt.stop_id, (trip.plate,))
            if not named or not its_own or halt.stop_id in vehicle.not_stops:
                yield _at(trip, "plan_stop_closed_to_vehicle", stop_id=halt.stop_id)


def _pair_findings(problem: Problem, plan: Plan) -> Iterator[Finding]:
    trips_of: dict[str, set[int]] = {}
    for number, trip in enumerate(plan.trips):
        for halt in trip.stops:
            for rider_id in halt.rider_ids:
                trips_of.setdefault(rider_id, set()).add(number)
    for groups, code in (
        (problem.rules.together, "plan_pair_parted"),
        (problem.rules.apart, "plan_pair_joined"),
    ):
        for group in groups:
            for first, second in combinations(sorted(group), 2):
                here, there = trips_of.get(first, set()), trips_of.get(second, set())
                if code == "plan_pair_parted":
                    is_broken = bool(here and there) and here != there
                else:
                    is_broken = bool(here & there)
                if is_broken:
                    facts = {"first": first, "second": second}
                    yield Finding(code=code, place=f"{first}+{second}", facts=facts)


def _kept_findings(problem: Problem, plan: Plan, plate: str, wave: int) -> Iterator[Finding]:
    """The kept trip is there with the same halts and riders, those left out who do not ride any more."""
    (wanted,) = [one for one in problem.rules.kept if (one.plate, one.wave) == (plate, wave)]
    may_use = {rider.rider_id: rider.stop_ids for rider in problem.riders}
    right: list[tuple[str, list[str]]] = []
    for stop_id, rider_ids in wanted.halts:
        staying = sorted(rider for rider in rider_ids if rider in may_use and stop_id in may_use[rider])
        if staying:
            right.append((stop_id, staying))
    if not right:
        return
    for trip in plan.trips:
        if (trip.plate, trip.wave) == (plate, wave):
            if [(halt.stop_id, sorted(halt.rider_ids)) for halt in trip.stops] != right:
                yield _at(trip, "plan_kept_trip_changed")
            if trip.depart_s < wanted.depart_s:
                yield _at(trip, "plan_kept_trip_earlier", depart_s=trip.depart_s, kept_s=wanted.depart_s)
            return
    yield Finding(
        code="plan_kept_trip_missing", place=f"{plate}#{wave}", facts={"plate": plate, "wave": wave}
    )


def _at(trip: Trip, code: str, **facts: object) -> Finding:
    place = f"{trip.plate}#{trip.wave}" + (f"/{facts['stop_id']}" if "stop_id" in facts else "")
    return Finding(code=code, place=place, facts={"plate": trip.plate, "wave": trip.wave, **facts})
