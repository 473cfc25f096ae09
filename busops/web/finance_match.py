"""Beside the match queue: payers known again, payment codes, reviews of doubtful matches and the rules."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, InvalidInput
from busops.domain.people import Role
from busops.domain.values import RiderId
from busops.finance.money import parse_yuan_fen, tidy_yuan
from busops.services import claims, match_reviews, payer_links, payment_codes
from busops.storage.match_store import MatchPolicy
from busops.web import formats, tables
from busops.web.context import current
from busops.web.finance_receipts import READERS
from busops.web.language import say
from busops.web.printing import qr
from busops.web.security import allow
from busops.web.tables import Column, Listing

bp = Blueprint("matching", __name__)  # a part of the finance pages

REVIEWERS = (Role.FINANCE, Role.SUPERVISOR)


@bp.post("/match/<receipt_id>/refuse")
@allow(Role.FINANCE)
def refuse(receipt_id: str) -> ResponseReturnValue:
    """These riders are not proposed for this receipt any more."""
    here = current()
    riders = tuple(RiderId(one) for one in request.form.get("riders", "").split())
    claims.refuse_candidate(here.database, receipt_id, riders, clock=here.clock, by=here.actor)
    flash(say("不再提议"))
    return redirect(url_for("finance.receipts.queue", at=receipt_id))


@bp.get("/payers")
@allow(*READERS)
def payers() -> ResponseReturnValue:
    """Every payer that is known again, and whose money his was."""
    listing = _payers_listing()
    if tables.wants_csv():
        return tables.csv_of(listing, "payers.csv")
    may_act = current().actor.role is Role.FINANCE
    return render_template("finance/payers.html", listing=listing, may_act=may_act)


@bp.post("/payers/forget")
@allow(Role.FINANCE)
def forget() -> ResponseReturnValue:
    """The link is deleted."""
    here, form = current(), request.form
    payer_links.forget(
        here.database, form.get("payer_key", ""), form.get("rider_id", ""), by=here.actor, clock=here.clock
    )
    flash(say("已删除，以后不再按这个付款人核销"))
    return redirect(url_for("finance.matching.payers"))


@bp.get("/codes")
@allow(*READERS)
def codes() -> ResponseReturnValue:
    """The payment code of every rider, by class."""
    found = payment_codes.list_codes(current().database)
    columns = (
        Column(key="class", word=say("班级"), of=lambda one: one.class_name, searched=True),
        Column(key="name", word=say("姓名"), of=lambda one: one.rider.name, searched=True),
        Column(key="rider", word=say("学号"), of=lambda one: one.rider.rider_id, searched=True),
        Column(key="code", word=say("付款码"), of=lambda one: one.code, searched=True),
    )
    listing = tables.arrange(found, columns, page_rows=100)
    if tables.wants_csv():
        return tables.csv_of(listing, "payment-codes.csv")
    return render_template(
        "finance/codes.html",
        listing=listing,
        missing=sum(not one.code for one in found),
        may_act=current().actor.role is Role.FINANCE,
    )


@bp.get("/codes/slips")
@allow(*READERS)
def slips() -> str:
    """The slips of one class to be printed, cut and given out; without a class, which there are."""
    here, chosen = current(), request.args.get("of") or None
    classes = payment_codes.slips_of(here.database, here.settings.payment_link)
    sheets = [(name, found) for name, found in classes if name == chosen]
    return render_template("print/codes.html", classes=classes, sheets=sheets, chosen=chosen, qr=qr)


@bp.post("/codes")
@allow(Role.FINANCE)
def give_codes() -> ResponseReturnValue:
    """Everybody has a code."""
    here = current()
    count = payment_codes.give_codes(here.database, clock=here.clock, by=here.actor)
    flash(say("已为 %(count)s 名学生生成付款码", count=count))
    return redirect(url_for("finance.matching.codes"))


@bp.get("/review")
@allow(*READERS)
def review() -> ResponseReturnValue:
    """The sample of matches that convinced by little, and the rules of matching."""
    return _review_page(None)


@bp.post("/review/<receipt_id>")
@allow(*REVIEWERS)
def decide(receipt_id: str) -> ResponseReturnValue:
    """The match was right, or it is taken back."""
    here = current()
    is_right = request.form.get("as") == "right"
    match_reviews.review(
        here.database, receipt_id, is_right=is_right, by=here.actor, clock=here.clock, ids=here.ids
    )
    flash(say("已记为正确") if is_right else say("已撤回，重新待认领"))
    return redirect(url_for("finance.matching.review"))


@bp.post("/review-rules")
@allow(Role.SUPERVISOR)
def change_rules() -> ResponseReturnValue:
    """The rules hold from now on, or the page says why not."""
    here, form = current(), request.form
    try:
        policy = MatchPolicy(
            two_people_from_fen=parse_yuan_fen(tidy_yuan(form.get("limit", ""))),
            reviewed_percent=_percent(form.get("percent", "")),
        )
        reason = form.get("reason", "")
        match_reviews.change_policy(here.database, policy, reason=reason, by=here.actor, clock=here.clock)
    except BusopsError as error:
        return _review_page(error), 409
    flash(say("规则已改"))
    return redirect(url_for("finance.matching.review"))


def _percent(text: str) -> int:
    if not text.strip().isdecimal():
        raise InvalidInput("match_percent_bounds")
    return int(text)


def _review_page(error: BusopsError | None) -> str:
    role = current().actor.role
    return render_template(
        "finance/review.html",
        found=match_reviews.reviews(current().database),
        error=error,
        may_act=role in REVIEWERS,
        may_rule=role is Role.SUPERVISOR,
    )


def _payers_listing() -> Listing:
    columns = (
        Column(key="payer", word=say("付款人"), of=lambda one: one.link.payer or "–", searched=True),
        Column(
            key="by", word=say("认得出"), of=lambda one: say("账户") if one.is_by_account else say("名字")
        ),
        Column(key="rider", word=say("学号"), of=lambda one: one.link.rider_id, searched=True),
        Column(key="name", word=say("姓名"), of=lambda one: one.name, searched=True),
        Column(key="class", word=say("班级"), of=lambda one: one.class_name, searched=True),
        Column(key="made_by", word=say("认领人"), of=lambda one: one.made_by, searched=True),
        Column(
            key="made_at",
            word=say("时间"),
            of=lambda one: one.link.made_at,
            shows=lambda one: formats.moment(one.link.made_at),
        ),
    )
    return tables.arrange(payer_links.list_links(current().database), columns, sort="-made_at", page_rows=100)
