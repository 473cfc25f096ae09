"""
OR-Tools' routing search: the only module that knows it. A plan in, a plan out, all routes pooled.

Matrices are registered, never called back (planner notes, §5: callbacks cost a third of the
search). Lines of licensed buses are arcs that do not fit into the ride time on that bus.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from busops.planner.effort import Effort
from busops.planner.model import FREE, Model
from busops.planner.search.fleet_state import Assigned
from busops.planner.search.pool import RoutePool
from busops.planner.search.routes import RouteBook, keeps_limits

_NEVER_S: Final = 10**9
_ABSENT_COST: Final = 10**11
_LIMIT_ASKED_EVERY: Final = 64
_FOREVER_S: Final = 3600
_BOTH: Final = 2  # who share a trip


class RoutingSearch:
    """One guided local search; a vehicle of several lines keeps the line that it has in ``start``."""

    def __init__(self, book: RouteBook, start: Sequence[Assigned], pool: RoutePool) -> None:
        self.book = book
        self.model: Model = book.model
        self.pool = pool
        self.vehicles, self.start = _vehicles(self.model, start)
        self._nodes = pywrapcp.RoutingIndexManager(self.model.size + 1, len(self.vehicles), 0)
        self._routing = pywrapcp.RoutingModel(self._nodes)
        self.solutions = 0
        self.best_cost: int | None = None
        self._add_costs()
        self._add_limits()

    def run(self, effort: Effort, on_better: Callable[[], None]) -> tuple[Assigned, ...] | None:
        """The best plan found, never worse than the start; None when the search found no plan at all."""
        parameters = pywrapcp.DefaultRoutingSearchParameters()
        strategies = routing_enums_pb2.FirstSolutionStrategy
        parameters.first_solution_strategy = strategies.PARALLEL_CHEAPEST_INSERTION
        heuristics = routing_enums_pb2.LocalSearchMetaheuristic
        parameters.local_search_metaheuristic = (
            # Counted rounds: guided search never ends by itself, and how far it comes depends on the machine.
            heuristics.GUIDED_LOCAL_SEARCH if effort.rounds is None else heuristics.GREEDY_DESCENT
        )
        parameters.time_limit.FromMilliseconds(int(1000 * min(effort.left_s(), _FOREVER_S)))
        self._routing.AddAtSolutionCallback(lambda: self._at_solution(on_better))
        self._routing.CloseModelWithParameters(parameters)
        self._routing.solver().ReSeed(1)
        self._routing.AddSearchMonitor(self._routing.solver().CustomLimit(_Patience(effort)))
        warm = self._routing.ReadAssignmentFromRoutes([list(stops) for stops in self.start], True)
        if warm is None:
            found = self._routing.SolveWithParameters(parameters)
        else:
            found = self._routing.SolveFromAssignmentWithParameters(warm, parameters)
        return None if found is None else self._read(lambda index: found.Value(self._routing.NextVar(index)))

    def _add_costs(self) -> None:
        model, routing = self.model, self._routing
        by_rate: dict[int, int] = {}
        for vehicle, number in enumerate(self.vehicles):
            kind = model.kinds[number]
            if kind.per_m not in by_rate:
                matrix = [[metres * kind.per_m for metres in row] for row in model.way_m]
                by_rate[kind.per_m] = routing.RegisterTransitMatrix(matrix)
            routing.SetArcCostEvaluatorOfVehicle(by_rate[kind.per_m], vehicle)
            routing.SetFixedCostOfVehicle(kind.fixed, vehicle)
        for node in range(1, model.size + 1):
            routing.AddDisjunction([self._nodes.NodeToIndex(node)], _ABSENT_COST * model.load[node])

    def _add_limits(self) -> None:
        model, routing = self.model, self._routing
        seats = [model.kinds[number].capacity for number in self.vehicles]
        load = routing.RegisterUnaryTransitVector(list(model.load))
        routing.AddDimensionWithVehicleCapacity(load, 0, seats, True, "seats")
        halts = self._halts()
        routing.AddDimension(halts, 0, model.max_stops, True, "halts")
        drives = {course: routing.RegisterTransitMatrix(_drives(model, course)) for course in self._courses()}
        transits = [drives[model.kinds[number].course] for number in self.vehicles]
        latest = max(model.late_s, default=0)
        routing.AddDimensionWithVehicleTransits(transits, 0, latest, True, "ride")
        ride = routing.GetDimensionOrDie("ride")
        for node in range(1, model.size + 1):
            index = self._nodes.NodeToIndex(node)
            ride.CumulVar(index).SetRange(0, model.late_s[node])
            allowed = [
                vehicle
                for vehicle, number in enumerate(self.vehicles)
                if model.may_serve(model.kinds[number].course, node)
            ]
            if len(allowed) < len(self.vehicles):
                # -1 stays allowed: it means "served by nobody".
                routing.VehicleVar(index).SetValues([-1, *allowed])
        self._add_pairs()

    def _halts(self) -> int:
        """What each step adds to the halts of a trip: nothing where the place stays the same."""
        model, routing = self.model, self._routing
        if not model.has_twins:
            return int(routing.RegisterUnaryTransitVector([0] + [1] * model.size))
        rows: list[Any] = [
            [int(other > 0 and here != model.place[other]) for other in range(model.size + 1)]
            for here in model.place
        ]
        return int(routing.RegisterTransitMatrix(rows))

    def _add_pairs(self) -> None:
        """Foes are never both on one vehicle's trip, mates never on two; who is absent binds nobody."""
        model, routing, solver = self.model, self._routing, self._routing.solver()
        for table, is_apart in ((model.foes, True), (model.mates, False)):
            for node, others in enumerate(table):
                for other in others:
                    if other < node:
                        continue
                    first, second = self._nodes.NodeToIndex(node), self._nodes.NodeToIndex(other)
                    active = routing.ActiveVar(first) + routing.ActiveVar(second)
                    same = solver.IsEqualVar(routing.VehicleVar(first), routing.VehicleVar(second))
                    solver.Add(active + same <= _BOTH if is_apart else active - same < _BOTH)

    def _courses(self) -> set[int]:
        return {self.model.kinds[number].course for number in self.vehicles}

    def _at_solution(self, on_better: Callable[[], None]) -> None:
        self.solutions += 1
        routing = self._routing
        self._read(lambda index: routing.NextVar(index).Value())
        cost = routing.CostVar().Min()
        if self.best_cost is None or cost < self.best_cost:
            self.best_cost = cost
            on_better()

    def _read(self, follow: Callable[[int], int]) -> tuple[Assigned, ...]:
        routing, plan = self._routing, []
        for vehicle, number in enumerate(self.vehicles):
            stops = []
            index = follow(routing.Start(vehicle))
            while not routing.IsEnd(index):
                stops.append(self._nodes.IndexToNode(index))
                index = follow(index)
            course = self.model.kinds[number].course
            if stops and keeps_limits(self.model, course, stops):
                self.pool.add(self.book.route(course, tuple(stops)))
                plan.append((number, tuple(stops)))
        return tuple(plan)


class _Patience:
    """A limit that the search asks very often: most answers must cost nothing."""

    def __init__(self, effort: Effort) -> None:
        self.effort = effort
        self.asked = 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.asked % _LIMIT_ASKED_EVERY == 0 and self.effort.wish()


def _vehicles(model: Model, start: Sequence[Assigned]) -> tuple[list[int], list[tuple[int, ...]]]:
    """A kind for each vehicle trip in stock, and the route each drives at the start."""
    kinds = [kind for kind, _stops in start]
    routes = [stops for _kind, stops in start]
    for group, count in enumerate(model.trips_of_group):
        used = sum(1 for kind in kinds if model.kinds[kind].group == group)
        own = [number for number, kind in enumerate(model.kinds) if kind.group == group]
        for spare in range(count - used if own else 0):
            kinds.append(own[spare % len(own)])
            routes.append(())
    return kinds, routes


def _drives(model: Model, course: int) -> list[list[int]]:
    """Seconds from node to node on a course; never where its order forbids it; the way home is not capped."""
    ranks = model.ranks[course]
    rows: list[Any] = [[0, *row[1:]] for row in model.way_s]
    for node, row in enumerate(rows):
        row[node] = 0
        if course != FREE and ranks is not None and node:
            for other in range(1, model.size + 1):
                if ranks[other] < ranks[node]:
                    row[other] = _NEVER_S
    return rows
