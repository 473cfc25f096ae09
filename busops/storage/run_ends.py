"""The first and the last stop of many runs at once: where riders got on first and off last."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select

from busops.domain.values import RunId, StopId
from busops.storage.database import Transaction
from busops.storage.run_tables import RunRow, RunStopRow
from busops.storage.upsert import table_of


def load_ends(tx: Transaction, first: date, last: date) -> Mapping[RunId, tuple[StopId, StopId]]:
    """The ends of every run of these days in driving order, the campus being one of them."""
    run, stop = table_of(RunRow), table_of(RunStopRow)
    query = (
        select(stop.c.run_id, stop.c.stop_id)
        .join(run, (run.c.school_id == stop.c.school_id) & (run.c.run_id == stop.c.run_id))
        .where(run.c.school_id == tx.school_id, run.c.run_on >= first, run.c.run_on <= last)
        .order_by(stop.c.run_id, stop.c.seq)
    )
    ends: dict[RunId, tuple[StopId, StopId]] = {}
    for run_id, stop_id in tx.session.execute(query):
        begun = ends.get(RunId(run_id))
        ends[RunId(run_id)] = (begun[0] if begun else StopId(stop_id), StopId(stop_id))
    return ends
