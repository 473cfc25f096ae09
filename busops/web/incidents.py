"""Incidents on a run's page: whom somebody told first. What came of one is settled with its finding."""

from flask import Blueprint, request

from busops.domain.people import Role
from busops.services import incidents
from busops.web.language import say
from busops.web.runs import Answer, decide
from busops.web.security import allow

bp = Blueprint("incidents", __name__, url_prefix="/runs/<run_id>/incidents")


@bp.post("/<incident_id>/report")
@allow(Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN)
def report(run_id: str, incident_id: str) -> Answer:
    """Somebody was told of it."""
    told, is_outside = request.form.get("told", ""), request.form.get("outside") == "yes"
    return decide(
        run_id,
        say("上报已记录") if is_outside else say("首报已记录"),
        lambda here: incidents.report_incident(
            here["database"],
            here["run_id"],
            incident_id,
            told=told,
            by=here["by"],
            clock=here["clock"],
            is_outside=is_outside,
        ),
    )
