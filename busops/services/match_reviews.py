"""
Reviews of matches that convinced by little (T3, T4): a fixed sample of them is looked at by a person.

Which are in the sample follows from their ids, so that nobody chooses. The school's rules (the sum
from which two people agree, the size of the sample) are changed by the supervisor, with a reason.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from busops.domain.errors import Conflict, InvalidInput, Refused
from busops.domain.people import Actor
from busops.domain.roster import Rider
from busops.domain.values import Clock, Ids
from busops.finance.matching import ReceiptStatus, Tier
from busops.finance.statement import ReceiptRecord
from busops.services import claims
from busops.services.acting import record_act
from busops.storage import match_store, receipt_store, register_store
from busops.storage.database import Database, Transaction
from busops.storage.match_store import MatchPolicy

REVIEWED: Final = frozenset({Tier.T3, Tier.T4})
MOST_TWO_PEOPLE_FEN: Final = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """A match to look at, and the riders who got the money."""

    receipt: ReceiptRecord
    riders: tuple[Rider, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviews:
    """What waits for a look, and what the looks so far found."""

    waiting: tuple[Sampled, ...]
    right: int
    wrong: int
    policy: MatchPolicy


def reviews(database: Database) -> Reviews:
    """The sample as it stands, the oldest payment first."""
    with database.reading() as tx:
        policy = match_store.load_policy(tx)
        seen = match_store.load_reviews(tx)
        waiting = [one for one in _sample(tx, policy) if one.receipt_id not in seen]
        riders = {rider.rider_id: rider for rider in register_store.load_riders(tx, include_retired=True)}
    return Reviews(
        waiting=tuple(
            Sampled(
                receipt=receipt,
                riders=tuple(
                    riders[rider_id]
                    for rider_id in dict.fromkeys(share.rider_id for share in receipt.shares)
                    if rider_id in riders
                ),
            )
            for receipt in waiting
        ),
        right=sum(seen.values()),
        wrong=len(seen) - sum(seen.values()),
        policy=policy,
    )


def review(database: Database, receipt_id: str, *, is_right: bool, by: Actor, clock: Clock, ids: Ids) -> None:
    """The match was looked at; a wrong one is taken back. Refused when it is not in the sample any more."""
    with database.transaction() as tx:
        sample = {one.receipt_id: one for one in _sample(tx, match_store.load_policy(tx))}
        if receipt_id not in sample or receipt_id in match_store.load_reviews(tx):
            raise Refused("match_not_sampled", receipt_id=receipt_id)
        tier = sample[receipt_id].tier
        match_store.insert_review(tx, receipt_id, is_right=is_right, tier=tier, by=by.user_id, at=clock.now())
        record_act(tx, by, "match_reviewed", receipt_id, facts={"right": is_right, "tier": tier}, clock=clock)
        if not is_right:
            claims.undo(tx, receipt_id, clock=clock, ids=ids, by=by)


def change_policy(database: Database, policy: MatchPolicy, *, reason: str, by: Actor, clock: Clock) -> None:
    """The rules hold from now on, in the audit with what they were; InvalidInput where they cannot."""
    if not reason.strip():
        raise InvalidInput("reason_needed")
    if not 0 < policy.two_people_from_fen <= MOST_TWO_PEOPLE_FEN:
        raise InvalidInput("match_limit_bounds", most_fen=MOST_TWO_PEOPLE_FEN)
    if not 1 <= policy.reviewed_percent <= 100:  # noqa: PLR2004 - per cent
        raise InvalidInput("match_percent_bounds")
    with database.transaction() as tx:
        before = match_store.load_policy(tx)
        if before == policy:
            raise Conflict("match_policy_same")
        number = match_store.insert_policy(tx, policy, reason=reason.strip(), by=by.user_id, at=clock.now())
        facts = {
            "reason": reason.strip(),
            "fen": [before.two_people_from_fen, policy.two_people_from_fen],
            "percent": [before.reviewed_percent, policy.reviewed_percent],
        }
        record_act(tx, by, "match_policy_changed", str(number), facts=facts, clock=clock)


def _sample(tx: Transaction, policy: MatchPolicy) -> tuple[ReceiptRecord, ...]:
    return tuple(
        receipt
        for receipt in receipt_store.load_receipts(tx, [ReceiptStatus.MATCHED])
        if receipt.tier in REVIEWED and not receipt.is_by_hand and _is_drawn(receipt.receipt_id, policy)
    )


def _is_drawn(receipt_id: str, policy: MatchPolicy) -> bool:
    return hashlib.sha256(receipt_id.encode()).digest()[0] * 100 < policy.reviewed_percent * 256
