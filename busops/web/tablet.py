"""
The tablet's pages: pick a run, the attendant's and the driver's screen, and their scripts.

The pages are a frame; what moves in it is ``static/tablet``. The scripts are served under an
address that changes with their content, because modules import one another by name.
"""

import hashlib
import mimetypes
from functools import cache
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, abort, render_template, request, url_for
from werkzeug.security import safe_join

from busops.domain.errors import NotFound
from busops.domain.people import Role
from busops.domain.values import CrewId, RunId
from busops.services import crew_runs, overrides
from busops.services.crew_runs import CrewRun
from busops.web.context import current
from busops.web.scanning import compiles_scanner
from busops.web.security import allow, public

bp = Blueprint("tablet", __name__)
STATIC: Final = Path(__file__).parent / "static"
PARTS: Final = ("tablet", "vendor/idb", "vendor/barcode-detector", "vendor/zxing-wasm")
SERVED: Final = tuple(f"{part}/" for part in PARTS)
SCREENS: Final = ("attendant", "driver")
KEPT_S: Final = 365 * 24 * 3600


@bp.get("/tablet/")
@allow(Role.ATTENDANT, Role.DRIVER, Role.DISPATCHER, Role.ADMIN)
def pick() -> str:
    """Today's runs of this crew member; the demo's dispatcher sees all of them."""
    here = current()
    crew_id = here.actor.crew_id
    if crew_id is None and not here.settings.demo:
        return render_template("tablet/pick.html", runs=(), searches=0)
    now = here.clock.now()
    runs = crew_runs.runs_of_crew(here.database, now=now, crew_id=crew_id)
    waiting = [each for each in overrides.searches(here.database, now) if not each.override.searched_by]
    return render_template("tablet/pick.html", runs=runs, searches=len(waiting))


@bp.get("/tablet/runs/<run_id>")
@allow(Role.ATTENDANT, Role.DRIVER, Role.DISPATCHER, Role.ADMIN)
@compiles_scanner
def run(run_id: str) -> str:
    """One run on this tablet, as the attendant or as the driver."""
    here = current()
    found = crew_runs.crew_run(here.database, RunId(run_id))
    screen, crew_id = _seat(found, here.actor.crew_id)
    seat = {"run_id": found.run_id, "screen": screen, "crew_id": crew_id, "other_href": ""}
    if here.actor.crew_id is None:  # the demo's office stands in for somebody else on the other screen
        seat["other_href"] = _other_seat(found, SCREENS[1 - SCREENS.index(screen)])
    return render_template("tablet/shell.html", seat=seat, app=app_version())


@bp.get("/tablet/app/<version>/<path:name>")
@public
def app_file(version: str, name: str) -> Response:
    """One of the tablet's own files; the address names its version, so it may be kept."""
    if version != app_version() or not name.startswith(SERVED):
        abort(404)
    path = safe_join(str(STATIC), name)
    if path is None or not Path(path).is_file():
        abort(404)
    # Read at once: a tablet that hangs up in the middle leaves no open file behind.
    answer = Response(Path(path).read_bytes(), mimetype=mimetypes.guess_type(path)[0])
    answer.headers["Cache-Control"] = f"public, max-age={KEPT_S}, immutable"
    return answer


@bp.app_context_processor
def _addresses() -> dict[str, Any]:
    return {"tablet_asset": tablet_asset, "tablet_app": app_version}


def tablet_asset(name: str) -> str:
    """The address of one of the tablet's files in its present version."""
    return url_for("tablet.app_file", version=app_version(), name=name)


@cache
def app_version() -> str:
    """A name of everything the tablet runs: changes when any of its files does."""
    digest = hashlib.sha256()
    for part in PARTS:
        for path in sorted((STATIC / part).rglob("*")):
            if path.is_file():
                digest.update(path.relative_to(STATIC).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _seat(run: CrewRun, own: CrewId | None) -> tuple[str, CrewId]:
    """Which screen, and who acts on it: oneself, or in the demo whoever the office stands in for."""
    crew = {crew_id: screen for screen, crew_id, _ in run.seats}
    if own is None and not current().settings.demo:
        raise NotFound("no_such_run", run_id=run.run_id)
    crew_id = own or CrewId(request.args.get("crew", ""))
    if crew_id not in crew:
        if own is not None:
            raise NotFound("no_such_run", run_id=run.run_id)
        crew_id = run.seats[0][1]
    wanted = request.args.get("screen", "")
    return (wanted if wanted in SCREENS else crew[crew_id]), crew_id


def _other_seat(run: CrewRun, screen: str) -> str:
    crew_id = next(each for kind, each, _ in run.seats if kind == screen)
    return url_for("tablet.run", run_id=run.run_id, screen=screen, crew=crew_id)
