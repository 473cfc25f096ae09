"""
Large costs: proposed by one person, agreed to or refused by another, never by the same.

Nothing is booked before the second word, and everything is looked at again when it is given.
"""

from dataclasses import dataclass

from busops.domain.errors import InvalidInput, Refused
from busops.domain.people import Actor
from busops.domain.values import Clock, Ids
from busops.finance.costs import DECIDERS
from busops.services import costs
from busops.services.acting import record_act
from busops.services.cost_booking import NewCost, book, key_of
from busops.storage import cost_document_store, cost_proposal_store, cost_store, people_store
from busops.storage.cost_proposal_store import CostProposal, CostWord
from busops.storage.database import Database, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingCosts:
    """What waits, oldest first, how many papers each has, and people's names."""

    waiting: tuple[CostProposal, ...]
    papers: dict[str, int]
    names: dict[str, str]


def waiting(database: Database) -> WaitingCosts:
    """The costs that wait for a second person."""
    with database.reading() as tx:
        proposals = cost_proposal_store.load_proposals(tx)
        return WaitingCosts(
            waiting=tuple(item for item in proposals if item.word is None),
            papers=cost_document_store.count_documents(tx),
            names={person.user_id: person.name for person in people_store.load_people(tx)},
        )


def agree(database: Database, cost_id: str, *, clock: Clock, ids: Ids, by: Actor) -> None:
    """The cost is booked on two names; Refused for the proposer, and where it no longer fits."""
    with database.transaction() as tx:
        proposal = _waiting(tx, cost_id)
        _refuse_one_person(proposal, by)
        for known in (proposal.reverses, proposal.replaces):
            if known is not None and cost_store.undone_by(tx, known) is not None:
                raise Refused("cost_taken_back", cost_id=known)
        _say(tx, proposal, CostWord.APPROVED, note="", clock=clock, by=by)
        cost = NewCost(
            cost_id=cost_id,
            key=key_of("undone", proposal.reverses) if proposal.reverses else key_of("entered", cost_id),
            line=proposal.line,
            reverses=proposal.reverses,
            replaces=proposal.replaces,
        )
        estimate = None if proposal.replaces is None else cost_store.load_cost(tx, proposal.replaces)
        entry = costs.entry_of(cost, estimate, ids)
        book(tx, entry, clock=clock, ids=ids, by=proposal.made_by, approved_by=by.user_id)


def refuse(database: Database, cost_id: str, *, note: str, clock: Clock, by: Actor) -> None:
    """The cost is not booked; the reason stays on record."""
    if not note.strip():
        raise InvalidInput("reason_needed")
    with database.transaction() as tx:
        proposal = _waiting(tx, cost_id)
        _refuse_one_person(proposal, by)
        _say(tx, proposal, CostWord.REFUSED, note=note.strip(), clock=clock, by=by)


def withdraw(database: Database, cost_id: str, *, clock: Clock, by: Actor) -> None:
    """The proposer has thought again."""
    with database.transaction() as tx:
        proposal = _waiting(tx, cost_id)
        if proposal.made_by != by.user_id:
            raise Refused("proposal_of_another")
        _say(tx, proposal, CostWord.WITHDRAWN, note="", clock=clock, by=by)


def _waiting(tx: Transaction, cost_id: str) -> CostProposal:
    proposal = cost_proposal_store.load_proposal(tx, cost_id)
    if proposal.word is not None:
        raise Refused("cost_decided", cost_id=cost_id)
    return proposal


def _refuse_one_person(proposal: CostProposal, by: Actor) -> None:
    if by.role not in DECIDERS:
        raise Refused("not_allowed")
    if by.user_id == proposal.made_by:
        raise Refused("proposal_is_own")


def _say(
    tx: Transaction, proposal: CostProposal, word: CostWord, *, note: str, clock: Clock, by: Actor
) -> None:
    cost_proposal_store.insert_word(tx, proposal.cost_id, word, note=note, by=by.user_id, at=clock.now())
    facts = {"code": proposal.line.code, "fen": proposal.line.fen, "proposed_by": proposal.made_by}
    act = f"cost_{word.lower()}"
    record_act(tx, by, act, proposal.cost_id, facts={**facts, "note": note or None}, clock=clock)
