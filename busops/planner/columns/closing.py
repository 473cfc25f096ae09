"""
The last step between bound and plan: of the routes that a better plan may still use, the best plan.

Where a branch leaves so few routes that all are at hand, CP-SAT closes it: with a better plan, or
with the proof that there is none. Elsewhere the most promising routes may still make a better plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from busops.planner.columns.generation import Climb
from busops.planner.columns.limits import TripLimits
from busops.planner.columns.pricing import Duals
from busops.planner.columns.within import Found, found_for, routes_within
from busops.planner.effort import Effort
from busops.planner.model import Model
from busops.planner.problem import rounded_fen
from busops.planner.search.assemble import Column, Rules, choose, is_lawful
from busops.planner.search.fleet_state import Assigned

_FEW: Final = 1_500  # routes: CP-SAT chooses among as many in seconds, among ten times as many it does not
_STEPS: Final = 500_000  # of the search for routes of one kind
_ROOMS: Final = (16, 8, 4, 2, 1)  # parts of the gap: routes of a sixteenth of it first
_FEN: Final = 1000

_Reduced: TypeAlias = dict[tuple[int, frozenset[int]], tuple[int, Assigned]]


@dataclass(slots=True, kw_only=True)
class Gap:
    """Plans within ``limits`` cost at least ``bound`` by ``duals``, and one is known that costs ``upper``."""

    bound: int
    upper: int
    duals: Duals | None
    limits: TripLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A plan cheaper than ``upper``, or None; and whether there is no cheaper one within the limits."""

    plan: tuple[Assigned, ...] | None
    is_closed: bool


_OPEN: Final = Closed(plan=None, is_closed=False)


class Closer:
    """Chooses plans from the routes within a gap; keeps its arrays between the calls."""

    def __init__(self, climb: Climb, seed: int) -> None:
        self.climb = climb
        self.seed = seed
        self._few: Found = found_for(climb.pricer.case, _FEW)

    def close(self, gap: Gap, effort: Effort) -> Closed:
        """The gap is closed, if the routes within it are few and CP-SAT is done with them in time."""
        reduced: _Reduced = {}
        if not self._gather(gap, gap.upper - gap.bound, effort, reduced) or len(reduced) > _FEW:
            return _OPEN
        columns = [column for _cost, column in sorted(reduced.values())]
        return self._choose(columns, gap, (), effort)

    def promising(self, gap: Gap, best: Sequence[Assigned], effort: Effort) -> Closed:
        """A better plan of the routes with the least reduced costs and those of ``best``, if there is one."""
        reduced: _Reduced = {}
        for part in _ROOMS:
            wider: _Reduced = {}
            is_whole = self._gather(gap, (gap.upper - gap.bound) // part, effort, wider)
            if is_whole or not reduced:
                reduced = wider
            if not is_whole or len(reduced) >= _FEW:
                break
        columns = [column for _cost, column in sorted(reduced.values())[:_FEW]]
        have = {(kind, frozenset(stops)) for kind, stops in columns}
        columns += [(kind, stops) for kind, stops in best if (kind, frozenset(stops)) not in have]
        return Closed(plan=self._choose(columns, gap, best, effort).plan, is_closed=False)

    def _gather(self, gap: Gap, room: int, effort: Effort, reduced: _Reduced) -> bool:
        """Every route with a reduced cost within the room is there; False when some may not be."""
        for kind in range(len(self.climb.model.kinds)):
            if gap.duals is None or effort.is_over():
                return False
            within = routes_within(self.climb.pricer, self._few, kind, gap.duals, room + 1, steps=_STEPS)
            for stops, cost in zip(within.routes, within.reduced, strict=True):
                if is_lawful(self.climb.model, stops):
                    reduced[kind, frozenset(stops)] = cost, (kind, stops)
            if not within.is_complete:
                return False
        return True

    def _choose(
        self, columns: Sequence[Assigned], gap: Gap, best: Sequence[Assigned], effort: Effort
    ) -> Closed:
        model = self.climb.model
        rules = Rules(
            least=gap.limits.least,
            most=gap.limits.most,
            least_all=gap.limits.least_all,
            most_all=gap.limits.most_all,
            at_most_one=tuple(frozenset(cut.triple) for cut in self.climb.master.cuts),
            below=gap.upper,
        )
        priced = [
            Column(kind=kind, stops=stops, cost=_FEN * told_fen(model, kind, stops))
            for kind, stops in columns
        ]
        if not priced or effort.is_over():
            return _OPEN
        own = {(kind, frozenset(stops)) for kind, stops in best}
        chosen = choose(model, priced, own, effort, self.seed, rules=rules)
        return Closed(plan=chosen.plan, is_closed=chosen.is_exhausted)


def told_fen(model: Model, kind: int, stops: Sequence[int]) -> int:
    """A trip's cost in fen as the plan tells it."""
    driven = model.kinds[kind]
    return rounded_fen(driven.fixed + driven.per_m * model.metres(stops))
