"""
Other engines on the same problem, for comparison: PyVRP, VROOM, and OR-Tools' routing search alone.

They are optional extras. Each answers with a plan that goes the same way as ours from the routes on,
so that one verifier and one cost judge all. What an engine cannot express is refused, not simplified.
"""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import numpy as np

from busops.domain.errors import InvalidInput
from busops.planner.columns.proof import NOTHING_PROVED
from busops.planner.demand import nodes_of
from busops.planner.effort import Effort, StopWish
from busops.planner.finish import finish
from busops.planner.model import FREE, Model, compile_model
from busops.planner.problem import Plan, Problem
from busops.planner.search.fleet_state import Assigned
from busops.planner.search.greedy import new_search
from busops.planner.search.pool import RoutePool
from busops.planner.search.routes import RouteBook
from busops.planner.search.routing import RoutingSearch

Engine: TypeAlias = Callable[[Model, float, int], tuple[Assigned, ...] | None]
_PENALTY: Final = 10**11  # PyVRP: beyond every fixed cost in milli-fen
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
    routes = ENGINES[engine](search.model, seconds, seed)
    if routes is None:
        return None
    search.offer(routes)
    return finish(problem, search, demand.unserved, NOTHING_PROVED, StopWish(None))


def is_installed(engine: str) -> bool:
    """True when the engine's package is there; whether it loads is seen when it is asked."""
    return importlib.util.find_spec(engine) is not None


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


def _pyvrp(model: Model, seconds: float, seed: int) -> tuple[Assigned, ...] | None:
    """Hybrid genetic search; open trips end at a second depot without ways to it."""
    pyvrp = _package("pyvrp")
    ways_m, ways_s = _square(model)
    clients = [
        pyvrp.Client(
            location=node,
            delivery=[model.load[node], 1],
            tw_early=0,
            tw_late=model.late_s[node],
        )
        for node in range(1, model.size + 1)
    ]
    types = [
        pyvrp.VehicleType(
            num_available=trips,
            capacity=[model.kinds[group].capacity, model.max_stops],
            start_depot=0,
            end_depot=0,
            fixed_cost=model.kinds[group].fixed,
            unit_distance_cost=model.kinds[group].per_m,
            start_late=0,
        )
        for group, trips in enumerate(model.trips_of_group)
    ]
    origin = pyvrp.Location(0, 0)
    data = pyvrp.ProblemData([origin] * len(ways_m), clients, [pyvrp.Depot(0)], types, [ways_m], [ways_s])
    parameters = pyvrp.SolveParams(penalty=pyvrp.PenaltyParams(max_penalty=_PENALTY))
    found = pyvrp.solve(data, pyvrp.stop.MaxRuntime(seconds), seed=seed, display=False, params=parameters)
    if not found.is_feasible():
        return None
    return tuple(
        (route.vehicle_type(), tuple(visit.idx + 1 for visit in route if visit.is_client()))
        for route in found.best.routes()
    )


def _vroom(model: Model, seconds: float, seed: int) -> tuple[Assigned, ...] | None:
    """Local search at its deepest exploration; it takes no seed and ends by itself."""
    del seconds, seed
    vroom = _package("vroom")
    ways_m, ways_s = _square(model)
    given = vroom.Input()
    given.set_durations_matrix("car", ways_s.astype(np.uint32))
    given.set_distances_matrix("car", ways_m.astype(np.uint32))
    latest = max(model.late_s) + int(ways_s.max())
    kinds = [group for group, trips in enumerate(model.trips_of_group) for _trip in range(trips)]
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
    answer = given.solve(exploration_level=5, nb_threads=1)
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


ENGINES: Final[Mapping[str, Engine]] = {"ortools": _ortools, "pyvrp": _pyvrp, "vroom": _vroom}
UNTIMED: Final = frozenset({"vroom"})  # knows neither seconds nor seed and ends by itself
