"""
What each fact that came after a close did to it, and the addendum that two people of two roles sign.

The database writes down every late movement beside the closure, whatever it says. Here it is told
whether it says anything new: a closure that only heard again what it knew is not amended.
"""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from busops.domain.envelope import canonical_json
from busops.domain.errors import Refused
from busops.domain.kept_apart import known_since_ms
from busops.domain.late import Late, classify
from busops.domain.people import Actor
from busops.domain.run import Phase, fold
from busops.domain.values import Clock, EventId, RunId
from busops.services.acting import record_act
from busops.storage import amendment_store, closure_store, event_store, held_events, run_store
from busops.storage.amendment_store import Amendment
from busops.storage.database import Database, Transaction

if TYPE_CHECKING:
    from busops.domain.events import Observation

SIGNED = frozenset({Late.AMENDS, Late.INCIDENT})


def classes_of(tx: Transaction, run_id: RunId) -> Mapping[EventId, Late]:
    """What each late fact beside the run's closures did, by its event."""
    late = {each.event_id for each in closure_store.load_addenda(tx, run_id)}
    if not late:
        return {}
    plan = run_store.load_run_plan(tx, run_id)
    decided = event_store.load_decisions(tx, run_id)
    observed = event_store.load_observations(tx, run_id)
    holdings = held_events.holdings(tx, plan, observed)
    had: list[Observation] = []
    classes: dict[EventId, Late] = {}
    for event in observed:
        if event.event_id in late:
            then = [each for each in decided if each.made_ms <= known_since_ms(event, decided)]
            before = fold(plan, (*had, *then), holdings)
            classes[event.event_id] = classify(event, before, fold(plan, (*had, event, *then), holdings))
        had.append(event)
    return classes


def keep_integrity(tx: Transaction, run_id: RunId) -> None:
    """A closed run is amended only when a fact after its last closure says something else."""
    summary = run_store.load_summary(tx, run_id)
    if summary.phase is not Phase.CLOSED or summary.integrity != "amended":
        return
    own = {each.event_id for each in _addenda(tx, run_id, summary.closure_v)}
    if not any(late in SIGNED for event_id, late in classes_of(tx, run_id).items() if event_id in own):
        amendment_store.mark_consistent(tx, run_id)


def sign_amendment(
    database: Database, run_id: RunId, *, by: Actor, second: Actor, note: str, clock: Clock
) -> Amendment:
    """
    Two people of two roles have read what the late facts say; the addendum stands under the next number.

    Refused when nothing waits for it, or when they are one person or of one role.
    """
    if by.user_id == second.user_id or by.role is second.role:
        raise Refused("amendment_two_roles", run_id=run_id)
    with database.transaction() as tx:
        run_store.lock_runs(tx, [run_id])
        summary = run_store.load_summary(tx, run_id)
        waiting = unsigned(tx, run_id)
        if summary.closure_v is None or not waiting:
            raise Refused("amendment_nothing_late", run_id=run_id)
        known = amendment_store.load_amendments(tx, run_id)
        amendment = Amendment(
            run_id=run_id,
            version=summary.closure_v,
            number=1 + sum(each.version == summary.closure_v for each in known),
            event_ids=waiting,
            digest=hashlib.sha256(canonical_json({"events": list(waiting)}).encode()).hexdigest(),
            note=note.strip(),
            signed_by=by.user_id,
            signed_role=by.role,
            second_by=second.user_id,
            second_role=second.role,
            made_at=clock.now(),
        )
        amendment_store.insert_amendment(tx, amendment)
        facts = {"version": amendment.version, "number": amendment.number, "second": second.user_id}
        record_act(tx, by, "run_amended", run_id, facts={**facts, "note": note.strip()}, clock=clock)
    return amendment


def unsigned(tx: Transaction, run_id: RunId) -> tuple[EventId, ...]:
    """The facts after the last closure that amend it and that nobody has signed, in order of receipt."""
    summary = run_store.load_summary(tx, run_id)
    if summary.phase is not Phase.CLOSED:
        return ()
    known = amendment_store.load_amendments(tx, run_id)
    signed = {event_id for each in known for event_id in each.event_ids}
    classes = classes_of(tx, run_id)
    own = _addenda(tx, run_id, summary.closure_v)
    return tuple(
        each.event_id for each in own if classes[each.event_id] in SIGNED and each.event_id not in signed
    )


def _addenda(tx: Transaction, run_id: RunId, version: int | None) -> tuple[closure_store.Addendum, ...]:
    return tuple(each for each in closure_store.load_addenda(tx, run_id) if each.version == version)
