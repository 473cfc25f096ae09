"""The tablets: whose they are, how far they were heard, and giving one up with its reason."""

from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError
from busops.domain.people import Role
from busops.services import device_keeping, device_list, devices
from busops.services.device_list import DeviceState, ShownDevice
from busops.web import audit_words, ca, formats, manage_enrolment, tables
from busops.web.context import current
from busops.web.language import code_words, say
from busops.web.security import allow
from busops.web.tables import Column, Filter, Listing

bp = Blueprint("devices", __name__)  # a part of the management pages
bp.register_blueprint(manage_enrolment.bp)

KEEPERS: Final = (Role.DISPATCHER, Role.ADMIN)
LOOKS: Final = {
    DeviceState.PENDING: ("warn", "clock"),
    DeviceState.NOT_KEPT: ("warn", "alert"),
    DeviceState.READY: ("ok", "check"),
    DeviceState.SIGNED_OUT: ("idle", "minus"),
    DeviceState.FROZEN: ("bad", "alert"),
    DeviceState.REVOKED: ("off", "x"),
}


@bp.get("/devices")
@allow(*KEEPERS)
def index() -> ResponseReturnValue:
    """Every tablet, those in use first."""
    if tables.wants_csv():
        return tables.csv_of(_listing(), "tablets.csv")
    return _page(None)


@bp.post("/devices/<int:dev>/revoke")
@allow(*KEEPERS)
def revoke(dev: int) -> ResponseReturnValue:
    """The tablet is given up; what it still sends waits in quarantine."""
    here = current()
    try:
        devices.revoke(
            here.database, dev, reason=request.form.get("reason", ""), by=here.actor, clock=here.clock
        )
    except BusopsError as error:
        return _page(error), 409
    flash(say("平板 %(dev)s 已停用；它再送来的记录先隔离", dev=dev))
    return redirect(url_for("manage.devices.index"))


@bp.post("/devices/<int:dev>/keeping")
@allow(*KEEPERS)
def accept_keeping(dev: int) -> ResponseReturnValue:
    """The tablet may ride although its browser may clear its records."""
    here = current()
    try:
        device_keeping.accept(
            here.database, dev, reason=request.form.get("reason", ""), by=here.actor, clock=here.clock
        )
    except BusopsError as error:
        return _page(error), 409
    flash(say("平板 %(dev)s 可以使用", dev=dev))
    return redirect(url_for("manage.devices.index"))


def _page(error: BusopsError | None) -> str:
    here = current()
    return render_template(
        "manage/devices.html",
        listing=_listing(),
        looks=LOOKS,
        role_of=_role,
        name_of=lambda row: audit_words.shortened(_name(row)),
        error=error,
        address=request.host_url.rstrip("/") + "/tablet/",
        ca_href=ca.page_path(),
        session_hours=here.settings.session_tablet_s // 3600,
    )


def _listing() -> Listing:
    found = device_list.list_tablets(current().database, clock=current().clock)
    states = tuple((str(state), code_words(f"device_state.{state}")) for state in DeviceState)
    filters = (Filter(key="state", word=say("状态"), choices=states, of=lambda row: row.state),)
    columns = (
        Column(key="dev", word=say("编号"), of=lambda row: row.device.dev, numeric=True, searched=True),
        Column(key="name", word=say("名称"), of=_name, searched=True, text=True),
        Column(key="plate", word=say("最近的车"), of=lambda row: row.plate or "", searched=True),
        Column(key="person", word=say("最近使用人"), of=_person, searched=True),
        Column(
            key="seen",
            word=say("上次联系"),
            of=lambda row: row.device.seen_at,
            shows=lambda row: formats.moment(row.device.seen_at),
        ),
        Column(key="acked", word=say("已收到"), of=_acked, shows=_acked_shown, numeric=True),
        Column(
            key="last",
            word=say("上次送到"),
            of=lambda row: row.log.last_at,
            shows=lambda row: formats.moment(row.log.last_at),
        ),
        Column(key="signs", word=say("签名"), of=_signs),
        Column(key="state", word=say("状态"), of=lambda row: code_words(f"device_state.{row.state}")),
        Column(key="act", word="", of=lambda _row: "", sortable=False, exported=False),
    )
    return tables.arrange(found, columns, filters=filters)


def _name(row: ShownDevice) -> str:
    """What the tablet is called."""
    return formats.tablet_name(row.device.name)


def _person(row: ShownDevice) -> str:
    return f"{row.member.name} {row.crew_id} {_role(row)}" if row.member else row.crew_id


def _signs(row: ShownDevice) -> str:
    return say("签名") if row.device.public_key else say("不签名")


def _role(row: ShownDevice) -> str:
    if row.device.role:
        return code_words(f"crew_role.{row.device.role}")
    return code_words(f"crew_role.{row.member.role}") if row.member else ""


def _acked(row: ShownDevice) -> int:
    return row.log.acked_seq


def _acked_shown(row: ShownDevice) -> str:
    return f"{row.log.acked_seq} / {row.log.highest_seq}"
