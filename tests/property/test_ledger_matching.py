"""Any bill against any debts: money is neither made nor lost, whatever the lines say and their order."""

from hypothesis import given
from hypothesis import strategies as st

from busops.finance.ledger import Account, LedgerTxn, Posting, TxnKind, balances, checked, reversal
from busops.finance.matching import MatchFlag, ReceiptStatus, Tier, match_lines
from tests.unit.finance.books import PUPILS, a_book, a_line

REMARKS = st.sampled_from(
    [number for number, *_ in PUPILS]
    + [f"{grade}{school_class}{name}" for _, name, grade, school_class, *_ in PUPILS]
    + [
        "",
        "校车费",
        "20230003 20230004",
        "张伟",
        "伙食费",
        "C20230003X",
        "20230003 李娜",
        "李娜",
        "王芳和弟弟",
    ]
    + ["高一1班 张伟、王芳、李娜 3人", "李娜、欧阳小华"]
)
# Whom the line names beyond doubt; only he can be booked more than he owes, and that is flagged.
CERTAIN = {Tier.T0, Tier.T1, Tier.T2}
LINES = st.lists(
    st.tuples(st.sampled_from([0, 700, 1600, 2400, 3200, 4000, 5600, 99_900, -1600, -700]), REMARKS),
    max_size=14,
)


@given(LINES, st.randoms(use_true_random=False))
def test_matching_neither_makes_nor_loses_money(rows, shuffler) -> None:
    """
    Each line gives all or nothing of its amount, only MATCHED and refund lines give anything, at the
    end nobody has paid less than nought, and another order of the lines comes to the same.
    """
    lines = [a_line(fen, remark, line=at) for at, (fen, remark) in enumerate(rows)]
    book = a_book()
    matches = match_lines(lines, book)
    by_key = {line.row_key: line for line in lines}
    paid: dict[tuple[str, str], int] = {}
    for match in matches:
        given_fen = sum(share.fen for share in match.shares)
        amount = by_key[match.row_key].amount_fen
        if match.status is ReceiptStatus.MATCHED:
            assert given_fen == amount > 0
        elif match.status is ReceiptStatus.REFUND_LINE:
            assert amount < 0
            assert given_fen in {0, amount}
        else:
            assert given_fen == 0
        for share in match.shares:
            key = (share.rider_id, share.unit_key)
            paid[key] = paid.get(key, 0) + share.fen
    assert all(fen >= 0 for fen in paid.values())
    for charge in book.charges():
        if charge.paid_fen > charge.due_fen:
            givers = [m for m in matches for s in m.shares if s.rider_id == charge.rider_id and s.fen > 0]
            assert any(m.tier in CERTAIN and MatchFlag.LOW_CONFIDENCE in m.flags for m in givers)
    assert {(c.rider_id, c.unit_key): c.paid_fen for c in book.charges() if c.paid_fen} == {
        key: fen for key, fen in paid.items() if fen
    }
    shuffled = list(lines)
    shuffler.shuffle(shuffled)
    assert match_lines(shuffled, a_book()) == matches


@given(
    st.lists(
        st.tuples(st.sampled_from(list(Account)), st.integers(-(10**9), 10**9).filter(bool)),
        min_size=1,
        max_size=8,
    )
)
def test_a_reversal_undoes_any_transaction(lines) -> None:
    """Whatever balances can be posted; with its reversal every account is as before."""
    total = sum(fen for _, fen in lines)
    rows = [*lines, (Account.SUSPENSE, -total)] if total else [*lines, (Account.BANK, 1), (Account.BANK, -1)]
    postings = tuple(Posting(account=account, fen=fen) for account, fen in rows)
    txn = checked(_txn(postings))
    undone = checked(reversal(txn, txn_id="t2", period="2024-04", on=txn.on, made_by="lead"))
    assert not any(balances((*txn.postings, *undone.postings)).values())


def _txn(postings: tuple[Posting, ...]) -> LedgerTxn:
    return LedgerTxn(
        txn_id="t1",
        kind=TxnKind.COST,
        period="2024-03",
        on=a_line(1).paid_on,
        source="any",
        row_key="1",
        made_by="clerk",
        postings=postings,
    )


@given(LINES)
def test_an_exact_match_never_pays_more_than_is_due(rows) -> None:
    """Lines of T3 and T4, and those of T0 to T2 that are not flagged, fill their charges and no more."""
    lines = [a_line(fen, remark, line=at) for at, (fen, remark) in enumerate(rows) if fen > 0]
    due = {(charge.rider_id, charge.unit_key): charge.due_fen for charge in a_book().charges()}
    paid: dict[tuple[str, str], int] = {}
    for match in match_lines(lines, a_book()):
        if match.tier in CERTAIN and MatchFlag.LOW_CONFIDENCE in match.flags:
            continue
        for share in match.shares:
            key = (share.rider_id, share.unit_key)
            paid[key] = paid.get(key, 0) + share.fen
            assert paid[key] <= due.get(key, 0)
