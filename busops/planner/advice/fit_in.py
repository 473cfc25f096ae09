"""
Those whom a plan leaves over, fitted into it where an easier problem lets them: quick, and cheap to judge.

All others stay on their trips. Planning anew may seat more, or the same for less.
"""

from collections import defaultdict

from busops.planner.advice.ground import Ground
from busops.planner.advice.places import Board, Placed, place_alone, place_on
from busops.planner.advice.redrive import Redrive, replanned
from busops.planner.problem import Plan, Problem


def fit_in(problem: Problem, plan: Plan) -> Plan:
    """The plan with as many of its unserved riders as find a place, groups first, the cheapest place each."""
    ground = Ground(problem)
    board = Board.of(ground, plan)
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for one in plan.unserved:
        stops = ground.stops_of.get(one.rider_id, ())
        if stops:
            groups[stops].append(one.rider_id)
    for stops, riders in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        placed = _cheapest(board, tuple(riders), stops)
        if placed is not None:
            board = board.changed(placed.drives)
            continue
        for rider_id in riders:
            single = _cheapest(board, (rider_id,), stops)
            if single is None:
                break  # the others of the group would fare no better
            board = board.changed(single.drives)
    before = Board.of(ground, plan).drives
    changes = [
        Redrive(trip=number, plate=drive.plate, halts=drive.halts)
        for number, drive in board.drives.items()
        if before.get(number) != drive
    ]
    return replanned(problem, plan, changes)


def _cheapest(board: Board, riders: tuple[str, ...], stops: tuple[str, ...]) -> Placed | None:
    found = [place_on(board, number, riders, stops) for number, _drive in board.driven()]
    found.append(place_alone(board, riders, stops))
    places = [one for one in found if isinstance(one, Placed)]
    return min(places, key=lambda one: (one.price_fen, one.rank), default=None)
