"""
Nothing is served over a database whose guards are gone or changed, whatever server runs the pages.

``busops serve`` and ``busops worker`` refuse to start; an application that another server made from
``wsgi.py`` answers 503 to everything but the operator's tools. A guard that goes while it runs is
seen within a minute, and so is the operator's having put it back.
"""

import time
from typing import Final

import structlog
from flask import Flask, request
from werkzeug.wrappers import Response

from busops.storage import schema
from busops.storage.database import Database
from busops.web import errors

log = structlog.get_logger(__name__)
OPEN: Final = frozenset({"static", "health.alive", "health.ready", "health.metrics"})
LOOK_AGAIN_S: Final = 60.0
LOOK_SOON_S: Final = 2.0


class _Look:
    """What was found at the last look, kept for a while: a request must not pay for each."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._again_at = 0.0
        self._differing: tuple[str, ...] = ()

    def stands(self) -> bool:
        """True when every guard stood as it was written at the last look."""
        now = time.monotonic()
        if now >= self._again_at:
            self._differing = schema.differing_guards(self._engine)
            self._again_at = now + (LOOK_SOON_S if self._differing else LOOK_AGAIN_S)
            if self._differing:
                log.error("guards_not_intact", guards=self._differing)
        return not self._differing


def install(app: Flask, database: Database) -> None:
    """Every request of ``app`` is answered 503 while the guards of its database do not stand."""
    look = _Look(database)

    @app.before_request
    def _refuse_unguarded() -> Response | None:
        if request.endpoint in OPEN or look.stands():
            return None
        return errors.unguarded()
