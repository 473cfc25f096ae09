"""Long work as a page: how far it is, a way to stop it, and on to what it made."""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.people import Role
from busops.storage.job_store import Job, JobState
from busops.web.context import current
from busops.web.security import OFFICE, allow

bp = Blueprint("jobs", __name__, url_prefix="/jobs")


@bp.get("/<job_id>")
@allow(*OFFICE)
def show(job_id: str) -> ResponseReturnValue:
    """The job as it stands; a finished plan leads to its page, or to the next job of the order."""
    job = current().jobs.look(job_id)
    target = _target(job)
    if target is not None and "stay" not in request.args:
        return redirect(target)
    return render_template("jobs/job.html", job=job, then=request.args.getlist("then"))


@bp.get("/<job_id>/part")
@allow(*OFFICE, polled=True)
def part(job_id: str) -> ResponseReturnValue:
    """The part of the page that changes; at the end it sends the browser on."""
    job = current().jobs.look(job_id)
    answer = make_response(render_template("jobs/part.html", job=job, then=request.args.getlist("then")))
    target = _target(job)
    if target is not None:
        answer.headers["HX-Redirect"] = target
    return answer


@bp.post("/<job_id>/cancel")
@allow(Role.DISPATCHER, Role.ADMIN)
def cancel(job_id: str) -> ResponseReturnValue:
    """The job is asked to stop; what it had found so far is not kept."""
    current().jobs.cancel(job_id)
    return redirect(url_for("jobs.show", job_id=job_id, then=request.args.getlist("then")))


def _target(job: Job) -> str | None:
    """Where to go when the job is done: the next job of the order, else what this one made."""
    if job.state is not JobState.DONE:
        return None
    then = request.args.getlist("then")
    if then:
        return url_for("jobs.show", job_id=then[0], then=then[1:])
    if job.kind == "plan" and isinstance(job.result, dict) and "plan_id" in job.result:
        return url_for("planning.show", plan_id=job.result["plan_id"])
    return None
