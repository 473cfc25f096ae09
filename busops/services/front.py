"""What stands around every page: the school's name and how many alarms wait for somebody."""

from dataclasses import dataclass

from busops.domain.errors import NotFound
from busops.storage import alarm_store, register_store
from busops.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The school's name, None before its first import, and its open alarms."""

    school_name: str | None
    alarms: int


def surroundings(database: Database) -> Surroundings:
    """What every page shows around its content, as it is now."""
    with database.reading() as tx:
        try:
            name = register_store.load_school(tx).name
        except NotFound:
            name = None
        return Surroundings(school_name=name, alarms=len(alarm_store.load_alarms(tx)))
