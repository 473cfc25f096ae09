"""
How much of each tablet's record the server holds: without a gap up to a number, or not.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, func, select, union

from busops.domain.envelope import GENESIS
from busops.domain.run import Holdings
from busops.domain.values import RunId
from busops.storage import other_runs
from busops.storage.database import Transaction
from busops.storage.event_store import load_quarantine
from busops.storage.event_tables import QuarantineRow, RunEventRow
from busops.storage.prepared import asked, matches, select_rows
from busops.storage.upsert import table_of

_LOG: Final = table_of(RunEventRow).c
_APART: Final = table_of(QuarantineRow).c
_DEVICES: Final = select_rows(RunEventRow, "run_id", columns=("dev",)).distinct()
_IN_LOG: Final = (
    select(_LOG.dev, func.count(), func.max(_LOG.seq))
    .where(*matches(RunEventRow), _LOG.dev.in_(bindparam("devs", expanding=True)))
    .group_by(_LOG.dev)
)
_WAITS_APART: Final = (
    select_rows(QuarantineRow, columns=("dev",))
    .where(_APART.dev.in_(bindparam("devs", expanding=True)), _APART.seq >= 1)
    .distinct()
)
_OF_FACT: Final = select(_LOG.digest).where(*matches(RunEventRow, "dev", "seq"))
_OF_APART: Final = (
    select(func.coalesce(_APART.event_digest, _APART.digest))
    .where(*matches(QuarantineRow, "dev", "seq"))
    .limit(1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """Up to where a device's events are all held, and the digest of the last of them."""

    seq: int
    digest: str


def holdings(tx: Transaction, run_id: RunId) -> Holdings:
    """How far every device of the run is complete, over all its runs, and how much is in quarantine."""
    return Holdings(
        complete_to=_complete_to(tx, devices_of(tx, run_id)),
        quarantined=len(load_quarantine(tx, run_id)),
        elsewhere=other_runs.elsewhere(tx, run_id),
    )


def devices_of(tx: Transaction, run_id: RunId) -> frozenset[int]:
    """The devices that have recorded facts of the run."""
    return frozenset(tx.session.scalars(_DEVICES, asked(tx, run_id=run_id)))


def ack_of(tx: Transaction, dev: int, *, reached: int | None = None) -> Ack:
    """
    Up to where the device's events are held without a gap, those in quarantine included.

    ``reached`` is that number where :func:`holdings` has told it in this transaction.
    """
    if reached is None:
        reached = _complete_to(tx, {dev})[dev]
    return Ack(seq=reached, digest=_digest_at(tx, dev, reached))


def _complete_to(tx: Transaction, devs: Collection[int]) -> Mapping[int, int]:
    """For each device the number up to which nothing is missing."""
    if not devs:
        return {}
    these = asked(tx, devs=sorted(devs))
    in_log = {dev: (count, last) for dev, count, last in tx.session.execute(_IN_LOG, these)}
    also_apart = set(tx.session.scalars(_WAITS_APART, these))
    # A log that has as many numbers as its highest one has them all; only else are they gone through.
    return {
        dev: in_log[dev][0]
        if dev in in_log and dev not in also_apart and in_log[dev][0] == in_log[dev][1]
        else _counted(tx, dev)
        for dev in sorted(devs)
    }


def _counted(tx: Transaction, dev: int) -> int:
    held = union(
        *(
            select(table.seq).where(table.school_id == tx.school_id, table.dev == dev, table.seq >= 1)
            for table in (RunEventRow, QuarantineRow)
        )
    ).subquery()
    count, last = tx.session.execute(select(func.count(), func.max(held.c.seq)).select_from(held)).one()
    reached: int = count  # every number from 1 on, unless one is missing
    if last != count:
        numbers = set(tx.session.scalars(select(held.c.seq)))
        reached = next(seq for seq in range(count + 1) if seq + 1 not in numbers)
    return reached


def _digest_at(tx: Transaction, dev: int, seq: int) -> str:
    """The event's own hash, as the device that chained it knows it: of a fact, or of what waits apart."""
    for query in (_OF_FACT, _OF_APART):
        found = tx.session.scalar(query, asked(tx, dev=dev, seq=seq))
        if found is not None:
            return str(found)
    return GENESIS
