"""
Accounts: who there is, in which role, and the one-time passwords that an administrator hands over.

What a role may see is declared by the pages (``web/security.py``); signing in is in
``signin.py``. Every change of a right ends the account's sessions at once.
"""

from argon2 import PasswordHasher

from busops.domain.errors import Conflict, InvalidInput, Refused
from busops.domain.findings import Finding
from busops.domain.people import Actor, Role
from busops.domain.values import Clock, CrewId, Ids
from busops.services import attempts, audit
from busops.services.credentials import (
    CHEAP,
    PASSWORD_MOST,
    STRONG,
    attempt_subject,
    fold_username,
    hash_password,
    matches,
    one_time_password,
    password_faults,
)
from busops.storage import device_store, people_store
from busops.storage.database import Database, Transaction
from busops.storage.people_store import Attempts, Person

__all__ = [
    "CHEAP",
    "STRONG",
    "Person",
    "actor_of",
    "change_own_password",
    "change_person",
    "create_person",
    "disable_person",
    "enable_person",
    "find_person",
    "first_admin",
    "list_people",
    "reset_password",
]


def create_person(
    database: Database,
    *,
    name: str,
    username: str,
    role: Role,
    password: str,
    clock: Clock,
    ids: Ids,
    crew_id: CrewId | None = None,
    by: Actor | None = None,
    must_change: bool = False,
    hasher: PasswordHasher = STRONG,
) -> Person:
    """The new account; InvalidInput names every fault, Conflict a user name that is taken."""
    username = fold_username(username)
    faults = [*_name_faults(name, username), *password_faults(password, username)]
    if faults:
        raise InvalidInput("person_invalid", faults)
    person = Person(
        user_id=ids.new(),
        username=username,
        name=name.strip(),
        role=role,
        crew_id=crew_id,
        must_change=must_change,
        created_at=clock.now(),
    )
    password_hash = hash_password(password, hasher)
    with database.transaction() as tx:
        if people_store.find_credentials(tx, username) is not None:
            raise Conflict("username_taken", username=username)
        people_store.insert_person(tx, person, password_hash)
        facts = {"role": role.value, "crew_id": crew_id}
        audit.record(tx, by, "person_created", f"person:{person.user_id}", facts, clock=clock)
    return person


def first_admin(
    database: Database, *, username: str = "admin", clock: Clock, ids: Ids, hasher: PasswordHasher = STRONG
) -> str | None:
    """The one-time password of a new administrator; None when somebody can administrate already."""
    with database.reading() as tx:
        if any(p.role is Role.ADMIN and not p.is_disabled for p in people_store.load_people(tx)):
            return None
    password = one_time_password()
    create_person(
        database,
        name="管理员",
        username=username,
        role=Role.ADMIN,
        password=password,
        clock=clock,
        ids=ids,
        must_change=True,
        hasher=hasher,
    )
    return password


def list_people(database: Database) -> tuple[Person, ...]:
    """Every account."""
    with database.reading() as tx:
        return people_store.load_people(tx)


def find_person(database: Database, user_id: str) -> Person:
    """One account; NotFound when there is none."""
    with database.reading() as tx:
        return people_store.load_person(tx, user_id)


def change_person(
    database: Database,
    user_id: str,
    *,
    name: str,
    role: Role,
    crew_id: CrewId | None,
    by: Actor,
    clock: Clock,
) -> None:
    """The account has this name, role and crew member; a changed right ends its sessions at once."""
    faults = _name_faults(name, "user")
    if faults:
        raise InvalidInput("person_invalid", faults)
    with database.transaction() as tx:
        before = people_store.load_person(tx, user_id)
        if before.role is Role.ADMIN and role is not Role.ADMIN:
            _refuse_without_admin(tx, user_id)
        people_store.update_person(tx, user_id, name=name.strip(), role=role.value, crew_id=crew_id)
        if (before.role, before.crew_id) != (role, crew_id):
            _put_out(tx, user_id, clock)
        facts = {"role_before": before.role.value, "role": role.value, "crew_id": crew_id}
        audit.record(tx, by, "person_changed", f"person:{user_id}", facts, clock=clock)


def disable_person(database: Database, user_id: str, *, by: Actor, clock: Clock) -> None:
    """Nobody can sign in with the account; its sessions are over and its tablets speak for nobody."""
    with database.transaction() as tx:
        if people_store.load_person(tx, user_id).role is Role.ADMIN:
            _refuse_without_admin(tx, user_id)
        people_store.update_person(tx, user_id, disabled_at=clock.now())
        _put_out(tx, user_id, clock)
        audit.record(tx, by, "person_disabled", f"person:{user_id}", {}, clock=clock)


def enable_person(database: Database, user_id: str, *, by: Actor, clock: Clock) -> None:
    """The account can be used again."""
    with database.transaction() as tx:
        people_store.update_person(tx, user_id, disabled_at=None)
        audit.record(tx, by, "person_enabled", f"person:{user_id}", {}, clock=clock)


def reset_password(
    database: Database, user_id: str, *, by: Actor, clock: Clock, hasher: PasswordHasher = STRONG
) -> str:
    """A new one-time password, to be handed over once; the account's sessions are over."""
    password = one_time_password()
    password_hash = hash_password(password, hasher)
    with database.transaction() as tx:
        person = people_store.load_person(tx, user_id)
        people_store.update_person(tx, user_id, password_hash=password_hash, must_change=True)
        _put_out(tx, user_id, clock)
        subject = attempt_subject("account", person.username)
        people_store.save_attempts(tx, subject, Attempts(), at=clock.now())
        audit.record(tx, by, "password_reset", f"person:{user_id}", {}, clock=clock)
    return password


def change_own_password(
    database: Database,
    actor: Actor,
    *,
    old: str,
    new: str,
    clock: Clock,
    audit_clock: Clock | None = None,
    hasher: PasswordHasher = STRONG,
) -> None:
    """
    The person's password is the new one; every session of theirs is over, this one too.

    A wrong old one counts like a failed sign-in: Refused ``password_wrong`` or ``signin_wait``.
    """
    now = clock.now()
    with database.transaction() as tx:
        person = people_store.load_person(tx, actor.user_id)
        tried = {attempts.ACCOUNT: person.username}
        before = attempts.count_failure(tx, tried, now)
        found = people_store.find_credentials(tx, person.username)
    is_right = found is not None and matches(old[: PASSWORD_MOST + 1], found[1], hasher)
    with database.transaction() as tx:
        if is_right:
            attempts.was_right(tx, tried, before, now)
        else:
            audit.record(
                tx, actor, "password_tried", f"person:{actor.user_id}", {}, clock=audit_clock or clock
            )
    if not is_right:
        left = attempts.tries_left(before)
        raise Refused("password_wrong", left=left) if left else Refused("password_wrong_last")
    faults = password_faults(new, person.username)
    if new == old:
        faults = (*faults, Finding(code="password_same"))
    if faults:
        raise InvalidInput("password_weak", faults)
    password_hash = hash_password(new, hasher)
    with database.transaction() as tx:
        people_store.update_person(tx, actor.user_id, password_hash=password_hash, must_change=False)
        people_store.end_sessions(tx, at=clock.now(), user_id=actor.user_id)
        audit.record(tx, actor, "password_changed", f"person:{actor.user_id}", {}, clock=audit_clock or clock)


def _put_out(tx: Transaction, user_id: str, clock: Clock) -> None:
    people_store.end_sessions(tx, at=clock.now(), user_id=user_id)
    device_store.revoke_tokens_of(tx, user_id, at=clock.now())


def actor_of(person: Person) -> Actor:
    """The account as somebody who acts."""
    return Actor(user_id=person.user_id, role=person.role, name=person.name, crew_id=person.crew_id)


def _refuse_without_admin(tx: Transaction, user_id: str) -> None:
    others = [
        person
        for person in people_store.load_people(tx)
        if person.role is Role.ADMIN and not person.is_disabled and person.user_id != user_id
    ]
    if not others:
        raise Refused("last_admin")


def _name_faults(name: str, username: str) -> tuple[Finding, ...]:
    faults = []
    if not name.strip():
        faults.append(Finding(code="name_missing"))
    if not username or not all(character.isalnum() or character in "-_.@" for character in username):
        faults.append(Finding(code="username_wrong"))
    return tuple(faults)
