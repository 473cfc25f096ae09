"""
The log of a run: observations and decisions, appended and read, never changed.

:func:`append` takes a fact once whatever often it is sent. What contradicts the log (the
same number twice, a broken chain) goes to quarantine, where it blocks the run until people
have looked at it; nothing that was sent is ever lost.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import bindparam, exists, func, insert, select, update

from busops.domain.envelope import canonical_json, digest_of, envelope_of, parse_envelope
from busops.domain.errors import NotFound, Refused
from busops.domain.events import Decision, Event, Observation
from busops.domain.run import Phase
from busops.domain.values import RunId
from busops.storage import decision_rows
from busops.storage.database import Transaction
from busops.storage.event_links import Known
from busops.storage.event_tables import QuarantineRow, RunDecisionRow, RunEventRow, holds_open
from busops.storage.prepared import among, asked, insertion, matches, select_rows
from busops.storage.run_tables import RunRow
from busops.storage.upsert import table_of

ANY_PLACE: Final = 2**62  # beyond every place in the log
FACTS_KEPT: Final = 16_384  # read facts that stay in memory, two or three kilobytes each

_LOG: Final = table_of(RunEventRow)
_WRITTEN: Final = insertion(RunEventRow, given="srv", returning=("event_id", "srv"))
_FACTS: Final = (
    select_rows(RunEventRow, "run_id", columns=("raw", "received_ms"))
    .where(_LOG.c.srv > bindparam("after"), _LOG.c.srv <= bindparam("upto"))
    .order_by(_LOG.c.srv)
)
_DECISIONS: Final = select_rows(RunDecisionRow, "run_id").order_by("number")
_WAITING: Final = (
    select_rows(QuarantineRow)
    .where(table_of(QuarantineRow).c.state == "open")
    .order_by("received_ms", "quarantine_id")
)
_WAITING_FOR_RUN: Final = _WAITING.where(holds_open())
_RUN: Final = table_of(RunRow).c
_OVER: Final = (Phase.CLOSED.value, Phase.CANCELLED.value)
_LAST_PLACE: Final = select(func.max(_LOG.c.srv)).where(*matches(RunEventRow))
_IS_LATE: Final = select(
    exists().where(*matches(RunRow), among(_RUN.run_id, "run_ids"), _RUN.phase.in_(_OVER))
)
_LAST_NUMBER: Final = select(func.max(table_of(RunDecisionRow).c.number)).where(*matches(RunDecisionRow))


class Outcome(StrEnum):
    """What became of one event of a batch, in the words of the protocol."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    FORK = "fork"


_IN_LOG: Final = (Outcome.STORED, Outcome.DUPLICATE)


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
    sent = envelope_of(observation) if envelope is None else envelope
    intake = Intake(tx, [observation], received_at=received_at)
    answer = intake.take(observation, sent, raw=canonical_json(sent), quarantine_id=quarantine_id)
    return intake.written([answer])[0]


class Intake:
    """
    Facts of one batch on their way into the log: judged one after another, written together.

    Each is answered as if those before it stood already. What contradicts the log or the batch is in
    quarantine at once; nothing else is stored before :meth:`written`. ``over`` are those of the runs that
    are closed or cancelled, where somebody has asked for it under their locks.
    """

    def __init__(
        self,
        tx: Transaction,
        expected: Iterable[Observation],
        *,
        received_at: datetime,
        over: Collection[RunId] | None = None,
    ) -> None:
        self._tx = tx
        self._received_at = received_at
        self._known = Known(tx, expected)
        self._over = over
        self._waiting: list[tuple[Observation, dict[str, Any]]] = []
        self.stored: tuple[tuple[int, Observation], ...] = ()  # what was written, by its place in the log

    def take(
        self, observation: Observation, sent: Mapping[str, Any], *, raw: str, quarantine_id: str
    ) -> Appended:
        """The answer for one of the events expected; ``raw`` is what was sent in its canonical form."""
        known = self._known.same(observation)
        if known is not None and known.digest == observation.digest:
            return Appended(event_id=observation.event_id, outcome=Outcome.DUPLICATE, srv=known.srv)
        why = "fork" if known is not None else self._known.broken_link(observation)
        if why is not None:
            keep_in_quarantine(
                self._tx,
                raw=raw,
                why=why,
                received_at=self._received_at,
                quarantine_id=quarantine_id,
                claimed=observation,
            )
            outcome = Outcome.FORK if why == "fork" else Outcome.QUARANTINED
            return Appended(event_id=observation.event_id, outcome=outcome, why=why)
        self._known.add(observation)
        received = replace(observation, received_ms=_ms(self._received_at))
        self._waiting.append((received, _event_row(self._tx, received, sent) | {"raw": raw}))
        return Appended(event_id=observation.event_id, outcome=Outcome.STORED)

    def written(self, answers: Sequence[Appended]) -> tuple[Appended, ...]:
        """What was taken stands in the log, in the order it was taken; the answers with its places there."""
        if not self._waiting:
            return tuple(answers)
        # After a close each fact is judged as it stood when it was written, by the guards of PostgreSQL too.
        rows = [row for _, row in self._waiting]
        parts = [[row] for row in rows] if self._is_late() else [rows]
        places = {event_id: srv for part in parts for event_id, srv in _insert(self._tx, part)}
        self.stored = tuple((places[fact.event_id], fact) for fact, _ in self._waiting)
        self._waiting = []
        return tuple(
            replace(each, srv=places.get(each.event_id, each.srv)) if each.outcome in _IN_LOG else each
            for each in answers
        )

    def _is_late(self) -> bool:
        """Whether a fact that waits to be written is of a run that is over."""
        run_ids = {fact.run_id for fact, _ in self._waiting}
        if self._over is not None:
            return not run_ids.isdisjoint(self._over)
        return bool(self._tx.session.scalar(_IS_LATE, asked(self._tx, run_ids=sorted(run_ids))))


def _insert(tx: Transaction, rows: list[dict[str, Any]]) -> Iterable[tuple[str, int]]:
    """The rows stand in the log, in their order; their ids and places."""
    if tx.session.get_bind().dialect.name == "sqlite":  # on PostgreSQL a guard gives the places
        last = tx.session.scalar(_LAST_PLACE, asked(tx)) or 0
        rows = [{**row, "srv": last + place} for place, row in enumerate(rows, start=1)]
    return [(row.event_id, row.srv) for row in _WRITTEN.execute(tx, rows)]


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
    if run_id is None:
        found = tx.session.execute(_WAITING, asked(tx))
    else:
        found = tx.session.execute(_WAITING_FOR_RUN, asked(tx, run_id=run_id))
    return tuple(_quarantined(row) for row in found)


def load_quarantined(tx: Transaction, quarantine_id: str) -> Quarantined:
    """One thing kept apart, settled or not; raises NotFound."""
    row = tx.session.get(QuarantineRow, (tx.school_id, quarantine_id))
    if row is None:
        raise NotFound("no_such_quarantine", quarantine_id=quarantine_id)
    return _quarantined(row)


def _quarantined(row: Any) -> Quarantined:
    return Quarantined(**{each.name: getattr(row, each.name) for each in fields(Quarantined)})


def decide(tx: Transaction, decision: Decision) -> Decision:
    """The decision stands in the log under the next number; the numbered decision."""
    numbered = replace(decision, number=(tx.session.scalar(_LAST_NUMBER, asked(tx)) or 0) + 1)
    tx.session.execute(insert(RunDecisionRow), [decision_rows.row_of(tx.school_id, numbered)])
    return numbered


def load_events(tx: Transaction, run_id: RunId) -> tuple[Event, ...]:
    """Everything observed and decided on a run, in the order the server had it."""
    return (*load_observations(tx, run_id), *load_decisions(tx, run_id))


def load_observations(
    tx: Transaction, run_id: RunId, *, after: int = 0, upto: int = ANY_PLACE
) -> tuple[Observation, ...]:
    """The facts of a run, in the order the server had them; those between two places in the school's log."""
    found = tx.session.execute(_FACTS, asked(tx, run_id=run_id, after=after, upto=upto))
    return tuple(_of_run(_fact(raw, received_ms), run_id) for raw, received_ms in found)


def load_decisions(tx: Transaction, run_id: RunId) -> tuple[Decision, ...]:
    """The decisions on a run, in the order they were taken."""
    found = tx.session.execute(_DECISIONS, asked(tx, run_id=run_id))
    return tuple(decision_rows.decision_of(row) for row in found)


@lru_cache(maxsize=FACTS_KEPT)
def _fact(raw: str, received_ms: int) -> Observation:
    """What this text says; asked again and again of the same facts while a bus is on its way."""
    return replace(parse_envelope(json.loads(raw)), received_ms=received_ms)


def _of_run(fact: Observation, run_id: RunId) -> Observation:
    """The fact as one of this run, which is the one it names but for what two people admitted here."""
    return fact if fact.run_id == run_id else replace(fact, run_id=run_id, told_run_id=fact.run_id)


def _event_row(tx: Transaction, event: Observation, sent: Mapping[str, Any]) -> dict[str, Any]:
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
    }


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
