"""
The tablets of a run: bound when they fetch its list, and what is known of each.

A tablet that has the list may record offline without the server ever hearing of it. From the
moment it has the list the run waits for it: for its seal, or for two people who give it up. A run
that is over waits for nobody, but it may be opened again: then it waits for those who asked meanwhile too.
"""

from collections.abc import Mapping

from busops.domain.values import RunId
from busops.storage import bound_devices, device_store, run_store
from busops.storage.database import Database
from busops.storage.device_store import Device


def bind_tablet(database: Database, run_id: RunId, dev: int) -> None:
    """The tablet that fetches the list of this run belongs to it, once."""
    with database.reading() as tx:
        if dev in bound_devices.devices_of(tx, run_id):
            return
    with database.transaction() as tx:
        run_store.lock_runs(tx, [run_id])
        bound_devices.bind_device(tx, run_id, dev)


def tablets_of(database: Database, run_id: RunId) -> Mapping[int, Device]:
    """The registered tablets bound to the run, by number: their names and when each was last heard."""
    with database.reading() as tx:
        bound = bound_devices.devices_of(tx, run_id)
        return {device.dev: device for device in device_store.load_devices(tx) if device.dev in bound}
