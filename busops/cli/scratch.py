"""
A database for one command: made in a temporary folder, gone when the command ends.

Commands that take a school folder (plan, verify, weekend) work in it, through the same services
as the pages, and leave the installation's own database alone.
"""

import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from busops.cli.context import Cli
from busops.config import SCHOOL_ID, Settings, make_settings
from busops.domain.errors import InvalidInput
from busops.domain.values import Clock
from busops.log import configure_logging
from busops.services import register
from busops.services.register import FolderImport
from busops.storage import schema
from busops.storage.database import Database, open_engine

BY = "busops"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scratch:
    """A school folder in a database of its own, and what became of its import."""

    database: Database
    settings: Settings
    outcome: FolderImport


@contextmanager
def scratch_school(cli: Cli, files: Mapping[str, bytes], clock: Clock) -> Iterator[Scratch]:
    """
    The folder imported into a scratch database, bad rows left out and found in ``outcome``.

    Raises InvalidInput with every finding when a whole file cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix="busops-") as folder:
        settings = make_settings(
            environment="test",
            instance_path=Path(folder),
            school_id=_school_id(files),
            worker_inside=False,
            log_level="warning",
        )
        configure_logging(settings)
        owner = open_engine(settings.database_url, guarded=False)
        schema.create_all(owner)
        owner.dispose()
        database = Database(engine=open_engine(settings.database_url), school_id=settings.school_id)
        try:
            outcome = register.import_folder(
                database, files=files, by=BY, clock=clock, ids=cli.ids, leave_out_bad_rows=True
            )
            if not outcome.is_accepted:
                raise InvalidInput("school_folder_unusable", outcome.findings, count=len(outcome.findings))
            yield Scratch(database=database, settings=settings, outcome=outcome)
        finally:
            database.engine.dispose()


def _school_id(files: Mapping[str, bytes]) -> str:
    """The folder's own name for its school where the database can carry it; the import judges the rest."""
    try:
        said = tomllib.loads(files.get("school.toml", b"").decode("utf-8-sig")).get("school_id")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        said = None
    return said if isinstance(said, str) and SCHOOL_ID.fullmatch(said) else "school"
