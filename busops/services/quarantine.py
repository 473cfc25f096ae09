"""
What was kept apart, and two people who say that it is true all the same: it becomes a fact as it was sent.

A tablet that was given up, or somebody who had not signed in on it, may have seen what nobody
else did; it may even have named the wrong run. What contradicts the log itself is never admitted:
that can only be dismissed.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from busops.domain.envelope import parse_envelope
from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.events import Departed, Observation
from busops.domain.findings import Finding
from busops.domain.kept_apart import ADMISSIBLE, Admitted, reasons_not_to_admit
from busops.domain.values import Clock, Ids, RunId
from busops.services.acting import By, record_act, user_of
from busops.services.departure_papers import keep_forbidden
from busops.services.run_deciding import need_text, need_two
from busops.services.run_state import facts_arrived
from busops.storage import bound_devices, event_store, run_store
from busops.storage.database import Database, Transaction
from busops.storage.event_store import Outcome, Quarantined


def reasons_against_admitting(
    tx: Transaction, run_id: RunId, quarantine_ids: Collection[str]
) -> tuple[Finding, ...]:
    """Why what was kept apart cannot be a fact of this run; Refused where it may be no fact at all."""
    chosen = (event_store.load_quarantined(tx, each) for each in quarantine_ids)
    return tuple(reason for kept in chosen for reason in reasons_not_to_admit(_told(kept), run_id))


def lock_concerned(tx: Transaction, run_id: RunId, quarantine_ids: Collection[str]) -> frozenset[RunId]:
    """Nothing changes about the run nor about those that the records name; which of them there are."""
    chosen = (event_store.load_quarantined(tx, each) for each in quarantine_ids)
    known = run_store.lock_runs(tx, [run_id, *(RunId(kept.run_id) for kept in chosen if kept.run_id)])
    if run_id not in known:
        raise NotFound("no_such_run", run_id=run_id)
    return frozenset(known)


def admit_quarantine(
    tx: Transaction,
    run_id: RunId,
    quarantine_ids: Collection[str],
    *,
    by: By,
    second: By,
    note: str,
    clock: Clock,
    ids: Ids,
) -> None:
    """
    Two people have made sure that all of it happened on this run, whichever run it names.

    Each has said so in a session of his own (``overrides.py``); the runs are locked. It stands in the
    run's log as it was sent, received when it came; a decision says who took it in. Refused, and
    nothing is taken in, when one of them cannot be a fact of this run.
    """
    known = lock_concerned(tx, run_id, quarantine_ids)
    chosen = [event_store.load_quarantined(tx, each) for each in quarantine_ids]
    here: dict[str, Any] = {"by": by, "second": second, "note": note, "clock": clock, "ids": ids}
    left = []
    for kept in sorted(chosen, key=lambda each: (each.dev or 0, each.seq or 0)):
        fact = _admit(tx, run_id, kept, **here)
        left += [fact] if isinstance(fact, Departed) else []
    if left:
        keep_forbidden(tx, run_id, left, clock=clock, ids=ids)
    for each in sorted({run_id, *(RunId(kept.run_id) for kept in chosen if kept.run_id)} & known):
        facts_arrived(tx, each, clock=clock, ids=ids)


def settle_quarantine(
    database: Database, *quarantine_ids: str, by: By, second: By, note: str, clock: Clock, ids: Ids
) -> None:
    """Two people have looked at what was sent and dismissed it as a fact, with a note."""
    need_text(note)
    need_two(by, second)
    if not quarantine_ids:
        raise InvalidInput("quarantine_none_chosen")
    people = {"settled_by": user_of(by), "second": user_of(second), "note": note}
    with database.transaction() as tx:
        for each in quarantine_ids:
            event_store.settle_quarantine(tx, each, state="dismissed", **people)
            record_act(tx, by, "quarantine_settled", each, facts={"note": note}, clock=clock)


def sent_event(kept: Quarantined) -> Observation | None:
    """What was sent, where it is an event at all; it names the run that it names."""
    try:
        raw = json.loads(kept.raw)
        return parse_envelope(raw) if isinstance(raw, Mapping) else None
    except (ValueError, InvalidInput):
        return None


def _admit(
    tx: Transaction,
    run_id: RunId,
    kept: Quarantined,
    *,
    by: By,
    second: By,
    note: str,
    clock: Clock,
    ids: Ids,
) -> Observation:
    """One of them stands in the run's log, after the decision that takes it in."""
    told = _told(kept)
    if reasons := reasons_not_to_admit(told, run_id):
        raise Refused("quarantine_not_of_this_run", reasons=reasons, run_id=run_id)
    fact = told if told.run_id == run_id else replace(told, run_id=run_id, told_run_id=told.run_id)
    decision = Admitted(
        decision_id=ids.new(),
        run_id=run_id,
        made_ms=round(clock.now().timestamp() * 1000),
        by=user_of(by),
        second=user_of(second),
        reason=note,
        event_id=told.event_id,
        told_run_id=told.run_id,
    )
    event_store.decide(tx, decision)
    appended = event_store.append(
        tx,
        fact,
        received_at=datetime.fromtimestamp(kept.received_ms / 1000, UTC),
        quarantine_id=ids.new(),
        envelope=json.loads(kept.raw),
    )
    stands = (Outcome.STORED, Outcome.DUPLICATE) if fact is told else (Outcome.STORED,)
    if appended.outcome not in stands:
        raise Refused("quarantine_contradicts", run_id=run_id)
    people = {"settled_by": user_of(by), "second": user_of(second), "note": note}
    event_store.settle_quarantine(tx, kept.quarantine_id, state="admitted", **people)
    bound_devices.bind_device(tx, run_id, fact.dev)
    facts = {"note": note, "event_id": fact.event_id, "second": user_of(second)}
    facts |= {"told_run_id": told.run_id} if fact is not told else {}
    record_act(tx, by, "quarantine_admitted", run_id, facts=facts, clock=clock)
    return fact


def _told(kept: Quarantined) -> Observation:
    """The event that was sent, as its tablet meant it; Refused where it may be no fact."""
    event = sent_event(kept)
    if event is None or kept.why not in ADMISSIBLE or kept.state != "open" or kept.event_id is None:
        raise Refused("quarantine_not_admissible", why=kept.why)
    return event
