"""Large claims on a page of their own: what waits for a second person, agreed to, refused, withdrawn."""

from collections.abc import Callable

from flask import Blueprint, render_template
from flask import request as asked
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError
from busops.domain.people import Role
from busops.services import claim_consents
from busops.services.claim_consents import Consents, ShownProposal
from busops.storage.claim_store import Verdict
from busops.web import answers, finance_lists, formats, tables
from busops.web.context import current
from busops.web.language import code_words, say
from busops.web.security import allow
from busops.web.tables import Column, Filter, Listing

bp = Blueprint("claims", __name__)  # a part of the finance pages

BOTH = (Role.FINANCE, Role.FINANCE_LEAD, Role.SUPERVISOR)
TONES = {Verdict.APPROVED: "ok", Verdict.REJECTED: "bad", Verdict.WITHDRAWN: "idle"}


@bp.get("/consents")
@allow(*BOTH)
def index() -> ResponseReturnValue:
    """What waits for a second person, and what became of the claims before."""
    found = claim_consents.consents(current().database)
    if tables.wants_csv():
        return tables.csv_of(_listing(found), "consents.csv")
    return _page(found, None)


@bp.post("/consents/<proposal_id>/approve")
@allow(*BOTH)
def approve(proposal_id: str) -> ResponseReturnValue:
    """The money is given on two names, or the page says everything that forbids it."""
    here = current()
    return _after(
        lambda: claim_consents.approve(
            here.database, proposal_id, clock=here.clock, ids=here.ids, by=here.actor
        ),
        say("已同意，钱已记到学生名下"),
    )


@bp.post("/consents/<proposal_id>/reject")
@allow(*BOTH)
def reject(proposal_id: str) -> ResponseReturnValue:
    """The receipt waits in the queue again; the reason stays on record."""
    here, note = current(), asked.form.get("note", "")
    return _after(
        lambda: claim_consents.reject(here.database, proposal_id, note=note, clock=here.clock, by=here.actor),
        say("已退回，这笔重新待认领"),
    )


@bp.post("/consents/<proposal_id>/withdraw")
@allow(*BOTH)
def withdraw(proposal_id: str) -> ResponseReturnValue:
    """The proposer takes the own proposal back."""
    here = current()
    return _after(
        lambda: claim_consents.withdraw(here.database, proposal_id, clock=here.clock, by=here.actor),
        say("已撤回，这笔重新待认领"),
    )


def _after(act: Callable[[], object], told: str) -> ResponseReturnValue:
    return answers.after(
        act, told, to="finance.claims.index",
        page=lambda error: _page(claim_consents.consents(current().database), error),
    )  # fmt: skip


def _page(found: Consents, error: BusopsError | None) -> str:
    return render_template(
        "finance/consents.html",
        found=found,
        listing=_listing(found),
        tones=TONES,
        me=current().actor.user_id,
        unit_of=finance_lists.unit_of,
        error=error,
    )


def _listing(found: Consents) -> Listing:
    verdicts = tuple((str(each), code_words(f"claim_verdict.{each}")) for each in Verdict)
    filters = (
        Filter(key="verdict", word=say("结果"), choices=verdicts, of=lambda row: row.proposal.verdict),
    )
    columns = (
        Column(
            key="at",
            word=say("决定时间"),
            of=lambda row: row.proposal.decided_at,
            shows=lambda row: formats.moment(row.proposal.decided_at),
        ),
        Column(
            key="verdict",
            word=say("结果"),
            of=lambda row: code_words(f"claim_verdict.{row.proposal.verdict}"),
        ),
        Column(key="riders", word=say("学生"), of=_riders, searched=True, text=True),
        Column(
            key="fen", word=say("金额(元)"), of=lambda row: finance_lists.yuan(row.proposal.fen), numeric=True
        ),
        Column(key="proposed", word=say("提出人"), of=lambda row: row.proposed_by, searched=True),
        Column(key="decided", word=say("决定人"), of=lambda row: row.decided_by, searched=True),
        Column(key="note", word=say("理由"), of=_note, searched=True, text=True),
    )
    return tables.arrange(found.decided, columns, filters=filters, sort="-at")


def _riders(row: ShownProposal) -> str:
    named = (row.riders.get(rider_id) for rider_id in row.proposal.rider_ids)
    words = (
        f"{rider.name} {rider_id}" if rider else rider_id
        for rider, rider_id in zip(named, row.proposal.rider_ids, strict=True)
    )
    return say("、").join(words)


def _note(row: ShownProposal) -> str:
    return row.proposal.verdict_note or row.proposal.note
