"""The money's pages: the verdict, what differs and why, charges, costs, and what is downloaded."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, InvalidInput
from busops.domain.people import Role
from busops.domain.values import school_date
from busops.finance.costs import COST_CODES, CostLine
from busops.finance.money import parse_yuan_fen, tidy_yuan
from busops.finance.reconcile import status_counts
from busops.finance.statement import Reconciliation
from busops.services import costs, fares, reconciliation, rosters
from busops.services.ride_facts import weekend_end
from busops.web import (
    finance_accounts,
    finance_claims,
    finance_lists,
    finance_mappings,
    finance_match,
    finance_periods,
    finance_receipts,
    finance_refunds,
    finance_verdict,
    tables,
)
from busops.web.context import current
from busops.web.finance_receipts import READERS
from busops.web.language import code_words, say
from busops.web.security import allow
from busops.web.tables import Listing

bp = Blueprint("finance", __name__, url_prefix="/finance")

bp.register_blueprint(finance_receipts.bp)
bp.register_blueprint(finance_claims.bp)
bp.register_blueprint(finance_periods.bp)
bp.register_blueprint(finance_mappings.bp)
bp.register_blueprint(finance_refunds.bp)
bp.register_blueprint(finance_accounts.bp)
bp.register_blueprint(finance_verdict.bp)
bp.register_blueprint(finance_match.bp)


@bp.get("/")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """The verdict with its sums, the statuses, what differs, and what blocks."""
    result = _reconciled(is_whole=False)
    rows = finance_lists.shown_rows(result, only_differences=True)
    listing = finance_lists.rows_listing(rows)
    if tables.wants_csv():
        return tables.csv_of(listing, f"differences-{result.statement.period_from}.csv")
    counts = status_counts(result.statement.rows)
    parts = finance_lists.chart_parts(result, counts)
    return render_template("finance/index.html", listing=listing, parts=parts, **_page(result))


@bp.get("/rows")
@allow(*READERS)
def show_rows() -> ResponseReturnValue:
    """Every row of the period, or those that the address asks for."""
    result = _reconciled()
    listing = finance_lists.rows_listing(finance_lists.shown_rows(result, only_differences=False))
    if tables.wants_csv():
        return tables.csv_of(listing, f"rows-{result.statement.period_from}.csv")
    return render_template("finance/rows.html", listing=listing, **_page(result))


@bp.get("/workbook.xlsx")
@allow(*READERS)
def workbook() -> Response:
    """The signed-for workbook of the period."""
    here, result = current(), _reconciled()
    content = reconciliation.workbook(here.database, result, locale=here.locale)
    return tables.download(content, tables.XLSX, f"reconciliation-{result.statement.period_from}.xlsx")


@bp.get("/rows.csv")
@allow(*READERS)
def rows_csv() -> Response:
    """The rows of the workbook as CSV."""
    result = _reconciled()
    content = reconciliation.rows_csv(result, locale=current().locale)
    return tables.download(content, "text/csv", f"reconciliation-{result.statement.period_from}.csv")


@bp.get("/charges")
@allow(*READERS)
def show_charges() -> ResponseReturnValue:
    """What every rider owes, by unit."""
    listing = finance_lists.charges_listing(fares.list_charges(current().database))
    if tables.wants_csv():
        return tables.csv_of(listing, "charges.csv")
    return render_template("finance/charges.html", listing=listing, may_act=_may_act())


@bp.post("/charges")
@allow(Role.FINANCE)
def charge() -> ResponseReturnValue:
    """Every closed run is charged."""
    here = current()
    outcome = fares.charge_closed_runs(here.database, clock=here.clock, ids=here.ids, by=here.actor)
    flash(say("已计费：新 %(added)s，冲销 %(reversed)s", added=outcome.added, reversed=outcome.reversed))
    return redirect(url_for("finance.show_charges"))


@bp.get("/costs")
@allow(*READERS)
def show_costs() -> ResponseReturnValue:
    """The costs, and the form for one more."""
    if tables.wants_csv():
        return tables.csv_of(_costs_listing(), "costs.csv")
    return _costs_page(None)


@bp.post("/costs")
@allow(Role.FINANCE)
def enter_cost() -> ResponseReturnValue:
    """A cost is booked, or the page says what is missing."""
    here = current()
    try:
        line = _cost_of_form()
        costs.enter_cost(here.database, line, clock=here.clock, ids=here.ids, by=here.actor)
    except BusopsError as error:
        return _costs_page(error), 400
    flash(say("已记 %(amount)s 元", amount=request.form["amount"]))
    return redirect(url_for("finance.show_costs"))


@bp.post("/costs/<cost_id>/take-back")
@allow(Role.FINANCE)
def take_back_cost(cost_id: str) -> ResponseReturnValue:
    """The cost is undone by its opposite."""
    here, note = current(), request.form.get("note", "")
    try:
        costs.take_back_cost(here.database, cost_id, note=note, clock=here.clock, ids=here.ids, by=here.actor)
    except BusopsError as error:
        return _costs_page(error), 409
    flash(say("已冲销"))
    return redirect(url_for("finance.show_costs"))


def _reconciled(*, is_whole: bool = True) -> Reconciliation:
    """The period that the address names; without one the last weekend that has begun."""
    here = current()
    reconcile = partial(reconciliation.reconcile, here.database, clock=here.clock, is_whole=is_whole)
    first = finance_lists.day_of_form(request.args.get("from", ""))
    last = finance_lists.day_of_form(request.args.get("to", ""))
    if request.args.get("period") == "term":
        return reconcile()
    if first or last:
        return reconcile(period_from=first, period_to=last)
    chosen = finance_lists.day_of_form(request.args.get("weekend", ""))
    today = school_date(here.clock.now())
    begun = [on for on in rosters.weekend_days(here.database) if weekend_end(on) < today]
    weekend_on = chosen or max(begun, default=today)
    return reconcile(weekend_on=weekend_on)


def _page(result: Reconciliation) -> dict[str, Any]:
    """What both pages of a period show."""
    statement = result.statement
    return {
        "result": result,
        "statement": statement,
        "judgement": statement.judgement,
        "weekends": rosters.weekend_days(current().database),
        "query": f"from={statement.period_from}&to={statement.period_to}",
        "may_act": _may_act(),
    }


def _costs_listing() -> Listing:
    return finance_lists.costs_listing(costs.list_costs(current().database))


def _costs_page(error: BusopsError | None) -> str:
    codes = [(code, f"{code} {code_words(f'cost.{code}')}") for code in COST_CODES]
    return render_template(
        "finance/costs.html",
        listing=_costs_listing(),
        codes=codes,
        form=request.form,
        error=error,
        may_act=_may_act(),
    )


def _cost_of_form() -> CostLine:
    form = request.form
    on = finance_lists.day_of_form(form.get("on", ""))
    if on is None:
        raise InvalidInput("not_a_date", found=form.get("on", ""))
    return CostLine(
        on=on,
        code=form.get("code", ""),
        fen=parse_yuan_fen(tidy_yuan(form.get("amount", ""))),
        plate=form.get("plate", "").strip(),
        note=form.get("note", "").strip(),
        document=form.get("document", "").strip(),
        is_estimate=bool(form.get("estimate")),
    )


def _may_act() -> bool:
    return current().actor.role is Role.FINANCE
