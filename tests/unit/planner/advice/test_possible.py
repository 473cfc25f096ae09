"""How many can ride at most: never fewer than the best plan, and the arguments with their figures."""

from dataclasses import replace

from busops.planner.advice.possible import Proved, most_possible
from busops.planner.problem import Limits, RiderDemand
from tests.unit.planner.brute import best_by_trying
from tests.unit.planner.small import coach, problem, random_problem, random_wishes, riders


def test_no_plan_serves_more_than_is_said_to_be_possible() -> None:
    """On 160 tiny problems the bound is at least what trying everything serves, and often is just that."""
    met = short = 0
    for seed in range(160):
        case = random_problem(seed, stops=4, riders_at_most=5, spare=seed % 3 > 0)
        if seed % 3 == 1:
            case = random_wishes(case, seed)
        elif seed % 2:
            case = replace(case, vehicles=case.vehicles[:1])
        most, _cost = best_by_trying(case)
        possible = most_possible(case)
        assert most <= possible.most <= len(case.riders) == possible.riders
        assert bool(possible.proofs) == (possible.most < possible.riders)
        assert all(0 < one.left <= possible.riders - most for one in possible.proofs)
        met += possible.most == most
        short += possible.most < possible.riders
    assert met > 120
    assert short > 20


def test_each_argument_gives_its_figures() -> None:
    """Seats, lines, halts, stops too far and riders without any stop."""
    case = problem(
        (*riders(S1=5, S4=2), RiderDemand(rider_id="X", stop_ids=())), coach("A", capacity=2, max_trips=2)
    )
    possible = most_possible(case)
    assert (possible.riders, possible.most) == (8, 4)
    by = {one.proved: one for one in possible.proofs}
    assert by[Proved.SEATS].facts == {"riders": 7, "seats": 4, "seated": 4}
    assert by[Proved.NO_STOP].left == 1
    lined = problem(riders(S1=1, S4=3), coach("A", capacity=9, lines=(("S1", "S2"),)))
    (proof,) = most_possible(lined).proofs
    assert (proof.proved, proof.left, proof.facts["stops"]) == (Proved.NO_VEHICLE, 3, ("S4",))
    few = problem(riders(S1=1, S2=2, S3=3), coach("A"), limits=Limits(max_stops=2))
    (proof,) = most_possible(few).proofs
    assert (proof.proved, proof.left, proof.facts["halts"]) == (Proved.HALTS, 1, 2)
    near = problem(riders(S1=1, S4=3), coach("A"), limits=Limits(max_ride_s=600, ride_factor_milli=500))
    (proof,) = most_possible(near).proofs
    assert (proof.proved, proof.left) == (Proved.TOO_FAR, 3)


def test_seats_of_lines_count_only_for_their_stops() -> None:
    """Ten seats on a line that S4 does not lie on do not help its riders: two of five find a seat."""
    case = problem(riders(S1=1, S4=5), coach("A", capacity=10, lines=(("S1",),)), coach("B", capacity=2))
    assert most_possible(case).most == 3
    assert most_possible(problem(riders(S1=2))).most == 0
