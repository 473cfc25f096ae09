"""
What every command shares: the application's factory, the language, the database of this installation.

Nothing is opened before a command asks for it, so that ``busops --help`` needs no instance.
"""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from busops.clock import SystemClock, UuidIds
from busops.config import Settings, load_settings, read_settings
from busops.domain.errors import InvalidInput
from busops.domain.values import Clock, Ids
from busops.i18n import CHINESE, ENGLISH
from busops.planner.travel.source import TravelSource
from busops.services.travel_sources import travel_source
from busops.sheets.files.upload import check_size
from busops.storage.database import Database, open_engine

# What create_app makes is a WSGI application with a test client; its type belongs to the pages.
AppFactory = Callable[..., Any]
RECEIPTS = "receipts"


class WrongUse(InvalidInput):
    """What was asked for cannot be done as it was asked: exit code 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cli:
    """The command line's surroundings."""

    create_app: AppFactory
    locale: str = CHINESE
    clock: Clock = field(default_factory=SystemClock)
    ids: Ids = field(default_factory=UuidIds)

    def settings(self) -> Settings:
        """The settings of this installation; InvalidInput names every fault."""
        return load_settings()

    def roads(self) -> TravelSource | None:
        """Who measures roads here, as this installation's settings say; nothing is made on the disk."""
        return travel_source(read_settings().travel, clock=self.clock)

    def database(self, settings: Settings) -> Database:
        """The installation's database, as the pages open it."""
        return Database(engine=open_engine(settings.database_url), school_id=settings.school_id)


def locale_of_terminal(environ: Mapping[str, str] | None = None) -> str:
    """English when the terminal says so, else Chinese."""
    said = environ if environ is not None else os.environ
    language = said.get("LC_ALL") or said.get("LC_MESSAGES") or said.get("LANG") or ""
    return ENGLISH if language.lower().startswith(("en", "c.", "posix")) or language == "C" else CHINESE


def writable_folder(folder: Path) -> Path:
    """The folder is there and takes files; WrongUse before any work is done when it does not."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as fault:
        raise WrongUse("out_not_writable", path=str(folder), reason=fault.strerror or str(fault)) from fault
    return folder


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a school folder by name, receipts as ``receipts/NAME``; InvalidInput when it is none."""
    if not folder.is_dir():
        raise InvalidInput("school_folder_missing", path=str(folder))
    found = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")]
    receipts = folder / RECEIPTS
    if receipts.is_dir():
        found += [path for path in sorted(receipts.iterdir()) if path.is_file()]
    for path in found:
        if size_bytes := path.stat().st_size:  # an empty file is for the reader of its table to judge
            check_size(path.relative_to(folder).as_posix(), size_bytes)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
