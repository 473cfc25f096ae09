"""The demo's own page: how fast its Friday goes, and whether simulated crews drive. 404 outside the demo."""

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from busops.demo_clock import RATES, DemoClock
from busops.domain.errors import InvalidInput
from busops.domain.people import Role
from busops.i18n import gettext
from busops.web.context import current
from busops.web.security import allow

bp = Blueprint("demo", __name__)
EVERYBODY = tuple(Role)


@bp.get("/demo")
@allow(*EVERYBODY)
def show() -> str:
    """The switch for the crews and the speed of the demo's clock."""
    clock = _demo_clock()
    return render_template("demo/demo.html", rate=clock.rate, rates=RATES, is_playing=clock.is_playing)


@bp.post("/demo")
@allow(*EVERYBODY)
def change() -> ResponseReturnValue:
    """The speed and the switch are as the form says."""
    clock = _demo_clock()
    rate = request.form.get("rate", "")
    if not (rate.isascii() and rate.isdigit()):
        raise InvalidInput("demo_rate_unknown", found=rate, rates=list(RATES))
    clock.set(rate=int(rate), is_playing=request.form.get("playing") == "yes")
    locale = current().locale
    flash(gettext("模拟车组已上岗", locale) if clock.is_playing else gettext("模拟车组已停下", locale))
    return redirect("/demo")


def _demo_clock() -> DemoClock:
    clock = current().clock
    if not isinstance(clock, DemoClock):
        abort(404)
    return clock
