"""
Whether a tablet is ready as far as its own store goes: kept by its browser, or accepted by the office.

A browser that made no promise may clear everything without a word, taps that were not sent included.
That is said before the bus leaves; who lets the tablet ride all the same says why.
"""

from busops.domain.errors import InvalidInput, Refused
from busops.domain.people import Actor
from busops.domain.values import Clock
from busops.services import audit
from busops.storage import device_store, keeping_store
from busops.storage.database import Database
from busops.storage.keeping_store import Keeping


def report(database: Database, dev: int, *, is_kept: bool, clock: Clock) -> Keeping:
    """The tablet's word is on record; written only when it changed."""
    with database.reading() as tx:
        known = keeping_store.keeping_of(tx, dev)
    if known is not None and known.is_kept == is_kept:
        return known
    with database.transaction() as tx:
        keeping_store.save(tx, dev, is_kept=is_kept, at=clock.now())
    return Keeping(is_kept=is_kept, told_at=clock.now())


def accept(database: Database, dev: int, *, reason: str, by: Actor, clock: Clock) -> None:
    """The tablet counts as ready although its store may be cleared; Refused when nothing is to accept."""
    if not reason.strip():
        raise InvalidInput("reason_needed")
    with database.transaction() as tx:
        device_store.load_device(tx, dev)
        known = keeping_store.keeping_of(tx, dev)
        if known is None or known.is_ready:
            raise Refused("device_keeping_stands", dev=dev)
        keeping_store.accept(tx, dev, by=by.user_id, at=clock.now(), reason=reason.strip())
        facts = {"dev": dev, "reason": reason.strip()}
        audit.record(tx, by, "device_keeping_accepted", f"device:{dev}", facts, clock=clock)
