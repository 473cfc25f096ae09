"""
Photos of checks: a tablet hands them in, the bus team looks at them, nobody else.
"""

from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, Response, jsonify, render_template, request

from busops.domain.errors import InvalidInput, NotFound
from busops.domain.evidence import PHOTO
from busops.domain.people import Role
from busops.domain.values import CrewId, RunId
from busops.services import crew_runs, device_runs, photos, runs
from busops.web import api_models as models
from busops.web import formats, problem
from busops.web.api import bp as api
from busops.web.api_doors import by_device, documented, holder
from busops.web.context import current
from busops.web.security import ATTRIBUTE, allow

bp = Blueprint("photos", __name__, url_prefix="/runs/<run_id>/photos")
BUS_TEAM: Final = (Role.DISPATCHER, Role.ADMIN, Role.SUPERVISOR)
HASH_LETTERS: Final = 32  # of the photo's SHA-256, as a check's words name it


@by_device
@documented(
    models.PhotoKept,
    status=201,
    HTTP_400=models.Problem,
    HTTP_404=models.Problem,
    HTTP_409=models.Problem,
    HTTP_413=models.Problem,
)
def hand_in(run_id: str) -> Any:
    """The photo of a check is kept, or it is said why it cannot be."""
    here = current()
    who = holder()
    if not device_runs.may_see(here.database, who, RunId(run_id), now=here.clock.now()):
        raise NotFound("no_such_run", run_id=run_id)
    try:
        kept = photos.keep_photo(
            here.database,
            here.settings.instance_path,
            RunId(run_id),
            request.get_data(cache=False),
            dev=who.dev,
            taken_by=who.crew_id or CrewId(""),
            clock=here.clock,
            ids=here.ids,
        )
    except InvalidInput as fault:
        return problem.problem(400, fault.code, detail=formats.words(fault))
    return jsonify({"run": run_id, "digest": kept.digest}), 201


setattr(hand_in, ATTRIBUTE, replace(getattr(hand_in, ATTRIBUTE), upload_bytes=photos.MOST_BYTES + 1024))
api.post("/v1/runs/<run_id>/photos")(hand_in)


@bp.get("")
@allow(*BUS_TEAM)
def show(run_id: str) -> str:
    """The photos of a run's checks, and whether each is the one its check names."""
    here = current()
    run = crew_runs.crew_run(here.database, RunId(run_id))
    view = runs.run_view(here.database, RunId(run_id))
    checks = (view.state.checks.attendant, view.state.checks.driver)
    named = {word.removeprefix(PHOTO) for check in checks if check for word in check.codes if PHOTO in word}
    kept = photos.photos_of(here.database, RunId(run_id))
    found = {photo.digest[:HASH_LETTERS] for photo in kept}
    return render_template(
        "runs/photos.html",
        run=run,
        photos=[(photo, photo.digest[:HASH_LETTERS] in named) for photo in kept],
        awaited=len(named - found),
    )


@bp.get("/<photo_id>")
@allow(*BUS_TEAM)
def picture(run_id: str, photo_id: str) -> Response:
    """One picture, never kept by a browser."""
    here = current()
    found = photos.picture_of(here.database, here.settings.instance_path, RunId(run_id), photo_id)
    return Response(found, mimetype="image/jpeg", headers={"Cache-Control": "no-store"})
