"""A rider's account on a page: its lines, what is decided on it, and the receipts printed from it."""

from datetime import timedelta
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, InvalidInput
from busops.domain.people import Role
from busops.domain.values import RiderId, school_date
from busops.finance.allowances import Allowance, AllowanceKind, AllowanceState
from busops.finance.capitals import capitals
from busops.finance.money import parse_yuan_fen, tidy_yuan
from busops.finance.tariff import weekend_of
from busops.services import accounts, allowances, fare_receipts, fares, fee_plans
from busops.services.accounts import RiderAccount
from busops.web import finance_lists
from busops.web.context import current
from busops.web.finance_receipts import READERS
from busops.web.language import code_words, say
from busops.web.security import allow

bp = Blueprint("accounts", __name__)  # a part of the finance pages

TONES: Final = {AllowanceState.PROPOSED: "off", AllowanceState.APPROVED: "ok", AllowanceState.REFUSED: "idle"}


@bp.get("/riders")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """The account of the number asked for; without one, what waits for the second word."""
    rider_id = request.args.get("rider_id", "").strip()
    if rider_id:
        return redirect(url_for("finance.accounts.show", rider_id=rider_id))
    waiting = allowances.waiting_allowances(current().database)
    return render_template("finance/accounts.html", waiting_allowances=waiting, unit_of=finance_lists.unit_of)


@bp.get("/riders/<rider_id>")
@allow(*READERS)
def show(rider_id: str) -> str:
    """The account as it stands."""
    return _page(RiderId(rider_id), None)


@bp.post("/riders/<rider_id>/allowances")
@allow(Role.FINANCE)
def propose(rider_id: str) -> ResponseReturnValue:
    """Something off a charge is proposed."""
    here, form = current(), request.form
    try:
        wanted = Allowance(
            allowance_id=here.ids.new(),
            rider_id=RiderId(rider_id),
            unit_key=form.get("unit", ""),
            kind=_kind(form.get("kind", "")),
            fen=_fen_of_form(RiderId(rider_id)),
            state=AllowanceState.PROPOSED,
            proposed_by=here.actor.user_id,
        )
        note = form.get("note", "")
        allowances.propose_allowance(here.database, wanted, note=note, clock=here.clock, by=here.actor)
    except BusopsError as error:
        return _page(RiderId(rider_id), error), 409
    flash(say("已提出，等财务负责人同意"))
    return redirect(url_for("finance.accounts.show", rider_id=rider_id))


@bp.post("/riders/<rider_id>/allowances/<allowance_id>")
@allow(Role.FINANCE_LEAD)
def decide(rider_id: str, allowance_id: str) -> ResponseReturnValue:
    """The second word on it."""
    here, form = current(), request.form
    agree = "APPROVED" if form.get("agree") == "yes" else "REFUSED"
    try:
        allowances.decide_allowance(
            here.database,
            allowance_id,
            agree=agree,
            note=form.get("note", ""),
            clock=here.clock,
            ids=here.ids,
            by=here.actor,
        )
    except BusopsError as error:
        return _page(RiderId(rider_id), error), 409
    flash(say("已决定"))
    return redirect(url_for("finance.accounts.show", rider_id=rider_id))


@bp.post("/riders/<rider_id>/service")
@allow(Role.FINANCE)
def keep_service(rider_id: str) -> ResponseReturnValue:
    """From when to when he uses the bus; his months and terms are charged anew for it."""
    here, form = current(), request.form
    try:
        fee_plans.record_service(
            here.database,
            RiderId(rider_id),
            joined_on=finance_lists.day_of_form(form.get("joined_on", "")),
            left_on=finance_lists.day_of_form(form.get("left_on", "")),
            note=form.get("note", ""),
            clock=here.clock,
            by=here.actor,
        )
    except BusopsError as error:
        return _page(RiderId(rider_id), error), 409
    fares.charge_closed_runs(here.database, clock=here.clock, ids=here.ids, by=here.actor)
    flash(say("已记下乘车起止，应缴已按月折算"))
    return redirect(url_for("finance.accounts.show", rider_id=rider_id))


@bp.post("/riders/<rider_id>/carry")
@allow(Role.FINANCE)
def carry(rider_id: str) -> ResponseReturnValue:
    """What was paid too much pays another unit, as the guardian chose."""
    here, form = current(), request.form
    try:
        accounts.carry_over(
            here.database,
            RiderId(rider_id),
            form.get("from", ""),
            form.get("to", ""),
            clock=here.clock,
            ids=here.ids,
            by=here.actor,
        )
    except BusopsError as error:
        return _page(RiderId(rider_id), error), 409
    flash(say("已结转"))
    return redirect(url_for("finance.accounts.show", rider_id=rider_id))


@bp.post("/riders/<rider_id>/receipts")
@allow(Role.FINANCE)
def give_receipt(rider_id: str) -> ResponseReturnValue:
    """A numbered receipt for what was paid and has none."""
    here, note = current(), request.form.get("note", "")
    try:
        number = fare_receipts.give_receipt(
            here.database, RiderId(rider_id), note=note, clock=here.clock, by=here.actor
        )
    except BusopsError as error:
        return _page(RiderId(rider_id), error), 409
    return redirect(url_for("finance.accounts.receipt", number=number))


@bp.post("/riders/<rider_id>/receipts/<int:number>/void")
@allow(Role.FINANCE)
def void(rider_id: str, number: int) -> ResponseReturnValue:
    """The receipt is void by another of the opposite sum."""
    here, note = current(), request.form.get("note", "")
    try:
        fare_receipts.void_receipt(here.database, number, note=note, clock=here.clock, by=here.actor)
    except BusopsError as error:
        return _page(RiderId(rider_id), error), 409
    flash(say("收据 %(number)s 已作废", number=number))
    return redirect(url_for("finance.accounts.show", rider_id=rider_id))


@bp.get("/fare-receipts/<int:number>")
@allow(*READERS)
def receipt(number: int) -> str:
    """The receipt for the printer."""
    found, rider, by, void_by = fare_receipts.show_receipt(current().database, number)
    return render_template(
        "print/receipt.html",
        receipt=found,
        rider=rider,
        by=by,
        on=school_date(found.issued_at),
        void_by=void_by,
        capital=capitals(found.fen),
        unit_of=finance_lists.unit_of,
    )


def _fen_of_form(rider_id: RiderId) -> int:
    """The amount typed; of a late joiner, where none was, that of the months before he joined."""
    here, form = current(), request.form
    amount, joined_on = form.get("amount", "").strip(), finance_lists.day_of_form(form.get("joined_on", ""))
    if form.get("kind") == AllowanceKind.JOINED_LATE and joined_on is not None and not amount:
        return allowances.late_joiner_fen(here.database, rider_id, form.get("unit", ""), joined_on)
    return parse_yuan_fen(tidy_yuan(amount))


def _kind(text: str) -> AllowanceKind:
    if text not in set(AllowanceKind):
        raise InvalidInput("allowance_kind_needed", found=text)
    return AllowanceKind(text)


def _page(rider_id: RiderId, error: BusopsError | None) -> str:
    here = current()
    account = accounts.account_of(here.database, rider_id)
    voided = {item.voids for item in account.receipts}
    return render_template(
        "finance/account.html",
        account=account,
        kinds=[(str(each), code_words(f"account_line.allowance_{each}")) for each in AllowanceKind],
        units=[(unit.unit_key, finance_lists.unit_of(unit.unit_key)) for unit in account.units],
        carry_to=_carry_to(account),
        voided=voided,
        tones=TONES,
        role=here.actor.role.value,
        unit_of=finance_lists.unit_of,
        error=error,
    )


def _carry_to(account: RiderAccount) -> list[tuple[str, str]]:
    """Where paid money may be carried: units not paid in full, and the next weekend's of the same kind."""
    keys = [unit.unit_key for unit in account.units if unit.paid_fen < unit.due_fen]
    for unit in account.units:
        kind, _, rest = unit.unit_key.partition(":")
        if unit.over_fen and kind in {"TRIP", "WEEKEND"}:
            friday = weekend_of(school_date(current().clock.now())) + timedelta(weeks=1)
            way = rest.partition(":")[2]
            on = friday + timedelta(days=2) if way == "return" else friday
            keys.append(f"{kind}:{on}:{way}" if way else f"{kind}:{friday}")
    return [(key, finance_lists.unit_of(key)) for key in dict.fromkeys(keys)]
