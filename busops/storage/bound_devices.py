"""
Which tablets a run waits for: bound when they fetch its list or speak of it, and for good.
"""

from typing import Final

from sqlalchemy import insert, select

from busops.domain.values import RunId
from busops.storage.database import Transaction
from busops.storage.prepared import asked, select_rows
from busops.storage.run_tables import RunDeviceRow

_BOUND: Final = select_rows(RunDeviceRow, "run_id", columns=("dev",))


def bind_device(tx: Transaction, run_id: RunId, dev: int) -> None:
    """The device belongs to the run: the run cannot close before it is sealed or released."""
    if dev not in devices_of(tx, run_id):
        tx.session.execute(insert(RunDeviceRow), [{"school_id": tx.school_id, "run_id": run_id, "dev": dev}])


def devices_of(tx: Transaction, run_id: RunId) -> frozenset[int]:
    """The devices bound to the run, heard of or not."""
    return frozenset(tx.session.scalars(_BOUND, asked(tx, run_id=run_id)))


def runs_of(tx: Transaction, dev: int) -> frozenset[RunId]:
    """The runs that wait, or waited, for this device."""
    query = select(RunDeviceRow.run_id).where(RunDeviceRow.school_id == tx.school_id)
    return frozenset(RunId(run_id) for run_id in tx.session.scalars(query.where(RunDeviceRow.dev == dev)))
