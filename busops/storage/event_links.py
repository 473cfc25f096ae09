"""
How events fit what is already in the log: known before, or breaking their device's chain.

Asked once for a whole batch: what the log has under its ids and near its numbers. What the batch itself
adds is known from then on, so that its own events are judged as if each had been written at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, union_all

from busops.domain.envelope import GENESIS
from busops.domain.events import Observation
from busops.storage.database import Transaction
from busops.storage.event_tables import RunEventRow
from busops.storage.prepared import among, asked, select_rows
from busops.storage.upsert import table_of

_LOG: Final = table_of(RunEventRow).c
_HELD: Final = ("event_id", "dev", "seq", "prev", "digest", "srv")
_OF_DEVICE: Final = select_rows(RunEventRow, "dev", columns=_HELD)
_HELD_ALREADY: Final = union_all(
    select_rows(RunEventRow, columns=_HELD).where(among(_LOG.event_id, "event_ids")),
    _OF_DEVICE.where(among(_LOG.seq, "seqs")),
)
# One mark alone is the usual batch: no list, so that PostgreSQL plans it once.
_HELD_ALREADY_OF_ONE: Final = union_all(
    select_rows(RunEventRow, "event_id", columns=_HELD),
    _OF_DEVICE.where(_LOG.seq.between(bindparam("seq") - 1, bindparam("seq") + 1)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An event of the log, or of the batch before it is written; then it has no place in the log yet."""

    event_id: str
    digest: str
    prev: str
    srv: int | None


class Known:
    """What is known of the ids and numbers of a batch."""

    def __init__(self, tx: Transaction, observations: Iterable[Observation]) -> None:
        self._by_id: dict[str, Held] = {}
        self._by_number: dict[tuple[int, int], Held] = {}
        expected: dict[int, list[Observation]] = {}
        for each in observations:
            expected.setdefault(each.dev, []).append(each)
        for dev, own in expected.items():
            for event_id, of_dev, seq, prev, digest, srv in _held_already(tx, dev, own):
                held = Held(event_id=event_id, digest=digest, prev=prev, srv=srv)
                self._by_id[event_id] = self._by_number[of_dev, seq] = held

    def same(self, observation: Observation) -> Held | None:
        """An event that already has this id, or this number on this device; the same one has both."""
        by_number = self._by_number.get((observation.dev, observation.seq))
        return self._by_id.get(observation.event_id) or by_number

    def broken_link(self, observation: Observation) -> str | None:
        """Why the event does not fit the chain of its device, as far as its neighbours are known."""
        dev, seq = observation.dev, observation.seq
        before, after = self._by_number.get((dev, seq - 1)), self._by_number.get((dev, seq + 1))
        expected = GENESIS if seq == 1 else None if before is None else before.digest
        if expected is not None and expected != observation.prev:
            return "chain_broken"
        return "chain_broken" if after is not None and after.prev != observation.digest else None

    def add(self, observation: Observation) -> None:
        """The event is about to be written."""
        held = Held(event_id=observation.event_id, digest=observation.digest, prev=observation.prev, srv=None)
        self._by_id[held.event_id] = self._by_number[observation.dev, observation.seq] = held


def _held_already(tx: Transaction, dev: int, own: Sequence[Observation]) -> Sequence[Any]:
    """What the log has under the ids of the device's events, and under its numbers beside theirs."""
    if len(own) == 1:
        keys = {"event_id": own[0].event_id, "seq": own[0].seq}
        return tx.session.execute(_HELD_ALREADY_OF_ONE, asked(tx, dev=dev, **keys)).all()
    ids = sorted({each.event_id for each in own})
    near = sorted({seq for each in own for seq in (each.seq - 1, each.seq, each.seq + 1)})
    return tx.session.execute(_HELD_ALREADY, asked(tx, dev=dev, event_ids=ids, seqs=near)).all()
