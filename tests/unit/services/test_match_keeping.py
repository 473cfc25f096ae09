"""Beside the queue: payers are learned and forgotten, codes given, proposals refused, matches reviewed."""

from dataclasses import replace

import pytest

from busops.domain.errors import Conflict, InvalidInput, NotFound, Refused
from busops.domain.people import Role
from busops.finance.matching import ReceiptStatus
from busops.finance.payment_codes import is_payment_code
from busops.services import claims, fares, match_reviews, payer_links, payment_codes, receipts
from busops.services.matching import payer_book
from busops.services.ride_facts import load_facts
from busops.storage import match_store
from busops.storage.match_store import MatchPolicy
from tests.unit.services.money_scene import CLERK, MoneyScene, a_bill, a_closed_run

ONE, TWO = "20230002", "20230008"
BOSS = replace(CLERK, user_id="boss", role=Role.SUPERVISOR)
BILL = a_bill("2026-03-14,10.00,丙,谢谢老师,TX1,", "2026-03-14,10.00,丙,,TX2,")


@pytest.fixture
def scene(sqlite_database, settings, ids) -> MoneyScene:
    """The closed run, charged; eleven owe 10.00 and two receipts of 丙 wait."""
    made = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(made.database, **made.acting)
    take(made, BILL)
    return made


def take(scene: MoneyScene, content: bytes, name: str = "bill.csv") -> None:
    """The bill previewed and accepted."""
    preview = receipts.preview(scene.database, file_name=name, content=content, **scene.acting)
    receipts.accept(scene.database, preview.batch_id, **scene.acting)


def found(scene: MoneyScene, reference: str):
    """The receipt with this reference."""
    return next(one for one in receipts.list_receipts(scene.database) if one.line.reference == reference)


def claim(scene: MoneyScene, reference: str, rider_id: str) -> None:
    """The receipt given to a rider by the clerk."""
    receipt_id = found(scene, reference).receipt_id
    chosen = claims.candidate_for(scene.database, receipt_id, rider_id)
    claims.accept_candidate(scene.database, receipt_id, chosen, **scene.acting)


def test_a_payer_is_learned_by_a_persons_word_only(scene):
    """Nothing after matching by itself; after a claim 丙 is known for that rider, and proposes him."""
    assert payer_links.list_links(scene.database) == ()
    claim(scene, "TX1", ONE)
    (shown,) = payer_links.list_links(scene.database)
    assert (shown.link.payer, shown.link.rider_id, shown.is_by_account) == ("丙", ONE, False)
    with scene.database.reading() as tx:
        assert payer_book(tx, load_facts(tx)).links == {"name:丙": frozenset({ONE})}


def test_a_payer_is_forgotten_on_demand_and_when_the_claim_was_wrong(scene):
    """Deleted by hand, and with the claim that taught it; a second time there is nothing to delete."""
    claim(scene, "TX1", ONE)
    payer_links.forget(scene.database, "name:丙", ONE, by=BOSS, clock=scene.clock)
    assert payer_links.list_links(scene.database) == ()
    with pytest.raises(NotFound):
        payer_links.forget(scene.database, "name:丙", ONE, by=BOSS, clock=scene.clock)
    claim(scene, "TX2", TWO)
    claims.take_back(scene.database, found(scene, "TX2").receipt_id, **scene.acting)
    assert payer_links.list_links(scene.database) == ()


def test_who_pays_for_children_of_several_families_is_no_parent(scene):
    """A split over two families teaches nothing."""
    receipt = found(scene, "TX1")
    with scene.database.transaction() as tx:
        payer_links.learn(tx, receipt, {ONE, TWO}, by="clerk", clock=scene.clock)
        assert match_store.load_links(tx) == ()
        nameless = replace(receipt, line=replace(receipt.line, payer=""))
        payer_links.learn(tx, nameless, {ONE}, by="clerk", clock=scene.clock)
        assert match_store.load_links(tx) == ()


def test_codes_are_given_once_and_matched_as_t0(scene):
    """Every rider gets his own sound code, a second giving adds none, and money with it is his."""
    count = payment_codes.give_codes(scene.database, clock=scene.clock, by="clerk")
    codes = {one.rider.rider_id: one.code for one in payment_codes.list_codes(scene.database)}
    assert count == len(codes) == len(set(codes.values()))
    assert all(is_payment_code(code) for code in codes.values())
    assert payment_codes.give_codes(scene.database, clock=scene.clock, by="clerk") == 0
    take(scene, a_bill(f"2026-03-14,10.00,丁,校车费{codes[ONE]},TX3,"), "more.csv")
    matched = found(scene, "TX3")
    assert (matched.status, matched.tier, matched.rider_id) == (ReceiptStatus.MATCHED, "T0", ONE)


def test_a_refused_proposal_is_not_shown_again(scene):
    """The first proposal of TX1 refused: gone for TX1, and the others stay; a decided receipt is refused."""
    receipt_id = found(scene, "TX1").receipt_id

    def offered() -> list[tuple[str, ...]]:
        items = claims.match_queue(scene.database, clock=scene.clock).items
        (mine,) = (item for item in items if item.receipt.receipt_id == receipt_id)
        return [one.rider_ids for one in mine.candidates]

    before = offered()
    claims.refuse_candidate(scene.database, receipt_id, before[0], clock=scene.clock, by="clerk")
    assert set(offered()) == set(before) - {before[0]}
    claim(scene, "TX1", ONE)
    with pytest.raises(Refused):
        claims.refuse_candidate(scene.database, receipt_id, before[1], clock=scene.clock, by="clerk")


@pytest.fixture
def flagged(scene) -> str:
    """A receipt that a unique name alone convinced of, with every match in the sample."""
    rules = MatchPolicy(reviewed_percent=100)
    match_reviews.change_policy(scene.database, rules, reason="开学", by=BOSS, clock=scene.clock)
    take(scene, a_bill("2026-03-14,10.00,丁,学生12,TX4,"), "named.csv")
    assert found(scene, "TX4").tier == "T4"
    return found(scene, "TX4").receipt_id


@pytest.mark.parametrize("is_right", [True, False])
def test_a_sampled_match_is_looked_at_once(scene, flagged, is_right):
    """Right: it stays. Wrong: it is taken back and waits. A second look is refused."""
    (waiting,) = match_reviews.reviews(scene.database).waiting
    assert (waiting.receipt.receipt_id, [rider.name for rider in waiting.riders]) == (flagged, ["学生12"])
    acting = {"by": BOSS, "clock": scene.clock, "ids": scene.ids}
    match_reviews.review(scene.database, flagged, is_right=is_right, **acting)
    seen = match_reviews.reviews(scene.database)
    assert (seen.waiting, seen.right, seen.wrong) == ((), int(is_right), int(not is_right))
    expected = ReceiptStatus.MATCHED if is_right else ReceiptStatus.UNIDENTIFIED
    assert found(scene, "TX4").status is expected
    with pytest.raises(Refused):
        match_reviews.review(scene.database, flagged, is_right=True, **acting)


def test_the_school_sets_from_which_sum_two_people_agree(scene):
    """At 10.00 the clerk alone may not give 10.00 any more; the same rules again change nothing."""
    rules = MatchPolicy(two_people_from_fen=1000)
    match_reviews.change_policy(scene.database, rules, reason="试行", by=BOSS, clock=scene.clock)
    with pytest.raises(Refused) as refused:
        claim(scene, "TX1", ONE)
    assert [reason.code for reason in refused.value.reasons] == ["claim_needs_two"]
    assert claims.match_queue(scene.database, clock=scene.clock).two_people_from_fen == 1000
    with pytest.raises(Conflict):
        match_reviews.change_policy(scene.database, rules, reason="x", by=BOSS, clock=scene.clock)


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (MatchPolicy(two_people_from_fen=0), "x"),
        (MatchPolicy(two_people_from_fen=10_000_001), "x"),
        (MatchPolicy(reviewed_percent=0), "x"),
        (MatchPolicy(reviewed_percent=101), "x"),
        (MatchPolicy(reviewed_percent=50), " "),
    ],
)
def test_rules_have_bounds_and_reasons(scene, rules, reason):
    """No sum of nought, no empty sample, no change without a reason."""
    with pytest.raises(InvalidInput):
        match_reviews.change_policy(scene.database, rules, reason=reason, by=BOSS, clock=scene.clock)
