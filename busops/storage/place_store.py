"""
Where a run's stops were when it was released: its own copy, so that a stop moved later judges no old run.
"""

from typing import Final

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Integer, String, insert
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.network import StopPlace
from busops.domain.run_plan import RunPlan
from busops.domain.values import RunId, StopId
from busops.storage.database import Base, Transaction
from busops.storage.prepared import asked, select_rows


class RunPlaceRow(Base):
    __tablename__ = "run_place"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "run_id"], ["run.school_id", "run.run_id"]),
        CheckConstraint("radius_m > 0", name="radius_m"),
    )

    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    run_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    stop_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    lat6: Mapped[int] = mapped_column(Integer)
    lon6: Mapped[int] = mapped_column(Integer)
    radius_m: Mapped[int] = mapped_column(Integer)


_PLACES: Final = select_rows(RunPlaceRow, "run_id", columns=("stop_id", "lat6", "lon6", "radius_m"))


def insert_places(tx: Transaction, plan: RunPlan) -> None:
    """The places of the run's stops stand beside it, for good."""
    rows = [
        {
            "school_id": tx.school_id,
            "run_id": plan.run_id,
            "stop_id": stop_id,
            "lat6": place.lat6,
            "lon6": place.lon6,
            "radius_m": place.radius_m,
        }
        for stop_id, place in sorted(plan.places.items())
    ]
    if rows:
        tx.session.execute(insert(RunPlaceRow), rows)


def load_places(tx: Transaction, run_id: RunId) -> dict[StopId, StopPlace]:
    """Where the run's stops are; empty for a run of before places were kept."""
    return {
        StopId(stop_id): StopPlace(lat6=lat6, lon6=lon6, radius_m=radius_m)
        for stop_id, lat6, lon6, radius_m in tx.session.execute(_PLACES, asked(tx, run_id=run_id))
    }
