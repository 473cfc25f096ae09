"""
Trips of the school's buses for others than pupils: logged, so that their part of the costs can be left out.

A trip of a month that was signed counts on the first day of the next open one.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from busops.domain.errors import InvalidInput, Refused
from busops.domain.values import Clock, Ids, school_date
from busops.finance.cost_shares import OtherUse
from busops.finance.ledger import period_of
from busops.services.acting import By, record_act, user_of
from busops.storage import fleet_store, ledger_store, other_use_store, people_store
from busops.storage.database import Database
from busops.storage.other_use_store import StoredUse

MOST_KM: Final = 2000
MOST_HOURS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class UseEntry:
    """A trip as it is typed: metres, seconds, what for."""

    on: date
    plate: str
    distance_m: int
    duration_s: int
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseLog:
    """The log, latest trip first; what was taken back is named, and people have names."""

    entries: tuple[StoredUse, ...]
    gone: frozenset[str]
    plates: tuple[str, ...]
    names: dict[str, str]


def log_use(database: Database, entry: UseEntry, *, clock: Clock, ids: Ids, by: By) -> StoredUse:
    """The trip is on record; raises InvalidInput for what no bus drives."""
    purpose = entry.purpose.strip()
    if not purpose:
        raise InvalidInput("purpose_needed")
    if not 0 < entry.distance_m <= MOST_KM * 1000 or not 0 < entry.duration_s <= MOST_HOURS * 3600:
        raise InvalidInput("other_use_too_much", km=MOST_KM, hours=MOST_HOURS)
    if entry.on > school_date(clock.now()):
        raise InvalidInput("other_use_to_come", on=entry.on)
    with database.transaction() as tx:
        if entry.plate not in {str(vehicle.plate) for vehicle in fleet_store.load_vehicles(tx)}:
            raise InvalidInput("plate_needed", found=entry.plate)
        month = period_of(entry.on)
        counted = ledger_store.open_period_from(tx, month)
        stored = StoredUse(
            use=OtherUse(
                use_id=ids.new(),
                plate=entry.plate,
                on=entry.on if counted == month else date.fromisoformat(f"{counted}-01"),
                distance_m=entry.distance_m,
                duration_s=entry.duration_s,
            ),
            driven_on=entry.on,
            purpose=purpose,
            made_by=user_of(by),
            made_at=clock.now(),
        )
        other_use_store.insert_uses(tx, [stored])
        facts = {"plate": entry.plate, "on": entry.on, "distance_m": entry.distance_m, "note": purpose}
        record_act(tx, by, "other_use_logged", stored.use.use_id, facts=facts, clock=clock)
    return stored


def take_back_use(database: Database, use_id: str, *, clock: Clock, ids: Ids, by: By) -> None:
    """The entry counts no more; Refused once its month is signed, and for what was taken back."""
    with database.transaction() as tx:
        stored = other_use_store.load_use(tx, use_id)
        log = other_use_store.load_log(tx)
        if stored.undoes is not None or any(item.undoes == use_id for item in log):
            raise Refused("other_use_taken_back")
        month = period_of(stored.use.on)
        if ledger_store.open_period_from(tx, month) != month:
            raise Refused("period_locked", period=month)
        use = OtherUse(
            use_id=ids.new(),
            plate=stored.use.plate,
            on=stored.use.on,
            distance_m=stored.use.distance_m,
            duration_s=stored.use.duration_s,
        )
        undo = StoredUse(
            use=use,
            driven_on=stored.driven_on,
            purpose=stored.purpose,
            made_by=user_of(by),
            made_at=clock.now(),
            undoes=use_id,
        )
        other_use_store.insert_uses(tx, [undo])
        record_act(tx, by, "other_use_taken_back", use_id, facts={"plate": use.plate}, clock=clock)


def use_log(database: Database) -> UseLog:
    """Everything that was logged."""
    with database.reading() as tx:
        log = other_use_store.load_log(tx)
        return UseLog(
            entries=tuple(item for item in log if item.undoes is None),
            gone=frozenset(item.undoes for item in log if item.undoes is not None),
            plates=tuple(sorted(str(vehicle.plate) for vehicle in fleet_store.load_vehicles(tx))),
            names={person.user_id: person.name for person in people_store.load_people(tx)},
        )
