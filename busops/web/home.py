"""The first page of each role: what needs me now, then what comes next."""

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, redirect, render_template
from werkzeug.wrappers import Response

from busops.domain.errors import NotFound
from busops.domain.people import Role
from busops.finance.reconcile import RowStatus, status_counts
from busops.services import reconciliation
from busops.services.overview import Need, Overview, overview
from busops.web.context import current
from busops.web.language import code_words
from busops.web.security import IN_A_BUS, allow
from busops.web.shown import open_to

bp = Blueprint("home", __name__)

# What a need is called is in need.* of the words; where it is dealt with, here.
PLACES: Final = {
    "alarms": "/dispatch",
    "runs_reopened": "/dispatch",
    "runs_unchecked": "/dispatch",
    "runs_left_open": "/runs/",
    "roster_unlocked": "/rosters/",
    "plans_to_make": "/plans/",
    "plans_to_approve": "/plans/",
    "plans_to_release": "/plans/",
    "imports_waiting": "/register/imports",
    "bills_waiting": "/finance/receipts",
    "claims_waiting": "/finance/consents",
    "refunds_to_check": "/finance/refunds",
    "refunds_to_approve": "/finance/refunds",
    "refunds_to_pay": "/finance/refunds",
    "receipts_unmatched": "/finance/match",
    "receipts_aged": "/finance/match",
    "accounts_new": "/manage/people",
}
MONEY: Final = frozenset({"bills_waiting", "claims_waiting", "receipts_unmatched", "receipts_aged"})
REFUNDS: Final = frozenset({"refunds_to_check", "refunds_to_approve", "refunds_to_pay"})
DISPATCHERS: Final = frozenset(PLACES) - MONEY - {"accounts_new", "refunds_to_approve", "refunds_to_pay"}
CONCERNS: Final = {
    Role.DISPATCHER: DISPATCHERS,
    Role.FINANCE: MONEY | {"runs_left_open", "runs_reopened", "refunds_to_pay"},
    Role.FINANCE_LEAD: MONEY | {"runs_left_open", "runs_reopened", "refunds_to_approve"},
    Role.SUPERVISOR: frozenset(
        {"alarms", "runs_reopened", "runs_unchecked", "runs_left_open", "claims_waiting", "receipts_aged"}
    ),
    Role.ADMIN: frozenset(PLACES) - MONEY - REFUNDS,
}


JUDGES: Final = (Role.FINANCE, Role.FINANCE_LEAD, Role.SUPERVISOR)
TONES: Final = {
    RowStatus.OK: "f-ok",
    RowStatus.SETTLED_REFUNDED: "f-ok",
    RowStatus.WAIVED: "f-idle",
    RowStatus.UNPAID_NOT_RODE: "f-idle",
    RowStatus.PAID_NOT_RODE: "f-off",
    RowStatus.REFUND_DUE: "f-off",
    RowStatus.OVERPAID: "f-act",
    RowStatus.RODE_UNPAID: "f-bad",
    RowStatus.RODE_UNREGISTERED: "f-bad",
    RowStatus.DATA_ERROR: "f-bad",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownNeed:
    """A need with the page that deals with it; without one where the reader may only know."""

    need: Need
    path: str


@bp.get("/")
@allow(*Role, polled=True)
def home() -> str | Response:
    """The home of the reader's role; crews go on to their tablet."""
    here = current()
    role = here.actor.role
    if role in IN_A_BUS:
        return redirect("/tablet/")
    week = overview(here.database, here.clock)
    sees_verdict = role in JUDGES and open_to(role, "/finance/")
    return render_template(
        "home/home.html",
        week=week,
        needs=needs_of(week, role),
        role=role.value,
        sees_verdict=sees_verdict,
    )


@bp.get("/verdict")
@allow(*JUDGES, polled=True)
def verdict() -> str:
    """The term's judgement as a part of the home: it costs a whole reconciliation, so it comes by itself."""
    here = current()
    try:
        result = reconciliation.reconcile(here.database, clock=here.clock, is_whole=False)
    except NotFound:
        return render_template("home/verdict.html", judgement=None, statuses=(), period=None)
    statement = result.statement
    counts = status_counts(statement.rows)
    statuses = tuple(
        (code_words(f"row_status.{status.value}"), counts[status], TONES.get(status, "f-warn"))
        for status in RowStatus
        if status in counts and status is not RowStatus.NONE
    )
    return render_template(
        "home/verdict.html",
        judgement=statement.judgement,
        statuses=statuses,
        period=(statement.period_from, statement.period_to),
    )


def needs_of(week: Overview, role: Role) -> tuple[ShownNeed, ...]:
    """What concerns the role, the urgent first."""
    mine = [need for need in week.needs if need.kind in CONCERNS[role]]
    mine.sort(key=lambda need: not need.is_urgent)
    return tuple(
        ShownNeed(need=need, path=PLACES[need.kind] if open_to(role, PLACES[need.kind]) else "")
        for need in mine
    )
