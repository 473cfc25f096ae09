"""
A vehicle's tablet as the office enrols it: an offer to scan, the check code to compare; and the crew's PINs.

The code and a PIN stand on the answer that made them and nowhere else.
"""

from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError
from busops.domain.fleet import CrewRole
from busops.domain.people import Role
from busops.domain.values import CrewId
from busops.services import devices, enrolment, pins
from busops.web.context import current, runtime
from busops.web.language import say
from busops.web.printing import qr
from busops.web.security import allow

bp = Blueprint("enrolment", __name__, url_prefix="/devices")  # a part of the tablets' pages
KEEPERS: Final = (Role.DISPATCHER, Role.ADMIN)


@bp.get("/new")
@allow(*KEEPERS)
def new() -> ResponseReturnValue:
    """Which vehicle and post the new tablet is for."""
    return _form(None)


@bp.post("/new")
@allow(*KEEPERS)
def offer() -> ResponseReturnValue:
    """A code to scan, on this answer only."""
    here, made = current(), runtime()
    try:
        offered = enrolment.offer(
            here.database,
            plate=request.form.get("plate", ""),
            role=request.form.get("role", ""),
            by=here.actor,
            clock=here.clock,
            machine_clock=made.machine_clock,
            ids=here.ids,
        )
    except BusopsError as error:
        return _form(error), 409
    address = f"{request.host_url.rstrip('/')}/tablet/enrol"
    return render_template(
        "manage/device_offer.html",
        shown=_shown(offered.offer.enrolment_id),
        code_picture=qr(f"{address}#{offered.code}"),
        address=address,
        code=offered.code,
        error=None,
    )


@bp.get("/offers/<enrolment_id>")
@allow(*KEEPERS)
def show(enrolment_id: str) -> ResponseReturnValue:
    """How the offer stands; the code is not shown again."""
    return _offer_page(enrolment_id, None)


@bp.get("/offers/<enrolment_id>/part")
@allow(*KEEPERS, polled=True)
def part(enrolment_id: str) -> ResponseReturnValue:
    """The same as a part of the page that made it."""
    return render_template("manage/device_offer_part.html", shown=_shown(enrolment_id))


@bp.post("/offers/<enrolment_id>/confirm")
@allow(*KEEPERS)
def confirm(enrolment_id: str) -> ResponseReturnValue:
    """The digits are the same on both screens."""
    here = current()
    try:
        enrolment.confirm(
            here.database,
            enrolment_id,
            by=here.actor,
            clock=here.clock,
            machine_clock=runtime().machine_clock,
        )
    except BusopsError as error:
        return _offer_page(enrolment_id, error), 409
    flash(say("平板已登记，可以用了"))
    return redirect(url_for("manage.devices.index"))


@bp.post("/offers/<enrolment_id>/refuse")
@allow(*KEEPERS)
def refuse(enrolment_id: str) -> ResponseReturnValue:
    """The digits differ: whoever took the code is given up at once."""
    here, shown = current(), _shown(enrolment_id)
    try:
        if shown.device is not None:
            reason = say("核对码不一致")
            devices.revoke(here.database, shown.device.dev, reason=reason, by=here.actor, clock=here.clock)
    except BusopsError as error:
        return _offer_page(enrolment_id, error), 409
    flash(say("已停用那台平板；换一个新的二维码再登记"))
    return redirect(url_for("manage.devices.enrolment.new"))


@bp.get("/pins")
@allow(*KEEPERS)
def list_pins() -> ResponseReturnValue:
    """Who of the crew has a PIN, and whose is locked."""
    return render_template("manage/device_pins.html", shown=pins.list_pins(current().database))


@bp.post("/pins/<crew_id>")
@allow(*KEEPERS)
def give_pin(crew_id: str) -> ResponseReturnValue:
    """A new PIN for this person, on this answer only."""
    here = current()
    pin = pins.give(here.database, CrewId(crew_id), by=here.actor, clock=here.clock, hasher=runtime().hasher)
    member = next(each.member for each in pins.list_pins(here.database) if each.member.crew_id == crew_id)
    return render_template("manage/device_pin.html", member=member, pin=pin)


def _form(error: BusopsError | None) -> str:
    plates = enrolment.plates(current().database)
    return render_template("manage/device_new.html", plates=plates, roles=tuple(CrewRole), error=error)


def _shown(enrolment_id: str) -> enrolment.ShownOffer:
    return enrolment.show(current().database, enrolment_id, machine_clock=runtime().machine_clock)


def _offer_page(enrolment_id: str, error: BusopsError | None) -> str:
    return render_template(
        "manage/device_offer.html",
        shown=_shown(enrolment_id),
        code_picture=None,
        address="",
        code="",
        error=error,
    )
