"""The one migration history, on both databases: up, the same as the models, down, up again."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from busops.storage import guards, schema
from busops.storage.database import Base, Database, open_engine
from tests.builders import a_run
from tests.conftest import ON_POSTGRESQL
from tests.run_kit import store_run

if TYPE_CHECKING:
    from tests import pg

RUN_CLOSURE = "fk_run_closure"


@pytest.fixture(params=["sqlite", ON_POSTGRESQL])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with nothing in it at all."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    cluster: pg.Cluster = request.getfixturevalue("cluster")
    name = cluster.new_database()
    yield cluster.url(name)
    cluster.drop_database(name)


def test_upgraded_to_the_head_the_database_is_what_the_models_say(empty_url: str) -> None:
    """No difference is left between the migrated schema and the stores' tables, and the guards stand.

    The upgrade runs in a process of its own, as in life: SQLAlchemy leaves a key of a circle out
    of SQLite's tables once it has made the same key by ALTER on PostgreSQL in the same process.
    """
    program = f"from busops.storage import schema; schema.upgrade({empty_url!r})"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).resolve().parents[2])
    schema.load_tables()
    engine = open_engine(empty_url, guarded=False)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
        assert differences == []
        assert RUN_CLOSURE in {key["name"] for key in inspect(connection).get_foreign_keys("run")}
        assert guards.missing(connection) == ()
    engine.dispose()


def test_down_and_up_again_with_data_leaves_a_working_database(empty_url: str) -> None:
    """Base is empty but for Alembic's own table; up again a run can be stored. Twice up is once up."""
    schema.upgrade(empty_url)
    fill(empty_url)
    schema.downgrade(empty_url, "base")
    engine = open_engine(empty_url, guarded=False)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 0
    engine.dispose()
    schema.upgrade(empty_url)
    schema.upgrade(empty_url)
    fill(empty_url)


def fill(url: str) -> None:
    """A run stands in the database."""
    engine = open_engine(url)
    store_run(Database(engine=engine, school_id="t1"), a_run())
    engine.dispose()
