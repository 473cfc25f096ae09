"""
What goes onto paper: manifests of a day, a run's sheets, a vehicle's tags; black on white, A4.
"""

from datetime import UTC, date, datetime, timedelta

import segno
from flask import Blueprint, abort, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from busops.domain.errors import Refused
from busops.domain.people import Role
from busops.domain.values import Plate, RunId, school_date
from busops.services import run_tags, sheets_on_paper
from busops.sheets.book_words import term_words
from busops.web import formats
from busops.web.context import current
from busops.web.security import IN_A_BUS, allow

bp = Blueprint("printing", __name__, url_prefix="/print")
QUIET_MODULES = 4
DIRECTIONS = ("homeward", "return")


@bp.get("/manifests/<on>")
@allow(Role.DISPATCHER, Role.ADMIN, Role.SUPERVISOR)
def manifests(on: str) -> str:
    """Every manifest of a day, one after another."""
    try:
        day = date.fromisoformat(on)
    except ValueError:
        abort(404)
    wanted = request.args.get("direction")
    direction = wanted if wanted in DIRECTIONS else None
    sheets = sheets_on_paper.manifest_sheets(current().database, day, direction)
    return render_template("print/manifests.html", sheets=sheets, on=day, qr=qr, with_trip=False)


@bp.get("/runs/<run_id>")
@allow(Role.DISPATCHER, Role.ADMIN, Role.SUPERVISOR, Role.ATTENDANT, Role.DRIVER)
def run(run_id: str) -> str:
    """One run's manifest and its trip sheet."""
    here = current()
    sheet = sheets_on_paper.manifest_sheet(here.database, RunId(run_id))
    crew = {person["crew"] for person in sheet.document["crew"]}
    if here.actor.role in IN_A_BUS and here.actor.crew_id not in crew:
        abort(404)
    day = date.fromisoformat(sheet.document["on"])
    return render_template("print/manifests.html", sheets=(sheet,), on=day, qr=qr, with_trip=True)


@bp.get("/tags/<plate>")
@allow(Role.DISPATCHER, Role.ADMIN)
def tags(plate: str) -> str:
    """The tags of one vehicle, to be cut out and fixed; those of a later day when asked for."""
    return _tag_page(Plate(plate), _day(request.args.get("on")) or school_date(current().clock.now()))


@bp.post("/tags/<plate>")
@allow(Role.DISPATCHER, Role.ADMIN)
def change_tags(plate: str) -> AnyResponse | tuple[str, int]:
    """From a day on the vehicle has other tags; the first ones when it had none."""
    here = current()
    today = school_date(here.clock.now())
    from_on = _day(request.form.get("from_on")) or today
    try:
        run_tags.change_tags(
            here.database, Plate(plate), from_on=from_on, by=here.actor, clock=here.clock, ids=here.ids
        )
    except Refused as refused:
        return _tag_page(Plate(plate), today, refused), 409
    return redirect(url_for("printing.tags", plate=plate, on=from_on.isoformat()))


def _tag_page(plate: Plate, on: date, refused: Refused | None = None) -> str:
    here = current()
    sheet = sheets_on_paper.tag_sheet(here.database, plate, on)
    term = term_words(sheet.term, here.locale)
    today = school_date(here.clock.now())
    return render_template(
        "print/tags.html", sheet=sheet, term=term, qr=qr, refused=refused, tomorrow=today + timedelta(days=1)
    )


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


@bp.app_template_filter("school_clock")
def school_clock(moment_ms: int) -> str:
    """Milliseconds as the school's time of day."""
    return formats.clock_time(datetime.fromtimestamp(moment_ms / 1000, UTC))


def qr(text: str) -> Markup:
    """A QR code as inline SVG with its quiet zone; its size is the style sheet's."""
    svg = segno.make(text, error="m", micro=False).svg_inline(border=QUIET_MODULES, omitsize=True)
    return Markup(svg)  # noqa: S704 – made of squares by segno, the text is only encoded in them
