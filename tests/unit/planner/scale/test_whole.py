"""Cutting and joining keep every rider in exactly one place, and send no name away."""

import pickle
from collections import Counter
from random import Random

import pytest

from busops.planner.problem import Problem
from busops.planner.scale.borders import first_cuts, next_cuts
from busops.planner.scale.part import Order, solve_part
from busops.planner.scale.whole import Whole, put_back, whole_of
from tests.unit.planner.scale.cities import (
    riders_of,
    town,
    with_choices,
    with_lines,
    with_too_few,
    with_waves,
)

TOWNS = {
    "plain": town(),
    "lines": with_lines(town(seed=4)),
    "choices": with_choices(town(seed=5)),
    "waves": with_waves(town(seed=6)),
    "too few": with_too_few(town(seed=7)),
}


def never() -> bool:
    """Nobody wishes to stop."""
    return False


def everybody(whole: Whole) -> Counter[str]:
    """How often each rider is in a ride or left over."""
    groups = [node for _stock, nodes in whole.rides for node in nodes] + whole.left
    return Counter(rider for node in groups for rider in node.rider_ids)


def solved(problem: Problem, count: int = 4) -> Whole:
    """The whole after its sectors were solved for a moment each."""
    whole = whole_of(problem)
    cuts = first_cuts(whole, count, 17)
    order = Order(seconds=0, rounds=3, seed=1)
    put_back(whole, [(piece, solve_part(piece.part, order, never)) for piece in cuts])
    return whole


@pytest.mark.parametrize("name", TOWNS)
def test_every_rider_is_in_one_part_and_stays_in_one_place(name: str) -> None:
    """First cut, joined, cut again by rides: always each rider once."""
    problem = TOWNS[name]
    ids = Counter(rider.rider_id for rider in problem.riders)
    first = whole_of(problem)
    assert Counter(riders_of(first_cuts(first, 4, 17))) == ids
    whole = solved(problem)
    assert everybody(whole) == ids
    random = Random(2)
    for _round in range(2):
        cuts = next_cuts(whole, 3, random)
        assert Counter(riders_of(cuts)) == ids
        answers = [solve_part(piece.part, Order(seconds=0, rounds=2, seed=5), never) for piece in cuts]
        put_back(whole, zip(cuts, answers, strict=True))
        assert everybody(whole) == ids


@pytest.mark.parametrize("name", TOWNS)
def test_a_part_solved_again_is_never_worse(name: str) -> None:
    """Riders left over first, cost second: no round of any part makes the whole worse."""
    whole = solved(TOWNS[name])
    random = Random(3)
    for _round in range(2):
        before = whole.score
        cuts = next_cuts(whole, 3, random)
        order = Order(seconds=0, rounds=2, seed=5, heat_milli=300)
        put_back(whole, [(piece, solve_part(piece.part, order, never)) for piece in cuts])
        assert whole.score <= before


def test_stops_of_one_line_stay_together() -> None:
    """The stops of an approved line are in one part, as long as lines that share stops fit into it."""
    problem = with_lines(town(90))
    whole = whole_of(problem)
    lines = sorted({line for stock in whole.stocks for line in stock.lines or ()})[:2]
    whole.stocks = tuple(
        stock
        if stock.lines is None
        else type(stock)(
            plate=stock.plate, capacity=stock.capacity, fixed_fen=1, per_km_fen=1, lines=(lines[0],)
        )
        for stock in whole.stocks
    )
    cuts = first_cuts(whole, 4, 30)
    ridden = {node.stop_id for node in whole.left}
    at = [number for number, piece in enumerate(cuts) for stop in lines[0] if stop in piece.stops]
    assert len(at) == len([stop for stop in lines[0] if stop in ridden])
    assert len(set(at)) == 1
    holders = [
        number
        for number, piece in enumerate(cuts)
        if any(vehicle.lines is not None for vehicle in piece.part.problem.vehicles)
    ]
    assert holders == [at[0]]


def test_no_name_leaves_the_process_and_parts_are_small() -> None:
    """What is sent holds no rider, stop or plate of the problem, and only the ways among its own stops."""
    problem = with_choices(town(120))
    whole = whole_of(problem)
    for piece in first_cuts(whole, 4, 30):
        sent = pickle.dumps(piece.part)
        names = [*piece.riders, *piece.stops, *(vehicle.plate for vehicle in problem.vehicles)]
        assert not [name for name in names if name.encode() in sent]
        assert len(sent) < 2 * 8 * (len(piece.stops) + 1) ** 2 + 100 * len(piece.riders) + 20_000


def test_the_same_part_the_same_seed_the_same_answer() -> None:
    """A part is a pure function of its values."""
    piece = first_cuts(whole_of(TOWNS["lines"]), 2, 45)[0]
    order = Order(seconds=0, rounds=4, seed=9)
    again = pickle.loads(pickle.dumps(piece.part))  # noqa: S301  # our own bytes
    assert solve_part(piece.part, order, never) == solve_part(again, order, never)
