"""Matching: what is certain is matched, what is not waits, and no amount is ever guessed away."""

import random

import pytest

from busops.finance.matching import Match, MatchFlag, ReceiptStatus, Tier, match_lines
from tests.unit.finance.books import UNIT, a_book, a_line

S = ReceiptStatus


def one(fen: int, remark: str = "", **changed: object) -> Match:
    """What becomes of a single line in the book where all but 赵敏 owe their price."""
    (match,) = match_lines([a_line(fen, remark, **changed)], a_book())
    return match


@pytest.mark.parametrize(
    ("remark", "changed", "tier", "rider_id"),
    [
        ("", {"reference": "C20230003X"}, Tier.T0, "20230003"),
        ("c20230003x 乘车", {}, Tier.T0, "20230003"),
        ("", {"rider_hint": "20230003"}, Tier.T1, "20230003"),
        ("20230003校车费", {}, Tier.T1, "20230003"),
        ("２０２３０００３", {}, Tier.T1, "20230003"),
        ("王芳20230003", {}, Tier.T1, "20230003"),
        ("", {"reference": "20230003"}, Tier.T1, "20230003"),
        ("高一1班王芳校车费", {}, Tier.T2, "20230003"),
        ("高一(1)班 王 芳", {}, Tier.T2, "20230003"),
        ("高2023级1班王芳", {}, Tier.T2, "20230003"),
        ("高一2班张伟", {}, Tier.T2, "20230002"),
        ("高一1班 歐陽小華", {}, Tier.T2, "20230007"),
        ("高一1班", {"payer": "王芳家长"}, Tier.T2, "20230003"),
    ],
)
def test_a_certain_identity_with_the_right_amount_is_matched(
    remark: str, changed: dict[str, object], tier: Tier | None, rider_id: str | None
) -> None:
    """Owed 16.00 by 20230003, paid 16.00: T0 by charge number, T1 by student number, T2 by name and class."""
    match = one(1600, remark, **changed)
    assert match.tier == tier
    assert match.rider_id == rider_id
    assert [(share.rider_id, share.unit_key, share.fen) for share in match.shares] == (
        [(rider_id, UNIT, 1600)] if rider_id else []
    )
    assert match.flags == frozenset()


@pytest.mark.parametrize(
    ("fen", "remark", "changed"),
    [
        (1600, "张伟 校车费", {}),  # two of that name, no class
        (1600, "张伟1班李娜1班", {}),  # two riders owe 16.00 + 24.00
        (1600, "校车费", {}),
        (1600, "99999999", {}),
        (1600, "20230003 李娜", {}),  # the number says one rider, the name another
        (1600, "1 2 3", {}),  # short numbers name nobody
        (5000, "20230003", {}),  # three times the price is no slip
        (4000, "20230003", {}),  # 王芳 16.00 and her sister 24.00 explain it: a person decides
        (2400, "高一2班赵敏", {}),  # owes nothing and this is not her price
        (1600, "", {"payer": "王强"}),  # a guardian of three
    ],
)
def test_what_is_not_certain_waits(fen: int, remark: str, changed: dict[str, object]) -> None:
    """Nothing is given to anybody; the line stays in suspense."""
    match = one(fen, remark, **changed)
    assert (match.status, match.shares) == (S.UNIDENTIFIED, ())


def test_a_lost_leading_nought_is_found() -> None:
    """A sheet made 230006 of 00230006: unique, so certain."""
    assert one(2400, "230006").rider_id == "00230006"


def test_brothers_and_sisters_who_are_all_named_are_matched() -> None:
    """王芳 16.00 + 王丽 24.00 = 40.00, both by number: each gets her own."""
    match = one(4000, "20230003、20230004")
    assert (match.tier, [share.fen for share in match.shares]) == (Tier.T1, [1600, 2400])
    named = one(4000, "高一1班王芳 高二3班王丽")
    assert (named.tier, [share.rider_id for share in named.shares]) == (Tier.T2, ["20230003", "20230004"])


def test_too_little_is_taken_and_flagged() -> None:
    """Owed 16.00, paid 10.00 with the student number: 少缴 is for the reconciliation to show."""
    match = one(1000, "20230003")
    assert (match.status, match.shares[0].fen, match.flags) == (S.MATCHED, 1000, {MatchFlag.LOW_CONFIDENCE})


def test_the_price_of_another_band_is_flagged() -> None:
    """李娜 (band B, 24.00) paid band A's 16.00; 张伟 (band A) paid band B's 24.00."""
    wrong = {MatchFlag.LOW_CONFIDENCE, MatchFlag.PRICE_BAND_MISMATCH}
    assert one(1600, "00230006").flags == wrong
    assert one(2400, "20230001").flags == wrong


def test_the_same_payment_again_is_a_duplicate() -> None:
    """
    20230003 owes 16.00.   8 March  16.00 → matched
                           8 March  16.00 → duplicate, given to nobody
                           8 March   7.00 → waits: no sum of hers
    """
    lines = [a_line(fen, "20230003", line=at) for at, fen in enumerate((1600, 1600, 700))]
    first, second, third = match_lines(lines, a_book())
    assert (first.status, first.shares[0].fen) == (S.MATCHED, 1600)
    assert (second.status, second.rider_id, sum(share.fen for share in second.shares)) == (
        S.DUPLICATE,
        "20230003",
        0,
    )
    assert MatchFlag.DUPLICATE_PAYMENT in second.flags
    assert (third.status, third.rider_id) == (S.UNIDENTIFIED, "20230003")


def test_the_price_of_a_rider_who_owes_nothing_is_kept_on_account_once() -> None:
    """赵敏 did not ride and paid her 16.00 by number: kept as 多缴; the second time it waits."""
    lines = [a_line(1600, "20230008", line=at) for at in (1, 2)]
    first, second = match_lines(lines, a_book())
    assert (first.status, first.shares[0].unit_key) == (S.MATCHED, UNIT)
    assert second.status is S.UNIDENTIFIED


def test_a_refund_comes_off_what_was_paid() -> None:
    """20230003 paid 16.00; −16.00 with her number comes off it; −16.00 of nobody stays a refund line."""
    lines = [a_line(1600, "20230003", line=1), a_line(-1600, "20230003", line=2), a_line(-1600, line=3)]
    _, known, unknown = match_lines(lines, a_book())
    assert (known.status, known.shares[0].fen) == (S.REFUND_LINE, -1600)
    assert (unknown.status, unknown.shares) == (S.REFUND_LINE, ())


def test_a_refund_of_more_than_was_paid_is_given_to_nobody() -> None:
    """She paid 16.00; 20.00 cannot come off it."""
    lines = [a_line(1600, "20230003", line=1), a_line(-2000, "20230003", line=2)]
    assert match_lines(lines, a_book())[1].shares == ()


@pytest.mark.parametrize("remark", ["高一1班王芳 伙食费", "20230003 住宿费"])
def test_another_fee_is_no_bus_fee(remark: str) -> None:
    """The right sum of the right person for the canteen is not for the bus."""
    assert one(1600, remark).status is S.NOT_BUS_FEE
    assert one(1600, f"{remark} 校车费").status is S.MATCHED


def test_a_line_of_nothing_is_ignored() -> None:
    """0.00 moves nothing."""
    assert one(0, "20230003").status is S.IGNORED


def test_two_units_are_paid_oldest_first() -> None:
    """Two weekends of 16.00 open: 32.00 pays both, 16.00 the older one."""
    later = a_line(3200, "20230003")
    for fen, shares in ((3200, 2), (1600, 1)):
        book = a_book("20230003")
        older = next(iter(book.charges()))
        second = type(older)(
            rider_id=older.rider_id,
            unit_key="WEEKEND:2024-03-15",
            code="other",
            due_fen=1600,
            paid_fen=0,
            band="A",
            from_on=later.paid_on.replace(day=15),
        )
        (match,) = match_lines([a_line(fen, "20230003")], book.add([second]))
        assert [share.unit_key for share in match.shares] == [UNIT, "WEEKEND:2024-03-15"][:shares]


def test_the_order_of_the_lines_does_not_matter() -> None:
    """Shuffled, the same lines come to the same end."""
    remarks = ("20230003", "20230003", "高一2班张伟", "20230004", "王芳", "00230006")
    lines = [a_line(1600, remark, line=at) for at, remark in enumerate(remarks)]
    expected = match_lines(lines, a_book())
    for seed in range(10):
        shuffled = random.Random(seed).sample(lines, len(lines))
        assert match_lines(shuffled, a_book()) == expected
