"""What stands around every page: the school's name and how many runs wait for somebody."""

from collections.abc import Iterable
from dataclasses import dataclass

from busops.domain.errors import NotFound
from busops.storage import alarm_store, register_store
from busops.storage.alarm_store import Alarm
from busops.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The school's name, None before its first import, and how many runs have an open alarm."""

    school_name: str | None
    alarms: int


def runs_in_alarm(alarms: Iterable[Alarm]) -> frozenset[str]:
    """The runs that somebody must look at; the rungs that one alarm has climbed count once."""
    return frozenset(alarm.run_id for alarm in alarms)


def surroundings(database: Database) -> Surroundings:
    """What every page shows around its content, as it is now."""
    with database.reading() as tx:
        try:
            name = register_store.load_school(tx).name
        except NotFound:
            name = None
        return Surroundings(school_name=name, alarms=len(runs_in_alarm(alarm_store.load_alarms(tx))))
