"""Accounts, passwords, counters against guessing and the audit, on both databases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from busops.domain.errors import BusopsError, Conflict, InvalidInput, Refused
from busops.domain.people import Actor, Role
from busops.services import audit, credentials, people, signin
from busops.services.people import CHEAP
from busops.services.signin import Limits
from busops.storage import audit_store, people_store
from busops.storage.database import Database
from tests.machine import CountingIds, FixedClock

PASSWORD = "correct-horse-9"
LIMITS = {role: Limits(whole_s=3600, idle_s=600) for role in Role}


@pytest.fixture
def admin(database: Database, clock: FixedClock, ids: CountingIds) -> Actor:
    """An administrator."""
    return people.actor_of(make(database, clock, ids, "root", Role.ADMIN))


def make(
    database: Database, clock: FixedClock, ids: CountingIds, username: str, role: Role = Role.FINANCE
) -> people.Person:
    """An account."""
    return people.create_person(
        database,
        name="方晓岚",
        username=username,
        role=role,
        password=PASSWORD,
        clock=clock,
        ids=ids,
        hasher=CHEAP,
    )


def enter(database: Database, clock: FixedClock, username: str, password: str = PASSWORD) -> signin.Entered:
    """Signs in from one address."""
    return signin.enter(
        database, username=username, password=password, address="10.0.0.9", clock=clock, hasher=CHEAP
    )


def code_of(attempt: Callable[[], object]) -> str:
    """The code of the refusal that the call raises."""
    with pytest.raises(BusopsError) as refused:
        attempt()
    return refused.value.code


def test_a_password_is_kept_as_argon2id_with_64_mib() -> None:
    """What stands in the database is argon2id with the parameters that were promised."""
    kept = credentials.hash_password(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,")
    assert PASSWORD not in kept
    assert credentials.matches(PASSWORD, kept)
    assert not credentials.matches(PASSWORD + "x", kept)
    assert not credentials.matches(PASSWORD, "no hash at all")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_short"),
        ("x" * 129, "password_long"),
        ("aaaaaaaaaaaaaa", "password_common"),
        ("qwertyuiop123", "password_common"),
        ("fangxiaolan12345", "password_is_name"),
    ],
)
def test_weak_passwords_are_named_as_what_they_are(password: str, code: str) -> None:
    """Too short, too long, too common, or the user name."""
    assert code in {finding.code for finding in credentials.password_faults(password, "fangxiaolan")}


def test_a_one_time_password_is_good_enough_for_our_own_rules() -> None:
    """What we hand out passes what we ask for, and never twice the same."""
    made = {credentials.one_time_password() for _ in range(50)}
    assert len(made) == 50
    assert not any(credentials.password_faults(password, "admin") for password in made)


def test_a_user_name_is_taken_whatever_its_case(
    database: Database, clock: FixedClock, ids: CountingIds
) -> None:
    """D012 and d012 are one person."""
    make(database, clock, ids, "D012")
    with pytest.raises(Conflict):
        make(database, clock, ids, " d012 ")
    assert enter(database, clock, "D012").actor.role is Role.FINANCE


def test_all_faults_of_an_account_come_at_once(
    database: Database, clock: FixedClock, ids: CountingIds
) -> None:
    """The form is mended in one go."""
    with pytest.raises(InvalidInput) as refused:
        people.create_person(
            database,
            name="",
            username="a b",
            role=Role.DRIVER,
            password="x",
            clock=clock,
            ids=ids,
            hasher=CHEAP,
        )
    codes = {finding.code for finding in refused.value.findings}
    assert codes >= {"name_missing", "username_wrong", "password_short"}
    assert people.list_people(database) == ()


def test_waiting_grows_with_every_failure_and_never_becomes_for_ever(
    database: Database, clock: FixedClock, ids: CountingIds
) -> None:
    """30 s after the fifth failure, then twice as long each time, at most 15 minutes."""
    make(database, clock, ids, "kasse")
    waits = []
    for _ in range(12):
        assert code_of(lambda: enter(database, clock, "kasse", "wrong")).startswith("signin_wrong")
        with database.reading() as tx:
            counter = people_store.load_attempts(tx, credentials.attempt_subject("account", "kasse"))
        if counter.locked_until_at is not None:
            waits.append(int((counter.locked_until_at - clock.now()).total_seconds()))
            assert code_of(lambda: enter(database, clock, "kasse")) == "signin_wait"
            clock.moment = counter.locked_until_at + timedelta(seconds=1)
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]
    assert enter(database, clock, "kasse").session_key


def test_one_address_cannot_try_one_password_on_everybody(database: Database, clock: FixedClock) -> None:
    """Spraying names from one address runs into the address' own counter."""
    codes = [code_of(lambda n=n: enter(database, clock, f"name{n}", "wrong")) for n in range(30)]
    assert codes[:25] == ["signin_wrong"] * 25
    assert codes[-1] == "signin_wait"


def test_a_failure_counts_even_if_the_guesser_hangs_up(
    database: Database, clock: FixedClock, ids: CountingIds
) -> None:
    """The counter is raised before the password is looked at: parallel guesses all count."""
    make(database, clock, ids, "kasse")

    class Impatient(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        signin.enter(
            database, username="kasse", password="x", address="10.0.0.9", clock=clock, hasher=Impatient()
        )
    with database.reading() as tx:
        assert people_store.load_attempts(tx, credentials.attempt_subject("account", "kasse")).failures == 1


def test_an_old_hash_is_renewed_at_the_next_sign_in(
    database: Database, clock: FixedClock, ids: CountingIds
) -> None:
    """When the parameters are raised, whoever signs in gets the new ones."""
    make(database, clock, ids, "kasse")
    stronger = PasswordHasher(time_cost=2, memory_cost=2048, parallelism=1)
    signin.enter(
        database, username="kasse", password=PASSWORD, address="10.0.0.9", clock=clock, hasher=stronger
    )
    with database.reading() as tx:
        found = people_store.find_credentials(tx, "kasse")
    assert found is not None
    assert "m=2048,t=2" in found[1]


def test_a_session_is_one_persons_until_it_ends(
    database: Database, clock: FixedClock, ids: CountingIds, admin: Actor
) -> None:
    """Resumed by its key, ended by idleness, by disabling, and unknown to a wrong key."""
    person = make(database, clock, ids, "kasse")
    key = enter(database, clock, "kasse").session_key
    resumed = signin.resume(database, key, limits=LIMITS, clock=clock)
    assert resumed == people.actor_of(person)
    assert signin.resume(database, key + "x", limits=LIMITS, clock=clock) is None
    people.disable_person(database, person.user_id, by=admin, clock=clock)
    people.enable_person(database, person.user_id, by=admin, clock=clock)
    assert signin.resume(database, key, limits=LIMITS, clock=clock) is None
    key = enter(database, clock, "kasse").session_key
    clock.advance(601)
    assert signin.resume(database, key, limits=LIMITS, clock=clock) is None


def test_an_act_that_fails_leaves_no_entry(database: Database, clock: FixedClock, admin: Actor) -> None:
    """The audit entry lives and dies with the act's own transaction."""
    before = audit.verify(database).entries

    def act() -> None:
        with database.transaction() as tx:
            audit.record(tx, admin, "person_changed", "person:x", {}, clock=clock)
            raise Refused("last_admin")

    assert code_of(act) == "last_admin"
    assert audit.verify(database).entries == before


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE audit_entry SET act = 'signed_in' WHERE entry_no = 1",
        "DELETE FROM audit_entry WHERE entry_no = 1",
        "INSERT INTO audit_entry SELECT school_id, 99, at, user_id, role, act, subject, facts, prev_hash, "
        "entry_hash FROM audit_entry WHERE entry_no = 1",
        "INSERT INTO audit_entry SELECT school_id, entry_no, at, user_id, role, 'x', subject, facts, "
        "prev_hash, entry_hash FROM audit_entry WHERE entry_no = 1",
    ],
)
def test_the_database_itself_refuses_to_touch_the_audit(
    database: Database, admin: Actor, attack: str
) -> None:
    """Neither editing nor removing nor adding anywhere but at the end, whoever writes the SQL."""
    with pytest.raises(Exception, match=r"audit_|unique|UNIQUE"), database.transaction() as tx:
        tx.session.execute(text(attack))
    assert audit.verify(database).holds


def test_replacing_an_entry_is_refused_on_sqlite(sqlite_database: Database, clock: FixedClock) -> None:
    """INSERT OR REPLACE asks no delete trigger; the guard of the insert stops it."""
    with sqlite_database.transaction() as tx:
        audit.record(tx, None, "signed_in", "person:x", {}, clock=clock)
    attack = (
        "INSERT OR REPLACE INTO audit_entry SELECT school_id, entry_no, at, user_id, role, 'x', subject, "
        "facts, prev_hash, entry_hash FROM audit_entry WHERE entry_no = 1"
    )
    with pytest.raises(Exception, match="audit_chain_broken"), sqlite_database.transaction() as tx:
        tx.session.execute(text(attack))


def test_verification_finds_a_changed_fact(clock: FixedClock) -> None:
    """Any change of an entry shows in its digest, in every field."""
    entry = audit_store.AuditEntry(
        entry_no=1,
        at=clock.now(),
        user_id="u",
        role="admin",
        act="a",
        subject="s",
        facts={"n": 1},
        prev_hash=audit_store.FIRST_PREV,
        entry_hash="",
    )
    digests = {entry.digest("t1"), entry.digest("t2")}
    later = clock.now() + timedelta(milliseconds=1)
    changes = {"entry_no": 2, "at": later, "user_id": None, "role": "x", "act": "b", "subject": "t"}
    for name, value in {**changes, "facts": {"n": 2}, "prev_hash": "1" * 64}.items():
        digests.add(replace(entry, **{name: value}).digest("t1"))
    assert len(digests) == 10


def test_guessing_the_old_password_locks_the_account_like_guessing_at_the_door(
    database: Database, clock: FixedClock, ids: CountingIds
) -> None:
    """Five wrong old passwords and one must wait, at the door too; the right one in time forgets them."""
    actor = people.actor_of(make(database, clock, ids, "kasse"))

    def change(old: str) -> None:
        people.change_own_password(
            database, actor, old=old, new="another-horse-10", clock=clock, hasher=CHEAP
        )

    said = [code_of(lambda: change("wrong")) for _ in range(6)]
    assert said == ["password_wrong"] * 4 + ["password_wrong_last", "signin_wait"]
    assert code_of(lambda: change(PASSWORD)) == "signin_wait"
    assert code_of(lambda: enter(database, clock, "kasse")) == "signin_wait"
    with database.reading() as tx:
        counter = people_store.load_attempts(tx, credentials.attempt_subject("account", "kasse"))
    assert counter.locked_until_at is not None
    clock.moment = counter.locked_until_at + timedelta(seconds=1)
    change(PASSWORD)
    assert enter(database, clock, "kasse", "another-horse-10").session_key
    acts = [row.entry.act for row in audit.newest(database)]
    assert acts.count("password_tried") == 5
