"""
The forms that change a released run: riders added, struck off and moved, substitutes, another vehicle.

They stand on the run's page; each tells its outcome there, or shows the page again with every
reason against it. What may be changed when is the services' to say.
"""

from typing import Any, Final

from flask import Blueprint, request

from busops.domain.events import StrandedBy
from busops.domain.people import Role
from busops.domain.values import CrewId, Plate, RiderId, RunId, StopId
from busops.services import runs
from busops.services.transfers import Opening
from busops.web.language import say
from busops.web.runs import Answer, decide, one_of, typed_reason
from busops.web.security import allow

GOES: Final = "to:"  # of a form field that names the run for one rider
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


@bp.post("/transfer")
@allow(Role.DISPATCHER, Role.ADMIN)
def transfer(run_id: str) -> Answer:
    """The bus goes no further: its riders are awaited on another run."""

    def act(here: dict[str, Any]) -> None:
        runs.open_transfer(**here, to_run_id=RunId(_typed("to_run_id")), opening=_opening())

    return decide(run_id, say("已安排转车，两车的照管员逐个确认"), act)


@bp.post("/transfer/split")
@allow(Role.DISPATCHER, Role.ADMIN)
def split(run_id: str) -> Answer:
    """The bus goes no further: each of its riders is awaited on the run chosen for him."""
    given = [(name, value.strip()) for name, value in request.form.items() if name.startswith(GOES)]
    targets = {RiderId(name.removeprefix(GOES)): RunId(to_run_id) for name, to_run_id in given if to_run_id}

    def act(here: dict[str, Any]) -> None:
        runs.split_transfer(**here, targets=targets, opening=_opening())

    return decide(run_id, say("已安排转车，两车的照管员逐个确认"), act)


@bp.post("/send-rider")
@allow(Role.DISPATCHER, Role.ADMIN)
def send_rider(run_id: str) -> Answer:
    """A rider on the wrong bus is awaited on the right one; this bus goes on."""
    own: dict[str, Any] = {"rider_id": RiderId(_typed("rider_id")), "to_run_id": RunId(_typed("to_run_id"))}
    return decide(
        run_id,
        say("已安排转到另一趟，两车的照管员确认转出和转入"),
        lambda here: runs.send_rider(**here, **own, reason=typed_reason()),
    )


@bp.post("/substitute")
@allow(Role.DISPATCHER, Role.ADMIN)
def substitute(run_id: str) -> Answer:
    """The bus goes no further: another one is sent for the rest of the way; on to its run."""

    def act(here: dict[str, Any]) -> RunId:
        attendants = dict.fromkeys(request.form.getlist("attendant_ids"))
        crew_ids = CrewId(_typed("driver_id")), tuple(CrewId(each) for each in attendants if each)
        return runs.send_substitute(**here, plate=Plate(_typed("plate")), crew=crew_ids, opening=_opening())

    return decide(run_id, say("替换车已派出，这是它的趟次"), act)


def _opening() -> Opening:
    return Opening(cause=one_of(StrandedBy, _typed("cause")), reason=typed_reason())


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()
