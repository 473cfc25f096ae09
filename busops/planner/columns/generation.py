"""
Column generation: the best mixture of routes, and a proof that no plan of these groups costs less.

For any prices the Lagrangian bound holds: what the stops would pay, less what the cuts ask, and
what the trips of each stock cost at least, within their limits. It is summed in integers. Prices are
smoothed (Wentges, International Transactions in Operational Research 4(2), 1997), and narrow
searches come before exact ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from busops.planner.columns.limits import TripLimits, no_limits
from busops.planner.columns.master import Master
from busops.planner.columns.pricing import Duals, Pricer, unpaid
from busops.planner.effort import Effort
from busops.planner.model import UNREACHABLE, Model
from busops.planner.search.case import Case
from busops.planner.search.fleet_state import Assigned

_SMOOTHING: Final = 0.7
_NARROW: Final = 4  # labels a stop and load while routes are still found easily
_NEARLY: Final = 64  # the same when limits or cuts have changed only
_WIDE: Final = 1 << 20
_FEW: Final = 20  # new columns: time for a wider search
_MOST_ROUTES: Final = 60  # new columns of a kind in one round
_CONVERGED_MILLI: Final = 0.1  # thousandths between the program's worth and the bound


@dataclass(slots=True, kw_only=True)
class Relaxation:
    """What the column generation has reached; ``bound`` (milli-fen) is proved, ``worth`` is not."""

    master: Master
    bound: int
    worth: float
    rounds: int


def relax(
    model: Model, case: Case, columns: Iterable[Assigned], effort: Effort, *, riders: int | None = None
) -> Relaxation:
    """
    The relaxation from these columns on, until nothing is missing or the effort is spent.

    The bound holds for plans that serve every node, and ``riders`` in all if some are in no node.
    """
    climb = Climb(model, case, columns, riders)
    climb.run(no_limits(model.trips_of_group), effort)
    return Relaxation(master=climb.master, bound=climb.bound, worth=climb.worth, rounds=climb.rounds)


class Climb:
    """A column generation that goes on as limits and cuts change; its columns stay."""

    def __init__(
        self, model: Model, case: Case, columns: Iterable[Assigned], riders: int | None = None
    ) -> None:
        self.model = model
        self.riders = sum(model.load) if riders is None else riders
        self.master = Master(model, columns, self.riders)
        # Riders whom no node holds may fill a bus of their own: it costs its fixed cost at least.
        self.may_drive_empty = self.riders > sum(model.load)
        if self.may_drive_empty:
            for number in range(len(model.kinds)):
                self.master.add((number, ()))
        self.pricer = Pricer(case)
        self.rounds = 0
        self.limits = no_limits(model.trips_of_group)
        self.best_duals: Duals | None = None
        self._begin(self.limits, _NARROW)

    def _begin(self, limits: TripLimits, width: int) -> None:
        self.limits = limits
        self.bound = 0
        self.worth = float("inf")
        self.smoothing, self.width = _SMOOTHING, width
        self.is_done = self.has_failed = False
        self.centre: np.ndarray | None = None
        self.master.limit(limits)

    def run(self, limits: TripLimits, effort: Effort, *, enough: int = UNREACHABLE) -> bool:
        """
        ``bound`` is what plans within the limits cost at least; True when nothing more can be proved so.

        Ends early once the bound is ``enough``. A bound of ``UNREACHABLE`` says that no plan is
        within the limits.
        """
        self._begin(limits, _NARROW if self.rounds == 0 else _NEARLY)
        while not self.is_done and self.bound < enough and effort.spent() < 1:
            self._round(effort)
        return self.is_done and not self.has_failed

    def _round(self, effort: Effort) -> None:
        """One program and its pricing; afterwards ``is_done`` if there is nothing left to find."""
        worth = self.master.solve()
        if worth == float("inf"):  # the solver failed: what is proved so far stays proved
            self.is_done = self.has_failed = True
            return
        self.worth = worth
        self.rounds += 1
        now = self.master.prices()
        self.centre = centre = now if self.centre is None else self.centre
        added = 0
        for smoothing in (self.smoothing, 0.0) if self.smoothing > 0 else (0.0,):
            added = self._price(smoothing * centre + (1 - smoothing) * now, effort)
            if added or effort.is_over():
                break
        if self.bound and self.worth - self.bound <= self.worth * _CONVERGED_MILLI / 1000:
            self.is_done = True
        else:
            self._adapt(added)

    def _price(self, prices: np.ndarray, effort: Effort) -> int:
        """New columns under these prices; the bound is raised when all kinds are priced and prove more."""
        duals = self.master.rounded(prices)
        lowest = [UNREACHABLE] * len(self.model.trips_of_group)
        added = 0
        for number, kind in enumerate(self.model.kinds):
            if effort.is_over():
                return added
            priced = self.pricer.price(number, duals, below=-1, width=self.width, most=_MOST_ROUTES)
            least = priced.lowest
            if self.may_drive_empty:
                least = min(least, unpaid(self.pricer.case, number, duals))
            own = least + int(duals.group[kind.group])
            lowest[kind.group] = min(lowest[kind.group], own)
            for route in priced.routes:
                added += self.master.add((number, route))
        asked = 0 if duals.cuts is None else int(duals.cuts.penalty.sum())
        trips = self.limits.least_sum(lowest)
        proved = int(duals.node.sum()) + duals.seat * self.riders - asked
        proved = UNREACHABLE if trips is None else proved + trips
        if proved > self.bound:
            self.bound = proved
            self.centre = prices
            self.best_duals = duals
        return added

    def _adapt(self, added: int) -> None:
        """Wider searches and less smoothing as new routes become rare; done when none is left to find."""
        if added == 0:
            if self.smoothing > 0:
                self.smoothing = 0.0
            elif self.width >= _WIDE:
                self.is_done = True
            else:
                self.width = min(self.width * 8, _WIDE)
        elif added < _FEW:
            self.width = min(self.width * 2, _WIDE)
        elif self.rounds % 12 == 0:
            self.smoothing = max(0.0, self.smoothing - 0.1)
