"""
The log of a run: observations and decisions, appended and read, never changed.

:func:`append` takes a fact once whatever often it is sent. What contradicts the log (the
same number twice, a broken chain) goes to quarantine, where it blocks the run until people
have looked at it; nothing that was sent is ever lost.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import func, insert, select, update

from busops.domain.decision_kinds import DECISIONS
from busops.domain.envelope import canonical_json, digest_of, envelope_of, parse_envelope
from busops.domain.errors import NotFound, Refused
from busops.domain.events import Decision, Event, Observation, StrandedBy, Whereabouts
from busops.domain.findings import Finding
from busops.domain.roster import NotRidingReason
from busops.domain.values import EventId, RunId
from busops.storage.database import Transaction
from busops.storage.event_links import broken_link, known_event
from busops.storage.event_tables import QuarantineRow, RunDecisionRow, RunEventRow, holds_open


class Outcome(StrEnum):
    """What became of one event of a batch, in the words of the protocol."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    FORK = "fork"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """The answer for one event; ``srv`` is its place in the school's log."""

    event_id: str
    outcome: Outcome
    srv: int | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """Something sent that is not (yet) a fact."""

    quarantine_id: str
    dev: int | None
    seq: int | None
    event_id: str | None
    run_id: str | None
    digest: str
    why: str
    raw: str
    received_ms: int
    state: str


def append(
    tx: Transaction,
    observation: Observation,
    *,
    received_at: datetime,
    quarantine_id: str,
    envelope: Mapping[str, Any] | None = None,
) -> Appended:
    """
    The fact stands in the log exactly once, or in quarantine if it contradicts the log.

    The caller has parsed it, knows that its run exists and holds the run's lock.
    ``quarantine_id`` is used only if it has to go there; ``envelope`` is what was sent.
    """
    raw = canonical_json(envelope_of(observation) if envelope is None else envelope)
    known = known_event(tx, observation)
    if known is not None and known.digest == observation.digest:
        return Appended(event_id=observation.event_id, outcome=Outcome.DUPLICATE, srv=known.srv)
    why = "fork" if known is not None else broken_link(tx, observation)
    if why is not None:
        outcome = Outcome.FORK if why == "fork" else Outcome.QUARANTINED
        keep_in_quarantine(
            tx, raw=raw, why=why, received_at=received_at, quarantine_id=quarantine_id, claimed=observation
        )
        return Appended(event_id=observation.event_id, outcome=outcome, why=why)
    received = replace(observation, received_ms=_ms(received_at))
    srv = tx.session.execute(
        insert(RunEventRow).returning(RunEventRow.srv), [_event_row(tx, received, raw)]
    ).scalar_one()
    return Appended(event_id=observation.event_id, outcome=Outcome.STORED, srv=srv)


def keep_in_quarantine(
    tx: Transaction,
    *,
    raw: str,
    why: str,
    received_at: datetime,
    quarantine_id: str,
    claimed: Observation | None = None,
    dev: int | None = None,
    fills_number: bool = True,
) -> Appended:
    """What was sent is kept, once, and waits for two people; sending it again changes nothing."""
    digest = digest_of({"raw": raw})
    event_id = claimed.event_id if claimed else None
    known = tx.session.scalar(
        select(QuarantineRow.why).where(
            QuarantineRow.school_id == tx.school_id, QuarantineRow.digest == digest
        )
    )
    if known is None:
        row = {
            "school_id": tx.school_id,
            "quarantine_id": quarantine_id,
            "dev": claimed.dev if claimed else dev,
            "seq": claimed.seq if claimed and fills_number else None,
            "event_id": event_id,
            "run_id": claimed.run_id if claimed else None,
            "digest": digest,
            "event_digest": claimed.digest if claimed else None,
            "why": why,
            "raw": raw,
            "received_ms": _ms(received_at),
        }
        tx.session.execute(insert(QuarantineRow), [row])
    return Appended(event_id=event_id or "", outcome=Outcome.QUARANTINED, why=why)


def settle_quarantine(
    tx: Transaction, quarantine_id: str, *, state: str, settled_by: str, second: str, note: str
) -> None:
    """Two people have looked at it: admitted (its facts were entered anew) or dismissed, with a note."""
    if settled_by == second:
        raise Refused("same_person", crew_id=second)
    changed = tx.session.execute(
        update(QuarantineRow)
        .where(QuarantineRow.school_id == tx.school_id, QuarantineRow.quarantine_id == quarantine_id)
        .where(QuarantineRow.state == "open")
        .values(state=state, settled_by=settled_by, second_user=second, note=note)
        .returning(QuarantineRow.quarantine_id)
    ).first()
    if changed is None:
        raise NotFound("no_such_quarantine", quarantine_id=quarantine_id)


def load_quarantine(tx: Transaction, run_id: RunId | None = None) -> tuple[Quarantined, ...]:
    """What waits in quarantine, oldest first: what holds one run open, or everything."""
    query = select(QuarantineRow).where(
        QuarantineRow.school_id == tx.school_id, QuarantineRow.state == "open"
    )
    if run_id is not None:
        query = query.where(holds_open(tx.school_id, run_id))
    rows = tx.session.scalars(query.order_by(QuarantineRow.received_ms, QuarantineRow.quarantine_id))
    return tuple(_quarantined(row) for row in rows)


def load_quarantined(tx: Transaction, quarantine_id: str) -> Quarantined:
    """One thing kept apart, settled or not; raises NotFound."""
    row = tx.session.get(QuarantineRow, (tx.school_id, quarantine_id))
    if row is None:
        raise NotFound("no_such_quarantine", quarantine_id=quarantine_id)
    return _quarantined(row)


def _quarantined(row: QuarantineRow) -> Quarantined:
    return Quarantined(**{each.name: getattr(row, each.name) for each in fields(Quarantined)})


def decide(tx: Transaction, decision: Decision) -> Decision:
    """The decision stands in the log under the next number; the numbered decision."""
    numbered = replace(decision, number=_next(tx, RunDecisionRow.number))
    tx.session.execute(insert(RunDecisionRow), [_decision_row(tx, numbered)])
    return numbered


def load_events(tx: Transaction, run_id: RunId) -> tuple[Event, ...]:
    """Everything observed and decided on a run, in the order the server had it."""
    return (*load_observations(tx, run_id), *load_decisions(tx, run_id))


def load_observations(tx: Transaction, run_id: RunId) -> tuple[Observation, ...]:
    """The facts of a run, in the order the server had them."""
    rows = tx.session.execute(
        select(RunEventRow.raw, RunEventRow.received_ms)
        .where(RunEventRow.school_id == tx.school_id, RunEventRow.run_id == run_id)
        .order_by(RunEventRow.srv)
    )
    return tuple(
        replace(parse_envelope(json.loads(raw)), received_ms=received_ms) for raw, received_ms in rows
    )


def load_decisions(tx: Transaction, run_id: RunId) -> tuple[Decision, ...]:
    """The decisions on a run, in the order they were taken."""
    rows = tx.session.scalars(
        select(RunDecisionRow)
        .where(RunDecisionRow.school_id == tx.school_id, RunDecisionRow.run_id == run_id)
        .order_by(RunDecisionRow.number)
    )
    return tuple(_decision(row) for row in rows)


def _event_row(tx: Transaction, event: Observation, raw: str) -> dict[str, Any]:
    sent = json.loads(raw)
    return {
        "school_id": tx.school_id,
        "event_id": event.event_id,
        "run_id": event.run_id,
        "dev": event.dev,
        "seq": event.seq,
        "prev": event.prev,
        "digest": event.digest,
        "kind": event.kind.value,
        "rider_id": sent["rider"],
        "stop_id": sent["stop"],
        "other_run_id": getattr(event, "other_run_id", None),
        "n": sent["n"],
        "refs": sent["refs"],
        "codes": sent["codes"],
        "reason": sent["reason"],
        "crew_id": event.by,
        "roster_v": event.roster_v,
        "boot": event.boot,
        "mono_ms": event.mono_ms,
        "wall_ms": event.wall_ms,
        "lo_ms": event.lo_ms,
        "hi_ms": event.hi_ms,
        "received_ms": event.received_ms,
        "srv": _next(tx, RunEventRow.srv),
        "raw": raw,
    }


def _next(tx: Transaction, number: Any) -> int:
    """The number after the highest; PostgreSQL's guard puts a sequence's in its place."""
    table = number.class_
    return (tx.session.scalar(select(func.max(number)).where(table.school_id == tx.school_id)) or 0) + 1


_IN_COLUMNS: Final = frozenset({"rider_id", "says", "covers", "dev", "upto_seq", "checked_by"})
_COMMON: Final = frozenset(each.name for each in fields(Decision))


def _decision_row(tx: Transaction, decision: Decision) -> dict[str, Any]:
    own = {each.name: getattr(decision, each.name) for each in fields(decision) if each.name not in _COMMON}
    return {
        "school_id": tx.school_id,
        "decision_id": decision.decision_id,
        "run_id": decision.run_id,
        "number": decision.number,
        "kind": decision.kind,
        "made_ms": decision.made_ms,
        "by_user": decision.by,
        "second_user": decision.second,
        "reason": decision.reason,
        "rider_id": own.get("rider_id"),
        "says": own["says"].value if "says" in own else None,
        "covers": sorted(own.get("covers", ())),
        "dev": own.get("dev"),
        "upto_seq": own.get("upto_seq"),
        "checked_by": own.get("checked_by"),
        "body": {name: _storable(value) for name, value in own.items() if name not in _IN_COLUMNS},
    }


def _decision(row: RunDecisionRow) -> Decision:
    kind = DECISIONS[row.kind]
    own: dict[str, Any] = dict(row.body)
    names = {each.name for each in fields(kind)} - _COMMON
    own |= {name: getattr(row, name) for name in names & _IN_COLUMNS}
    if "covers" in names:
        own["covers"] = frozenset(EventId(event_id) for event_id in row.covers)
        own["says"] = Whereabouts(row.says or "")
        own["absence"] = NotRidingReason(own["absence"]) if own.get("absence") else None
    for name in names & {"attendant_ids", "removed", "rider_ids"}:
        own[name] = tuple(own.get(name, ()))
    if "cause" in names:
        own["cause"] = StrandedBy(own["cause"])
    if "papers" in names:
        own["papers"] = tuple(Finding(**each) for each in own["papers"])
    return kind(
        decision_id=row.decision_id,
        run_id=RunId(row.run_id),
        made_ms=row.made_ms,
        by=row.by_user,
        second=row.second_user,
        reason=row.reason,
        number=row.number,
        **own,
    )


def _storable(value: Any) -> Any:
    """A decision's own value as JSON takes it; the findings it carries with days as text."""
    if isinstance(value, tuple) and all(isinstance(each, Finding) for each in value):
        return [
            {
                "code": each.code,
                "place": each.place,
                "facts": {
                    name: fact if isinstance(fact, int) else str(fact) for name, fact in each.facts.items()
                },
            }
            for each in value
        ]
    return value


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
