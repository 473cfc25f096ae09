"""
Payment codes: every registered rider has one, listed by class so that it can be given to the parents.
"""

from dataclasses import dataclass

from busops.domain.roster import Rider, class_of
from busops.domain.values import Clock
from busops.finance.payment_codes import new_code
from busops.services.acting import By, record_act
from busops.storage import match_store, register_store
from busops.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCode:
    """A rider and the code; "" where none was given yet."""

    rider: Rider
    code: str

    @property
    def class_name(self) -> str:
        """Grade and class."""
        return class_of(self.rider)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What a family gets on paper; ``link`` is where it pays, "" where the school named no place."""

    shown: ShownCode
    link: str


def list_codes(database: Database) -> tuple[ShownCode, ...]:
    """Every registered rider with the code, by class and name."""
    with database.reading() as tx:
        codes = match_store.load_codes(tx)
        riders = register_store.load_riders(tx)
    shown = [ShownCode(rider=rider, code=codes.get(rider.rider_id, "")) for rider in riders]
    return tuple(sorted(shown, key=lambda one: (one.class_name, one.rider.name, one.rider.rider_id)))


def slips_of(database: Database, link: str) -> tuple[tuple[str, tuple[Slip, ...]], ...]:
    """The slips of every class, those without a code included; ``link`` = where parents pay, or ""."""
    by_class: dict[str, list[Slip]] = {}
    for one in list_codes(database):
        pays_at = link.replace("{code}", one.code) if link and one.code else ""
        by_class.setdefault(one.class_name, []).append(Slip(shown=one, link=pays_at))
    return tuple((name, tuple(slips)) for name, slips in by_class.items())


def give_codes(database: Database, *, clock: Clock, by: By) -> int:
    """Every registered rider has a code; those who had one keep it. How many are new."""
    with database.transaction() as tx:
        known = match_store.load_codes(tx)
        taken = set(known.values())
        fresh = {}
        for rider in sorted(register_store.load_riders(tx), key=lambda rider: rider.rider_id):
            if rider.rider_id not in known:
                fresh[rider.rider_id] = new_code(f"{tx.school_id}:{rider.rider_id}", taken)
                taken.add(fresh[rider.rider_id])
        match_store.insert_codes(tx, fresh)
        if fresh:
            facts = {"added": len(fresh)}
            record_act(tx, by, "payment_codes_given", "payment_codes", facts=facts, clock=clock)
    return len(fresh)
