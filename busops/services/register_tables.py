"""
The tables of the register by kind: how their rows are keyed, kept as JSON, compared, admitted and saved.

One place for what the import pages, the whole folder and single edits have in common. It
knows no file and no page.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from pydantic import TypeAdapter

from busops.domain.errors import InvalidInput, NotFound
from busops.domain.fleet import CrewMember, Vehicle
from busops.domain.network import ApprovedLine, Stop, TravelTime
from busops.domain.planning_rules import PlanningRule
from busops.domain.roster import NotRidingReason, Rider, RosterEntry
from busops.domain.values import Clock, Position, school_date
from busops.finance.tariff import TariffRate
from busops.sheets.tables.context import TableContext
from busops.storage import fleet_store, network_store, planning_rule_store, register_store, roster_store
from busops.storage.database import Transaction

# In this order a table only names what stands before it.
KINDS: Final = ("stops", "vehicles", "crew", "lines", "riders", "tariff", "travel", "rules", "roster")
DEGREE_DIGITS: Final = 9  # what the database keeps


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One table: the type of its rows, their key, and how they are loaded and saved."""

    adapter: TypeAdapter[Any]
    key: Callable[[Any], tuple[Any, ...]]
    load: Callable[[Transaction], Iterable[Any]]
    save: Callable[[Transaction, Iterable[Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the rows of a file would change; ``missing`` are in the register but not in the file."""

    new: int
    changed: int
    same: int
    missing: int

    def counts(self) -> dict[str, int]:
        """As facts."""
        return {"new": self.new, "changed": self.changed, "same": self.same, "missing": self.missing}


def _kind(
    row_type: Any,
    key: Callable[[Any], tuple[Any, ...]],
    load: Callable[[Transaction], Iterable[Any]],
    save: Callable[[Transaction, Iterable[Any]], None],
) -> Kind:
    return Kind(adapter=TypeAdapter(row_type), key=key, load=load, save=save)


TABLES: Final[Mapping[str, Kind]] = {
    "stops": _kind(Stop, lambda row: (row.stop_id,), network_store.load_stops, network_store.save_stops),
    "vehicles": _kind(
        Vehicle, lambda row: (row.plate,), fleet_store.load_vehicles, fleet_store.save_vehicles
    ),
    "crew": _kind(CrewMember, lambda row: (row.crew_id,), fleet_store.load_crew, fleet_store.save_crew),
    "lines": _kind(
        ApprovedLine, lambda row: (row.line_id,), network_store.load_lines, network_store.save_lines
    ),
    "riders": _kind(
        Rider, lambda row: (row.rider_id,), register_store.load_riders, register_store.save_riders
    ),
    "tariff": _kind(
        TariffRate,
        lambda row: (row.band, row.unit.value, row.from_on),
        register_store.load_tariff,
        register_store.save_tariff,
    ),
    "travel": _kind(
        TravelTime,
        lambda row: (row.origin, row.destination),
        network_store.load_travel,
        network_store.save_travel,
    ),
    "rules": _kind(
        PlanningRule,
        lambda row: (row.rule_id,),
        planning_rule_store.load_rules,
        planning_rule_store.save_rules,
    ),
}
ROSTER: Final[TypeAdapter[RosterEntry]] = TypeAdapter(RosterEntry)


def table(kind: str) -> Kind:
    """The table of a kind; raises NotFound."""
    if kind not in TABLES:
        raise NotFound("table_unknown", kind=kind)
    return TABLES[kind]


def to_plain(kind: str, rows: Iterable[Any]) -> tuple[Any, ...]:
    """The rows as JSON can hold them."""
    adapter = ROSTER if kind == "roster" else table(kind).adapter
    return tuple(adapter.dump_python(row, mode="json") for row in rows)


def from_plain(kind: str, rows: Iterable[Any]) -> tuple[Any, ...]:
    """The rows that :func:`to_plain` made plain."""
    adapter = ROSTER if kind == "roster" else table(kind).adapter
    return tuple(adapter.validate_python(row) for row in rows)


def known(tx: Transaction, clock: Clock) -> TableContext:
    """What a single table is read against: everything that stands in the register."""
    try:
        school = register_store.load_school(tx)
    except NotFound:
        school = None
    riders = {rider.rider_id: rider for rider in register_store.load_riders(tx)}
    return TableContext(
        term=school.term if school else None,
        campus=school.campus if school else None,
        stop_ids=frozenset(stop.stop_id for stop in network_store.load_stops(tx)) or None,
        bands=frozenset(rate.band for rate in register_store.load_tariff(tx)) or None,
        plates=frozenset(vehicle.plate for vehicle in fleet_store.load_vehicles(tx)) or None,
        riders=riders or None,
        today=school_date(clock.now()),
    )


def admissible(kind: str, rows: Sequence[Any], context: TableContext) -> tuple[Any, ...]:
    """The rows whose stops, vehicles and riders exist; the others have findings of their own."""
    stops = context.stop_ids or frozenset()
    plates = context.plates or frozenset()
    riders = context.riders or {}
    match kind:
        case "riders":
            # A wrong wish among the other stops is found, and costs nobody his place in the register.
            return tuple(
                replace(row, other_stops=tuple(stop for stop in row.other_stops if stop in stops))
                for row in rows
                if row.stop_id in stops
            )
        case "lines":
            return tuple(row for row in rows if row.plate in plates and set(row.stop_ids) <= stops)
        case "roster":
            # Nobody knows where to carry him: he stays on the list, and does not ride.
            return tuple(
                row if not row.stop_id or row.stop_id in stops else _not_riding(row)
                for row in rows
                if row.rider_id in riders
            )
    return tuple(rows)


def _not_riding(entry: RosterEntry) -> RosterEntry:
    reason = NotRidingReason.ROSTER_UNREADABLE
    return replace(entry, rides_homeward=False, rides_return=False, stop_id=None, reason=reason)


def compare(tx: Transaction, kind: str, rows: Sequence[Any], weekend_on: date | None = None) -> Comparison:
    """What saving the rows would change."""
    if kind == "roster":
        if weekend_on is None:
            raise InvalidInput("weekend_needed")
        before = {(row.rider_id,): row for row in roster_store.load_roster(tx, weekend_on)}
        after = {(row.rider_id,): row for row in rows}
    else:
        made = table(kind)
        before = {made.key(row): row for row in made.load(tx)}
        after = {made.key(row): _as_kept(row) for row in rows}
    common = before.keys() & after.keys()
    changed = sum(before[key] != after[key] for key in common)
    return Comparison(
        new=len(after) - len(common),
        changed=changed,
        same=len(common) - changed,
        missing=len(before) - len(common),
    )


def save(tx: Transaction, kind: str, rows: Sequence[Any], *, weekend_on: date | None, clock: Clock) -> None:
    """The rows stand in the register; a roster's draft is replaced, of the rest nothing is removed."""
    if kind == "roster":
        if weekend_on is None:
            raise InvalidInput("weekend_needed")
        roster_store.open_weekend(tx, weekend_on, clock.now())
        roster_store.replace_roster(tx, weekend_on, rows)
    else:
        table(kind).save(tx, rows)


def _as_kept(row: Any) -> Any:
    """The row as the database gives it back: a stop's position in whole thousand-millionths of a degree."""
    if not isinstance(row, Stop):
        return row
    at = row.position
    kept = Position(lat=round(at.lat, DEGREE_DIGITS), lon=round(at.lon, DEGREE_DIGITS))
    return replace(row, position=kept)
