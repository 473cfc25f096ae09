"""
The forms that change a released run: riders added, struck off and moved, substitutes, another vehicle.

They stand on the run's page; each tells its outcome there, or shows the page again with every
reason against it. What may be changed when is the services' to say.
"""

from typing import Any

from flask import Blueprint, request

from busops.domain.people import Role
from busops.domain.values import CrewId, Plate, RiderId, StopId
from busops.services import runs
from busops.web.language import say
from busops.web.runs import Answer, decide, typed_reason
from busops.web.security import allow

bp = Blueprint("run_changes", __name__, url_prefix="/runs/<run_id>")


@bp.post("/manifest/add")
@allow(Role.DISPATCHER, Role.ADMIN)
def add(run_id: str) -> Answer:
    """A registered rider is expected on this run too, at the chosen stop or at the own one."""
    stop_id = StopId(_typed("stop_id"))
    own: dict[str, Any] = {"rider_id": RiderId(_typed("rider_id")), "stop_id": stop_id or None}
    return decide(
        run_id,
        say("学生已加入名单，车组要重新确认"),
        lambda here: runs.add_rider(**here, **own, reason=typed_reason()),
    )


@bp.post("/manifest/remove")
@allow(Role.DISPATCHER, Role.ADMIN)
def remove(run_id: str) -> Answer:
    """A rider is not expected any more; only before anything moved."""
    rider_id = RiderId(_typed("rider_id"))
    return decide(
        run_id,
        say("学生已移出名单，车组要重新确认"),
        lambda here: runs.remove_rider(**here, rider_id=rider_id, reason=typed_reason()),
    )


@bp.post("/manifest/move")
@allow(Role.DISPATCHER, Role.ADMIN)
def move(run_id: str) -> Answer:
    """A rider gets on or off at another stop of this run."""
    own: dict[str, Any] = {"rider_id": RiderId(_typed("rider_id")), "stop_id": StopId(_typed("stop_id"))}
    return decide(
        run_id,
        say("学生已换站，车组要重新确认"),
        lambda here: runs.move_rider(**here, **own, reason=typed_reason()),
    )


@bp.post("/crew")
@allow(Role.DISPATCHER, Role.ADMIN)
def crew(run_id: str) -> Answer:
    """Substitutes take over; who was before stays on record."""
    chosen = dict.fromkeys(request.form.getlist("attendant_ids"))  # each once; the second may be nobody
    attendants = tuple(CrewId(crew_id) for crew_id in chosen if crew_id)
    return decide(
        run_id,
        say("人员已更换"),
        lambda here: runs.change_crew(
            **here, driver_id=CrewId(_typed("driver_id")), attendant_ids=attendants, reason=typed_reason()
        ),
    )


@bp.post("/vehicle")
@allow(Role.DISPATCHER, Role.ADMIN)
def vehicle(run_id: str) -> Answer:
    """The run is cancelled and released anew on another vehicle; on to that one."""
    return decide(
        run_id,
        say("原趟次已取消，这是换车后的新趟次"),
        lambda here: runs.substitute_vehicle(**here, plate=Plate(_typed("plate")), reason=typed_reason()),
    )


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()
