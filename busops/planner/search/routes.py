"""
Interned routes: the same stops in the same order on the same course are one object, and it
remembers the cheapest place for every node that was ever asked for.

A search that hovers round good plans meets the same routes again and again, so most questions
are one dictionary look-up.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from busops.planner.model import UNREACHABLE, Model

Insertion: TypeAlias = tuple[int, int]  # extra metres (UNREACHABLE if none fits), position
_NOWHERE: Final = (UNREACHABLE, -1)


class Route:
    """A sequence of nodes on one course; immutable but for what it remembers."""

    __slots__ = ("arrive_s", "course", "distance_m", "known", "load", "slack_s", "stops")

    def __init__(self, course: int, stops: tuple[int, ...], load: int, distance_m: int) -> None:
        self.course = course
        self.stops = stops
        self.load = load
        self.distance_m = distance_m
        self.known: dict[int, Insertion] = {}
        self.arrive_s: list[int] | None = None
        self.slack_s: list[int] = []


class RouteBook:
    """All routes met so far in one search; forgets when it grows too large."""

    def __init__(self, model: Model, limit: int = 120_000) -> None:
        self.model = model
        self.limit = limit
        self.empty = tuple(Route(course, (), 0, 0) for course in range(len(model.ranks)))
        self._routes: dict[tuple[int, tuple[int, ...]], Route] = {}

    def route(self, course: int, stops: tuple[int, ...]) -> Route:
        """The one Route of these stops on this course (not checked against the limits)."""
        key = (course, stops)
        found = self._routes.get(key)
        if found is None:
            if not stops:
                return self.empty[course]
            if len(self._routes) >= self.limit:
                self._routes.clear()
            model = self.model
            metres = load = last = 0
            for node in stops:
                metres += model.way_m[last][node]
                load += model.load[node]
                last = node
            found = Route(course, stops, load, metres + model.way_m[last][0])
            self._routes[key] = found
        return found

    def insertion(self, route: Route, node: int) -> Insertion:
        """The cheapest place of ``node`` in ``route`` that keeps ride caps, stop limit and line order."""
        found = route.known.get(node)
        if found is None:
            found = route.known[node] = self._cheapest(route, node)
        return found

    def _cheapest(self, route: Route, node: int) -> Insertion:
        model, stops = self.model, route.stops
        first, last = self._window(route, node)
        room = model.max_stops - model.halts(stops)
        if first > last or (room <= 0 and not model.has_twins):
            return _NOWHERE
        if route.arrive_s is None:
            self._schedule(route)
        arrive, slack = route.arrive_s or [0], route.slack_s
        way_m, way_s, late = model.way_m, model.way_s, model.late_s[node]
        from_node_m, from_node_s = way_m[node], way_s[node]
        best, place = UNREACHABLE, -1
        for at in range(first, last + 1):
            before = stops[at - 1] if at else 0
            after = stops[at] if at < len(stops) else 0
            extra = way_m[before][node] + from_node_m[after] - way_m[before][after]
            if extra >= best or (model.has_twins and _more_halts(model, node, before, after) > room):
                continue
            there = way_s[before][node]
            if arrive[at] + there > late:
                continue
            if after and there + from_node_s[after] - way_s[before][after] > slack[at]:
                continue
            best, place = extra, at
        return best, place

    def _window(self, route: Route, node: int) -> tuple[int, int]:
        """The first and last position that the order of the line allows."""
        ranks = self.model.ranks[route.course]
        if ranks is None:
            return 0, len(route.stops)
        rank = ranks[node]
        if rank < 0:
            return 1, 0
        first = sum(1 for stop in route.stops if ranks[stop] < rank)
        last = sum(1 for stop in route.stops if ranks[stop] <= rank)
        return first, last

    def _schedule(self, route: Route) -> None:
        model = self.model
        arrive = [0]
        now = last = 0
        for node in route.stops:
            now += model.way_s[last][node]
            arrive.append(now)
            last = node
        slack = [0] * len(route.stops)
        least = UNREACHABLE
        for at in range(len(route.stops) - 1, -1, -1):
            least = min(least, model.late_s[route.stops[at]] - arrive[at + 1])
            slack[at] = least
        route.arrive_s, route.slack_s = arrive, slack


def _more_halts(model: Model, node: int, before: int, after: int) -> int:
    """How many halts the node adds between these two (0 is the campus); one stop's nodes in a row are one."""
    ways = (before, node, after) if after else (before, node)
    old = (before, after) if after else (before,)
    return model.halts_between(ways) - model.halts_between(old)


def keeps_limits(model: Model, course: int, stops: Sequence[int]) -> bool:
    """True when a bus may drive these nodes in this order (caps, stop limit, line); seats are not seen."""
    if model.halts(stops) > model.max_stops:
        return False
    ranks = model.ranks[course]
    now = last = rank = 0
    for node in stops:
        now += model.way_s[last][node]
        if now > model.late_s[node]:
            return False
        if ranks is not None:
            if ranks[node] < rank:
                return False
            rank = ranks[node]
        last = node
    return True
