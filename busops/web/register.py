"""The register's pages: lists with search and export, a map of stops, forms, retiring."""

from typing import Any, Final

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, InvalidInput, Refused
from busops.domain.fleet import CrewRole, VehicleClass
from busops.domain.network import StopKind
from busops.domain.people import Role
from busops.domain.roster import HandoverMode
from busops.domain.values import Datum, school_date
from busops.finance.tariff import FareUnit
from busops.services import register, register_lists
from busops.services.register_rows import form_columns
from busops.web import formats, tables
from busops.web.context import current
from busops.web.language import code_words, say
from busops.web.register_lists import PAGES, listing, worst
from busops.web.security import OFFICE, allow

bp = Blueprint("register", __name__, url_prefix="/register")

EDITORS: Final = (Role.DISPATCHER, Role.FINANCE, Role.ADMIN)
# The tariff is the finance office's, everything else the dispatcher's; an administrator may both.
OWNERS: Final = {"tariff": frozenset({Role.FINANCE, Role.ADMIN})}
USUAL_OWNERS: Final = frozenset({Role.DISPATCHER, Role.ADMIN})
CHOICES: Final[dict[str, tuple[str, type[Any]]]] = {
    "kind": ("stop_kind", StopKind),
    "datum": ("datum", Datum),
    "vehicle_class": ("vehicle_class", VehicleClass),
    "role": ("crew_role", CrewRole),
    "handover": ("handover", HandoverMode),
    "unit": ("fare_unit", FareUnit),
}


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
    has_fields = bool(key) and kind != "lines"
    texts = register.form_of(current().database, kind, key) if has_fields else {}
    return _form(kind, key, texts)


@bp.post("/<kind>/row")
@allow(*EDITORS)
def save_form(kind: str) -> ResponseReturnValue:
    """The row stands as the form says, or the form comes back with every fault at its field."""
    _refuse_strangers(kind)
    here, key = current(), tuple(request.args.getlist("key"))
    try:
        register.edit(here.database, kind, request.form, key=key or None, clock=here.clock, by=here.actor)
    except InvalidInput as error:
        return _form(kind, key, request.form, error), 400
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
    register.retire(here.database, kind, key, on=today, clock=here.clock, by=here.actor, reason=reason)
    flash(say("%(key)s 已退出登记，历史记录不变", key=key))
    return redirect(url_for("register.show_list", kind=kind))


@bp.post("/<kind>/restore")
@allow(*EDITORS)
def restore(kind: str) -> ResponseReturnValue:
    """The thing is in use again."""
    _refuse_strangers(kind)
    here, key = current(), request.form.get("key", "")
    register.restore(here.database, kind, key, clock=here.clock, by=here.actor)
    flash(say("%(key)s 已恢复", key=key))
    return redirect(url_for("register.show_list", kind=kind))


def _may_edit(kind: str) -> bool:
    return current().actor.role in OWNERS.get(kind, USUAL_OWNERS)


def _refuse_strangers(kind: str) -> None:
    if kind not in PAGES:
        abort(404)
    if not _may_edit(kind):
        abort(403)


def _form(kind: str, key: tuple[str, ...], texts: Any, error: BusopsError | None = None) -> str:
    findings = getattr(error, "findings", ()) if isinstance(error, (InvalidInput, Refused)) else ()
    faults: dict[str, list[Any]] = {}
    for finding in findings:
        faults.setdefault(str(finding.facts.get("column", "")), []).append(finding)
    fields = [
        {
            "name": name,
            "word": header,
            "is_needed": is_needed,
            "value": texts.get(name, ""),
            "choices": _choices(name),
            "fault": " ".join(formats.words(one) for one in faults.pop(name, [])),
            "is_key": bool(key) and position < len(key),
        }
        for position, (name, header, is_needed) in enumerate(form_columns(kind) if kind != "lines" else ())
    ]
    others = [finding for rest in faults.values() for finding in rest]
    return render_template(
        "register/form.html",
        kind=kind,
        key=key,
        fields=fields,
        others=others,
        error=error,
        is_in_use=not key or register.is_in_use(current().database, kind, key),
    )


def _choices(name: str) -> tuple[tuple[str, str], ...]:
    if name not in CHOICES:
        return ()
    prefix, kind = CHOICES[name]
    return tuple((member.value, code_words(f"{prefix}.{member.value}")) for member in kind)
