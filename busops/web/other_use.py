"""The log of trips for others than pupils: kept by the bus team, read by finance; no amounts."""

import re
from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, InvalidInput, NotFound
from busops.domain.people import Role
from busops.domain.values import school_date
from busops.services import other_use
from busops.services.other_use import UseEntry, UseLog
from busops.web import tables
from busops.web.context import current
from busops.web.finance_lists import day_of_form
from busops.web.finance_receipts import READERS
from busops.web.language import say
from busops.web.security import allow
from busops.web.tables import Column, Filter, Listing

bp = Blueprint("other_use", __name__, url_prefix="/other-use")

LOGGERS: Final = (Role.DISPATCHER, Role.FINANCE)
NUMBER: Final = re.compile(r"([0-9]{1,4})(?:\.([0-9]{1,2}))?", re.ASCII)


@bp.get("/")
@allow(*READERS, Role.DISPATCHER)
def index() -> ResponseReturnValue:
    """Every trip for others, and the form for one more."""
    if tables.wants_csv():
        return tables.csv_of(_listing(other_use.use_log(current().database)), "other-use.csv")
    return _page(None)


@bp.post("/")
@allow(*LOGGERS)
def log() -> ResponseReturnValue:
    """A trip is on record, or the page says what is missing."""
    here = current()
    try:
        entry = _entry_of_form()
        logged = other_use.log_use(here.database, entry, clock=here.clock, ids=here.ids, by=here.actor)
    except BusopsError as error:
        return _page(error), 400
    if logged.use.on != logged.driven_on:
        flash(say("已登记；那个月已签字，计入 %(on)s", on=logged.use.on))
    else:
        flash(say("已登记 %(plate)s", plate=entry.plate))
    return redirect(url_for("other_use.index"))


@bp.post("/<use_id>/take-back")
@allow(*LOGGERS)
def take_back(use_id: str) -> ResponseReturnValue:
    """An entry counts no more."""
    here = current()
    try:
        other_use.take_back_use(here.database, use_id, clock=here.clock, ids=here.ids, by=here.actor)
    except NotFound:
        raise
    except BusopsError as error:
        return _page(error), 409
    flash(say("已撤销"))
    return redirect(url_for("other_use.index"))


def _page(error: BusopsError | None) -> str:
    here = current()
    log = other_use.use_log(here.database)
    return render_template(
        "finance/other_use.html",
        log=log,
        listing=_listing(log),
        plates=[(plate, plate) for plate in log.plates],
        form=request.form,
        today=school_date(here.clock.now()),
        error=error,
        reads_money=here.actor.role in READERS,
        may_log=here.actor.role in LOGGERS,
    )


def _listing(log: UseLog) -> Listing:
    plates = sorted({item.use.plate for item in log.entries})
    filters = (
        Filter(
            key="plate",
            word=say("车牌号"),
            choices=tuple((plate, plate) for plate in plates),
            of=lambda item: item.use.plate,
        ),
    )
    columns = (
        Column(key="on", word=say("日期"), of=lambda item: item.driven_on),
        Column(key="plate", word=say("车牌号"), of=lambda item: item.use.plate, searched=True),
        Column(key="km", word=say("公里"), of=lambda item: item.use.distance_m / 1000, numeric=True),
        Column(key="hours", word=say("小时"), of=lambda item: item.use.duration_s / 3600, numeric=True),
        Column(key="purpose", word=say("用途"), of=lambda item: item.purpose, searched=True, text=True),
        Column(key="by", word=say("登记人"), of=lambda item: log.names.get(item.made_by, item.made_by)),
        Column(key="counts", word=say("计入"), of=lambda item: item.use.on),
        Column(key="act", word="", of=lambda _item: "", sortable=False, exported=False),
    )
    return tables.arrange(log.entries, columns, filters=filters, sort="-on")


def _entry_of_form() -> UseEntry:
    form: Any = request.form
    on = day_of_form(form.get("on", ""))
    if on is None:
        raise InvalidInput("not_a_date", found=form.get("on", ""))
    return UseEntry(
        on=on,
        plate=form.get("plate", ""),
        distance_m=10 * _hundredths(form.get("km", "")),
        duration_s=36 * _hundredths(form.get("hours", "")),
        purpose=form.get("purpose", ""),
    )


def _hundredths(text: str) -> int:
    """A plain number with at most two decimals, in hundredths."""
    match = NUMBER.fullmatch(text.strip())
    if match is None:
        raise InvalidInput("plain_number_needed", found=text)
    return int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))
