"""What a check must show cannot be lowered by raw SQL, on both databases; secrets are only added to."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy.exc import DBAPIError

from busops.domain.evidence import Evidence
from busops.domain.fleet import CrewRole
from busops.domain.run_plan import RunPlan
from busops.storage import run_store, tag_store
from busops.storage.database import Database
from busops.storage.tag_store import VehicleSecret
from tests import small_school
from tests.builders import TAGS, Tablet, a_run
from tests.interlock_tools import close
from tests.run_kit import force, phase, send, store_run, write_closure

PLACES = {**TAGS, "mid": "900006", "exit": "900007"}
AT = datetime(2026, 2, 20, 3, tzinfo=UTC)


def a_guarded_run(**changes: object) -> RunPlan:
    """A run whose checks must read mid, rear and exit."""
    return a_run(evidence=Evidence.E2, tags=PLACES, **changes)


def ended(plan: RunPlan, *, without: tuple[CrewRole, str] | None = None) -> Tablet:
    """Driven, checked, parked, sealed; one of the two left a place unread when ``without`` says so."""
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    for role in (CrewRole.ATTENDANT, CrewRole.DRIVER):
        left = plan.tags[without[1]] if without and without[0] is role else ""
        tablet.check(role, codes=sorted(plan.asked_codes(role) - {left}))
    tablet.record("parked", by=plan.driver_id, codes=[TAGS["rear"]])
    tablet.seal()
    return tablet


def told(database: Database, tablet: Tablet) -> None:
    """The run stands with everything the tablet recorded, and a closure that says it is over."""
    store_run(database, tablet.plan)
    send(database, tablet)
    write_closure(database, tablet.plan)


def test_a_run_with_every_place_read_by_both_closes(database: Database) -> None:
    """The guards refuse nothing that is in order."""
    told(database, ended(a_guarded_run()))
    close(database)
    assert phase(database, a_guarded_run()) == "closed"


@pytest.mark.parametrize("role", list(CrewRole))
@pytest.mark.parametrize("place", ["mid", "exit", "rear"])
def test_a_place_one_of_them_did_not_read_keeps_the_run_open(
    database: Database, role: CrewRole, place: str
) -> None:
    """EC04: each place of the level is asked of attendant and driver; the database says so by itself."""
    told(database, ended(a_guarded_run(), without=(role, place)))
    with pytest.raises(DBAPIError, match="no_sound_check"):
        close(database)
    assert phase(database, a_guarded_run()) != "closed"


@pytest.mark.parametrize("role", list(CrewRole))
def test_a_run_that_never_asked_for_its_places_does_not_close(
    database: Database, monkeypatch: pytest.MonkeyPatch, role: CrewRole
) -> None:
    """A release that forgot to ask one of the two is found at the close."""
    asking = run_store._tag_rows
    asks = f"asks_{role.value.lower()}"
    forget = {"mid"}
    monkeypatch.setattr(
        run_store,
        "_tag_rows",
        lambda plan: [row | ({asks: False} if row["place"] in forget else {}) for row in asking(plan)],
    )
    told(database, ended(a_guarded_run()))
    with pytest.raises(DBAPIError, match="evidence_not_asked"):
        close(database)


@pytest.mark.parametrize("level", ["E1", "E3", "E0", ""])
def test_the_level_of_a_released_run_is_fixed(database: Database, level: str) -> None:
    """Neither lowered nor raised, and never a button alone."""
    store_run(database, a_guarded_run())
    with pytest.raises(DBAPIError, match="evidence_fixed"):
        force(database, f"UPDATE run SET evidence = '{level}'")  # noqa: S608 – fixed words
    with database.reading() as tx:
        assert run_store.load_run_plan(tx, a_guarded_run().run_id).evidence is Evidence.E2


def test_a_button_alone_is_no_level_of_a_vehicle_or_a_run(database: Database) -> None:
    """EC04: E0 cannot be stored, however it is written."""
    small_school.fill(database)
    with pytest.raises(DBAPIError, match="evidence_level"):
        force(database, "UPDATE vehicle SET evidence = 'E0'")
    store_run(database, a_guarded_run())
    columns = [column.name for column in run_store.RunRow.__table__.columns if column.name != "evidence"]
    kept = ", ".join(columns)
    copied = ", ".join("'run-2'" if name == "run_id" else name for name in columns)
    with pytest.raises(DBAPIError, match="evidence_level"):
        force(database, f"INSERT INTO run ({kept}, evidence) SELECT {copied}, 'E0' FROM run")  # noqa: S608


ATTACKS = {
    "another secret": "UPDATE vehicle_secret SET secret = '00000000000000000000000000000000'",
    "another day": "UPDATE vehicle_secret SET valid_from = '2030-01-01'",
    "no secret": "DELETE FROM vehicle_secret",
    "the same again": "INSERT INTO vehicle_secret SELECT * FROM vehicle_secret",
}


SECRET = VehicleSecret(version=1, secret=b"s" * 32, valid_from=date(2026, 2, 20), made_at=AT)


def add_a_secret(database: Database) -> None:
    """A vehicle has its first secret."""
    with database.transaction() as tx:
        tag_store.add_secret(tx, "川F00001", SECRET, made_by="dora")


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_vehicles_secrets_are_only_added_to(database: Database, attack: str) -> None:
    """History of tags stays; SQLite's REPLACE removes nothing either."""
    add_a_secret(database)
    with pytest.raises(DBAPIError):
        force(database, attack)
    if database.engine.dialect.name == "sqlite":
        with pytest.raises(DBAPIError, match="append_only"):
            force(database, attack.replace("INSERT", "INSERT OR REPLACE"))
    with database.reading() as tx:
        assert tag_store.load_secrets(tx, "川F00001") == (SECRET,)


def test_a_secret_is_not_told_by_accident() -> None:
    """What logs and failing tests print of it names its version, not its bytes."""
    secret = VehicleSecret(version=3, secret=b"topsecret" * 4, valid_from=date(2026, 2, 20), made_at=AT)
    assert "topsecret" not in repr(secret)
    assert "version=3" in repr(secret)
