"""
Whether a browser has lost its store: what it remembers of itself against what it now says it is.

A browser short of space clears a whole origin without a word, unsent taps and all. Its cookie
stays: a device it once was, of the same person or vehicle and still sound, that it no longer is, was
lost. The runs that wait for it call the office.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from busops.domain.run import Phase
from busops.domain.values import Clock, Ids
from busops.services import audit, devices
from busops.services.devices import Holder
from busops.storage import alarm_store, bound_devices, device_store, held_events, run_store
from busops.storage.alarm_store import Alarm, AlarmState
from busops.storage.database import Database, Transaction

ALARM_LEVEL: Final = 3
_OVER: Final = (Phase.CLOSED, Phase.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class LostStore:
    """The device that was lost, and up to which number the server holds what it recorded."""

    dev: int
    held_to: int


def lost_store(
    database: Database, *, holder: Holder, remembered: Iterable[int], clock: Clock, ids: Ids
) -> LostStore | None:
    """The latest device that this browser was and is no longer, if any; on record and called out."""
    with database.reading() as tx:
        lost = max((dev for dev in remembered if _was_lost(tx, dev, holder)), default=None)
        held = held_events.ack_of(tx, lost).seq if lost is not None else 0
    if lost is None:
        return None
    actor = devices.actor_of(database, holder) if holder.crew_id is not None else None
    with database.transaction() as tx:
        facts = {"dev": lost, "held_to": held, "now": holder.dev}
        audit.record(tx, actor, "device_store_lost", f"device:{lost}", facts, clock=clock)
        _call_for_help(tx, lost, clock=clock, ids=ids)
    return LostStore(dev=lost, held_to=held)


def _was_lost(tx: Transaction, dev: int, holder: Holder) -> bool:
    """Another device of the same person or vehicle; one given up or frozen had to be left behind."""
    device = {each.dev: each for each in device_store.load_devices(tx)}.get(dev)
    if device is None or dev == holder.dev or device.plate != holder.plate:
        return False
    if device.revoked_at is not None or device.is_frozen:
        return False
    return device.plate is not None or device_store.crews_of(tx, dev) == {holder.crew_id}


def _call_for_help(tx: Transaction, dev: int, *, clock: Clock, ids: Ids) -> None:
    """Whoever watches the board learns that taps of a run may be gone: paper must fill them in."""
    for run_id in sorted(bound_devices.runs_of(tx, dev)):
        if run_store.load_summary(tx, run_id).phase in _OVER:
            continue
        alarm = Alarm(
            alarm_id=ids.new(),
            run_id=run_id,
            kind="device_store_lost",
            level=ALARM_LEVEL,
            occasion=str(dev),
            state=AlarmState.RAISED,
            raised_at=clock.now(),
        )
        alarm_store.raise_alarm(tx, alarm)
