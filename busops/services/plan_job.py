"""
Planning as long work: what a job of kind "plan" tells while it searches, and what a stop keeps.

The search itself is ``services.planning``'s; how jobs are queued, watched and stopped, ``busops.jobs``'s.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from busops.domain.values import Clock, Ids
from busops.planner.scale.executors import OpenExecutor
from busops.planner.solve import Progress
from busops.planner.travel.source import TravelSource
from busops.services import plan_proof, planning
from busops.services.search_course import SearchCourse
from busops.storage.database import Database

WHOLE: Final = 1000


class Working(Protocol):
    """What a worker lends to the work it does."""

    @property
    def database(self) -> Database:
        """The school's database."""

    @property
    def clock(self) -> Clock:
        """The school's clock."""

    @property
    def ids(self) -> Ids:
        """New ids."""

    @property
    def executor(self) -> OpenExecutor:
        """Who solves the parts of a large plan."""

    def roads(self) -> TravelSource | None:
        """Who measures roads; None = ways are estimated."""

    @property
    def proof_seconds(self) -> int:
        """How long the proof goes on after the plan is made; 0 = not at all."""

    def follow(self, kind: str, arguments: Mapping[str, Any]) -> None:
        """A job is queued that goes on where this one ends."""

    def progress(self, done: int, total: int, **facts: Any) -> None:
        """Tells how far the work is."""

    def cancelled(self) -> bool:
        """True once the work must end."""

    def keeps_best(self) -> bool:
        """After that: whether what was found is wanted."""


def run(context: Working, arguments: Mapping[str, Any]) -> dict[str, str]:
    """
    A plan of one direction of a weekend is stored; ``{"plan_id": …}``.

    Its progress says how the search went so far. Stopped by somebody, it stores the best plan so
    far, unless that is not wanted: then it raises Refused.
    """
    course = SearchCourse()

    def told(step: Progress) -> None:
        context.progress(
            step.done_milli,
            WHOLE,
            phase=step.phase.value,
            cost_fen=step.cost_fen,
            unserved=step.unserved,
            bound_fen=step.bound_fen,
            course=course.rows(),
        )

    made = planning.run_plan_job(
        context.database,
        arguments,
        on_progress=told,
        should_stop=context.cancelled,
        keeps_best=context.keeps_best,
        course=course,
        executor=context.executor,
        clock=context.clock,
        ids=context.ids,
        roads=context.roads(),
    )
    _prove_on(context, made["plan_id"])
    return made


def _prove_on(context: Working, plan_id: str) -> None:
    """The proof of a plan that may be far from the best goes on as a job of its own."""
    if context.proof_seconds and plan_proof.is_worth_proving(planning.document(context.database, plan_id)):
        context.follow(plan_proof.JOB, {"plan_id": plan_id, "seconds": context.proof_seconds})
