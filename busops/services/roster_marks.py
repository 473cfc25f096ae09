"""
What an open page remembers of a roster, so that nobody saves or locks over what he has not seen.

A mark is short and differs as soon as what it stands for does; it is no secret and no signature.
"""

import hashlib
from collections.abc import Iterable
from datetime import date
from typing import Final

from busops.domain.errors import Conflict
from busops.domain.roster import RosterEntry
from busops.domain.values import RiderId
from busops.storage import roster_store
from busops.storage.database import Transaction

DIGITS: Final = 16


def of_entry(entry: RosterEntry | None, version: int) -> str:
    """The mark of a rider's entry under the newest locked version (0 before the first)."""
    return f"{version}.{_digest([entry])}"


def of_draft(entries: Iterable[RosterEntry], version: int) -> str:
    """The mark of the whole draft and its newest version: differs as soon as anybody changes or locks."""
    ordered: list[RosterEntry] = sorted(entries, key=lambda entry: entry.rider_id)
    return f"{version}.{_digest(ordered)}"


def refuse_unseen(tx: Transaction, weekend_on: date, rider_id: str, seen: str) -> None:
    """Raises Conflict when a form showed another entry, or an older version, than stands now."""
    entries = {entry.rider_id: entry for entry in roster_store.load_roster(tx, weekend_on)}
    latest = roster_store.load_latest_version(tx, weekend_on)
    entry, version = entries.get(RiderId(rider_id)), latest.version if latest else 0
    now = of_entry(entry, version)
    if now == seen:
        return
    if now.partition(".")[2] != seen.partition(".")[2]:
        name = entry.name if entry else rider_id
        raise Conflict("entry_changed_meanwhile", rider_id=rider_id, name=name)
    raise Conflict("roster_locked_meanwhile", weekend_on=weekend_on, version=version)


def _digest(entries: Iterable[RosterEntry | None]) -> str:
    return hashlib.sha256(repr(list(entries)).encode()).hexdigest()[:DIGITS]
