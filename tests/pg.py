"""
A throw-away PostgreSQL for the tests: one cluster a session, one database a test.

It listens on a unix socket in a temporary folder only, writes without fsync and is deleted
at the end. A ``durable`` one writes as a real one does, and can be stopped dead and started again.
PostgreSQL refuses to run as root, so root hands it to an unprivileged account.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

DEBIAN = Path("/usr/lib/postgresql")
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "60",
    "synchronous_commit": "off",
    "timezone": "UTC",
}
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


def find_program(name: str) -> str | None:
    """The path of a PostgreSQL program: on PATH, else the newest one that Debian keeps off it."""
    kept = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return shutil.which(name) or (str(kept[-1]) if kept else None)


def available() -> bool:
    """True when this machine can make a cluster."""
    return bool(find_program("initdb") and find_program("pg_ctl"))


@dataclass(kw_only=True)
class Cluster:
    """A running PostgreSQL; ``new_database`` gives the URL of an empty or copied database."""

    folder: Path
    account: pwd.struct_passwd | None
    is_durable: bool = False
    _numbers: count = field(default_factory=lambda: count(1))

    def url(self, database: str) -> str:
        """The address of a database of this cluster, as its superuser."""
        return f"postgresql+psycopg://owner@/{database}?host={self.folder}"

    def new_database(self, *, template: str = "template1") -> str:
        """A new database, a copy of ``template``; its name."""
        name = f"t{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop_database(self, name: str) -> None:
        """The database is gone, and whoever was connected to it with it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """A statement ran outside any transaction, in the maintenance database."""
        with psycopg.connect(f"host={self.folder} user=owner dbname=postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def stop(self) -> None:
        """The server is stopped and its folder removed."""
        self.stop_dead()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop_dead(self) -> None:
        """Every process of the server is gone at once, as when the machine dies; what is on disk stays."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def rise(self) -> None:
        """The server runs, and has recovered what was on disk."""
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", log, "-w", "-t", "60", "start")

    def start(self) -> None:
        """The cluster is made and answers."""
        data = self.folder / "data"
        self._run(
            "initdb", "-D", str(data), "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"
        )
        chosen = SETTINGS | (DURABLE if self.is_durable else {})
        lines = [f"{name} = '{value}'\n" for name, value in chosen.items()]
        lines.append(f"unix_socket_directories = '{self.folder}'\n")
        with (data / "postgresql.conf").open("a", encoding="utf-8") as config:
            config.writelines(lines)
        self.rise()

    def _run(self, program: str, *arguments: str) -> None:
        path = find_program(program)
        assert path, f"{program} is not installed"
        identity = {}
        if self.account:
            identity = {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        said = self.folder / f"{program}.out"
        with said.open("ab") as output:
            done = subprocess.run(
                [path, *arguments],
                check=False,
                cwd=self.folder,
                env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder), "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **identity,
            )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {said.read_text(errors='replace')}")


def start_cluster(*, durable: bool = False) -> Cluster:
    """A running cluster in a new temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="busops-pg-"))
    account = None
    if os.geteuid() == 0:
        account = pwd.getpwnam("nobody")
        os.chown(folder, account.pw_uid, account.pw_gid)
    cluster = Cluster(folder=folder, account=account, is_durable=durable)
    cluster.start()
    return cluster
