"""
A second chain on another processor: the same start, another seed, in whatever executor is given.

Chains end in different basins, so two are worth more than one that is twice as long; what the other
one found is offered to the search, its routes are pooled. An executor that breaks costs the chain only.
"""

from collections.abc import Sequence
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures import TimeoutError as NotReady
from typing import Final, TypeAlias

from busops.planner.effort import Effort, StopWish
from busops.planner.model import Model
from busops.planner.search.fleet_state import Assigned
from busops.planner.search.greedy import Search
from busops.planner.search.pool import RoutePool
from busops.planner.search.routes import Route
from busops.planner.search.ruin import Annealing, RuinRecreate
from busops.planner.warm import warm

# the best plan, and course and stops of each route
Raced: TypeAlias = tuple[tuple[Assigned, ...], list[tuple[int, tuple[int, ...]]]]

_OTHER_SEED: Final = 7_919  # added to the search's seed; any number will do
_LATE_S: Final = 1.0  # how long a chain that should have ended is waited for
_LOOK_S: Final = 0.05


def race(
    model: Model, plan: Sequence[Assigned], seed: int, budget: tuple[float, int | None], annealing: Annealing
) -> Raced:
    """What one chain finds in ``budget`` (seconds, or rounds); runs in whatever process."""
    warm()
    seconds, rounds = budget
    pool = RoutePool(model)
    chain = RuinRecreate(model, plan, seed, pool)
    best = chain.run(Effort(seconds, StopWish(None), rounds).spent, annealing)
    return best, [(route.course, route.stops) for route in pool]


class Elsewhere:
    """Chains on an executor; without one, nothing happens."""

    def __init__(self, executor: Executor | None) -> None:
        self.executor = executor
        self._running: Future[Raced] | None = None

    def begin(self, search: Search, seed: int, effort: Effort, annealing: Annealing) -> None:
        """A chain from the search's best plan has begun."""
        if self.executor is None or effort.wish():
            return
        budget = effort.left_s(), effort.rounds
        try:
            self._running = self.executor.submit(
                race, search.model, search.best, seed + _OTHER_SEED, budget, annealing
            )
        except RuntimeError:  # shut down or broken: the search goes on alone
            self._give_up()

    def join(self, search: Search, effort: Effort) -> None:
        """What the chain found is the search's, if it has ended or ends soon."""
        running, self._running = self._running, None
        if running is None:
            return
        patience = Effort(_LATE_S, effort.wish) if effort.rounds is None else None
        while True:
            try:
                best, routes = running.result(timeout=_LOOK_S)
                break
            except NotReady:
                if effort.wish() or (patience is not None and patience.spent() >= 1):
                    running.cancel()
                    return
            except (CancelledError, OSError, RuntimeError):
                self._give_up()
                return
        search.offer(best)
        for course, stops in routes:
            load = sum(search.model.load[node] for node in stops)
            search.pool.add(Route(course, stops, load, search.model.metres(stops)))
        search.stats["other_chains"] = int(search.stats.get("other_chains", 0)) + 1

    def _give_up(self) -> None:
        self.executor = None
