"""
How much of each tablet's record the server holds: without a gap up to a number, or not.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import String, bindparam, exists, func, select, union

from busops.domain.envelope import GENESIS
from busops.domain.events import Event, Observation
from busops.domain.run import Holdings
from busops.domain.run_plan import RunPlan
from busops.domain.values import RunId
from busops.storage import other_runs
from busops.storage.database import Transaction
from busops.storage.event_tables import QuarantineRow, RunEventRow, holds_open
from busops.storage.prepared import among, asked, matches, select_rows
from busops.storage.upsert import table_of

NO_DIGESTS: Final[Mapping[int, str]] = MappingProxyType({})
_LOG: Final = table_of(RunEventRow).c
_APART: Final = table_of(QuarantineRow).c
_DEVICES: Final = select_rows(RunEventRow, "run_id", columns=("dev",)).distinct()
_SCHOOL: Final = bindparam("school_id", type_=String())
_HELD: Final = table_of(RunEventRow).alias("held").c
_BESIDE: Final = table_of(QuarantineRow).alias("beside").c
_IN_LOG: Final = (
    select(
        _HELD.dev,
        func.count(),
        func.max(_HELD.seq),
        exists().where(_BESIDE.school_id == _SCHOOL, _BESIDE.dev == _HELD.dev, _BESIDE.seq >= 1),
    )
    .where(_HELD.school_id == _SCHOOL, among(_HELD.dev, "devs"))
    .group_by(_HELD.dev)
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
    devs = {event.dev for event in events if isinstance(event, Observation)}
    rows = (
        tx.session.execute(_IN_LOG_OF_RUN, asked(tx, devs=sorted(devs), run_id=plan.run_id)).all()
        if devs
        else ()
    )
    waiting = rows[0][-1] if rows else tx.session.scalar(_HOLDING_OPEN, asked(tx, run_id=plan.run_id))
    return Holdings(
        complete_to=_complete_to(
            tx, devs, {dev: (count, last, apart) for dev, count, last, apart, _ in rows}
        ),
        quarantined=waiting or 0,
        elsewhere=other_runs.elsewhere(tx, plan, events),
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
        rows = tx.session.execute(_IN_LOG, asked(tx, devs=[dev]))
        reached = _complete_to(tx, {dev}, {each: rest for each, *rest in rows})[dev]
    return Ack(seq=reached, digest=digests.get(reached) or _digest_at(tx, dev, reached))


def _complete_to(
    tx: Transaction, devs: Collection[int], held: Mapping[int, Sequence[Any]]
) -> Mapping[int, int]:
    """For each device the number up to which nothing is missing."""
    # A log that has as many numbers as its highest one has them all; only else are they gone through.
    return {
        dev: held[dev][0] if dev in held and _is_whole(*held[dev]) else _counted(tx, dev)
        for dev in sorted(devs)
    }


def _is_whole(count: int, last: int, waits_apart: bool) -> bool:
    return count == last and not waits_apart


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
