"""
Makes the machine code of the search before anybody waits for it: ``python -m busops.planner.warm``.

Run once after an installation, and by a server when it starts; a second run finds the code and
takes a second.
"""

import pickle
import threading
from typing import Final

import numpy as np

from busops.domain.values import CAMPUS, Direction
from busops.planner.columns.pricing import Duals, Pricer
from busops.planner.columns.proof import Prover
from busops.planner.columns.within import found_for, routes_within
from busops.planner.demand import nodes_of
from busops.planner.effort import Effort, StopWish
from busops.planner.problem import Limits, Problem, RiderDemand, VehicleOption
from busops.planner.search.case import case_of
from busops.planner.search.compiled import forget_stored
from busops.planner.search.fair import fairer
from busops.planner.search.greedy import greedy_plan
from busops.planner.search.ruin import RuinRecreate, annealing_for
from busops.planner.travel import TravelTimes

_lock = threading.Lock()
_done = threading.Event()
# what reading stored machine code of an older version can raise
_OF_ANOTHER_VERSION: Final = (AttributeError, ImportError, EOFError, pickle.UnpicklingError)


def warm() -> None:
    """Every compiled function has its machine code, in this process and beside the sources."""
    with _lock:
        if _done.is_set():
            return
        try:
            _run_all()
        except _OF_ANOTHER_VERSION:
            forget_stored()
            _run_all()
        _done.set()


def _run_all() -> None:
    """Each step has run once on the smallest problem."""
    problem = _smallest()
    search = greedy_plan(problem, nodes_of(problem).nodes)
    chain = RuinRecreate(search.model, search.best, 1, search.pool)
    once = Effort(0, StopWish(None), 2)
    chain.run(once.spent, annealing_for(search.cost, len(search.best)))
    prover = Prover(problem, search)
    prover.grow(Effort(0, StopWish(None), 2))
    pricer = Pricer(case_of(search.model))
    dear = Duals(node=np.full(search.model.size + 1, 10**9), group=np.zeros(2, dtype=np.int64))
    pricer.price(0, dear, below=-1, width=4, most=1)
    routes_within(pricer, found_for(pricer.case, 9), 0, dear, 0, steps=99)
    fairer(search.model, search.best, 2 * search.cost, Effort(0, StopWish(None), 4), 1)


def _smallest() -> Problem:
    """Three stops in a row and two coaches; invented."""
    ids = (CAMPUS, "A", "B", "C")
    metres = np.abs(np.subtract.outer(np.arange(4), np.arange(4))).astype(np.int64) * 5_000
    coaches = (("1", 4, 40_000), ("2", 9, 50_000))
    return Problem(
        direction=Direction.HOMEWARD,
        stop_ids=ids[1:],
        riders=tuple(RiderDemand(rider_id=f"{at}", stop_ids=(ids[1 + at % 3],)) for at in range(9)),
        vehicles=tuple(
            VehicleOption(plate=plate, capacity=seats, fixed_fen=fixed_fen, per_km_fen=250, max_trips=2)
            for plate, seats, fixed_fen in coaches
        ),
        limits=Limits(),
        travel=TravelTimes(ids=ids, distance_m=metres, duration_s=metres // 12),
    )


if __name__ == "__main__":
    warm()
