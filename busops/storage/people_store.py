"""
Accounts, their sessions and the counters of failed sign-ins.

Passwords arrive here only as argon2id hashes, session keys only as digests. Rules (who may
sign in, how long to wait) are in ``services/people.py``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    delete,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import NotFound
from busops.domain.people import Role
from busops.domain.values import CrewId
from busops.storage.database import Base, Transaction, UtcDateTime


class UserRow(Base):
    """One account; never deleted, because the audit names it."""

    __tablename__ = "app_user"
    __table_args__ = (
        UniqueConstraint("school_id", "username"),
        CheckConstraint(
            "role IN ('dispatcher', 'attendant', 'driver', 'finance', 'finance_lead', 'supervisor', 'admin')",
            name="role",
        ),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    username: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(16))
    crew_id: Mapped[str | None] = mapped_column(String(64))
    password_hash: Mapped[str] = mapped_column(Text)
    must_change: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_signin_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SessionRow(Base):
    """One signed-in browser; the key itself is only in its cookie."""

    __tablename__ = "app_session"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "user_id"], ["app_user.school_id", "app_user.user_id"]),
        Index("ix_app_session_user", "school_id", "user_id"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SigninAttemptRow(Base):
    """Failed sign-ins of one account name or one address, in a row."""

    __tablename__ = "signin_attempt"
    __table_args__ = (CheckConstraint("failures >= 0", name="failures"),)
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    subject: Mapped[str] = mapped_column(String(96), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    locked_until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account as the office sees it."""

    user_id: str
    username: str
    name: str
    role: Role
    crew_id: CrewId | None = None
    must_change: bool = False
    created_at: datetime
    last_signin_at: datetime | None = None
    disabled_at: datetime | None = None

    @property
    def is_disabled(self) -> bool:
        """True when nobody can sign in with it."""
        return self.disabled_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSession:
    """A session and the account behind it."""

    person: Person
    started_at: datetime
    seen_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """How often it failed in a row, and until when to wait."""

    failures: int = 0
    last_at: datetime | None = None
    locked_until_at: datetime | None = None


def insert_person(tx: Transaction, person: Person, password_hash: str) -> None:
    """The account stands in the table; its user name must be free."""
    tx.session.add(
        UserRow(
            school_id=tx.school_id,
            user_id=person.user_id,
            username=person.username,
            name=person.name,
            role=person.role.value,
            crew_id=person.crew_id,
            password_hash=password_hash,
            must_change=person.must_change,
            created_at=person.created_at,
        )
    )
    tx.session.flush()


def load_people(tx: Transaction) -> tuple[Person, ...]:
    """Every account, by user name."""
    rows = tx.session.scalars(
        select(UserRow).where(UserRow.school_id == tx.school_id).order_by(UserRow.username)
    )
    return tuple(_person(row) for row in rows)


def on_one_time_password(tx: Transaction) -> frozenset[str]:
    """The ids of the accounts that have not set their own password yet."""
    query = select(UserRow.user_id).where(UserRow.school_id == tx.school_id, UserRow.must_change)
    return frozenset(tx.session.scalars(query))


def load_person(tx: Transaction, user_id: str) -> Person:
    """The account; NotFound when there is none."""
    row = tx.session.get(UserRow, (tx.school_id, user_id))
    if row is None:
        raise NotFound("person_not_found")
    return _person(row)


def find_credentials(tx: Transaction, username: str) -> tuple[Person, str] | None:
    """The account of a user name with its password hash, or None."""
    row = tx.session.scalar(
        select(UserRow).where(UserRow.school_id == tx.school_id, UserRow.username == username)
    )
    return None if row is None else (_person(row), row.password_hash)


def update_person(tx: Transaction, user_id: str, **values: Any) -> None:
    """The account has these values; NotFound when there is none."""
    changed = tx.session.execute(
        update(UserRow)
        .where(UserRow.school_id == tx.school_id, UserRow.user_id == user_id)
        .values(**values)
        .returning(UserRow.user_id)
    ).scalar()
    if changed is None:
        raise NotFound("person_not_found")


def insert_session(tx: Transaction, key_hash: str, user_id: str, *, at: datetime) -> None:
    """The session is open."""
    tx.session.add(
        SessionRow(school_id=tx.school_id, key_hash=key_hash, user_id=user_id, started_at=at, seen_at=at)
    )
    tx.session.flush()


def find_session(tx: Transaction, key_hash: str) -> KeptSession | None:
    """The session with its person, ended or not, or None."""
    row = tx.session.execute(
        select(SessionRow, UserRow)
        .join(
            UserRow,
            (UserRow.school_id == SessionRow.school_id) & (UserRow.user_id == SessionRow.user_id),
        )
        .where(SessionRow.school_id == tx.school_id, SessionRow.key_hash == key_hash)
    ).first()
    if row is None:
        return None
    kept, user = row
    return KeptSession(
        person=_person(user), started_at=kept.started_at, seen_at=kept.seen_at, ended_at=kept.ended_at
    )


def touch_session(tx: Transaction, key_hash: str, *, at: datetime) -> None:
    """The session was used."""
    tx.session.execute(
        update(SessionRow)
        .where(SessionRow.school_id == tx.school_id, SessionRow.key_hash == key_hash)
        .values(seen_at=at)
    )


def end_sessions(
    tx: Transaction, *, at: datetime, user_id: str | None = None, key_hash: str | None = None
) -> int:
    """Sessions of this person, or this one, are over; how many were open."""
    wanted = [SessionRow.school_id == tx.school_id, SessionRow.ended_at.is_(None)]
    if user_id is not None:
        wanted.append(SessionRow.user_id == user_id)
    if key_hash is not None:
        wanted.append(SessionRow.key_hash == key_hash)
    ended = tx.session.execute(
        update(SessionRow).where(*wanted).values(ended_at=at).returning(SessionRow.key_hash)
    )
    return len(ended.all())


def forget_sessions(tx: Transaction, *, seen_before: datetime) -> None:
    """Sessions last used before then are gone."""
    tx.session.execute(
        delete(SessionRow).where(SessionRow.school_id == tx.school_id, SessionRow.seen_at < seen_before)
    )


def load_attempts(tx: Transaction, subject: str) -> Attempts:
    """The counter of a subject; zeros when it never failed."""
    row = tx.session.get(SigninAttemptRow, (tx.school_id, subject))
    if row is None:
        return Attempts()
    return Attempts(failures=row.failures, last_at=row.last_at, locked_until_at=row.locked_until_at)


def save_attempts(tx: Transaction, subject: str, attempts: Attempts, *, at: datetime) -> None:
    """The counter of a subject stands so."""
    tx.session.merge(
        SigninAttemptRow(
            school_id=tx.school_id,
            subject=subject,
            failures=attempts.failures,
            last_at=attempts.last_at or at,
            locked_until_at=attempts.locked_until_at,
        )
    )
    tx.session.flush()


def _person(row: UserRow) -> Person:
    return Person(
        user_id=row.user_id,
        username=row.username,
        name=row.name,
        role=Role(row.role),
        crew_id=None if row.crew_id is None else CrewId(row.crew_id),
        must_change=row.must_change,
        created_at=row.created_at,
        last_signin_at=row.last_signin_at,
        disabled_at=row.disabled_at,
    )
