"""Vehicles are shared out once, where they are needed; afterwards each ride has what costs least."""

from dataclasses import replace
from itertools import product

import pytest

from busops.domain.values import Direction
from busops.planner.demand import Node
from busops.planner.scale.borders import first_cuts, next_cuts
from busops.planner.scale.shares import exchange, shared_out
from busops.planner.scale.whole import whole_of
from tests.unit.planner.scale.cities import BUS, SMALL, Random, town, with_lines, with_waves
from tests.unit.planner.small import problem, riders

FLEETS = {"coaches": town(), "lines": with_lines(town()), "waves": with_waves(town())}


@pytest.mark.parametrize("name", FLEETS)
def test_no_trip_is_given_twice_and_none_of_a_coach_is_kept_back(name: str) -> None:
    """Over all parts each stock is given at most what it has; free coaches are given entirely."""
    whole = whole_of(FLEETS[name])
    cuts = first_cuts(whole, 4, 25)
    for stock, vehicle in enumerate(whole.stocks):
        given = sum(
            one.max_trips for piece in cuts for one in piece.part.problem.vehicles if int(one.plate) == stock
        )
        assert given <= vehicle.max_trips
        if vehicle.lines is None:
            assert given == vehicle.max_trips


def test_seats_suit_the_riders_of_each_part() -> None:
    """With a third of the seats to spare, every part has more seats than riders, and none twice as many."""
    cuts = first_cuts(whole_of(FLEETS["coaches"]), 5, 20)
    for piece in cuts:
        seats = sum(one.capacity * one.max_trips for one in piece.part.problem.vehicles)
        assert len(piece.riders) <= seats <= 2 * len(piece.riders)


def test_a_licensed_bus_goes_where_its_lines_are() -> None:
    """Two buses of a line whose riders are all in one piece are not given to the other."""
    at = {stop: Node(stop_id=stop, rider_ids=tuple(f"{stop}{n}" for n in range(9))) for stop in "ABC"}
    line = replace(BUS, lines=(("C", "B"),), max_trips=2)
    shares = shared_out([BUS, line], [3, 2], [[at["A"]], [at["B"], at["C"]]], [9, 18])
    assert shares[0] == {0: 1}
    assert shares[1] == {0: 2, 1: 2}
    assert shared_out([line], [2], [[at["A"]]], [9]) == [{}]


def test_the_exchange_finds_the_cheapest_vehicles_and_keeps_lines() -> None:
    """Against every assignment of four vehicles to three rides; the licensed bus on its line only."""
    fleet = (
        replace(BUS, plate="A", capacity=9, fixed_fen=10_000, per_km_fen=300),
        replace(BUS, plate="B", capacity=9, fixed_fen=20_000, per_km_fen=100),
        replace(BUS, plate="C", capacity=20, fixed_fen=25_000, per_km_fen=500),
        replace(BUS, plate="D", capacity=20, fixed_fen=100, per_km_fen=1, lines=(("S1", "S2"),)),
    )
    whole = whole_of(problem(riders(S1=4, S2=4, S3=12, S4=3), *fleet, limits=SMALL))
    node = {one.stop_id: one for one in whole.left}
    routes = [(node["S2"], node["S1"]), (node["S3"],), (node["S4"],)]
    whole.rides, whole.left = [(1, routes[0]), (2, routes[1]), (0, routes[2])], []
    costs = []
    for stocks in product(range(4), repeat=3):
        fits = all(
            whole.stocks[stock].capacity >= sum(len(one.rider_ids) for one in nodes)
            for stock, nodes in zip(stocks, routes, strict=True)
        )
        if fits and len(set(stocks)) == 3 and 3 not in stocks:  # no ride follows the line S1, S2
            costs.append(
                sum(whole.ride_cost(s, whole.metres(n)) for s, n in zip(stocks, routes, strict=True))
            )
    assert exchange(whole)
    assert whole.cost == min(costs)
    assert not exchange(whole)
    whole.rides[0] = (whole.rides[0][0], routes[0][::-1])
    assert exchange(whole)
    assert whole.rides[0][0] == 3


def test_a_return_run_follows_its_line_towards_the_campus() -> None:
    """Groups stand in the order from the campus: on a return run the line is driven the other way round."""
    line = replace(BUS, plate="D", fixed_fen=100, lines=(("S2", "S1"),))
    whole = whole_of(problem(riders(S1=4, S2=4), BUS, line, direction=Direction.RETURN, limits=SMALL))
    node = {one.stop_id: one for one in whole.left}
    free, licensed = sorted(range(2), key=lambda stock: whole.stocks[stock].lines is not None)
    whole.rides, whole.left = [(free, (node["S1"], node["S2"]))], []
    assert exchange(whole)
    assert whole.rides[0][0] == licensed


def test_spare_vehicles_of_a_round_are_not_in_use_elsewhere() -> None:
    """Later cuts: each part has its rides' trips and a share of the spare ones, together what there is."""
    whole = whole_of(FLEETS["waves"])
    rest = whole.left
    whole.rides = [(number % len(whole.stocks), (node,)) for number, node in enumerate(rest[:12])]
    whole.left = rest[12:]
    cuts = next_cuts(whole, 3, Random(1))
    for stock, vehicle in enumerate(whole.stocks):
        given = [
            one.max_trips for piece in cuts for one in piece.part.problem.vehicles if int(one.plate) == stock
        ]
        assert sum(given) == vehicle.max_trips
