"""
The server of a game: the real application over a real SQLite file, and the network before it.

It can die at any call of its database and is then made anew over the file it left. The network
loses, repeats, delays, reorders and cuts what it carries, by the game's dice.
"""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event
from sqlalchemy.exc import IntegrityError

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.storage.database import Database, open_engine
from busops.storage.run_store import refused_by_guard
from busops.web.context import EXTENSION
from tests.machine import CountingIds
from tests.sim.game_tablet import Event, Lost, Seal

PATH = "/api/v1/events:batch"
SLOW_MS = 1_500  # one way; the two ways together stay below what the uncertainty of an offset allows for
Answer = tuple[int, Mapping[str, Any], Mapping[str, str]]


class Crash(BaseException):
    """The process is gone in the middle of its work: nothing of the application may catch it."""


class GameDisk:
    """
    The engine of every life of every game, over one file after another.

    A life has connections of its own. What goes on from one to the next is how its statements are
    spelt, which is never asked for anything.
    """

    def __init__(self, folder: Path) -> None:
        self.server: GameServer | None = None
        self.engine = open_engine(f"sqlite:///{folder / 'game.sqlite3'}")
        event.listen(self.engine, "do_connect", self._connect)
        for moment in ("before_cursor_execute", "commit"):
            event.listen(self.engine, moment, self._step)

    def serve(self, server: "GameServer | None") -> Engine:
        """From now on it is this server's; whatever was open is not."""
        self.engine.dispose()
        self.server = server
        return self.engine

    def _connect(self, _dialect: object, _record: object, words: list[str], _named: object) -> None:
        assert self.server is not None, "no game is played"
        words[0] = str(self.server.path)

    def _step(self, *_: object, **__: object) -> None:
        if self.server is not None:
            self.server.step()


class GameClock:
    """The true time, in milliseconds; the server's clock is right."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms

    def now(self) -> datetime:
        """The present moment as the server asks for it."""
        return datetime.fromtimestamp(self.now_ms / 1000, UTC)

    def at(self, at_ms: int) -> datetime:
        """Another moment, told the same way."""
        return datetime.fromtimestamp(at_ms / 1000, UTC)

    def ms(self) -> int:
        """The present moment as the game counts it."""
        return self.now_ms


@dataclass(kw_only=True)
class GameServer:
    """One life of the server after another over one file."""

    app: Flask
    disk: GameDisk
    path: Path
    clock: GameClock
    is_mad: bool = False  # its services forget rules, and only the database refuses
    ids: CountingIds = field(default_factory=CountingIds)
    seen: Counter[str] = field(default_factory=Counter)
    _dies_in: int | None = None
    _works: bool = False  # only its own work can kill it, not somebody who looks at its pages

    def start(self) -> None:
        """The application stands over the file as it lies."""
        self._dies_in = None
        self.disk.serve(self)
        made = self.app.extensions[EXTENSION]
        fresh = replace(
            made, database=self.database, clock=self.clock, machine_clock=self.clock, ids=self.ids
        )
        self.app.extensions[EXTENSION] = fresh

    def stop(self) -> None:
        """The last life has ended and its file is gone."""
        self.disk.serve(None)
        self.path.unlink(missing_ok=True)

    @property
    def database(self) -> Database:
        """The school's database in this life."""
        return Database(engine=self.disk.engine, school_id="t1")

    def die_within(self, steps: int | None) -> None:
        """This life ends at that call of its database, counted from now; None: it does not."""
        self._dies_in = steps

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request through the real application; Lost when it died over it."""
        sent = {**headers, "Content-Type": "application/json"}
        self._works = True
        try:
            answer = self.app.test_client().open(path, method=method, headers=sent, data=body)
        except Crash:
            self._rise()
            raise Lost("the server died") from None
        finally:
            self._works = False
        if answer.status_code >= 500:
            self.seen[f"status {answer.status_code}"] += 1
        return answer.status_code, answer.get_json(silent=True) or {}, dict(answer.headers)

    def act(self, deed: Callable[..., Any], *words: Any, **own: Any) -> str:
        """
        An act of the office through the service: done, refused, or the server died over it.

        What only the database refuses is a fault of the services, unless they are mad on purpose.
        """
        self._works = True
        try:
            deed(self.database, *words, clock=self.clock, ids=self.ids, **own)
        except (Refused, InvalidInput, NotFound) as refusal:
            return refusal.code
        except IntegrityError as refusal:
            if not self.is_mad:
                raise AssertionError(f"only the database refused it: {refusal.orig}") from refusal
            self.seen["refused by the database"] += 1
            return refused_by_guard(refusal) or "check_constraint"
        except Crash:
            self._rise()
            return "died"
        finally:
            self._works = False
        return "done"

    def step(self) -> None:
        """It calls its database; the life may end here."""
        if self._dies_in is None or not self._works:
            return
        self._dies_in -= 1
        if self._dies_in <= 0:
            self._dies_in = None
            raise Crash

    def _rise(self) -> None:
        self.seen["crash"] += 1
        self.start()


@dataclass(kw_only=True)
class GameNetwork:
    """Carries batches; ``badness`` is how often, of a hundred times, each fault happens."""

    server: GameServer
    dice: Random
    badness: int
    narrow: int | None = None  # a proxy on the way takes no more events than this at once
    late: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    def __call__(self, headers: Mapping[str, str], events: Sequence[Event], seal: Seal) -> Answer:
        """The server's answer, or Lost."""
        self._takes_time()
        raw = json.dumps(seal(events), ensure_ascii=False).encode()
        if self.narrow is not None and len(events) > self.narrow:
            self.seen["413"] += 1
            return 413, {}, {}
        if self._happens("dropped"):
            raise Lost("on the way there")
        if self._happens("delayed"):
            self.late.append((dict(headers), raw))
            raise Lost("comes too late")
        if self._happens("cut"):
            raw = raw[: self.dice.randrange(len(raw))]
        if self._happens("reordered"):
            shuffled = list(events)
            self.dice.shuffle(shuffled)
            raw = json.dumps(seal(shuffled), ensure_ascii=False).encode()
        answer = self.server.request("POST", PATH, headers, raw)
        if self._happens("repeated"):
            answer = self.server.request("POST", PATH, headers, raw)
        self._takes_time()
        if self._happens("answer lost"):
            raise Lost("on the way back")
        return answer

    def deliver_late(self) -> None:
        """Something that everybody had given up arrives, in whatever order."""
        if self.late:
            headers, raw = self.late.pop(self.dice.randrange(len(self.late)))
            try:
                self.server.request("POST", PATH, headers, raw)
            except Lost:
                self.seen["late and lost"] += 1

    def heal(self) -> None:
        """From now on everything arrives, once, in order."""
        self.badness, self.narrow = 0, None
        self.server.die_within(None)

    def _happens(self, what: str) -> bool:
        if self.dice.randrange(100) >= self.badness:
            return False
        self.seen[what] += 1
        return True

    def _takes_time(self) -> None:
        self.server.clock.now_ms += self.dice.randint(1, SLOW_MS if self.badness else 50)


def copy_of(template: Path, folder: Path, name: str) -> Path:
    """A database file of its own for one game."""
    path = folder / f"{name}.sqlite3"
    shutil.copy(template, path)
    return path
