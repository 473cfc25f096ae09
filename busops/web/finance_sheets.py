"""The sheets that finance takes away, by month, term or days and by class; what was taken, and again."""

from datetime import date
from typing import Final

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, NotFound
from busops.domain.values import school_date
from busops.finance.ledger import period_of
from busops.services import periods, sheet_downloads, sheet_papers
from busops.services.sheet_downloads import SheetForm, Taken
from busops.services.sheet_papers import Wanted
from busops.sheets.papers import pdf
from busops.sheets.papers.document import SheetKind
from busops.web import finance_lists, tables
from busops.web.context import current
from busops.web.errors import STATUS
from busops.web.finance_receipts import READERS
from busops.web.security import allow

bp = Blueprint("sheets", __name__, url_prefix="/sheets")

MEDIA: Final = {"xlsx": tables.XLSX, "csv": "text/csv", "zip": "application/zip", "pdf": "application/pdf"}


@bp.get("")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """Every sheet of the chosen days, and what was taken before."""
    return _page(None)


@bp.get("/<kind>.<form>")
@allow(*READERS)
def take(kind: str, form: str) -> ResponseReturnValue:
    """The sheet as a file, or the page with the reason why not."""
    here = current()
    try:
        first, last = _days()
        wanted = Wanted(
            kind=sheet_downloads.kind_of(kind),
            from_on=first,
            to_on=last,
            locale=here.locale,
            class_name=request.args.get("class", ""),
        )
        form_wanted = sheet_downloads.form_of(form)
        taken = sheet_downloads.take(here.database, wanted, form_wanted, clock=here.clock, by=here.actor)
    except NotFound:
        raise
    except BusopsError as error:
        return _page(error), STATUS[type(error)]
    return _answer(taken)


@bp.get("/taken/<int:entry_no>")
@allow(*READERS)
def take_again(entry_no: int) -> ResponseReturnValue:
    """The file of an earlier download, byte for byte, or the page with the reason why not."""
    here = current()
    try:
        taken = sheet_downloads.take_again(here.database, entry_no, clock=here.clock, by=here.actor)
    except NotFound:
        raise
    except BusopsError as error:
        return _page(error), STATUS[type(error)]
    return _answer(taken)


def _answer(taken: Taken) -> Response:
    return tables.download(taken.content, MEDIA[taken.suffix], f"{taken.stem}.{taken.suffix}")


def _days() -> tuple[date, date]:
    """The days that the address names: a month, the term, or from and to; else the month of today."""
    here = current()
    if month := request.args.get("month", ""):
        return periods.days_of(month)
    begins, ends = sheet_papers.term_days(here.database)
    if request.args.get("period") == "term":
        return begins, ends
    first = finance_lists.day_of_form(request.args.get("from", ""))
    last = finance_lists.day_of_form(request.args.get("to", ""))
    if first or last:
        return first or begins, last or ends
    return periods.days_of(period_of(min(max(school_date(here.clock.now()), begins), ends)))


def _page(error: BusopsError | None) -> str:
    here = current()
    begins, ends = sheet_papers.term_days(here.database)
    try:
        first, last = _days()
    except BusopsError as wrong:
        first, last, error = begins, ends, error or wrong
    return render_template(
        "finance/sheets.html",
        kinds=list(SheetKind),
        forms=list(SheetForm),
        has_pdf=pdf.is_installed(),
        first=first,
        last=last,
        classes=sheet_papers.classes(here.database),
        chosen=request.args.get("class", ""),
        months=months_of(begins, ends),
        taken=sheet_downloads.list_taken(here.database),
        error=error,
    )


def months_of(first: date, last: date) -> tuple[str, ...]:
    """Every month from the first day to the last."""
    months = []
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        months.append(f"{year}-{month:02d}")
        year, month = (year + month // 12, month % 12 + 1)
    return tuple(months)
