"""
The tablets of a run: bound when they fetch its list, and what is known of each.

A tablet that has the list may record offline without the server ever hearing of it. From the
moment it has the list the run waits for it: for its seal, or for two people who give it up.
"""

from collections.abc import Mapping
from typing import Final

from busops.domain.run import Phase
from busops.domain.values import RunId
from busops.storage import bound_devices, device_store, run_store
from busops.storage.database import Database, Transaction
from busops.storage.device_store import Device

_OVER: Final = (Phase.CLOSED, Phase.CANCELLED)


def bind_tablet(database: Database, run_id: RunId, dev: int) -> None:
    """The tablet that fetches the list of this run belongs to it, unless the run is over."""
    with database.reading() as tx:
        if not _must_bind(tx, run_id, dev):
            return
    with database.transaction() as tx:
        run_store.lock_runs(tx, [run_id])
        if _must_bind(tx, run_id, dev):
            bound_devices.bind_device(tx, run_id, dev)


def tablets_of(database: Database, run_id: RunId) -> Mapping[int, Device]:
    """The registered tablets bound to the run, by number: their names and when each was last heard."""
    with database.reading() as tx:
        bound = bound_devices.devices_of(tx, run_id)
        return {device.dev: device for device in device_store.load_devices(tx) if device.dev in bound}


def _must_bind(tx: Transaction, run_id: RunId, dev: int) -> bool:
    is_over = run_store.load_summary(tx, run_id).phase in _OVER
    return not is_over and dev not in bound_devices.devices_of(tx, run_id)
