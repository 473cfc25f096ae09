"""
The cards that riders carry: a random number each, bound to a rider until it is declared void.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.values import RiderId
from busops.storage.database import Base, Transaction, UtcDateTime


class RiderCardRow(Base):
    __tablename__ = "rider_card"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "rider_id"], ["rider.school_id", "rider.rider_id"]),
        CheckConstraint("length(card_no) = 16", name="card_no"),
        Index("ix_rider_card_rider", "school_id", "rider_id"),
    )

    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    card_no: Mapped[str] = mapped_column(String(16), primary_key=True)
    rider_id: Mapped[str] = mapped_column(String(64))
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    voided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiderCard:
    """A card that holds: its number, whose it is, since when."""

    card_no: str
    rider_id: RiderId
    made_at: datetime


def load_cards(tx: Transaction) -> dict[RiderId, RiderCard]:
    """The card of every rider who has one that holds; of several the newest."""
    rows = tx.session.scalars(
        select(RiderCardRow)
        .where(RiderCardRow.school_id == tx.school_id, RiderCardRow.voided_at.is_(None))
        .order_by(RiderCardRow.made_at, RiderCardRow.card_no)
        .execution_options(populate_existing=True)
    )
    cards = (
        RiderCard(card_no=row.card_no, rider_id=RiderId(row.rider_id), made_at=row.made_at) for row in rows
    )
    return {card.rider_id: card for card in cards}


def add_cards(tx: Transaction, cards: Iterable[RiderCard], *, made_by: str) -> None:
    """These cards hold from now on; the ones their riders had before do not any more."""
    cards = tuple(cards)
    for card in cards:
        void_cards(tx, card.rider_id, at=card.made_at)
    rows = [
        {
            "school_id": tx.school_id,
            "card_no": card.card_no,
            "rider_id": card.rider_id,
            "made_by": made_by,
            "made_at": card.made_at,
        }
        for card in cards
    ]
    if rows:
        tx.session.execute(insert(RiderCardRow), rows)


def void_cards(tx: Transaction, rider_id: RiderId, *, at: datetime) -> None:
    """No card of this rider holds any more."""
    tx.session.execute(
        update(RiderCardRow)
        .where(RiderCardRow.school_id == tx.school_id, RiderCardRow.rider_id == rider_id)
        .where(RiderCardRow.voided_at.is_(None))
        .values(voided_at=at)
    )
