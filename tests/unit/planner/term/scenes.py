"""
Lines and weekends by name for the tests of term mode, and the best plan on lines by trying everything.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from busops.domain.values import Direction
from busops.planner.problem import Problem, VehicleOption
from busops.planner.term.scheme import LineTrip, PlannedHalt, TermLine
from tests.unit.planner.brute import NEVER, trip_cost
from tests.unit.planner.small import random_problem


def a_line(line_id: str, plate: str, *stop_ids: str, is_licensed: bool = False, wave: int = 1) -> TermLine:
    """A line without times: what the weekly plan looks at."""
    driven = LineTrip(
        depart_s=0,
        halts=tuple(
            PlannedHalt(stop_id=stop_id, arrive_s=60 * number, leave_s=60 * number + 30, riders=1)
            for number, stop_id in enumerate(stop_ids, start=1)
        ),
        campus_arrive_s=None,
        distance_m=0,
        cost_fen=0,
    )
    return TermLine(
        line_id=line_id,
        plate=plate,
        is_licensed=is_licensed,
        seats=20,
        wave=wave,
        homeward=driven,
        back=driven,
    )


def random_weekend(seed: int) -> tuple[Problem, tuple[TermLine, ...], frozenset[str]]:
    """A tiny weekend of either direction, two or three lines that share stops, some of them licensed."""
    random = Random(f"term{seed}")
    problem = random_problem(seed, stops=4, riders_at_most=5)
    plates = [vehicle.plate for vehicle in problem.vehicles]
    licensed = frozenset(plate for plate in plates if random.random() < 0.4)
    lines = []
    for number in range(random.choice((2, 3))):
        plate = random.choice(plates)
        stops = random.sample(problem.stop_ids, random.randint(1, 3))
        lines.append(a_line(f"{number:02d}", plate, *stops, is_licensed=plate in licensed))
    return problem, tuple(lines), licensed


def best_on_lines(problem: Problem, lines: Sequence[TermLine], licensed: frozenset[str]) -> tuple[int, int]:
    """The most riders that can be served on these lines, each driven once at most, and the least cost."""
    everyone = (1 << len(problem.riders)) - 1
    plates = [vehicle.plate for vehicle in problem.vehicles]
    table = {(0, tuple(vehicle.max_trips for vehicle in problem.vehicles)): 0}
    for line in lines:
        prices = [
            _prices(problem, vehicle, line, everyone)
            if vehicle.plate not in licensed or vehicle.plate == line.plate
            else {}
            for vehicle in problem.vehicles
        ]
        grown = dict(table)
        for (served, left), cost in table.items():
            for number, plate in enumerate(plates):
                if not left[number]:
                    continue
                after = tuple(trips - (plate == plates[at]) for at, trips in enumerate(left))
                for subset, more in prices[number].items():
                    if not served & subset:
                        key = (served | subset, after)
                        grown[key] = min(grown.get(key, NEVER), cost + more)
        table = grown
    most = max(served.bit_count() for served, _left in table)
    return most, min(cost for (served, _left), cost in table.items() if served.bit_count() == most)


def _prices(problem: Problem, vehicle: VehicleOption, line: TermLine, everyone: int) -> dict[int, int]:
    step = 1 if problem.direction is Direction.HOMEWARD else -1
    only = replace(vehicle, lines=(line.stop_ids[::step],))
    costs = {subset: trip_cost(problem, only, subset) for subset in range(1, everyone + 1)}
    return {subset: cost for subset, cost in costs.items() if cost < NEVER}
