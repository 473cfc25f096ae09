"""
Which tablets a run waits for: bound when they fetch its list or speak of it, and for good.
"""

from sqlalchemy import insert, select

from busops.domain.values import RunId
from busops.storage.database import Transaction
from busops.storage.run_tables import RunDeviceRow


def bind_device(tx: Transaction, run_id: RunId, dev: int) -> None:
    """The device belongs to the run: the run cannot close before it is sealed or released."""
    if dev not in devices_of(tx, run_id):
        tx.session.execute(insert(RunDeviceRow), [{"school_id": tx.school_id, "run_id": run_id, "dev": dev}])


def devices_of(tx: Transaction, run_id: RunId) -> frozenset[int]:
    """The devices bound to the run, heard of or not."""
    query = select(RunDeviceRow.dev).where(RunDeviceRow.school_id == tx.school_id)
    return frozenset(tx.session.scalars(query.where(RunDeviceRow.run_id == run_id)))


def runs_of(tx: Transaction, dev: int) -> frozenset[RunId]:
    """The runs that wait, or waited, for this device."""
    query = select(RunDeviceRow.run_id).where(RunDeviceRow.school_id == tx.school_id)
    return frozenset(RunId(run_id) for run_id in tx.session.scalars(query.where(RunDeviceRow.dev == dev)))
