"""
How an event fits what is already in the log: known before, or breaking its device's chain.

Asked for every event of every batch, so the queries are built once, over the bare table.
"""

from typing import Any, Final

from sqlalchemy import bindparam, select

from busops.domain.envelope import GENESIS
from busops.domain.events import Observation
from busops.storage.database import Transaction
from busops.storage.event_tables import RunEventRow

_LOG: Final = RunEventRow.__table__.c
_SAME: Final = (
    select(_LOG.digest, _LOG.srv)
    .where(
        _LOG.school_id == bindparam("school_id"),
        (_LOG.event_id == bindparam("event_id"))
        | ((_LOG.dev == bindparam("dev")) & (_LOG.seq == bindparam("seq"))),
    )
    .order_by(_LOG.srv)
)
_NEIGHBOURS: Final = select(_LOG.seq, _LOG.prev, _LOG.digest).where(
    _LOG.school_id == bindparam("school_id"),
    _LOG.dev == bindparam("dev"),
    (_LOG.seq == bindparam("before")) | (_LOG.seq == bindparam("after")),
)


def known_event(tx: Transaction, observation: Observation) -> Any:
    """The row that already has this id, or this number on this device."""
    asked = {
        "school_id": tx.school_id,
        "event_id": observation.event_id,
        "dev": observation.dev,
        "seq": observation.seq,
    }
    return tx.session.execute(_SAME, asked).first()


def broken_link(tx: Transaction, observation: Observation) -> str | None:
    """Why the event does not fit the chain of its device, as far as its neighbours are known."""
    asked = {
        "school_id": tx.school_id,
        "dev": observation.dev,
        "before": observation.seq - 1,
        "after": observation.seq + 1,
    }
    neighbours = {seq: (prev, digest) for seq, prev, digest in tx.session.execute(_NEIGHBOURS, asked)}
    before = neighbours.get(observation.seq - 1, ("", GENESIS if observation.seq == 1 else None))[1]
    after = neighbours.get(observation.seq + 1)
    if before is not None and before != observation.prev:
        return "chain_broken"
    return "chain_broken" if after is not None and after[0] != observation.digest else None
