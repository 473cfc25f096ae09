"""
The master linear program: routes as columns, every stop covered, no stock of vehicles overdrawn,
and seats enough for all riders, those included whom no node holds.

Its prices steer the pricing; what it is worth is only an estimate. The proof is made of integers
in ``generation.py``.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from ortools.linear_solver import pywraplp

from busops.planner.columns.pricing import ROUNDING, Duals
from busops.planner.model import Model
from busops.planner.search.fleet_state import Assigned

_ABSENT_COST: Final = 10**9  # milli-fen a rider: an escape for the first program, dearer than any trip
_SCALE: Final = 1e-5  # the program counts in yuan


class Master:
    """The program and its columns; a column is a kind and its stops, which may repeat."""

    def __init__(self, model: Model, columns: Iterable[Assigned], riders: int) -> None:
        self.model = model
        self.solver = pywraplp.Solver.CreateSolver("GLOP")
        self.goal = self.solver.Objective()
        self.goal.SetMinimization()
        infinity = self.solver.infinity()
        self.cover = [self.solver.Constraint(1, infinity) for _node in range(model.size)]
        self.stock = [self.solver.Constraint(-infinity, trips) for trips in model.trips_of_group]
        # Where every rider is in a node the stops' rows say it already; once more would only confuse.
        self.seats = self.solver.Constraint(riders if riders > sum(model.load) else 0, infinity)
        self.variables: dict[Assigned, pywraplp.Variable] = {}
        self.costs: dict[Assigned, int] = {}
        for node in range(1, model.size + 1):
            variable = self.solver.NumVar(0, infinity, "")
            self.goal.SetCoefficient(variable, _SCALE * _ABSENT_COST * model.load[node])
            self.cover[node - 1].SetCoefficient(variable, 1)
            self.seats.SetCoefficient(variable, model.load[node])
        for column in columns:
            self.add(column)

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
        self.seats.SetCoefficient(variable, kind.capacity)
        for node, times in Counter(stops).items():
            self.cover[node - 1].SetCoefficient(variable, times)
        self.variables[column] = variable
        return True

    def solve(self) -> float:
        """The program is solved; returns its worth in milli-fen, or infinity when the solver gave up."""
        for parameters in _ways_to_solve():
            if self.solver.Solve(parameters) == pywraplp.Solver.OPTIMAL:
                return float(self.goal.Value()) / _SCALE
        return float("inf")

    def prices(self) -> np.ndarray:
        """Prices of the nodes (with node 0), of the stocks, and of a seat; in milli-fen, not rounded."""
        node = np.maximum([0.0, *(row.dual_value() for row in self.cover)], 0.0)
        group = np.minimum([row.dual_value() for row in self.stock], 0.0)
        return np.concatenate((node, group, [max(self.seats.dual_value(), 0.0)])) / _SCALE


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


def rounded(model: Model, prices: np.ndarray) -> Duals:
    """Integer prices; whatever they are, the bound made of them is valid."""
    whole = np.rint(prices).astype(np.int64)
    nodes = model.size + 1
    return Duals(node=whole[:nodes], group=whole[nodes:-1], seat=int(whole[-1]))


def cost_of(model: Model, column: Assigned) -> int:
    """Milli-fen of a trip, with the most that rounding to fen may save."""
    number, stops = column
    kind = model.kinds[number]
    return kind.fixed - ROUNDING + kind.per_m * model.metres(stops)
