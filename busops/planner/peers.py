"""
Other engines on the same problem, for comparison: PyVRP, VROOM, and OR-Tools' routing searches alone.

They are optional extras. Each answers with a plan that goes the same way as ours from the routes on,
so that one verifier and one cost judge all. What an engine cannot express is refused, not simplified.
"""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import accumulate
from typing import Any, Final, TypeAlias

import numpy as np
from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from busops.domain.errors import InvalidInput
from busops.planner.columns.proof import NOTHING_PROVED
from busops.planner.demand import nodes_of
from busops.planner.effort import Effort, StopWish
from busops.planner.finish import finish
from busops.planner.model import FREE, Kind, Model, compile_model
from busops.planner.problem import Plan, Problem
from busops.planner.search.fleet_state import Assigned
from busops.planner.search.greedy import new_search
from busops.planner.search.pool import RoutePool
from busops.planner.search.routes import RouteBook
from busops.planner.search.routing import RoutingSearch

_KNOWS_NO_PAIRS: Final = frozenset({"pyvrp", "vroom"})
Engine: TypeAlias = Callable[[Model, float, int], tuple[Assigned, ...] | None]
_PENALTY_A_UNIT: Final = 100_000  # PyVRP's own max_penalty where a unit of distance costs 1
_ILS_REMOVED: Final = 10
_ILS_NEIGHBOURS: Final = (10, 20)
_ILS_COOLED: Final = 1e-4
_COARSER: Final = 100  # VROOM counts in 32 bits: its costs are in tenths of a fen


def solve_with(engine: str, problem: Problem, *, seconds: float, seed: int) -> Plan | None:
    """
    The engine's plan, or None when it found none that serves everybody.

    Raises InvalidInput when the engine is not installed or cannot express the problem.
    """
    demand = nodes_of(problem)
    search = new_search(compile_model(problem, demand.nodes))
    if any(kind.course != FREE for kind in search.model.kinds):
        raise InvalidInput("peer_knows_no_lines", engine=engine)
    if search.model.foes and engine in _KNOWS_NO_PAIRS:
        raise InvalidInput("peer_knows_no_pairs", engine=engine)
    routes = ENGINES[engine](search.model, seconds, seed)
    if routes is None:
        return None
    search.offer(routes)
    return finish(problem, search, demand.unserved, NOTHING_PROVED, StopWish(None))


def is_installed(engine: str) -> bool:
    """True when the engine's package is there; whether it loads is seen when it is asked."""
    return importlib.util.find_spec(engine.partition("-")[0]) is not None


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as missing:
        raise InvalidInput("peer_not_installed", engine=name) from missing


def _ortools(model: Model, seconds: float, seed: int) -> tuple[Assigned, ...] | None:
    """Guided local search from parallel cheapest insertion; it takes no seed."""
    del seed
    run = RoutingSearch(RouteBook(model), (), RoutePool(model))
    return run.run(Effort(seconds, StopWish(None)), lambda: None)


class _IteratedSearch(RoutingSearch):
    """
    OR-Tools' iterated local search: ruin and recreate of its own, from parallel cheapest insertion.

    Better than guided search where all vehicles are alike (planner notes, §1a, whose settings these
    are). It keeps memory for as long as it runs: only for a process of its own.
    """

    def run(self, effort: Effort, on_better: Callable[[], None]) -> tuple[Assigned, ...] | None:
        """The best plan found; None when the search found no plan at all."""
        routing = self._routing
        parameters = self._parameters(effort)
        routing.AddAtSolutionCallback(lambda: self._at_solution(on_better))
        routing.CloseModelWithParameters(parameters)
        # With SolveWithParameters the same settings are passed over in silence.
        found = routing.SolveWithIteratedLocalSearch(parameters)
        return None if found is None else self._read(lambda index: found.Value(routing.NextVar(index)))

    def _parameters(self, effort: Effort) -> Any:
        parameters = pywrapcp.DefaultRoutingSearchParameters()
        strategies = routing_enums_pb2.FirstSolutionStrategy
        parameters.first_solution_strategy = strategies.PARALLEL_CHEAPEST_INSERTION
        parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GREEDY_DESCENT
        parameters.time_limit.FromMilliseconds(int(1000 * effort.left_s()))
        parameters.use_iterated_local_search = True
        search = parameters.iterated_local_search_parameters
        search.improve_perturbed_solution = False
        again = search.ruin_recreate_parameters
        ruin = again.ruin_strategies.add().sisr
        ruin.max_removed_sequence_size = ruin.avg_num_removed_visits = _ILS_REMOVED
        ruin.bypass_factor = 0.01
        again.recreate_strategy.heuristic = strategies.LOCAL_CHEAPEST_INSERTION
        again.route_selection_neighbors_ratio = 1.0
        again.route_selection_min_neighbors, again.route_selection_max_neighbors = _ILS_NEIGHBOURS
        cooling = search.reference_solution_acceptance_strategy.simulated_annealing
        cooling.initial_temperature = _leg_cost(self.model)
        cooling.final_temperature = cooling.initial_temperature * _ILS_COOLED
        return parameters


def _leg_cost(model: Model) -> float:
    """What a leg to a stop near by costs in the dearest vehicle, milli-fen: the size of a small loss."""
    ways, _seconds = _square(model)
    near = np.sort(ways[1:, 1:], axis=1)[:, 1 : _ILS_NEIGHBOURS[0] + 1]
    per_m = max(kind.per_m for kind in model.kinds)
    return float(near.mean() * per_m) if near.size else float(per_m)


def _ortools_ils(model: Model, seconds: float, seed: int) -> tuple[Assigned, ...] | None:
    """Iterated local search with ruin and recreate; it takes no seed."""
    del seed
    run = _IteratedSearch(RouteBook(model), (), RoutePool(model))
    return run.run(Effort(seconds, StopWish(None)), lambda: None)


def _pyvrp(model: Model, seconds: float, seed: int) -> tuple[Assigned, ...] | None:
    """
    Iterated local search with late acceptance, all its settings but one as its authors chose them.

    Its clock begins when its search does: to hand the problem over costs it nothing.
    """
    pyvrp = _package("pyvrp")
    parameters = pyvrp.SolveParams(penalty=pyvrp.PenaltyParams(max_penalty=most_penalty(model)))
    found = pyvrp.solve(
        pyvrp_problem(model),
        pyvrp.stop.MaxRuntime(seconds),
        seed=seed,
        collect_stats=False,  # it would copy figures of every round
        display=False,
        params=parameters,
    )
    if not found.is_feasible():
        return None
    numbers = _number_of_kind(model)
    return tuple(
        (numbers[route.vehicle_type()], tuple(visit.idx + 1 for visit in route if visit.is_client()))
        for route in found.best.routes()
    )


def most_penalty(model: Model) -> int:
    """
    What PyVRP may at most charge for a rider, a stop or a second too much, in milli-fen.

    Its search begins at half of this and lowers it by a tenth in 500 rounds. Begun far too high (10^11)
    it does not come to look at plans that break a limit a little, which is how it improves; begun too
    low, to break one would save a vehicle. So it begins at the largest fixed cost. Where trips have no
    fixed cost, PyVRP's own 100,000 for each unit that a metre costs is kept.
    """
    dearest = max(kind.fixed for kind in model.kinds)
    return max(_PENALTY_A_UNIT * max(kind.per_m for kind in model.kinds), 2 * dearest)


def pyvrp_problem(model: Model) -> Any:
    """
    PyVRP's ``ProblemData``: the same ways, stocks and limits; limits that cannot bind are left out.

    The way back of open trips has no length and no hours. A second load counts the stops.
    """
    pyvrp = _package("pyvrp")
    ways_m, ways_s = _square(model)
    has_caps, has_stop_limit = _caps_can_bind(model), _stop_limit_can_bind(model)
    clients = [
        pyvrp.Client(
            location=node,
            delivery=[model.load[node], 1] if has_stop_limit else [model.load[node]],
            **({"tw_late": model.late_s[node]} if has_caps else {}),
        )
        for node in range(1, model.size + 1)
    ]
    types = [
        pyvrp.VehicleType(
            num_available=trips,
            capacity=[kind.capacity, model.max_stops] if has_stop_limit else [kind.capacity],
            fixed_cost=kind.fixed,
            unit_distance_cost=kind.per_m,
            **({"start_late": 0} if has_caps else {}),
        )
        for kind, trips in zip(_kinds_in_stock(model), model.trips_of_group, strict=True)
    ]
    seconds = ways_s if has_caps else np.zeros_like(ways_s)
    places = [pyvrp.Location(0, 0)] * len(ways_m)  # only drawn, never measured
    return pyvrp.ProblemData(places, clients, [pyvrp.Depot(0)], types, [ways_m], [seconds])


def _number_of_kind(model: Model) -> list[int]:
    """For each group of vehicles the number of its only kind (a problem with lines has been refused)."""
    groups = [kind.group for kind in model.kinds]
    return [groups.index(group) for group in range(len(model.trips_of_group))]


def _kinds_in_stock(model: Model) -> list[Kind]:
    return [model.kinds[number] for number in _number_of_kind(model)]


def _caps_can_bind(model: Model) -> bool:
    """False when no trip, however long, can come too late anywhere."""
    longest = max(max(row) for row in model.way_s)
    return longest * min(model.max_stops, model.size) > min(model.late_s[1:])


def _stop_limit_can_bind(model: Model) -> bool:
    """False when the largest bus is full before its stops are too many."""
    room = max(kind.capacity for kind in model.kinds)
    fitting = accumulate(sorted(model.load[1:]))
    return sum(load <= room for load in fitting) > model.max_stops


def _vroom(model: Model, seconds: float, seed: int) -> tuple[Assigned, ...] | None:
    """Local search at its deepest exploration; it takes no seed, and with 0 seconds ends by itself."""
    del seed
    vroom = _package("vroom")
    ways_m, ways_s = _square(model)
    given = vroom.Input()
    given.set_durations_matrix("car", ways_s.astype(np.uint32))
    given.set_distances_matrix("car", ways_m.astype(np.uint32))
    latest = max(model.late_s) + int(ways_s.max())
    stock = zip(_number_of_kind(model), model.trips_of_group, strict=True)
    kinds = [number for number, trips in stock for _trip in range(trips)]
    given.add_vehicle(
        [
            vroom.Vehicle(
                number,
                start=0,
                end=0,
                capacity=[model.kinds[kind].capacity],
                profile="car",
                max_tasks=model.max_stops,
                time_window=vroom.TimeWindow(0, latest),
                costs=vroom.VehicleCosts(
                    fixed=model.kinds[kind].fixed // _COARSER,
                    per_hour=0,
                    per_km=model.kinds[kind].per_m * 1000 // _COARSER,
                ),
            )
            for number, kind in enumerate(kinds)
        ]
    )
    given.add_job(
        [
            vroom.Job(
                node,
                location=node,
                delivery=[model.load[node]],
                time_windows=[vroom.TimeWindow(0, model.late_s[node])],
            )
            for node in range(1, model.size + 1)
        ]
    )
    timeout = timedelta(seconds=seconds) if seconds else None
    answer = given.solve(exploration_level=5, nb_threads=1, timeout=timeout)
    if answer.summary.unassigned:
        return None
    stops: dict[int, list[int]] = {}
    for row in answer.routes.itertuples():
        if row.type == "job":
            stops.setdefault(int(row.vehicle_id), []).append(int(row.id))
    return tuple((kinds[number], tuple(nodes)) for number, nodes in stops.items())


def _square(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """Metres, and seconds with the dwell at the first place, as both engines want them."""
    ways_m, ways_s = np.array(model.way_m, dtype=np.int64), np.array(model.way_s, dtype=np.int64)
    np.fill_diagonal(ways_m, 0)
    np.fill_diagonal(ways_s, 0)
    return ways_m, ways_s


ENGINES: Final[Mapping[str, Engine]] = {
    "ortools": _ortools,
    "ortools-ils": _ortools_ils,
    "pyvrp": _pyvrp,
    "vroom": _vroom,
}
UNTIMED: Final = frozenset({"vroom"})  # takes no seed and ends by itself
