"""
How much of each tablet's record the server holds: without a gap up to a number, or not.
"""

from dataclasses import dataclass

from sqlalchemy import func, select, union

from busops.domain.envelope import GENESIS
from busops.domain.run import Holdings
from busops.domain.values import RunId
from busops.storage import run_order_store
from busops.storage.database import Transaction
from busops.storage.event_store import load_quarantine
from busops.storage.event_tables import QuarantineRow, RunEventRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """Up to where a device's events are all held, and the digest of the last of them."""

    seq: int
    digest: str


def holdings(tx: Transaction, run_id: RunId) -> Holdings:
    """How far every device of the run is complete, over all its runs, and how much is in quarantine."""
    return Holdings(
        complete_to={dev: ack_of(tx, dev).seq for dev in sorted(devices_of(tx, run_id))},
        quarantined=len(load_quarantine(tx, run_id)),
        elsewhere=run_order_store.elsewhere(tx, run_id),
    )


def devices_of(tx: Transaction, run_id: RunId) -> frozenset[int]:
    """The devices that have recorded facts of the run."""
    return frozenset(
        tx.session.scalars(
            select(RunEventRow.dev)
            .where(RunEventRow.school_id == tx.school_id, RunEventRow.run_id == run_id)
            .distinct()
        )
    )


def ack_of(tx: Transaction, dev: int) -> Ack:
    """Up to where the device's events are held without a gap, those in quarantine included."""
    held = union(
        *(
            select(table.seq).where(table.school_id == tx.school_id, table.dev == dev, table.seq >= 1)
            for table in (RunEventRow, QuarantineRow)
        )
    ).subquery()
    count, last = tx.session.execute(select(func.count(), func.max(held.c.seq)).select_from(held)).one()
    reached = count  # every number from 1 on, unless one is missing
    if last != count:
        numbers = set(tx.session.scalars(select(held.c.seq)))
        reached = next(seq for seq in range(count + 1) if seq + 1 not in numbers)
    return Ack(seq=reached, digest=_digest_at(tx, dev, reached))


def _digest_at(tx: Transaction, dev: int, seq: int) -> str:
    """The event's own hash, as the device that chained it knows it: of a fact, or of what waits apart."""
    of_event = func.coalesce(QuarantineRow.event_digest, QuarantineRow.digest)
    for table, digest in ((RunEventRow, RunEventRow.digest), (QuarantineRow, of_event)):
        found = tx.session.scalar(
            select(digest).where(table.school_id == tx.school_id, table.dev == dev, table.seq == seq).limit(1)
        )
        if found is not None:
            return str(found)
    return GENESIS
