"""
The tags of vehicles: a code at the last row and one at each row, printed and stuck there.

A run keeps its own copy of the codes as they were at its release (``run_tag``).
"""

from sqlalchemy import insert, select

from busops.domain.values import Plate
from busops.storage.database import Transaction
from busops.storage.run_tables import VehicleTagRow


def load_tags(tx: Transaction, plate: Plate) -> dict[str, str]:
    """The codes of a vehicle's tags by their place."""
    rows = tx.session.scalars(
        select(VehicleTagRow).where(VehicleTagRow.school_id == tx.school_id, VehicleTagRow.plate == plate)
    )
    return {row.place: row.code for row in rows}


def save_tags(tx: Transaction, plate: Plate, tags: dict[str, str]) -> None:
    """The vehicle has these tags as well; those it had keep their codes."""
    known = load_tags(tx, plate)
    rows = [
        {"school_id": tx.school_id, "plate": plate, "place": place, "code": code}
        for place, code in sorted(tags.items())
        if place not in known
    ]
    if rows:
        tx.session.execute(insert(VehicleTagRow), rows)
