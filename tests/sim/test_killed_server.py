"""
The server is killed with SIGKILL in the middle of batches, at seeded steps, and started again.

What was acknowledged is there, nothing is there twice, and a tablet that sends again gets on. It shows
that a killed process loses nothing; a power cut would also ask the disk, which no kill does.
"""

import http.client
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from busops.services.simulated_crew import script, stamp
from busops.services.tablet_pack import pack
from busops.storage import event_store, schema
from busops.storage.database import Database, open_engine
from tests.machine import CountingIds
from tests.sim import world

ROOT = Path(__file__).resolve().parents[2]
PATH = "/api/v1/events:batch"
KILLS = int(os.environ.get("SOAK_KILLS", "40"))  # `make soak` asks for many more
SHARE_OF_STEPS = 0.75
TRANSACTIONS = 6  # the others end after one of so many
STEPS = (40, 120, 400)  # a life ends within a small batch, a large one, or after some


@dataclass(kw_only=True)
class Mortal:
    """The server that dies, and what has been seen of it."""

    process: subprocess.Popen[str]
    port: int
    dice: random.Random
    seen: Counter[str] = field(default_factory=Counter)

    def start(self) -> None:
        """The next life begins; it ends at a step of the dice, or between a commit and its answer."""
        step = (
            self.dice.randint(1, self.dice.choice(STEPS))
            if self.dice.random() < SHARE_OF_STEPS
            else -(self.dice.randint(1, TRANSACTIONS))
        )
        self.process.stdin.write(f"{step}\n")
        self.process.stdin.flush()

    def request(self, headers: Any, body: Any) -> dict[str, Any] | None:
        """The answer, or None when the server died over it; then the next life has begun."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(
                "POST", PATH, json.dumps(body), {**headers, "Content-Type": "application/json"}
            )
            answer = connection.getresponse()
            said = json.loads(answer.read())
        except (ConnectionError, http.client.HTTPException):
            assert self.process.stdout.readline().strip() == "9"
            self.seen["killed"] += 1
            self.start()
            return None
        finally:
            connection.close()
        assert answer.status == 200, said
        return said


@pytest.fixture
def mortal(sqlite_database: Database, tmp_path: Path) -> Iterator[Mortal]:
    """A server over the test's own database file."""
    world.fill(sqlite_database)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sim.mortal_server", str(tmp_path)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    yield Mortal(process=process, port=int(process.stdout.readline()), dice=random.Random(20260313))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    process.stdin.close()
    process.stdout.close()


def made(database: Database, run_id: str, number: int, ids: CountingIds) -> dict[Any, tuple[Any, list[Any]]]:
    """What two tablets have recorded of a run: themselves and their events."""
    world.release(database, run_id=run_id, trip_no=number)
    held = world.tablets(database, clock=world.a_clock(), ids=ids)
    document = pack(database, run_id)
    events: dict[str, list[Any]] = {role: [] for role in held}
    for act in script(document, world.TAGS):
        held[act.role], envelope = stamp(held[act.role], act, pack=document, ids=ids)
        events[act.role].append(envelope)
    return {role: (held[role], events[role]) for role in held}


def upload(mortal: Mortal, held: Any, events: list[Any]) -> set[str]:
    """Everything is sent in batches, again and again until it is answered for; what was acknowledged."""
    acknowledged: set[str] = set()
    waiting = list(events)
    while waiting:
        answer = mortal.request(held.headers, held.batch(waiting[: mortal.dice.randint(1, 8)]))
        if answer is None:
            continue
        for result in answer["results"]:
            mortal.seen[result["r"]] += 1
            acknowledged.add(result["id"])
        waiting = [event for event in waiting if event["id"] not in acknowledged]
    return acknowledged


def stored(database: Database, run_id: str) -> list[str]:
    """The ids in the run's log, in the order of the log."""
    with database.reading() as tx:
        return [event.event_id for event in event_store.load_observations(tx, run_id)]


@pytest.mark.slow
def test_a_killed_server_loses_nothing_and_doubles_nothing(
    sqlite_database: Database, mortal: Mortal, tmp_path: Path
) -> None:
    """Acknowledged is stored, once, in order; sending again is all duplicates; no gap, no damage."""
    ids = CountingIds()
    mortal.start()
    number = 0
    while mortal.seen["killed"] < KILLS:
        number += 1
        run_id = f"run-{number}"
        for held, events in made(sqlite_database, run_id, number, ids).values():
            wanted = [event["id"] for event in events]
            before = stored(sqlite_database, run_id)
            assert upload(mortal, held, events) == set(wanted)
            assert stored(sqlite_database, run_id)[len(before) :] == wanted
            again = None
            while again is None:
                again = mortal.request(held.headers, held.batch(events))
            assert {result["r"] for result in again["results"]} == {"duplicate"}
            assert again["ack"] == len(events), "the chain has a gap"
            assert len(stored(sqlite_database, run_id)) == len(before) + len(wanted)
    assert mortal.seen["quarantined"] == mortal.seen["fork"] == 0
    assert mortal.seen["duplicate"] > 0, "no death came between the commit and its answer"
    assert_sound(tmp_path)


def assert_sound(folder: Path) -> None:
    """The file that the dead left behind is whole, copied as it lies and looked at by others."""
    for path in folder.glob("busops.sqlite3*"):
        shutil.copy(path, folder / path.name.replace("busops", "copy"))
    with sqlite3.connect(folder / "copy.sqlite3") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        twice = "SELECT dev, seq FROM run_event GROUP BY dev, seq HAVING count(*) > 1"
        assert connection.execute(twice).fetchall() == []
    connection.close()
    engine = open_engine(f"sqlite:///{folder / 'copy.sqlite3'}")
    assert schema.guards_intact(engine)
    engine.dispose()
