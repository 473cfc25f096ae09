"""
What no plan can undercut, proved by column generation over all routes: the sharper of the two bounds.

It holds for groups as they were made: everybody of a stop together, a group larger than the largest
bus cut into full buses and a rest. Riders who named several stops count by their seats alone, on
whichever bus: leaving out where they get off can only make a plan cheaper where no detour is shorter
than the direct way.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from busops.planner.columns.closing import Closer, Gap
from busops.planner.columns.generation import Climb
from busops.planner.columns.limits import no_limits
from busops.planner.columns.tree import Tree
from busops.planner.demand import direct_s, nodes_of, shortest_ways
from busops.planner.effort import Effort
from busops.planner.model import UNREACHABLE
from busops.planner.problem import Problem
from busops.planner.search.assemble import is_lawful
from busops.planner.search.case import case_of
from busops.planner.search.fleet_state import Assigned
from busops.planner.search.greedy import Search, greedy_plan
from busops.planner.search.routes import Route
from busops.planner.timetable import kept_cost_fen
from busops.planner.travel import TravelTimes

ROUTES: Final = "routes_of_groups"
ROUTES_WITHOUT_CHOOSERS: Final = "routes_without_choosers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """``fen`` can be undercut by no plan of the named model that serves every rider."""

    fen: int
    model: str
    rounds: int


NOTHING_PROVED: Final = Proof(fen=0, model=ROUTES, rounds=0)


class Prover:
    """
    A proof that goes on for as long as it is given effort, and better plans on the way.

    Where riders may choose among stops it proves a bound of its own model and makes no plan.
    """

    def __init__(self, problem: Problem, search: Search, seed: int = 1) -> None:
        self.search = search
        self.kept_fen = kept_cost_fen(problem)
        self.has_choosers = any(len(rider.stop_ids) > 1 for rider in problem.riders)
        relaxed = _without_choosers(problem) if self.has_choosers else search
        self.model_name = ROUTES_WITHOUT_CHOOSERS if self.has_choosers else ROUTES
        self.tree: Tree | None = None
        if relaxed.model.size:
            riders = len(problem.riders) if self.has_choosers else None
            climb = Climb(relaxed.model, case_of(relaxed.model), columns_of(relaxed), riders)
            self.tree = Tree(climb, UNREACHABLE)
            if not self.has_choosers:
                self.tree.closer = Closer(climb, seed)

    @property
    def proof(self) -> Proof:
        """What is proved by now."""
        if self.tree is None:
            return Proof(fen=0, model=self.model_name, rounds=0)
        fen = max(0, -(-self.tree.bound // 1000))
        # Kept trips are in no route of the model: whatever the others cost, these come on top.
        fen += self.kept_fen if fen else 0
        return Proof(fen=fen, model=self.model_name, rounds=self.tree.climb.rounds)

    @property
    def is_closed(self) -> bool:
        """True when the best plan is proved to be the best."""
        return self.tree is not None and not self.has_choosers and self.tree.bound >= self.tree.upper

    def look_below(self, cost_fen: int) -> None:
        """A plan of this cost is known: branches that cannot undercut it are closed."""
        if self.tree is not None and not self.has_choosers:
            self.tree.upper = min(self.tree.upper, 1000 * (cost_fen - self.kept_fen))

    def grow(self, effort: Effort, on_better: Callable[[Proof], None] = lambda _proof: None) -> None:
        """The bound has risen as far as the effort reached; better plans are the search's."""
        if self.tree is None:
            return
        self._tell_tree()
        self.tree.grow(effort, lambda _bound: on_better(self.proof))
        if not self.has_choosers:
            self.search.offer(self.tree.better)
            _collect(self.search, self.tree.climb)

    def choose(self, effort: Effort) -> None:
        """The search has the best plan that the most promising routes make, if that is better."""
        tree = self.tree
        if tree is None or tree.closer is None or self.search.missing or not tree.open:
            return
        self._tell_tree()
        branch = min(tree.open)
        gap = Gap(
            bound=branch.bound,
            upper=tree.upper,
            duals=branch.duals,
            limits=no_limits(tree.climb.model.trips_of_group),
        )
        tree.note(tree.closer.promising(gap, self.search.best, effort).plan)
        self.search.offer(tree.better)

    def rounded_plan(self) -> tuple[Assigned, ...]:
        """The routes that the program of the cheapest branch drives most, as far as they fit together."""
        tree, plan = self.tree, []
        if tree is None or self.has_choosers or not tree.open:
            return ()
        master, limits = tree.climb.master, min(tree.open).limits
        master.limit(limits)
        if master.solve() == float("inf"):
            return ()
        kinds, served = self.search.model.kinds, set[int]()
        stock = list(limits.most)
        for column, _share in sorted(master.shares(), key=lambda one: (-one[1], one[0])):
            kind, stops = column
            group = kinds[kind].group
            is_route = len(set(stops)) == len(stops) and is_lawful(self.search.model, stops)
            if is_route and stock[group] and served.isdisjoint(stops):
                stock[group] -= 1
                served.update(stops)
                plan.append(column)
        return tuple(plan)

    def _tell_tree(self) -> None:
        """The tree knows the search's plan, unless it leaves riders over."""
        if self.tree is not None and not self.has_choosers and not self.search.missing:
            self.tree.note(self.search.best)


def prove(problem: Problem, search: Search, effort: Effort) -> Proof:
    """The bound reached with this effort; the routes found on the way are in the search's pool."""
    prover = Prover(problem, search)
    prover.grow(effort)
    return prover.proof


def columns_of(search: Search) -> Iterator[Assigned]:
    """Every pooled route with every kind that may drive it, and the best plan."""
    kinds = search.model.kinds
    for route in search.pool:
        for kind in search.model.kinds_on[route.course]:
            if kinds[kind].capacity >= route.load:
                yield kind, route.stops
    yield from search.best


def _collect(search: Search, climb: Climb) -> None:
    """The program's routes are in the pool, those that come back to a stop left out."""
    model = search.model
    for kind, stops in climb.master.variables:
        if len(set(stops)) == len(stops):
            load = sum(model.load[node] for node in stops)
            search.pool.add(Route(model.kinds[kind].course, stops, load, model.metres(stops)))


def _without_choosers(problem: Problem) -> Search:
    """Greedy plans for the riders with one stop only, on ways that no detour shortens; their caps stay."""
    ways = problem.travel
    fixed = replace(
        problem.for_riders(rider for rider in problem.riders if len(rider.stop_ids) == 1),
        travel=TravelTimes(
            ids=ways.ids, distance_m=shortest_ways(ways.distance_m), duration_s=shortest_ways(ways.duration_s)
        ),
    )
    search = greedy_plan(fixed, nodes_of(fixed).nodes)
    caps = [problem.limits.ride_cap_s(direct_s(problem, node.stop_id)) for node in search.model.nodes]
    search.model = replace(search.model, late_s=(0, *caps))
    return search
