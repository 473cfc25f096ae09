"""
The guards of evidence are tested, on both databases: each made weaker lets something pass that must not.

Every mutant names the history that must notice it; without the mutant the same history is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy.exc import DBAPIError

from busops.domain.fleet import CrewRole
from busops.storage import guards, run_store, schema
from busops.storage.database import Database, open_engine
from tests import small_school
from tests.interlock_tools import close
from tests.run_kit import force, store_run
from tests.storage import test_evidence_guards as known

RUN = [column.name for column in run_store.RunRow.__table__.columns if column.name != "evidence"]
VEHICLE = "vehicle_class, approved_students, approved_total, seat_rows, fixed_fen, per_km_fen, max_trips"
SAME, OTHER = ", ".join(RUN), ", ".join("'run-2'" if name == "run_id" else name for name in RUN)
BUTTON_BORN = f"INSERT INTO vehicle (school_id, plate, {VEHICLE}, evidence) SELECT school_id, 'X', {VEHICLE}, 'E0' FROM vehicle LIMIT 1"  # noqa: E501, S608
BUTTON_RUN = f"INSERT INTO run ({SAME}, evidence) SELECT {OTHER}, 'E0' FROM run"  # noqa: S608


def forgets(role: CrewRole) -> Callable[[Database, pytest.MonkeyPatch], None]:
    """The release did not ask this one for the middle; then somebody closes."""

    def history(database: Database, patch: pytest.MonkeyPatch) -> None:
        asking, asks = run_store._tag_rows, f"asks_{role.value.lower()}"
        patch.setattr(
            run_store,
            "_tag_rows",
            lambda plan: [row | ({asks: False} if row["place"] == "mid" else {}) for row in asking(plan)],
        )
        known.told(database, known.ended(known.a_guarded_run()))
        close(database)

    return history


def types(statement: str) -> Callable[[Database, pytest.MonkeyPatch], None]:
    """A school, a run, a secret, and somebody who types this."""

    def history(database: Database, _patch: pytest.MonkeyPatch) -> None:
        small_school.fill(database)
        store_run(database, known.a_guarded_run())
        known.add_a_secret(database)
        force(database, statement)

    return history


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness:
    """One condition that no longer counts, as each dialect spells it, and the history that notices."""

    sqlite: tuple[str, str]
    postgresql: tuple[str, str]
    history: Callable[[Database, pytest.MonkeyPatch], None]


LEVEL = "NEW.evidence NOT IN ('E1', 'E2', 'E3', 'E4')"
LAX = (LEVEL, "NEW.evidence IS NULL")
ONCE = "CREATE OR REPLACE TRIGGER vehicle_secret_kept BEFORE UPDATE OR DELETE ON"
WEAKNESSES = {
    "a new vehicle": Weakness(sqlite=LAX, postgresql=LAX, history=types(BUTTON_BORN)),
    "a vehicle": Weakness(sqlite=LAX, postgresql=LAX, history=types("UPDATE vehicle SET evidence = 'E0'")),
    "a new run": Weakness(sqlite=LAX, postgresql=LAX, history=types(BUTTON_RUN)),
    "the level of a run": Weakness(
        sqlite=("NEW.evidence IS NOT OLD.evidence", "NEW.evidence IS NULL"),
        postgresql=("NEW.evidence IS DISTINCT FROM OLD.evidence", "NEW.evidence IS NULL"),
        history=types("UPDATE run SET evidence = 'E1'"),
    ),
    "the attendant is asked": Weakness(
        sqlite=("AND t.asks_attendant", ""),
        postgresql=("AND t.asks_attendant", ""),
        history=forgets(CrewRole.ATTENDANT),
    ),
    "the driver is asked": Weakness(
        sqlite=("AND t.asks_driver", ""),
        postgresql=("AND t.asks_driver", ""),
        history=forgets(CrewRole.DRIVER),
    ),
    "three places": Weakness(
        sqlite=("3 <> (", "2 > ("), postgresql=("3 <> (", "2 > ("), history=forgets(CrewRole.DRIVER)
    ),
    "from E2 on": Weakness(
        sqlite=("NEW.evidence <> 'E1'", "NEW.evidence = 'E4'"),
        postgresql=("NEW.evidence <> 'E1'", "NEW.evidence = 'E4'"),
        history=forgets(CrewRole.ATTENDANT),
    ),
    "a secret changed": Weakness(
        sqlite=("BEFORE UPDATE ON vehicle_secret\n", "BEFORE UPDATE ON vehicle_secret WHEN 0\n"),
        postgresql=(ONCE, ONCE.replace("UPDATE OR ", "")),
        history=types(known.ATTACKS["another secret"]),
    ),
    "a secret removed": Weakness(
        sqlite=("BEFORE DELETE ON vehicle_secret\n", "BEFORE DELETE ON vehicle_secret WHEN 0\n"),
        postgresql=(ONCE, ONCE.replace(" OR DELETE", "")),
        history=types(known.ATTACKS["no secret"]),
    ),
}


@pytest.fixture(params=WEAKNESSES.values(), ids=WEAKNESSES)
def weakness(request: pytest.FixtureRequest) -> Weakness:
    """One of them."""
    found: Weakness = request.param
    return found


def test_a_weaker_guard_lets_pass_what_the_right_one_refuses(
    database: Database, weakness: Weakness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The history goes through on a database whose guards have that one weakness, and only there."""
    dialect = database.engine.dialect.name
    right, weak = weakness.sqlite if dialect == "sqlite" else weakness.postgresql
    script = (guards.FOLDER / f"evidence_{dialect}.sql").read_text(encoding="utf-8")
    assert right in script
    monkeypatch.setattr(guards, "scripts", _with(guards.scripts, script, script.replace(right, weak)))
    owner = open_engine(database.engine.url.render_as_string(hide_password=False), guarded=False)
    with owner.begin() as connection:
        schema.install_guards(connection)
    owner.dispose()
    weakness.history(database, monkeypatch)


def test_the_same_histories_are_refused_by_the_guards_as_they_are(
    database: Database, weakness: Weakness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What shows the weakness is no honest act."""
    with pytest.raises(DBAPIError):
        weakness.history(database, monkeypatch)


def _with(
    scripts: Callable[[str], tuple[str, ...]], right: str, weak: str
) -> Callable[[str], tuple[str, ...]]:
    """The guards' files, one of them weaker."""
    return lambda dialect: tuple(weak if script == right else script for script in scripts(dialect))
