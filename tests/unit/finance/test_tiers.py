"""Tiers: each by its own rule, the weaker ones only with the amount, and two readings are none."""

import random
from dataclasses import replace

import pytest

from busops.finance.candidates import candidates, proposals
from busops.finance.matching import Match, MatchFlag, ReceiptStatus, Tier, match_lines
from busops.finance.payers import OpenCharge, PayerBook
from busops.finance.payment_codes import new_code
from tests.unit.finance.books import FRIDAY, UNIT, a_book, a_line

CODES = {number: new_code(number, ()) for number in ("20230003", "20230004", "20230005")}
LOW = {MatchFlag.LOW_CONFIDENCE}
NEXT = "WEEKEND:2024-03-15"


def the_book(**links: str) -> PayerBook:
    """The little school with payment codes and payers known from before; 王芳 owes two weekends."""
    book = a_book()
    riders = {
        rider_id: replace(rider, pay_code=CODES.get(rider_id, "")) for rider_id, rider in book.riders.items()
    }
    known = {payer: frozenset(riders.split()) for payer, riders in links.items()}
    made = PayerBook(riders=riders, prices=book.prices, year=2023, links=known).add(book.charges())
    (first,) = made.charges_of("20230003")
    later = replace(first, unit_key=NEXT, code="CNEXT", from_on=FRIDAY.replace(day=15))
    return made.add([later])


def match(fen: int, remark: str = "", links: dict[str, str] | None = None, **known: str) -> Match:
    """What becomes of one line."""
    (found,) = match_lines([a_line(fen, remark, **known)], the_book(**(links or {})))
    return found


def owed(found: Match) -> list[tuple[str, str, int]]:
    """Who got what of it."""
    return [(share.rider_id, share.unit_key, share.fen) for share in found.shares]


def test_t0_by_what_the_merchant_wrote() -> None:
    """A charge number in 商户数据包 names its unit, whatever else is open; a payment code its rider."""
    assert owed(match(1600, code="ORDER7 CNEXT")) == [("20230003", NEXT, 1600)]
    coded = match(1600, f"校车费{CODES['20230003']}3月")
    assert (coded.tier, owed(coded), coded.flags) == (Tier.T0, [("20230003", UNIT, 1600)], frozenset())


def test_t0_with_two_codes_pays_two() -> None:
    """Two codes in one remark, 王丽 24.00 + 王刚 16.00: each her and his own."""
    found = match(4000, f"{CODES['20230004']} {CODES['20230005']}")
    assert owed(found) == [("20230004", UNIT, 2400), ("20230005", UNIT, 1600)]


def test_a_code_beside_another_name_is_not_certain() -> None:
    """王芳's code and 李娜's name: nobody."""
    assert match(1600, f"{CODES['20230003']} 李娜").status is ReceiptStatus.UNIDENTIFIED


def test_a_day_is_no_student_number() -> None:
    """20240308 about the day of payment is a date, even where a rider has that number."""
    book = a_book()
    dated = replace(book.riders["20230007"], rider_id="20240308", name="某某")
    charge = replace(next(iter(book.charges())), rider_id="20240308", code="CD")
    made = PayerBook(riders={**book.riders, "20240308": dated}, prices=book.prices, year=2023)
    made.add([*book.charges(), charge])
    (found,) = match_lines([a_line(1600, "20240308校车费")], made)
    assert found.status is ReceiptStatus.UNIDENTIFIED
    (found,) = match_lines([a_line(1600, rider_hint="20240308")], made)
    assert found.rider_id == "20240308"


def test_a_digit_wrong_is_noticed_by_the_payer() -> None:
    """张建's son is 20230001; he wrote …02, the other 张伟: a person decides. Without a payer it is …02's."""
    assert match(1600, "20230002 车费", payer="张建").status is ReceiptStatus.UNIDENTIFIED
    assert match(1600, "20230002 车费").rider_id == "20230002"


def test_t2_a_teacher_pays_for_many_of_the_class() -> None:
    """高一1班: 张伟 16.00, 王芳's oldest 16.00, 李娜 24.00 = 56.00, each her own; told as four they wait."""
    found = match(5600, "高一1班 张伟、王芳、李娜 3人")
    assert (found.tier, [share.fen for share in found.shares]) == (Tier.T2, [1600, 1600, 2400])
    assert match(5600, "高一1班 张伟、王芳、李娜 4人").status is ReceiptStatus.UNIDENTIFIED
    assert match(5600, "高一1班 张伟、王芳、李娜、陌生").status is ReceiptStatus.UNIDENTIFIED
    assert match(5500, "高一1班 张伟、王芳、李娜").status is ReceiptStatus.UNIDENTIFIED


def test_t2_by_a_class_that_may_be_a_day() -> None:
    """高一(2) without its last word tells the 张伟 apart; 1.2 for a school of 高一 does not."""
    assert match(1600, "张伟 高一(2)").rider_id == "20230002"
    assert match(1600, "张伟 10.2").rider_id == "20230002"
    assert match(1600, "张伟 1.2").status is ReceiptStatus.UNIDENTIFIED


def test_t3_a_payer_of_before_convinces_with_the_amount_only() -> None:
    """李娜's payer pays 24.00: hers, flagged. Another sum, class or unknown words: waits."""
    links = {"acc": "00230006"}
    found = match(2400, "转账", links, payer_key="acc")
    assert (found.tier, found.rider_id, found.flags) == (Tier.T3, "00230006", LOW)
    for fen, remark in ((1000, ""), (2400, "高二3班"), (2400, "陌生"), (2400, "2人"), (2400, "王芳")):
        assert match(fen, remark, links, payer_key="acc").status is ReceiptStatus.UNIDENTIFIED, remark
    assert match(2400, "转账", links, payer="acc").status is ReceiptStatus.UNIDENTIFIED


def test_t3_brothers_and_sisters_make_it_ambiguous() -> None:
    """王强 paid for 王刚 before; 16.00 may be 王刚's or 王芳's. 王丽's 24.00 was never his to pay."""
    links = {"acc": "20230005"}
    assert match(1600, "", links, payer_key="acc").status is ReceiptStatus.UNIDENTIFIED
    assert match(2400, "", links, payer_key="acc").status is ReceiptStatus.UNIDENTIFIED
    assert match(1600, "王刚", links, payer_key="acc").rider_id == "20230005"


def test_t3_tells_namesakes_apart() -> None:
    """张伟 without a class from the payer of one of them: that one's."""
    found = match(1600, "张伟", {"acc": "20230002"}, payer_key="acc")
    assert (found.tier, found.rider_id) == (Tier.T3, "20230002")


def test_t4_a_name_of_one_rider_with_the_amount() -> None:
    """李娜 is one and owes 24.00: matched and flagged; 23.00, a longer name, another class: waits."""
    found = match(2400, "李娜校车费")
    assert (found.tier, found.rider_id, found.flags) == (Tier.T4, "00230006", LOW)
    for fen, remark in ((2300, "李娜"), (2400, "李娜娜"), (2400, "高一3班李娜"), (2400, "李娜 平安")):
        assert match(fen, remark).status is ReceiptStatus.UNIDENTIFIED, remark


def test_t4_a_near_name_of_the_payers_own_child_is_a_doubt() -> None:
    """欧阳山's daughter is 欧阳小华; he wrote another's name, one off: a person decides."""
    book = a_book()
    other = replace(book.riders["20230001"], rider_id="20239999", name="欧阳晓华", guardian="某人")
    charge = replace(next(iter(book.charges())), rider_id="20239999", code="CX")
    made = PayerBook(riders={**book.riders, "20239999": other}, prices=book.prices, year=2023)
    made.add([*book.charges(), charge])
    (found,) = match_lines([a_line(1600, "欧阳晓华", payer="欧阳山")], made)
    assert found.status is ReceiptStatus.UNIDENTIFIED
    (found,) = match_lines([a_line(1600, "欧阳晓华")], made)
    assert found.rider_id == "20239999"


def test_t5_is_proposed_and_never_taken() -> None:
    """王芳和弟弟 32.00: two weekends of hers or one each of two; 56.00 of all three. A person decides."""
    for fen, remark in ((3200, "高一1班王芳和弟弟"), (5600, "高一1班王芳")):
        assert match(fen, remark).status is ReceiptStatus.UNIDENTIFIED
    (first, *_) = candidates(a_line(3200, "高一1班王芳和弟弟"), the_book())
    assert (first.tier, first.rider_ids) == (Tier.T5, ("20230003", "20230005"))


def test_t6_by_sound_is_likelier_than_by_any_character() -> None:
    """王方 of 高一1班 sounds like 王芳; 王大 is only one character off."""
    sound, any_character = (
        candidates(a_line(1600, f"高一1班{name}"), a_book())[0] for name in ("王方", "王大")
    )
    assert sound.tier is Tier.T6
    assert "sound" in sound.reasons
    assert sound.score > any_character.score


def test_all_lines_are_looked_at_together() -> None:
    """
    王芳 owes 8 and 15 March.  1 March  16.00 by number        → 15 March, for
                               2 March  16.00 by charge number → 8 March, and no other.
    """
    early = a_line(1600, "20230003", line=1, paid_on=FRIDAY.replace(day=1))
    named = a_line(1600, reference="C20230003X", line=2, paid_on=FRIDAY.replace(day=2))
    matches = match_lines([named, early], the_book())
    assert [owed(one) for one in matches] == [[("20230003", NEXT, 1600)], [("20230003", UNIT, 1600)]]


def test_no_two_lines_are_offered_the_same_charge_first() -> None:
    """Two lines 张伟 without a class: one boy each at the top, both boys on both; in any order."""
    lines = [a_line(1600, "张伟", line=at) for at in range(2)]
    offered = proposals(lines, a_book())
    assert [found[0].rider_ids for found in offered] == [("20230001",), ("20230002",)]
    assert {len(found) for found in offered} == {2}
    assert proposals(lines[::-1], a_book()) == offered[::-1]


@pytest.mark.parametrize("seed", range(5))
def test_a_shuffled_bill_comes_to_the_same(seed: int) -> None:
    """Every tier at once, shuffled."""
    remarks = ("20230003", "张伟 高一(2)", "李娜", "王芳和弟弟", CODES["20230004"], "陌生", "20230003")
    lines = [a_line(1600 if at % 3 else 2400, remark, line=at) for at, remark in enumerate(remarks)]
    shuffled = random.Random(seed).sample(lines, len(lines))
    assert match_lines(shuffled, the_book()) == match_lines(lines, the_book())


def test_open_charges_of_one_amount_are_listed_near_the_day_only() -> None:
    """24.00 of nobody in July: the charges of March are too old to be listed."""
    book: PayerBook = a_book()
    assert [type(one) for one in book.owing(2400)] == [OpenCharge, OpenCharge]
    assert candidates(a_line(2400), book)
    assert candidates(a_line(2400, paid_on=FRIDAY.replace(month=7)), book) == ()
