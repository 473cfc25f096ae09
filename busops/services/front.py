"""What stands around every page: the school's name and how much waits where."""

from busops.domain.errors import NotFound
from busops.storage import register_store
from busops.storage.database import Database


def school_name(database: Database) -> str | None:
    """The school's name; None before its first import."""
    with database.reading() as tx:
        try:
            return register_store.load_school(tx).name
        except NotFound:
            return None
