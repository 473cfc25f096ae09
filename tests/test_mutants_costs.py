"""The guards of costs are tested: each condition made weaker and each trigger taken away must be noticed."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from busops.storage import guards
from busops.storage.database import Database, open_engine
from tests import pg
from tests.pg_mutants import survivors
from tests.storage import test_cost_guards as attacks
from tests.storage.test_ledger_guards import is_refused
from tests.test_mutants_finance import guard_mutants

SQLITE = (guards.FOLDER / "costs_sqlite.sql").read_text(encoding="utf-8")
POSTGRESQL = (guards.FOLDER / "costs_postgresql.sql").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def filled(empty_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the books that the attacks are made against."""
    path = tmp_path_factory.mktemp("mutants") / "costs.sqlite3"
    shutil.copy(empty_sqlite, path)
    engine = open_engine(f"sqlite:///{path}")
    attacks.fill_costs(Database(engine=engine, school_id="t1"))
    engine.dispose()
    return path


def test_every_mutant_of_the_guards_dies_on_sqlite(filled: Path) -> None:
    """Without one trigger or one of its conditions some attack of the table succeeds."""
    engine = open_engine(f"sqlite:///{filled}", guarded=False)
    database = Database(engine=engine, school_id="t1")
    names = re.findall(r"CREATE TRIGGER (\w+)", SQLITE)
    everything = [
        attacks.typed(ways, "sqlite") for ways in (*attacks.ATTACKS.values(), *attacks.REPLACEMENTS)
    ]
    alive = []
    for mutant, changed in guard_mutants(SQLITE):
        with engine.begin() as connection:
            for name in names:
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
            for statement in guards.statements(changed):
                connection.exec_driver_sql(statement)
        if all(is_refused(database, statements) for statements in everything):
            alive.append(mutant)
    engine.dispose()
    assert alive == []


@pytest.fixture
def books(cluster: pg.Cluster, empty_postgresql: str) -> Iterator[Connection]:
    """A connection to the books that the attacks are made against."""
    name = cluster.new_database(template=empty_postgresql)
    engine = open_engine(cluster.url(name))
    attacks.fill_costs(Database(engine=engine, school_id="t1"))
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()
    cluster.drop_database(name)


@pytest.mark.postgres
def test_every_mutant_of_the_guards_dies_on_postgresql(books: Connection) -> None:
    """Without one trigger or one condition some statement ends otherwise."""
    histories = [*attacks.ATTACKS.values(), *attacks.TRUNCATIONS, *attacks.HONEST.values()]
    histories += [[f"TRUNCATE {name}"] for name in attacks.KEPT]
    alive = survivors(books, POSTGRESQL, [attacks.typed(ways, "postgresql") for ways in histories])
    assert alive == list(HELD_TWICE), "\n".join(alive)


HELD_TWICE = {
    "cost_proposal_no_truncate gone": "CASCADE meets the words, which refuse",
    "depreciation_plan_no_truncate gone": "CASCADE meets the months, which refuse",
}
