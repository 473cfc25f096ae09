"""Refunds through the services: proposed, asked for, checked, approved, paid and seen, with the books."""

from dataclasses import replace
from datetime import date

import pytest

from busops.domain.errors import InvalidInput, Refused
from busops.domain.people import Actor, Role
from busops.domain.roster import NotRidingReason, RosterEntry
from busops.domain.values import RiderId
from busops.finance.ledger import Account
from busops.finance.matching import Share
from busops.finance.reconcile import RowStatus
from busops.finance.refunds import DEFAULT_RULES, RefundPolicy, RefundState, RefundTrigger
from busops.services import (
    claims,
    fares,
    receipts,
    reconciliation,
    refund_facts,
    refund_job,
    refund_lines,
    refunds,
)
from busops.services.refunds import Asked
from busops.storage import ledger_store, refund_store, roster_store
from tests.unit.services.money_scene import CLERK, HOME, LEAD, MoneyScene, a_bill, a_closed_run
from tests.unit.sheets import bill_files

BUS = Actor(user_id="bus", role=Role.DISPATCHER, name="校车组")
OTHER = Actor(user_id="cashier", role=Role.FINANCE, name="出纳二")
RIDER = RiderId("20230002")
BILL = a_bill(
    "2026-03-14,10.00,甲,校车费,TX1,20230002",
    "2026-03-14,12.00,戊,校车费,TX5,20230008",
)
FRIDAY = date(2026, 3, 13)


@pytest.fixture
def scene(sqlite_database, settings, ids) -> MoneyScene:
    """The closed run charged; 20230002 paid his 10.00, 20230008 paid 12.00 for 10.00."""
    made = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(made.database, **made.acting)
    take_bill(made, "bill.csv", BILL)
    return made


def take_bill(scene: MoneyScene, name: str, content: bytes) -> None:
    """The bill is in the books."""
    preview = receipts.preview(scene.database, file_name=name, content=content, **scene.acting)
    receipts.accept(scene.database, preview.batch_id, **scene.acting)


def ask(scene: MoneyScene, **changed) -> str:
    """The bus team asks the fare of 20230002 back: the school was at fault."""
    asked = Asked(rider_id=RIDER, unit_key=HOME, trigger=RefundTrigger.SCHOOL_FAULT, note="没接上")
    (refund_id,) = refunds.request(
        scene.database, replace(asked, **changed), clock=scene.clock, ids=scene.ids, by=BUS
    )
    return refund_id


def to_paid(scene: MoneyScene, refund_id: str) -> None:
    """Checked by the bus team, approved by the lead, paid by a clerk under W1."""
    acting = {"clock": scene.clock}
    refunds.check(scene.database, refund_id, **acting, by=BUS)
    refunds.approve(scene.database, refund_id, **acting, ids=scene.ids, by=LEAD)
    refunds.pay(scene.database, refund_id, reference="W1", **acting, ids=scene.ids, by=CLERK)


def balances(scene: MoneyScene) -> dict[Account, int]:
    """The accounts as they stand."""
    with scene.database.reading() as tx:
        return {account: fen for account, fen in ledger_store.account_balances(tx).items() if fen}


def row_of(scene: MoneyScene, rider_id: str = RIDER):
    """The rider's row of the weekend, after every proof held."""
    result = reconciliation.reconcile(scene.database, weekend_on=FRIDAY, clock=scene.clock)
    assert [item for item in result.findings if item.code.startswith("invariant")] == []
    return next(row for row in result.statement.rows if row.rider_id == rider_id and row.unit_key == HOME)


def state_of(scene: MoneyScene, refund_id: str) -> RefundState:
    """How far the refund is."""
    with scene.database.reading() as tx:
        return refund_store.load_refund(tx, refund_id).refund.state


def test_the_whole_way_with_its_books(scene):
    """
    before     1122 88.00   4201 −110.00   1002 22.00
    approved   Dr 4201 10.00   Cr 2242 10.00
    paid       Dr 2242 10.00   Cr 1002 10.00
    bill       Dr 2241 10.00   Cr 1002 10.00      seen   Dr 1002 10.00   Cr 2241 10.00
    """
    refund_id = ask(scene)
    refunds.check(scene.database, refund_id, clock=scene.clock, by=BUS)
    before = balances(scene)
    refunds.approve(scene.database, refund_id, clock=scene.clock, ids=scene.ids, by=LEAD)
    assert balances(scene)[Account.RETURNABLE] == -1_000
    assert row_of(scene).status is RowStatus.OK
    assert row_of(scene).earned_fen == 0
    refunds.pay(scene.database, refund_id, reference="W1", clock=scene.clock, ids=scene.ids, by=CLERK)
    after = balances(scene)
    assert after[Account.BANK] == before[Account.BANK] - 1_000
    assert after[Account.INCOME] == before[Account.INCOME] + 1_000
    assert Account.RETURNABLE not in after
    row = row_of(scene)
    assert (row.facts.due_fen, row.facts.paid_fen, row.refunded_fen) == (0, 0, 1_000)
    take_bill(scene, "back.csv", a_bill("2026-03-16,-10.00,甲,退款 W1,TX9,20230002"))
    assert refund_lines.look_for_lines(scene.database, clock=scene.clock, ids=scene.ids, by=CLERK) == 1
    assert state_of(scene, refund_id) is RefundState.RECONCILED
    assert balances(scene) == after
    assert row_of(scene) == row
    assert refund_lines.look_for_lines(scene.database, clock=scene.clock, ids=scene.ids, by=CLERK) == 0


def test_what_was_paid_too_much_leaves_the_charge_alone(scene):
    """12.00 for 10.00: 2.00 go back against the rider's own account; he is settled, not refunded whole."""
    assert row_of(scene, "20230008").status is RowStatus.OVERPAID
    refund_id = ask(scene, rider_id=RiderId("20230008"), trigger=RefundTrigger.OVERPAID)
    with scene.database.reading() as tx:
        refund = refund_store.load_refund(tx, refund_id).refund
    assert (refund.fen, refund.charge_fen) == (200, 0)
    to_paid(scene, refund_id)
    row = row_of(scene, "20230008")
    assert (row.status, row.facts.due_fen, row.facts.paid_fen) == (RowStatus.OK, 1_000, 1_000)
    assert row.earned_fen == 1_000


def test_each_step_asks_for_other_hands_and_the_right_role(scene):
    """Whoever asked neither approves nor pays; whoever approved does not pay; each role only its step."""
    refund_id = ask(scene)
    acting = {"clock": scene.clock, "ids": scene.ids}
    with pytest.raises(Refused) as caught:
        refunds.approve(scene.database, refund_id, **acting, by=LEAD)
    assert [reason.code for reason in caught.value.reasons] == ["refund_step_wrong"]
    with pytest.raises(Refused):
        refunds.check(scene.database, refund_id, clock=scene.clock, by=CLERK)
    refunds.check(scene.database, refund_id, clock=scene.clock, by=BUS)
    for wrong in (replace(LEAD, user_id="bus"), CLERK):
        with pytest.raises(Refused):
            refunds.approve(scene.database, refund_id, **acting, by=wrong)
    refunds.approve(scene.database, refund_id, **acting, by=LEAD)
    for wrong in (replace(CLERK, user_id="bus"), replace(CLERK, user_id="lead"), LEAD):
        with pytest.raises(Refused):
            refunds.pay(scene.database, refund_id, reference="W1", **acting, by=wrong)
    with pytest.raises(InvalidInput, match="reference_needed"):
        refunds.pay(scene.database, refund_id, reference=" ", **acting, by=CLERK)
    refunds.pay(scene.database, refund_id, reference="W1", **acting, by=CLERK)
    assert state_of(scene, refund_id) is RefundState.PAID


def test_no_more_goes_back_than_came_in(scene):
    """Asked for twice, or for more than was paid: refused; once a refund was refused it may be asked anew."""
    refund_id = ask(scene)
    with pytest.raises(Refused, match="nothing_to_refund"):
        ask(scene)
    with pytest.raises(Refused, match="refund_too_much"):
        ask(scene, fen=1)
    with pytest.raises(InvalidInput, match="reason_needed"):
        refunds.refuse(scene.database, refund_id, note="", clock=scene.clock, by=LEAD)
    refunds.refuse(scene.database, refund_id, note="已乘车", clock=scene.clock, by=BUS)
    assert state_of(scene, refund_id) is RefundState.REFUSED
    ask(scene, fen=400)
    ask(scene, fen=600)
    with pytest.raises(Refused, match="nothing_to_refund"):
        ask(scene)


def test_what_is_no_longer_right_is_not_approved(scene):
    """The money was taken back from the unit after the request: the approval says so and books nothing."""
    refund_id = ask(scene)
    refunds.check(scene.database, refund_id, clock=scene.clock, by=BUS)
    (receipt,) = [one for one in receipts.list_receipts(scene.database) if one.line.reference == "TX1"]
    claims.take_back(scene.database, receipt.receipt_id, **scene.acting)
    before = balances(scene)
    with pytest.raises(Refused) as caught:
        refunds.approve(scene.database, refund_id, clock=scene.clock, ids=scene.ids, by=LEAD)
    assert [reason.code for reason in caught.value.reasons] == ["refund_no_longer_right"]
    assert balances(scene) == before


def test_a_line_of_another_sum_or_kind_is_not_the_refund(scene):
    """Only a refund line of the same sum may be named; picked by hand it is taken off the rider's unit."""
    refund_id = ask(scene)
    to_paid(scene, refund_id)
    take_bill(scene, "back.csv", a_bill("2026-03-16,-10.00,甲,退款,TX9,20230002"))
    assert refund_lines.look_for_lines(scene.database, clock=scene.clock, ids=scene.ids, by=CLERK) == 0
    lines = {one.line.reference: one.receipt_id for one in receipts.list_receipts(scene.database)}
    acting = {"clock": scene.clock, "ids": scene.ids, "by": CLERK}
    with pytest.raises(Refused, match="refund_line_other"):
        refund_lines.see(scene.database, refund_id, lines["TX1"], **acting)
    refund_lines.see(scene.database, refund_id, lines["TX9"], **acting)
    assert row_of(scene).facts.paid_fen == 0


def test_excused_in_time_and_paid_is_proposed_once(scene):
    """
    20230015 is excused from both ways and had paid 10.00: 2241 → 1122 of him; proposed by the system, once.
    """
    rider_id = RiderId("20230015")
    away = RosterEntry(
        rider_id=rider_id, name="学生15", rides_homeward=False, rides_return=False,
        reason=NotRidingReason.LEAVE,
    )  # fmt: skip
    with scene.database.transaction() as tx:
        roster_store.save_roster(tx, FRIDAY, [away])
    take_bill(scene, "early.csv", a_bill("2026-03-14,10.00,己,谢谢,TX6,"))
    (waiting,) = claims.match_queue(scene.database, clock=scene.clock).items
    share = Share(rider_id=rider_id, unit_key=HOME, fen=1_000)
    claims.match_manually(scene.database, waiting.receipt.receipt_id, [share], **scene.acting)
    acting = {"clock": scene.clock, "ids": scene.ids}
    assert refunds.propose_due(scene.database, **acting) == 1
    assert refunds.propose_due(scene.database, **acting) == 0
    with scene.database.reading() as tx:
        (stored,) = refund_store.load_refunds(tx)
    refund = stored.refund
    assert (refund.rider_id, refund.trigger, refund.fen) == (rider_id, RefundTrigger.LEAVE_IN_TIME, 1_000)
    assert (refund.charge_fen, refund.hands[RefundState.REQUESTED]) == (0, "system")
    to_paid(scene, refund.refund_id)
    assert row_of(scene, rider_id).status is RowStatus.SETTLED_REFUNDED
    refunds.propose_due(scene.database, **acting)
    assert state_of(scene, refund.refund_id) is RefundState.PAID


def test_the_policy_is_the_schools_and_each_change_has_a_reason(scene):
    """Half for a late leave from now on; without a reason or beyond the whole it is refused."""
    half = replace(DEFAULT_RULES[RefundTrigger.LEAVE_LATE], short_bp=5_000)
    kinder = RefundPolicy(rules={**DEFAULT_RULES, RefundTrigger.LEAVE_LATE: half})
    with pytest.raises(InvalidInput, match="reason_needed"):
        refunds.change_policy(scene.database, kinder, reason=" ", clock=scene.clock, by=LEAD)
    wrong = RefundPolicy(rules={**kinder.rules, RefundTrigger.EXPELLED: replace(half, long_bp=10_001)})
    with pytest.raises(Refused, match="refund_policy_wrong"):
        refunds.change_policy(scene.database, wrong, reason="x", clock=scene.clock, by=LEAD)
    refunds.change_policy(scene.database, kinder, reason="家委会", clock=scene.clock, by=LEAD)
    assert refunds.current_policy(scene.database) == kinder
    refund_id = ask(scene, trigger=RefundTrigger.LEAVE_LATE)
    with scene.database.reading() as tx:
        assert refund_store.load_refund(tx, refund_id).refund.fen == 500


def test_the_board_shows_the_facts_that_the_bus_team_confirms(scene):
    """One seat, one ride, not cancelled; the newest first; a line that may be the refund is offered."""
    ask(scene)
    take_bill(scene, "back.csv", a_bill("2026-03-16,-10.00,甲,退款,TX9,20230002"))
    board = refund_facts.board(scene.database)
    (item,) = board.items
    assert (item.rides, item.is_cancelled) == (1, False)
    assert item.rider is not None
    assert [line.line.reference for line in board.lines] == ["TX9"]


def test_what_cannot_be_paid_is_taken_back_by_two_people(scene):
    """
    approved   Dr 4201 10.00  Cr 2242 10.00
    taken back Dr 2242 10.00  Cr 4201 10.00, by the lead after a clerk said why; then asked anew.
    """
    refund_id = ask(scene)
    refunds.check(scene.database, refund_id, clock=scene.clock, by=BUS)
    before = balances(scene)
    acting = {"clock": scene.clock, "ids": scene.ids}
    refunds.approve(scene.database, refund_id, **acting, by=LEAD)
    with pytest.raises(Refused):
        refunds.take_back(scene.database, refund_id, **acting, by=LEAD)
    with pytest.raises(InvalidInput, match="reason_needed"):
        refunds.ask_back(scene.database, refund_id, note=" ", clock=scene.clock, by=CLERK)
    refunds.ask_back(scene.database, refund_id, note="账户已注销", clock=scene.clock, by=CLERK)
    with pytest.raises(Refused) as caught:
        refunds.take_back(scene.database, refund_id, **acting, by=replace(LEAD, user_id=CLERK.user_id))
    assert [reason.code for reason in caught.value.reasons] == ["refund_same_person"]
    assert row_of(scene).earned_fen == 0
    refunds.take_back(scene.database, refund_id, **acting, by=LEAD)
    assert state_of(scene, refund_id) is RefundState.RETURNED
    assert balances(scene) == before
    assert (row_of(scene).status, row_of(scene).earned_fen) == (RowStatus.OK, 1_000)
    assert ask(scene) != refund_id


def paid_by_wechat(scene: MoneyScene, *yuan: int) -> list[str]:
    """20230002 paid 10.00 by WeChat and so many parts of it were refunded here; the refunds."""
    take_bill(scene, "wx.csv", bill_files.wechat_bill(bill_files.wechat_paid(1, 1_000, 商品名称="20230002")))
    asked = [ask(scene, fen=fen * 100) for fen in yuan]
    for refund_id in asked:
        to_paid(scene, refund_id)
    return asked


def test_a_line_that_goes_back_on_the_payment_is_the_refund_and_counts_once(sqlite_database, settings, ids):
    """The bill has no number of ours: the payment it names and the sum say which."""
    scene = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(scene.database, **scene.acting)
    four, three = paid_by_wechat(scene, 4, 3)
    back = bill_files.wechat_bill(bill_files.wechat_paid(1, 1_000), bill_files.wechat_back(1, 300))
    before, acting = balances(scene), {"clock": scene.clock, "ids": scene.ids, "by": CLERK}
    take_bill(scene, "back.csv", back)
    assert [refund_lines.look_for_lines(scene.database, **acting) for _ in range(2)] == [1, 0]
    assert (state_of(scene, four), state_of(scene, three)) == (RefundState.PAID, RefundState.RECONCILED)
    assert row_of(scene).facts.paid_fen == 300
    assert balances(scene) == before


def test_two_refunds_of_one_sum_wait_for_a_person(sqlite_database, settings, ids):
    """Both of 3.00 from one payment: the line names the payment only, so nobody is guessed."""
    scene = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(scene.database, **scene.acting)
    paid_by_wechat(scene, 3, 3)
    take_bill(scene, "back.csv", bill_files.wechat_bill(bill_files.wechat_back(1, 300)))
    assert refund_lines.look_for_lines(scene.database, clock=scene.clock, ids=scene.ids, by=CLERK) == 0


def test_what_the_channel_gave_back_by_itself_is_not_given_again(sqlite_database, settings, ids):
    """10.00 paid, 4.00 gone back in the bill without a refund of ours: 6.00 are left."""
    scene = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(scene.database, **scene.acting)
    take_bill(scene, "wx.csv", bill_files.wechat_bill(bill_files.wechat_paid(1, 1_000, 商品名称="20230002")))
    take_bill(scene, "back.csv", bill_files.wechat_bill(bill_files.wechat_back(1, 400)))
    refund_id = ask(scene)
    with scene.database.reading() as tx:
        assert refund_store.load_refund(tx, refund_id).refund.fen == 600


def test_the_job_proposes_what_a_weekend_owes_once(scene):
    """Excused in time and paid: proposed by the job of the run, and nothing more by that of its weekend."""
    rider_id = RiderId("20230015")
    away = RosterEntry(
        rider_id=rider_id, name="学生15", rides_homeward=False, rides_return=False,
        reason=NotRidingReason.LEAVE,
    )  # fmt: skip
    with scene.database.transaction() as tx:
        roster_store.save_roster(tx, FRIDAY, [away])
    take_bill(scene, "early.csv", a_bill("2026-03-14,10.00,己,谢谢,TX6,"))
    (waiting,) = claims.match_queue(scene.database, clock=scene.clock).items
    share = Share(rider_id=rider_id, unit_key=HOME, fen=1_000)
    claims.match_manually(scene.database, waiting.receipt.receipt_id, [share], **scene.acting)
    made = [refund_job.run_job(scene, run_id="run-1"), refund_job.run_job(scene, weekend_on="2026-03-14")]
    assert made == [{"proposed": 1}, {"proposed": 0}]


def test_a_receipt_whose_refund_was_approved_is_not_taken_back(scene):
    """Taken back it could be given to another rider, and its money would have left and be there."""
    refund_id = ask(scene)
    to_paid(scene, refund_id)
    (receipt,) = [one for one in receipts.list_receipts(scene.database) if one.line.reference == "TX1"]
    with pytest.raises(Refused, match="receipt_refunded"):
        claims.take_back(scene.database, receipt.receipt_id, **scene.acting)
    assert row_of(scene).refunded_fen == 1_000
