"""
The best plan that the pool of routes can make: set partitioning, first as an LP, then by CP-SAT.

One column for each kind of vehicle that may drive a route. The LP's reduced costs drop columns
that cannot be part of anything better than the plan at hand; CP-SAT chooses among the rest.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ortools.linear_solver import pywraplp
from ortools.sat.python import cp_model

from busops.planner.effort import Effort
from busops.planner.model import Model
from busops.planner.search.fleet_state import Assigned
from busops.planner.search.pool import RoutePool

_ABSENT_COST: Final = 10**11
_MOST_COLUMNS: Final = 6000
_POLL_S: Final = 0.05
_WORTH_S: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    kind: int
    stops: tuple[int, ...]
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Solution:
    plan: tuple[Assigned, ...]
    cost: int  # milli-fen, with the cost of absent nodes


def assemble(
    model: Model, pool: RoutePool, best: Sequence[Assigned], effort: Effort, seed: int
) -> tuple[Assigned, ...] | None:
    """A plan of pool routes that costs less than ``best``, or None when none was found in the time."""
    columns = _columns(model, pool, best)
    own = {(kind, frozenset(stops)) for kind, stops in best}
    best_cost = sum(_cost(model, kind, model.metres(stops)) for kind, stops in best)
    served = {node for _kind, stops in best for node in stops}
    absent = [node for node in range(1, model.size + 1) if node not in served]
    best_cost += sum(_ABSENT_COST * model.load[node] for node in absent)
    kept = _filtered(model, columns, best_cost, own)
    if not kept or effort.left_s() < _WORTH_S or effort.wish():
        return None
    solution = _choose(model, kept, own, effort, seed)
    return None if solution is None or solution.cost >= best_cost else solution.plan


def _cost(model: Model, kind: int, metres: int) -> int:
    return model.kinds[kind].fixed + model.kinds[kind].per_m * metres


def _columns(model: Model, pool: RoutePool, best: Sequence[Assigned]) -> list[_Column]:
    cheapest: dict[tuple[int, frozenset[int]], _Column] = {}
    offered = [(route.course, route.stops, route.load, route.distance_m) for route in pool]
    for kind, stops in best:
        load = sum(model.load[node] for node in stops)
        offered.append((model.kinds[kind].course, stops, load, model.metres(stops)))
    own = {frozenset(stops) for _kind, stops in best}
    for course, stops, load, metres in offered:
        # The proof's routes know nothing of pairs, and take a stop in parts for one halt wherever it comes.
        is_lawful = model.keeps_pairs(stops) and model.halts(stops) <= model.max_stops
        if not is_lawful and frozenset(stops) not in own:
            continue
        for kind in model.kinds_on[course]:
            if model.kinds[kind].capacity >= load:
                column = _Column(kind=kind, stops=stops, cost=_cost(model, kind, metres))
                key = kind, frozenset(stops)
                if key not in cheapest or column.cost < cheapest[key].cost:
                    cheapest[key] = column
    return list(cheapest.values())


def _filtered(
    model: Model, columns: list[_Column], best_cost: int, own: set[tuple[int, frozenset[int]]]
) -> list[_Column]:
    """Columns whose reduced cost still fits between the LP's value and the plan at hand."""
    lp = pywraplp.Solver.CreateSolver("GLOP")
    if lp is None:
        return columns[:_MOST_COLUMNS]
    cover = [lp.Constraint(1, 1) for _node in range(model.size)]
    stock = [lp.Constraint(0, count) for count in model.trips_of_group]
    goal = lp.Objective()
    goal.SetMinimization()
    for node in range(1, model.size + 1):
        absent = lp.NumVar(0, 1, "")
        goal.SetCoefficient(absent, float(_ABSENT_COST * model.load[node]))
        cover[node - 1].SetCoefficient(absent, 1)
    variables = []
    for column in columns:
        variable = lp.NumVar(0, lp.infinity(), "")
        goal.SetCoefficient(variable, float(column.cost))
        stock[model.kinds[column.kind].group].SetCoefficient(variable, 1)
        for node in column.stops:
            cover[node - 1].SetCoefficient(variable, 1)
        variables.append(variable)
    if lp.Solve() != pywraplp.Solver.OPTIMAL:
        return columns[:_MOST_COLUMNS]
    room = best_cost - goal.Value()
    priced = sorted(
        ((variable.reduced_cost(), number) for number, variable in enumerate(variables)),
    )
    kept = [columns[number] for reduced, number in priced if reduced <= room + 1][:_MOST_COLUMNS]
    have = {(column.kind, frozenset(column.stops)) for column in kept}
    kept += [
        column
        for column in columns
        if (key := (column.kind, frozenset(column.stops))) in own and key not in have
    ]
    return kept


def _choose(
    model: Model,
    columns: Sequence[_Column],
    own: set[tuple[int, frozenset[int]]],
    effort: Effort,
    seed: int,
) -> _Solution | None:
    program = cp_model.CpModel()
    chosen = [program.new_bool_var(f"column_{number}") for number in range(len(columns))]
    absent = [program.new_bool_var(f"absent_{node}") for node in range(1, model.size + 1)]
    covering: list[list[cp_model.IntVar]] = [[variable] for variable in absent]
    drawing: list[list[cp_model.IntVar]] = [[] for _group in model.trips_of_group]
    for column, variable in zip(columns, chosen, strict=True):
        drawing[model.kinds[column.kind].group].append(variable)
        for node in column.stops:
            covering[node - 1].append(variable)
        program.add_hint(variable, (column.kind, frozenset(column.stops)) in own)
    for variables in covering:
        program.add_exactly_one(variables)
    for variables, count in zip(drawing, model.trips_of_group, strict=True):
        program.add(sum(variables) <= count)
    missing = [_ABSENT_COST * model.load[node + 1] * absent[node] for node in range(model.size)]
    program.minimize(
        sum(column.cost * variable for column, variable in zip(columns, chosen, strict=True)) + sum(missing)
    )
    solver = _solved(program, effort, seed)
    if solver is None:
        return None
    plan = tuple(
        (column.kind, column.stops)
        for column, variable in zip(columns, chosen, strict=True)
        if solver.boolean_value(variable)
    )
    return _Solution(plan=plan, cost=round(solver.objective_value))


def _solved(program: cp_model.CpModel, effort: Effort, seed: int) -> cp_model.CpSolver | None:
    """The solver with a solution, or None; it runs beside this thread, which goes on asking for the wish."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed % 2**31
    if effort.rounds is None:
        solver.parameters.max_time_in_seconds = effort.left_s()
    else:
        solver.parameters.max_deterministic_time = float(effort.rounds)
    statuses: list[cp_model.CpSolverStatus] = []
    worker = threading.Thread(target=lambda: statuses.append(solver.solve(program)))
    worker.start()
    while worker.is_alive():
        worker.join(_POLL_S)
        if effort.wish():
            solver.stop_search()
    usable = statuses and statuses[0] in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return solver if usable else None
