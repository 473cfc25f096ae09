"""
What makes the tablet's page a thing of its own: worker, shell, manifest, and what they keep.

All of that is public and the same for everybody: no run, no person, no token. What a run holds
comes to an enrolled device by the API and stays in the device's own store; whether that store
was cleared behind its back is asked here too, by a cookie that outlives it.
"""

import hashlib
import re
from typing import Any, Final

from flask import Blueprint, Response, abort, jsonify, make_response, render_template, request, url_for
from pydantic import ValidationError

from busops.services import device_keeping, tablet_memory
from busops.web import api_models as models
from busops.web import language, problem
from busops.web.api_doors import by_device, documented, holder
from busops.web.context import current
from busops.web.scanning import compiles_scanner
from busops.web.security import public
from busops.web.shown import asset
from busops.web.tablet import SERVED, STATIC, app_version, tablet_asset

bp = Blueprint("tablet_shell", __name__)
KEPT_KINDS: Final = frozenset({".js", ".css", ".png", ".wasm"})
OFFICE_FILES: Final = (
    "office/tokens.css",
    "office/components.css",
    "office/pages.css",
    "office/icons.svg",
    "office/mark.svg",
)
ICON_SIZES: Final = (192, 512)
VERSION_CHARACTERS: Final = 12
MARKER: Final = "busops-device"
MARKER_S: Final = 365 * 24 * 3600
MOST_MARKED: Final = 8  # devices that one browser remembers having been
MARKED: Final = re.compile(r"[1-9][0-9]{0,8}")


@bp.get("/tablet/sw.js")
@public
def worker() -> Response:
    """The worker's script; it changes whenever anything that it keeps changes."""
    shells = {name: shell_address(name) for name in language.TAGS}
    files = kept_files()
    version = _digest("".join([*files, *shells.values()]))
    script = render_template(
        "tablet/sw.js", version=version, shells=shells, files=files, default=language.CHINESE
    )
    return _fresh(script, "text/javascript")


@bp.get("/tablet/shell/<name>")
@public
@compiles_scanner
def shell(name: str) -> Response:
    """The page around any run, in one language, before anybody has sat down."""
    if name not in language.TAGS:
        abort(404)
    return _fresh(_shell_text(name), "text/html")


@bp.get("/tablet/vehicle")
@bp.get("/tablet/vehicle/<run_id>")
@public
@compiles_scanner
def vehicle(run_id: str = "") -> Response:
    """The same shell at the address of a vehicle's tablet, which knows its runs itself and asks for a PIN."""
    return _fresh(_shell_text(language.chosen()), "text/html")


@bp.get("/tablet/manifest.webmanifest")
@public
def manifest() -> Response:
    """How the tablet's page is called and drawn on a home screen."""
    icons = [
        {
            "src": tablet_asset(f"tablet/icons/{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size in ICON_SIZES
        for purpose in ("any", "maskable")
    ]
    return _fresh(render_template("tablet/shell.webmanifest", icons=icons), "application/manifest+json")


@bp.post("/api/v1/devices/here")
@by_device
@documented(models.Was, json_body=models.Here, HTTP_400=models.Problem, HTTP_403=models.Problem)
def here() -> Response:
    """This browser is this device; where it was another one and no longer knows it, that is told."""
    at = current()
    try:
        wanted = models.Here.model_validate(request.get_json(silent=True) or {})
    except ValidationError:
        return problem.problem(400, "here_unreadable")
    marked = [int(part) for part in MARKED.findall(request.cookies.get(MARKER, "")[:100])]
    lost = tablet_memory.lost_store(
        at.database, holder=holder(), remembered=marked, clock=at.clock, ids=at.ids
    )
    now = [dev for dev in marked if dev != holder().dev and (lost is None or dev != lost.dev)]
    is_ready = wanted.kept is None or (
        device_keeping.report(at.database, holder().dev, is_kept=wanted.kept, clock=at.clock).is_ready
    )
    was = {"dev": lost.dev, "held_to": lost.held_to} if lost else None
    answer = jsonify({"lost": was, "ready": is_ready})
    answer.set_cookie(
        MARKER,
        ".".join(map(str, [*now, holder().dev][-MOST_MARKED:])),
        max_age=MARKER_S,
        path="/api/v1/devices/here",
        httponly=True,
        samesite="Strict",
        secure=at.settings.secure_cookies,
    )
    return answer


@bp.app_context_processor
def _modules() -> dict[str, Any]:
    """The page asks for all its modules at once, not for one after another as they name each other."""
    return {"tablet_modules": _own_modules}


def _own_modules() -> list[str]:
    """Without the camera's reader, which is fetched when somebody scans."""
    own = tablet_asset("tablet/"), tablet_asset("vendor/idb/")
    return [path for path in kept_files() if path.endswith(".js") and path.startswith(own)]


def kept_files() -> list[str]:
    """The addresses of every file that a start without a network needs, whatever the run and screen."""
    own = [
        path.relative_to(STATIC).as_posix()
        for part in SERVED
        for path in sorted((STATIC / part).rglob("*"))
        if path.suffix in KEPT_KINDS
    ]
    return [*(tablet_asset(name) for name in own), *(asset(name) for name in OFFICE_FILES)]


def shell_address(name: str) -> str:
    """The shell in a language; the address changes with its words."""
    return url_for("tablet_shell.shell", name=name, v=_digest(_shell_text(name)))


def _shell_text(name: str) -> str:
    with language.speaking(name):
        return render_template("tablet/shell.html", seat=None, app=app_version())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:VERSION_CHARACTERS]


def _fresh(body: str, kind: str) -> Response:
    answer: Any = make_response(body)
    answer.mimetype = kind
    answer.headers["Cache-Control"] = "no-cache"
    kept: Response = answer
    return kept
