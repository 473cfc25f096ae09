"""The doctor finds each thing that makes serving unsafe, on either database, and calls a sound one safe."""

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from busops import i18n
from busops.services import audit, beats, certificates, doctor
from busops.services.certificates import CA_KEY, SERVER_CERT, SERVER_KEY
from busops.services.doctor import Check, State, Surroundings
from busops.storage import inspection, schema
from busops.storage.database import Database, open_engine
from tests import pg
from tests.conftest import SCHOOL_ID
from tests.machine import FRIDAY_NOON, FixedClock

NOW = FRIDAY_NOON


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    """A sound installation: a secret, a certificate, a watch that looked ten seconds ago."""
    tls = tmp_path / "tls"
    certificates.ensure(tls, ("bus.lan",), at=NOW)
    secret = tmp_path / "secret_key"
    secret.write_text("k" * 48, encoding="ascii")
    secret.chmod(0o600)
    beats.beat(tmp_path / "beat", NOW - timedelta(seconds=10))
    return Surroundings(
        instance=tmp_path,
        secret_path=secret,
        tls_cert=tls / SERVER_CERT,
        tls_key=tls / SERVER_KEY,
        authority_key=tls / CA_KEY,
        beat_path=tmp_path / "beat",
        behind_proxy=False,
        only_here=False,
        is_served=True,
        worker_inside=True,
        machine_at=NOW,
    )


def examined(database: Database, around: Surroundings, at: datetime = NOW) -> dict[str, Check]:
    """Every check by its name; the worst where there are several."""
    found: dict[str, Check] = {}
    order = list(State)
    for check in doctor.examine(database, around, at=at):
        known = found.get(check.name)
        if known is None or order.index(check.state) > order.index(known.state):
            found[check.name] = check
    return found


def states(checks: dict[str, Check]) -> dict[str, State]:
    """What is not in order."""
    return {name: check.state for name, check in checks.items() if check.state is not State.OK}


def test_a_sound_sqlite_installation_is_safe(sqlite_database: Database, around: Surroundings) -> None:
    """Everything is looked at, and nothing is wrong."""
    found = examined(sqlite_database, around)
    assert not states(found)
    assert set(found) == {
        "database", "migrations", "guards", "journal", "authorizer", "clock", "watch", "jobs", "tls",
        "secrets", "disk",
    }  # fmt: skip


def test_a_guard_that_is_gone_is_named(database: Database, around: Surroundings) -> None:
    """On either database: unsafe, with the guard's name."""
    owner = open_engine(database.engine.url.render_as_string(hide_password=False), guarded=False)
    on_table = " ON run" if owner.dialect.name == "postgresql" else ""
    with owner.begin() as connection:
        connection.execute(text(f"DROP TRIGGER run_close{on_table}"))
    owner.dispose()
    check = examined(database, around)["guards"]
    assert (check.state, check.code) == (State.UNSAFE, "doctor.guards_differ")
    assert check.facts["names"] == ("run_close",)


def test_tables_of_another_version_are_unsafe(database: Database, around: Surroundings) -> None:
    """On either database."""
    with database.transaction() as tx:
        tx.session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert examined(database, around)["migrations"].code == "doctor.migrations_behind"


def test_an_unguarded_connection_is_found_and_nothing_happens(
    sqlite_database: Database, around: Surroundings
) -> None:
    """Asked by EXPLAIN: the table that could be dropped is still there."""
    engine = open_engine(sqlite_database.engine.url.render_as_string(), guarded=False)
    unguarded = Database(engine=engine, school_id=SCHOOL_ID)
    assert examined(unguarded, around)["authorizer"].code == "doctor.authorizer_off"
    assert schema.at_head(engine)
    engine.dispose()


def test_a_database_that_does_not_answer_is_unsafe(around: Surroundings, tmp_path: Path) -> None:
    """Nothing else is asked of it; the rest is still told."""
    (tmp_path / "broken.sqlite3").write_bytes(b"no database at all" * 100)
    engine = open_engine(f"sqlite:///{tmp_path / 'broken.sqlite3'}")
    found = examined(Database(engine=engine, school_id=SCHOOL_ID), around)
    engine.dispose()
    assert found["database"].code == "doctor.database_silent"
    assert "guards" not in found
    assert found["disk"].state is State.OK


def test_journal_and_synchronisation_are_held_to_the_version(
    sqlite_database: Database, around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the connection says is compared with what this SQLite needs."""
    for said in (("MEMORY", "FULL"), ("TRUNCATE", "NORMAL"), ("WAL", "OFF")):
        monkeypatch.setattr(inspection, "sqlite_promises", lambda _engine, said=said: said)
        assert examined(sqlite_database, around)["journal"].state is State.UNSAFE


@pytest.fixture
def served_by(cluster: pg.Cluster, empty_postgresql: str) -> Iterator[tuple[Database, Database]]:
    """One PostgreSQL database as its owner, and as a role of the application's own."""
    name = cluster.new_database(template=empty_postgresql)
    owner = open_engine(cluster.url(name))
    with owner.begin() as connection:
        connection.execute(text("DROP ROLE IF EXISTS busops_served"))
        connection.execute(text("CREATE ROLE busops_served LOGIN"))
        schema.grant_application(connection, "busops_served")
    application = open_engine(cluster.url(name).replace("//owner@", "//busops_served@"))
    yield (
        Database(engine=owner, school_id=SCHOOL_ID),
        Database(engine=application, school_id=SCHOOL_ID),
    )
    application.dispose()
    with owner.begin() as connection:
        connection.execute(text("DROP OWNED BY busops_served"))
        connection.execute(text("DROP ROLE busops_served"))
    owner.dispose()
    cluster.drop_database(name)


@pytest.mark.postgres
def test_the_role_that_serves_must_not_be_mighty(
    served_by: tuple[Database, Database], around: Surroundings
) -> None:
    """An owner and superuser is unsafe; the granted role is right, and sees the guards as well."""
    owner, application = served_by
    mighty = examined(owner, around)["role"]
    assert mighty.state is State.UNSAFE
    assert mighty.facts["powers"] == ("superuser", "bypass_rls", "owner", "skip_triggers")
    found = examined(application, around)
    assert found["role"].code == "doctor.role_ok"
    assert {found[name].state for name in ("guards", "migrations", "isolation")} == {State.OK}
    assert found["clock"].code == "doctor.clock_apart", "the test's clock stands on another day"


@pytest.mark.postgres
def test_what_postgresql_promises_is_looked_at(
    served_by: tuple[Database, Database], around: Surroundings
) -> None:
    """The tests' own cluster writes without fsync: exactly that is told, and a repeatable read too."""
    owner, application = served_by
    found = examined(application, around)["durability"]
    assert found.state is State.UNSAFE
    assert found.facts["names"] == ["fsync", "full_page_writes", "synchronous_commit"]
    with owner.engine.begin() as connection:
        connection.execute(
            text("ALTER ROLE busops_served SET default_transaction_isolation = 'repeatable read'")
        )
    application.engine.dispose()
    assert examined(application, around)["isolation"].code == "doctor.isolation_wrong"


def test_the_certificate_is_judged_by_its_days(sqlite_database: Database, around: Surroundings) -> None:
    """Soon at its end: look; ended, missing, none on an open address: unsafe; a proxy answers for itself."""

    def tls(**other: object) -> tuple[State, str]:
        check = examined(sqlite_database, replace(around, **other))["tls"]  # type: ignore[arg-type]
        return check.state, check.code

    assert tls(machine_at=NOW + timedelta(days=380)) == (State.LOOK, "doctor.tls_ends_soon")
    assert tls(machine_at=NOW + timedelta(days=400)) == (State.UNSAFE, "tls_expired")
    assert tls(tls_key=around.authority_key) == (State.UNSAFE, "tls_key_of_another")
    assert tls(tls_cert=around.instance / "none") == (State.UNSAFE, "tls_missing")
    assert tls(tls_cert=None) == (State.UNSAFE, "doctor.tls_none")
    assert tls(tls_cert=None, only_here=True) == (State.LOOK, "doctor.tls_none")
    assert tls(tls_cert=None, behind_proxy=True) == (State.OK, "doctor.tls_proxy")


@pytest.mark.parametrize(
    ("name", "mode"), [("secret_key", 0o640), ("tls/ca.key", 0o604), ("tls/server.key", 0o644)]
)
def test_a_secret_that_others_can_read_is_unsafe(
    sqlite_database: Database, around: Surroundings, name: str, mode: int
) -> None:
    """The file and its mode are told; a group may read a server's key, as with public certificates."""
    path = around.instance / name
    path.chmod(mode)
    check = examined(sqlite_database, around)["secrets"]
    assert check.state is State.UNSAFE
    assert (check.facts["path"], check.facts["mode"]) == (str(path), f"{mode:04o}")
    path.chmod(0o600)
    (around.instance / "tls/server.key").chmod(0o640)
    assert examined(sqlite_database, around)["secrets"].state is State.OK


def test_a_clock_that_went_back_is_unsafe(
    database: Database, around: Surroundings, clock: FixedClock
) -> None:
    """The newest act is of tomorrow: its time or ours is wrong."""
    with database.transaction() as tx:
        clock.advance(24 * 3600)
        audit.record(tx, None, "signed_in", "x", {}, clock=clock)
    assert examined(database, around)["clock"].code == "doctor.clock_backwards"


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"machine_at": NOW + timedelta(minutes=2)}, State.UNSAFE),
        ({"machine_at": NOW + timedelta(minutes=2), "is_served": False}, State.LOOK),
        ({"machine_at": NOW + timedelta(minutes=2), "worker_inside": False}, State.LOOK),
        ({}, State.OK),
    ],
)
def test_pages_without_a_watch_are_unsafe(
    sqlite_database: Database, around: Surroundings, changes: dict[str, object], state: State
) -> None:
    """Somebody serves here and the watch has been silent for two minutes: no alarm would ring."""
    assert examined(sqlite_database, replace(around, **changes))["watch"].state is state  # type: ignore[arg-type]


def test_a_full_disk_is_unsafe(
    sqlite_database: Database, around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below 256 MiB unsafe, below 2 GiB look."""
    usage = type(doctor.shutil.disk_usage(around.instance))
    for free_mib, state in ((100, State.UNSAFE), (1000, State.LOOK), (3000, State.OK)):
        free = free_mib * doctor.MIB
        monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path, free=free: usage(free, 0, free))
        assert examined(sqlite_database, around)["disk"].state is state


def test_a_look_that_fails_is_unsafe(
    sqlite_database: Database, around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody could find out is not taken for right."""

    def fail(_engine: object) -> bool:
        raise RuntimeError

    monkeypatch.setattr(inspection, "may_change_schema", fail)
    check = examined(sqlite_database, around)["authorizer"]
    assert (check.state, check.code) == (State.UNSAFE, "doctor.unknown")


def test_every_outcome_has_words_and_every_word_an_outcome() -> None:
    """The codes are put together from name and outcome; each has its sentence, none is left over."""
    made = set()
    for node in ast.walk(ast.parse(Path(doctor.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "_check" and len(node.args) == 3:
            outcomes = [each.value for each in ast.walk(node.args[2]) if isinstance(each, ast.Constant)]
            made |= {f"{ast.literal_eval(node.args[0])}_{outcome}" for outcome in outcomes}
    path = i18n.TRANSLATIONS / "codes" / "doctor.toml"
    worded = set(tomllib.loads(path.read_text(encoding="utf-8"))["doctor"])
    assert made == worded - {"safe", "unsafe", "unknown"}


def test_a_beat_that_nobody_can_read_is_none(tmp_path: Path) -> None:
    """No file, no moment, no time zone: nobody knows; what cannot be written stops no watch."""
    path = tmp_path / "beat"
    assert beats.last_beat(path) is None
    for said in ("yesterday", "2026-03-13T12:00:00", "\xff"):
        path.write_text(said, encoding="latin-1")
        assert beats.last_beat(path) is None
    beats.beat(tmp_path / "nowhere" / "beat", NOW)
    beats.beat(path, NOW)
    assert beats.last_beat(path) == NOW
