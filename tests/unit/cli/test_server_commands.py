"""The worker and the server as processes: they leave when told, and refuse a database without its guards."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from busops.storage import schema
from busops.storage.database import open_engine

PATIENCE_S = 30


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """The environment of an installation with an empty, guarded database."""
    schema.upgrade(f"sqlite:///{tmp_path / 'busops.sqlite3'}")
    return {
        **os.environ,
        "BUSOPS_INSTANCE": str(tmp_path),
        "BUSOPS_DATABASE_URL": f"sqlite:///{tmp_path / 'busops.sqlite3'}",
        "BUSOPS_PORT": "8791",
        "BUSOPS_LOG_JSON": "true",
    }


def started(environ: dict[str, str], command: str) -> subprocess.Popen[str]:
    """The command as a process of its own, its words in one pipe."""
    return subprocess.Popen(
        [sys.executable, "-m", "busops", "--lang", "en", command],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("command", ["worker", "serve"])
def test_a_signal_ends_it_in_order(installed: dict[str, str], command: str, tmp_path: Path) -> None:
    """SIGTERM: the process ends by itself, without an error."""
    process = started(installed, command)
    queue = tmp_path / "queue.sqlite3"
    waited_until = time.monotonic() + PATIENCE_S
    while not queue.exists() and time.monotonic() < waited_until:
        time.sleep(0.1)
    time.sleep(1.5)
    assert process.poll() is None, process.communicate()[0]
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    assert "Traceback" not in said


def is_served(port: str) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) == 0


def until(port: str, *, served: bool) -> bool:
    """Waits until the port is served (or is not) and says whether it came to that."""
    waited_until = time.monotonic() + PATIENCE_S
    while is_served(port) != served and time.monotonic() < waited_until:
        time.sleep(0.1)
    return is_served(port) == served


def test_a_killed_server_leaves_no_pages_behind(installed: dict[str, str]) -> None:
    """SIGKILL of the process with the jobs: the pages end too, and the address is free for the next start."""
    installed["BUSOPS_PORT"] = "8792"
    process = started(installed, "serve")
    assert until("8792", served=True), process.communicate()[0]
    time.sleep(2)  # the pages' process has read the application
    process.kill()
    process.communicate(timeout=PATIENCE_S)  # its words end when the last who holds the pipe has ended
    assert until("8792", served=False)


@pytest.mark.parametrize("command", ["worker", "serve"])
def test_nothing_is_served_over_a_database_without_its_guards(
    installed: dict[str, str], command: str
) -> None:
    """One trigger gone: refused in a sentence, and not put back in silence; `init` puts it back."""
    engine = open_engine(installed["BUSOPS_DATABASE_URL"], guarded=False)
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER run_close"))
    process = started(installed, command)
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode != 0
    assert "guards are missing" in said
    assert "Traceback" not in said
    assert not schema.guards_intact(engine)
    schema.restore_guards(installed["BUSOPS_DATABASE_URL"])
    assert schema.guards_intact(engine)
    assert schema.at_head(engine)
    engine.dispose()
