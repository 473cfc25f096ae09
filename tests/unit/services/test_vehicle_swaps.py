"""The office changes the vehicle of a trip twice by itself; the third time two people of two roles agree."""

from dataclasses import replace
from typing import Any

import pytest

from busops.domain.errors import Refused
from busops.domain.overrides import OverrideKind, OverrideReason
from busops.domain.people import Actor, Role
from busops.domain.values import Plate, RunId
from busops.services import overrides, runs
from busops.storage import fleet_store
from busops.storage.database import Database
from tests.builders import DEPARTS_AT
from tests.machine import CountingIds, FixedClock
from tests.sim import world
from tests.small_school import COACH, LAPSED, NEXT_YEAR

ASKER = Actor(user_id="u1", role=Role.DISPATCHER, name="u1")
SECOND = Actor(user_id="u2", role=Role.SUPERVISOR, name="u2")


def test_the_third_vehicle_of_a_trip_needs_two_people(sqlite_database: Database) -> None:
    """Refused by name, then asked for, agreed to, done, and counted in the report."""
    world.fill(sqlite_database)
    world.release(sqlite_database)
    with sqlite_database.transaction() as tx:
        lapsed = next(each for each in fleet_store.load_vehicles(tx) if each.plate == LAPSED)
        fleet_store.save_vehicles(tx, [replace(lapsed, insurance_to=NEXT_YEAR)])
    here: dict[str, Any] = {"clock": FixedClock(DEPARTS_AT), "ids": CountingIds()}

    def swap(run_id: RunId, plate: Plate) -> RunId:
        own: dict[str, Any] = {"by": "u1", "reason": "故障", **here}
        return runs.substitute_vehicle(sqlite_database, run_id, plate, **own)

    run_id = swap(swap(RunId("run-1"), LAPSED), COACH)
    with pytest.raises(Refused) as refused:
        swap(run_id, LAPSED)
    assert [each.code for each in refused.value.reasons] == ["third_swap"]
    (gate,) = overrides.office_gates(sqlite_database, run_id, DEPARTS_AT)
    own: dict[str, Any] = {"reason": OverrideReason.VEHICLE_FAULT, "note": "两车故障", "by": ASKER, **here}
    asked = overrides.ask_override(sqlite_database, run_id, gate.key, **own)
    with pytest.raises(Refused):
        swap(run_id, LAPSED)
    overrides.decide_override(sqlite_database, run_id, asked.override_id, approves=True, by=SECOND, **here)
    swap(run_id, LAPSED)
    assert overrides.override_report(sqlite_database).passed[OverrideKind.SWAP] == 1
