"""
The JSON API of the tablets: batches of events, packs, news, the wish to close, enrolment.

A tablet proves itself by ``Authorization: Device <token>``; only enrolment uses a person's
session. Facts are never refused here, decisions are, with all their reasons.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from flask import Blueprint, Response, json, jsonify, request
from pydantic import ValidationError

from busops.domain.errors import InvalidInput, NotFound
from busops.domain.people import Role
from busops.domain.values import CrewId, RunId
from busops.services import crew_runs, device_runs, devices, quietening, runs, tablet_sync
from busops.web import api_devices, formats, problem
from busops.web import api_models as models
from busops.web.api_doors import SPEC, by_device, by_device_or_revoked, documented, holder
from busops.web.context import current, runtime
from busops.web.security import allow, public

bp = Blueprint("api", __name__, url_prefix="/api")
bp.register_blueprint(api_devices.bp)
CREATED: Final = 201
DEMO_LIVES: Final = timedelta(days=60)  # the demo's clock may run sixty times as fast as the day


@bp.post("/v1/events:batch")
@by_device_or_revoked
@documented(models.BatchAnswer, json_body=models.Batch, HTTP_400=models.Problem, HTTP_413=models.Problem)
def batch() -> Any:
    """Every event is stored, or kept apart with its reason; one result an event."""
    here = current()
    raw = request.get_data()
    try:
        body = json.loads(raw)
        done = tablet_sync.accept_batch(
            here.database,
            holder=holder(),
            body=body,
            clock=here.clock,
            ids=here.ids,
            memory=runtime().memory,
        )
    except (InvalidInput, ValueError, RecursionError) as fault:
        kept = tablet_sync.keep_unreadable(
            here.database, holder=holder(), raw=raw, clock=here.clock, ids=here.ids
        )
        code = fault.code if isinstance(fault, InvalidInput) else "batch_unreadable"
        return problem.problem(400, code, detail=f"{formats.words(code)} ({kept[:12]})")
    return jsonify(_batch_document(done))


@bp.get("/v1/runs")
@by_device
@documented(models.Runs, HTTP_403=models.Problem)
def list_runs() -> Any:
    """Today's runs of the person this device speaks for, or of the vehicle it belongs to."""
    here = current()
    found = device_runs.runs_of(here.database, holder(), now=here.clock.now())
    return jsonify({"runs": [_run_document(run) for run in found]})


@bp.get("/v1/runs/<run_id>/pack")
@by_device
@documented(
    models.Pack, HTTP_304=None, HTTP_403=models.Problem, HTTP_404=models.Problem, HTTP_409=models.Problem
)
def pack(run_id: str) -> Any:
    """The run as a tablet carries it, and waits for this tablet; 304 when it has this version."""
    here, wanted = current(), _own_run(run_id)
    devices.must_know_somebody(here.database, holder())
    if not here.settings.demo:  # there, whoever likes looks at the crews' screens
        runs.bind_tablet(here.database, wanted, holder().dev)
    document = tablet_sync.pack(here.database, wanted)
    answer = jsonify(document)
    answer.set_etag(document["whole"])
    return answer.make_conditional(request)


@bp.get("/v1/runs/<run_id>/news")
@by_device
@documented(models.News, HTTP_403=models.Problem, HTTP_404=models.Problem)
def news(run_id: str) -> Any:
    """What the server knows of a run: phase, checks, events of all tablets, reasons against closing."""
    here = current()
    devices.heard_from(here.database, holder().dev, clock=here.clock)
    who = holder().crew_id or CrewId("")
    found = tablet_sync.news(here.database, _own_run(run_id), now=here.clock.now(), crew_id=who)
    spoken = {
        "reasons": [problem.reason_document(reason) for reason in found.reasons],
        "faults": [formats.words(fault) for fault in found.faults],
        "departure": [formats.words(reason) for reason in found.departure],
    }
    return jsonify({**found.document, **spoken})


@bp.post("/v1/runs/<run_id>/close")
@by_device
@documented(models.Closed, HTTP_403=models.Problem, HTTP_404=models.Problem, HTTP_409=models.Problem)
def close(run_id: str) -> Any:
    """The run is closed, or every reason against it is told."""
    here = current()
    actor = devices.actor_of(here.database, holder())
    closure = runs.close_run(here.database, _own_run(run_id), by=actor, clock=here.clock, ids=here.ids)
    return jsonify({"run": run_id, "version": closure.version, "closed_ms": _ms(closure.closed_at)})


@bp.post("/v1/runs/<run_id>/quietened")
@by_device
@documented(
    models.Quietened,
    json_body=models.Quieten,
    HTTP_400=models.Problem,
    HTTP_403=models.Problem,
    HTTP_404=models.Problem,
)
def quietened(run_id: str) -> Any:
    """Somebody quietened the siren of this tablet while it was locked: the office is told, nothing ends."""
    here = current()
    try:
        told = models.Quieten.model_validate(request.get_json(silent=True) or {})
    except ValidationError:
        return problem.problem(400, "quietened_unreadable")
    quietening.tell(
        here.database, _own_run(run_id), holder().dev, ago_s=told.ago_s, clock=here.clock, ids=here.ids
    )
    return jsonify({"run": run_id, "quiet_s": quietening.QUIET_S})


@bp.post("/v1/devices")
@allow(Role.ATTENDANT, Role.DRIVER, Role.DISPATCHER, Role.ADMIN)
@documented(
    models.Enrolled,
    json_body=models.Enrol,
    status=CREATED,
    HTTP_400=models.Problem,
    HTTP_403=models.Problem,
    HTTP_404=models.Problem,
    HTTP_409=models.Problem,
)
def enrol() -> Any:
    """This browser is a device of a signed-in crew member; the token is shown once."""
    here = current()
    try:
        wanted = models.Enrol.model_validate(request.get_json(silent=True) or {})
    except ValidationError:
        return problem.problem(400, "enrolment_unreadable")
    made = devices.enrol(
        here.database,
        actor=here.actor,
        crew_id=CrewId(wanted.crew) if wanted.crew else None,
        name=wanted.name,
        dev=wanted.dev,
        may_stand_in=here.settings.demo,
        lives=DEMO_LIVES if here.settings.demo else timedelta(seconds=here.settings.session_tablet_s),
        clock=here.clock,
        public_key=wanted.key,
    )
    return jsonify({"dev": made.dev, "token": made.token}), CREATED


@bp.get("/docs/openapi.json")
@public
def openapi() -> Response:
    """The API's description, made from the views themselves."""
    return jsonify(SPEC.spec)


def _own_run(run_id: str) -> RunId:
    """The run's id, if the person is of its crew or the vehicle's tablet asks; a stranger learns nothing."""
    here = current()
    if not device_runs.may_see(here.database, holder(), RunId(run_id), now=here.clock.now()):
        raise NotFound("no_such_run", run_id=run_id)
    return RunId(run_id)


def _batch_document(done: tablet_sync.BatchResult) -> dict[str, Any]:
    return {
        "results": [
            {"id": each.event_id, "r": each.outcome.value, "srv": each.srv, "why": each.why}
            for each in done.results
        ],
        "ack": done.ack,
        "ack_h": done.ack_h,
        "now": done.now_ms,
        "min_app": tablet_sync.OLDEST_APP,
        "directives": list(done.directives),
    }


def _run_document(run: crew_runs.CrewRun) -> dict[str, Any]:
    names = ("no", "towards", "direction", "plate", "roster_v", "expected", "phase")
    own = {name: getattr(run, name) for name in names}
    return {"run": run.run_id, "departs_ms": _ms(run.departs_at), **own}


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
