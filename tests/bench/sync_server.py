"""
The server of a load test: ``busops serve`` in processes of its own, its processor time, and the machine.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
TICKS_S: Final = os.sysconf("SC_CLK_TCK")
START_S: Final = 60
SETTLED: Final = 0.1  # of a core, over half a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that answers on ``port``."""

    port: int
    process: subprocess.Popen[bytes]

    def processor_s(self) -> float:
        """The processor time of all its processes so far, in seconds."""
        return processor_s(self.process.pid)


@contextmanager
def serving(folder: Path, url: str, school_id: str) -> Iterator[Server]:
    """``busops serve`` over this database, ready and quiet, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    env = {name: value for name, value in os.environ.items() if not name.startswith("BUSOPS_")}
    env |= {
        "BUSOPS_INSTANCE": str(folder),
        "BUSOPS_DATABASE_URL": url,
        "BUSOPS_SCHOOL_ID": school_id,
        "BUSOPS_PORT": str(port),
    }
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "busops", "serve"],
            cwd=ROOT,
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    server = Server(port=port, process=process)
    try:
        _until_ready(server, folder)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=20)


def _until_ready(server: Server, folder: Path) -> None:
    until_s = time.monotonic() + START_S
    while True:
        if server.process.poll() is not None or time.monotonic() > until_s:
            raise RuntimeError(f"the server did not start: {(folder / 'server.log').read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/readyz", timeout=5):
                break
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    before_s = server.processor_s()
    while time.monotonic() < until_s:  # until the planner's machine code is loaded
        time.sleep(0.5)
        now_s = server.processor_s()
        if now_s - before_s < SETTLED * 0.5:
            return
        before_s = now_s


def processor_s(pid: int) -> float:
    """The processor time of a process and all its descendants that live, in seconds."""
    spent: dict[int, tuple[int, float]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended just now
            continue
        spent[int(stat.parent.name)] = (int(fields[1]), sum(map(int, fields[11:15])) / TICKS_S)
    ours = {pid}
    while more := {each for each, (parent, _) in spent.items() if parent in ours} - ours:
        ours |= more
    return sum(spent[each][1] for each in ours if each in spent)


def machine() -> str:
    """One line: cores, load just now, and what a 4 KiB write to the disk costs."""
    with tempfile.TemporaryFile() as file:
        times = []
        for _ in range(30):
            file.write(b"x" * 4096)
            began_s = time.perf_counter()
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began_s)
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    return f"{os.cpu_count()} cores, load {load}, fsync of 4 KiB {1000 * median(times):.1f} ms"
