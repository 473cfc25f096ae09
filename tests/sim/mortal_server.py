"""
A server that is killed: the real application over a SQLite file, whose process SIGKILLs itself mid-work.

Run as ``python -m tests.sim.mortal_server FOLDER``. Each number on standard input starts a life; it ends
at that many steps of the database after its start (a statement, a commit, a connection given back), with
no handler, no rollback and no goodbye. Each death is told in a line.
"""

import os
import signal
import socket
import sys
from itertools import count
from pathlib import Path

from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool
from werkzeug.serving import make_server

from busops.config import Settings
from busops.web.app import create_app
from tests.sim import world


def settings_of(folder: Path) -> Settings:
    """The settings of a school whose database lies in the folder."""
    return Settings(
        environment="test",
        instance_path=folder,
        database_url=f"sqlite:///{folder / 'busops.sqlite3'}",
        secret_key="k" * 48,
        school_id="t1",
    )


def die_at(step: int) -> None:
    """This process kills itself at that step of its database; below 0, after that transaction."""
    steps = count(1)

    def take_step(*_: object, **__: object) -> None:
        if next(steps) == abs(step):
            os.kill(os.getpid(), signal.SIGKILL)

    every = ((Engine, "before_cursor_execute"), (Engine, "commit"), (Pool, "checkin"))
    for target, moment in every if step > 0 else every[2:]:
        event.listen(target, moment, take_step)


def live(folder: Path, listening: socket.socket, step: int) -> None:
    """One life: requests are answered until the step comes."""
    app = create_app(settings_of(folder), clock=world.a_clock())
    app.test_client().get("/api/v1/runs")  # the look at the guards is no part of a batch
    die_at(step)
    make_server(
        "127.0.0.1", listening.getsockname()[1], app, threaded=True, fd=listening.fileno()
    ).serve_forever()


def main(folder: Path) -> None:
    """Lives follow one another on one port until standard input ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            for stream in (1, 2):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
            live(folder, listening, int(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.WTERMSIG(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
