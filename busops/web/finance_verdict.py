"""The term's verdict: its reasons, lines, outlook and levers; the frozen goal; the sheet for parents."""

from typing import Any, Final

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, InvalidInput
from busops.domain.people import Role
from busops.domain.school import Basis, FeeRegime, FinancePolicy
from busops.services import term_goal
from busops.services.term_verdict import TermVerdict, term_verdict
from busops.sheets import line_sheet
from busops.sheets.line_sheet import LineSheet
from busops.web import formats, tables
from busops.web.charts import Plot
from busops.web.context import current
from busops.web.fan_chart import fan_chart
from busops.web.finance_receipts import READERS
from busops.web.language import say
from busops.web.security import allow

bp = Blueprint("finance_verdict", __name__, url_prefix="/verdict")

SHEET: Final = "lines"


@bp.get("")
@allow(*READERS)
def show() -> ResponseReturnValue:
    """The verdict of the term with everything behind it."""
    return _page(None)


@bp.post("/goal")
@allow(Role.FINANCE)
def ask_goal() -> ResponseReturnValue:
    """Another goal is asked for, or holds at once before the term, or the page says why not."""
    here = current()
    try:
        wanted, reason = _goal_of_form(), request.form.get("reason", "")
        goal = term_goal.ask_change(here.database, wanted, reason=reason, by=here.actor, clock=here.clock)
    except BusopsError as error:
        return _page(error), 400 if isinstance(error, InvalidInput) else 409
    flash(say("已生效") if goal.holds else say("已申请，等另一人同意"))
    return redirect(url_for("finance.finance_verdict.show", _anchor="goal"))


@bp.post("/goal/<int:number>/agree")
@allow(Role.SUPERVISOR)
def agree_goal(number: int) -> ResponseReturnValue:
    """A second person agrees to the change that waits."""
    here = current()
    try:
        term_goal.agree(here.database, number, by=here.actor, clock=here.clock)
    except BusopsError as error:
        return _page(error), 409
    flash(say("已同意，从现在起生效"))
    return redirect(url_for("finance.finance_verdict.show", _anchor="goal"))


@bp.get("/lines")
@allow(*READERS)
def lines() -> ResponseReturnValue:
    """The sheet for parents, to be printed."""
    sheet = _sheet(_verdict())
    table = line_sheet.table_of(sheet, current().locale)
    return render_template("print/lines.html", sheet=sheet, table=table, printed_at=current().clock.now())


@bp.get("/lines.csv")
@allow(*READERS)
def lines_csv() -> Response:
    """The sheet for parents as CSV."""
    sheet = _sheet(_verdict())
    return tables.download(
        line_sheet.as_csv(sheet, current().locale), "text/csv", f"{SHEET}-{sheet.to_on}.csv"
    )


@bp.get("/lines.xlsx")
@allow(*READERS)
def lines_xlsx() -> Response:
    """The sheet for parents as a workbook."""
    sheet = _sheet(_verdict())
    return tables.download(
        line_sheet.as_workbook(sheet, current().locale), tables.XLSX, f"{SHEET}-{sheet.to_on}.xlsx"
    )


def _verdict() -> TermVerdict:
    here = current()
    return term_verdict(here.database, clock=here.clock)


def _page(error: BusopsError | None) -> str:
    here, shown = current(), _verdict()
    statement = shown.result.statement
    forecast = shown.outlook.forecast
    return render_template(
        "finance/verdict.html",
        shown=shown,
        statement=statement,
        judgement=statement.judgement,
        forecast=forecast,
        fan=_fan(shown),
        goal=term_goal.state(here.database, here.clock),
        query=f"from={statement.period_from}&to={statement.period_to}",
        may_ask=here.actor.role is Role.FINANCE,
        may_agree=here.actor.role is Role.SUPERVISOR,
        bases=list(Basis),
        regimes=list(FeeRegime),
        form=request.form,
        error=error,
    )


def _fan(shown: TermVerdict) -> Plot | None:
    forecast = shown.outlook.forecast
    if forecast is None:
        return None
    words = [formats.day_short(point.on) for point in forecast.fan]
    return fan_chart(forecast, words, shown.result.statement.policy.target_bp)


def _goal_of_form() -> FinancePolicy:
    form: Any = request.form
    per_cent = form.get("target", "").strip()
    whole, _, parts = per_cent.partition(".")
    if not (per_cent.isascii() and whole.isdigit() and len(whole) <= 2 and (not parts or parts.isdigit())):  # noqa: PLR2004
        raise InvalidInput("goal_target_wrong", found=per_cent)
    try:
        return FinancePolicy(
            basis=Basis(form.get("basis", "")),
            target_bp=100 * int(whole) + int((parts + "00")[:2]),
            fee_regime=FeeRegime(form.get("regime", "")),
        )
    except ValueError as fault:
        raise InvalidInput("goal_choice_unknown") from fault


def _sheet(shown: TermVerdict) -> LineSheet:
    statement = shown.result.statement
    return LineSheet(
        school=shown.result.school.name,
        from_on=statement.period_from,
        to_on=statement.period_to,
        lines=shown.lines.lines,
        towards=dict(shown.towards),
        fares_of_none_fen=shown.lines.fares_of_none_fen,
        costs_of_none_fen=shown.lines.costs_of_none_fen,
    )
