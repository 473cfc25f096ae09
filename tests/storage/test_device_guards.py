"""What is given up, frozen, confirmed or used stays so: raw SQL against tablets, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from busops.domain.fleet import CrewRole
from busops.domain.people import Role
from busops.domain.values import Plate, RunId
from busops.storage import device_log_store, device_store, enrolment_store, people_store
from busops.storage.database import Database
from busops.storage.device_store import DeviceToken
from busops.storage.enrolment_store import Offer
from busops.storage.people_store import Person
from tests.builders import Tablet, a_run
from tests.run_kit import send, store_run, without
from tests.storage.test_ledger_guards import into, is_refused

AT = datetime(2026, 3, 13, 4, 0, tzinfo=UTC)
NOW = "'2026-03-13T04:00:00.000+00:00'"
SOON, LATE = "'2026-03-13T04:05:00.000+00:00'", "'2026-03-13T04:10:00.000+00:00'"
COACH = (Plate("川F00001"), CrewRole.DRIVER)
GIVEN_UP, FROZEN, IN_USE, WAITING, KEYLESS, COMPARED = range(1, 7)


def fill_tablets(database: Database) -> None:
    """A tablet of each standing, three offers, and a run whose bus a stranger to its crew has checked."""
    without(database, "release_by_override")  # it has tests of its own
    with database.transaction() as tx:
        for belongs, key in (
            (None, None),
            (None, "k"),
            (COACH, "k"),
            (COACH, "k"),
            (None, None),
            (COACH, "k"),
        ):
            device_store.enrol(tx, "t", at=AT, public_key=key, belongs=belongs)
        for name, dev in (("gone", GIVEN_UP), ("live", IN_USE)):
            speaks = DeviceToken(dev=dev, user_id="u", crew_id=None, expires_at=AT, revoked_at=None)
            device_store.save_token(tx, name, speaks)
        device_store.freeze(tx, FROZEN)
        for name, dev in (
            ("compared", IN_USE),
            ("just compared", COMPARED),
            ("taken", WAITING),
            ("open", None),
        ):
            made = Offer(
                enrolment_id=name, plate=COACH[0], role=COACH[1], made_by="u", made_at=AT,
                expires_at=AT + timedelta(minutes=10),
            )  # fmt: skip
            enrolment_store.insert_offer(tx, made, f"hash-{name}")
            if dev:
                assert enrolment_store.use(tx, name, dev=dev, check_code="1", at=AT)
        for name in ("compared", "just compared"):
            assert enrolment_store.confirm(tx, name, by="u", at=AT)
        device_store.confirm(tx, IN_USE)
        device_store.revoke(tx, GIVEN_UP, at=AT)
        person = Person(
            user_id="m1", username="m1", name="m", role=Role.ATTENDANT, crew_id="A1", created_at=AT
        )
        people_store.insert_person(tx, person, "x")
    store_run(database, a_run())
    tablet = Tablet(plan=a_run())
    tablet.record("note", text="x", by="A8")
    tablet.check(CrewRole.DRIVER, by="A9")
    send(database, tablet)


@pytest.fixture
def tablets(database: Database) -> Database:
    """The tablets that the statements are made against."""
    fill_tablets(database)
    return database


def a_device(dev: int, *, plate: str = "NULL", state: str = "active") -> str:
    """The SQL that puts a device in."""
    columns = "device (school_id, dev, name, enrolled_at, app, is_frozen, plate, state)"
    return into(columns, f"'t1', {dev}, 'x', {NOW}, '', false, {plate}, '{state}'")


def a_token(dev: int) -> str:
    """The SQL that lets a token speak for the device."""
    columns = "device_token (school_id, token_hash, dev, user_id, expires_at)"
    return into(columns, f"'t1', 'new', {dev}, 'u', {NOW}")


def given_up(third: str, *, kind: str = "device_released") -> str:
    """The SQL by which u1 and u2 give device 2 up, after this third person."""
    columns = "run_decision (school_id, decision_id, run_id, number, kind, made_ms, by_user, second_user,"
    columns += " reason, covers, dev, upto_seq, checked_by, body)"
    return into(
        columns, f"'t1', 'd9', 'run-1', 900, '{kind}', 1, 'u1', 'u2', 'x', '[]', 2, 0, {third}, '{{}}'"
    )


def device(dev: int, change: str) -> str:
    """The SQL that changes a device."""
    return " ".join(("UPDATE device SET", change, f"WHERE dev = {dev}"))


def token(name: str, change: str) -> str:
    """The SQL that changes a token."""
    return " ".join(("UPDATE device_token SET", change, f"WHERE token_hash = '{name}'"))


def an_offer(name: str, change: str) -> str:
    """The SQL that changes an offer."""
    return " ".join(("UPDATE enrolment SET", change, f"WHERE enrolment_id = '{name}'"))


NEW_OFFER = (
    "enrolment (school_id, enrolment_id, code_hash, plate, role, made_by, made_at, expires_at, used_at, dev,"
    " check_code)"
)
ATTACKS = {
    "take a revocation back": device(GIVEN_UP, "revoked_at = NULL"),
    "revoke at another time": device(GIVEN_UP, f"revoked_at = {SOON}"),
    "thaw a frozen one": device(FROZEN, "is_frozen = false"),
    "another key": device(IN_USE, "public_key = 'mine'"),
    "no key any more": device(IN_USE, "public_key = NULL"),
    "another vehicle": device(IN_USE, "plate = 'x'"),
    "another post": device(IN_USE, "role = 'ATTENDANT'"),
    "another number": device(KEYLESS, "dev = 99"),
    "believed without being compared": device(WAITING, "state = 'active'"),
    "to be compared again": device(IN_USE, "state = 'pending'"),
    "gone": "DELETE FROM device WHERE dev = 5",
    "born believed": a_device(9, plate="'x'"),
    "born as something else": a_device(9, state="odd"),
    "a token of one given up": a_token(GIVEN_UP),
    "a token back to life": token("gone", "revoked_at = NULL"),
    "a token of another": token("live", "user_id = 'v'"),
    "a token for longer": token("live", f"expires_at = {SOON}"),
    "a token gone": "DELETE FROM device_token WHERE token_hash = 'live'",
    "a code used twice": an_offer("taken", "dev = 5"),
    "a code unused": an_offer("taken", "used_at = NULL, dev = NULL, check_code = NULL"),
    "a code used too late": an_offer("open", f"used_at = {LATE}, dev = 5, check_code = '1'"),
    "a code for longer": an_offer("open", f"expires_at = {LATE}, made_at = {SOON}"),
    "compared by another": an_offer("compared", "confirmed_by = 'v'"),
    "an offer gone": "DELETE FROM enrolment WHERE enrolment_id = 'open'",
    "an offer born used": into(
        NEW_OFFER, f"'t1', 'n', 'h', 'x', 'DRIVER', 'u', {NOW}, {LATE}, {NOW}, 5, '1'"
    ),
    "given up by two alone": given_up("NULL"),
    "given up with nobody named": given_up("''"),
    "searched by the first": given_up("'u1'"),
    "searched by the second": given_up("'u2'"),
    "searched by the crew": given_up("'D1'"),
    "searched by the crew's account": given_up("'m1'"),
    "searched by who checked": given_up("'A9'"),
}
HONEST = {
    "heard of one given up": device(GIVEN_UP, f"seen_at = {SOON}"),
    "heard of a frozen one": device(FROZEN, f"seen_at = {SOON}"),
    "heard of one in use": device(IN_USE, f"seen_at = {SOON}"),
    "heard of one without a key": device(KEYLESS, f"seen_at = {SOON}"),
    "believed after being compared": device(COMPARED, "state = 'active'"),
    "given up": device(IN_USE, f"revoked_at = {SOON}"),
    "frozen": device(IN_USE, "is_frozen = true"),
    "a first key": device(KEYLESS, "public_key = 'k'"),
    "a person's own": a_device(9),
    "a vehicle's": a_device(9, plate="'x'", state="pending"),
    "a new token": a_token(IN_USE),
    "a token that ends": token("live", f"revoked_at = {SOON}"),
    "a token that is looked at": token("gone", "expires_at = expires_at"),
    "a code used in time": an_offer("open", f"used_at = {SOON}, dev = 5, check_code = '1'"),
    "compared": an_offer("taken", f"confirmed_at = {SOON}, confirmed_by = 'u'"),
    "looked at": an_offer("compared", "role = role"),
    "a new offer": into(NEW_OFFER, f"'t1', 'n', 'h', 'x', 'DRIVER', 'u', {NOW}, {LATE}, NULL, NULL, NULL"),
    "searched by a third": given_up("'u3'"),
    "searched by who only wrote a note": given_up("'A8'"),
    "another decision": given_up("NULL", kind="cancelled"),
}


def test_raw_sql_takes_nothing_back(tablets: Database) -> None:
    """Every attack is refused by the database itself."""
    assert [name for name, statement in ATTACKS.items() if not is_refused(tablets, [statement])] == []


def test_the_honest_statements_pass(tablets: Database) -> None:
    """What the server does all day is let through, so that the refusals mean something."""
    assert [name for name, statement in HONEST.items() if is_refused(tablets, [statement])] == []


def test_replacing_or_truncating_tablets_is_refused(tablets: Database) -> None:
    """SQLite's REPLACE and PostgreSQL's TRUNCATE ask no row trigger: both are refused nevertheless."""
    for name in ("device", "device_token", "enrolment"):
        replacing = f"INSERT OR REPLACE INTO {name} SELECT * FROM {name}"  # noqa: S608
        way = replacing if tablets.engine.dialect.name == "sqlite" else f"TRUNCATE {name} CASCADE"
        assert is_refused(tablets, [way]), name


def test_who_was_of_the_crew_is_no_third_person(tablets: Database) -> None:
    """The store counts the same people as the guard: the crew of record and whoever checked the bus."""
    plan = a_run()
    with tablets.reading() as tx:
        found = device_log_store.crew_ever(tx, RunId("run-1"))
    assert found == {plan.driver_id, *plan.attendant_ids, "A9"}
