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
class Column:
    """A route that a vehicle of the kind may drive, and what that costs in milli-fen."""

    kind: int
    stops: tuple[int, ...]
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The best plan of some columns that was found, or None; and if there is certainly no better one."""

    plan: tuple[Assigned, ...] | None
    cost: int  # milli-fen, with the cost of absent nodes
    is_exhausted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a choice of columns must keep beside the stocks: trips of each stock and of all, and more."""

    least: Sequence[int]
    most: Sequence[int]
    least_all: int
    most_all: int
    at_most_one: Sequence[frozenset[int]]  # triples of nodes, two of which one trip at most may serve
    below: int  # the plan serves every node and costs less than this, in the columns' measure


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
    solution = choose(model, kept, own, effort, seed)
    return solution.plan if solution.cost < best_cost else None


def is_lawful(model: Model, stops: Sequence[int]) -> bool:
    """
    True when a trip may take these nodes together.

    The proof's routes know nothing of pairs, and take a stop in parts for one halt wherever it comes.
    """
    return model.keeps_pairs(stops) and model.halts(stops) <= model.max_stops


def _cost(model: Model, kind: int, metres: int) -> int:
    """Milli-fen of a trip."""
    return model.kinds[kind].fixed + model.kinds[kind].per_m * metres


def _columns(model: Model, pool: RoutePool, best: Sequence[Assigned]) -> list[Column]:
    cheapest: dict[tuple[int, frozenset[int]], Column] = {}
    offered = [(route.course, route.stops, route.load, route.distance_m) for route in pool]
    for kind, stops in best:
        load = sum(model.load[node] for node in stops)
        offered.append((model.kinds[kind].course, stops, load, model.metres(stops)))
    own = {frozenset(stops) for _kind, stops in best}
    for course, stops, load, metres in offered:
        if not is_lawful(model, stops) and frozenset(stops) not in own:
            continue
        for kind in model.kinds_on[course]:
            if model.kinds[kind].capacity >= load:
                column = Column(kind=kind, stops=stops, cost=_cost(model, kind, metres))
                key = kind, frozenset(stops)
                if key not in cheapest or column.cost < cheapest[key].cost:
                    cheapest[key] = column
    return list(cheapest.values())


def _filtered(
    model: Model, columns: list[Column], best_cost: int, own: set[tuple[int, frozenset[int]]]
) -> list[Column]:
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


def choose(
    model: Model,
    columns: Sequence[Column],
    own: set[tuple[int, frozenset[int]]],
    effort: Effort,
    seed: int,
    *,
    rules: Rules | None = None,
) -> Solution:
    """The best plan of these columns found with the effort, begun with ``own``, within the rules."""
    program = cp_model.CpModel()
    chosen = [program.new_bool_var("") for _column in columns]
    absent = [program.new_bool_var("") for _node in range(model.size)] if rules is None else []
    covering: list[list[cp_model.IntVar]] = [[variable] for variable in absent] or [
        [] for _ in range(model.size)
    ]
    drawing: list[list[cp_model.IntVar]] = [[] for _group in model.trips_of_group]
    for column, variable in zip(columns, chosen, strict=True):
        drawing[model.kinds[column.kind].group].append(variable)
        for node in column.stops:
            covering[node - 1].append(variable)
        if own:
            program.add_hint(variable, (column.kind, frozenset(column.stops)) in own)
    for variables in covering:
        program.add_exactly_one(variables)
    for variables, count in zip(drawing, model.trips_of_group, strict=True):
        program.add(sum(variables) <= count)
    missing = [_ABSENT_COST * model.load[node + 1] * absent[node] for node in range(len(absent))]
    cost = sum(column.cost * variable for column, variable in zip(columns, chosen, strict=True)) + sum(
        missing
    )
    program.minimize(cost)
    if rules is not None:
        program.add(cost < rules.below)
        _keep(program, rules, (columns, chosen), drawing)
    return _solved(program, (columns, chosen), effort, seed)


def _keep(
    program: cp_model.CpModel,
    rules: Rules,
    offered: tuple[Sequence[Column], Sequence[cp_model.IntVar]],
    drawing: Sequence[Sequence[cp_model.IntVar]],
) -> None:
    """The program keeps the rules."""
    for variables, least, most in zip(drawing, rules.least, rules.most, strict=True):
        program.add_linear_constraint(sum(variables), least, most)
    program.add_linear_constraint(sum(offered[1]), rules.least_all, rules.most_all)
    sets = [frozenset(column.stops) for column in offered[0]]
    for triple in rules.at_most_one:
        pairs = [
            variable for nodes, variable in zip(sets, offered[1], strict=True) if len(triple & nodes) > 1
        ]
        if len(pairs) > 1:
            program.add_at_most_one(pairs)


def _solved(
    program: cp_model.CpModel,
    offered: tuple[Sequence[Column], Sequence[cp_model.IntVar]],
    effort: Effort,
    seed: int,
) -> Solution:
    """What the solver finds; it runs beside this thread, which goes on asking for the wish."""
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
    status = statuses[0] if statuses else cp_model.UNKNOWN
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Solution(plan=None, cost=0, is_exhausted=status == cp_model.INFEASIBLE)
    plan = tuple(
        (column.kind, column.stops)
        for column, variable in zip(*offered, strict=True)
        if solver.boolean_value(variable)
    )
    cost = round(solver.objective_value)
    return Solution(plan=plan, cost=cost, is_exhausted=status == cp_model.OPTIMAL)
