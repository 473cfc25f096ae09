"""
The JSON API of the tablets: batches of events, packs, news, the wish to close, enrolment.

A tablet proves itself by ``Authorization: Device <token>``; only enrolment uses a person's
session. Facts are never refused here, decisions are, with all their reasons.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Final, TypeVar

from flask import Blueprint, Response, g, json, jsonify, request
from pydantic import ValidationError
from spectree import Response as Answers
from spectree import SpecTree

from busops.domain.errors import InvalidInput, NotFound
from busops.domain.people import Role
from busops.domain.values import CrewId, RunId
from busops.services import devices, runs, tablet_pack, tablet_sync
from busops.services.devices import Holder
from busops.web import api_models as models
from busops.web import formats, problem
from busops.web.context import current
from busops.web.security import allow, bearer_token, public

bp = Blueprint("api", __name__, url_prefix="/api")
View = TypeVar("View", bound=Callable[..., Any])
SPEC: Final = SpecTree(
    "flask", title="busops", version="v1", mode="strict", naming_strategy=lambda model: model.__name__
)
CREATED: Final = 201
DEMO_LIVES: Final = timedelta(days=60)  # the demo's clock may run sixty times as fast as the day


def by_device(view: View) -> View:
    """The view is open to an enrolled device that was not given up; ``g.holder`` says whose."""
    return _by_token(view, takes_revoked=False)


def by_device_or_revoked(view: View) -> View:
    """The same, and open to a device that was given up: what it hands in must not be lost."""
    return _by_token(view, takes_revoked=True)


def _by_token(view: View, *, takes_revoked: bool) -> View:
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        token = bearer_token()
        here = current()
        holder = devices.holder_of(here.database, token, clock=here.clock) if token else None
        if holder is None or (holder.is_revoked and not takes_revoked):
            return problem.problem(401, "device_unknown")
        g.holder = holder
        return view(*args, **kwargs)

    return public(guarded)  # type: ignore[return-value]


def documented(ok: Any, *, json_body: Any = None, status: int = 200, **others: Any) -> Callable[[View], View]:
    """The view stands in the OpenAPI description with these answers; nothing is validated by it."""
    answers = Answers(**{f"HTTP_{status}": ok, "HTTP_401": models.Problem}, **others)
    return SPEC.validate(json=json_body, resp=answers, skip_validation=True, tags=("tablet",))


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
            here.database, holder=_holder(), body=body, clock=here.clock, ids=here.ids
        )
    except (InvalidInput, ValueError, RecursionError) as fault:
        kept = tablet_sync.keep_unreadable(
            here.database, holder=_holder(), raw=raw, clock=here.clock, ids=here.ids
        )
        code = fault.code if isinstance(fault, InvalidInput) else "batch_unreadable"
        return problem.problem(400, code, detail=f"{formats.words(code)} ({kept[:12]})")
    return jsonify(_batch_document(done))


@bp.get("/v1/runs")
@by_device
@documented(models.Runs)
def list_runs() -> Any:
    """Today's runs of the person this device speaks for."""
    here = current()
    found = tablet_sync.runs_of_crew(here.database, now=here.clock.now(), crew_id=_holder().crew_id)
    return jsonify({"runs": [_run_document(run) for run in found]})


@bp.get("/v1/runs/<run_id>/pack")
@by_device
@documented(models.Pack, HTTP_304=None, HTTP_404=models.Problem)
def pack(run_id: str) -> Any:
    """The run as a tablet carries it, and waits for this tablet; 304 when it has this version."""
    here, wanted = current(), _own_run(run_id)
    if not here.settings.demo:  # there, whoever likes looks at the crews' screens
        runs.bind_tablet(here.database, wanted, _holder().dev)
    document = tablet_sync.pack(here.database, wanted)
    answer = jsonify(document)
    answer.set_etag(document["hash"])
    return answer.make_conditional(request)


@bp.get("/v1/runs/<run_id>/news")
@by_device
@documented(models.News, HTTP_404=models.Problem)
def news(run_id: str) -> Any:
    """What the server knows of a run: phase, checks, events of all tablets, reasons against closing."""
    here = current()
    devices.heard_from(here.database, _holder().dev, clock=here.clock)
    found = tablet_sync.news(here.database, _own_run(run_id), now=here.clock.now(), crew_id=_holder().crew_id)
    spoken = {
        "reasons": [problem.reason_document(reason) for reason in found.reasons],
        "faults": [formats.words(fault) for fault in found.faults],
        "departure": [formats.words(reason) for reason in found.departure],
    }
    return jsonify({**found.document, **spoken})


@bp.post("/v1/runs/<run_id>/close")
@by_device
@documented(models.Closed, HTTP_404=models.Problem, HTTP_409=models.Problem)
def close(run_id: str) -> Any:
    """The run is closed, or every reason against it is told."""
    here = current()
    actor = devices.actor_of(here.database, _holder())
    closure = runs.close_run(here.database, _own_run(run_id), by=actor, clock=here.clock, ids=here.ids)
    return jsonify({"run": run_id, "version": closure.version, "closed_ms": _ms(closure.closed_at)})


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
    )
    return jsonify({"dev": made.dev, "token": made.token}), CREATED


@bp.get("/docs/openapi.json")
@public
def openapi() -> Response:
    """The API's description, made from the views themselves."""
    return jsonify(SPEC.spec)


def _holder() -> Holder:
    holder: Holder = g.holder
    return holder


def _own_run(run_id: str) -> RunId:
    """The run's id, if the device's person is of its crew; a stranger learns nothing."""
    if not tablet_pack.may_see(current().database, RunId(run_id), _holder().crew_id):
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


def _run_document(run: tablet_pack.CrewRun) -> dict[str, Any]:
    names = ("no", "towards", "direction", "plate", "roster_v", "expected", "phase")
    own = {name: getattr(run, name) for name in names}
    return {"run": run.run_id, "departs_ms": _ms(run.departs_at), **own}


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
