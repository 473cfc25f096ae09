"""
What was kept apart, and two people who say that it is true all the same: it becomes a fact as it was sent.

A tablet that was given up, or somebody who had not signed in on it, may have seen what nobody
else did. What contradicts the log itself is never admitted: that can only be dismissed.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from busops.domain.envelope import parse_envelope
from busops.domain.errors import InvalidInput, Refused
from busops.domain.events import Departed, Observation
from busops.domain.values import Clock, Ids, RunId
from busops.services.acting import By, record_act, user_of
from busops.services.departure_papers import keep_forbidden
from busops.services.run_deciding import lock, need_text, need_two
from busops.services.run_state import facts_arrived
from busops.storage import bound_devices, event_store
from busops.storage.database import Database
from busops.storage.event_store import Outcome, Quarantined

# Why something true may have been kept apart; a fork, a broken chain or no envelope is none of these.
ADMISSIBLE: Final = frozenset({"device_not_trusted", "person_not_on_device", "unknown_run"})


def admit_quarantine(
    database: Database,
    run_id: RunId,
    quarantine_id: str,
    *,
    by: By,
    second: By,
    note: str,
    clock: Clock,
    ids: Ids,
) -> None:
    """Two people have made sure that it happened: it stands in the run's log, received when it came."""
    need_text(note)
    need_two(by, second)
    with database.transaction() as tx:
        lock(tx, run_id)
        kept = event_store.load_quarantined(tx, quarantine_id)
        raw = _sent(kept)
        observation = _fact(kept, raw, run_id)
        received_at = datetime.fromtimestamp(kept.received_ms / 1000, UTC)
        appended = event_store.append(
            tx, observation, received_at=received_at, quarantine_id=ids.new(), envelope=raw
        )
        if appended.outcome not in (Outcome.STORED, Outcome.DUPLICATE):
            raise Refused("quarantine_contradicts", run_id=run_id)
        people = {"settled_by": user_of(by), "second": user_of(second), "note": note}
        event_store.settle_quarantine(tx, quarantine_id, state="admitted", **people)
        bound_devices.bind_device(tx, run_id, observation.dev)
        if isinstance(observation, Departed):
            keep_forbidden(tx, run_id, [observation], clock=clock, ids=ids)
        facts_arrived(tx, run_id, clock=clock, ids=ids)
        facts = {"note": note, "event_id": observation.event_id, "second": user_of(second)}
        record_act(tx, by, "quarantine_admitted", run_id, facts=facts, clock=clock)


def _sent(kept: Quarantined) -> Mapping[str, Any]:
    try:
        raw = json.loads(kept.raw)
    except ValueError:
        raise Refused("quarantine_not_admissible", why=kept.why) from None
    if kept.why not in ADMISSIBLE or kept.state != "open" or not isinstance(raw, Mapping):
        raise Refused("quarantine_not_admissible", why=kept.why)
    return raw


def _fact(kept: Quarantined, raw: Mapping[str, Any], run_id: RunId) -> Observation:
    """The envelope as a fact of this run; what names another run is that one's to admit."""
    try:
        observation = parse_envelope(raw)
    except InvalidInput:
        raise Refused("quarantine_not_admissible", why=kept.why) from None
    if observation.run_id != run_id or kept.event_id is None:
        raise Refused("quarantine_not_admissible", why=kept.why)
    return observation
