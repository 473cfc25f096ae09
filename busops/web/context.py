"""
What a view may lean on: the school's database, the clock, new ids, settings, the reader.

``current()`` is the only door to them. It is not a place for state: everything here is
made once by ``create_app`` or found anew for each request.
"""

from dataclasses import dataclass, field
from typing import Any

from argon2 import PasswordHasher
from flask import current_app
from flask_login import current_user

from busops.config import Settings
from busops.domain.errors import NotFound
from busops.domain.people import Actor
from busops.domain.values import Clock, Ids
from busops.jobs import JobQueue
from busops.planner.travel.source import TravelSource
from busops.services.travel_sources import travel_source
from busops.storage.database import Database
from busops.storage.run_records import RunMemory
from busops.web import language

EXTENSION = "busops"


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What one application was made with; lives as long as the process."""

    settings: Settings
    database: Database
    clock: Clock
    ids: Ids
    jobs: JobQueue
    machine_clock: Clock  # of sessions and lock-outs: the demo's own clock may run sixty times as fast
    hasher: PasswordHasher
    memory: RunMemory = field(default_factory=RunMemory)


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """What the view of this request may use."""

    settings: Settings
    database: Database
    clock: Clock
    ids: Ids
    jobs: JobQueue
    locale: str
    person: Actor | None

    @property
    def actor(self) -> Actor:
        """The signed-in person; views behind ``@allow`` always have one."""
        if self.person is None:
            raise NotFound("nobody_signed_in")
        return self.person

    def roads(self) -> TravelSource | None:
        """Who measures roads here, as the settings say; asks nobody before ways are wanted."""
        return travel_source(self.settings.travel, clock=self.clock)


def current() -> Current:
    """The runtime and the reader of the request that is being answered."""
    made = runtime()
    return Current(
        settings=made.settings,
        database=made.database,
        clock=made.clock,
        ids=made.ids,
        jobs=made.jobs,
        locale=language.chosen(),
        person=signed_in(),
    )


def runtime() -> Runtime:
    """What the application was made with."""
    made: Runtime = current_app.extensions[EXTENSION]
    return made


def signed_in() -> Actor | None:
    """The person of this request, or None."""
    user: Any = current_user
    return user.actor if user and user.is_authenticated else None
