"""
Backups of an embedded database: whole transactions while others write, checked before they count.

PostgreSQL has its own tool (pg_dump); this module refuses it by name.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from busops.domain.errors import Refused
from busops.storage.database import Database


def back_up(database: Database, path: Path) -> Path:
    """A copy of the database stands at ``path`` and has passed its integrity check; raises Refused."""
    if database.engine.dialect.name != "sqlite" or not database.engine.url.database:
        raise Refused("cli.backup_elsewhere")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    draft.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(database.engine.url.database)) as source,
        closing(sqlite3.connect(draft)) as copy,
    ):
        source.backup(copy, pages=1024)
        found = copy.execute("PRAGMA integrity_check").fetchone()[0]
        broken = copy.execute("PRAGMA foreign_key_check").fetchone()
    if found != "ok" or broken is not None:
        raise Refused("cli.backup_damaged", path=str(draft), found=found)
    draft.replace(path)
    return path
