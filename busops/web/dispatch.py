"""
The dispatch board: every run of a day by urgency, alarms, what waits for a decision; and the wall.

The board asks for itself anew every five seconds; its answer is the same page's own part.
"""

from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from busops.domain.errors import BusopsError
from busops.domain.people import Role
from busops.domain.values import school_date
from busops.services import day_weather, dispatch_board, watch
from busops.services.dispatch_board import Board
from busops.storage.day_store import Weather
from busops.web.context import current
from busops.web.formats import words
from busops.web.security import allow, safe_next

bp = Blueprint("dispatch", __name__)
REFRESH_S = 5
KEEPERS = (Role.DISPATCHER, Role.ADMIN)


@bp.get("/dispatch")
@allow(Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN)
def board() -> str:
    """The board of today, or of the day in the address."""
    return render_template("dispatch/board.html", refresh_s=REFRESH_S, **_shown())


@bp.get("/dispatch/board")
@allow(Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN, polled=True)
def part() -> str:
    """The board alone, for the page that is already open."""
    return render_template("dispatch/part.html", **_shown())


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


@bp.post("/dispatch/weather")
@allow(*KEEPERS)
def mark_day() -> ResponseReturnValue:
    """The day is hot, cold or plain from now on; the watch calls accordingly."""
    here = current()
    on, said = _date(request.form.get("on", "")), request.form.get("weather", "")
    if said not in list(Weather):
        abort(400)
    try:
        day_weather.mark_day(here.database, on, Weather(said), by=here.actor, clock=here.clock)
    except BusopsError as error:
        flash(words(error))
    return redirect(f"/dispatch?on={on.isoformat()}")


def _shown() -> dict[str, Any]:
    reader, board_of_day = current().person, _board()
    is_over = board_of_day.on < school_date(current().clock.now())
    return {
        "board": board_of_day,
        "weathers": tuple(Weather),
        "may_mark": reader is not None and reader.role in KEEPERS and not is_over,
    }


def _board() -> Board:
    here = current()
    return dispatch_board.board(here.database, _day(), here.clock)


def _day() -> date:
    wanted = request.args.get("on")
    if not wanted:
        return school_date(current().clock.now())
    return _date(wanted)


def _date(said: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError:
        abort(404)
