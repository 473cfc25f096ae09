"""
What people say about matches: whose money a payer's is, what was no match, what a review found.

The rules of matching and the payment codes stand here too. A link is a person's data and can be
deleted; what was decided cannot.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Integer,
    String,
    Text,
    UniqueConstraint,
    delete,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.values import RiderId
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import table_of


class PayerLinkRow(Base):
    """A person said that this payer's money was this rider's."""

    __tablename__ = "payer_link"
    __table_args__ = (CheckConstraint("payer_key <> '' AND made_by <> ''", name="told"),)
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    payer_key: Mapped[str] = mapped_column(String(128), primary_key=True)
    rider_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    payer: Mapped[str] = mapped_column(Text)
    receipt_id: Mapped[str] = mapped_column(String(64))
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PaymentCodeRow(Base):
    """The code that a rider's parents put into the remark; for ever that rider's."""

    __tablename__ = "payment_code"
    __table_args__ = (UniqueConstraint("school_id", "code"),)
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    rider_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    code: Mapped[str] = mapped_column(String(8))


class MatchRefusalRow(Base):
    """A person said that a receipt is not these riders'; the digest is of their ids."""

    __tablename__ = "match_refusal"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "receipt_id"], ["receipt.school_id", "receipt.receipt_id"]),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    receipt_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    riders_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    refused_by: Mapped[str] = mapped_column(String(64))
    refused_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MatchReviewRow(Base):
    """What a person found of a match that was made by itself: one review a receipt."""

    __tablename__ = "match_review"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "receipt_id"], ["receipt.school_id", "receipt.receipt_id"]),
        CheckConstraint("reviewed_by <> ''", name="reviewed_by"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    receipt_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    is_right: Mapped[bool] = mapped_column(Boolean)
    tier: Mapped[str] = mapped_column(String(4))
    reviewed_by: Mapped[str] = mapped_column(String(64))
    reviewed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MatchPolicyRow(Base):
    """The school's rules of matching: every change stands, the last one holds."""

    __tablename__ = "match_policy"
    __table_args__ = (
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("two_people_from_fen > 0", name="two_people"),
        CheckConstraint("reviewed_percent BETWEEN 1 AND 100", name="reviewed"),
        CheckConstraint("made_by <> '' AND reason <> ''", name="told"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    two_people_from_fen: Mapped[int] = mapped_column(BigInteger)
    reviewed_percent: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayerLink:
    """A payer and a rider whose money his was, and by which receipt a person said so."""

    payer_key: str
    rider_id: RiderId
    payer: str
    receipt_id: str
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchPolicy:
    """From which sum two people must agree, and how many of a hundred flagged matches are reviewed."""

    two_people_from_fen: int = 50_000
    reviewed_percent: int = 10


def insert_link(tx: Transaction, link: PayerLink) -> bool:
    """The link stands; False when it stood before."""
    table = table_of(PayerLinkRow)
    mine = (table.c.school_id == tx.school_id) & (table.c.payer_key == link.payer_key)
    if tx.session.execute(select(table.c.rider_id).where(mine, table.c.rider_id == link.rider_id)).first():
        return False
    row = {name: getattr(link, name) for name in PayerLink.__slots__}
    tx.session.execute(insert(table), [{"school_id": tx.school_id, **row}])
    return True


def delete_links(
    tx: Transaction, *, payer_key: str = "", rider_id: str = "", receipt_id: str = ""
) -> tuple[PayerLink, ...]:
    """The links of these marks are gone, all given ones together; they are returned."""
    asked = {"payer_key": payer_key, "rider_id": rider_id, "receipt_id": receipt_id}
    wanted = {name: value for name, value in asked.items() if value}
    gone = tuple(
        link
        for link in load_links(tx)
        if wanted and all(getattr(link, name) == value for name, value in wanted.items())
    )
    table = table_of(PayerLinkRow)
    for link in gone:
        mine = (table.c.school_id == tx.school_id) & (table.c.payer_key == link.payer_key)
        tx.session.execute(delete(table).where(mine, table.c.rider_id == link.rider_id))
    return gone


def load_links(tx: Transaction) -> tuple[PayerLink, ...]:
    """Every link, the newest first."""
    table = table_of(PayerLinkRow)
    query = select(table).where(table.c.school_id == tx.school_id)
    rows = tx.session.execute(query.order_by(table.c.made_at.desc(), table.c.payer_key, table.c.rider_id))
    return tuple(
        PayerLink(
            payer_key=row.payer_key,
            rider_id=RiderId(row.rider_id),
            payer=row.payer,
            receipt_id=row.receipt_id,
            made_by=row.made_by,
            made_at=row.made_at,
        )
        for row in rows
    )


def linked_riders(tx: Transaction) -> dict[str, frozenset[RiderId]]:
    """The riders of each payer's key."""
    riders: dict[str, set[RiderId]] = defaultdict(set)
    for link in load_links(tx):
        riders[link.payer_key].add(link.rider_id)
    return {key: frozenset(known) for key, known in riders.items()}


def load_codes(tx: Transaction) -> dict[RiderId, str]:
    """The payment code of each rider who has one."""
    table = table_of(PaymentCodeRow)
    query = select(table.c.rider_id, table.c.code).where(table.c.school_id == tx.school_id)
    return {RiderId(row.rider_id): row.code for row in tx.session.execute(query.order_by(table.c.rider_id))}


def insert_codes(tx: Transaction, codes: Mapping[RiderId, str]) -> None:
    """These riders have these codes for ever."""
    rows = [{"school_id": tx.school_id, "rider_id": one, "code": code} for one, code in codes.items()]
    if rows:
        tx.session.execute(insert(table_of(PaymentCodeRow)), rows)


def riders_digest(rider_ids: Iterable[RiderId]) -> str:
    """The same for the same riders in whatever order."""
    return sha256(" ".join(sorted(rider_ids)).encode()).hexdigest()


def insert_refusal(
    tx: Transaction, receipt_id: str, rider_ids: Iterable[RiderId], *, by: str, at: datetime
) -> None:
    """The receipt is not these riders', whoever proposes it again."""
    digest = riders_digest(rider_ids)
    if (receipt_id, digest) not in load_refusals(tx):
        row = {"school_id": tx.school_id, "receipt_id": receipt_id, "riders_digest": digest}
        told = {"refused_by": by, "refused_at": at}
        tx.session.execute(insert(table_of(MatchRefusalRow)), [{**row, **told}])


def load_refusals(tx: Transaction) -> frozenset[tuple[str, str]]:
    """Receipt and digest of the riders of every refusal."""
    table = table_of(MatchRefusalRow)
    query = select(table.c.receipt_id, table.c.riders_digest).where(table.c.school_id == tx.school_id)
    return frozenset((row.receipt_id, row.riders_digest) for row in tx.session.execute(query))


def insert_review(
    tx: Transaction, receipt_id: str, *, is_right: bool, tier: str, by: str, at: datetime
) -> None:
    """The match was looked at by a person; the guard refuses a second look."""
    row = {"school_id": tx.school_id, "receipt_id": receipt_id, "is_right": is_right, "tier": tier}
    tx.session.execute(insert(table_of(MatchReviewRow)), [{**row, "reviewed_by": by, "reviewed_at": at}])


def load_reviews(tx: Transaction) -> dict[str, bool]:
    """Whether each reviewed match was right, by receipt."""
    table = table_of(MatchReviewRow)
    query = select(table.c.receipt_id, table.c.is_right).where(table.c.school_id == tx.school_id)
    return {row.receipt_id: bool(row.is_right) for row in tx.session.execute(query)}


def load_policy(tx: Transaction) -> MatchPolicy:
    """The rules that hold; the default before any were chosen."""
    rows = _policies(tx)
    if not rows:
        return MatchPolicy()
    return MatchPolicy(
        two_people_from_fen=rows[0].two_people_from_fen, reviewed_percent=rows[0].reviewed_percent
    )


def insert_policy(tx: Transaction, policy: MatchPolicy, *, reason: str, by: str, at: datetime) -> int:
    """From now on these rules hold; their number."""
    rows = _policies(tx)
    number = 1 + (rows[0].number if rows else 0)
    row = {
        "school_id": tx.school_id,
        "number": number,
        "two_people_from_fen": policy.two_people_from_fen,
        "reviewed_percent": policy.reviewed_percent,
        "reason": reason,
        "made_by": by,
        "made_at": at,
    }
    tx.session.execute(insert(table_of(MatchPolicyRow)), [row])
    return number


def _policies(tx: Transaction) -> list[MatchPolicyRow]:
    query = select(MatchPolicyRow).where(MatchPolicyRow.school_id == tx.school_id)
    return list(tx.session.scalars(query.order_by(MatchPolicyRow.number.desc())))
