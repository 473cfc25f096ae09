"""Receipts: previewed, taken once, matched where certain, claimed by hand, taken back by reversal."""

from datetime import date

import pytest

from busops.domain.errors import InvalidInput, Refused
from busops.domain.people import Role
from busops.domain.values import school_date
from busops.finance.ledger import Account
from busops.finance.matching import ReceiptStatus, Share
from busops.services import claims, fares, overview, receipts
from busops.storage import ledger_store
from busops.web.home import CONCERNS
from tests.unit.services.money_scene import CLERK, HOME, LEAD, MoneyScene, a_bill, a_closed_run

BILL = a_bill(
    "2026-03-14,10.00,甲,校车费,TX1,20230002",
    "2026-03-14,10.00,乙,高一1班学生12,TX2,",
    "2026-03-14,10.00,丙,谢谢老师,TX3,",
    "2026-03-14,7.00,丁,,TX4,20230007",
    "2026-03-15,10.00,甲,校车费,TX5,20230002",
)


@pytest.fixture
def scene(sqlite_database, settings, ids) -> MoneyScene:
    """The closed run, charged: eleven owe 10.00."""
    made = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(made.database, **made.acting)
    return made


def take(scene: MoneyScene, content: bytes = BILL, name: str = "bill.csv") -> receipts.Accepted:
    """The bill previewed and accepted."""
    preview = receipts.preview(scene.database, file_name=name, content=content, **scene.acting)
    return receipts.accept(scene.database, preview.batch_id, **scene.acting)


def statuses(scene: MoneyScene) -> dict[str, str]:
    """The status of each line by its reference."""
    return {item.line.reference: str(item.status) for item in receipts.list_receipts(scene.database)}


def receipt_id(scene: MoneyScene, reference: str) -> str:
    """The id of the line with this reference."""
    found = receipts.list_receipts(scene.database)
    return next(item.receipt_id for item in found if item.line.reference == reference)


def balances(scene: MoneyScene) -> dict:
    """The ledger's balances, those of nought left out."""
    with scene.database.reading() as tx:
        return {account: fen for account, fen in ledger_store.account_balances(tx).items() if fen}


def test_a_preview_moves_nothing(scene):
    """Lines, sum and findings are shown; the books are as before."""
    before = balances(scene)
    preview = receipts.preview(scene.database, file_name="bill.csv", content=BILL, **scene.acting)
    assert (len(preview.lines), preview.counts["sum_fen"], preview.counts["known"]) == (5, 4700, 0)
    assert preview.is_acceptable
    assert receipts.load(scene.database, preview.batch_id) == preview
    assert (balances(scene), receipts.list_receipts(scene.database)) == (before, ())


def test_a_bill_is_matched_where_that_is_certain(scene):
    """
    due 110.00.  TX1 10.00 by number   → 已核销     TX2 10.00 by name and class → 已核销
                 TX3 10.00 nobody's    → 待认领     TX4  7.00 by number, short  → 已核销
                 TX5 10.00 of TX1 again → 重复
    Dr 银行 47.00   Cr 待认领 20.00   应收 110.00 − 27.00 = 83.00
    """
    accepted = take(scene)
    assert (accepted.taken, accepted.known, accepted.matched) == (5, 0, 4)
    assert statuses(scene) == {
        "TX1": "MATCHED",
        "TX2": "MATCHED",
        "TX3": "UNIDENTIFIED",
        "TX4": "MATCHED",
        "TX5": "DUPLICATE",
    }
    assert balances(scene) == {
        Account.BANK: 4700,
        Account.SUSPENSE: -2000,
        Account.RECEIVABLE: 8300,
        Account.INCOME: -11_000,
    }


def test_i6_the_same_bill_again_adds_nothing(scene):
    """I6. The same bytes, and a longer bill that repeats the lines: only what is new is taken."""
    take(scene)
    assert take(scene).taken == 0
    longer = take(scene, BILL + "2026-03-15,10.00,戊,,TX6,20230008\n".encode(), "longer.csv")
    assert (longer.taken, longer.known) == (1, 5)
    assert balances(scene)[Account.BANK] == 5700


def test_money_that_came_before_the_charge_is_matched_when_it_is_charged(sqlite_database, settings, ids):
    """A bill imported first waits; charging finds its place."""
    made = a_closed_run(sqlite_database, settings, ids)
    take(made)
    assert set(statuses(made).values()) == {"UNIDENTIFIED"}
    assert fares.charge_closed_runs(made.database, **made.acting).matched == 4
    assert statuses(made)["TX1"] == "MATCHED"


@pytest.mark.parametrize("content", [b"", b"\x00\x01", "日期,金额(元)\n昨天,很多\n".encode()])
def test_a_bill_that_cannot_be_read_says_where_and_is_refused(scene, content):
    """Every fault is a finding; accepting is refused with them; nothing is booked."""
    preview = receipts.preview(scene.database, file_name="bill.csv", content=content, **scene.acting)
    assert preview.obstacles
    assert not preview.is_acceptable
    with pytest.raises(Refused):
        receipts.accept(scene.database, preview.batch_id, **scene.acting)
    assert receipts.list_receipts(scene.database) == ()


def test_the_queue_proposes_and_a_person_claims(scene):
    """TX3 could be anybody's who owes 10.00; claimed for 20230008 it is hers, by hand."""
    take(scene)
    queue = claims.match_queue(scene.database, clock=scene.clock)
    (item,) = queue.items
    assert item.candidates
    assert queue.total_fen == 1000
    chosen = claims.candidate_for(scene.database, item.receipt.receipt_id, "20230008")
    claims.accept_candidate(scene.database, item.receipt.receipt_id, chosen, **scene.acting)
    assert statuses(scene)["TX3"] == "MATCHED"
    assert claims.match_queue(scene.database, clock=scene.clock).items == ()


def test_a_claim_is_taken_back_by_its_reversal(scene):
    """
    TX1  Dr 待认领 10.00  Cr 应收 20230002 10.00,  then the opposite: as if it had never been.
    """
    take(scene)
    claims.take_back(scene.database, receipt_id(scene, "TX1"), **scene.acting)
    assert statuses(scene)["TX1"] == "UNIDENTIFIED"
    assert balances(scene)[Account.SUSPENSE] == -3000
    with scene.database.reading() as tx:
        assert ledger_store.owed_by_rider(tx)["20230002"] == 1000
    assert fares.charge_closed_runs(scene.database, **scene.acting).matched == 0
    assert statuses(scene)["TX1"] == "UNIDENTIFIED"


def test_a_part_may_be_given_and_the_rest_waits(scene):
    """Of 10.00 nobody's 4.00 go to 20230008: 部分核销, 6.00 stay in the queue."""
    take(scene)
    part = [Share(rider_id="20230008", unit_key=HOME, fen=400)]
    status = claims.match_manually(scene.database, receipt_id(scene, "TX3"), part, **scene.acting)
    assert status is ReceiptStatus.PARTIAL
    assert claims.match_queue(scene.database, clock=scene.clock).total_fen == 600


@pytest.mark.parametrize(
    ("shares", "code"),
    [
        ([], "no_share"),
        ([Share(rider_id="20230008", unit_key=HOME, fen=-1)], "no_share"),
        ([Share(rider_id="20230008", unit_key=HOME, fen=1001)], "more_than_received"),
        ([Share(rider_id="nobody", unit_key=HOME, fen=1000)], "fare_rider_unknown"),
    ],
)
def test_a_claim_that_may_not_be_is_refused_with_its_reason(scene, shares, code):
    """More than came in, nobody, or a stranger."""
    take(scene)
    with pytest.raises(Refused) as refused:
        claims.match_manually(scene.database, receipt_id(scene, "TX3"), shares, **scene.acting)
    assert code in {reason.code for reason in refused.value.reasons}
    assert statuses(scene)["TX3"] == "UNIDENTIFIED"


def test_fn16_a_large_claim_needs_two_people(scene):
    """FN16. 600.00: not by one person, not by the same twice; by two it is, and the ledger names both."""
    take(scene, a_bill("2026-03-14,600.00,丙,,TX9,"))
    shares = [Share(rider_id="20230008", unit_key=HOME, fen=60_000)]
    large = receipt_id(scene, "TX9")
    for second in (None, CLERK):
        with pytest.raises(Refused):
            claims.match_manually(scene.database, large, shares, second=second, **scene.acting)
    claims.match_manually(scene.database, large, shares, second=LEAD, **scene.acting)
    assert statuses(scene)["TX9"] == "MATCHED"


def test_from_the_limit_on_two_people_decide(scene):
    """499.99 is one person's to give; 500.00 is not, and neither is what brings a receipt up to it."""
    take(scene, a_bill("2026-03-14,499.99,丙,,TX9,", "2026-03-14,500.00,丙,,TX10,"))
    acting = scene.acting

    def given(reference: str, fen: int) -> str:
        shares = [Share(rider_id="20230008", unit_key=HOME, fen=fen)]
        return claims.match_manually(scene.database, receipt_id(scene, reference), shares, **acting)

    assert given("TX9", 49_999) == "MATCHED"
    with pytest.raises(Refused):
        given("TX10", 50_000)
    assert given("TX10", 49_000) == "PARTIAL"
    with pytest.raises(Refused):
        given("TX10", 1_000)


def test_money_that_waits_for_more_than_thirty_days_is_urgent_for_finance_and_supervisor(scene):
    """On the thirtieth day nobody is pressed, on the one after they are; the bus team never."""
    take(scene, a_bill("2026-03-14,600.00,丙,,TX9,"))

    def aged() -> list[tuple[int, bool]]:
        found = overview.overview(scene.database, scene.clock).needs
        return [(need.count, need.is_urgent) for need in found if need.kind == "receipts_aged"]

    days = (date(2026, 4, 13) - school_date(scene.clock.now())).days
    scene.clock.advance(days * 86_400)
    assert aged() == []
    scene.clock.advance(86_400)
    assert aged() == [(1, True)]
    told = {role for role, kinds in CONCERNS.items() if "receipts_aged" in kinds}
    assert told == {Role.FINANCE, Role.FINANCE_LEAD, Role.SUPERVISOR}


def test_what_is_no_bus_fee_is_set_aside_with_a_reason(scene):
    """The reason is asked for; a matched line cannot be set aside; set aside, it is out of the queue."""
    take(scene)
    waiting, matched = receipt_id(scene, "TX3"), receipt_id(scene, "TX1")
    acting = {"clock": scene.clock, "by": CLERK}
    with pytest.raises(InvalidInput, match="reason_needed"):
        claims.mark_not_bus_fee(scene.database, waiting, note=" ", **acting)
    with pytest.raises(Refused, match="receipt_decided"):
        claims.mark_not_bus_fee(scene.database, matched, note="伙食费", **acting)
    claims.mark_not_bus_fee(scene.database, waiting, note="伙食费", **acting)
    assert statuses(scene)["TX3"] == "NOT_BUS_FEE"
    claims.take_back(scene.database, waiting, **scene.acting)
    assert statuses(scene)["TX3"] == "UNIDENTIFIED"
