"""The register's pages: lists with search and export, a map of stops, forms, retiring."""

from typing import Final

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import Conflict, InvalidInput
from busops.domain.people import Role
from busops.domain.values import school_date
from busops.services import register_edit, register_lists
from busops.web import register_forms, tables
from busops.web.context import current
from busops.web.language import say
from busops.web.register_lists import PAGES, listing, worst
from busops.web.security import OFFICE, allow

bp = Blueprint("register", __name__, url_prefix="/register")

EDITORS: Final = (Role.DISPATCHER, Role.FINANCE, Role.ADMIN)
# The tariff is the finance office's, everything else the dispatcher's; an administrator may both.
OWNERS: Final = {"tariff": frozenset({Role.FINANCE, Role.ADMIN})}
USUAL_OWNERS: Final = frozenset({Role.DISPATCHER, Role.ADMIN})


@bp.get("/")
@allow(*OFFICE)
def index() -> ResponseReturnValue:
    """The first list."""
    return redirect(url_for("register.show_list", kind="riders"))


@bp.get("/<kind>")
@allow(*OFFICE)
def show_list(kind: str) -> ResponseReturnValue:
    """One table of the register, or its rows as CSV."""
    if kind not in PAGES:
        abort(404)
    rows = listing(kind)
    if tables.wants_csv():
        return tables.csv_of(rows, f"{kind}.csv")
    return render_template(
        f"register/{kind}.html",
        kind=kind,
        listing=rows,
        worst=worst,
        may_edit=_may_edit(kind),
        settings=current().settings,
    )


@bp.get("/stops/map.json")
@allow(*OFFICE)
def stops_map() -> ResponseReturnValue:
    """The stops in use with their places, for the map."""
    here = current()
    rows = register_lists.stops(here.database, today=school_date(here.clock.now()))
    return jsonify(
        stops=[
            {
                "id": row.stop.stop_id,
                "name": row.stop.name,
                "lat": row.stop.position.lat,
                "lon": row.stop.position.lon,
                "count": row.riders,
                "is_open": row.is_designated,
            }
            for row in rows
            if row.retired_on is None
        ]
    )


@bp.get("/<kind>/row")
@allow(*EDITORS)
def show_form(kind: str) -> ResponseReturnValue:
    """One row as a form; without a key an empty one."""
    _refuse_strangers(kind)
    key = tuple(request.args.getlist("key"))
    row = register_edit.open_form(current().database, kind, key) if key else None
    return register_forms.page(kind, key, row, row.texts if row else {})


@bp.post("/<kind>/row")
@allow(*EDITORS)
def save_form(kind: str) -> ResponseReturnValue:
    """The row stands as the form says, or the form comes back with every fault at its field."""
    _refuse_strangers(kind)
    here, key, form = current(), tuple(request.args.getlist("key")), request.form
    try:
        register_edit.edit(
            here.database,
            kind,
            form,
            key=key or None,
            seen=form.get("seen"),
            clock=here.clock,
            by=here.actor,
        )
    except (InvalidInput, Conflict) as error:
        row = register_edit.open_form(here.database, kind, key) if key else None
        status = 409 if isinstance(error, Conflict) else 400
        return register_forms.page(kind, key, row, form, error), status
    flash(say("已存"))
    return redirect(url_for("register.show_list", kind=kind))


@bp.post("/<kind>/retire")
@allow(*EDITORS)
def retire(kind: str) -> ResponseReturnValue:
    """The thing has left the register today; it can come back."""
    _refuse_strangers(kind)
    here, form = current(), request.form
    today = school_date(here.clock.now())
    key, reason = form.get("key", ""), form.get("reason", "")
    register_edit.retire(here.database, kind, key, on=today, clock=here.clock, by=here.actor, reason=reason)
    flash(say("%(key)s 已退出登记，历史记录不变", key=key))
    return redirect(url_for("register.show_list", kind=kind))


@bp.post("/<kind>/restore")
@allow(*EDITORS)
def restore(kind: str) -> ResponseReturnValue:
    """The thing is in use again."""
    _refuse_strangers(kind)
    here, key = current(), request.form.get("key", "")
    register_edit.restore(here.database, kind, key, clock=here.clock, by=here.actor)
    flash(say("%(key)s 已恢复", key=key))
    return redirect(url_for("register.show_list", kind=kind))


def _may_edit(kind: str) -> bool:
    return current().actor.role in OWNERS.get(kind, USUAL_OWNERS)


def _refuse_strangers(kind: str) -> None:
    if kind not in PAGES:
        abort(404)
    if not _may_edit(kind):
        abort(403)
