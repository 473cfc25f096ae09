"""
How far the record of each run has come: equal marks mean that nothing was added that a fold rests on.

Facts, decisions, manifests and tablets are only ever added and a crew's turn only ever ended, all under the
run's lock: how many there are and which is the last say whether there are more. What changes in the run's
own row (vehicle, evidence asked for) stands in the mark as it is. To be asked in a transaction that reads,
whose rows are all committed; what one that writes has added may yet be undone.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Select, bindparam, func, select

from busops.domain.values import RunId
from busops.storage.database import Base, Transaction
from busops.storage.event_tables import RunDecisionRow, RunEventRow
from busops.storage.prepared import asked, matches, select_rows
from busops.storage.run_tables import ManifestRow, RunCrewRow, RunDeviceRow, RunRow
from busops.storage.upsert import table_of

# Of each table: its place here, how many rows, the last of them; then the run's own row.
Mark = tuple[tuple[object, ...], ...]


def _last(row_class: type[Base], last: Any) -> Select[Any]:
    table = table_of(row_class)
    return (
        select(table.c.run_id, func.count(), last)
        .where(*matches(row_class), table.c.run_id.in_(bindparam("run_ids", expanding=True)))
        .group_by(table.c.run_id)
    )


_MARKS: Final = (
    _last(RunEventRow, func.max(table_of(RunEventRow).c.srv)),
    _last(RunDecisionRow, func.max(table_of(RunDecisionRow).c.number)),
    _last(ManifestRow, func.max(table_of(ManifestRow).c.version)),
    _last(RunDeviceRow, func.max(table_of(RunDeviceRow).c.dev)),
    _last(RunCrewRow, func.count(table_of(RunCrewRow).c.until_at)),
)

_ROW: Final = select_rows(
    RunRow, columns=("run_id", "plate", "evidence", "vehicle_rows", "approved_students", "approved_total")
).where(table_of(RunRow).c.run_id.in_(bindparam("run_ids", expanding=True)))


def log_marks(tx: Transaction, run_ids: Collection[RunId]) -> dict[RunId, Mark]:
    """The mark of each of these runs."""
    found: dict[RunId, list[tuple[object, ...]]] = defaultdict(list)
    for place, query in enumerate(_MARKS):
        for run_id, count, last in tx.session.execute(query, asked(tx, run_ids=sorted(run_ids))):
            found[RunId(run_id)].append((place, count, last))
    for run_id, *own in tx.session.execute(_ROW, asked(tx, run_ids=sorted(run_ids))):
        found[RunId(run_id)].append(tuple(own))
    return {run_id: tuple(found[run_id]) for run_id in run_ids}
