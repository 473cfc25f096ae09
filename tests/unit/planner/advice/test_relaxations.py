"""What would be enough: found by re-planning, smallest steps, right by ``verify``, proved where it is."""

from dataclasses import replace
from itertools import pairwise

from busops.planner.advice.changes import designating
from busops.planner.advice.levers import Lever, rates_of
from busops.planner.advice.possible import Proved
from busops.planner.advice.relaxations import Budget, Certificate, Search, what_would_be_enough
from busops.planner.problem import Limits, Problem, RiderDemand, VehicleOption
from busops.planner.rules.rules import Rules
from busops.planner.verify import verify
from tests.unit.planner.advice.plans import solved
from tests.unit.planner.small import coach, problem, random_problem, random_wishes, riders

BUDGET = Budget(rounds=3)


def asked(case: Problem, wide: Problem | None = None) -> Certificate:
    """The certificate of a solved case, every answer judged."""
    plan = solved(case)
    certificate = what_would_be_enough(case, plan, BUDGET, wide=wide)
    before = {one.rider_id for one in plan.unserved}
    for one in (*certificate.reliefs, *certificate.partial):
        assert verify(one.problem, one.plan) == ()
        assert one.cost_fen == one.plan.cost_fen == plan.cost_fen + one.price_fen
        assert {left.rider_id for left in one.plan.unserved} == set(one.left)
        assert set(one.newly) == before - set(one.left)
        assert one.served == len(case.riders) - len(one.left)
    assert all(not one.left for one in certificate.reliefs)
    assert all(one.left for one in certificate.partial)
    assert all(one.price_fen <= two.price_fen for one, two in pairwise(certificate.reliefs))
    return certificate


def by_lever(certificate: Certificate) -> dict[Lever, dict[str, object]]:
    """Of each lever that alone is enough the cheapest step."""
    found: dict[Lever, dict[str, object]] = {}
    for one in certificate.reliefs:
        if len(one.steps) == 1:
            found.setdefault(one.steps[0].lever, one.steps[0].facts)
    return found


def test_seats_that_are_missing_are_counted_to_the_seat() -> None:
    """Seven riders on four seats: three seats, a second trip, or a hired coach; proved that four is most."""
    case = problem(riders(S1=4, S2=3), coach("A", capacity=4))
    certificate = asked(case)
    assert (certificate.riders, certificate.served, certificate.possible.most) == (7, 4, 4)
    assert certificate.is_proved
    assert certificate.is_whole
    assert [one.proved for one in certificate.possible.proofs] == [Proved.SEATS]
    found = by_lever(certificate)
    assert found[Lever.SEATS] == {"plate": "A", "seats": 3, "capacity": 7}
    assert found[Lever.TRIPS] == {"plate": "A", "trips": 1}
    assert found[Lever.VEHICLE]["count"] == 1
    # Ride cap, factor and stop limit can never be enough: there are four seats.
    short = {one.steps[0].lever: one for one in certificate.partial}
    assert {Lever.RIDE_CAP, Lever.RIDE_FACTOR, Lever.STOP_LIMIT} == set(short)
    assert all(one.proved_short for one in short.values())
    # Three seats more on the one coach cost nothing but the way to S2; a second trip its fixed cost.
    seats = next(one for one in certificate.reliefs if one.steps[0].lever is Lever.SEATS)
    trips = next(one for one in certificate.reliefs if one.steps[0].lever is Lever.TRIPS)
    assert seats.price_fen < trips.price_fen


def test_a_ride_cap_is_raised_by_the_least_step_that_is_enough() -> None:
    """S4 lies 1,200 s out; after S1 (33 s) and S3 its rider needs 1,266 s: five minutes above 1,000 s."""
    limits = Limits(max_ride_s=1000, ride_factor_milli=1000, returns_to_campus=True)
    case = problem(riders(S1=1, S3=1, S4=1), coach("A"), limits=limits)
    certificate = asked(case)
    assert certificate.served == 2
    assert not certificate.is_proved  # alone he could ride: counting proves nothing here
    found = by_lever(certificate)
    assert found[Lever.RIDE_CAP] == {"minutes": 5, "cap_min": 21}
    assert found[Lever.RIDE_FACTOR] == {"factor_milli": 1100}
    assert Lever.VEHICLE in found
    assert Lever.SEATS not in found


def test_a_stop_limit_and_a_line_are_eased_where_they_bind() -> None:
    """One halt too many; and a stop that lies on no line of the only, licensed bus."""
    limits = Limits(max_stops=2, returns_to_campus=True, max_ride_s=7200)
    case = problem(riders(S1=1, S2=1, S3=1), coach("A"), limits=limits)
    found = by_lever(asked(case))
    assert found[Lever.STOP_LIMIT] == {"stops": 1, "max_stops": 3}
    assert found[Lever.TRIPS] == {"plate": "A", "trips": 1}
    lined = problem(riders(S1=1, S3=2), coach("A", lines=(("S1", "S4"),)))
    certificate = asked(lined)
    assert certificate.is_proved
    assert [one.proved for one in certificate.possible.proofs] == [Proved.NO_VEHICLE]
    found = by_lever(certificate)
    assert found[Lever.LINE] == {"plate": "A", "stops": ("S3",)}
    best = certificate.reliefs[0]
    assert best.steps[0].lever is Lever.LINE
    # The stop comes between its neighbours on the road, where it is no detour.
    assert next(one for one in best.problem.vehicles if one.plate == "A").lines == (("S1", "S3", "S4"),)


def test_a_stop_is_designated_for_who_has_none() -> None:
    """A rider whose only stop is not designated: designate it. A second one needs a seat, too: a pair."""
    wide = problem((*riders(S1=2), RiderDemand(rider_id="X", stop_ids=("S4",))), coach("A", capacity=3))
    case = replace(
        wide,
        stop_ids=("S1", "S2", "S3"),
        riders=(*riders(S1=2), RiderDemand(rider_id="X", stop_ids=())),
    )
    certificate = asked(case, wide)
    assert [one.proved for one in certificate.possible.proofs] == [Proved.NO_STOP]
    assert by_lever(certificate) == {Lever.DESIGNATE: {"stops": ("S4",)}}
    tight = replace(wide, vehicles=(coach("A", capacity=2),))
    certificate = asked(replace(case, vehicles=tight.vehicles), tight)
    assert certificate.reliefs
    for one in certificate.reliefs:
        assert len(one.steps) == 2
        assert Lever.DESIGNATE in {step.lever for step in one.steps}
    assert {Lever.SEATS, Lever.TRIPS, Lever.VEHICLE} & {
        step.lever for one in certificate.reliefs for step in one.steps
    }


def test_rules_about_a_stop_hold_once_it_is_designated() -> None:
    """By a rule or by the vehicle's own limits only B may halt at S4: B comes, whatever A has free."""
    demand = (*riders(S1=2, S2=2), RiderDemand(rider_id="X", stop_ids=("S4",)))
    fleet = (coach("A", capacity=4), coach("B", capacity=1, lines=(("S3", "S4"),)))
    closed = (replace(fleet[0], not_stops=frozenset({"S4"})), fleet[1])
    for rules, vehicles in (
        (Rules(only_by={"S4": frozenset({"B"})}), fleet),
        (Rules(), closed),
        (Rules(), (replace(fleet[0], only_stops=frozenset({"S1", "S2", "S3"})), fleet[1])),
    ):
        wide = replace(problem(demand, *vehicles), rules=rules)
        case = replace(
            wide,
            stop_ids=("S1", "S2", "S3"),
            riders=(*riders(S1=2, S2=2), RiderDemand(rider_id="X", stop_ids=())),
            vehicles=tuple(
                replace(one, lines=one.lines and (("S3",),), not_stops=frozenset()) for one in vehicles
            ),
            rules=Rules(),
        )
        eased = designating(wide, ("S4",))(case)
        assert [one.plate for one in eased.vehicles if may_halt(eased, one, "S4")] == ["B"]
        best = asked(case, wide).reliefs[0]
        assert best.steps[0].facts == {"stops": ("S4",)}
        assert {trip.plate for trip in best.plan.trips if trip.stops[0].stop_id == "S4"} == {"B"}


def may_halt(case: Problem, vehicle: VehicleOption, stop_id: str) -> bool:
    """Whether the vehicle may halt there by its lines and people's rules."""
    allowed, courses = case.stops_of(vehicle), case.courses_of(vehicle)
    on_line = courses is None or any(stop_id in line for line in courses)
    return on_line and (allowed is None or stop_id in allowed)


def test_nothing_is_found_where_nothing_can_be() -> None:
    """A rider without any stop and nothing to designate: proved, and no easement is claimed."""
    case = problem((*riders(S1=1), RiderDemand(rider_id="X", stop_ids=())), coach("A"))
    certificate = asked(case)
    assert certificate.reliefs == ()
    assert certificate.is_proved
    assert all(one.proved_short for one in certificate.partial)


def test_who_has_a_place_needs_nothing() -> None:
    """With everybody seated nothing is searched."""
    certificate = asked(problem(riders(S1=2), coach("A")))
    assert (certificate.served, certificate.tried, certificate.reliefs) == (2, 0, ())


def test_random_problems_get_right_answers_the_same_each_time() -> None:
    """Every answer verifies; whoever is left over in random small towns gets one that is enough."""
    helped = 0
    for seed in range(60, 72):
        case = random_problem(seed, stops=5, riders_at_most=14, spare=False)
        case = random_wishes(case, seed) if seed % 2 else case
        plan = solved(case)
        if plan.unserved:
            certificate = asked(case)
            assert certificate.reliefs, seed
            helped += 1
            if helped == 1:
                assert what_would_be_enough(case, plan, BUDGET) == certificate
    assert helped > 3


def test_somebody_may_stop_it_and_sees_how_far_it_is() -> None:
    """A yes to stop ends it with what was found; progress counts ladders, plans and answers."""
    case = problem(riders(S1=4, S2=3), coach("A", capacity=4))
    plan = solved(case)
    told: list[Search] = []
    certificate = what_would_be_enough(
        case, plan, BUDGET, on_progress=told.append, should_stop=lambda: any(one.found for one in told)
    )
    assert told[0].done == 0
    assert told[-1].found >= 1
    assert not certificate.is_whole
    assert certificate.reliefs
    nothing = what_would_be_enough(case, plan, BUDGET, should_stop=lambda: True)
    assert (nothing.tried, nothing.is_whole) == (0, False)


def test_a_hired_coach_costs_what_its_size_usually_does() -> None:
    """Between two sizes of the fleet in proportion, beyond them as the nearest; charters before licensed."""
    case = problem(
        riders(S1=1),
        coach("A", capacity=20, fixed_fen=30_000, per_km_fen=200),
        coach("B", capacity=40, fixed_fen=50_000, per_km_fen=300),
        coach("C", capacity=33, fixed_fen=1, per_km_fen=1, lines=(("S1",),)),
    )
    assert rates_of(case, 30) == (40_000, 250)
    assert rates_of(case, 19) == (30_000, 200)
    assert rates_of(case, 53) == (50_000, 300)
    assert rates_of(case, 40) == (50_000, 300)
