"""
Refunds on a page: what waits for whom, each step with its person, and the school's policy.

The bus team asks and confirms rides here; it sees no amounts.
"""

from collections.abc import Callable
from typing import Final

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as asked_by
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, InvalidInput
from busops.domain.people import Role
from busops.domain.values import RiderId
from busops.finance.money import parse_yuan_fen, tidy_yuan
from busops.finance.refunds import RefundPolicy, RefundRule, RefundState, RefundTrigger, reasons_not_to_step
from busops.services import refund_facts, refund_lines, refunds
from busops.services.refund_facts import RefundBoard, RefundView
from busops.services.refunds import Asked
from busops.web import answers, finance_lists, formats, tables
from busops.web.context import current
from busops.web.finance_receipts import READERS
from busops.web.language import code_words, say
from busops.web.security import allow
from busops.web.tables import Column, Filter, Listing

bp = Blueprint("refunds", __name__)  # a part of the finance pages

VIEWERS: Final = (*READERS, Role.DISPATCHER)
TONES: Final = {
    RefundState.REQUESTED: "off",
    RefundState.CHECKED: "act",
    RefundState.APPROVED: "warn",
    RefundState.PAID: "ok",
    RefundState.RECONCILED: "ok",
    RefundState.REFUSED: "idle",
    RefundState.RETURNING: "bad",
    RefundState.RETURNED: "idle",
}
STEPS: Final = (
    *(RefundState.CHECKED, RefundState.APPROVED, RefundState.PAID, RefundState.RECONCILED),
    RefundState.RETURNED,
)


@bp.get("/refunds")
@allow(*VIEWERS)
def index() -> ResponseReturnValue:
    """What waits for a step, the form for a request, and every refund."""
    found = refund_facts.board(current().database)
    if tables.wants_csv():
        return tables.csv_of(_listing(found), "refunds.csv")
    return _page(found, None)


@bp.post("/refunds")
@allow(Role.DISPATCHER, Role.FINANCE, Role.SUPERVISOR)
def ask() -> ResponseReturnValue:
    """Money is asked back."""
    here = current()
    return _after(
        lambda: refunds.request(
            here.database, _asked_of_form(), clock=here.clock, ids=here.ids, by=here.actor
        ),
        say("已提出退费，等校车组核对乘车"),
    )


@bp.post("/refunds/look")
@allow(Role.FINANCE)
def look() -> ResponseReturnValue:
    """What is due is proposed, and what bills show as paid is reconciled."""
    here = current()
    made = refunds.propose_due(here.database, clock=here.clock, ids=here.ids, by=here.actor)
    seen = refund_lines.look_for_lines(here.database, clock=here.clock, ids=here.ids, by=here.actor)
    flash(say("新提出 %(made)s 笔，对上账单 %(seen)s 笔", made=made, seen=seen))
    return redirect(url_for("finance.refunds.index"))


@bp.post("/refunds/<refund_id>/check")
@allow(Role.DISPATCHER)
def check(refund_id: str) -> ResponseReturnValue:
    """The rides are as told."""
    here = current()
    return _after(
        lambda: refunds.check(here.database, refund_id, clock=here.clock, by=here.actor),
        say("已核对，等财务负责人批准"),
    )


@bp.post("/refunds/<refund_id>/refuse")
@allow(Role.DISPATCHER, Role.FINANCE_LEAD)
def refuse(refund_id: str) -> ResponseReturnValue:
    """It is not given, with a reason."""
    here, note = current(), asked_by.form.get("note", "")
    return _after(
        lambda: refunds.refuse(here.database, refund_id, note=note, clock=here.clock, by=here.actor),
        say("已退回，理由留在记录里"),
    )


@bp.post("/refunds/<refund_id>/approve")
@allow(Role.FINANCE_LEAD)
def approve(refund_id: str) -> ResponseReturnValue:
    """It is owed to the guardian."""
    here = current()
    return _after(
        lambda: refunds.approve(here.database, refund_id, clock=here.clock, ids=here.ids, by=here.actor),
        say("已批准，等出纳付款"),
    )


@bp.post("/refunds/<refund_id>/pay")
@allow(Role.FINANCE)
def pay(refund_id: str) -> ResponseReturnValue:
    """The money has left, under the channel's number."""
    here, reference = current(), asked_by.form.get("reference", "")
    return _after(
        lambda: refunds.pay(
            here.database, refund_id, reference=reference, clock=here.clock, ids=here.ids, by=here.actor
        ),
        say("已记付款，账单里看到后自动核对"),
    )


@bp.post("/refunds/<refund_id>/ask-back")
@allow(Role.FINANCE)
def ask_back(refund_id: str) -> ResponseReturnValue:
    """It cannot be paid, with the reason."""
    here, note = current(), asked_by.form.get("note", "")
    return _after(
        lambda: refunds.ask_back(here.database, refund_id, note=note, clock=here.clock, by=here.actor),
        say("已申请撤销，等财务负责人同意"),
    )


@bp.post("/refunds/<refund_id>/take-back")
@allow(Role.FINANCE_LEAD)
def take_back(refund_id: str) -> ResponseReturnValue:
    """The approval is taken back."""
    here = current()
    return _after(
        lambda: refunds.take_back(here.database, refund_id, clock=here.clock, ids=here.ids, by=here.actor),
        say("已撤销，批准时的凭证已冲正"),
    )


@bp.post("/refunds/<refund_id>/see")
@allow(Role.FINANCE)
def see(refund_id: str) -> ResponseReturnValue:
    """A line of a bill is this refund."""
    here, receipt_id = current(), asked_by.form.get("line", "")
    return _after(
        lambda: refund_lines.see(
            here.database, refund_id, receipt_id, clock=here.clock, ids=here.ids, by=here.actor
        ),
        say("已与账单核对"),
    )


@bp.get("/refunds/policy")
@allow(*VIEWERS)
def policy() -> str:
    """The school's table of refunds."""
    return _policy_page(None)


@bp.post("/refunds/policy")
@allow(Role.FINANCE_LEAD)
def change_policy() -> ResponseReturnValue:
    """Another table holds from now on."""
    here, reason = current(), asked_by.form.get("reason", "")
    try:
        changed = _policy_of_form()
        refunds.change_policy(here.database, changed, reason=reason, clock=here.clock, by=here.actor)
    except BusopsError as error:
        return _policy_page(error), 409
    flash(say("退费规则已改"))
    return redirect(url_for("finance.refunds.policy"))


def _after(step: Callable[[], object], told: str) -> ResponseReturnValue:
    return answers.after(
        step, told, to="finance.refunds.index",
        page=lambda error: _page(refund_facts.board(current().database), error),
    )  # fmt: skip


def _page(found: RefundBoard, error: BusopsError | None) -> str:
    here = current()
    rider_id = asked_by.values.get("rider_id", "").strip()
    return render_template(
        "finance/refunds.html",
        mine=[(item, step) for item in found.items if (step := _step_of(item)) is not None],
        listing=_listing(found),
        found=found,
        rider_id=rider_id,
        units=_units(rider_id),
        triggers=[(str(each), code_words(f"refund_trigger.{each}")) for each in RefundTrigger],
        form=asked_by.form,
        may_ask=here.actor.role in {Role.DISPATCHER, Role.FINANCE, Role.SUPERVISOR},
        sees_money=_sees_money(),
        role=here.actor.role.value,
        tones=TONES,
        unit_of=finance_lists.unit_of,
        error=error,
    )


def _step_of(item: RefundView) -> RefundState | None:
    """The step that the reader may take next; None where it is not his turn."""
    actor, refund = current().actor, item.stored.refund
    return next(
        (step for step in STEPS if not reasons_not_to_step(refund, step, actor.user_id, actor.role)), None
    )


def _units(rider_id: str) -> list[tuple[str, str]]:
    """What this rider may have money back of: key and words; none before a rider is chosen."""
    paid = refund_facts.paid_units(current().database, RiderId(rider_id)) if rider_id else ()
    return [(key, finance_lists.unit_of(key)) for key in paid]


def _asked_of_form() -> Asked:
    form = asked_by.form
    amount = form.get("amount", "").strip()
    trigger = form.get("trigger", "")
    if trigger not in set(RefundTrigger):
        raise InvalidInput("refund_trigger_needed", found=trigger)
    return Asked(
        rider_id=RiderId(form.get("rider_id", "").strip()),
        unit_key=form.get("unit", ""),
        trigger=RefundTrigger(trigger),
        fen=parse_yuan_fen(tidy_yuan(amount)) if amount and _sees_money() else None,
        left_on=finance_lists.day_of_form(form.get("left_on", "")),
        note=form.get("note", ""),
    )


def _policy_page(error: BusopsError | None) -> str:
    return render_template(
        "finance/refund_policy.html",
        policy=refunds.current_policy(current().database),
        may_act=current().actor.role is Role.FINANCE_LEAD,
        sees_money=_sees_money(),
        error=error,
    )


def _policy_of_form() -> RefundPolicy:
    known, form = refunds.current_policy(current().database), asked_by.form

    def number(trigger: RefundTrigger, name: str) -> int:
        text = form.get(f"{name}-{trigger}", "")
        if not text.isdecimal():
            raise InvalidInput("not_a_number", found=text)
        return int(text)

    return RefundPolicy(
        rules={
            trigger: RefundRule(
                notice=known.rules[trigger].notice,
                short_bp=number(trigger, "short") * 100,
                long_bp=number(trigger, "long") * 100,
                min_units=number(trigger, "units"),
            )
            for trigger in RefundTrigger
        }
    )


def _listing(found: RefundBoard) -> Listing:
    states = tuple((str(each), code_words(f"refund_state.{each}")) for each in RefundState)
    filters = (Filter(key="state", word=say("进度"), choices=states, of=lambda row: row.stored.refund.state),)
    columns = [
        Column(
            key="at",
            word=say("提出时间"),
            of=lambda row: row.stored.requested_at,
            shows=lambda row: formats.moment(row.stored.requested_at),
        ),
        Column(key="rider", word=say("学号"), of=lambda row: row.stored.refund.rider_id, searched=True),
        Column(
            key="name", word=say("姓名"), of=lambda row: row.rider.name if row.rider else "", searched=True
        ),
        Column(
            key="unit", word=say("计费期"), of=lambda row: finance_lists.unit_of(row.stored.refund.unit_key)
        ),
        Column(
            key="trigger",
            word=say("事由"),
            of=lambda row: code_words(f"refund_trigger.{row.stored.refund.trigger}"),
        ),
        Column(
            key="state",
            word=say("进度"),
            of=lambda row: code_words(f"refund_state.{row.stored.refund.state}"),
        ),
    ]
    if _sees_money():
        columns += [
            Column(
                key="fen",
                word=say("金额(元)"),
                of=lambda row: finance_lists.yuan(row.stored.refund.fen),
                numeric=True,
            ),
            Column(key="reference", word=say("退款单号"), of=lambda row: row.stored.reference, searched=True),
        ]
    return tables.arrange(found.items, tuple(columns), filters=filters, sort="-at")


def _sees_money() -> bool:
    return current().actor.role is not Role.DISPATCHER
