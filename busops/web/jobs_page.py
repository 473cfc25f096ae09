"""Long work as a page: how far it is, what it has found, two ways to stop it, and on to what it made."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.people import Role
from busops.services import bulk_matching, refund_job
from busops.services.plan_figures import gap_bp
from busops.services.search_course import read_points
from busops.storage.job_store import Job, JobState
from busops.web.context import current
from busops.web.course_chart import CoursePlot, course_plot, phase_words
from busops.web.security import OFFICE, allow

bp = Blueprint("jobs", __name__, url_prefix="/jobs")

STOPPERS = (Role.DISPATCHER, Role.ADMIN)
OF_MONEY = {
    bulk_matching.JOB: "/finance/receipts",
    refund_job.JOB: "/finance/refunds",
}  # and where they are seen


@bp.get("/<job_id>")
@allow(*OFFICE)
def show(job_id: str) -> ResponseReturnValue:
    """The jobs of one order as they stand; a single finished one leads to what it made."""
    here, then = current(), request.args.getlist("then")
    jobs = [here.jobs.look(one) for one in (job_id, *then)]
    target = _target(jobs[0]) if not then and "stay" not in request.args else None
    if target is not None:
        return redirect(target)
    page = url_for("jobs.show", job_id=job_id, then=then)
    may_stop = here.actor.role in STOPPERS
    return render_template(
        "jobs/job.html",
        jobs=jobs,
        page=page,
        may_stop=may_stop,
        weekend_on=_weekend_of(jobs[0]),
        money_page=OF_MONEY.get(jobs[0].kind),
        **_PICTURES,
    )


@bp.get("/<job_id>/part")
@allow(*OFFICE, polled=True)
def part(job_id: str) -> ResponseReturnValue:
    """The part of the page that changes; when its buttons change, too, the whole page is asked anew."""
    job = current().jobs.look(job_id)
    answer = make_response(render_template("jobs/part.html", job=job, **_PICTURES))
    if job.state.value != request.args.get("seen", job.state.value) or job.is_over:
        answer.headers["HX-Refresh"] = "true"
    return answer


@bp.post("/<job_id>/cancel")
@allow(*STOPPERS)
def cancel(job_id: str) -> ResponseReturnValue:
    """The job is asked to stop; what it has found is kept, unless the form says to discard it."""
    jobs, back = current().jobs, request.form.get("back", "")
    jobs.cancel(job_id, discards="discard" in request.form)
    is_ours = back.startswith("/jobs/")
    return redirect(back if is_ours else url_for("jobs.show", job_id=job_id))


def _plot(facts: Mapping[str, Any]) -> CoursePlot | None:
    return course_plot(read_points(facts.get("course", ())))


def _gap(facts: Mapping[str, Any]) -> int | None:
    return gap_bp(facts["cost_fen"], facts.get("bound_fen", 0))


_PICTURES: Mapping[str, Any] = {"plot_of": _plot, "gap_of": _gap, "phase_words": phase_words}


def _weekend_of(job: Job) -> date | None:
    """The weekend that a job was ordered for, where it was for one."""
    try:
        return date.fromisoformat(str(job.arguments.get("weekend_on")))
    except ValueError:
        return None


def _target(job: Job) -> str | None:
    """Where to go when the job is done: to the plan that it made."""
    if job.state is not JobState.DONE:
        return None
    if isinstance(job.result, dict) and "plan_id" in job.result:
        return url_for("planning.show", plan_id=job.result["plan_id"])
    if isinstance(job.result, dict) and "scheme_id" in job.result:
        return url_for("term.show", scheme_id=job.result["scheme_id"])
    if job.kind == bulk_matching.JOB:
        return url_for("finance.receipts.queue")
    return None
