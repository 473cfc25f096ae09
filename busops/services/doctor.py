"""
Whether this installation may serve: each thing that the safety of a run leans on, looked at once.

A check says what it found and how bad that is. ``UNSAFE`` means that serving would break a promise
of docs/safety.md; ``LOOK`` that a person should look soon. Nothing is changed and nothing repaired.
"""

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from busops.domain.errors import BusopsError
from busops.services import beats, certificates
from busops.storage import audit_store, inspection, job_store, schema
from busops.storage.database import Database, describe, sqlite_journal_mode
from busops.storage.job_store import JobState

MIB: Final = 1024 * 1024
LEAST_FREE_MIB: Final = 256
WANTED_FREE_MIB: Final = 2048
ENDS_SOON: Final = timedelta(days=30)
BEATS_WITHIN: Final = timedelta(seconds=60)
WAITED_TOO_LONG: Final = timedelta(minutes=2)
BACKWARDS: Final = timedelta(seconds=5)
APART_LOOK: Final = timedelta(seconds=2)
APART_UNSAFE: Final = timedelta(seconds=60)
DURABLE: Final = frozenset({"on", "local", "remote_write", "remote_apply"})
ISOLATIONS: Final = frozenset({"read committed", "serializable"})
OTHERS: Final = 0o077
OTHERS_BUT_GROUP_READS: Final = 0o037


Look = Callable[[], "Check"]


class State(StrEnum):
    """What a check means for serving."""

    OK = "ok"
    LOOK = "look"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was looked at, how it stands, and the code and facts of its sentence."""

    name: str
    state: State
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the installation says of itself: its folder, its keys, and whether somebody serves now."""

    instance: Path
    secret_path: Path | None  # None = the secret is set, not kept in a file
    tls_cert: Path | None
    tls_key: Path | None
    authority_key: Path
    beat_path: Path
    behind_proxy: bool
    only_here: bool
    is_served: bool
    worker_inside: bool
    machine_at: datetime  # of certificates and beats: a demo's time is its own


def examine(database: Database, around: Surroundings, *, at: datetime) -> tuple[Check, ...]:
    """Every check in its order; a database that cannot be opened leaves out what would be asked of it."""
    return (*_of_database(database, around, at), *_of_machine(around))


def is_safe(checks: tuple[Check, ...]) -> bool:
    """Whether serving breaks no promise."""
    return all(check.state is not State.UNSAFE for check in checks)


def without_database(around: Surroundings, *, path: Path) -> tuple[Check, ...]:
    """The checks of an installation that has no database yet; none is made by looking."""
    return (_check("database", State.UNSAFE, "missing", path=str(path)), *_of_machine(around))


def _of_machine(around: Surroundings) -> Iterator[Check]:
    yield _certificate(around)
    yield from _private_files(around)
    yield _disk(around)


def _of_database(database: Database, around: Surroundings, at: datetime) -> Iterator[Check]:
    try:
        about = describe(database)
    except Exception as fault:  # whatever keeps it from answering: nothing can be asked of it
        yield _check("database", State.UNSAFE, "silent", kind=type(fault).__name__)
        return
    yield _check("database", State.OK, "ok", dialect=about["dialect"], version=about["version"])
    for name, look in _looks(database, around, at):
        yield _looked(name, look)


def _looked(name: str, look: Look) -> Check:
    try:
        return look()
    except Exception as fault:  # whatever stops a look, its answer is that nobody knows
        facts = {"check": name, "kind": type(fault).__name__}
        return Check(name=name, state=State.UNSAFE, code="doctor.unknown", facts=facts)


def _looks(database: Database, around: Surroundings, at: datetime) -> list[tuple[str, Look]]:
    asked: list[tuple[str, Look]] = [
        ("migrations", lambda: _migrations(database)),
        ("guards", lambda: _guards(database)),
    ]
    if database.engine.dialect.name == "sqlite":
        asked += [("journal", lambda: _journal(database)), ("authorizer", lambda: _authorizer(database))]
    else:
        asked += [("durability", lambda: _durability(database)), ("role", lambda: _role(database))]
        asked += [("isolation", lambda: _isolation(database))]
    asked += [
        ("clock", lambda: _clock(database, at)),
        ("watch", lambda: _watch(around)),
        ("jobs", lambda: _jobs(database, at)),
    ]
    return asked


def _migrations(database: Database) -> Check:
    if schema.at_head(database.engine):
        return _check("migrations", State.OK, "ok")
    return _check("migrations", State.UNSAFE, "behind")


def _guards(database: Database) -> Check:
    differing = schema.differing_guards(database.engine)
    if differing:
        return _check("guards", State.UNSAFE, "differ", count=len(differing), names=differing)
    return _check("guards", State.OK, "ok")


def _journal(database: Database) -> Check:
    mode, level = inspection.sqlite_promises(database.engine)
    wanted = sqlite_journal_mode()
    holds = mode == wanted and level in ("FULL", "EXTRA")
    return _check(
        "journal", State.OK if holds else State.UNSAFE, "ok" if holds else "wrong",
        mode=mode, level=level, wanted=wanted,
    )  # fmt: skip


def _authorizer(database: Database) -> Check:
    if inspection.may_change_schema(database.engine):
        return _check("authorizer", State.UNSAFE, "off")
    return _check("authorizer", State.OK, "ok")


def _durability(database: Database) -> Check:
    says = inspection.postgresql_promises(database.engine)
    off = [
        name
        for name, good in (("fsync", {"on"}), ("full_page_writes", {"on"}), ("synchronous_commit", DURABLE))
        if says[name] not in good
    ]
    if off:
        return _check("durability", State.UNSAFE, "off", names=off)
    return _check("durability", State.OK, "ok")


def _role(database: Database) -> Check:
    role = inspection.postgresql_role(database.engine)
    if role.powers:
        return _check("role", State.UNSAFE, "too_mighty", role=role.name, powers=role.powers)
    return _check("role", State.OK, "ok", role=role.name)


def _isolation(database: Database) -> Check:
    level = inspection.postgresql_promises(database.engine)["default_transaction_isolation"]
    good = level in ISOLATIONS
    return _check("isolation", State.OK if good else State.UNSAFE, "ok" if good else "wrong", level=level)


def _clock(database: Database, at: datetime) -> Check:
    with database.reading() as tx:
        newest = audit_store.newest_entries(tx, limit=1)
    if newest and newest[0].at - at > BACKWARDS:
        return _check("clock", State.UNSAFE, "backwards", newest_at=newest[0].at, now_at=at)
    theirs = inspection.database_clock(database.engine)
    apart = abs(theirs - at) if theirs else timedelta()
    if apart > APART_LOOK:
        state = State.UNSAFE if apart > APART_UNSAFE else State.LOOK
        return _check("clock", state, "apart", seconds=round(apart.total_seconds()))
    return _check("clock", State.OK, "ok", now_at=at)


def _watch(around: Surroundings) -> Check:
    at = around.machine_at
    beat = beats.last_beat(around.beat_path)
    if beat is not None and at - beat <= BEATS_WITHIN:
        return _check("watch", State.OK, "ok", seconds=max(0, round((at - beat).total_seconds())))
    if around.is_served and around.worker_inside:
        return _check("watch", State.UNSAFE, "silent", beat_at=beat)
    return _check("watch", State.LOOK, "not_here", beat_at=beat)


def _jobs(database: Database, at: datetime) -> Check:
    with database.reading() as tx:
        jobs = job_store.list_jobs(tx)
    waiting = [j for j in jobs if j.state is JobState.QUEUED and at - j.submitted_at > WAITED_TOO_LONG]
    lost = [
        j
        for j in jobs
        if j.state is JobState.RUNNING and at - (j.beat_at or j.submitted_at) > WAITED_TOO_LONG
    ]
    if waiting or lost:
        return _check("jobs", State.LOOK, "stuck", waiting=len(waiting), lost=len(lost))
    return _check("jobs", State.OK, "ok")


def _certificate(around: Surroundings) -> Check:
    at = around.machine_at
    if around.tls_cert is None or around.tls_key is None:
        if around.behind_proxy:
            return _check("tls", State.OK, "proxy")
        return _check("tls", State.LOOK if around.only_here else State.UNSAFE, "none")
    try:
        found = certificates.usable(around.tls_cert, around.tls_key, at=at)
    except BusopsError as fault:
        return Check(name="tls", state=State.UNSAFE, code=fault.code, facts=fault.facts)
    soon = found.not_after - at < ENDS_SOON
    return _check(
        "tls", State.LOOK if soon else State.OK, "ends_soon" if soon else "ok",
        days=found.days_left(at), ends=found.ends, names=found.names,
    )  # fmt: skip


def _private_files(around: Surroundings) -> Iterator[Check]:
    """Secrets are their owner's only; a key of a public certificate may be its group's to read."""
    own = [path for path in (around.secret_path, around.authority_key) if path is not None]
    open_to = dict.fromkeys(own, OTHERS)
    if around.tls_key is not None:
        open_to.setdefault(around.tls_key, OTHERS_BUT_GROUP_READS)
    there = {path: mask for path, mask in open_to.items() if path.exists()}
    loose = [
        (path, stat.S_IMODE(path.stat().st_mode))
        for path, mask in there.items()
        if path.stat().st_mode & mask
    ]
    if os.name != "posix" or not loose:
        yield _check("secrets", State.OK, "ok", count=len(there))
    for path, mode in loose if os.name == "posix" else ():
        yield _check("secrets", State.UNSAFE, "open", path=str(path), mode=f"{mode:04o}")


def _disk(around: Surroundings) -> Check:
    place = next(path for path in (around.instance, *around.instance.parents) if path.exists())
    free_mib = shutil.disk_usage(place).free // MIB
    state = (
        State.UNSAFE if free_mib < LEAST_FREE_MIB
        else State.LOOK if free_mib < WANTED_FREE_MIB
        else State.OK
    )  # fmt: skip
    return _check("disk", state, "ok" if state is State.OK else "low", mib=free_mib)


def _check(name: str, state: State, outcome: str, **facts: Any) -> Check:
    return Check(name=name, state=state, code=f"doctor.{name}_{outcome}", facts=facts)
