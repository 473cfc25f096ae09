"""Candidates: who a line might be from, in which order, and that nothing is moved."""

from dataclasses import replace

import pytest

from busops.finance.candidates import Candidate, candidates
from busops.finance.matching import Tier
from busops.finance.near_names import one_off
from tests.unit.finance.books import a_book, a_line


def proposals(
    fen: int, remark: str = "", links: dict | None = None, **changed: object
) -> tuple[Candidate, ...]:
    """The candidates of one line in the little school."""
    return candidates(a_line(fen, remark, **changed), replace(a_book(), links=links or {}))


def test_two_of_one_name_are_both_shown() -> None:
    """张伟 without a class: both boys, equal, by number; told that there are several."""
    found = proposals(1600, "张伟校车费")
    assert [item.rider_ids for item in found] == [("20230001",), ("20230002",)]
    assert {item.tier for item in found} == {Tier.T4}
    assert all("several" in item.reasons for item in found)


def test_a_unique_name_is_likelier_than_a_shared_one() -> None:
    """李娜 is one, 张伟 are two: T4 either way, but not the same score."""
    (unique,) = proposals(2400, "李娜")
    shared = proposals(1600, "张伟")[0]
    assert (unique.tier, unique.score > shared.score) == (Tier.T4, True)


def test_brothers_and_sisters_of_one_guardian_explain_a_sum() -> None:
    """王强 pays 40.00: 王芳 16.00 + 王丽 24.00 (T5), before each child alone."""
    found = proposals(4000, "", payer="王强")
    assert (found[0].tier, found[0].rider_ids) == (Tier.T5, ("20230003", "20230004"))
    assert [share.fen for share in found[0].shares] == [1600, 2400]
    assert "siblings" in found[0].reasons


def test_all_three_children_at_once() -> None:
    """16.00 + 24.00 + 16.00 = 56.00 with one child named."""
    found = proposals(5600, "王芳")
    assert found[0].rider_ids == ("20230003", "20230004", "20230005")


def test_the_payer_of_before_is_remembered() -> None:
    """The same payer's money was 李娜's before: T3."""
    found = proposals(2400, "转账", {"name:某某": frozenset({"00230006"})}, payer="某某")
    assert (found[0].tier, found[0].rider_ids) == (Tier.T3, ("00230006",))


def test_another_spelling_needs_the_class() -> None:
    """欧阳晓华 of 高一1班 may be 欧阳小华; without the class nobody is proposed by spelling."""
    found = proposals(1600, "高一1班欧阳晓华")
    assert (found[0].tier, found[0].rider_ids) == (Tier.T6, ("20230007",))
    assert all(item.tier is Tier.T7 for item in proposals(1600, "欧阳晓华"))


def test_an_amount_alone_lists_but_never_convinces() -> None:
    """Everybody who owes 24.00, with the lowest score there is."""
    found = proposals(2400)
    assert [item.rider_ids for item in found] == [("00230006",), ("20230004",)]
    assert {(item.tier, item.score) for item in found} == {(Tier.T7, 10)}


def test_a_proposal_gives_away_the_whole_amount_and_no_more() -> None:
    """Whatever is proposed, its shares are the line's amount: a person sees where the rest goes."""
    for fen, remark in ((1600, "张伟"), (5000, "20230003"), (900, "李娜"), (4000, "王芳")):
        for item in proposals(fen, remark):
            assert sum(share.fen for share in item.shares) == fen


def test_nobody_is_proposed_for_a_stranger() -> None:
    """An amount nobody owes and a name nobody has."""
    assert proposals(777, "陌生人") == ()


@pytest.mark.parametrize(
    ("name", "text", "fits"),
    [
        ("张小伟", "张晓伟", True),
        ("张小伟", "张伟", True),
        ("张小伟", "李小伟", False),
        ("张伟", "张卫", True),
        ("张伟", "李伟", False),
        ("张小伟", "张大明", False),
        ("伟", "伟", False),
    ],
)
def test_one_character_off(name: str, text: str, *, fits: bool) -> None:
    """The family name must be right; one other character may be wrong or, of three, missing."""
    assert one_off(name, text) is fits
