"""The register of depreciation: vehicles with their plans, months to accept, months in the books."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, InvalidInput
from busops.domain.people import Role
from busops.finance.depreciation import MOST_MONTHS, DepreciationPlan, month_number, month_of
from busops.finance.money import parse_yuan_fen, tidy_yuan
from busops.services import depreciation
from busops.web.context import current
from busops.web.finance_lists import day_of_form
from busops.web.finance_receipts import READERS
from busops.web.language import say
from busops.web.security import allow

bp = Blueprint("depreciation", __name__, url_prefix="/depreciation")  # a part of the finance pages


@bp.get("")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """The register."""
    return _page(None)


@bp.post("")
@allow(Role.FINANCE)
def add() -> ResponseReturnValue:
    """A vehicle is in the register, or the page says what is missing."""
    here = current()
    try:
        plan = _plan_of_form()
        note = request.form.get("note", "")
        depreciation.add_plan(here.database, plan, note=note, clock=here.clock, by=here.actor)
    except BusopsError as error:
        return _page(error), 400 if isinstance(error, InvalidInput) else 409
    flash(say("已登记 %(plate)s", plate=plan.plate))
    return redirect(url_for("finance.depreciation.index"))


@bp.post("/<plate>/<month>/accept")
@allow(Role.FINANCE, Role.FINANCE_LEAD)
def accept(plate: str, month: str) -> ResponseReturnValue:
    """The month is in the books, once."""
    here = current()
    try:
        depreciation.accept(here.database, plate, month, clock=here.clock, ids=here.ids, by=here.actor)
    except BusopsError as error:
        return _page(error), 409
    flash(say("已入账：%(plate)s %(month)s", plate=plate, month=month))
    return redirect(url_for("finance.depreciation.index"))


def _page(error: BusopsError | None) -> str:
    here = current()
    register = depreciation.register(here.database, clock=here.clock)
    return render_template(
        "finance/depreciation.html",
        register=register,
        plates=[(plate, plate) for plate in register.plates],
        form=request.form,
        error=error,
        me=here.actor.user_id,
        may_add=here.actor.role is Role.FINANCE,
        may_accept=here.actor.role in {Role.FINANCE, Role.FINANCE_LEAD},
    )


def _plan_of_form() -> DepreciationPlan:
    form: Any = request.form
    bought_on = day_of_form(form.get("bought", ""))
    if bought_on is None:
        raise InvalidInput("not_a_date", found=form.get("bought", ""))
    months = form.get("months", "").strip()
    if not (months.isascii() and months.isdigit() and len(months) <= 3):  # noqa: PLR2004
        raise InvalidInput("depreciation_months_wrong", most=MOST_MONTHS)
    # A vehicle is written off from the month after its purchase, unless another month is named.
    starts = form.get("starts", "").strip() or month_of(month_number(bought_on.isoformat()[:7]) + 1)
    return DepreciationPlan(
        plate=form.get("plate", ""),
        number=1,
        bought_on=bought_on,
        cost_fen=parse_yuan_fen(tidy_yuan(form.get("cost", ""))),
        residual_fen=parse_yuan_fen(tidy_yuan(form.get("residual", "") or "0")),
        months=int(months),
        starts=starts,
    )
