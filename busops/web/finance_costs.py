"""The costs' pages: the list, the entry with how it would fall, one cost with its papers, the second word."""

from typing import Any, Final

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, InvalidInput, NotFound
from busops.domain.values import school_date
from busops.finance.cost_shares import SHARED, driver_of
from busops.finance.costs import COST_CODES, DECIDERS, PROPOSERS, TWO_PEOPLE_FROM_FEN, CostLine, problems_of
from busops.finance.money import format_yuan, parse_yuan_fen, tidy_yuan
from busops.services import cost_consents, cost_papers, cost_views, costs
from busops.services.cost_views import CostRow
from busops.storage.cost_document_store import MOST_BYTES, PaperKind
from busops.web import tables
from busops.web.context import current
from busops.web.finance_lists import day_of_form, yuan
from busops.web.finance_receipts import READERS
from busops.web.language import code_words, say
from busops.web.security import allow
from busops.web.tables import Column, Filter, Listing

bp = Blueprint("costs", __name__, url_prefix="/costs")  # a part of the finance pages

UPLOAD: Final = MOST_BYTES + 64 * 1024
CLERKS: Final = tuple(sorted(PROPOSERS))
AGREERS: Final = tuple(sorted(DECIDERS))
TYPES: Final = {
    PaperKind.PDF: "application/pdf",
    PaperKind.OFD: "application/ofd",
    PaperKind.JPEG: "image/jpeg",
    PaperKind.PNG: "image/png",
}


@bp.get("")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """The costs, what waits for a second person, and the form for one more."""
    if tables.wants_csv():
        return tables.csv_of(_listing(*_tax_columns()), "costs.csv")
    return _page(None)


@bp.post("")
@allow(*CLERKS, upload_bytes=UPLOAD)
def enter() -> ResponseReturnValue:
    """A cost is booked or waits for a second person; or it is shown how it would fall, or what is missing."""
    here, form = current(), request.form
    try:
        line = _line_of_form()
        if form.get("act") == "preview":
            _refuse_problems(line)
            return _page(None, line)
        replaces = form.get("replaces") or None
        paper = request.files.get("paper")
        if paper is not None and paper.filename:  # what cannot be kept is told before anything is booked
            sent = paper.read()
            cost_papers.checked(sent, cost_papers.kind_of(sent), paper.filename)
        entered = costs.enter_cost(
            here.database, line, clock=here.clock, ids=here.ids, by=here.actor, replaces=replaces
        )
        if paper is not None and paper.filename:
            _keep(entered.cost_id, paper.filename, sent)
    except BusopsError as error:
        return _page(error), 400 if isinstance(error, InvalidInput) else 409
    flash(
        say("已提出，等另一人同意后入账")
        if entered.waits
        else say("已记 %(amount)s 元", amount=form["amount"])
    )
    return redirect(url_for("finance.costs.show", cost_id=entered.cost_id))


@bp.get("/of-line")
@allow(*READERS)
def of_line() -> ResponseReturnValue:
    """Every cost that lays something on a line; their sum is the line's cost in the verdict."""
    here, line = current(), request.args.get("line", "")
    found = cost_views.costs_of_line(here.database, line, clock=here.clock)
    total_fen = sum(item.fen for item in found)
    return render_template("finance/cost_line.html", line=line, found=found, total_fen=total_fen)


@bp.get("/<cost_id>")
@allow(*READERS)
def show(cost_id: str) -> ResponseReturnValue:
    """One cost: how it falls, its postings, papers and history."""
    return _cost_page(cost_id, None)


@bp.post("/<cost_id>/take-back")
@allow(*CLERKS)
def take_back(cost_id: str) -> ResponseReturnValue:
    """The cost is undone by its opposite, or that waits for a second person."""
    here, note = current(), request.form.get("note", "")
    try:
        undone = costs.take_back_cost(
            here.database, cost_id, note=note, clock=here.clock, ids=here.ids, by=here.actor
        )
    except NotFound:
        raise
    except BusopsError as error:
        return _cost_page(cost_id, error), 409
    flash(say("已提出，等另一人同意后入账") if undone.waits else say("已冲销"))
    return redirect(url_for("finance.costs.show", cost_id=undone.cost_id))


@bp.post("/<cost_id>/papers")
@allow(*CLERKS, upload_bytes=UPLOAD)
def add_paper(cost_id: str) -> ResponseReturnValue:
    """A paper is kept with the cost, or the page says why not."""
    here, file = current(), request.files.get("paper")
    cost_views.cost_view(here.database, cost_id, clock=here.clock)
    try:
        if file is None or not file.filename:
            raise InvalidInput("file_needed")
        _keep(cost_id, file.filename, file.read())
    except BusopsError as error:
        return _cost_page(cost_id, error), 400
    flash(say("单据已保存"))
    return redirect(url_for("finance.costs.show", cost_id=cost_id))


@bp.get("/<cost_id>/papers/<int:number>")
@allow(*READERS)
def paper(cost_id: str, number: int) -> Response:
    """A paper as a download, never shown in the browser and never kept by it."""
    here = current()
    kind, content = cost_papers.hand_out(here.database, cost_id, number, clock=here.clock, by=here.actor)
    answer = tables.download(content, TYPES[kind], f"cost-{cost_id[-12:]}-{number}.{kind}")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@bp.post("/<cost_id>/decide")
@allow(*AGREERS)
def decide(cost_id: str) -> ResponseReturnValue:
    """The second person's word."""
    here, form = current(), request.form
    try:
        if form.get("agree") == "yes":
            cost_consents.agree(here.database, cost_id, clock=here.clock, ids=here.ids, by=here.actor)
        else:
            note = form.get("note", "")
            cost_consents.refuse(here.database, cost_id, note=note, clock=here.clock, by=here.actor)
    except NotFound:
        raise
    except BusopsError as error:
        return _cost_page(cost_id, error), 409
    flash(say("已同意，已入账") if form.get("agree") == "yes" else say("已退回，没有入账"))
    return redirect(url_for("finance.costs.show", cost_id=cost_id))


@bp.post("/<cost_id>/withdraw")
@allow(*CLERKS)
def withdraw(cost_id: str) -> ResponseReturnValue:
    """The proposer takes the own proposal back."""
    here = current()
    try:
        cost_consents.withdraw(here.database, cost_id, clock=here.clock, by=here.actor)
    except NotFound:
        raise
    except BusopsError as error:
        return _cost_page(cost_id, error), 409
    flash(say("已撤回，没有入账"))
    return redirect(url_for("finance.costs.show", cost_id=cost_id))


def _keep(cost_id: str, name: str, sent: bytes) -> None:
    here = current()
    cost_papers.keep_paper(here.database, cost_id, name=name, sent=sent, clock=here.clock, by=here.actor)


def _page(error: BusopsError | None, preview: CostLine | None = None) -> str:
    here = current()
    form = request.form if request.form else _form_of(request.args.get("replaces", ""))
    offered = cost_views.cost_form(here.database)
    return render_template(
        "finance/costs.html",
        listing=_listing(),
        waits=cost_consents.waiting(here.database),
        codes=[(code, f"{code} {code_words(f'cost.{code}')}") for code in COST_CODES],
        drivers=[(code, str(driver_of(code)), code in SHARED) for code in COST_CODES],
        plates=[("", say("不限")), *((plate, plate) for plate in offered.plates)],
        lines=[("", say("不限")), *((line, line) for line in offered.lines)],
        limit_fen=TWO_PEOPLE_FROM_FEN,
        form=form,
        preview=preview,
        fall=None if preview is None else cost_views.preview(here.database, preview, clock=here.clock),
        driver_of=driver_of,
        bearer=bearer,
        today=school_date(here.clock.now()),
        error=error,
        may_act=_may_act(),
    )


def _cost_page(cost_id: str, error: BusopsError | None) -> str:
    here = current()
    view = cost_views.cost_view(here.database, cost_id, clock=here.clock)
    return render_template(
        "finance/cost.html",
        cost_id=cost_id,
        view=view,
        driver=driver_of(view.entered.code),
        error=error,
        may_act=_may_act(),
        may_agree=here.actor.role in DECIDERS,
        me=here.actor.user_id,
    )


def _form_of(replaces: str) -> dict[str, str]:
    """An empty form, or that of the bill for an estimate."""
    if not replaces:
        return {}
    here = current()
    line = cost_views.cost_view(here.database, replaces, clock=here.clock).entered
    return {
        "replaces": replaces,
        "on": str(line.on),
        "code": line.code,
        "amount": format_yuan(line.fen),
        "plate": line.plate,
        "line": line.line,
        "run": line.run,
        "note": line.note,
        "from": str(line.covers_from or ""),
        "to": str(line.covers_to or ""),
    }


def _listing(*more: Column) -> Listing:
    rows = cost_views.cost_rows(current().database)
    codes = sorted({item.cost.line.code for item in rows})
    months = sorted({item.period for item in rows}, reverse=True)
    plates = sorted({item.cost.line.plate for item in rows if item.cost.line.plate})
    states = (("estimate", say("暂估未销")), ("no_paper", say("没有单据文件")), ("undone", say("已冲销")))
    filters = (
        Filter(
            key="code",
            word=say("科目"),
            choices=tuple((code, f"{code} {code_words(f'cost.{code}')}") for code in codes),
            of=lambda item: item.cost.line.code,
        ),
        Filter(key="period", word=say("账期"), choices=tuple((m, m) for m in months), of=lambda i: i.period),
        Filter(
            key="plate",
            word=say("车牌号"),
            choices=tuple((plate, plate) for plate in plates),
            of=lambda item: item.cost.line.plate,
        ),
        Filter(key="state", word=say("状态"), choices=states, of=_state_of),
    )
    return tables.arrange(rows, (*_columns(), *more), filters=filters, sort="-on", page_rows=100)


def _columns() -> tuple[Column, ...]:
    return (
        Column(key="on", word=say("日期"), of=lambda item: item.cost.line.on),
        Column(key="period", word=say("账期"), of=lambda item: item.period),
        Column(
            key="code",
            word=say("科目"),
            of=lambda item: f"{item.cost.line.code} {code_words(f'cost.{item.cost.line.code}')}",
        ),
        Column(key="fen", word=say("金额(元)"), of=lambda item: yuan(item.cost.line.fen), numeric=True),
        Column(key="bears", word=say("归属"), of=bearer, searched=True),
        Column(key="note", word=say("说明"), of=lambda item: item.cost.line.note, searched=True, text=True),
        Column(key="document", word=say("单据号"), of=lambda item: item.cost.line.document, searched=True),
        Column(key="state", word=say("状态"), of=_state_word),
    )


def _tax_columns() -> tuple[Column, ...]:
    """What the file has besides the page."""
    return (
        Column(key="tax", word=say("税额(元)"), of=lambda item: yuan(item.cost.line.tax_fen), numeric=True),
        Column(key="from", word=say("管到哪几天：从"), of=lambda item: item.cost.line.covers_from),
        Column(key="to", word=say("管到哪几天：到"), of=lambda item: item.cost.line.covers_to),
    )


def bearer(item: CostRow) -> str:
    """Whose cost it is: the run, line or vehicle that it names."""
    line = item.cost.line
    return " ".join(part for part in (line.line or line.plate, line.run[:8]) if part)


def _state_of(item: CostRow) -> str:
    if item.is_undone or item.cost.reverses:
        return "undone"
    if item.is_open_estimate:
        return "estimate"
    return "" if item.papers else "no_paper"


def _state_word(item: CostRow) -> str:
    words = {"undone": say("已冲销"), "estimate": say("暂估未销")}
    return words.get(_state_of(item), "")


def _refuse_problems(line: CostLine) -> None:
    problems = problems_of(line)
    if problems:
        raise InvalidInput(problems[0].code, problems, **problems[0].facts)


def _line_of_form() -> CostLine:
    form: Any = request.form
    on = day_of_form(form.get("on", ""))
    if on is None:
        raise InvalidInput("not_a_date", found=form.get("on", ""))
    tax = form.get("tax", "").strip()
    return CostLine(
        on=on,
        code=form.get("code", ""),
        fen=parse_yuan_fen(tidy_yuan(form.get("amount", ""))),
        tax_fen=parse_yuan_fen(tidy_yuan(tax)) if tax else 0,
        plate=form.get("plate", "").strip(),
        line=form.get("line", "").strip(),
        run=form.get("run", "").strip(),
        covers_from=day_of_form(form.get("from", "")),
        covers_to=day_of_form(form.get("to", "")),
        note=form.get("note", "").strip(),
        document=form.get("document", "").strip(),
        is_estimate=bool(form.get("estimate")),
    )


def _may_act() -> bool:
    return current().actor.role in PROPOSERS
