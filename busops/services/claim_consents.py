"""
Large claims: proposed by one person, agreed to or refused by another, never by the same.

Nothing moves before the second word, and everything is looked at again when it is given. What a
claim is and how money is given are ``claims.py``'s.
"""

from dataclasses import dataclass
from typing import Final

from busops.domain.errors import InvalidInput, Refused
from busops.domain.findings import Finding
from busops.domain.people import Actor, Role
from busops.domain.roster import Rider
from busops.domain.values import Clock, Ids, RiderId
from busops.finance.matching import ReceiptStatus, Share
from busops.finance.statement import ReceiptRecord
from busops.services import claims
from busops.services.acting import record_act
from busops.storage import claim_store, people_store, receipt_store, register_store
from busops.storage.claim_store import Proposal, Verdict
from busops.storage.database import Database, Transaction

MAY_AGREE: Final = frozenset({Role.FINANCE, Role.FINANCE_LEAD, Role.SUPERVISOR})
DECIDED_SHOWN: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownProposal:
    """A proposal with its receipt and the names of riders and persons as they are today."""

    proposal: Proposal
    receipt: ReceiptRecord
    riders: dict[RiderId, Rider]
    proposed_by: str
    decided_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consents:
    """What waits for a second person, oldest first, and what was decided, newest first."""

    waiting: tuple[ShownProposal, ...]
    decided: tuple[ShownProposal, ...]

    @property
    def waiting_fen(self) -> int:
        """How much money waits."""
        return sum(item.proposal.fen for item in self.waiting)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What became of a claim: the receipt's status, or None where a second person must agree first."""

    fen: int
    status: ReceiptStatus | None


def claim(
    database: Database,
    receipt_id: str,
    shares: tuple[Share, ...],
    *,
    grounds: tuple[str, ...] = (),
    note: str = "",
    clock: Clock,
    ids: Ids,
    by: Actor,
) -> Claimed:
    """The money is given, or where it is much, waits for a second person; Refused with every reason."""
    fen = sum(share.fen for share in shares)
    with database.reading() as tx:
        is_large = claims.needs_two(tx, receipt_store.load_receipt(tx, receipt_id), fen)
    if not is_large:
        status = claims.match_manually(database, receipt_id, shares, clock=clock, ids=ids, by=by)
        return Claimed(fen=fen, status=status)
    if not grounds and not note.strip():
        raise InvalidInput("reason_needed")
    with database.transaction() as tx:
        receipt = receipt_store.load_receipt(tx, receipt_id)
        reasons = list(claims.reasons_not_to_give(tx, receipt, shares, by))
        if receipt_id in claim_store.waiting_receipts(tx):
            reasons.append(Finding(code="claim_waits_already"))
        if reasons:
            raise Refused("not_matched", reasons, receipt_id=receipt_id)
        proposal = Proposal(
            proposal_id=ids.new(),
            receipt_id=receipt_id,
            shares=shares,
            grounds=grounds,
            note=note.strip(),
            proposed_by=by.user_id,
            proposed_at=clock.now(),
        )
        claim_store.insert_proposal(tx, proposal)
        record_act(tx, by, "claim_proposed", receipt_id, facts=_facts(proposal), clock=clock)
    return Claimed(fen=fen, status=None)


def consents(database: Database) -> Consents:
    """Every large claim: what waits and what became of the latest others."""
    with database.reading() as tx:
        proposals = claim_store.load_proposals(tx)
        receipts = {item.receipt_id: item for item in receipt_store.load_receipts(tx)}
        riders = {rider.rider_id: rider for rider in register_store.load_riders(tx, include_retired=True)}
        names = {person.user_id: person.name for person in people_store.load_people(tx)}
    shown = [
        ShownProposal(
            proposal=item,
            receipt=receipts[item.receipt_id],
            riders={rider_id: riders[rider_id] for rider_id in item.rider_ids if rider_id in riders},
            proposed_by=names.get(item.proposed_by, item.proposed_by),
            decided_by=names.get(item.decided_by, item.decided_by),
        )
        for item in proposals
    ]
    decided = sorted(
        (item for item in shown if item.proposal.decided_at is not None),
        key=lambda item: (item.proposal.decided_at, item.proposal.proposal_id),
        reverse=True,
    )
    return Consents(
        waiting=tuple(item for item in shown if item.proposal.verdict is None),
        decided=tuple(decided[:DECIDED_SHOWN]),
    )


def approve(database: Database, proposal_id: str, *, clock: Clock, ids: Ids, by: Actor) -> ReceiptStatus:
    """The money is given as proposed, on two names; Refused for the proposer, and where it no longer fits."""
    with database.transaction() as tx:
        proposal = _waiting(tx, proposal_id)
        _refuse_one_person(proposal, by)
        status = claims.give_by_hand(
            tx, proposal.receipt_id, proposal.shares, clock=clock, ids=ids, by=proposal.proposed_by, second=by
        )
        _decide(tx, proposal, Verdict.APPROVED, note="", by=by, clock=clock)
    return status


def reject(database: Database, proposal_id: str, *, note: str, clock: Clock, by: Actor) -> None:
    """The proposal is refused, with the reason; its receipt waits in the queue again."""
    if not note.strip():
        raise InvalidInput("reason_needed")
    with database.transaction() as tx:
        proposal = _waiting(tx, proposal_id)
        _refuse_one_person(proposal, by)
        _decide(tx, proposal, Verdict.REJECTED, note=note.strip(), by=by, clock=clock)


def withdraw(database: Database, proposal_id: str, *, clock: Clock, by: Actor) -> None:
    """The proposer has thought again; the receipt waits in the queue again."""
    with database.transaction() as tx:
        proposal = _waiting(tx, proposal_id)
        if proposal.proposed_by != by.user_id:
            raise Refused("proposal_of_another")
        _decide(tx, proposal, Verdict.WITHDRAWN, note="", by=by, clock=clock)


def _waiting(tx: Transaction, proposal_id: str) -> Proposal:
    proposal = claim_store.load_proposal(tx, proposal_id)
    if proposal.verdict is not None:
        raise Refused("proposal_decided", verdict=proposal.verdict)
    return proposal


def _refuse_one_person(proposal: Proposal, by: Actor) -> None:
    if by.role not in MAY_AGREE:
        raise Refused("not_allowed")
    if by.user_id == proposal.proposed_by:
        raise Refused("proposal_is_own")


def _decide(
    tx: Transaction, proposal: Proposal, verdict: Verdict, *, note: str, by: Actor, clock: Clock
) -> None:
    claim_store.insert_verdict(tx, proposal.proposal_id, verdict, note=note, by=by.user_id, at=clock.now())
    facts = {**_facts(proposal), "proposed_by": proposal.proposed_by, "note": note or None}
    record_act(tx, by, f"claim_{verdict}", proposal.receipt_id, facts=facts, clock=clock)


def _facts(proposal: Proposal) -> dict[str, object]:
    return {"proposal_id": proposal.proposal_id, "fen": proposal.fen, "riders": list(proposal.rider_ids)}
