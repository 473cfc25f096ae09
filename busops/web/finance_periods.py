"""The month's close on a page: its checklist with every reason, two signatures, and later adjustments."""

from datetime import timedelta
from typing import Final

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError
from busops.domain.people import Role
from busops.domain.values import school_date
from busops.finance.ledger import period_of
from busops.services import periods
from busops.storage.period_store import PeriodState
from busops.web.context import current
from busops.web.finance_receipts import READERS
from busops.web.language import say
from busops.web.security import allow

bp = Blueprint("periods", __name__)  # a part of the finance pages

TONES: Final = {PeriodState.OPEN: "act", PeriodState.SOFT_CLOSED: "off", PeriodState.CLOSED: "ok"}


@bp.get("/periods")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """The month that waits for a signature: the oldest that is not closed."""
    here = current()
    waiting = [each.period for each in periods.list_periods(here.database) if not each.locked]
    last_month = school_date(here.clock.now()).replace(day=1) - timedelta(days=1)
    period = min(waiting, default=period_of(last_month))
    return redirect(url_for("finance.periods.show", period=period))


@bp.get("/periods/<period>")
@allow(*READERS)
def show(period: str) -> str:
    """A month with its checklist."""
    return _page(period, None)


@bp.get("/periods/<period>/statement.json")
@allow(*READERS)
def statement(period: str) -> Response:
    """What the month said when it was signed, byte for byte."""
    answer = Response(periods.closed_statement(current().database, period), mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="period-{period}.json"'
    return answer


@bp.post("/periods/<period>/dispose")
@allow(Role.FINANCE, Role.FINANCE_LEAD)
def dispose(period: str) -> ResponseReturnValue:
    """The differences of one kind are settled with a reason, as they stand."""
    here, form = current(), request.form
    kind, note = form.get("kind", ""), form.get("note", "")
    try:
        count = periods.dispose(here.database, period, kind, note=note, clock=here.clock, by=here.actor)
    except BusopsError as error:
        return _page(period, error), 409
    flash(say("已写明 %(count)s 项的处理", count=count))
    return redirect(url_for("finance.periods.show", period=period))


@bp.post("/periods/<period>/prepare")
@allow(Role.FINANCE)
def prepare(period: str) -> ResponseReturnValue:
    """The first signature, or every reason against it."""
    here = current()
    try:
        periods.prepare_period(here.database, period, clock=here.clock, ids=here.ids, by=here.actor)
    except BusopsError as error:
        return _page(period, error), 409
    flash(say("已签制表，等财务负责人结账"))
    return redirect(url_for("finance.periods.show", period=period))


@bp.post("/periods/<period>/close")
@allow(Role.FINANCE_LEAD)
def close(period: str) -> ResponseReturnValue:
    """The second signature, or every reason against it."""
    here = current()
    try:
        periods.close_period(here.database, period, clock=here.clock, by=here.actor)
    except BusopsError as error:
        return _page(period, error), 409
    flash(say("%(period)s 已结账", period=period))
    return redirect(url_for("finance.periods.show", period=period))


def _page(period: str, error: BusopsError | None) -> str:
    here = current()
    view = periods.show_period(here.database, period, clock=here.clock)
    kinds: dict[str, list[int]] = {}
    for item in view.waiting:
        kinds.setdefault(item.kind, []).append(item.fen)
    known = {each.period: each for each in periods.list_periods(here.database)}
    return render_template(
        "finance/periods.html",
        view=view,
        months=sorted({*known, period}, reverse=True),
        states={name: each.state for name, each in known.items()},
        kinds={kind: (len(fens), sum(fens)) for kind, fens in kinds.items()},
        tones=TONES,
        error=error,
        role=here.actor.role,
    )
