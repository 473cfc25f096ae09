"""A rider's account: its lines and balance, what two people take off it, carrying over, numbered receipts."""

from datetime import date

import pytest

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.values import RiderId
from busops.finance.allowances import Allowance, AllowanceKind, AllowanceState
from busops.finance.ledger import Account
from busops.finance.matching import ReceiptStatus
from busops.finance.reconcile import RowStatus
from busops.finance.refunds import RefundTrigger
from busops.services import accounts, allowances, fare_receipts, fares, receipts
from busops.services.matching import payer_book
from busops.services.ride_facts import load_facts
from busops.storage import account_store
from tests.unit.services import test_refunds as refunds_of
from tests.unit.services.money_scene import CLERK, HOME, LEAD, MoneyScene, a_bill, a_closed_run
from tests.unit.services.test_refunds import balances, row_of, take_bill, to_paid

RIDER, OVER, OWING = RiderId("20230002"), RiderId("20230008"), RiderId("20230007")
NEXT = "TRIP:2026-03-20:homeward"


@pytest.fixture
def scene(sqlite_database, settings, ids) -> MoneyScene:
    """The closed run charged; 20230002 paid 10.00, 20230008 12.00, 20230007 7.00 of 10.00 each."""
    made = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(made.database, **made.acting)
    bill = a_bill("2026-03-14,10.00,甲,,TX1,20230002", "2026-03-14,12.00,戊,,TX5,20230008",
                  "2026-03-14,7.00,丁,,TX4,20230007")  # fmt: skip
    take_bill(made, "bill.csv", bill)
    return made


def propose(scene: MoneyScene, fen: int, kind: AllowanceKind, rider_id: RiderId = OWING, by=CLERK) -> str:
    """A clerk proposes something off the ride home."""
    allowance_id = f"al-{kind}-{fen}"
    wanted = Allowance(
        allowance_id=allowance_id, rider_id=rider_id, unit_key=HOME, kind=kind, fen=fen,
        state=AllowanceState.PROPOSED, proposed_by=by.user_id,
    )  # fmt: skip
    allowances.propose_allowance(scene.database, wanted, note="家庭困难", clock=scene.clock, by=by)
    return allowance_id


def decide(scene: MoneyScene, allowance_id: str, agree: str = "APPROVED", note: str = "", by=LEAD) -> None:
    """The head of finance gives the second word."""
    allowances.decide_allowance(
        scene.database, allowance_id, agree=agree, note=note, clock=scene.clock, ids=scene.ids, by=by
    )


def test_the_account_is_the_ledgers_balance_line_by_line(scene):
    """20230007: charged 10.00 on the 13th, paid 7.00 on the 14th, owes 3.00; each line names its papers."""
    account = accounts.account_of(scene.database, OWING)
    told = [(line.on, line.kind, line.fen, line.balance_fen, line.papers) for line in account.lines]
    assert told == [
        (date(2026, 3, 13), "charge", 1_000, 1_000, "run-1@1"),
        (date(2026, 3, 14), "allocation", -700, 300, "TX4"),
    ]
    assert account.balance_fen == account.ledger_fen == 300
    over = accounts.account_of(scene.database, OVER)
    assert (over.balance_fen, over.units[0].over_fen) == (-200, 200)
    with pytest.raises(NotFound):
        accounts.account_of(scene.database, RiderId("nobody"))


def test_a_refund_stands_on_the_account_and_the_balance_holds(scene):
    """10.00 charged, given back, paid, charge taken down, balance 0.00 as in the ledger."""
    refund_id = refunds_of.ask(scene, trigger=RefundTrigger.SCHOOL_FAULT)
    to_paid(scene, refund_id)
    account = accounts.account_of(scene.database, RIDER)
    assert [line.fen for line in account.lines] == [1_000, 1_000, -1_000, -1_000]
    assert account.balance_fen == account.ledger_fen == 0


def test_a_bad_debt_is_written_off_by_two_people_and_is_earned_no_more(scene):
    """
    Dr 4201 3.00   Cr 1122 20230007 3.00: he owes nothing, the row is in order, 7.00 are earned.
    """
    before = balances(scene)
    allowance_id = propose(scene, 300, AllowanceKind.BAD_DEBT)
    assert [item.allowance.fen for item in allowances.waiting_allowances(scene.database)] == [300]
    with pytest.raises(Refused) as caught:
        decide(scene, allowance_id, by=CLERK)
    codes = {reason.code for reason in caught.value.reasons}
    assert codes == {"allowance_role_wrong", "allowance_same_person"}
    decide(scene, allowance_id)
    after = balances(scene)
    assert after[Account.INCOME] - before[Account.INCOME] == 300
    assert after[Account.RECEIVABLE] - before[Account.RECEIVABLE] == -300
    row = row_of(scene, OWING)
    assert (row.status, row.facts.due_fen, row.earned_fen, row.waived_fen) == (RowStatus.OK, 700, 700, 0)
    account = accounts.account_of(scene.database, OWING)
    assert account.balance_fen == account.ledger_fen == 0
    with pytest.raises(Refused) as caught:
        decide(scene, allowance_id)
    assert [reason.code for reason in caught.value.reasons] == ["allowance_decided"]


def test_a_siblings_discount_is_waived_and_what_was_paid_beyond_is_seen(scene):
    """2.00 off 10.00 that was paid: 8.00 due, 2.00 waived, 2.00 paid too much; refused it changes nothing."""
    refused = propose(scene, 100, AllowanceKind.HARDSHIP, RIDER)
    with pytest.raises(InvalidInput, match="reason_needed"):
        decide(scene, refused, "REFUSED")
    decide(scene, refused, "REFUSED", "不符合")
    decide(scene, propose(scene, 200, AllowanceKind.SIBLING, RIDER))
    row = row_of(scene, RIDER)
    assert (row.status, row.facts.due_fen, row.waived_fen) == (RowStatus.OVERPAID, 800, 200)


def test_a_late_joiner_is_not_asked_for_months_before_he_joined(scene):
    """Of a ride of March somebody who joined in April owes nothing, who joined on the day owes it whole."""
    assert allowances.late_joiner_fen(scene.database, RIDER, HOME, date(2026, 4, 2)) == 1_000
    assert allowances.late_joiner_fen(scene.database, RIDER, HOME, date(2026, 3, 13)) == 0


def test_no_more_comes_off_than_is_there(scene):
    """A debt is what is unpaid, another reason what is due; what waits counts; only finance proposes."""
    with pytest.raises(Refused):
        propose(scene, 301, AllowanceKind.BAD_DEBT)
    propose(scene, 200, AllowanceKind.BAD_DEBT)
    with pytest.raises(Refused):
        propose(scene, 101, AllowanceKind.BAD_DEBT)
    with pytest.raises(Refused):
        propose(scene, 1_001, AllowanceKind.SIBLING, RIDER)
    with pytest.raises(Refused):
        propose(scene, 0, AllowanceKind.SIBLING, RIDER)
    with pytest.raises(Refused, match="allowance_role_wrong"):
        propose(scene, 1, AllowanceKind.SIBLING, RIDER, by=LEAD)


def test_what_was_paid_too_much_is_carried_to_the_next_unit(scene):
    """
    TX5 12.00: 10.00 to the 13th, 2.00 to the 20th; the row of the 13th is in order, the books balance.
    """
    acting = {"clock": scene.clock, "ids": scene.ids, "by": CLERK}
    assert accounts.carry_over(scene.database, OVER, HOME, NEXT, **acting) == 200
    assert row_of(scene, OVER).status is RowStatus.OK
    account = accounts.account_of(scene.database, OVER)
    assert {unit.unit_key: unit.paid_fen for unit in account.units} == {HOME: 1_000, NEXT: 200}
    assert account.balance_fen == account.ledger_fen == -200
    with pytest.raises(Refused, match="nothing_to_carry"):
        accounts.carry_over(scene.database, OVER, HOME, NEXT, **acting)
    with pytest.raises(InvalidInput, match="unit_unknown"):
        accounts.carry_over(scene.database, OVER, HOME, "x", **acting)


def test_receipts_are_numbered_without_a_gap_and_void_only_by_their_opposite(scene):
    """1 for one rider, 2 for another, 3 voids 1, 4 in its place; nothing is receipted twice."""
    acting = {"clock": scene.clock, "by": CLERK}
    assert fare_receipts.give_receipt(scene.database, RIDER, note="", **acting) == 1
    assert fare_receipts.give_receipt(scene.database, OVER, note="", **acting) == 2
    with pytest.raises(Refused, match="nothing_to_receipt"):
        fare_receipts.give_receipt(scene.database, RIDER, note="", **acting)
    with pytest.raises(InvalidInput, match="reason_needed"):
        fare_receipts.void_receipt(scene.database, 1, note="", **acting)
    assert fare_receipts.void_receipt(scene.database, 1, note="写错", **acting) == 3
    for number in (1, 3):
        with pytest.raises(Refused, match="fare_receipt_void"):
            fare_receipts.void_receipt(scene.database, number, note="x", **acting)
    assert fare_receipts.give_receipt(scene.database, RIDER, note="", **acting) == 4
    with scene.database.reading() as tx:
        given = account_store.load_receipts(tx)
    assert [(item.number, item.fen, item.voids) for item in given] == [
        *((1, 1_000, None), (2, 1_200, None), (3, -1_000, 1), (4, 1_000, None)),
    ]
    receipt, rider, by, void = fare_receipts.show_receipt(scene.database, 1)
    assert (receipt.fen, rider is not None, by, void) == (1_000, True, "clerk", 3)
    with pytest.raises(NotFound):
        fare_receipts.show_receipt(scene.database, 9)


def status_of(scene: MoneyScene, reference: str):
    """What became of the receipt with this reference, its flags left out."""
    found = receipts.list_receipts(scene.database)
    return next((one.status, one.allocated_fen) for one in found if one.line.reference == reference)


def test_a_payment_of_what_is_open_after_an_allowance_matches_by_itself(scene):
    """
    20230012 owes 10.00, 2.00 are taken off: 8.00 by name alone pay all; nothing is open, the rest is over.

    While the allowance waits for its second word the same sum convinces nobody.
    """
    rider_id = RiderId("20230012")
    allowance_id = propose(scene, 200, AllowanceKind.HARDSHIP, rider_id)
    name = accounts.account_of(scene.database, rider_id).rider.name
    take_bill(scene, "early.csv", a_bill(f"2026-03-14,8.00,,{name},TX7,"))
    assert status_of(scene, "TX7") == (ReceiptStatus.UNIDENTIFIED, 0)
    decide(scene, allowance_id)
    take_bill(scene, "later.csv", a_bill(f"2026-03-15,1.00,,{name},TX8,"))
    assert status_of(scene, "TX7") == (ReceiptStatus.MATCHED, 800)
    assert accounts.account_of(scene.database, rider_id).balance_fen == 0
    with scene.database.reading() as tx:
        assert payer_book(tx, load_facts(tx)).open_of(rider_id) == []


def test_carried_over_money_counts_for_the_unit_it_went_to(scene):
    """2.00 too much of 20230008 pay another weekend: the old unit has nothing over, the new one 2.00 paid."""
    accounts.carry_over(scene.database, OVER, HOME, NEXT, clock=scene.clock, ids=scene.ids, by=CLERK)
    with scene.database.reading() as tx:
        charges = {item.unit_key: item for item in payer_book(tx, load_facts(tx)).charges_of(OVER)}
    assert (charges[HOME].open_fen, charges[NEXT].paid_fen) == (0, 200)
