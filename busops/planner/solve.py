"""
The planner as a function: a problem, a time and a seed in, a plan out; nothing else is read or kept.

    demand → greedy → routing search → ruin and recreate → column generation (the proof)
    → assembly of all routes seen → timetable
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from busops.planner.assemble import assemble
from busops.planner.bound import lower_bound
from busops.planner.choice import Drive, share_halts
from busops.planner.comfort import kinder
from busops.planner.demand import nodes_of
from busops.planner.effort import Effort, StopWish
from busops.planner.fleet_state import FleetState
from busops.planner.greedy import Search, fill_seats, greedy_plan, why_left_over
from busops.planner.problem import Plan, Problem, Unserved
from busops.planner.proof import NOTHING_PROVED, prove
from busops.planner.routing import RoutingSearch
from busops.planner.ruin import RuinRecreate, annealing_for
from busops.planner.timetable import halts_of, trips_of
from busops.planner.warm import warm

_ROUTING_SHARE: Final = 0.15  # of the time that is left then
_ROUTING_MOST_S: Final = 1.5  # longer it finds nothing that the annealed chain does not find sooner
_RUIN_SHARE: Final = 0.75
_PROOF_SHARE: Final = 0.5
_AGAIN_SHARE: Final = 0.1
_MANY_STOPS: Final = 4.2  # stops that fill a bus
_LONG_PROOF_S: Final = 4.0
_LEAST_S: Final = 0.3  # a step with less time than this is not begun
_TELL_EVERY_S: Final = 0.5
_ASSEMBLY_EFFORT: Final = 2  # deterministic seconds of CP-SAT when rounds are counted
_BOUND_EFFORT: Final = 0.1
_PROOF_ROUNDS: Final = 12  # of column generation when rounds are counted


class PlanningPhase(StrEnum):
    """What the planner is doing."""

    GREEDY = "greedy"
    ROUTING = "routing"
    RUIN = "ruin"
    ASSEMBLY = "assembly"
    BOUND = "bound"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the planner is: share of its time in thousandths, the best cost, riders left over."""

    phase: PlanningPhase
    done_milli: int
    cost_fen: int
    unserved: int


OnProgress: TypeAlias = Callable[[Progress], None]


def solve(
    problem: Problem,
    *,
    seconds: float,
    seed: int,
    on_progress: OnProgress | None = None,
    should_stop: Callable[[], bool] | None = None,
    rounds: int | None = None,
) -> Plan:
    """
    The best plan found in about ``seconds``; always a plan, partial when the fleet is too small.

    With ``rounds`` the work is counted instead of the time, and the plan is the same on every
    machine. ``should_stop`` and ``on_progress`` are called on the calling thread; after a yes the
    best plan so far comes back within about half a second. Never worse than the greedy plan. On a
    machine where the search has no machine code yet, making it comes on top of ``seconds``.
    """
    warm()
    effort = Effort(seconds, StopWish(should_stop), rounds)
    demand = nodes_of(problem)
    search = greedy_plan(problem, demand.nodes)
    search.stats["greedy_cost_fen"] = search.cost // 1000
    steps = _Steps(problem, search, effort, (seed, on_progress))
    steps.tell(PlanningPhase.GREEDY)
    if search.best:
        steps.routing()
        steps.ruin()
        steps.prove()
        steps.assembly()
        while steps.may_go_on():
            steps.ruin()
            steps.assembly()
    steps.tell(PlanningPhase.BOUND)
    plan = _plan(problem, fill_seats(problem, search), demand.unserved, steps)
    steps.tell(PlanningPhase.DONE)
    return plan


class _Steps:
    """The improving steps; each leaves the search no worse than it was."""

    def __init__(
        self, problem: Problem, search: Search, effort: Effort, how: tuple[int, OnProgress | None]
    ) -> None:
        self.problem = problem
        self.search = search
        self.effort = effort
        self.seed, self.report = how
        self.chains = 0
        self.rounds = 0
        self.proof = NOTHING_PROVED
        self._tell_at = 0.0

    def tell(self, phase: PlanningPhase) -> None:
        """The caller knows where the planner stands."""
        if self.report is None:
            return
        done = 1.0 if phase is PlanningPhase.DONE else self.effort.used()
        self._tell_at = time.monotonic() + _TELL_EVERY_S
        self.report(
            Progress(
                phase=phase,
                done_milli=int(1000 * min(done, 1.0)),
                cost_fen=self.search.cost // 1000,
                unserved=self.search.missing,
            )
        )

    def _tell_sometimes(self, phase: PlanningPhase) -> None:
        if self.report is not None and time.monotonic() >= self._tell_at:
            self.tell(phase)

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

    def ruin(self) -> None:
        """One annealed chain has run from the best plan."""
        effort = self._share(_RUIN_SHARE)
        if effort is None:
            return
        search = self.search
        chain = RuinRecreate(search.model, search.best, self.seed + self.chains, search.pool)
        annealing = annealing_for(search.cost, len(search.best), self.chains)
        self.chains += 1

        def spent() -> float:
            self._tell_sometimes(PlanningPhase.RUIN)
            return effort.spent()

        search.offer(chain.run(spent, annealing))
        search.stats["ruin_rounds"] = self.rounds = self.rounds + chain.rounds
        search.stats["ruin_cost_fen"] = search.cost // 1000
        self.tell(PlanningPhase.RUIN)

    def prove(self) -> None:
        """Column generation has proved what it could; its routes are pooled."""
        effort = self._share(_PROOF_SHARE, _PROOF_ROUNDS)
        if effort is None or self.search.missing or not self._is_worth_proving(effort):
            return
        self.tell(PlanningPhase.BOUND)
        self.proof = prove(self.problem, self.search, effort)
        self.search.stats["proof_rounds"] = self.proof.rounds

    def _is_worth_proving(self, effort: Effort) -> bool:
        """Where a bus can pass many stops a short search proves nothing: the plan gets the time."""
        model = self.search.model
        trips = sum(model.trips_of_group)
        seats = sum(
            count * next(kind.capacity for kind in model.kinds if kind.group == group)
            for group, count in enumerate(model.trips_of_group)
        )
        stops_a_bus = model.size * seats / max(trips * sum(model.load), 1)
        return stops_a_bus < _MANY_STOPS or effort.left_s() >= _LONG_PROOF_S

    def assembly(self) -> None:
        """The pool holds no better plan that could be found in the time left."""
        effort = self._share(1.0, _ASSEMBLY_EFFORT)
        if effort is None:
            return
        search = self.search
        search.stats["pool_routes"] = len(search.pool)
        search.offer(assemble(search.model, search.pool, search.best, effort, self.seed))
        self.tell(PlanningPhase.ASSEMBLY)


def _drives(problem: Problem, search: Search) -> list[Drive]:
    """The best plan's trips as halts, each in its kinder order."""
    vehicles = {vehicle.plate: vehicle for vehicle in problem.vehicles}
    model = search.model
    drives = []
    for number, nodes in kinder(model, search.best):
        group = model.kinds[number].group
        vehicle = vehicles[model.plates_of_group[group][0]]
        drives.append(Drive(group=group, vehicle=vehicle, halts=tuple(halts_of(problem, model, nodes))))
    return drives


def _plan(problem: Problem, search: Search, without_stop: Sequence[Unserved], steps: _Steps) -> Plan:
    """The plan on the clock, with its bound and the reasons of those left over."""
    state = FleetState(search.model, search.book, search.best)
    causes = {rider.rider_id: rider.reason for rider in without_stop}
    for node in state.absent():
        reason = why_left_over(search, node)
        causes.update(dict.fromkeys(search.model.nodes[node - 1].rider_ids, reason))
    drives, waiting = share_halts(problem, _drives(problem, search), sorted(causes), steps.effort.wish)
    trips = trips_of(problem, search.model, [(drive.group, drive.halts) for drive in drives])
    cost_fen = sum(trip.cost_fen for trip in trips)
    served = sum(len(halt.rider_ids) for trip in trips for halt in trip.stops)
    bound = lower_bound(problem, served, effort=_BOUND_EFFORT)
    proof = steps.proof if not waiting and steps.proof.fen <= cost_fen else NOTHING_PROVED
    return Plan(
        trips=trips,
        unserved=tuple(Unserved(rider_id=rider_id, reason=causes[rider_id]) for rider_id in waiting),
        cost_fen=cost_fen,
        lower_bound_fen=max(bound.fen, proof.fen),
        bound_model=bound.model if bound.fen >= proof.fen else proof.model,
        stats=search.stats,
    )
