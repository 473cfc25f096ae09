"""
Refunds proposed by themselves: after the school cancelled a run, and after a roster is locked.

A job, for the weekend is reconciled for it; asked again for the same weekend it proposes nothing new.
"""

from datetime import date
from typing import Final, Protocol

from busops.domain.values import Clock, Ids, RunId
from busops.finance.tariff import weekend_of
from busops.services import refunds
from busops.storage import run_store
from busops.storage.database import Database

JOB: Final = "refunds"


class Desk(Protocol):
    """What a worker lends to the work."""

    @property
    def database(self) -> Database:
        """The school's database."""

    @property
    def clock(self) -> Clock:
        """The school's clock."""

    @property
    def ids(self) -> Ids:
        """New ids."""


def run_job(desk: Desk, *, run_id: str = "", weekend_on: str = "") -> dict[str, int]:
    """What is due of the weekend of that run or day is proposed; ``{"proposed": …}``."""
    if run_id:
        with desk.database.reading() as tx:
            on = run_store.load_summary(tx, RunId(run_id)).on
    else:
        on = date.fromisoformat(weekend_on)
    made = refunds.propose_due(desk.database, weekend_on=weekend_of(on), clock=desk.clock, ids=desk.ids)
    return {"proposed": made}
