"""
What a run's checks must show: the level at its release, and how a tablet is told.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from busops.domain.evidence import Evidence, is_audited, raised
from busops.domain.fleet import CrewMember, CrewRole, Vehicle
from busops.domain.run_plan import RunPlan
from busops.storage import board_store, day_store
from busops.storage.database import Transaction
from busops.storage.day_store import Weather


def level_of_run(tx: Transaction, vehicle: Vehicle, on: date, crew: Iterable[CrewMember]) -> Evidence:
    """The vehicle's level, raised on a day marked as hot or for a crew new to the vehicle."""
    mark = day_store.last_mark(tx, on)
    is_hot = mark is not None and mark.weather is Weather.HOT
    known = board_store.crews_of_vehicle(tx, vehicle.plate, before=on)
    is_substitute = bool(known) and any(member.crew_id not in known for member in crew)
    return raised(vehicle.evidence, is_hot=is_hot, is_substitute=is_substitute)


def asks_of(plan: RunPlan) -> dict[str, Any]:
    """What a check of the run must show, as the pack tells it: never a code."""
    return {
        "level": plan.evidence.value,
        "places": {role.value.lower(): list(plan.asked_places(role)) for role in CrewRole},
        "photo": plan.evidence.asks_photo or is_audited(plan.run_id),
        "sensor": plan.evidence.asks_sensor,
    }
