"""
The steps of a search in their order, each with its share of the time, and what is told of them.

Shares and the choice of steps go by features of the problem: how many stops fill a bus, whether
riders have a choice, how much time there is.
"""

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from busops.planner.columns.proof import NOTHING_PROVED, Proof, Prover
from busops.planner.comfort import kinder
from busops.planner.effort import Effort
from busops.planner.elsewhere import Elsewhere
from busops.planner.problem import Problem
from busops.planner.regroup.regroup import is_worth_regrouping, regroup
from busops.planner.search.assemble import assemble
from busops.planner.search.fair import fairer, rides_of
from busops.planner.search.fleet_state import Assigned
from busops.planner.search.greedy import Search, fill_seats
from busops.planner.search.routing import RoutingSearch
from busops.planner.search.ruin import ABSENT_COST, RuinRecreate, annealing_for

_ROUTING_SHARE: Final = 0.1  # of the time that is left then
_ROUTING_MOST_S: Final = 1.0  # longer it finds nothing that the annealed chain does not find sooner
_RUIN_SHARE: Final = 0.75
_BEFORE_PROOF_SHARE: Final = 0.2  # a first chain, whose routes the proof begins with
_PROOF_SHARE: Final = 0.45
_CHOICE_SHARE: Final = 0.2
_REGROUP_SHARE: Final = 0.15  # of the time left after the chain
_PROOF_WORTH_MILLI: Final = 3  # what other groups must save where a proof would be lost
_AGAIN_SHARE: Final = 0.1
_MANY_STOPS: Final = 4.2  # stops that fill a bus
_TOO_MANY_STOPS: Final = 9.0  # stops that fill a bus: routes are too many to be priced while a plan waits
_PROOF_S: Final = 1.0  # in less time nothing useful is proved
_LONG_PROOF_S: Final = 4.0
_LEAST_S: Final = 0.3  # a step with less time than this is not begun
_TELL_EVERY_S: Final = 0.5
_FAIR_ROUNDS: Final = 40
_ASSEMBLY_EFFORT: Final = 2  # deterministic seconds of CP-SAT when rounds are counted
_BEFORE_PROOF_ROUNDS: Final = 2
_PROOF_ROUNDS: Final = 12  # of column generation when rounds are counted


class PlanningPhase(StrEnum):
    """What the planner is doing."""

    GREEDY = "greedy"
    ROUTING = "routing"
    RUIN = "ruin"
    ASSEMBLY = "assembly"
    BOUND = "bound"
    FAIRNESS = "fairness"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """
    How far the planner is: share of its time in thousandths, the best cost so far, riders left over,
    and what is proved so far that no plan can cost less than (0 while nothing is).
    """

    phase: PlanningPhase
    done_milli: int
    cost_fen: int
    unserved: int
    bound_fen: int


OnProgress: TypeAlias = Callable[[Progress], None]


class Steps:
    """The improving steps; each leaves the search no worse than it was."""

    def __init__(
        self,
        problem: Problem,
        search: Search,
        effort: Effort,
        how: tuple[int, OnProgress | None],
        executor: Executor | None = None,
    ) -> None:
        self.problem = problem
        self.search = search
        self.effort = effort
        self.seed, self.report = how
        self.elsewhere = Elsewhere(executor)
        self.chains = 0
        self.rounds = 0
        self.proof = NOTHING_PROVED
        self.proof_is_closed = False
        self.start: tuple[Assigned, ...] = ()
        self._tell_at = 0.0

    def tell(self, phase: PlanningPhase, score: int | None = None) -> None:
        """The caller knows where the planner stands; ``score`` is that of a chain that is running."""
        if self.report is None:
            return
        missing, cost = self.search.missing, self.search.cost
        if score is not None and divmod(score, ABSENT_COST) < (missing, cost):
            missing, cost = divmod(score, ABSENT_COST)
        done = 1.0 if phase is PlanningPhase.DONE else self.effort.used()
        self._tell_at = time.monotonic() + _TELL_EVERY_S
        self.report(
            Progress(
                phase=phase,
                done_milli=int(1000 * min(done, 1.0)),
                cost_fen=cost // 1000,
                unserved=missing,
                bound_fen=self.proof.fen,
            )
        )

    def _tell_sometimes(self, phase: PlanningPhase, score: Callable[[], int] | None = None) -> None:
        if self.report is not None and time.monotonic() >= self._tell_at:
            self.tell(phase, score() if score else None)

    def _share(self, share: float, rounds: int | None = None) -> Effort | None:
        """A budget: ``share`` of the time left (or ``rounds``); None when a step is not worth beginning."""
        whole = self.effort
        if whole.wish():
            return None
        if whole.rounds is not None:
            counted = whole.rounds if rounds is None else rounds
            return Effort(0, whole.wish, counted) if whole.rounds else None
        seconds = share * whole.left_s()
        return Effort(seconds, whole.wish) if seconds >= _LEAST_S else None

    def may_go_on(self) -> bool:
        """True when a tenth of the time is left, because the assembly was done early."""
        whole = self.effort
        return (
            whole.rounds is None
            and not whole.wish()
            and whole.left_s() > _AGAIN_SHARE * whole.seconds + _LEAST_S
        )

    def improve(self) -> None:
        """Every step has had its share of the time, or the plan is proved to be the best."""
        self.routing()
        if self.search.missing or self._is_worth_proving():
            self.ruin(_BEFORE_PROOF_SHARE, _BEFORE_PROOF_ROUNDS)
        if self.search.missing:
            # Whole groups do not fit into the fleet, or were not made to fit in the time: they are cut.
            self.search = fill_seats(self.problem, self.search)
        self.prove()
        if self.proof_is_closed:
            self.regroup()
            return
        self.ruin()
        self.regroup()
        self.assembly()
        while self.may_go_on():
            self.ruin()
            self.assembly()

    def routing(self) -> None:
        """OR-Tools has searched from the best plan; all its routes are pooled."""
        effort = self._share(min(_ROUTING_SHARE, _ROUTING_MOST_S / max(self.effort.left_s(), _LEAST_S)))
        if effort is None:
            return
        search = self.search
        run = RoutingSearch(search.book, search.best, search.pool)
        search.offer(run.run(effort, lambda: self._tell_sometimes(PlanningPhase.ROUTING)))
        search.stats["routing_solutions"] = run.solutions
        search.stats["routing_cost_fen"] = search.cost // 1000
        self.tell(PlanningPhase.ROUTING)

    def ruin(self, share: float = _RUIN_SHARE, rounds: int | None = None) -> None:
        """One annealed chain has run from the best plan."""
        effort = self._share(share, rounds)
        if effort is not None:
            self._run_chain(effort, self.chains, self.start)
            self.chains += 1
            self.start = ()

    def _run_chain(self, effort: Effort, number: int, start: tuple[Assigned, ...] = ()) -> None:
        search = self.search
        chain = RuinRecreate(search.model, start or search.best, self.seed + number, search.pool)

        def spent() -> float:
            self._tell_sometimes(PlanningPhase.RUIN, lambda: chain.best_score)
            return effort.spent()

        heat = annealing_for(search.cost, len(search.best), number)
        self.elsewhere.begin(search, self.seed + number, effort, heat)
        search.offer(chain.run(spent, heat, effort.wish))
        self.elsewhere.join(search, effort)
        self.rounds += chain.rounds
        search.stats["ruin_rounds"] = self.rounds
        search.stats["ruin_cost_fen"] = search.cost // 1000
        self.tell(PlanningPhase.RUIN)

    def prove(self) -> None:
        """What column generation proves from the routes met so far on, and the best choice of those left."""
        if self.search.missing or not self._is_worth_proving():
            return
        effort = self._share(_PROOF_SHARE, _PROOF_ROUNDS)
        if effort is None:
            return
        self.tell(PlanningPhase.BOUND)
        prover = Prover(self.problem, self.search, self.seed)
        prover.grow(effort, self._heard)
        self._heard(prover.proof)
        choice = self._share(_CHOICE_SHARE, _ASSEMBLY_EFFORT)
        if choice is not None and not prover.is_closed:
            prover.choose(choice)
        self._heard(prover.proof)
        if not prover.is_closed:
            self.start = prover.rounded_plan()
        self.proof_is_closed = prover.is_closed
        self.search.stats["proof_rounds"] = self.proof.rounds
        self.search.stats["proof_cost_fen"] = self.search.cost // 1000
        self.tell(PlanningPhase.BOUND)

    def _heard(self, proof: Proof) -> None:
        self.proof = proof
        self._tell_sometimes(PlanningPhase.BOUND)

    def _is_worth_proving(self) -> bool:
        """Where a bus can pass many stops a short search proves nothing: the plan gets the time."""
        model = self.search.model
        trips = sum(model.trips_of_group)
        seats = sum(
            count * next(kind.capacity for kind in model.kinds if kind.group == group)
            for group, count in enumerate(model.trips_of_group)
        )
        stops_a_bus = model.size * seats / max(trips * sum(model.load), 1)
        if stops_a_bus > _TOO_MANY_STOPS:
            return False
        needed_s = _PROOF_S if stops_a_bus < _MANY_STOPS else _LONG_PROOF_S
        return _PROOF_SHARE * self.effort.left_s() >= needed_s

    def fairness(self, fair_milli: int) -> None:
        """The best plan is one of kinder rides, for a little more money."""
        search, whole = self.search, self.effort
        if fair_milli <= 0 or search.missing or whole.wish():
            return
        effort = self._share(1.0, _FAIR_ROUNDS)
        if effort is None:
            return
        search.replace(kinder(search.model, search.best))
        before, cost = rides_of(search.model, search.best), search.cost
        most = cost + cost * fair_milli // 1000
        search.replace(kinder(search.model, fairer(search.model, search.best, most, effort, self.seed)))
        search.stats["fairness_before_longest_s"] = before.longest_s
        search.stats["fairness_before_p95_s"] = before.p95_s
        search.stats["fairness_cost_fen"] = (search.cost - cost) // 1000
        self.tell(PlanningPhase.FAIRNESS)

    def regroup(self) -> None:
        """Other splits and other stops have been tried; the search goes on over the better groups."""
        effort = self._share(_REGROUP_SHARE)
        if effort is None or not is_worth_regrouping(self.problem, self.search):
            return
        other = regroup(self.problem, self.search, effort, self.seed)
        # Other groups are no longer those that the proof is about: a thousandth is not worth that.
        worth = self.search.cost - (_PROOF_WORTH_MILLI * self.search.cost // 1000 if self.proof.fen else 0)
        if not other.is_recut or (other.missing, other.cost) < (self.search.missing, worth):
            self.search = other
        self.tell(PlanningPhase.RUIN)

    def assembly(self) -> None:
        """The pool holds no better plan that could be found in the time left."""
        effort = self._share(1.0, _ASSEMBLY_EFFORT)
        if effort is None:
            return
        search = self.search
        search.stats["pool_routes"] = len(search.pool)
        search.offer(assemble(search.model, search.pool, search.best, effort, self.seed))
        self.tell(PlanningPhase.ASSEMBLY)
