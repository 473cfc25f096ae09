"""
S1 and S2: several worker processes behind one address, parallel tablets, SIGKILL for now one, at last all.

The workers are those of a real server (Granian) over one SQLite file, whose lock they share. What
was acknowledged is there once, whoever was killed over it.
"""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from busops.clock import SystemClock, UuidIds
from busops.domain.fleet import CrewRole
from busops.services.simulated_crew import Act, stamp
from busops.storage import schema
from busops.storage.database import Database, open_engine
from tests.faults import history
from tests.sim import world

WORKERS, TABLETS, EVENTS, KILLS = 2, 3, 30, 4
PATIENCE_S = 120


class Server:
    """A master with its workers, in a process group of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        url = f"sqlite:///{folder / 'busops.sqlite3'}"
        self.environ = {
            **os.environ, "BUSOPS_INSTANCE": str(folder), "BUSOPS_DATABASE_URL": url,
            "BUSOPS_LOG_JSON": "true",
        }  # fmt: skip
        self.said = folder / "server.log"

    def start(self) -> None:
        """The workers are started and one of them answers."""
        command = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--workers", str(WORKERS),
            "--respawn-failed-workers", "--host", "127.0.0.1", "--port", str(self.port),
            "busops.__main__:pages",
        ]  # fmt: skip
        with self.said.open("ab") as output:
            self.process = subprocess.Popen(
                command, env=self.environ, stdout=output, stderr=output, start_new_session=True
            )
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(self.said.read_text(errors="replace"))

    def workers(self) -> list[int]:
        """The processes that answer."""
        master = self.process.pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return [int(pid) for pid in children if "tracker" not in Path(f"/proc/{pid}/cmdline").read_text()]

    def kill_one(self, dice: random.Random) -> None:
        """One worker is gone in the middle of whatever it does."""
        if pids := self.workers():
            os.kill(dice.choice(pids), signal.SIGKILL)

    def kill_all(self) -> None:
        """The master and every worker are gone."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)


class Client(threading.Thread):
    """A tablet in its own thread: it sends until everything is answered for."""

    def __init__(self, port: int, held: Any, events: list[dict[str, Any]]) -> None:
        super().__init__(daemon=True)
        self.port, self.held, self.events = port, held, events
        self.answered: set[str] = set()
        self.failures = 0

    def run(self) -> None:
        """Batch after batch; whatever goes wrong, the same again."""
        dice = random.Random(self.held.dev)
        while waiting := [each for each in self.events if each["id"] not in self.answered]:
            try:
                self.answered |= self.send(waiting[: dice.randint(1, 4)])
            except (OSError, http.client.HTTPException, ValueError):
                self.failures += 1
                time.sleep(0.05)

    def send(self, events: list[dict[str, Any]]) -> set[str]:
        """The events of this batch that the server answered for."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            headers = {**self.held.headers, "Content-Type": "application/json"}
            connection.request("POST", "/api/v1/events:batch", json.dumps(self.held.batch(events)), headers)
            answer = connection.getresponse()
            said = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != 200:
            raise OSError(f"answered {answer.status}")
        return history.acknowledged(said["results"])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server over an empty database in a folder of its own, ended whatever happens."""
    made = Server(tmp_path)
    schema.upgrade(made.environ["BUSOPS_DATABASE_URL"])
    made.start()
    yield made
    made.kill_all()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_workers_killed_under_parallel_tablets_lose_nothing(server: Server) -> None:
    """Workers die one after another, then all at once; after a new start everything is there, once."""
    engine = open_engine(server.environ["BUSOPS_DATABASE_URL"])
    database = Database(engine=engine, school_id="school")
    ids, dice = UuidIds(), random.Random(20260313)
    world.fill(database)
    world.release(database)
    clients = [Client(server.port, *recorded(database, ids)) for _ in range(TABLETS)]
    for client in clients:
        client.start()
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.5, 1.5))
        server.kill_one(dice)
    server.kill_all()
    server.start()
    for client in clients:
        client.join(PATIENCE_S)
    sent = [event for client in clients for event in client.events]
    answered = set().union(*(client.answered for client in clients))
    failures = sum(client.failures for client in clients)
    what = f"S1 {KILLS} workers and S2 everything killed, {failures} tries failed"
    verdict = history.told(what, database, sent, answered)
    engine.dispose()
    assert verdict.stored == len(sent) == TABLETS * EVENTS
    assert failures > 0, "nobody ever met a server that was killed"


def recorded(database: Database, ids: Any) -> tuple[Any, list[dict[str, Any]]]:
    """A new tablet and what it has recorded."""
    held = world.enrol(database, CrewRole.ATTENDANT, clock=SystemClock(), ids=ids)
    events = []
    for number in range(EVENTS):
        act = Act(at_ms=1_773_388_800_000 + number, role=CrewRole.ATTENDANT, kind="note", text="x")
        held, envelope = stamp(held, act, pack={"run": "run-1", "roster_v": 1}, ids=ids)
        events.append(envelope)
    return held, events
