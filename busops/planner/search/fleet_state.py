"""
A plan while it is being made: slots with a route and a kind of vehicle, free vehicles, absent nodes.

Only bookkeeping: every change keeps cost, stock and places in step. What to change is decided in
``insertion.py``; the compiled search keeps a book of its own in ``fleet.py``.
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

from busops.planner.model import FREE, UNREACHABLE, Model
from busops.planner.search.routes import Route, RouteBook

NO_KIND: Final = -1
Assigned: TypeAlias = tuple[int, tuple[int, ...]]  # kind, nodes in order


class FleetState:
    """The routes of a plan; ``cost`` is in milli-fen, absent nodes are not in it."""

    def __init__(self, model: Model, book: RouteBook, assigned: Iterable[Assigned] = ()) -> None:
        self.model = model
        self.book = book
        self.routes: list[Route] = []
        self.kinds: list[int] = []
        self.stock = list(model.trips_of_group)
        self.slot_of = [NO_KIND] * len(model.load)
        self.cost = 0
        for kind, stops in assigned:
            self.place(self.new_slot(), book.route(model.kinds[kind].course, stops), kind)

    def new_slot(self) -> int:
        """The number of an empty slot."""
        for slot, kind in enumerate(self.kinds):
            if kind == NO_KIND:
                return slot
        self.routes.append(self.book.empty[FREE])
        self.kinds.append(NO_KIND)
        return len(self.kinds) - 1

    def place(self, slot: int, route: Route, kind: int) -> None:
        """The slot drives ``route`` with a vehicle of ``kind``; an empty route gives the vehicle back."""
        old, model = self.kinds[slot], self.model
        if old != NO_KIND:
            before = model.kinds[old]
            self.cost -= before.fixed + before.per_m * self.routes[slot].distance_m
            self.stock[before.group] += 1
        if route.stops:
            after = model.kinds[kind]
            self.cost += after.fixed + after.per_m * route.distance_m
            self.stock[after.group] -= 1
            self.kinds[slot] = kind
        else:
            self.kinds[slot] = NO_KIND
        self.routes[slot] = route
        for node in route.stops:
            self.slot_of[node] = slot

    def absent(self) -> list[int]:
        """The nodes that no slot serves."""
        return [node for node in range(1, len(self.slot_of)) if self.slot_of[node] == NO_KIND]

    def assigned(self) -> tuple[Assigned, ...]:
        """The plan as values: (kind, nodes) of each slot in use."""
        return tuple(
            (kind, route.stops) for kind, route in zip(self.kinds, self.routes, strict=True) if route.stops
        )

    def cheapest_kind(self, course: int, load: int, distance_m: int) -> tuple[int, int]:
        """Cost and number of the cheapest kind in stock for such a route; (UNREACHABLE, NO_KIND) if none."""
        best, chosen = UNREACHABLE, NO_KIND
        for number in self.model.kinds_on[course]:
            kind = self.model.kinds[number]
            if kind.capacity >= load and self.stock[kind.group] > 0:
                cost = kind.fixed + kind.per_m * distance_m
                if cost < best:
                    best, chosen = cost, number
        return best, chosen

    def rightsize(self, slots: Iterable[int]) -> None:
        """Each slot has the cheapest kind it can get from stock or by an exchange with another slot."""
        for slot in slots:
            route = self.routes[slot]
            if not route.stops:
                continue
            kind = self.model.kinds[self.kinds[slot]]
            cost, chosen = self.cheapest_kind(route.course, route.load, route.distance_m)
            if cost < kind.fixed + kind.per_m * route.distance_m:
                self.place(slot, route, chosen)
            self._exchange(slot)

    def _exchange(self, slot: int) -> None:
        """The slot swaps vehicles with the other slot for which that saves most, if it saves."""
        route, number = self.routes[slot], self.kinds[slot]
        mine = self.model.kinds[number]
        best, partner = 0, -1
        for other, other_number in enumerate(self.kinds):
            if other_number in (NO_KIND, number):
                continue
            theirs, their_route = self.model.kinds[other_number], self.routes[other]
            if (
                theirs.course != mine.course
                or their_route.load > mine.capacity
                or route.load > theirs.capacity
            ):
                continue
            saved = (mine.per_m - theirs.per_m) * (route.distance_m - their_route.distance_m)
            if saved > best:
                best, partner = saved, other
        if partner >= 0:
            self.kinds[slot], self.kinds[partner] = self.kinds[partner], number
            self.cost -= best
