"""
What the rosters and runs of some days say of riders, as bare rows: many at once, and nothing made of them.

A closure is one document; the database takes it apart, so that what is the same for many riders comes as
the same text.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Date, bindparam, select, text

from busops.domain.run import Phase
from busops.storage.database import Transaction
from busops.storage.register_store import RiderRow
from busops.storage.roster_store import RosterEntryRow, RosterVersionEntryRow, RosterVersionRow
from busops.storage.run_tables import ManifestRiderRow, RunRow
from busops.storage.upsert import bare_rows, table_of

_PARTS = {
    "sqlite": "JOIN json_each(c.snapshot, '$.riders') j",
    "postgresql": "JOIN LATERAL json_each_text(c.snapshot -> 'riders') j ON true",
}
_TOLD = {
    dialect: text(
        "SELECT c.run_id, c.version, j.key, j.value, m.stop_id FROM run r"  # noqa: S608
        " JOIN closure c ON c.school_id = r.school_id AND c.run_id = r.run_id"
        f" {parts} LEFT JOIN manifest_rider m ON m.school_id = r.school_id AND m.run_id = r.run_id"
        " AND m.version = r.roster_v AND m.rider_id = j.key"
        " WHERE r.school_id = :school_id AND r.run_on BETWEEN :first AND :last AND r.phase <> 'cancelled'"
        " AND c.version = (SELECT max(x.version) FROM closure x"
        " WHERE x.school_id = c.school_id AND x.run_id = c.run_id)"
    ).bindparams(bindparam("first", type_=Date()), bindparam("last", type_=Date()))
    for dialect, parts in _PARTS.items()
}


def load_told(tx: Transaction, first: date, last: date) -> Sequence[Any]:
    """
    Of each rider in the latest closure of each run of these days that is not cancelled: run, version,
    rider, what the closure says of him as JSON, and his stop by the manifest (None = he was on none).
    """
    statement = _TOLD[tx.session.get_bind().dialect.name]
    return bare_rows(tx, statement, {"school_id": tx.school_id, "first": first, "last": last})


def load_listed(tx: Transaction, first: date, last: date) -> Sequence[Any]:
    """Run, rider and stop of the newest manifests of the runs of these days that are not closed."""
    run, listed = table_of(RunRow).c, table_of(ManifestRiderRow).c
    query = (
        select(listed.run_id, listed.rider_id, listed.stop_id)
        .join(
            table_of(RunRow),
            (run.school_id == listed.school_id)
            & (run.run_id == listed.run_id)
            & (run.roster_v == listed.version),
        )
        .where(run.school_id == tx.school_id, run.run_on.between(first, last))
        .where(run.phase != Phase.CLOSED.value)
    )
    return bare_rows(tx, query.order_by(listed.run_id, listed.rider_id))


def load_entries(tx: Transaction, weekend_on: date) -> Sequence[Any]:
    """Rider, home, back, stop and reason of each entry of the roster that counts: locked, else the draft."""
    heads = table_of(RosterVersionRow).c
    locked = select(heads.version).where(heads.school_id == tx.school_id, heads.weekend_on == weekend_on)
    version = tx.session.execute(locked.order_by(heads.version.desc()).limit(1)).scalar()
    entry = table_of(RosterEntryRow if version is None else RosterVersionEntryRow).c
    query = select(
        entry.rider_id,
        entry.rides_homeward,
        entry.rides_return,
        entry.stop_id,
        entry.reason,
    ).where(entry.school_id == tx.school_id, entry.weekend_on == weekend_on)
    if version is not None:
        query = query.where(entry.version == version)
    return bare_rows(tx, query)


def load_riders(tx: Transaction) -> Sequence[Any]:
    """Rider, stop of record and waiver of every rider, retired ones too."""
    rider = table_of(RiderRow).c
    query = select(rider.rider_id, rider.stop_id, rider.waiver).where(rider.school_id == tx.school_id)
    return bare_rows(tx, query)
