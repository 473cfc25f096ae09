"""
Signing in and out: sessions that end at once, and counters against guessing.

Nothing here says whether an account exists: a wrong name and a wrong password look the same
and cost the same. Accounts themselves are in ``people.py``.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from argon2 import PasswordHasher

from busops.domain.errors import Refused
from busops.domain.people import Actor, Role
from busops.domain.values import Clock
from busops.services import attempts, audit, people
from busops.services.attempts import Counters
from busops.services.credentials import (
    PASSWORD_MOST,
    STRONG,
    digest,
    fold_username,
    hash_of_nobody,
    hash_password,
    matches,
)
from busops.storage import people_store
from busops.storage.database import Database
from busops.storage.people_store import Person

TOUCHED_EVERY: Final = timedelta(minutes=1)
SESSIONS_KEPT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a session lives: in all, and without being used."""

    whole_s: int
    idle_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A sign-in that succeeded: who, and the key of the session for the cookie."""

    actor: Actor
    session_key: str
    must_change: bool


def enter(
    database: Database,
    *,
    username: str,
    password: str,
    address: str,
    clock: Clock,
    audit_clock: Clock | None = None,
    hasher: PasswordHasher = STRONG,
) -> Entered:
    """
    A new session for who knows the password.

    ``audit_clock`` is the school's where sessions live by another one (the demo's day is faster).

    The failure is counted before the password is looked at, so that a hundred guesses at once
    are a hundred failures. Raises Refused: ``signin_wrong`` or ``signin_wait``.
    """
    username = fold_username(username)
    tried = {attempts.ACCOUNT: username, attempts.ADDRESS: address}
    now = clock.now()
    with database.transaction() as tx:
        before = attempts.count_failure(tx, tried, now)
        found = people_store.find_credentials(tx, username)
    person, password_hash = found or (None, hash_of_nobody(hasher))
    right = matches(password[: PASSWORD_MOST + 1], password_hash, hasher)
    if not right or person is None or person.is_disabled:
        left = attempts.tries_left(before)
        _record_failure(database, person, audit_clock or clock)
        raise Refused("signin_wrong", left=left) if left else Refused("signin_wrong_last")
    again = hash_password(password, hasher) if hasher.check_needs_rehash(password_hash) else None
    clocks = (clock, audit_clock or clock)
    return _open_session(database, person, tried, before, clocks=clocks, new_hash=again)


def resume(
    database: Database,
    session_key: str,
    *,
    limits: Mapping[Role, Limits],
    clock: Clock,
    is_use: bool = True,
) -> Actor | None:
    """
    Who this session belongs to; None when it is over, too old or unused for too long.

    What a page asks by itself is no ``is_use``: it must not keep an empty chair signed in.
    """
    now, key_hash = clock.now(), digest(session_key)
    with database.reading() as tx:
        kept = people_store.find_session(tx, key_hash)
    if kept is None or kept.ended_at is not None or kept.person.is_disabled:
        return None
    limit = limits[kept.person.role]
    if now - kept.started_at > timedelta(seconds=limit.whole_s):
        return None
    if now - kept.seen_at > timedelta(seconds=limit.idle_s):
        return None
    if is_use and now - kept.seen_at >= TOUCHED_EVERY:
        with database.transaction() as tx:
            people_store.touch_session(tx, key_hash, at=now)
    return people.actor_of(kept.person)


def leave(
    database: Database, session_key: str, *, actor: Actor, clock: Clock, audit_clock: Clock | None = None
) -> None:
    """The session is over; its cookie opens nothing any more."""
    with database.transaction() as tx:
        people_store.end_sessions(tx, at=clock.now(), key_hash=digest(session_key))
        audit.record(tx, actor, "signed_out", f"person:{actor.user_id}", {}, clock=audit_clock or clock)


def _record_failure(database: Database, person: Person | None, clock: Clock) -> None:
    subject = f"person:{person.user_id}" if person else "person:?"
    with database.transaction() as tx:
        audit.record(tx, None, "signin_failed", subject, {}, clock=clock)


def _open_session(
    database: Database,
    person: Person,
    tried: Mapping[str, str],
    before: Counters,
    *,
    clocks: tuple[Clock, Clock],
    new_hash: str | None,
) -> Entered:
    clock, audit_clock = clocks
    now, key = clock.now(), secrets.token_urlsafe(32)
    actor = people.actor_of(person)
    with database.transaction() as tx:
        attempts.was_right(tx, tried, before, now)
        values = {"password_hash": new_hash} if new_hash else {}
        people_store.update_person(tx, person.user_id, last_signin_at=now, **values)
        people_store.forget_sessions(tx, seen_before=now - SESSIONS_KEPT)
        people_store.insert_session(tx, digest(key), person.user_id, at=now)
        audit.record(tx, actor, "signed_in", f"person:{person.user_id}", {}, clock=audit_clock)
    return Entered(actor=actor, session_key=key, must_change=person.must_change)
