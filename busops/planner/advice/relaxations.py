"""
What would be enough: the smallest easements found under which every rider has a place, and their price.

Each is planned anew under the easier problem and judged by ``verify``; the steps of a ladder are
halved until no smaller one was enough. Where counting alone shows that something is not enough, that
is a proof (``possible.py``); otherwise "not found" means only that the search did not.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

from busops.domain.findings import Severity
from busops.planner.advice.fit_in import fit_in
from busops.planner.advice.ground import Ground, halts_of_plan, longest_s
from busops.planner.advice.levers import Ladder, Lever, Rung, ladders_for
from busops.planner.advice.possible import Possible, most_possible
from busops.planner.problem import Plan, Problem
from busops.planner.solve import solve
from busops.planner.verify import verify

_SHARE: Final = 80  # of the seconds, for one plan
_LEAST_S: Final = 0.3
_MOST_S: Final = 5.0
_MOST_PAIRS: Final = 3
_PAIRED: Final = 8  # ladders that pairs are made of


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Seconds for everything; or with ``rounds`` that many rounds for each plan, the same everywhere."""

    seconds: float = 120.0
    seed: int = 1
    rounds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One easement: which lever, and the facts that it names (see ``Lever``)."""

    lever: Lever
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """
    A plan under easier limits: who rides then, what it costs (and how much more than now), fen and seconds.

    ``proved_short`` is True where the steps cannot be enough for everybody, whatever the plan.
    """

    steps: tuple[Step, ...]
    served: int
    newly: tuple[str, ...]  # riders who ride then and did not before
    left: tuple[str, ...]
    cost_fen: int
    price_fen: int
    longest_s: int
    proved_short: bool
    problem: Problem
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """
    What was found: ``reliefs`` that seat everybody, by price; ``partial``: of each lever that alone does
    not, the widest step tried, the most seated first.

    ``possible`` is what is proved about the limits as they are. ``is_whole`` is False when the time
    ended, or somebody stopped it, before all ladders were tried.
    """

    riders: int
    served: int
    possible: Possible
    reliefs: tuple[Relief, ...]
    partial: tuple[Relief, ...]
    tried: int
    is_whole: bool

    @property
    def is_proved(self) -> bool:
        """True when it is proved that nobody more can ride without an easement."""
        return self.possible.most <= self.served


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How far the search for easements is: ladders tried of all, plans made, answers found."""

    done: int
    total: int
    tried: int
    found: int


OnSearch = Callable[[Search], None]


def what_would_be_enough(
    problem: Problem,
    plan: Plan,
    budget: Budget,
    *,
    wide: Problem | None = None,
    on_progress: OnSearch | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Certificate:
    """
    The certificate for those of the problem's riders whom the plan leaves over.

    ``wide`` is the same day with every stop designated that riders named. Nothing is searched when
    all have a place.
    """
    names = {rider.rider_id for rider in problem.riders}
    left = [one.rider_id for one in plan.unserved if one.rider_id in names]
    hunt = _Hunt(problem, plan, budget, (on_progress, should_stop))
    if left:
        hunt.run(ladders_for(problem, plan, wide))
    whole = [one for one in hunt.reliefs if not one.left]
    return Certificate(
        riders=len(names),
        served=len(names) - len(left),
        possible=most_possible(problem),
        reliefs=tuple(sorted(whole, key=lambda one: (one.price_fen, len(one.steps), one.longest_s))),
        partial=_best_a_lever(hunt.short),
        tried=hunt.tried,
        is_whole=not hunt.is_over,
    )


class _Hunt:
    """The state of one search: its clock, what was tried, what was found."""

    def __init__(
        self,
        problem: Problem,
        plan: Plan,
        budget: Budget,
        calls: tuple[OnSearch | None, Callable[[], bool] | None],
    ) -> None:
        self.problem, self.plan, self.budget = problem, plan, budget
        self.on_progress, self.should_stop = calls
        self.reliefs: list[Relief] = []
        self.short: list[Relief] = []
        self._start = plan  # what those left over are fitted into
        self.tried = 0
        self.is_over = False
        self._until = time.monotonic() + budget.seconds
        self._done, self._total = 0, 0

    def run(self, ladders: Sequence[Ladder]) -> None:
        """Planned again as it is; then every ladder alone; then, where none is enough, several together."""
        self._total = len(ladders)
        self._tell(0)
        again = self._relief((), thorough=True)
        if again is not None and again.newly:
            (self.short if again.left else self.reliefs).append(again)
            self._start = again.plan
            if not again.left:
                return
        # Those first whose widest step lets everybody be fitted in: answers that cost little to find.
        waiting = self._alone(ladders, quickly=True)
        tops = self._alone([ladder for ladder, _top in waiting], quickly=False)
        self.short += [top for _ladder, top in tops]
        if not self.reliefs:
            self._several([ladder for ladder, _top in sorted(tops, key=lambda one: len(one[1].left))])

    def _alone(self, ladders: Sequence[Ladder], *, quickly: bool) -> list[tuple[Ladder, Relief]]:
        """Each ladder that is enough at its widest is lowered; the others with what that seats."""
        short = []
        for ladder in ladders:
            top = self._relief(((ladder, len(ladder.rungs) - 1),), may_solve=not quickly)
            if top is None:
                break
            if top.left:
                short.append((ladder, top))
            else:
                self._lowered((ladder,))
            self._tell(self._done + (not (top.left and quickly)))
        return short

    def _several(self, ladders: Sequence[Ladder]) -> None:
        """Pairs that are enough together, lowered; where no pair is, the fewest of all that were found."""
        found = 0
        for pair in combinations(_one_a_lever(ladders)[:_PAIRED], 2):
            if found >= _MOST_PAIRS or self._is_out():
                break
            if self._is_enough(tuple((ladder, len(ladder.rungs) - 1) for ladder in pair)):
                found += self._lowered(pair)
        if not found and not self._is_out():
            chosen = _one_a_lever(ladders)
            if not self._is_enough(tuple((ladder, len(ladder.rungs) - 1) for ladder in chosen)):
                return
            for ladder in tuple(reversed(chosen)):
                fewer = [one for one in chosen if one is not ladder]
                if fewer and self._is_enough(tuple((one, len(one.rungs) - 1) for one in fewer)):
                    chosen = fewer
            self._lowered(tuple(chosen))

    def _lowered(self, ladders: tuple[Ladder, ...]) -> int:
        """One after the other each ladder is lowered as far as all are still seated; 1 if that was found."""
        at = [len(ladder.rungs) - 1 for ladder in ladders]
        for number, ladder in enumerate(ladders):
            low, high = 0, len(ladder.rungs) - 1
            while low < high and not self._is_out():
                middle = (low + high) // 2
                trial = [*at[:number], middle, *at[number + 1 :]]
                if self._is_enough(tuple(zip(ladders, trial, strict=True))):
                    high = middle
                else:
                    low = middle + 1
            at[number] = high
        best = self._relief(tuple(zip(ladders, at, strict=True)), thorough=True)
        if best is None or best.left:
            return 0
        self.reliefs.append(best)
        return 1

    def _is_enough(self, steps: tuple[tuple[Ladder, int], ...]) -> bool:
        relief = self._relief(steps)
        return relief is not None and not relief.left

    def _relief(
        self, steps: tuple[tuple[Ladder, int], ...], *, thorough: bool = False, may_solve: bool = True
    ) -> Relief | None:
        """
        The best plan under these steps; None when the time is over. It is planned anew where fitting in
        was not enough and counting does not forbid it, with ``thorough`` always.
        """
        if self._is_out():
            return None
        rungs = [(ladder.lever, ladder.rungs[at]) for ladder, at in steps]
        easier = _eased(self.problem, rungs)
        plans = [fit_in(easier, self._start)]
        is_short = most_possible(easier).most < len(easier.riders)
        if thorough or (may_solve and _left_of(easier, plans[0]) and not is_short):
            plans.append(self._solved(easier))
        self.tried += 1
        right = [one for one in plans if _is_right(easier, one)]
        best = min(right, key=lambda one: (len(_left_of(easier, one)), one.cost_fen), default=self._start)
        left = _left_of(easier, best)
        before = set(_left_of(self.problem, self.plan))
        return Relief(
            steps=tuple(Step(lever=lever, facts=dict(rung.facts)) for lever, rung in rungs)
            or (Step(lever=Lever.AGAIN),),
            served=len(easier.riders) - len(left),
            newly=tuple(sorted(before - set(left))),
            left=left,
            cost_fen=best.cost_fen,
            price_fen=best.cost_fen - self.plan.cost_fen,
            longest_s=longest_s(Ground(easier), halts_of_plan(best)),
            proved_short=is_short,
            problem=easier,
            plan=best,
        )

    def _solved(self, problem: Problem) -> Plan:
        seconds = min(max(self.budget.seconds / _SHARE, _LEAST_S), _MOST_S)
        return solve(
            problem,
            seconds=seconds,
            seed=self.budget.seed,
            should_stop=self.should_stop,
            rounds=self.budget.rounds,
        )

    def _is_out(self) -> bool:
        asked = self.should_stop is not None and self.should_stop()
        late = self.budget.rounds is None and time.monotonic() >= self._until
        self.is_over = self.is_over or asked or late
        return self.is_over

    def _tell(self, done: int) -> None:
        self._done = done
        if self.on_progress is not None:
            found = len(self.reliefs)
            self.on_progress(Search(done=done, total=self._total, tried=self.tried, found=found))


def _eased(problem: Problem, rungs: Sequence[tuple[Lever, Rung]]) -> Problem:
    """The problem with all changes; stops are designated before lines and vehicles are touched."""
    for _lever, rung in sorted(rungs, key=lambda one: one[0] is not Lever.DESIGNATE):
        problem = rung.change(problem)
    return problem


def _one_a_lever(ladders: Sequence[Ladder]) -> list[Ladder]:
    """The first ladder of each lever: the best are in front."""
    first: dict[Lever, Ladder] = {}
    for ladder in ladders:
        first.setdefault(ladder.lever, ladder)
    return list(first.values())


def _best_a_lever(reliefs: Sequence[Relief]) -> tuple[Relief, ...]:
    best: dict[Lever, Relief] = {}
    for relief in sorted(reliefs, key=lambda one: (len(one.left), one.price_fen)):
        best.setdefault(relief.steps[0].lever, relief)
    return tuple(best.values())


def _left_of(problem: Problem, plan: Plan) -> tuple[str, ...]:
    names = {rider.rider_id for rider in problem.riders}
    return tuple(sorted(one.rider_id for one in plan.unserved if one.rider_id in names))


def _is_right(problem: Problem, plan: Plan) -> bool:
    return all(one.severity is not Severity.BLOCK for one in verify(problem, plan))
