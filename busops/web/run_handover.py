"""
What the dispatcher prepares for a run's way home: one-time pick-up codes, and leave to use another stop.

A code is shown on the answer to its form and nowhere else; whoever loads that page again gives another.
"""

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request

from busops.domain.people import Role
from busops.domain.stop_changes import AskedBy
from busops.domain.values import RiderId, RunId, StopId
from busops.services import handovers, run_list, stop_changes
from busops.services.run_deciding import need_text
from busops.web.context import current
from busops.web.language import say
from busops.web.runs import Answer, decide, one_of, typed_reason
from busops.web.security import allow

bp = Blueprint("run_handover", __name__, url_prefix="/runs/<run_id>")


@bp.post("/pickup-code")
@allow(Role.DISPATCHER, Role.ADMIN)
def pickup_code(run_id: str) -> Answer | Response:
    """A new code for one rider, told on this page only."""
    here, rider_id = current(), RiderId(request.form.get("rider_id", "").strip())
    told: list[str] = []

    def act(_: dict[str, Any]) -> None:
        need_text(typed_reason())
        told.append(
            handovers.issue_code(here.database, RunId(run_id), rider_id, by=here.actor, clock=here.clock)
        )

    answer = decide(run_id, say("已给接领码"), act)
    if not told:
        return answer
    names = run_list.names(here.database)
    run = run_list.listed_run(here.database, RunId(run_id))
    page = make_response(
        render_template("runs/pickup_code.html", code=told[0], rider_id=rider_id, names=names, run=run)
    )
    page.headers["Cache-Control"] = "no-store"
    return page


@bp.post("/stop-changes")
@allow(Role.DISPATCHER, Role.ADMIN)
def allow_stop(run_id: str) -> Answer:
    """A rider may get off at another stop of this run."""

    def act(here: dict[str, Any]) -> None:
        form = request.form
        stop_changes.allow_stop(
            **here,
            rider_id=RiderId(form.get("rider_id", "").strip()),
            stop_id=StopId(form.get("stop_id", "").strip()),
            asked_by=one_of(AskedBy, form.get("asked_by", "")),
            reason=typed_reason(),
        )

    return decide(run_id, say("已允许换站，车组的平板会看到变更号"), act)


@bp.post("/stop-changes/<int:change_no>/withdraw")
@allow(Role.DISPATCHER, Role.ADMIN)
def withdraw(run_id: str, change_no: int) -> Answer:
    """The change does not hold any more."""
    return decide(
        run_id,
        say("换站许可已撤回"),
        lambda here: stop_changes.withdraw_stop(**here, change_no=change_no, reason=typed_reason()),
    )
