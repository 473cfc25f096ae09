"""
Riders and vehicles onto fixed lines: the fewest riders left over, then the least cost. Exact, by CP-SAT.

Families of riders that may use the same stops are counted, not named. A line is driven once or
not at all; the stops that nobody uses are skipped, the order stays. Which rider sits where and
the clock are made in ``weekly.py``.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final

from ortools.sat.python import cp_model

from busops.planner.effort import StopWish
from busops.planner.problem import Limits
from busops.planner.rules.rules import Rules
from busops.planner.term.courses import Course, Stock

_POLL_S: Final = 0.05
_BIG: Final = 2**53  # sums above this are not told apart by the solver


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Riders that may use the same stops, best first."""

    stop_ids: tuple[str, ...]
    rider_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """A line that is driven: its course, the stock of its vehicle, riders by (family, place of the stop)."""

    course: Course
    stock: int
    riders: dict[tuple[int, int], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """
    The lines driven; ``bound_fen`` cannot be undercut by anything that leaves as few riders over.

    ``is_proven`` when neither fewer left over nor a lower cost is possible on these lines.
    """

    driven: tuple[Assigned, ...]
    bound_fen: int
    is_proven: bool


def assign(
    families: Sequence[Family],
    courses: Sequence[Course],
    stocks: Sequence[Stock],
    limits: Limits,
    *,
    rules: Rules,
    own: dict[int, str],
    effort: float,
    wish: StopWish,
) -> Assignment:
    """
    The best assignment found in about ``effort`` deterministic seconds a goal; never none.

    Riders of ``rules`` must be families of one. ``own`` gives the plate a line was made for: at
    equal cost riders use their own stop and lines their own vehicle. Raises nothing: where no line
    or vehicle is left, nothing is driven.
    """
    if not courses or not stocks or not families:
        return Assignment(driven=(), bound_fen=0, is_proven=True)
    model = _Model(families, courses, stocks, limits, rules)
    model.program.minimize(sum(model.left_over))
    fewest = _solved(model.program, effort, wish)
    if fewest is None:
        return Assignment(driven=(), bound_fen=0, is_proven=False)
    solver, fewest_proven = fewest
    left = sum(solver.value(one) for one in model.left_over)
    model.program.add(sum(model.left_over) <= left)
    taste, most_taste = model.taste(own)
    scale = most_taste + 1
    for variable in model.decisions():
        model.program.add_hint(variable, solver.value(variable))
    model.program.minimize(scale * sum(model.cost) + taste)
    cheapest = None if wish() else _solved(model.program, effort, wish)
    driven = model.read(cheapest[0] if cheapest else solver)
    if cheapest is None or not fewest_proven:
        return Assignment(driven=driven, bound_fen=0, is_proven=False)
    last, is_proven = cheapest
    # All coefficients are whole: a proven optimum is whole too, a bound is taken down to a whole number.
    proved = round(last.objective_value) if is_proven else last.best_objective_bound
    bound_fen = int(proved // scale) if 0 <= proved < _BIG else 0
    return Assignment(driven=driven, bound_fen=bound_fen, is_proven=is_proven)


class _Model:
    """The program: one course after another, joined by the families and the stocks."""

    def __init__(
        self,
        families: Sequence[Family],
        courses: Sequence[Course],
        stocks: Sequence[Stock],
        limits: Limits,
        rules: Rules,
    ) -> None:
        self.program = cp_model.CpModel()
        self.families, self.courses, self.stocks, self.limits = families, courses, stocks, limits
        self.seated: dict[tuple[int, int, int], cp_model.IntVar] = {}  # family, course, place
        self.drives: dict[tuple[int, int], cp_model.IntVar] = {}  # course, stock
        self.halts: list[cp_model.IntVar] = []
        self.cost: list[cp_model.IntVar] = []
        for at, course in enumerate(courses):
            self._course(at, course)
        self.left_over = [self._family(number, family) for number, family in enumerate(families)]
        for number, stock in enumerate(stocks):
            own = [drive for (_at, other), drive in self.drives.items() if other == number]
            self.program.add(sum(own) <= stock.trips)
        self._pairs(rules)

    def decisions(self) -> list[cp_model.IntVar]:
        """Everything that is decided, for a hint."""
        return [*self.seated.values(), *self.drives.values(), *self.halts]

    def taste(self, own: dict[int, str]) -> tuple[cp_model.LinearExpr | int, int]:
        """What decides between plans of equal cost, and its largest value."""
        terms: list[cp_model.LinearExpr | int] = []
        most = 0
        for (number, at, place), riders in self.seated.items():
            family, stop_id = self.families[number], self.courses[at].stop_ids[place - 1]
            rank = family.stop_ids.index(stop_id)
            terms.append(rank * riders)
        for family in self.families:
            most += (len(family.stop_ids) - 1) * len(family.rider_ids)
        for (at, stock), drive in self.drives.items():
            if own.get(self.courses[at].number) not in self.stocks[stock].plates:
                terms.append(1 * drive)
        return sum(terms), most + len(self.courses)

    def read(self, solver: cp_model.CpSolver) -> tuple[Assigned, ...]:
        """The lines that are driven in the solver's solution."""
        driven = []
        for (at, stock), drive in self.drives.items():
            if solver.boolean_value(drive):
                riders = {
                    (family, place): count
                    for (family, other, place), variable in self.seated.items()
                    if other == at and (count := solver.value(variable))
                }
                driven.append(Assigned(course=self.courses[at], stock=stock, riders=riders))
        return tuple(driven)

    def _family(self, number: int, family: Family) -> cp_model.IntVar:
        count = len(family.rider_ids)
        left = self.program.new_int_var(0, count, f"left_{number}")
        own = [riders for (other, _at, _place), riders in self.seated.items() if other == number]
        self.program.add(sum(own) + left == count)
        return left

    def _pairs(self, rules: Rules) -> None:
        """Riders of a rule are families of their own: on one line, or never on the same."""
        family_of = {family.rider_ids[0]: number for number, family in enumerate(self.families)}
        for groups, is_together in ((rules.together, True), (rules.apart, False)):
            for group in groups:
                named = sorted(family_of[rider] for rider in group if rider in family_of)
                for first, second in permutations(named, 2):
                    for at in range(len(self.courses)):
                        here, there = self._aboard(first, at), self._aboard(second, at)
                        if is_together:
                            there = sum(
                                self._aboard(second, other)
                                for other in range(len(self.courses))
                                if other != at
                            )
                        self.program.add(here + there <= 1)

    def _aboard(self, number: int, at: int) -> cp_model.LinearExpr | int:
        return sum(
            riders for (family, course, _), riders in self.seated.items() if (family, course) == (number, at)
        )

    def _course(self, at: int, course: Course) -> None:
        program, able = (
            self.program,
            [number for number, stock in enumerate(self.stocks) if course.number in stock.lines],
        )
        drives = {number: program.new_bool_var(f"drive_{at}_{number}") for number in able}
        self.drives.update({(at, number): drive for number, drive in drives.items()})
        program.add(sum(drives.values()) <= 1)
        seats = max((self.stocks[number].capacity for number in able), default=0)
        aboard = [self._halt(at, course, place, seats) for place in range(1, len(course.stop_ids) + 1)]
        halts = self.halts[-len(course.stop_ids) :]
        for stop_id, halt in zip(course.stop_ids, halts, strict=True):
            for number, drive in drives.items():
                if not self.stocks[number].halts_at(stop_id):
                    program.add(halt + drive <= 1)
        program.add(
            sum(aboard) <= sum(self.stocks[number].capacity * drive for number, drive in drives.items())
        )
        program.add(sum(halts) <= self.limits.max_stops)
        metres = self._way(at, course, (halts, aboard), sum(drives.values()))
        self._price(at, drives, metres)

    def _halt(self, at: int, course: Course, place: int, seats: int) -> cp_model.LinearExpr | int:
        """The number that get off at the place; whether the bus halts there is kept in ``halts``."""
        program, stop_id = self.program, course.stop_ids[place - 1]
        halt = program.new_bool_var(f"halt_{at}_{place}")
        self.halts.append(halt)
        riders = []
        for number, family in enumerate(self.families):
            if stop_id in family.stop_ids:
                most = min(len(family.rider_ids), seats)
                variable = program.new_int_var(0, most, f"seated_{number}_{at}_{place}")
                self.seated[number, at, place] = variable
                riders.append(variable)
        program.add(sum(riders) <= seats * halt)
        program.add(sum(riders) >= halt)
        return sum(riders)

    def _way(
        self,
        at: int,
        course: Course,
        served: tuple[Sequence[cp_model.IntVar], Sequence[cp_model.LinearExpr | int]],
        is_driven: cp_model.LinearExpr | int,
    ) -> cp_model.LinearExpr | int:
        """The metres of the way over the halts that are made; nobody rides longer than his cap."""
        program, (halts, aboard), end = self.program, served, len(course.stop_ids) + 1
        arcs = {
            (first, second): program.new_bool_var(f"leg_{at}_{first}_{second}")
            for first in range(end)
            for second in range(first + 1, end + 1)
            if (first, second) != (0, end)
        }
        program.add(sum(arc for (first, _), arc in arcs.items() if first == 0) == is_driven)
        rides = [
            program.new_int_var(0, cap_s, f"ride_{at}_{place}") for place, cap_s in enumerate(course.caps_s)
        ]
        for place, halt in enumerate(halts, start=1):
            program.add(sum(arc for (_, second), arc in arcs.items() if second == place) == halt)
            program.add(sum(arc for (first, _), arc in arcs.items() if first == place) == halt)
        for (first, second), arc in arcs.items():
            if second == end:
                continue
            seconds = course.seconds[first][second]
            before: cp_model.LinearExpr | int = 0
            if first:
                dwell = self.limits.dwell_base_s + self.limits.dwell_rider_s * aboard[first - 1]
                before = rides[first - 1] + dwell
            program.add(rides[second - 1] >= before + seconds).only_enforce_if(arc)
        return sum(course.metres[first][second] * arc for (first, second), arc in arcs.items())

    def _price(self, at: int, drives: dict[int, cp_model.IntVar], metres: cp_model.LinearExpr | int) -> None:
        """A cost in fen, rounded half up as a trip's is; 0 for a line that is not driven."""
        course = self.courses[at]
        longest = sum(max(row) for row in course.metres)
        able = [self.stocks[number] for number in drives]
        top = max((1000 * stock.fixed_fen + stock.per_km_fen * longest for stock in able), default=0)
        cost = self.program.new_int_var(0, top // 1000 + 1, f"cost_{at}")
        self.cost.append(cost)
        least = min((stock.per_km_fen for stock in able), default=0)
        # True for whichever drives, and what the linear relaxation sees.
        fixed = sum((1000 * self.stocks[number].fixed_fen - 499) * drive for number, drive in drives.items())
        self.program.add(1000 * cost >= fixed + least * metres)
        for number, drive in drives.items():
            stock = self.stocks[number]
            if stock.per_km_fen > least:
                exact = 1000 * stock.fixed_fen - 499 + stock.per_km_fen * metres
                self.program.add(1000 * cost >= exact).only_enforce_if(drive)


def _solved(
    program: cp_model.CpModel, effort: float, wish: StopWish
) -> tuple[cp_model.CpSolver, bool] | None:
    """The solver with a solution, and whether it is proven best; it stops soon after the wish says so."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = effort
    statuses: list[cp_model.CpSolverStatus] = []
    worker = threading.Thread(target=lambda: statuses.append(solver.solve(program)))
    worker.start()
    while worker.is_alive():
        worker.join(_POLL_S)
        if wish():
            solver.stop_search()
    if not statuses or statuses[0] not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return solver, statuses[0] == cp_model.OPTIMAL
