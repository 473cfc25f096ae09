"""Large claims: proposed by one, agreed to or refused by another, split by hand; the bytes of bills."""

import pytest

from busops.domain.errors import InvalidInput, Refused
from busops.domain.people import Actor, Role
from busops.finance.matching import ReceiptStatus
from busops.services import audit, claim_consents, claims, fares, receipts
from tests.unit.services.money_scene import CLERK, LEAD, MoneyScene, a_bill, a_closed_run

BOSS = Actor(user_id="boss", role=Role.SUPERVISOR, name="督查")
CHILDREN = ("20230002", "20230008")


@pytest.fixture
def scene(sqlite_database, settings, ids) -> MoneyScene:
    """Eleven owe 10.00; 600.00 came in and 20.00, and nobody knows whose."""
    made = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(made.database, **made.acting)
    bill = a_bill("2026-03-14,600.00,丙,,TX9,", "2026-03-14,20.00,丁,,TX8,")
    preview = receipts.preview(made.database, file_name="b.csv", content=bill, **made.acting)
    receipts.accept(made.database, preview.batch_id, **made.acting)
    return made


def receipt(scene: MoneyScene, reference: str = "TX9"):
    """The receipt with this reference."""
    found = receipts.list_receipts(scene.database)
    return next(item for item in found if item.line.reference == reference)


def propose(scene: MoneyScene, note: str = "三个孩子一起交") -> str:
    """The clerk wants 600.00 given to two children; the proposal's id."""
    large = receipt(scene).receipt_id
    parts = ((CHILDREN[0], 35_000), (CHILDREN[1], 25_000))
    shares = claims.shares_of(scene.database, large, parts)
    done = claim_consents.claim(scene.database, large, shares, note=note, **scene.acting)
    assert (done.fen, done.status) == (60_000, None)
    return claim_consents.consents(scene.database).waiting[-1].proposal.proposal_id


def deciding(scene: MoneyScene, by: Actor) -> dict:
    """What a decision asks for."""
    return {"clock": scene.clock, "by": by}


def test_a_large_claim_waits_and_a_second_person_gives_it(scene):
    """600.00 proposed moves nothing and leaves the queue; the supervisor agrees, and both are named."""
    proposal = propose(scene)
    assert receipt(scene).status is ReceiptStatus.UNIDENTIFIED
    queue = claims.match_queue(scene.database, clock=scene.clock)
    assert [item.receipt.line.reference for item in queue.items] == ["TX8"]
    claim_consents.approve(scene.database, proposal, **scene.acting | {"by": BOSS})
    assert receipt(scene).status is ReceiptStatus.MATCHED
    assert {share.rider_id: share.fen for share in receipt(scene).shares} == {
        CHILDREN[0]: 35_000,
        CHILDREN[1]: 25_000,
    }
    acts = [(row.entry.act, row.entry.user_id) for row in audit.newest(scene.database)]
    assert {("claim_proposed", "clerk"), ("claim_approved", "boss")} <= set(acts)
    (decided,) = claim_consents.consents(scene.database).decided
    assert (decided.proposal.proposed_by, decided.proposal.decided_by) == ("clerk", "boss")


def test_nobody_agrees_to_his_own(scene):
    """The clerk can neither approve nor reject; he may withdraw, and nobody else may do that for him."""
    proposal = propose(scene)
    with pytest.raises(Refused, match="proposal_is_own"):
        claim_consents.approve(scene.database, proposal, **scene.acting)
    with pytest.raises(Refused, match="proposal_is_own"):
        claim_consents.reject(scene.database, proposal, note="x", **deciding(scene, CLERK))
    with pytest.raises(Refused, match="proposal_of_another"):
        claim_consents.withdraw(scene.database, proposal, **deciding(scene, LEAD))
    claim_consents.withdraw(scene.database, proposal, **deciding(scene, CLERK))
    assert len(claims.match_queue(scene.database, clock=scene.clock).items) == 2
    with pytest.raises(Refused, match="proposal_decided"):
        claim_consents.approve(scene.database, proposal, **scene.acting | {"by": LEAD})


def test_only_finance_or_the_supervisor_agrees(scene):
    """A dispatcher's word is none."""
    other = Actor(user_id="d", role=Role.DISPATCHER, name="调度")
    with pytest.raises(Refused, match="not_allowed"):
        claim_consents.approve(scene.database, propose(scene), **scene.acting | {"by": other})


def test_a_rejection_says_why_and_the_receipt_waits_again(scene):
    """Without a reason it is no rejection; with one the receipt is in the queue and can be proposed again."""
    proposal = propose(scene)
    with pytest.raises(InvalidInput, match="reason_needed"):
        claim_consents.reject(scene.database, proposal, note=" ", **deciding(scene, LEAD))
    claim_consents.reject(scene.database, proposal, note="不是他家的", **deciding(scene, LEAD))
    assert len(claims.match_queue(scene.database, clock=scene.clock).items) == 2
    assert propose(scene) != proposal


def test_one_receipt_waits_for_one_proposal(scene):
    """A second proposal for the same money is refused, and one without a ground is none."""
    shares = claims.shares_of(scene.database, receipt(scene).receipt_id, [(CHILDREN[0], 60_000)])
    with pytest.raises(InvalidInput, match="reason_needed"):
        claim_consents.claim(scene.database, receipt(scene).receipt_id, shares, **scene.acting)
    propose(scene)
    with pytest.raises(Refused) as refused:
        claim_consents.claim(scene.database, receipt(scene).receipt_id, shares, note="again", **scene.acting)
    assert [reason.code for reason in refused.value.reasons] == ["claim_waits_already"]


def test_what_no_longer_fits_is_refused_when_the_second_word_comes(scene):
    """The money was set aside meanwhile: agreeing is refused with the reason, and nothing is given."""
    proposal = propose(scene)
    waiting = receipt(scene).receipt_id
    claims.mark_not_bus_fee(scene.database, waiting, note="伙食费", **deciding(scene, LEAD))
    with pytest.raises(Refused) as refused:
        claim_consents.approve(scene.database, proposal, **scene.acting | {"by": LEAD})
    assert [reason.code for reason in refused.value.reasons] == ["receipt_decided"]
    assert receipt(scene).shares == ()


def test_a_large_claim_cannot_be_cut_into_small_ones(scene):
    """400.00 of the 600.00 go alone; the next 150.00 of the same receipt need a second person."""
    large = receipt(scene).receipt_id
    first = claims.shares_of(scene.database, large, [(CHILDREN[0], 40_000)])
    done = claim_consents.claim(scene.database, large, first, **scene.acting)
    assert done.status is ReceiptStatus.PARTIAL
    second = claims.shares_of(scene.database, large, [(CHILDREN[1], 15_000)])
    assert claim_consents.claim(scene.database, large, second, note="x", **scene.acting).status is None


def test_a_split_names_every_part_that_cannot_be(scene):
    """An unknown number and one rider twice: both are told at once."""
    with pytest.raises(Refused) as refused:
        claims.shares_of(
            scene.database,
            receipt(scene, "TX8").receipt_id,
            [("20239999", 500), (CHILDREN[0], 500), (CHILDREN[0], 1000)],
        )
    assert [reason.code for reason in refused.value.reasons] == ["rider_not_registered", "split_rider_twice"]


def test_the_rest_of_a_split_is_proposed_with_what_is_left(scene):
    """15.00 of 20.00 are given; the queue proposes for the 5.00 that are left, and they can be given."""
    waiting = receipt(scene, "TX8").receipt_id
    shares = claims.shares_of(scene.database, waiting, [(CHILDREN[0], 1000), (CHILDREN[1], 500)])
    assert claim_consents.claim(scene.database, waiting, shares, **scene.acting).fen == 1500
    rest = claims.candidate_for(scene.database, waiting, CHILDREN[1])
    assert sum(share.fen for share in rest.shares) == 500
    claims.accept_candidate(scene.database, waiting, rest, **scene.acting)
    assert receipt(scene, "TX8").status is ReceiptStatus.MATCHED


def test_the_bytes_of_a_bill_are_handed_out_as_they_came(scene):
    """Kept to the byte, and who took them is in the audit; a discarded preview keeps nothing."""
    (bill,) = receipts.list_bills(scene.database)
    assert bill.is_kept
    found = receipts.take_original(scene.database, bill.file.file_id, **deciding(scene, LEAD))
    assert found.content == a_bill("2026-03-14,600.00,丙,,TX9,", "2026-03-14,20.00,丁,,TX8,")
    assert audit.newest(scene.database)[0].entry.act == "bill_downloaded"
    other = receipts.preview(
        scene.database, file_name="x.csv", content=a_bill("2026-03-14,1,,,A,"), **scene.acting
    )
    receipts.discard(scene.database, other.batch_id, **deciding(scene, CLERK))
    with scene.database.reading() as tx:
        assert receipts.bill_store.kept_originals(tx) == {bill.file.sha256}
