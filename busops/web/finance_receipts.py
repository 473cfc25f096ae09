"""The receipts' pages: a bill previewed and accepted, what became of each line, and the queue."""

from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from busops.domain.errors import BusopsError, InvalidInput, Refused
from busops.domain.people import Role
from busops.domain.values import RiderId
from busops.finance.candidates import Candidate
from busops.finance.matching import ReceiptStatus, Share
from busops.finance.money import parse_yuan_fen, tidy_yuan
from busops.finance.payers import MAX_SIBLINGS
from busops.services import bulk_matching, claim_consents, claims, column_mappings, receipts, refund_lines
from busops.services.claims import MatchQueue, QueueItem
from busops.web import finance_lists, formats, tables
from busops.web.context import current
from busops.web.language import say
from busops.web.security import allow
from busops.web.tables import Listing

bp = Blueprint("receipts", __name__)  # a part of the finance pages

READERS: Final = (Role.FINANCE, Role.FINANCE_LEAD, Role.SUPERVISOR)
MAX_UPLOAD_BYTES: Final = 10 * 1024 * 1024
# What may be made of a line that is nobody's, and the reason where none is written.
ASIDE: Final = {
    "not_bus": (ReceiptStatus.NOT_BUS_FEE, "不是乘车费"),
    "duplicate": (ReceiptStatus.DUPLICATE, "重复"),
}


@bp.get("/receipts")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """Every line of every bill with what became of it, and the form for a new bill."""
    if tables.wants_csv():
        return tables.csv_of(_listing(), "receipts.csv")
    return _index_page(None)


@bp.post("/receipts")
@allow(Role.FINANCE, upload_bytes=MAX_UPLOAD_BYTES)
def upload() -> ResponseReturnValue:
    """The bill is read and shown; no money has moved."""
    here, file = current(), request.files.get("file")
    if file is None or not file.filename:
        return _index_page(InvalidInput("file_needed")), 400
    preview = receipts.preview(
        here.database,
        file_name=file.filename,
        content=file.read(),
        clock=here.clock,
        ids=here.ids,
        by=here.actor,
    )
    return redirect(url_for("finance.receipts.show", batch_id=preview.batch_id))


@bp.post("/receipts/match")
@allow(Role.FINANCE)
def match_all() -> ResponseReturnValue:
    """Everything that waits is matched where that is certain, beside the pages."""
    here = current()
    job_id = here.jobs.submit(bulk_matching.JOB, {"by": here.actor.user_id}, by=here.actor.user_id)
    return redirect(url_for("jobs.show", job_id=job_id))


@bp.get("/receipts/<batch_id>")
@allow(*READERS)
def show(batch_id: str) -> ResponseReturnValue:
    """The bill's sums, findings by cell and lines, and the decision."""
    return _preview_page(batch_id, None)


@bp.post("/receipts/<batch_id>/accept")
@allow(Role.FINANCE)
def accept(batch_id: str) -> ResponseReturnValue:
    """The bill is in the books, or the page says everything that forbids it."""
    here = current()
    try:
        done = receipts.accept(here.database, batch_id, clock=here.clock, ids=here.ids, by=here.actor)
    except Refused as error:
        return _preview_page(batch_id, error), 409
    refund_lines.look_for_lines(here.database, clock=here.clock, ids=here.ids, by=here.actor)
    flash(say("已入账 %(taken)s 笔，自动核销 %(matched)s 笔", taken=done.taken, matched=done.matched))
    return redirect(url_for("finance.receipts.queue"))


@bp.post("/receipts/<batch_id>/discard")
@allow(Role.FINANCE)
def discard(batch_id: str) -> ResponseReturnValue:
    """The preview is out; nothing was booked."""
    here = current()
    receipts.discard(here.database, batch_id, clock=here.clock, by=here.actor)
    flash(say("已放弃，没有入账"))
    return redirect(url_for("finance.receipts.index"))


@bp.post("/receipts/<receipt_id>/take-back")
@allow(Role.FINANCE)
def take_back(receipt_id: str) -> ResponseReturnValue:
    """The receipt is nobody's again."""
    here = current()
    claims.take_back(here.database, receipt_id, clock=here.clock, ids=here.ids, by=here.actor)
    flash(say("已撤回，重新待认领"))
    return redirect(url_for("finance.receipts.queue", at=receipt_id))


@bp.get("/match")
@allow(*READERS)
def queue() -> str:
    """What waits for a person, one receipt open with the proposals for it."""
    return _queue_page(None)


@bp.post("/match/<receipt_id>")
@allow(Role.FINANCE)
def claim(receipt_id: str) -> ResponseReturnValue:
    """The receipt is given as chosen, and the next one opens."""
    here = current()
    waiting = claims.match_queue(here.database, clock=here.clock)
    try:
        chosen = _chosen(waiting, receipt_id, request.form)
        _claim(receipt_id, chosen.shares, _grounds(chosen))
    except BusopsError as error:
        return _queue_page(error, receipt_id), 409
    return redirect(url_for("finance.receipts.queue", at=_after(waiting, receipt_id)))


@bp.post("/match/<receipt_id>/split")
@allow(Role.FINANCE)
def split(receipt_id: str) -> ResponseReturnValue:
    """The receipt is given to several students, each with a part; what is left waits on if that was said."""
    here = current()
    waiting = claims.match_queue(here.database, clock=here.clock)
    try:
        parts = _parts(waiting, receipt_id, request.form)
        _claim(receipt_id, claims.shares_of(here.database, receipt_id, parts), ())
    except BusopsError as error:
        return _queue_page(error, receipt_id), 409
    following = receipt_id if request.form.get("rest") else _after(waiting, receipt_id)
    return redirect(url_for("finance.receipts.queue", at=following))


@bp.post("/match/<receipt_id>/aside")
@allow(Role.FINANCE)
def set_aside(receipt_id: str) -> ResponseReturnValue:
    """The receipt is no bus fee, or a second payment."""
    here = current()
    waiting = claims.match_queue(here.database, clock=here.clock)
    try:
        status, reason = ASIDE[request.form.get("as", "not_bus")]
        note = request.form.get("note", "").strip() or reason
        claims.set_aside(here.database, receipt_id, status, note=note, clock=here.clock, by=here.actor)
    except BusopsError as error:
        return _queue_page(error, receipt_id), 409
    flash(say("已另列，不计入乘车费"))
    return redirect(url_for("finance.receipts.queue", at=_after(waiting, receipt_id)))


@bp.get("/bills/<file_id>")
@allow(*READERS)
def bill(file_id: str) -> Response:
    """The bill's own bytes, never opened by the browser."""
    here = current()
    found = receipts.take_original(here.database, file_id, clock=here.clock, by=here.actor)
    answer = Response(found.content, mimetype="application/octet-stream")
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(found.name, safe='')}"
    return answer


def _claim(receipt_id: str, shares: tuple[Share, ...], grounds: tuple[str, ...]) -> None:
    """The money is given, or proposed to a second person; the next page says which."""
    here, note = current(), request.form.get("note", "")
    done = claim_consents.claim(
        here.database,
        receipt_id,
        shares,
        grounds=grounds,
        note=note,
        clock=here.clock,
        ids=here.ids,
        by=here.actor,
    )
    amount = formats.money(done.fen)
    if done.status is None:
        flash(say("%(amount)s 元已提出，等第二人同意", amount=amount))
    else:
        flash(say("已认领 %(amount)s 元", amount=amount))


def _grounds(chosen: Candidate) -> tuple[str, ...]:
    """Why this proposal, as codes: kept with a large claim for the second person."""
    return (f"tier.{chosen.tier}", *(f"match_reason.{reason}" for reason in chosen.reasons))


def _parts(waiting: MatchQueue, receipt_id: str, form: Any) -> tuple[tuple[RiderId, int], ...]:
    """Who gets how much; the sum is all that is left unless the rest was said to wait."""
    item = _open(waiting, receipt_id)
    if item is None or item.receipt.receipt_id != receipt_id:
        raise Refused("receipt_decided", status=ReceiptStatus.MATCHED)
    typed = zip(form.getlist("rider_id"), form.getlist("amount"), strict=False)
    rows = [(rider_id.strip(), amount.strip()) for rider_id, amount in typed]
    rows = [row for row in rows if any(row)]
    if not rows or not all(all(row) for row in rows):
        raise InvalidInput("split_row_incomplete")
    parts = tuple((RiderId(rider_id), parse_yuan_fen(tidy_yuan(amount))) for rider_id, amount in rows)
    if any(fen <= 0 for _, fen in parts):
        raise InvalidInput("no_share")
    asked, left = sum(fen for _, fen in parts), item.receipt.line.amount_fen - item.receipt.allocated_fen
    if asked != left and not (form.get("rest") and asked < left):
        raise InvalidInput("split_differs", asked_fen=asked, left_fen=left)
    return parts


def _listing() -> Listing:
    return finance_lists.receipts_listing(receipts.list_receipts(current().database))


def _index_page(error: BusopsError | None) -> str:
    return render_template(
        "finance/receipts.html",
        listing=_listing(),
        bills=receipts.list_bills(current().database),
        mappings=column_mappings.list_mappings(current().database),
        previews=receipts.waiting_bills(current().database),
        matching=bulk_matching.latest(current().database),
        error=error,
        tones=finance_lists.RECEIPT_TONES,
        may_act=current().actor.role is Role.FINANCE,
    )


def _preview_page(batch_id: str, error: Refused | None) -> str:
    preview = receipts.load(current().database, batch_id)
    may_act = current().actor.role is Role.FINANCE
    return render_template("finance/preview.html", preview=preview, error=error, may_act=may_act)


def _queue_page(error: BusopsError | None, receipt_id: str = "") -> str:
    waiting = _searched(claims.match_queue(current().database, clock=current().clock))
    opened = _open(waiting, receipt_id or request.args.get("at", ""))
    at = waiting.items.index(opened) if opened else 0
    return render_template(
        "finance/match.html",
        queue=waiting,
        opened=opened,
        at=at,
        before=waiting.items[at - 1] if at > 0 else None,
        after=waiting.items[at + 1] if at + 1 < len(waiting.items) else None,
        error=error,
        limit_fen=waiting.two_people_from_fen,
        typed=_typed(request.form if error else MultiDict()),
        may_act=current().actor.role is Role.FINANCE,
    )


def _searched(waiting: MatchQueue) -> MatchQueue:
    """Only the lines that hold what was searched for, in remark, payer, number or amount."""
    wanted = request.args.get("q", "").strip().casefold()
    if not wanted:
        return waiting

    def holds(item: QueueItem) -> bool:
        line = item.receipt.line
        shown = (line.remark, line.payer, line.reference, line.source, formats.money(line.amount_fen))
        return any(wanted in text.casefold() for text in shown)

    return replace(waiting, items=tuple(item for item in waiting.items if holds(item)))


def _typed(form: MultiDict[str, str]) -> list[tuple[str, str]]:
    """The rows of the split form as they were typed, and empty ones up to four."""
    rows = list(zip(form.getlist("rider_id"), form.getlist("amount"), strict=False))
    return rows + [("", "")] * (MAX_SIBLINGS - len(rows))


def _open(waiting: MatchQueue, receipt_id: str) -> QueueItem | None:
    found = (item for item in waiting.items if item.receipt.receipt_id == receipt_id)
    return next(found, waiting.items[0] if waiting.items else None)


def _after(waiting: MatchQueue, receipt_id: str) -> str | None:
    ids = [item.receipt.receipt_id for item in waiting.items]
    at = ids.index(receipt_id) if receipt_id in ids else -1
    return ids[at + 1] if 0 <= at < len(ids) - 1 else None


def _chosen(waiting: MatchQueue, receipt_id: str, form: Any) -> Candidate:
    """The proposal that was pressed, or one for the student whose number was typed."""
    item = _open(waiting, receipt_id)
    if item is None or item.receipt.receipt_id != receipt_id:
        raise Refused("receipt_decided", status=ReceiptStatus.MATCHED)
    if rider_id := form.get("rider_id", "").strip():
        return claims.candidate_for(current().database, receipt_id, RiderId(rider_id))
    riders = tuple(form.get("riders", "").split())
    for candidate in item.candidates:
        if candidate.rider_ids == riders:
            return candidate
    raise InvalidInput("no_share")
