"""Bills of every kind into the books: no row twice, nothing changed unseen, what matching needs is kept."""

import pytest

from busops.domain.errors import Conflict, InvalidInput, Refused
from busops.domain.findings import Severity
from busops.finance.ledger import Account
from busops.finance.matching import LineKind
from busops.services import column_mappings, receipts
from busops.sheets.bills.mapping import ColumnMapping, MoneyUnit
from busops.sheets.bills.values import BillKind
from busops.storage import import_store, ledger_store
from tests.unit.services.money_scene import MoneyScene, a_closed_run
from tests.unit.sheets.bill_files import (
    WECHAT_26,
    bank,
    text_bytes,
    wechat_back,
    wechat_bill,
    wechat_lines,
    wechat_paid,
)

ROWS = (wechat_paid(1, 4400), wechat_paid(2, 5600), wechat_back(1, 1400))


@pytest.fixture
def scene(sqlite_database, settings, ids) -> MoneyScene:
    """A school with a closed run and empty books."""
    return a_closed_run(sqlite_database, settings, ids)


def look(scene: MoneyScene, content: bytes, name: str = "bill.csv") -> receipts.Preview:
    """The bill previewed."""
    return receipts.preview(scene.database, file_name=name, content=content, **scene.acting)


def take(scene: MoneyScene, content: bytes, name: str = "bill.csv") -> receipts.Accepted:
    """The bill previewed and accepted."""
    return receipts.accept(scene.database, look(scene, content, name).batch_id, **scene.acting)


def balances(scene: MoneyScene) -> dict[Account, int]:
    """The ledger's balances, those of nought left out."""
    with scene.database.reading() as tx:
        return {account: fen for account, fen in ledger_store.account_balances(tx).items() if fen}


def test_a_preview_tells_kind_period_groups_and_totals(scene):
    """What the page shows before anything is booked, and the same when it is opened again."""
    rows = (*ROWS, wechat_paid(3, 900, 交易状态="CLOSED"))
    preview = look(scene, wechat_bill(*rows))
    assert preview.kind is BillKind.WECHAT_MERCHANT
    assert [on.isoformat() for on in preview.period] == ["2026-11-11", "2026-11-21"]
    assert [(group.code, group.rows, group.fen) for group in preview.groups] == [
        ("line_kind.PAYMENT", 2, 10000),
        ("line_kind.REFUND", 1, -1400),
        ("skip_reason.NOT_PAID", 1, 900),
    ]
    assert [total.agrees for total in preview.totals] == [True] * 7
    assert not preview.may_be_mapped
    assert receipts.load(scene.database, preview.batch_id) == preview


def test_what_matching_needs_is_kept_with_the_line(scene):
    """
    Payments 44.00 + 56.00, refund 14.00: Dr 微信 86.00  Cr 待认领 86.00.

    Code, digest of the payer, fee and the refund's payment come back from the store.
    """
    take(scene, wechat_bill(*ROWS))
    assert balances(scene) == {Account.CHANNEL: 8600, Account.SUSPENSE: -8600}
    lines = {item.line.reference: item.line for item in receipts.list_receipts(scene.database)}
    paid, back = lines["4200000000202611000000000001"], lines["5030000000202611000001000001"]
    assert (paid.code, paid.fee_fen, len(paid.payer_key)) == ("BUS00000001 C000001", 26, 32)
    assert (back.kind, back.refund_of, back.fee_fen) == (LineKind.REFUND, paid.reference, -8)


def test_i6_a_download_again_or_an_overlap_adds_only_what_is_new(scene):
    """The same rows in another order, width, encoding and under another name; then a day more."""
    first = take(scene, wechat_bill(*ROWS))
    other = text_bytes(wechat_lines(ROWS[::-1], WECHAT_26[::-1]), encoding="gb18030", end="\n")
    again = take(scene, other, "另存.txt")
    overlap = take(scene, wechat_bill(ROWS[1], ROWS[2], wechat_paid(8, 700)))
    assert [(one.taken, one.known) for one in (first, again, overlap)] == [(3, 0), (0, 3), (1, 2)]
    assert balances(scene) == {Account.CHANNEL: 9300, Account.SUSPENSE: -9300}


def test_a_refund_seen_in_two_states_is_one(scene):
    """Under way in one download, done in the next: the refund's number is the same."""
    take(scene, wechat_bill(ROWS[0], wechat_back(1, 1400, 退款状态="PROCESSING")))
    assert take(scene, wechat_bill(*ROWS)).taken == 1
    assert balances(scene)[Account.CHANNEL] == 8600


def test_a_line_on_record_with_another_amount_blocks(scene):
    """Somebody changed a file: it says which transaction, and both amounts."""
    take(scene, wechat_bill(*ROWS))
    preview = look(scene, wechat_bill(wechat_paid(1, 4500)))
    (found,) = preview.obstacles
    assert (found.code, found.facts["before_fen"], found.facts["amount_fen"]) == (
        "bill_line_changed",
        4400,
        4500,
    )


def test_a_line_that_changed_since_the_preview_is_refused_when_it_is_booked(scene):
    """Two previews wait, one is accepted: the other one contradicts it then."""
    waiting = look(scene, wechat_bill(wechat_paid(1, 4500)))
    take(scene, wechat_bill(*ROWS))
    with pytest.raises(Refused) as refusal:
        receipts.accept(scene.database, waiting.batch_id, **scene.acting)
    assert [reason.code for reason in refusal.value.reasons] == ["bill_line_changed"]


def test_a_bill_whose_total_differs_is_not_booked(scene):
    """I5 holds the door, not only a colour on the page."""
    preview = look(scene, wechat_bill(*ROWS, 应结订单总金额="99.00"))
    assert not preview.is_acceptable
    with pytest.raises(Refused):
        receipts.accept(scene.database, preview.batch_id, **scene.acting)
    assert balances(scene) == {}


def test_a_statement_newest_first_and_oldest_first_is_one(scene):
    """The bank's page and the bank's file list the same days in two orders."""
    moves = [("2026-11-10", 4400, "校车费"), ("2026-11-10", 4400, "校车费"), ("2026-11-11", 100, "校车费")]
    assert take(scene, text_bytes(bank(*moves))).taken == 3
    assert take(scene, text_bytes(bank(*moves, newest_first=True))).taken == 0
    assert balances(scene) == {Account.BANK: 8900, Account.SUSPENSE: -8900}


SHEET = (
    "学生食宿一卡通\n何时,多少,谁,事由,票号\n2026-11-14,1500,张大,车,A1\n2026-11-15,900,李大,车,A2\n".encode()
)
MAPPING = ColumnMapping(
    name="一卡通",
    header=("何时", "多少", "谁", "事由", "票号"),
    columns={"paid_on": 0, "amount": 1, "payer": 2, "remark": 3, "reference": 4},
    unit=MoneyUnit.FEN,
)


def test_a_header_nobody_knows_is_said_once_and_known_from_then_on(scene):
    """Blocked at first; said; the same bytes read; the same header in another file read without asking."""
    unknown = look(scene, SHEET)
    assert [f.code for f in unknown.obstacles] == ["header_not_found"]
    assert unknown.may_be_mapped
    shown = column_mappings.beginning_of(scene.database, unknown.sha256)
    assert (shown.likely_header, shown.header(2)) == (2, MAPPING.header)
    column_mappings.save(scene.database, MAPPING, clock=scene.clock, by=scene.acting["by"])
    read = receipts.read_again(scene.database, unknown.batch_id, **scene.acting)
    assert (read.mapping, [line.amount_fen for line in read.lines]) == ("一卡通", [1500, 900])
    assert (read.lines[0].payer, read.lines[0].remark, read.lines[0].reference) == ("张大", "车", "A1")
    later = look(scene, " 何时,多少 ,谁,事由,票号\n2026-11-16,800,王大,车,A3\n".encode(), "n.csv")
    assert (later.mapping, [line.amount_fen for line in later.lines]) == ("一卡通", [800])
    with scene.database.reading() as tx:
        old = import_store.load_batch(tx, unknown.batch_id)
    assert old.state is import_store.BatchState.DISCARDED


def test_a_mapping_is_replaced_and_forgotten_and_its_name_is_its_own(scene):
    """The same header may be said anew, another one not under its name; forgotten it is asked about again."""
    said = {"clock": scene.clock, "by": scene.acting["by"]}
    column_mappings.save(scene.database, MAPPING, **said)
    yuan = ColumnMapping(name="一卡通", header=MAPPING.header, columns=MAPPING.columns, unit=MoneyUnit.YUAN)
    column_mappings.save(scene.database, yuan, **said)
    assert [line.amount_fen for line in look(scene, SHEET).lines] == [150000, 90000]
    other = ColumnMapping(
        name="一卡通", header=("甲", "乙"), columns={"paid_on": 0, "amount": 1}, unit=MoneyUnit.FEN
    )
    with pytest.raises(Conflict):
        column_mappings.save(scene.database, other, **said)
    column_mappings.forget(scene.database, MAPPING.header_key, **said)
    assert column_mappings.list_mappings(scene.database) == ()
    assert look(scene, SHEET).lines == ()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"name": " "}, "mapping_name_needed"),
        ({"columns": {"paid_on": 0}}, "mapping_incomplete"),
        ({"columns": {"paid_on": 0, "amount": 9}}, "mapping_incomplete"),
        ({"columns": {"paid_on": 0, "amount": 1, "colour": 2}}, "mapping_incomplete"),
        ({"columns": {"paid_on": 1, "amount": 1}}, "mapping_column_twice"),
    ],
)
def test_a_mapping_that_says_too_little_is_refused(scene, changed, code):
    """Day and amount each in a column of their own, and a name to know it by."""
    facts = {"name": MAPPING.name, "columns": MAPPING.columns, **changed}
    mapping = ColumnMapping(header=MAPPING.header, unit=MoneyUnit.YUAN, **facts)
    with pytest.raises(InvalidInput) as refusal:
        column_mappings.save(scene.database, mapping, clock=scene.clock)
    assert refusal.value.code == code


def test_a_mapped_sheet_goes_by_its_total_too(scene):
    """A total row under a mapped header is held to like any other."""
    column_mappings.save(scene.database, MAPPING, clock=scene.clock)
    for total, blocks in (("2400", False), ("2500", True)):
        preview = look(scene, SHEET + f"合计,{total},,,\n".encode())
        assert any(f.severity is Severity.BLOCK for f in preview.findings) is blocks
