"""One search over what people look for by name or number: riders, stops, vehicles, crew."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from busops.storage import fleet_store, network_store, register_store
from busops.storage.database import Database
from busops.storage.register_store import RiderQuery

HITS_A_KIND: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One thing found: what it is, its key, its name, and a line about it."""

    kind: str  # rider, stop, vehicle, crew
    key: str
    name: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """What was found, at most twenty of a kind, and how many riders there are in all."""

    hits: tuple[Hit, ...]
    riders: int

    def of(self, kind: str) -> tuple[Hit, ...]:
        """The hits of one kind."""
        return tuple(hit for hit in self.hits if hit.kind == kind)


def search(database: Database, query: str) -> Hits:
    """Everything in use whose number or name holds every word of the query."""
    words = query.casefold().split()
    if not words:
        return Hits(hits=(), riders=0)
    with database.reading() as tx:
        page = register_store.find_riders(tx, RiderQuery(words=query, limit=HITS_A_KIND))
        found = [
            Hit(kind="rider", key=one.rider.rider_id, name=one.rider.name, about=one.rider.class_name)
            for one in page.riders
        ]
        found += _matching(
            words,
            (
                Hit(kind="stop", key=stop.stop_id, name=stop.name, about=stop.stop_id)
                for stop in network_store.load_stops(tx)
            ),
        )
        found += _matching(
            words,
            (
                Hit(kind="vehicle", key=vehicle.plate, name=vehicle.plate, about="")
                for vehicle in fleet_store.load_vehicles(tx)
            ),
        )
        found += _matching(
            words,
            (
                Hit(kind="crew", key=member.crew_id, name=member.name, about=member.crew_id)
                for member in fleet_store.load_crew(tx)
            ),
        )
    return Hits(hits=tuple(found), riders=page.total)


def _matching(words: list[str], things: Iterable[Hit]) -> list[Hit]:
    kept = (one for one in things if all(word in f"{one.key} {one.name}".casefold() for word in words))
    return [one for one, _ in zip(kept, range(HITS_A_KIND), strict=False)]
