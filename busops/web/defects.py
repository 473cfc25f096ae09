"""Defects that drivers reported: every one of every vehicle, and the words that clear it."""

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from busops.domain.errors import InvalidInput, Refused
from busops.domain.people import Role
from busops.services import defects
from busops.web.context import current
from busops.web.language import say
from busops.web.security import allow

bp = Blueprint("defects", __name__, url_prefix="/register/defects")
CLEARERS = (Role.DISPATCHER, Role.ADMIN)
CONFLICT = 409


@bp.get("")
@allow(Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN)
def index() -> ResponseReturnValue:
    """Every report, the open ones first."""
    return _page()


@bp.post("/<defect_id>/clear")
@allow(*CLEARERS)
def clear(defect_id: str) -> ResponseReturnValue:
    """Somebody says by name how it was mended."""
    here, how = current(), request.form.get("how", "")
    try:
        defects.clear_defect(here.database, defect_id, how=how, by=here.actor, clock=here.clock)
    except (InvalidInput, Refused) as refusal:
        return _page(refusal), CONFLICT
    flash(say("已记下处理，车辆可以出车"))
    return redirect("/register/defects")


def _page(refusal: InvalidInput | Refused | None = None) -> str:
    here = current()
    listed = defects.defect_list(here.database)
    may_clear = here.actor.role in CLEARERS
    return render_template("register/defects.html", listed=listed, refusal=refusal, may_clear=may_clear)
