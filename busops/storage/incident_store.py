"""
Incidents of runs, and what was said of each. Append-only, both.

That two people disposed of one stands in the run's log (a finding settled); here stand when it
opened, whom somebody told first, and by which fact it fell away.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.incidents import Incident, IncidentKind, IncidentSeverity
from busops.domain.values import RunId
from busops.storage.database import Base, Transaction
from busops.storage.prepared import among, asked, select_rows
from busops.storage.upsert import table_of

REPORTED, AUTHORITY, WITHDRAWN = "reported", "authority", "withdrawn"
_KINDS = ", ".join(f"'{kind}'" for kind in IncidentKind)
_SEVERITIES = ", ".join(f"'{severity}'" for severity in IncidentSeverity)


class IncidentRow(Base):
    __tablename__ = "incident"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "run_id"], ["run.school_id", "run.run_id"]),
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        CheckConstraint(f"severity IN ({_SEVERITIES})", name="severity"),
        Index("ix_incident_run", "school_id", "run_id"),
    )

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    incident_id: Mapped[str] = mapped_column(String, primary_key=True)
    run_id: Mapped[str] = mapped_column(String)
    kind: Mapped[str] = mapped_column(String)
    severity: Mapped[str] = mapped_column(String)
    finding_key: Mapped[str] = mapped_column(String)
    opened_ms: Mapped[int] = mapped_column(BigInteger)


class IncidentWordRow(Base):
    """Somebody was told of it, or the fact ``event_id`` took away what it rested on."""

    __tablename__ = "incident_word"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "incident_id"], ["incident.school_id", "incident.incident_id"]),
        ForeignKeyConstraint(["school_id", "event_id"], ["run_event.school_id", "run_event.event_id"]),
        CheckConstraint("word IN ('reported', 'authority', 'withdrawn')", name="word"),
        CheckConstraint("word = 'withdrawn' OR (told <> '' AND by_user <> '')", name="told"),
        CheckConstraint("(word = 'withdrawn') = (event_id IS NOT NULL)", name="evidence"),
    )

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    incident_id: Mapped[str] = mapped_column(String, primary_key=True)
    word: Mapped[str] = mapped_column(String, primary_key=True)
    made_ms: Mapped[int] = mapped_column(BigInteger)
    by_user: Mapped[str] = mapped_column(String)
    told: Mapped[str] = mapped_column(Text)
    event_id: Mapped[str | None] = mapped_column(String)


_INCIDENTS: Final = (
    select_rows(IncidentRow)
    .where(among(table_of(IncidentRow).c.run_id, "run_ids"))
    .order_by("opened_ms", "incident_id")
)
_WORDS: Final = select_rows(IncidentWordRow).where(
    among(table_of(IncidentWordRow).c.incident_id, "incident_ids")
)


def insert_incident(tx: Transaction, incident: Incident) -> None:
    """The incident is open."""
    row = {
        "school_id": tx.school_id,
        "incident_id": incident.incident_id,
        "run_id": incident.run_id,
        "kind": incident.kind.value,
        "severity": incident.severity.value,
        "finding_key": incident.finding_key,
        "opened_ms": incident.opened_ms,
    }
    tx.session.execute(insert(IncidentRow), [row])


def say_reported(tx: Transaction, incident_id: str, *, by: str, told: str, at_ms: int) -> None:
    """Somebody was told of it."""
    own = {"made_ms": at_ms, "by_user": by, "told": told, "event_id": None}
    _say(tx, incident_id, REPORTED, own)


def say_authority(tx: Transaction, incident_id: str, *, by: str, told: str, at_ms: int) -> None:
    """The authorities know, or it is written down why they need not."""
    own = {"made_ms": at_ms, "by_user": by, "told": told, "event_id": None}
    _say(tx, incident_id, AUTHORITY, own)


def say_withdrawn(tx: Transaction, incident_id: str, *, by: str, event_id: str, at_ms: int) -> None:
    """After this fact it rests on nothing any more."""
    own = {"made_ms": at_ms, "by_user": by, "told": "", "event_id": event_id}
    _say(tx, incident_id, WITHDRAWN, own)


def load_incidents(tx: Transaction, run_id: RunId) -> tuple[Incident, ...]:
    """The incidents of a run, the first first."""
    return incidents_of(tx, (run_id,)).get(run_id, ())


def incidents_of(tx: Transaction, run_ids: Collection[RunId]) -> dict[RunId, tuple[Incident, ...]]:
    """The incidents of these runs, by run, the first first."""
    rows = tx.session.execute(_INCIDENTS, asked(tx, run_ids=sorted(run_ids))).all() if run_ids else ()
    if not rows:
        return {}
    said = tx.session.execute(_WORDS, asked(tx, incident_ids=[row.incident_id for row in rows]))
    words = {(word.incident_id, word.word): word for word in said}
    found: dict[RunId, list[Incident]] = defaultdict(list)
    for row in rows:
        told = (words.get((row.incident_id, word)) for word in (REPORTED, AUTHORITY, WITHDRAWN))
        found[RunId(row.run_id)].append(_incident(row, *told))
    return {run_id: tuple(incidents) for run_id, incidents in found.items()}


def runs_owing(tx: Transaction, since_ms: int) -> frozenset[RunId]:
    """The runs with an incident of that time on which something of two reports may still be owed."""
    told = select(IncidentWordRow.incident_id).where(
        IncidentWordRow.school_id == tx.school_id, IncidentWordRow.word.in_((AUTHORITY, WITHDRAWN))
    )
    rows = tx.session.scalars(
        select(IncidentRow.run_id).where(
            IncidentRow.school_id == tx.school_id,
            IncidentRow.opened_ms >= since_ms,
            IncidentRow.incident_id.not_in(told),
        )
    )
    return frozenset(RunId(run_id) for run_id in rows)


def _incident(row: Any, reported: Any, authority: Any, withdrawn: Any) -> Incident:
    return Incident(
        incident_id=row.incident_id,
        run_id=RunId(row.run_id),
        kind=IncidentKind(row.kind),
        severity=IncidentSeverity(row.severity),
        finding_key=row.finding_key,
        opened_ms=row.opened_ms,
        reported_ms=reported.made_ms if reported else None,
        reported_by=reported.by_user if reported else "",
        told=reported.told if reported else "",
        authority_ms=authority.made_ms if authority else None,
        authority_told=authority.told if authority else "",
        withdrawn_ms=withdrawn.made_ms if withdrawn else None,
    )


def _say(tx: Transaction, incident_id: str, word: str, own: dict[str, object]) -> None:
    row = {"school_id": tx.school_id, "incident_id": incident_id, "word": word}
    tx.session.execute(insert(IncidentWordRow), [row | own])
