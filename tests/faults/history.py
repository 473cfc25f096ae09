"""
The history of a fault told in one line: acknowledged, stored, doubled, lost.

Whatever was injected, this asks the same of the log afterwards: what was acknowledged is there,
once, as it was sent. ``told`` prints the line and fails where something is lost or doubled.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from busops.domain.envelope import digest_of
from busops.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of the events that were acknowledged."""

    what: str
    acknowledged: int
    stored: int
    doubled: int
    lost: int

    def __str__(self) -> str:
        """The line that is printed."""
        return (
            f"{self.what}: acknowledged {self.acknowledged}, stored {self.stored}, "
            f"doubled {self.doubled}, lost {self.lost}"
        )


def acknowledged(results: Iterable[Mapping[str, Any]]) -> set[str]:
    """The events that these answers called stored, now or before."""
    return {result["id"] for result in results if result["r"] in ("stored", "duplicate")}


def told(what: str, database: Database, sent: Iterable[Mapping[str, Any]], answered: set[str]) -> Verdict:
    """The verdict on what was sent and answered for, printed; nothing may be lost, doubled or changed."""
    with database.reading() as tx:
        rows = tx.session.execute(text("SELECT event_id, dev, seq, digest FROM run_event")).all()
    stored = {row.event_id: row.digest for row in rows}
    places = Counter((row.dev, row.seq) for row in rows)
    hashes = {event["id"]: digest_of(event) for event in sent}
    verdict = Verdict(
        what=what,
        acknowledged=len(answered),
        stored=len(rows),
        doubled=sum(count - 1 for count in places.values()) + len(rows) - len(stored),
        lost=len([event_id for event_id in answered if stored.get(event_id) != hashes[event_id]]),
    )
    sys.stdout.write(f"\n{verdict}\n")
    assert (verdict.doubled, verdict.lost) == (0, 0), str(verdict)
    assert set(stored) <= set(hashes), "something is stored that nobody sent"
    return verdict
