"""
The audit of every act of the office: recorded in the act's own transaction, verified, read.

An act that fails leaves no entry and an act that is recorded has happened. Facts are plain
values without names; the page looks names up when it shows them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from busops.domain.findings import Finding
from busops.domain.people import Actor
from busops.domain.values import Clock
from busops.storage import audit_store, people_store
from busops.storage.audit_store import FIRST_PREV, AuditEntry
from busops.storage.database import Database, Transaction

PAGE_ENTRIES: Final = 2000
PERSON: Final = "person:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the chain holds: how many entries, its head, and where it breaks."""

    entries: int
    head: str
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """True when no entry was changed, removed or put in between."""
        return not self.findings


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEntry:
    """An entry with the names that persons have today, by their ids."""

    entry: AuditEntry
    names: Mapping[str, str]

    @property
    def name(self) -> str | None:
        """Who acted; None for the system and for who has no account."""
        return self.names.get(self.entry.user_id) if self.entry.user_id else None


def record(
    tx: Transaction, actor: Actor | None, act: str, subject: str, facts: Mapping[str, Any], *, clock: Clock
) -> int:
    """The act is in the audit when the transaction commits; its number. No actor = the system."""
    return audit_store.append_entry(
        tx,
        at=clock.now(),
        user_id=actor.user_id if actor else None,
        role=actor.role.value if actor else None,
        act=act,
        subject=subject,
        facts={name: _plain(value) for name, value in facts.items()},
    )


def newest(database: Database, *, limit: int = PAGE_ENTRIES) -> tuple[ShownEntry, ...]:
    """The newest acts first, with the names of those who acted."""
    with database.reading() as tx:
        names = {person.user_id: person.name for person in people_store.load_people(tx)}
        entries = audit_store.newest_entries(tx, limit=limit)
    return tuple(ShownEntry(entry=entry, names=names) for entry in entries)


def verify(database: Database) -> Verdict:
    """Every link recomputed from the first one on; a change anywhere shows at its number."""
    findings: list[Finding] = []
    expected_no, prev = 1, FIRST_PREV
    with database.reading() as tx:
        for entry in audit_store.each_entry(tx):
            place = str(entry.entry_no)
            if entry.entry_no != expected_no:
                findings.append(Finding(code="audit_entry_missing", place=place))
            elif entry.prev_hash != prev:
                findings.append(Finding(code="audit_link_broken", place=place))
            if entry.digest(tx.school_id) != entry.entry_hash:
                findings.append(Finding(code="audit_entry_changed", place=place))
            expected_no, prev = entry.entry_no + 1, entry.entry_hash
    return Verdict(entries=expected_no - 1, head=prev, findings=tuple(findings))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [_plain(item) for item in value]
        return sorted(items, key=str) if isinstance(value, (set, frozenset)) else items
    return str(value)
