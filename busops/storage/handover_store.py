"""
One-time codes by which somebody may fetch a rider from one run: salted and slow, never the code itself.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Integer, String, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.values import RiderId, RunId
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.run_tables import RunRow


class PickupCodeRow(Base):
    __tablename__ = "pickup_code"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "run_id"], ["run.school_id", "run.run_id"]),
        CheckConstraint("length(proof) = 64 AND rounds > 0", name="proof"),
    )

    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    run_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    rider_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    salt: Mapped[str] = mapped_column(String(32))
    rounds: Mapped[int] = mapped_column(Integer)
    proof: Mapped[str] = mapped_column(String(64))
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class PickupCode:
    """How a rider's code of a run is recognised: PBKDF2-SHA-256 with this salt (hex) and so many rounds."""

    rider_id: RiderId
    salt: str
    rounds: int
    proof: str
    made_by: str
    made_at: datetime


def replace_code(tx: Transaction, run_id: RunId, code: PickupCode) -> None:
    """The rider has this code on this run and no other."""
    key = {"school_id": tx.school_id, "run_id": run_id, "rider_id": code.rider_id}
    mine = [getattr(PickupCodeRow, name) == value for name, value in key.items()]
    tx.session.execute(delete(PickupCodeRow).where(*mine))
    own = {name: getattr(code, name) for name in ("salt", "rounds", "proof", "made_by", "made_at")}
    tx.session.execute(insert(PickupCodeRow), [key | own])


def load_codes(tx: Transaction, run_id: RunId) -> tuple[PickupCode, ...]:
    """The codes of a run, by rider."""
    rows = tx.session.scalars(
        select(PickupCodeRow)
        .where(PickupCodeRow.school_id == tx.school_id, PickupCodeRow.run_id == run_id)
        .order_by(PickupCodeRow.rider_id)
        .execution_options(populate_existing=True)
    )
    return tuple(
        PickupCode(
            rider_id=RiderId(row.rider_id),
            salt=row.salt,
            rounds=row.rounds,
            proof=row.proof,
            made_by=row.made_by,
            made_at=row.made_at,
        )
        for row in rows
    )


def forget_codes(tx: Transaction, before: date) -> None:
    """The codes of runs of earlier days are gone: they open nothing any more."""
    past = select(RunRow.run_id).where(RunRow.school_id == tx.school_id, RunRow.run_on < before)
    tx.session.execute(
        delete(PickupCodeRow).where(PickupCodeRow.school_id == tx.school_id, PickupCodeRow.run_id.in_(past))
    )
