"""
Defects of vehicles: kept as the look-overs tell of them, shown to the next driver, and cleared by name.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from busops.domain.defects import Defect, reported
from busops.domain.errors import InvalidInput, Refused
from busops.domain.events import Observation
from busops.domain.run_plan import RunPlan
from busops.domain.values import Clock
from busops.services.acting import By, record_act, user_of
from busops.storage import alarm_store, board_store, defect_store, fleet_store, run_store
from busops.storage.database import Database, Transaction

CALLED: Final = "defect_critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectList:
    """Every report there was, and the names of who reported and cleared."""

    defects: tuple[Defect, ...]
    people: dict[str, str]


def keep_defects(tx: Transaction, plan: RunPlan, events: Iterable[Observation]) -> None:
    """Every defect that a look-over of the run tells of stands among those of its vehicle, once."""
    if not (told := reported(plan.plate, events)):
        return
    known = {each.defect_id for each in defect_store.load_defects(tx, plan.plate)}
    for defect in told:
        if defect.defect_id not in known:
            defect_store.insert_defect(tx, defect)


def clear_defect(database: Database, defect_id: str, *, how: str, by: By, clock: Clock) -> None:
    """Somebody of the office or the workshop says by name how it was mended; the vehicle may run again."""
    if not how.strip():
        raise InvalidInput("reason_needed")
    now = clock.now()
    with database.transaction() as tx:
        defect = defect_store.load_defect(tx, defect_id)
        run_store.lock_runs(tx, [defect.run_id])
        if not defect_store.load_defect(tx, defect_id).is_open:
            raise Refused("defect_cleared_before", plate=defect.plate)
        at_ms = round(now.timestamp() * 1000)
        defect_store.insert_clearance(tx, defect_id, by=user_of(by), how=how.strip(), at_ms=at_ms)
        for alarm in alarm_store.load_alarms(tx, defect.run_id):
            if (alarm.kind, alarm.occasion) == (CALLED, defect_id):
                alarm_store.resolve(tx, alarm.alarm_id, by=user_of(by), at=now, evidence="defect_cleared")
        facts = {"defect_id": defect_id, "how": how.strip()}
        record_act(tx, by, "defect_cleared", defect.plate, facts=facts, clock=clock)


def defect_list(database: Database) -> DefectList:
    """Every report of every vehicle, open ones first."""
    with database.reading() as tx:
        found = defect_store.load_defects(tx)
        crew = {str(each.crew_id): each.name for each in fleet_store.load_crew(tx, include_retired=True)}
        people = {**crew, **board_store.people_names(tx)}
    order = sorted(found, key=lambda each: (not each.is_open, not each.is_critical, -each.reported_ms))
    return DefectList(
        defects=tuple(order),
        people=people,
    )
