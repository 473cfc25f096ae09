"""
Column generation: the best mixture of routes, and a proof that no plan of these groups costs less.

For any prices the Lagrangian bound holds: what the stops would pay, less what the trips of each
stock could earn at most. It is summed in integers. Prices are smoothed (Wentges, International
Transactions in Operational Research 4(2), 1997), and narrow searches come before exact ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from busops.planner.columns.master import Master, rounded
from busops.planner.columns.pricing import Pricer
from busops.planner.effort import Effort
from busops.planner.model import Model
from busops.planner.search.case import Case
from busops.planner.search.fleet_state import Assigned

_SMOOTHING: Final = 0.7
_NARROW: Final = 4  # labels a stop and load while routes are still found easily
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
    climb = _Climb(model, case, columns, sum(model.load) if riders is None else riders)
    while effort.spent() < 1 and climb.round(effort):
        pass
    return Relaxation(
        master=climb.master,
        bound=climb.bound,
        worth=climb.worth,
        rounds=climb.rounds,
    )


@dataclass(slots=True)
class _Climb:
    """The state of a column generation."""

    model: Model
    case: Case
    columns: Iterable[Assigned]
    riders: int
    master: Master = field(init=False)
    pricer: Pricer = field(init=False)
    bound: int = 0
    worth: float = float("inf")
    rounds: int = 0
    smoothing: float = _SMOOTHING
    width: int = _NARROW
    centre: np.ndarray | None = None

    def __post_init__(self) -> None:
        self.master = Master(self.model, self.columns, self.riders)
        self.pricer = Pricer(self.case)

    def round(self, effort: Effort) -> bool:
        """One program and its pricing; False when there is nothing left to do."""
        worth = self.master.solve()
        if worth == float("inf"):  # the solver failed: what is proved so far stays proved
            return False
        self.worth = worth
        self.rounds += 1
        now = self.master.prices()
        centre = now if self.centre is None else self.centre
        self.centre = centre
        added = 0
        for smoothing in (self.smoothing, 0.0) if self.smoothing > 0 else (0.0,):
            added = self._price(smoothing * centre + (1 - smoothing) * now)
            if added or effort.wish():
                break
        if self.bound and self.worth - self.bound <= self.worth * _CONVERGED_MILLI / 1000:
            return False
        return self._adapt(added)

    def _price(self, prices: np.ndarray) -> int:
        """New columns under these prices; the bound is raised when the prices prove more."""
        duals = rounded(self.model, prices)
        proved = int(duals.node.sum()) + duals.seat * self.riders
        gain = dict.fromkeys(range(len(self.model.trips_of_group)), 0)
        added = 0
        for number, kind in enumerate(self.model.kinds):
            priced = self.pricer.price(number, duals, below=-1, width=self.width, most=_MOST_ROUTES)
            gain[kind.group] = min(gain[kind.group], priced.lowest)
            for route in priced.routes:
                added += self.master.add((number, route))
        for group_number, trips in enumerate(self.model.trips_of_group):
            proved += trips * (int(duals.group[group_number]) + gain[group_number])
        if proved > self.bound:
            self.bound = proved
            self.centre = prices
        return added

    def _adapt(self, added: int) -> bool:
        """Wider searches and less smoothing as new routes become rare; False when none is left to find."""
        if added == 0:
            if self.smoothing > 0:
                self.smoothing = 0.0
                return True
            if self.width >= _WIDE:
                return False
            self.width = min(self.width * 8, _WIDE)
        elif added < _FEW:
            self.width = min(self.width * 2, _WIDE)
        elif self.rounds % 12 == 0:
            self.smoothing = max(0.0, self.smoothing - 0.1)
        return True
