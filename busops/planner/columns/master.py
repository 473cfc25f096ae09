"""
The master linear program: routes as columns, every stop covered, no stock of vehicles overdrawn.

Its prices steer the pricing; what it is worth is only an estimate. The proof is made of integers
in ``generation.py``.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final, TypeAlias

import numpy as np
from ortools.linear_solver import pywraplp

from busops.planner.columns.pricing import ROUNDING, Duals
from busops.planner.model import Model
from busops.planner.search.fleet_state import Assigned

_ABSENT_COST: Final = 10**9  # milli-fen a rider: an escape for the first program, dearer than any trip
_NOTHING: Final = 1e-6
_SCALE: Final = 1e-5  # the program counts in yuan

Shares: TypeAlias = list[tuple[float, Assigned]]


class Master:
    """The program and its columns; a column is a kind and its stops, which may repeat."""

    def __init__(self, model: Model, columns: Iterable[Assigned] = ()) -> None:
        self.model = model
        self.solver = pywraplp.Solver.CreateSolver("GLOP")
        self.goal = self.solver.Objective()
        self.goal.SetMinimization()
        infinity = self.solver.infinity()
        self.cover = [self.solver.Constraint(1, infinity) for _node in range(model.size)]
        self.stock = [self.solver.Constraint(-infinity, trips) for trips in model.trips_of_group]
        self.variables: dict[Assigned, pywraplp.Variable] = {}
        self.costs: dict[Assigned, int] = {}
        self.absent = []
        for node in range(1, model.size + 1):
            variable = self.solver.NumVar(0, infinity, "")
            self.goal.SetCoefficient(variable, _SCALE * _ABSENT_COST * model.load[node])
            self.cover[node - 1].SetCoefficient(variable, 1)
            self.absent.append(variable)
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
        for node, times in Counter(stops).items():
            self.cover[node - 1].SetCoefficient(variable, times)
        self.variables[column] = variable
        return True

    def solve(self) -> float:
        """The program is solved; returns its worth in milli-fen, or infinity when the solver gave up."""
        if self.solver.Solve() != pywraplp.Solver.OPTIMAL:
            self.solver.Reset()
            if self.solver.Solve() != pywraplp.Solver.OPTIMAL:
                return float("inf")
        return float(self.goal.Value()) / _SCALE

    def duals(self) -> tuple[np.ndarray, np.ndarray]:
        """Prices of the nodes (with node 0) and of the stocks, in milli-fen, not rounded."""
        node = np.array([0.0, *(row.dual_value() for row in self.cover)]) / _SCALE
        group = np.array([row.dual_value() for row in self.stock]) / _SCALE
        return np.maximum(node, 0.0), np.minimum(group, 0.0)

    def shares(self) -> Shares:
        """The columns that the solution uses and how much of each, most first."""
        used = [(variable.solution_value(), column) for column, variable in self.variables.items()]
        return sorted(((share, column) for share, column in used if share > _NOTHING), reverse=True)

    def fix(self, column: Assigned, *, at_least: float) -> None:
        """The solution uses the column at least so much."""
        self.variables[column].SetLb(at_least)


def rounded(node: np.ndarray, group: np.ndarray) -> Duals:
    """Integer prices; whatever they are, the bound made of them is valid."""
    return Duals(node=np.rint(node).astype(np.int64), group=np.rint(group).astype(np.int64))


def cost_of(model: Model, column: Assigned) -> int:
    """Milli-fen of a trip, with the most that rounding to fen may save."""
    number, stops = column
    kind, way = model.kinds[number], (0, *stops, 0)
    metres = sum(model.way_m[way[at]][way[at + 1]] for at in range(len(way) - 1))
    return kind.fixed - ROUNDING + kind.per_m * metres
