"""
How much of each tablet's record the server holds: without a gap up to a number, or not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sqlalchemy import String, bindparam, exists, func, select, union

from busops.domain.envelope import GENESIS
from busops.domain.events import Event, Observation
from busops.domain.run import Holdings
from busops.domain.run_plan import RunPlan
from busops.domain.values import RunId
from busops.storage import other_runs
from busops.storage.database import Transaction
from busops.storage.event_tables import QuarantineRow, RunEventRow, holds_open
from busops.storage.prepared import asked, matches, select_rows
from busops.storage.upsert import table_of

NO_DIGESTS: Final[Mapping[int, str]] = MappingProxyType({})
_LOG: Final = table_of(RunEventRow).c
_APART: Final = table_of(QuarantineRow).c
_DEVICES: Final = select_rows(RunEventRow, "run_id", columns=("dev",)).distinct()
_SCHOOL: Final = bindparam("school_id", type_=String())
_OF_DEVICE: Final = (_LOG.school_id == _SCHOOL, _LOG.dev == bindparam("dev"))
_IN_LOG: Final = select(
    select(func.count()).where(*_OF_DEVICE).scalar_subquery(),
    select(func.coalesce(func.max(_LOG.seq), 0)).where(*_OF_DEVICE).scalar_subquery(),
    exists().where(_APART.school_id == _SCHOOL, _APART.dev == bindparam("dev"), _APART.seq >= 1),
)
_HOLDING_OPEN: Final = select(func.count()).where(
    _APART.school_id == _SCHOOL, _APART.state == "open", holds_open()
)
_IN_LOG_OF_RUN: Final = _IN_LOG.add_columns(_HOLDING_OPEN.scalar_subquery())
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


def holdings(tx: Transaction, plan: RunPlan, events: Iterable[Event]) -> Holdings:
    """
    How far every device of the run is complete, over all its runs, and how much is in quarantine.

    ``events`` is the run's record: its devices are those that have recorded facts of it.
    """
    events = tuple(events)
    complete_to: dict[int, int] = {}
    waiting: int | None = None
    for dev in sorted({event.dev for event in events if isinstance(event, Observation)}):
        keys = asked(tx, dev=dev, run_id=plan.run_id)
        *held, waiting = tx.session.execute(_IN_LOG_OF_RUN, keys).one()
        complete_to[dev] = _complete_to(tx, dev, *held)
    if not complete_to:
        waiting = tx.session.scalar(_HOLDING_OPEN, asked(tx, run_id=plan.run_id))
    return Holdings(
        complete_to=complete_to, quarantined=waiting or 0, elsewhere=other_runs.elsewhere(tx, plan, events)
    )


def devices_of(tx: Transaction, run_id: RunId) -> frozenset[int]:
    """The devices that have recorded facts of the run."""
    return frozenset(tx.session.scalars(_DEVICES, asked(tx, run_id=run_id)))


def ack_of(
    tx: Transaction, dev: int, *, reached: int | None = None, digests: Mapping[int, str] = NO_DIGESTS
) -> Ack:
    """
    Up to where the device's events are held without a gap, those in quarantine included.

    ``reached`` is that number where :func:`holdings` has told it in this transaction, ``digests`` those of
    the device's events in the log that the caller knows, by their numbers.
    """
    if reached is None:
        held = tx.session.execute(_IN_LOG, asked(tx, dev=dev)).one()
        reached = _complete_to(tx, dev, *held)
    return Ack(seq=reached, digest=digests.get(reached) or _digest_at(tx, dev, reached))


def _complete_to(tx: Transaction, dev: int, count: int, last: int, waits_apart: bool) -> int:
    """The number up to which nothing is missing."""
    # A log that has as many numbers as its highest one has them all; only else are they gone through.
    return count if count == last and not waits_apart else _counted(tx, dev)


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
