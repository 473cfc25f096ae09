"""The one migration history, on both databases: up, the same as the models, down, up again."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from busops.storage import guards, schema
from busops.storage.database import Base, Database, open_engine
from tests.builders import a_run
from tests.conftest import ON_POSTGRESQL, create_schema
from tests.run_kit import store_run

if TYPE_CHECKING:
    from tests import pg

MAY_IMPORT = ("hashlib", "typing", "collections.abc", "sqlalchemy", "alembic", "busops.storage.migrations.")


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
    """Alembic finds no difference between the migrated schema and the stores' tables; the guards stand."""
    schema.upgrade(empty_url)
    schema.load_tables()
    engine = open_engine(empty_url, guarded=False)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        assert guards.missing(connection) == ()
    assert schema.at_head(engine)
    engine.dispose()


def test_the_migrations_and_the_models_make_the_same_database(database: Database) -> None:
    """Every column, key, check, index, sequence and strictness is equal: Alembic compares only some."""
    modelled = portrait(database.engine)
    url = database.engine.url.render_as_string(hide_password=False)
    schema.downgrade(url, "base")
    schema.upgrade(url)
    migrated = portrait(database.engine)
    assert len(migrated["tables"]) >= 46
    assert migrated == modelled
    assert all(migrated["strict"])


@pytest.mark.postgres
def test_a_schema_on_postgresql_takes_nothing_from_a_later_one(cluster: "pg.Cluster", tmp_path: Path) -> None:
    """Two tables name each other: the key that PostgreSQL got by ALTER stands in SQLite's table too."""
    create_schema(cluster.url(cluster.new_database()))
    url = f"sqlite:///{tmp_path / 'later.sqlite3'}"
    create_schema(url)
    engine = open_engine(url)
    assert "fk_run_closure" in {key["name"] for key in inspect(engine).get_foreign_keys("run")}
    engine.dispose()


def portrait(engine: Engine) -> dict[str, Any]:
    """What the database itself says of its tables; order of columns and constraints left out."""
    look = inspect(engine)
    tables = {
        name: {
            "columns": sorted((c["name"], str(c["type"]), c["nullable"], c["default"]) for c in columns),
            "primary key": look.get_pk_constraint(name),
            **{
                kind: sorted(map(told, getattr(look, f"get_{kind}")(name)))
                for kind in ("foreign_keys", "unique_constraints", "check_constraints", "indexes")
            },
        }
        for name in look.get_table_names()
        for columns in [look.get_columns(name)]
    }
    strict = "SELECT strict FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    strict += " AND name <> 'alembic_version'"
    with engine.connect() as connection:
        found = connection.execute(text(strict)).scalars().all() if engine.dialect.name == "sqlite" else []
    return {"tables": tables, "strict": found, "sequences": sequences(engine)}


def told(item: dict[str, Any]) -> str:
    """A key, check or index in words; what an index leaves out by its text."""
    options = {name: str(value) for name, value in item.get("dialect_options", {}).items()}
    return repr(item | {"dialect_options": options})


def sequences(engine: Engine) -> list[str]:
    """The database's counters; SQLite has none."""
    return sorted(inspect(engine).get_sequence_names()) if engine.dialect.name == "postgresql" else []


def test_down_and_up_again_with_data_leaves_a_working_database(empty_url: str) -> None:
    """Base is empty but for Alembic's own table; up again a run can be stored. Twice up is once up."""
    schema.upgrade(empty_url)
    fill(empty_url)
    schema.downgrade(empty_url, "base")
    engine = open_engine(empty_url, guarded=False)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    assert sequences(engine) == []
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


def test_a_migration_leans_on_nothing_that_lives() -> None:
    """Revisions and what they share import SQLAlchemy, Alembic and each other, never a store's table."""
    files = [*schema.MIGRATIONS.glob("versions/*.py"), *schema.MIGRATIONS.glob("start/*.py")]
    assert len(files) >= 7
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else names
            assert all(name.startswith(MAY_IMPORT) for name in names), (path.name, names)


def test_rows_that_a_migration_orphans_are_refused(tmp_path: Path) -> None:
    """SQLite's foreign keys sleep while tables are made anew; what they would refuse fails at the end."""
    url = f"sqlite:///{tmp_path / 'busops.sqlite3'}"
    schema.upgrade(url)
    fill(url)
    with pytest.raises(RuntimeError, match="without what they name"):
        lose_the_runs(url)
    engine = open_engine(url)
    assert schema.at_head(engine)
    assert schema.guards_intact(engine)
    engine.dispose()


def lose_the_runs(url: str) -> None:
    """As a faulty step of a migration would."""
    with schema.migrating(url) as connection, schema.guarded_anew(connection):
        connection.execute(text("DELETE FROM run"))
        connection.execute(text("UPDATE alembic_version SET version_num = 'other'"))
