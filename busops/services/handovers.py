"""
Hand-overs as the office prepares them: one-time codes, and what a tablet must know to hand a rider over.

A code is six digits for one rider on one run, told once and kept as a slow salted proof. Six digits
do not withstand somebody who takes a tablet apart; they hold for the hours of one run, five tries a
tablet, and open nothing but that one record.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from busops.domain.errors import Refused
from busops.domain.events import Decision
from busops.domain.findings import Finding
from busops.domain.manifest_changes import run_over
from busops.domain.roster import Rider
from busops.domain.run import RunState
from busops.domain.run_plan import RunPlan
from busops.domain.stop_changes import StopChanged, standing_changes
from busops.domain.values import Clock, Direction, Ids, RiderId, RunId, school_date
from busops.services.acting import By, record_act, user_of
from busops.services.hand_over_calls import handed_of
from busops.services.run_deciding import decide, lock
from busops.services.run_state import state_of
from busops.storage import event_store, handover_store
from busops.storage.database import Database, Transaction
from busops.storage.handover_store import PickupCode

DIGITS: Final = 6
ROUNDS: Final = 600_000  # what a tablet counts in about a second
SALT_BYTES: Final = 16
KEPT: Final = timedelta(days=1)  # after the day of the run


def issue_code(database: Database, run_id: RunId, rider_id: RiderId, *, by: By, clock: Clock) -> str:
    """
    A new code for the rider on this run, told once; the one before opens nothing any more.

    Refused for a rider who is not on the manifest, on the way to school, and when the run is over.
    """
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    salt = secrets.token_bytes(SALT_BYTES)
    proof = proof_of(code, salt, ROUNDS)
    now = clock.now()
    with database.transaction() as tx:
        lock(tx, run_id)
        if reasons := _against_code(state_of(tx, run_id), rider_id):
            raise Refused("pickup_code_refused", reasons=reasons, run_id=run_id)
        handover_store.forget_codes(tx, school_date(now - KEPT))
        made = PickupCode(
            rider_id=rider_id,
            salt=salt.hex(),
            rounds=ROUNDS,
            proof=proof,
            made_by=user_of(by),
            made_at=now,
        )
        handover_store.replace_code(tx, run_id, made)
        record_act(tx, by, "pickup_code_given", run_id, facts={"rider_id": rider_id}, clock=clock)
    return code


def carry_over(
    tx: Transaction, old: RunId, new: RunId, *, by: By, reason: str, clock: Clock, ids: Ids
) -> None:
    """What was prepared for a run holds for the one that takes its place, under the same numbers."""
    carry_codes(tx, old, new, {code.rider_id for code in handover_store.load_codes(tx, old)})
    for each in standing_changes(event_store.load_decisions(tx, old)):
        own = {name: getattr(each, name) for name in ("rider_id", "stop_id", "change_no", "asked_by")}
        decide(tx, StopChanged, new, by=by, reason=reason, clock=clock, ids=ids, **own)


def carry_codes(tx: Transaction, old: RunId, new: RunId, rider_ids: Collection[RiderId]) -> None:
    """The one-time codes of these riders hold on the run whose bus takes them."""
    for code in handover_store.load_codes(tx, old):
        if code.rider_id in rider_ids:
            handover_store.replace_code(tx, new, code)


def proof_of(code: str, salt: bytes, rounds: int) -> str:
    """What is kept of a code, in hex: PBKDF2 with SHA-256, as the tablet's own cryptography makes it."""
    return hashlib.pbkdf2_hmac("sha256", code.encode(), salt, rounds).hex()


def is_code(kept: PickupCode | None, typed: str) -> bool:
    """Whether these digits are the code of which ``kept`` is the proof."""
    if kept is None:
        return False
    return hmac.compare_digest(proof_of(typed, bytes.fromhex(kept.salt), kept.rounds), kept.proof)


def codes_of(database: Database, run_id: RunId) -> frozenset[RiderId]:
    """The riders of a run for whom a code was given."""
    with database.reading() as tx:
        return frozenset(code.rider_id for code in handover_store.load_codes(tx, run_id))


def aside_of(tx: Transaction, run_id: RunId, decided: Iterable[Decision]) -> str:
    """A mark that differs as soon as a code or a change of the run does: tablets fetch their pack anew."""
    codes = [(code.rider_id, code.salt) for code in handover_store.load_codes(tx, run_id)]
    changes = [(each.change_no, each.rider_id, each.stop_id) for each in standing_changes(decided)]
    return hashlib.sha256(repr((codes, changes)).encode()).hexdigest()[:12]


def for_tablet(
    tx: Transaction, plan: RunPlan, riders: Mapping[RiderId, Rider], decided: Iterable[Decision]
) -> dict[str, Any]:
    """
    What the pack says beside the manifest: hand-overs by rider, changes that hold, their mark.

    Of a person the name and what he is to the rider; no telephone leaves the register for a tablet.
    """
    decided = tuple(decided)
    codes = {code.rider_id: code for code in handover_store.load_codes(tx, plan.run_id)}
    known = {rider_id: riders.get(rider_id) for rider_id in sorted(handed_of(tx, plan))}
    return {
        "handover": {rider_id: _handover(rider, codes.get(rider_id)) for rider_id, rider in known.items()},
        "changes": [
            {"no": each.change_no, "rider": each.rider_id, "stop": each.stop_id}
            for each in standing_changes(decided)
        ],
        "aside": aside_of(tx, plan.run_id, decided),
    }


def _handover(rider: Rider | None, code: PickupCode | None) -> dict[str, Any]:
    persons = rider.persons if rider else ()
    return {
        "persons": [{"no": one.no, "name": one.name, "relation": one.relation} for one in persons],
        "code": {"salt": code.salt, "rounds": code.rounds, "proof": code.proof} if code else None,
    }


def _against_code(state: RunState, rider_id: RiderId) -> tuple[Finding, ...]:
    reasons = list(run_over(state))
    if rider_id not in state.plan.riders:
        reasons.append(Finding(code="rider_not_on_manifest", place=rider_id, facts={"rider_id": rider_id}))
    if state.plan.direction is not Direction.HOMEWARD:
        reasons.append(Finding(code="homeward_only"))
    return tuple(reasons)
