"""
From one linear program to a proof that closes in: cuts where stops are served by halves, branches
where a stock makes half a trip. The bound of the whole is that of its cheapest open branch.

Cuts hold in every branch, and so do columns: a branch begins where the last one ended.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from busops.planner.columns.closing import Closer, Gap, told_fen
from busops.planner.columns.generation import Climb
from busops.planner.columns.limits import TripLimits, no_limits
from busops.planner.columns.pricing import Duals
from busops.planner.effort import Effort
from busops.planner.model import UNREACHABLE
from busops.planner.search.fleet_state import Assigned

_WORTHWHILE: Final = 0.02  # of the gap: cuts that gain less are not followed by more
_CLOSING_S: Final = 1.5  # for CP-SAT on the few routes of one branch; it is halved if that is too little
_CLOSING_ROUNDS: Final = 1  # the same where effort is counted


@dataclass(order=True, slots=True)
class Branch:
    """Plans within these limits cost at least ``bound`` milli-fen."""

    bound: int
    number: int
    limits: TripLimits = field(compare=False)
    duals: Duals | None = field(compare=False, default=None)  # the prices that prove the bound
    is_whole: bool = field(compare=False, default=False)  # nothing is left to halve


@dataclass(slots=True)
class Tree:
    """
    The branches that may still hold a plan cheaper than ``upper`` (milli-fen, each trip rounded to
    fen); ``bound`` is proved for all plans, and is ``upper`` when no branch is left. A better plan that
    was found on the way is ``better``.
    """

    climb: Climb
    upper: int
    closer: Closer | None = None
    better: tuple[Assigned, ...] | None = None
    open: list[Branch] = field(default_factory=list)
    made: int = 1
    is_stuck: bool = False  # the cheapest branch cannot be halved any more

    def __post_init__(self) -> None:
        self.open.append(Branch(0, 0, no_limits(self.climb.model.trips_of_group)))

    @property
    def bound(self) -> int:
        """What no plan can undercut (nor ``upper``, if it is the cost of one)."""
        return min(self.upper, min((branch.bound for branch in self.open), default=self.upper))

    def grow(self, effort: Effort, on_better: Callable[[int], None] = lambda _bound: None) -> None:
        """The cheapest branch is bounded, cut and halved, again and again until the effort is spent."""
        while self.open and not self.is_stuck and effort.spent() < 1:
            branch = heapq.heappop(self.open)
            if branch.is_whole:
                self.is_stuck = True
                heapq.heappush(self.open, branch)
            elif branch.bound < self.upper:
                is_bounded = self._bound(branch, effort)
                if not self._close(branch, effort):
                    self._halve(branch, is_bounded)
            on_better(self.bound)

    def _close(self, branch: Branch, effort: Effort) -> bool:
        """True when the branch holds no plan cheaper than the best; one that it held is the best now."""
        if branch.bound >= self.upper:
            return True
        if self.closer is None or self.upper >= UNREACHABLE:
            return False
        rounds = None if effort.rounds is None else _CLOSING_ROUNDS
        closed = self.closer.close(
            Gap(bound=branch.bound, upper=self.upper, duals=branch.duals, limits=branch.limits),
            Effort(min(_CLOSING_S, effort.left_s()), effort.wish, rounds),
        )
        self.note(closed.plan)
        return closed.is_closed

    def note(self, plan: tuple[Assigned, ...] | None) -> None:
        """A plan that serves every node is the best known, if it is."""
        if plan is not None:
            cost = sum(1000 * told_fen(self.climb.model, kind, stops) for kind, stops in plan)
            if cost < self.upper:
                self.upper, self.better = cost, plan

    def _halve(self, branch: Branch, is_bounded: bool) -> None:
        """The branch is halved, or open as it was."""
        halves = None
        if is_bounded:
            self.climb.master.solve()
            halves = branch.limits.branches(self.climb.master.trips())
            branch.is_whole = halves is None
        elif self.climb.has_failed:
            branch.is_whole = True
        if halves is None:
            heapq.heappush(self.open, branch)
        for limits in halves or ():
            heapq.heappush(self.open, Branch(branch.bound, self.made, limits, branch.duals))
            self.made += 1

    def _raise(self, branch: Branch) -> None:
        if self.climb.bound > branch.bound:
            branch.bound, branch.duals = self.climb.bound, self.climb.best_duals

    def _bound(self, branch: Branch, effort: Effort) -> bool:
        """The branch's bound after as many cuts as are worth it; False when the effort was spent before."""
        climb = self.climb
        is_bounded = climb.run(branch.limits, effort, enough=self.upper)
        self._raise(branch)
        while is_bounded and branch.bound < self.upper:
            climb.master.solve()
            if not climb.master.cut():
                break
            before = branch.bound
            is_bounded = climb.run(branch.limits, effort, enough=self.upper)
            self._raise(branch)
            if branch.bound - before < _WORTHWHILE * (self.upper - before):
                break
        return is_bounded
