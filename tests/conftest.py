"""What every test may ask for: settings, a clock, ids and databases that are its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from busops.config import Settings
from busops.storage.database import Database, open_engine
from busops.storage.schema import create_all
from tests import browser, pg
from tests.machine import CountingIds, FixedClock

SCHOOL_ID = "t1"
ON_POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgres)


@pytest.fixture
def clock() -> FixedClock:
    """A clock at noon of a Friday."""
    return FixedClock()


@pytest.fixture
def ids() -> CountingIds:
    """Ids in counting order."""
    return CountingIds()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a test, with its own folder and database file."""
    return Settings(
        environment="test",
        planning_proof_seconds=0,  # a test asks for the proof that goes on when it wants it
        instance_path=tmp_path,
        database_url=f"sqlite:///{tmp_path / 'busops.sqlite3'}",
        secret_key="k" * 48,
        school_id=SCHOOL_ID,
    )


def create_schema(url: str) -> None:
    """Every table and guard stands in the database at ``url``."""
    engine = open_engine(url, guarded=False)
    try:
        create_all(engine)
    finally:
        engine.dispose()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema and nothing in it, to be copied."""
    path = tmp_path_factory.mktemp("template") / "empty.sqlite3"
    create_schema(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def cluster() -> Iterator[pg.Cluster]:
    """A PostgreSQL of this session; skips, aloud, where initdb is missing."""
    if not pg.available():
        pytest.skip("PostgreSQL's initdb is not installed: these tests ran on SQLite only")
    running = pg.start_cluster()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def empty_postgresql(cluster: pg.Cluster) -> str:
    """The name of a PostgreSQL database with the schema and nothing in it, to be copied."""
    name = cluster.new_database()
    create_schema(cluster.url(name))
    return name


@pytest.fixture(params=["sqlite", ON_POSTGRESQL])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with the schema, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "busops.sqlite3"
        shutil.copy(request.getfixturevalue("empty_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    template = request.getfixturevalue("empty_postgresql")
    cluster: pg.Cluster = request.getfixturevalue("cluster")
    name = cluster.new_database(template=template)
    yield cluster.url(name)
    cluster.drop_database(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty school's database, once on SQLite and once on PostgreSQL."""
    engine = open_engine(database_url)
    yield Database(engine=engine, school_id=SCHOOL_ID)
    engine.dispose()


@pytest.fixture
def sqlite_database(empty_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    """An empty school's database on SQLite, for tests that need no second dialect."""
    path = tmp_path / "busops.sqlite3"
    shutil.copy(empty_sqlite, path)
    engine = open_engine(f"sqlite:///{path}")
    yield Database(engine=engine, school_id=SCHOOL_ID)
    engine.dispose()


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """How pytest-playwright starts Chromium; skips without one, and fails where one is required."""
    if browser.find_browser() is None:
        (pytest.fail if browser.is_required() else pytest.skip)(browser.MISSING)
    return browser.launch_arguments()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever drives a page is marked ``browser``, so that it can be left out by that name."""
    for item in items:
        if {"page", "context", "browser"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)


def pytest_configure() -> None:
    """Hypothesis tries the same examples each time, so that a failure can be made again."""
    hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
    hypothesis.settings.load_profile("repeatable")


def pytest_report_header() -> str:
    """Says aloud, first thing, whether PostgreSQL is tested here."""
    if pg.available():
        return f"PostgreSQL: a throw-away cluster by {pg.find_program('initdb')}"
    return "PostgreSQL: initdb IS MISSING, the tests marked postgres are SKIPPED"
