"""
The floor of a load test: the same rows inserted into the same database bare, one commit a batch.

No guard, no key to other tables, no signature, no fold: only the columns, the keys and the indexes of the
log, with the same durability. What the whole path costs more than that is its price.
"""

import time
from collections.abc import Set
from dataclasses import dataclass
from statistics import median

from sqlalchemy import Column, Index, MetaData, Table, UniqueConstraint, select

from busops.storage.database import Database, open_engine
from busops.storage.event_tables import RunEventRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """Events a second one batch after another, and what one batch took, in milliseconds."""

    events_s: float
    batch_ms: float


def insert_bare(database: Database, url: str, event_ids: Set[str], *, size: int) -> Bare:
    """What it takes to insert these events of the log into an empty table at ``url``."""
    log = RunEventRow.__table__
    with database.reading() as tx:
        every = tx.session.execute(select(log).order_by(log.c.srv)).mappings()
        rows = [dict(row) for row in every if row["event_id"] in event_ids]
    engine = open_engine(url, guarded=False)
    table = _bare_table()
    with engine.begin() as connection:
        table.drop(connection, checkfirst=True)
        table.create(connection)
    took_s = []
    for start in range(0, len(rows), size):
        began_s = time.perf_counter()
        with engine.begin() as connection:
            connection.execute(table.insert(), rows[start : start + size])
        took_s.append(time.perf_counter() - began_s)
    engine.dispose()
    return Bare(events_s=len(rows) / sum(took_s), batch_ms=1000 * median(took_s))


def _bare_table() -> Table:
    log = RunEventRow.__table__
    columns = [
        Column(each.name, each.type, primary_key=each.primary_key, nullable=each.nullable)
        for each in log.columns
    ]
    unique = [
        UniqueConstraint(*each.columns.keys())
        for each in log.constraints
        if isinstance(each, UniqueConstraint)
    ]
    table = Table("bare_event", MetaData(), *columns, *unique)
    for index in log.indexes:
        Index(f"bare_{index.name}", *(table.c[column.name] for column in index.columns))
    return table
