"""Fee plans on a page: whose guardian agreed to the price, what others give, and prices beyond the term."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, InvalidInput
from busops.domain.people import Role
from busops.domain.roster import Rider, class_of
from busops.domain.values import RiderId, school_date
from busops.finance.money import parse_yuan_fen, tidy_yuan
from busops.services import fee_plans
from busops.services.fee_plans import FeeBoard
from busops.storage.fee_store import ConsentWay, PriceConsent, Subsidy, Told
from busops.web import answers, finance_lists, formats, tables
from busops.web.context import current
from busops.web.finance_receipts import READERS
from busops.web.language import code_words, say
from busops.web.security import allow
from busops.web.tables import Column, Filter, Listing

bp = Blueprint("fees", __name__)  # a part of the finance pages


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownConsent:
    """A rider and the word of his guardian, None before there is one."""

    rider: Rider
    word: PriceConsent | None


@bp.get("/fee-plans")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """Consents, subsidies and prices of the term."""
    found = fee_plans.board(current().database)
    if tables.wants_csv():
        return tables.csv_of(_listing(found), "price-consents.csv")
    return _page(found, None)


@bp.post("/fee-plans/consents")
@allow(Role.FINANCE)
def agree() -> ResponseReturnValue:
    """The guardians of these numbers agreed, or took it back."""
    here, form = current(), request.form

    def act() -> None:
        way, on = form.get("way", ""), finance_lists.day_of_form(form.get("given_on", ""))
        if way not in set(ConsentWay) or on is None:
            raise InvalidInput("not_a_date" if on is None else "fee_evidence_needed", found=way)
        fee_plans.record_consents(
            here.database,
            form.get("riders", "").replace("，", " ").replace(",", " ").replace("、", " ").split(),
            ConsentWay(way),
            given_on=on,
            note=form.get("note", ""),
            clock=here.clock,
            by=here.actor,
        )

    return _after(act, say("已记下票价同意"))


@bp.post("/fee-plans/subsidies")
@allow(Role.FINANCE)
def give() -> ResponseReturnValue:
    """Money of others is on record."""
    here, form = current(), request.form

    def act() -> None:
        on = finance_lists.day_of_form(form.get("received_on", ""))
        if on is None:
            raise InvalidInput("not_a_date", found=form.get("received_on", ""))
        told = Told(note=form.get("note", "").strip(), by=here.actor.user_id, at=here.clock.now())
        rider_id = form.get("rider_id", "").strip()
        item = Subsidy(
            subsidy_id=here.ids.new(),
            received_on=on,
            fen=parse_yuan_fen(tidy_yuan(form.get("amount", ""))),
            giver=form.get("giver", "").strip(),
            rider_id=RiderId(rider_id) if rider_id else None,
            told=told,
        )
        fee_plans.record_subsidy(here.database, item, clock=here.clock, by=here.actor)

    return _after(act, say("已记下补贴，不计入收入"))


@bp.post("/fee-plans/subsidies/<subsidy_id>/undo")
@allow(Role.FINANCE)
def undo(subsidy_id: str) -> ResponseReturnValue:
    """A subsidy is taken back."""
    here, note = current(), request.form.get("note", "")
    return _after(
        lambda: fee_plans.undo_subsidy(
            here.database, subsidy_id, note=note, clock=here.clock, ids=here.ids, by=here.actor
        ),
        say("已撤销补贴"),
    )


def _after(act: Callable[[], object], told: str) -> ResponseReturnValue:
    return answers.after(
        act, told, to="finance.fees.index",
        page=lambda error: _page(fee_plans.board(current().database), error),
    )  # fmt: skip


def _page(found: FeeBoard, error: BusopsError | None) -> str:
    here = current()
    return render_template(
        "finance/fees.html",
        found=found,
        listing=_listing(found),
        subsidies=[item for item in found.subsidies if not item.undoes],
        total_fen=sum(item.fen for item in found.subsidies),
        ways=[(str(way), code_words(f"consent_way.{way}")) for way in ConsentWay],
        today=str(school_date(here.clock.now())),
        form=request.form,
        role=here.actor.role.value,
        error=error,
    )


def _listing(found: FeeBoard) -> Listing:
    rows = [ShownConsent(rider=rider, word=None) for rider in found.missing]
    rows += [ShownConsent(rider=rider, word=word) for rider, word in found.agreed]
    states = (("no", say("还没有同意")), ("yes", say("已同意")))
    filters = (
        Filter(
            key="agreed", word=say("票价同意"), choices=states, of=lambda row: "yes" if row.word else "no"
        ),
    )
    columns = (
        Column(key="rider", word=say("学号"), of=lambda row: row.rider.rider_id, searched=True, text=True),
        Column(key="name", word=say("姓名"), of=lambda row: row.rider.name, searched=True, text=True),
        Column(key="class", word=say("班级"), of=lambda row: class_of(row.rider), searched=True, text=True),
        Column(
            key="agreed",
            word=say("票价同意"),
            of=lambda row: code_words(f"consent_way.{row.word.way}") if row.word else say("还没有同意"),
        ),
        Column(
            key="on",
            word=say("日期"),
            of=lambda row: row.word.given_on if row.word else None,
            shows=lambda row: formats.day(row.word.given_on) if row.word else "–",
        ),
        Column(
            key="note", word=say("凭据"), of=lambda row: row.word.told.note if row.word else "", text=True
        ),
    )
    return tables.arrange(rows, columns, filters=filters, sort="rider")
