"""Why somebody is where he is: every alternative is a plan that verifies and costs exactly what it says."""

from itertools import pairwise

import pytest

from busops.domain.errors import NotFound
from busops.domain.values import CAMPUS, Direction
from busops.planner.advice.ground import Barrier
from busops.planner.advice.why import Answer, Way, plan_with, why_rider, why_stop, why_trip
from busops.planner.problem import Limits, Plan, Problem, TripStop
from busops.planner.verify import verify
from tests.unit.planner.advice.plans import solved, written
from tests.unit.planner.small import coach, problem, random_problem, random_wishes, riders


def ride_s(case: Problem, plan: Plan, rider_id: str) -> int | None:
    """How long a rider rides by the plan's own times."""
    for trip in plan.trips:
        for halt in trip.stops:
            if rider_id in halt.rider_ids:
                homeward = case.direction is Direction.HOMEWARD
                return halt.arrive_s if homeward else (trip.campus_arrive_s or 0) - halt.leave_s
    return None


def judge(case: Problem, plan: Plan, answer: Answer) -> int:
    """Every alternative is right to the fen and the second; how many there were."""
    for one in answer.alternatives:
        other = plan_with(case, plan, one)
        assert verify(case, other) == ()
        assert other.cost_fen == plan.cost_fen + one.price_fen
        everybody = [rider.rider_id for rider in case.riders]
        before = {name: ride_s(case, plan, name) for name in everybody}
        after = {name: ride_s(case, other, name) for name in everybody}
        shown = {ride.rider_id: (ride.before_s, ride.after_s) for ride in one.rides}
        assert shown == {
            name: (before[name], after[name]) for name in everybody if before[name] != after[name]
        }
        assert one.longest_s == max((ride for ride in after.values() if ride is not None), default=0)
        assert len(other.unserved) <= len(plan.unserved)
        assert other.trips != plan.trips
    assert all(one.price_fen <= two.price_fen for one, two in pairwise(answer.alternatives))
    return len(answer.alternatives)


def test_every_alternative_is_a_plan_that_verifies_and_costs_what_it_says() -> None:
    """All questions about 80 random problems: both directions, lines, waves, choosers, rules."""
    ways: set[Way] = set()
    barriers: set[Barrier] = set()
    judged = left_over = 0
    for seed in range(80):
        case = random_problem(7000 + seed, stops=6, riders_at_most=14, spare=seed % 3 > 0)
        case = random_wishes(case, seed) if seed % 2 else case
        plan = solved(case)
        asked = [why_rider(case, plan, rider.rider_id) for rider in case.riders]
        asked += [why_trip(case, plan, number) for number in range(1, len(plan.trips) + 1)]
        asked += [
            why_stop(case, plan, halt.stop_id, number)
            for number, trip in enumerate(plan.trips, start=1)
            for halt in trip.stops
        ]
        for answer in asked:
            judged += judge(case, plan, answer)
            ways |= {one.way for one in answer.alternatives}
            barriers |= {one.barrier for one in answer.refusals}
            left_over += answer.trip == 0
    assert judged > 500
    assert left_over > 20
    assert ways == set(Way)
    assert barriers >= {
        Barrier.SEATS,
        Barrier.RIDE_CAP,
        Barrier.STOP_LIMIT,
        Barrier.LINE,
        Barrier.ACCESS,
        Barrier.RULE,
    }


def cheapest_move(case: Problem, plan: Plan, rider_id: str) -> int | None:
    """By trying every halt and position of every trip with its own vehicle: the least change of cost."""
    answers = []
    wanted = next(rider.stop_ids for rider in case.riders if rider.rider_id == rider_id)
    trips = [[(halt.stop_id, list(halt.rider_ids)) for halt in trip.stops] for trip in plan.trips]
    here = [
        (number, at)
        for number, trip in enumerate(trips)
        for at, halt in enumerate(trip)
        if rider_id in halt[1]
    ]
    for number in range(len(trips)):
        for stop_id in wanted:
            if here and trips[here[0][0]][here[0][1]][0] == stop_id and number == here[0][0]:
                continue
            for place in range(len(trips[number]) + 2):
                trial = [
                    [(stop, [one for one in on if one != rider_id]) for stop, on in trip] for trip in trips
                ]
                emptied = [[halt for halt in trip if halt[1]] for trip in trial]
                if number != (here[0][0] if here else -1) or emptied[number]:
                    target = emptied[number]
                    there = [halt for halt in target if halt[0] == stop_id]
                    if there:
                        there[0][1].append(rider_id)
                    elif place <= len(target):
                        target.insert(place, (stop_id, [rider_id]))
                    else:
                        continue
                    cost = cost_if_allowed(case, plan, emptied)
                    if cost is not None:
                        answers.append(cost - plan.cost_fen)
    return min(answers, default=None)


def cost_if_allowed(case: Problem, plan: Plan, trips: list[list[tuple[str, list[str]]]]) -> int | None:
    """What these trips cost on the plan's vehicles, or None where a limit forbids them; own arithmetic."""
    total = 0
    for trip, halts in zip(plan.trips, trips, strict=True):
        if not halts:
            continue
        vehicle = next(one for one in case.vehicles if one.plate == trip.plate)
        homeward, limits = case.direction is Direction.HOMEWARD, case.limits
        names = [stop for stop, _on in halts]
        on_line = vehicle.lines is None or any(
            [stop for stop in line if stop in names] == names for line in vehicle.lines
        )
        if (
            sum(len(on) for _stop, on in halts) > vehicle.capacity
            or len(halts) > limits.max_stops
            or not on_line
        ):
            return None
        order = halts if homeward else halts[::-1]
        now, before = 0, CAMPUS
        for stop, on in order:
            leg = case.travel.between(before, stop) if homeward else case.travel.between(stop, before)
            now += leg[1]
            direct = case.travel.between(CAMPUS, stop) if homeward else case.travel.between(stop, CAMPUS)
            if now > max(limits.max_ride_s, limits.ride_factor_milli * direct[1] // 1000):
                return None
            now += limits.dwell_base_s + limits.dwell_rider_s * len(on)
            before = stop
        path = [*([CAMPUS] if homeward or limits.returns_to_campus else []), *names]
        path += [CAMPUS] if not homeward or limits.returns_to_campus else []
        metres = sum(case.travel.between(one, two)[0] for one, two in pairwise(path))
        total += (1000 * vehicle.fixed_fen + vehicle.per_km_fen * metres + 500) // 1000
    return total


def test_no_cheaper_place_on_the_trips_as_they_are_is_missed() -> None:
    """On 40 random problems the cheapest move without another vehicle is what trying everything finds."""
    compared = 0
    for seed in range(40):
        case = random_problem(9000 + seed, stops=5, riders_at_most=10, spare=True)
        plan = solved(case)
        for rider in case.riders:
            best = cheapest_move(case, plan, rider.rider_id)
            answer = why_rider(case, plan, rider.rider_id)
            plain = [
                one.price_fen
                for one in answer.alternatives
                if one.way in (Way.JOIN, Way.NEW_HALT) and "plate_before" not in one.facts
            ]
            if best is not None:
                compared += 1
                assert min(plain) == best, (seed, rider.rider_id)
    assert compared > 60


def test_a_rider_on_the_road_of_four_stops() -> None:
    """
    Two coaches of 300 yuan and 2.35 a km: one to S1 and S2, one to S4. The rider of S1 on the second
    bus instead costs nothing more (it passes there), and those of S4 ride 33 s longer, those of S2 33 s less.
    """
    case = problem(riders(S1=1, S2=2, S4=2), coach("A", capacity=3), coach("B", capacity=3))
    plan = written(
        case,
        ("A", (("S1", ("S1-1",)), ("S2", ("S2-1", "S2-2")))),
        ("B", (("S4", ("S4-1", "S4-2")),)),
    )
    answer = why_rider(case, plan, "S1-1")
    (best,) = answer.alternatives
    assert (best.way, best.trip, best.price_fen) == (Way.NEW_HALT, 2, 0)
    assert {ride.rider_id: ride.longer_s for ride in best.rides} == {
        "S4-1": 33,
        "S4-2": 33,
        "S2-1": -33,
        "S2-2": -33,
    }
    assert (answer.trip, answer.stop_id, answer.ride_s) == (1, "S1", 300)
    # No vehicle is free: a trip of his own is refused, with the reason.
    assert [(one.trip, one.barrier) for one in answer.refusals] == [(0, Barrier.NO_VEHICLE)]


def test_a_trip_dropped_saves_its_cost_and_says_who_pays_in_minutes() -> None:
    """The trip to S4 spread over the one to S2: its 300 yuan and 20 km out and back fall away, 20 km come."""
    case = problem(riders(S2=2, S4=2), coach("A", capacity=4), coach("B", capacity=2))
    plan = written(case, ("A", (("S2", ("S2-1", "S2-2")),)), ("B", (("S4", ("S4-1", "S4-2")),)))
    dropped = next(one for one in why_trip(case, plan, 1).alternatives if one.way is Way.SPREAD)
    # B's trip would need four seats: A's coach takes it over. 30_000 fen and twice 10 km at 2.35 yuan less.
    assert dropped.price_fen == -(30_000 + 20 * 235)
    assert judge(case, plan, why_trip(case, plan, 1))
    refused = next(one for one in why_stop(case, plan, "S2", 1).refusals if one.trip == 0)
    assert refused.barrier in (Barrier.NO_VEHICLE, Barrier.NO_ROOM)


def test_limits_that_forbid_are_named_with_their_figures() -> None:
    """Seats, ride cap, stop limit and line, each with what is missing."""
    tight = Limits(max_ride_s=1300, ride_factor_milli=1000, max_stops=1, returns_to_campus=True)
    case = problem(riders(S1=2, S4=2), coach("A", capacity=2), coach("B", capacity=2), limits=tight)
    plan = solved(case)
    answer = why_rider(case, plan, "S1-1")
    assert [one.barrier for one in answer.refusals if one.trip] == [Barrier.STOP_LIMIT]
    wide = Limits(max_ride_s=1230, ride_factor_milli=1000, max_stops=4, returns_to_campus=True)
    case = problem(riders(S1=2, S4=2), coach("A", capacity=4), coach("B", capacity=4), limits=wide)
    plan = solved(case)
    assert len(plan.trips) == 2
    answer = why_stop(
        case,
        plan,
        "S1",
        next(number for number, trip in enumerate(plan.trips, 1) if trip.stops[0].stop_id == "S1"),
    )
    refused = next(one for one in answer.refusals if one.trip)
    assert refused.barrier is Barrier.RIDE_CAP
    # S4 lies 20 minutes out; 36 s of dwell at S1 make it 1236 s under a cap of 1230 s.
    assert refused.facts == {"stop_id": "S4", "ride_s": 1236, "cap_s": 1230}
    lined = coach("C", capacity=9, lines=(("S4",),))
    case = problem(riders(S1=2, S4=2), coach("A", capacity=2), lined, limits=wide)
    plan = solved(case)
    at = next(number for number, trip in enumerate(plan.trips, 1) if trip.plate == "A")
    refused = next(one for one in why_stop(case, plan, "S1", at).refusals if one.trip)
    assert refused.barrier in (Barrier.LINE, Barrier.RIDE_CAP)


def test_seats_that_are_missing_bring_a_larger_vehicle() -> None:
    """A full trip takes one rider more when a larger coach is free; the price is the exchange's."""
    case = problem(
        riders(S1=2, S3=1),
        coach("A", capacity=2),
        coach("B", capacity=1, fixed_fen=20_000),
        coach("C", capacity=5, fixed_fen=90_000),
    )
    plan = written(case, ("A", (("S1", ("S1-1", "S1-2")),)), ("B", (("S3", ("S3-1",)),)))
    answer = why_rider(case, plan, "S3-1")
    assert judge(case, plan, answer)
    exchanged = next(one for one in answer.alternatives if one.facts.get("plate_before") == "A")
    assert exchanged.facts["plate"] == "C"
    # C instead of A and B, 10 km of A's and 30 of B's for 30 of C's.
    assert exchanged.price_fen == 90_000 - 30_000 - 20_000 - 10 * 235


def test_what_is_not_in_the_plan_is_not_found() -> None:
    """Unknown riders, stops and trips are NotFound, not empty answers."""
    case = problem(riders(S1=1), coach("A"))
    plan = solved(case)
    with pytest.raises(NotFound, match="advice_rider_unknown"):
        why_rider(case, plan, "nobody")
    for stop_id, trip in (("S2", 1), ("S1", 2), ("S1", 0)):
        with pytest.raises(NotFound, match="advice_stop_not_served"):
            why_stop(case, plan, stop_id, trip)
    with pytest.raises(NotFound, match="advice_trip_unknown"):
        why_trip(case, plan, 2)
    assert isinstance(plan.trips[0].stops[0], TripStop)
