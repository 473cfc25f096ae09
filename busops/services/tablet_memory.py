"""
Whether a browser has lost its store: what it remembers of itself against what it now says it is.

A browser short of space clears a whole origin without a word, unsent taps and all. Its cookie
stays: a device it once was, of the same person and still sound, that it no longer is, was lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from busops.domain.values import Clock
from busops.services import audit, devices
from busops.services.devices import Holder
from busops.storage import device_store, held_events
from busops.storage.database import Database, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class LostStore:
    """The device that was lost, and up to which number the server holds what it recorded."""

    dev: int
    held_to: int


def lost_store(
    database: Database, *, holder: Holder, remembered: Iterable[int], clock: Clock
) -> LostStore | None:
    """The latest device that this browser was and is no longer, if there is one: then it is on record."""
    with database.reading() as tx:
        lost = max((dev for dev in remembered if _was_lost(tx, dev, holder)), default=None)
        held = held_events.ack_of(tx, lost).seq if lost is not None else 0
    if lost is None:
        return None
    actor = devices.actor_of(database, holder)
    with database.transaction() as tx:
        facts = {"dev": lost, "held_to": held, "now": holder.dev}
        audit.record(tx, actor, "device_store_lost", f"device:{lost}", facts, clock=clock)
    return LostStore(dev=lost, held_to=held)


def _was_lost(tx: Transaction, dev: int, holder: Holder) -> bool:
    """Another device of the same person, neither given up nor frozen: those had to be left behind."""
    if dev == holder.dev or device_store.crews_of(tx, dev) != {holder.crew_id}:
        return False
    device = device_store.load_device(tx, dev)
    return device.revoked_at is None and not device.is_frozen
