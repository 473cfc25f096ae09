"""
The independent check of a plan: every time, load, length and cost is computed again from the problem.

It shares the types of ``problem.py`` with the solver and nothing else; no plan is stored unverified.
The rules that people set are judged in ``verify_rules.py``, in the same way.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import count, pairwise

from busops.domain.findings import Finding, Severity
from busops.domain.values import CAMPUS, Direction
from busops.planner.problem import Plan, Problem, Trip, TripStop, UnservedReason, VehicleOption
from busops.planner.verify_rules import kept_waves, rule_findings

_OUTSIDE = frozenset({UnservedReason.NOT_REGISTERED, UnservedReason.ROSTER_UNREADABLE})


def verify(problem: Problem, plan: Plan) -> tuple[Finding, ...]:
    """Every contradiction between plan and problem; empty when the plan may be driven as it stands."""
    vehicles = {vehicle.plate: vehicle for vehicle in problem.vehicles}
    findings: list[Finding] = []
    for trip in plan.trips:
        vehicle = vehicles.get(trip.plate)
        if vehicle is None:
            findings.append(_finding("plan_vehicle_unknown", trip, plate=trip.plate))
        elif not trip.stops:
            findings.append(_finding("plan_trip_empty", trip, plate=trip.plate))
        else:
            findings.extend(_trip_findings(problem, vehicle, trip))
    for vehicle in problem.vehicles:
        own = sorted((trip for trip in plan.trips if trip.plate == vehicle.plate), key=lambda trip: trip.wave)
        findings.extend(_wave_findings(problem, vehicle, own))
    findings.extend(_rider_findings(problem, plan))
    findings.extend(rule_findings(problem, plan))
    findings.extend(_total_findings(plan))
    return tuple(findings)


def _finding(
    code: str, trip: Trip, *, at: str = "", severity: Severity = Severity.BLOCK, **facts: object
) -> Finding:
    place = f"{trip.plate}#{trip.wave}" + (f"/{at}" if at else "")
    return Finding(
        code=code, severity=severity, place=place, facts={"plate": trip.plate, "wave": trip.wave, **facts}
    )


def _trip_findings(problem: Problem, vehicle: VehicleOption, trip: Trip) -> Iterator[Finding]:
    known = set(problem.stop_ids)
    strange = [halt.stop_id for halt in trip.stops if halt.stop_id not in known]
    for stop_id in strange:
        yield _finding("plan_stop_not_designated", trip, at=stop_id, stop_id=stop_id)
    aboard = sum(len(halt.rider_ids) for halt in trip.stops)
    if aboard > vehicle.capacity:
        yield _finding("plan_over_capacity", trip, riders=aboard, capacity=vehicle.capacity)
    if len(trip.stops) > problem.limits.max_stops:
        yield _finding("plan_too_many_stops", trip, stops=len(trip.stops), max_stops=problem.limits.max_stops)
    if not _on_a_line(vehicle, trip):
        yield _finding("plan_off_line", trip, stops="→".join(halt.stop_id for halt in trip.stops))
    for halt in trip.stops:
        if not halt.rider_ids:
            yield _finding(
                "plan_stop_without_riders",
                trip,
                at=halt.stop_id,
                severity=Severity.WARN,
                stop_id=halt.stop_id,
            )
    if not strange:
        yield from _time_findings(problem, trip)
        yield from _ride_findings(problem, trip)
        yield from _cost_findings(problem, vehicle, trip)


def _on_a_line(vehicle: VehicleOption, trip: Trip) -> bool:
    if vehicle.lines is None:
        return True
    driven = [halt.stop_id for halt in trip.stops]
    for line in vehicle.lines:
        rest = iter(line)
        if all(stop_id in rest for stop_id in driven):
            return True
    return False


def _time_findings(problem: Problem, trip: Trip) -> Iterator[Finding]:
    limits, homeward = problem.limits, problem.direction is Direction.HOMEWARD
    previous: TripStop | None = None
    for halt in trip.stops:
        if previous is not None:
            arrive = previous.leave_s + _seconds(problem, previous.stop_id, halt.stop_id)
        else:
            arrive = _seconds(problem, CAMPUS, halt.stop_id) if homeward else 0
        leave = halt.arrive_s + limits.dwell_base_s + limits.dwell_rider_s * len(halt.rider_ids)
        for code, shown, right in (
            ("plan_arrival_wrong", halt.arrive_s, arrive),
            ("plan_leaving_wrong", halt.leave_s, leave),
        ):
            if shown != right:
                yield _finding(
                    code, trip, at=halt.stop_id, stop_id=halt.stop_id, shown_s=shown, right_s=right
                )
        previous = halt
    last = trip.stops[-1]
    at_campus = None if homeward else last.leave_s + _seconds(problem, last.stop_id, CAMPUS)
    if trip.campus_arrive_s != at_campus:
        yield _finding("plan_campus_arrival_wrong", trip, shown_s=trip.campus_arrive_s, right_s=at_campus)


def _ride_findings(problem: Problem, trip: Trip) -> Iterator[Finding]:
    """Rides are measured on recomputed times, so that a forged time cannot hide a long ride."""
    homeward = problem.direction is Direction.HOMEWARD
    arrivals, ends = _recomputed(problem, trip)
    for halt, arrive in zip(trip.stops, arrivals, strict=True):
        leave = arrive + problem.limits.dwell_base_s + problem.limits.dwell_rider_s * len(halt.rider_ids)
        ride = arrive if homeward else ends - leave
        direct = _seconds(problem, *((CAMPUS, halt.stop_id) if homeward else (halt.stop_id, CAMPUS)))
        cap = max(problem.limits.max_ride_s, problem.limits.ride_factor_milli * direct // 1000)
        if ride > cap and halt.rider_ids:
            yield _finding(
                "plan_ride_too_long", trip, at=halt.stop_id, stop_id=halt.stop_id, ride_s=ride, cap_s=cap
            )


def _recomputed(problem: Problem, trip: Trip) -> tuple[list[int], int]:
    """Right arrival at each halt, and at the campus (return) or back there (homeward)."""
    now = 0
    arrivals: list[int] = []
    before: str | None = CAMPUS if problem.direction is Direction.HOMEWARD else None
    for halt in trip.stops:
        now += 0 if before is None else _seconds(problem, before, halt.stop_id)
        arrivals.append(now)
        now += problem.limits.dwell_base_s + problem.limits.dwell_rider_s * len(halt.rider_ids)
        before = halt.stop_id
    return arrivals, now + _seconds(problem, trip.stops[-1].stop_id, CAMPUS)


def _cost_findings(problem: Problem, vehicle: VehicleOption, trip: Trip) -> Iterator[Finding]:
    way = [halt.stop_id for halt in trip.stops]
    homeward, closed = problem.direction is Direction.HOMEWARD, problem.limits.returns_to_campus
    if homeward or closed:
        way.insert(0, CAMPUS)
    if not homeward or closed:
        way.append(CAMPUS)
    metres = sum(problem.travel.between(first, second)[0] for first, second in pairwise(way))
    if trip.distance_m != metres:
        yield _finding("plan_distance_wrong", trip, shown_m=trip.distance_m, right_m=metres)
    # Half up in integers: twice the milli-fen, plus one fen, halved downwards.
    cost = (2 * (vehicle.fixed_fen * 1000 + vehicle.per_km_fen * metres) + 1000) // 2000
    if trip.cost_fen != cost:
        yield _finding("plan_cost_wrong", trip, shown_fen=trip.cost_fen, right_fen=cost)


def _wave_findings(problem: Problem, vehicle: VehicleOption, trips: Sequence[Trip]) -> Iterator[Finding]:
    if len(trips) > vehicle.max_trips:
        yield _finding("plan_too_many_trips", trips[-1], trips=len(trips), max_trips=vehicle.max_trips)
    kept = kept_waves(problem, vehicle.plate)
    driven: set[int] = set()
    for number, trip in enumerate(trips, start=1):
        # A kept trip keeps its wave, whether or not the vehicle still drives before it.
        free = next(wave for wave in count(1) if wave not in driven)
        if trip.wave in driven or (trip.wave != free and trip.wave not in kept):
            yield _finding("plan_wave_wrong", trip, right_wave=free)
        driven.add(trip.wave)
        if number == 1 and trip.depart_s < 0:
            yield _finding("plan_wave_overlap", trip, depart_s=trip.depart_s, earliest_s=0)
    known = set(problem.stop_ids)
    if any(not trip.stops or any(halt.stop_id not in known for halt in trip.stops) for trip in trips):
        return
    for first, second in pairwise(trips):
        earliest = _ready_again(problem, first, second)
        if second.depart_s < earliest:
            yield _finding("plan_wave_overlap", second, depart_s=second.depart_s, earliest_s=earliest)


def _ready_again(problem: Problem, first: Trip, second: Trip) -> int:
    """The earliest time 0 of ``second`` when the vehicle has driven ``first`` before."""
    _arrivals, at_campus = _recomputed(problem, first)
    ready = first.depart_s + at_campus + problem.limits.turnaround_s
    if problem.direction is Direction.RETURN:
        ready += _seconds(problem, CAMPUS, second.stops[0].stop_id)
    return ready


def _rider_findings(problem: Problem, plan: Plan) -> Iterator[Finding]:
    stops_of = {rider.rider_id: rider.stop_ids for rider in problem.riders}
    # Who never reached the problem cannot be checked against it; in a trip he would still be found.
    outside = {rider.rider_id for rider in plan.unserved if rider.reason in _OUTSIDE}
    times = Counter(
        rider.rider_id for rider in plan.unserved if rider.rider_id not in outside - stops_of.keys()
    )
    for trip in plan.trips:
        for halt in trip.stops:
            for rider_id in halt.rider_ids:
                times[rider_id] += 1
                if halt.stop_id not in stops_of.get(rider_id, (halt.stop_id,)):
                    yield _finding(
                        "plan_rider_at_wrong_stop",
                        trip,
                        at=rider_id,
                        rider_id=rider_id,
                        stop_id=halt.stop_id,
                    )
    tests: tuple[tuple[str, Callable[[str], bool]], ...] = (
        ("plan_rider_unknown", lambda rider_id: rider_id not in stops_of),
        ("plan_rider_twice", lambda rider_id: times[rider_id] > 1),
        ("plan_rider_missing", lambda rider_id: times[rider_id] == 0),
    )
    for code, applies in tests:
        for rider_id in sorted({*times, *stops_of}):
            if applies(rider_id):
                yield Finding(code=code, place=rider_id, facts={"rider_id": rider_id})


def _total_findings(plan: Plan) -> Iterator[Finding]:
    total = sum(trip.cost_fen for trip in plan.trips)
    if plan.cost_fen != total:
        facts = {"shown_fen": plan.cost_fen, "right_fen": total}
        yield Finding(code="plan_total_wrong", place="cost_fen", facts=facts)
    if plan.lower_bound_fen > total:
        facts = {"lower_bound_fen": plan.lower_bound_fen, "cost_fen": total}
        yield Finding(code="plan_bound_above_cost", place="lower_bound_fen", facts=facts)


def _seconds(problem: Problem, origin: str, target: str) -> int:
    return problem.travel.between(origin, target)[1]
