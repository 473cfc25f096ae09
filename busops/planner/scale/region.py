"""
Problems that are many, or one too large for one search, solved side by side: a city, a group of schools.

    sectors → each solved by itself → the same rides in other parts, across every border, until the time
    is spent → exchange of vehicles among all rides → the last touch, the clock, the bound

Every part is a function of its values (``part.py``), so that the plan depends on the problem, the seed
and the number of rounds, and not on who solved which part.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from busops.planner.effort import Effort, StopWish
from busops.planner.problem import Plan, Problem
from busops.planner.scale.borders import first_cuts, next_cuts, parts_wanted
from busops.planner.scale.crew import Crew
from busops.planner.scale.ending import finish_part, plan_of, seat_the_rest
from busops.planner.scale.executors import OpenExecutor
from busops.planner.scale.part import Answer, Order, solve_part
from busops.planner.scale.shares import exchange
from busops.planner.scale.whole import Cut, Whole, put_back, whole_of
from busops.planner.solve import OnProgress, PlanningPhase, Progress, solve
from busops.planner.warm import warm

PART_GROUPS: Final = 300  # in a part: cheaper than parts of 120 in the same seconds
_FIRST_PLAN_S: Final = 0.1  # of a part, at the very beginning
_FIRST_SHARE: Final = 0.35  # of the time, for the sectors by themselves
_ENDING_SHARE: Final = 0.04  # kept for the last touch, and a little more for each group
_ENDING_S_A_GROUP: Final = 0.0015
_ROUNDS_LEAST: Final = 4  # across borders, in the time that is left then
_SLICE_MOST_S: Final = 6.0  # of a part in a round; longer brings less than another border
_SLICE_LEAST_S: Final = 0.25
_HEAT_MILLI: Final = 300  # parts that were solved before begin cooler
_COUNTED_ROUNDS: Final = 3  # across borders when rounds are counted


def solve_region(
    problem: Problem,
    *,
    seconds: float,
    seed: int,
    executor: OpenExecutor,
    on_progress: OnProgress | None = None,
    should_stop: Callable[[], bool] | None = None,
    rounds: int | None = None,
    part_groups: int = PART_GROUPS,
) -> Plan:
    """
    The best plan of a large problem found in about ``seconds``, by parts; always a plan, as ``solve``'s.

    ``executor`` opens the executor whose workers solve the parts (``executors.open_executor``). With
    ``rounds`` each part is searched for so many steps and the borders are crossed three times: then
    the plan is the same on every machine and every executor. A worker, a pool or a scheduler that is
    lost costs time, not the plan; ``stats`` says what happened. ``lower_bound_fen`` holds for the
    whole problem, by seats and reach. A problem with rules about riders is one search, as ``solve``'s.
    """
    if problem.rules.riders:
        # Who must ride together ties groups of different parts: only one search sees all of them.
        return solve(
            problem,
            seconds=seconds,
            seed=seed,
            on_progress=on_progress,
            should_stop=should_stop,
            rounds=rounds,
        )
    warm()
    wish = StopWish(should_stop)
    effort = Effort(seconds, wish, rounds)
    crew = Crew(executor, wish)
    try:
        return _Region(whole_of(problem), effort, crew, (seed, on_progress, part_groups)).plan()
    finally:
        crew.close()


class _Region:
    """The steps of one plan."""

    def __init__(
        self, whole: Whole, effort: Effort, crew: Crew, how: tuple[int, OnProgress | None, int]
    ) -> None:
        self.whole = whole
        self.effort = effort
        self.crew = crew
        seed, self.report, self.size = how
        self.random = Random(seed)  # noqa: S311  # directions of borders, no secrets
        self.stats: dict[str, int | str] = {}
        self.searched = 0

    def plan(self) -> Plan:
        """The whole is solved, joined and put on the clock."""
        count = self._count()
        self._solve_sectors(count)
        crossed = 0
        while self._may_cross(crossed):
            self._cross()
            crossed += 1
        self._tell(PlanningPhase.BOUND)
        if not self.effort.wish():
            seat_the_rest(self.whole)
            self._finish()
        self.stats |= {"parts": count, "border_rounds": crossed, "ruin_rounds": self.searched}
        plan = plan_of(self.whole, self.stats | self.crew.stats(), is_proving=not self.effort.wish())
        self._tell(PlanningPhase.DONE)
        return plan

    def _count(self) -> int:
        """Parts of a cut; counted rounds must not depend on how many workers there are."""
        workers = None if self.effort.rounds is not None else self.crew.count
        groups = len(self.whole.left) + sum(len(nodes) for _stock, nodes in self.whole.rides)
        return parts_wanted(groups, self.size, workers)

    def _waves(self, parts: int) -> int:
        return max(-(-parts // self.crew.count), 1)

    def _left_s(self) -> float:
        """What may still be spent on searching."""
        groups = len(self.whole.demand.nodes)
        kept = _ENDING_SHARE * self.effort.seconds + _ENDING_S_A_GROUP * groups / self.crew.count
        return max(self.effort.left_s() - kept, 0.0)

    def _solve_sectors(self, count: int) -> None:
        cuts = first_cuts(self.whole, count, self.size)
        if self.effort.rounds is None:
            # Soon a plan of everybody, so that whoever stops the search has one; it is the start of the rest.
            self._solve(cuts, _FIRST_PLAN_S, heat_milli=1000)
            cuts = next_cuts(self.whole, count, self.random)
        seconds = max(_FIRST_SHARE * self._left_s() / self._waves(len(cuts)), _SLICE_LEAST_S)
        self._solve(cuts, seconds, heat_milli=1000)
        self.stats |= {
            "sectors_cost_fen": self.whole.cost // 1000,
            "sectors_left_over": self.whole.missing,
        }
        exchange(self.whole)

    def _may_cross(self, crossed: int) -> bool:
        if self.effort.wish() or self._count() < 2:  # noqa: PLR2004  # one part has no border
            return False
        if self.effort.rounds is not None:
            return crossed < _COUNTED_ROUNDS
        return self._left_s() / self._waves(self._count()) >= _SLICE_LEAST_S

    def _cross(self) -> None:
        """Every ride has been searched together with other neighbours than before."""
        cuts = next_cuts(self.whole, self._count(), self.random)
        each_s = self._left_s() / self._waves(len(cuts))
        seconds = min(max(each_s / _ROUNDS_LEAST, min(1.0, each_s)), _SLICE_MOST_S)
        self._solve(cuts, seconds, heat_milli=_HEAT_MILLI)
        exchange(self.whole)

    def _solve(self, cuts: Sequence[Cut], seconds: float, *, heat_milli: int) -> None:
        tasks = [
            (
                piece.part,
                Order(
                    seconds=seconds,
                    rounds=self.effort.rounds,
                    seed=self.random.randrange(2**31),
                    heat_milli=heat_milli,
                ),
            )
            for piece in cuts
        ]
        answers = self._run(solve_part, tasks, seconds)
        self.searched += sum(answer.rounds for answer in answers if answer is not None)
        self._join(cuts, answers)

    def _join(self, cuts: Sequence[Cut], answers: Sequence[Answer | None]) -> None:
        """The answers are in the whole; of a part that nobody solved the rides stay as they are."""
        put_back(
            self.whole,
            ((piece, answer) for piece, answer in zip(cuts, answers, strict=True) if answer is not None),
        )

    def _finish(self) -> None:
        """Every ride in its kinder order, riders with several stops seated where it saves most."""
        choices = {r.rider_id: r.stop_ids for r in self.whole.problem.riders if len(r.stop_ids) > 1}
        cuts = next_cuts(self.whole, self._count(), self.random, choices)
        self._join(cuts, self._run(finish_part, [(piece.part,) for piece in cuts], self.effort.left_s()))
        self.stats |= {
            "finished_cost_fen": self.whole.cost // 1000,
            "finished_left_over": self.whole.missing,
        }

    def _run(
        self, work: Callable[..., Answer], tasks: Sequence[tuple[Any, ...]], seconds: float
    ) -> list[Any]:
        def heard(_done: int) -> None:
            self._tell(PlanningPhase.RUIN)

        return self.crew.run(work, tasks, seconds=seconds, heard=heard)

    def _tell(self, phase: PlanningPhase) -> None:
        if self.report is None:
            return
        done = 1.0 if phase is PlanningPhase.DONE else self.effort.used()
        self.report(
            Progress(
                phase=phase,
                done_milli=int(1000 * done),
                cost_fen=self.whole.cost // 1000,
                unserved=self.whole.missing,
                bound_fen=0,
            )
        )
