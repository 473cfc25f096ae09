"""
The dispatch board: every run of a day by urgency, alarms, what waits for a decision; and the wall.

The board asks for itself anew every five seconds; its answer is the same page's own part.
"""

from datetime import date

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response

from busops.domain.people import Role
from busops.domain.values import school_date
from busops.services import dispatch_board, watch
from busops.services.dispatch_board import Board
from busops.web.context import current
from busops.web.security import allow, safe_next

bp = Blueprint("dispatch", __name__)
REFRESH_S = 5


@bp.get("/dispatch")
@allow(Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN)
def board() -> str:
    """The board of today, or of the day in the address."""
    return render_template("dispatch/board.html", board=_board(), refresh_s=REFRESH_S)


@bp.get("/dispatch/board")
@allow(Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN, polled=True)
def part() -> str:
    """The board alone, for the page that is already open."""
    return render_template("dispatch/part.html", board=_board())


@bp.get("/dispatch/wall")
@allow(Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN)
def wall() -> str:
    """The board for a wall: legible from four metres, nothing to press."""
    return render_template("dispatch/wall.html", board=_board(), refresh_s=REFRESH_S)


@bp.get("/dispatch/wall/part")
@allow(Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN, polled=True)
def wall_part() -> str:
    """The wall's tiles and alarms alone."""
    return render_template("dispatch/wall_part.html", board=_board())


@bp.post("/dispatch/alarms/<alarm_id>/ack")
@allow(Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN)
def acknowledge(alarm_id: str) -> Response:
    """The alarm was heard; it goes on until there is evidence."""
    here = current()
    watch.acknowledge(here.database, alarm_id, by=here.actor, clock=here.clock)
    return redirect(safe_next(request.form.get("next")) or "/dispatch")


def _board() -> Board:
    here = current()
    return dispatch_board.board(here.database, _day(), here.clock)


def _day() -> date:
    wanted = request.args.get("on")
    if not wanted:
        return school_date(current().clock.now())
    try:
        return date.fromisoformat(wanted)
    except ValueError:
        abort(404)
