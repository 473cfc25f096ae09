"""The money's pages: the verdict, what differs and why, charges, costs, and what is downloaded."""

from functools import partial
from typing import Any, Final

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.people import Role
from busops.domain.values import school_date
from busops.finance.reconcile import status_counts
from busops.finance.statement import Reconciliation
from busops.services import fares, reconciliation, rosters, sheet_downloads
from busops.services.ride_facts import weekend_end
from busops.web import (
    finance_accounts,
    finance_claims,
    finance_costs,
    finance_depreciation,
    finance_fees,
    finance_lists,
    finance_mappings,
    finance_match,
    finance_periods,
    finance_receipts,
    finance_refunds,
    finance_sheets,
    finance_verdict,
    tables,
)
from busops.web.context import current
from busops.web.finance_receipts import READERS
from busops.web.language import say
from busops.web.security import allow

bp = Blueprint("finance", __name__, url_prefix="/finance")

bp.register_blueprint(finance_receipts.bp)
bp.register_blueprint(finance_claims.bp)
bp.register_blueprint(finance_periods.bp)
bp.register_blueprint(finance_mappings.bp)
bp.register_blueprint(finance_refunds.bp)
bp.register_blueprint(finance_accounts.bp)
bp.register_blueprint(finance_verdict.bp)
bp.register_blueprint(finance_match.bp)
bp.register_blueprint(finance_fees.bp)
bp.register_blueprint(finance_costs.bp)
bp.register_blueprint(finance_depreciation.bp)
bp.register_blueprint(finance_sheets.bp)

# What their own services write down in the audit: the stamped sheets, and bills as they came.
WRITTEN_DOWN: Final = frozenset({"finance.sheets.take", "finance.sheets.take_again", "finance.receipts.bill"})


@bp.after_request
def write_down(answer: Response) -> Response:
    """Every other file that leaves by the money's pages is in the audit: who took it, and its SHA-256."""
    here = current()
    is_file = answer.headers.get("Content-Disposition", "").startswith("attachment")
    if is_file and request.endpoint not in WRITTEN_DOWN:
        name, content = request.path.removeprefix(f"{bp.url_prefix}/"), answer.get_data()
        sheet_downloads.record_file(here.database, name, content, clock=here.clock, by=here.actor)
    return answer


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


def _may_act() -> bool:
    return current().actor.role is Role.FINANCE
