"""
The master linear program: routes as columns, every stop covered, each stock of vehicles within its
limits, cuts kept, and seats enough for all riders, those included whom no node holds.

Its prices steer the pricing; what it is worth is only an estimate. The proof is made of integers
in ``generation.py``.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from ortools.linear_solver import pywraplp

from busops.planner.columns.cuts import Cut, cut_table, violated
from busops.planner.columns.limits import TripLimits, no_limits
from busops.planner.columns.pricing import ROUNDING, Duals
from busops.planner.model import Model
from busops.planner.search.fleet_state import Assigned

_ABSENT_COST: Final = 10**8  # milli-fen a rider: an escape for the first program, dearer than any trip
_SCALE: Final = 1e-5  # the program counts in yuan
_MOST_CUTS: Final = 400
_NOTHING: Final = 1e-6  # a share that the linear solver's own tolerance may have made
_PAIR: Final = 2  # visits to a cut's triple that count


class Master:
    """The program and its columns; a column is a kind and its stops, which may repeat."""

    def __init__(self, model: Model, columns: Iterable[Assigned], riders: int) -> None:
        self.model = model
        self.riders = riders
        self.costs: dict[Assigned, int] = {}
        self.cuts: list[Cut] = []
        self._cut_of: dict[tuple[int, int, int], int] = {}
        self._cuts_at: list[list[int]] = [[] for _node in model.load]
        self.limits = no_limits(model.trips_of_group)
        self._build(columns)

    def _build(self, columns: Iterable[Assigned]) -> None:
        """A new program of these columns, the cuts and the limits."""
        self.solver = pywraplp.Solver.CreateSolver("GLOP")
        self.goal = self.solver.Objective()
        self.goal.SetMinimization()
        infinity, model = self.solver.infinity(), self.model
        self.cover = [self.solver.Constraint(1, infinity) for _node in range(model.size)]
        self.stock = [self.solver.Constraint(-infinity, trips) for trips in model.trips_of_group]
        self.all_trips = self.solver.Constraint(-infinity, infinity)
        # Where every rider is in a node the stops' rows say it already; once more would only confuse.
        self.seats = self.solver.Constraint(self.riders if self.riders > sum(model.load) else 0, infinity)
        self._cut_rows = [self.solver.Constraint(-infinity, 1) for _cut in self.cuts]
        self.variables: dict[Assigned, pywraplp.Variable] = {}
        for node in range(1, model.size + 1):
            variable = self.solver.NumVar(0, infinity, "")
            self.goal.SetCoefficient(variable, _SCALE * _ABSENT_COST * model.load[node])
            self.cover[node - 1].SetCoefficient(variable, 1)
            self.seats.SetCoefficient(variable, model.load[node])
        for column in columns:
            self.add(column)
        self.limit(self.limits)

    def limit(self, limits: TripLimits) -> None:
        """The stocks' rows say these limits."""
        self.limits = limits
        for row, least, most in zip(self.stock, limits.least, limits.most, strict=True):
            row.SetBounds(least, most)
        self.all_trips.SetBounds(limits.least_all, limits.most_all)

    def add(self, column: Assigned) -> bool:
        """The column is in the program; False if it was there."""
        if column in self.variables:
            return False
        number, stops = column
        kind = self.model.kinds[number]
        variable = self.solver.NumVar(0, self.solver.infinity(), "")
        self.costs[column] = cost_of(self.model, column)
        self.goal.SetCoefficient(variable, _SCALE * self.costs[column])
        self.stock[kind.group].SetCoefficient(variable, 1)
        self.all_trips.SetCoefficient(variable, 1)
        self.seats.SetCoefficient(variable, kind.capacity)
        for node, times in Counter(stops).items():
            self.cover[node - 1].SetCoefficient(variable, times)
        self.variables[column] = variable
        visits = Counter(cut for node in stops for cut in self._cuts_at[node])
        for cut, count in visits.items():
            if count >= _PAIR and (times := self.cuts[cut].times(stops)):
                self._cut_rows[cut].SetCoefficient(variable, times)
        return True

    def solve(self) -> float:
        """The program is solved; returns its worth in milli-fen, or infinity when the solver gave up."""
        for is_last in (False, True):
            for parameters in _ways_to_solve():
                if self.solver.Solve(parameters) == pywraplp.Solver.OPTIMAL:
                    return float(self.goal.Value()) / _SCALE
            if (
                not is_last
            ):  # what has gone wrong with rows and columns added one by one may not go wrong anew
                self._build(tuple(self.variables))
        return float("inf")

    def prices(self) -> np.ndarray:
        """
        Prices of the nodes (with node 0), of the stocks, of a seat, and what each cut asks; in
        milli-fen, not rounded.
        """
        node = np.maximum([0.0, *(row.dual_value() for row in self.cover)], 0.0)
        group = np.array([row.dual_value() for row in self.stock]) + self.all_trips.dual_value()
        cuts = np.maximum([-row.dual_value() for row in self._cut_rows], 0.0)
        return np.concatenate((node, group, [max(self.seats.dual_value(), 0.0)], cuts)) / _SCALE

    def rounded(self, prices: np.ndarray) -> Duals:
        """Integer prices; whatever they are, the bound made of them is valid."""
        whole = np.rint(prices).astype(np.int64)
        nodes = self.model.size + 1
        groups = nodes + len(self.model.trips_of_group)
        penalty = [int(asked) for asked in whole[groups + 1 :]]
        return Duals(
            node=whole[:nodes],
            group=whole[nodes:groups],
            seat=int(whole[groups]),
            cuts=cut_table(nodes, self.cuts[: len(penalty)], penalty),
        )

    def shares(self) -> Iterator[tuple[Assigned, float]]:
        """The columns that the solved program uses, with their share."""
        for column, variable in self.variables.items():
            share = variable.solution_value()
            if share > _NOTHING:
                yield column, share

    def trips(self) -> list[float]:
        """How many trips each stock makes in the solved program."""
        trips = [0.0] * len(self.stock)
        for (kind, _stops), share in self.shares():
            trips[self.model.kinds[kind].group] += share
        return trips

    def cut(self) -> int:
        """Cuts that the solved program violates are rows now, or remember more; returns how many."""
        shares = list(self.shares())
        changed = 0
        for triple in violated(len(self.model.load), shares, _MOST_CUTS - len(self.cuts)):
            number = self._cut_of.get(triple)
            if number is None:
                number = self._new_cut(triple)
            cut = self.cuts[number]
            before = len(cut.memory)
            for (_kind, stops), _share in shares:
                cut.learn(stops)
            if len(cut.memory) > before:
                changed += 1
                self._measure(number)
        return changed

    def _new_cut(self, triple: tuple[int, int, int]) -> int:
        number = len(self.cuts)
        self.cuts.append(Cut(triple))
        self._cut_of[triple] = number
        self._cut_rows.append(self.solver.Constraint(-self.solver.infinity(), 1))
        for node in triple:
            self._cuts_at[node].append(number)
        return number

    def _measure(self, number: int) -> None:
        """The cut's row has the right factor for every column."""
        cut, row = self.cuts[number], self._cut_rows[number]
        triple = frozenset(cut.triple)
        for column, variable in self.variables.items():
            if len(triple.intersection(column[1])) >= _PAIR:
                row.SetCoefficient(variable, cut.times(column[1]))


def _ways_to_solve() -> Iterator[pywraplp.MPSolverParameters]:
    """From the last basis; if that fails numerically, afresh, by the one simplex and then the other."""
    yield pywraplp.MPSolverParameters()
    for algorithm in (pywraplp.MPSolverParameters.PRIMAL, pywraplp.MPSolverParameters.DUAL):
        parameters = pywraplp.MPSolverParameters()
        parameters.SetIntegerParam(
            pywraplp.MPSolverParameters.INCREMENTALITY, pywraplp.MPSolverParameters.INCREMENTALITY_OFF
        )
        parameters.SetIntegerParam(pywraplp.MPSolverParameters.LP_ALGORITHM, algorithm)
        yield parameters


def cost_of(model: Model, column: Assigned) -> int:
    """Milli-fen of a trip, with the most that rounding to fen may save."""
    number, stops = column
    kind = model.kinds[number]
    return kind.fixed - ROUNDING + kind.per_m * model.metres(stops)
