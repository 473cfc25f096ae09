"""
The routes that any step has visited, kept for the assembly: a route is worth more than its plan.

A route is stored without a vehicle; which kinds may drive it is seen when the columns are made.
"""

from collections.abc import Iterator

from busops.planner.model import Model
from busops.planner.search.routes import Route


class RoutePool:
    """Distinct routes by (course, set of nodes): of two orders the shorter is kept."""

    def __init__(self, model: Model, limit: int = 60_000) -> None:
        self.model = model
        self.limit = limit
        self._best: dict[tuple[int, frozenset[int]], Route] = {}

    def __len__(self) -> int:
        return len(self._best)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._best.values())

    def add(self, route: Route) -> None:
        """The route, or a shorter one over the same nodes, is in the pool (unless the pool is full)."""
        if not route.stops:
            return
        key = route.course, frozenset(route.stops)
        known = self._best.get(key)
        if known is None:
            if len(self._best) < self.limit:
                self._best[key] = route
        elif route.distance_m < known.distance_m:
            self._best[key] = route
