"""
A small school's term made from drawn numbers: four runs of two weekends in two months, closed as drawn.

The tablets' part is left out: closures are written where the guards of a run do not look, and
everything after them (charges, bills, claims, refunds, closes) goes through the real services.
"""

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from busops.domain.roster import NotRidingReason, RosterEntry
from busops.domain.values import Direction, RiderId
from busops.finance.tariff import FareUnit, TariffRate
from busops.storage import period_store, register_store, roster_store
from busops.storage.database import Database, open_engine
from tests.conftest import create_schema
from tests.sim import world
from tests.small_school import OPENED_AT, small_school

FRIDAYS: Final = (date(2026, 2, 27), date(2026, 3, 13))
AFTER: Final = datetime(2026, 5, 10, 4, tzinfo=UTC)
STOPS: Final = ("S003", "S004")  # one of each band
RIDERS: Final = tuple(rider.rider_id for rider in small_school().riders if rider.stop_id in STOPS)
RUNS: Final = tuple((friday, way) for friday in FRIDAYS for way in Direction)
PRICES: Final = {FareUnit.TRIP: 1_000, FareUnit.WEEKEND: 2_000, FareUnit.MONTH: 6_000, FareUnit.TERM: 20_000}
WAIVERS: Final = ("", "全免", "减半", "减5元")
AT: Final = "2026-03-20 04:00:00.000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What is drawn of a term: the unit of fares, who sat where, who held a seat, and whose fare is less."""

    unit: FareUnit
    rode: tuple[int, ...]  # of each run a bit for each rider
    seats: tuple[int, ...]
    waivers: tuple[int, ...]


def run_id(number: int) -> str:
    """The id of a run by its place in ``RUNS``."""
    return f"run-{number}"


def of_bits(bits: int) -> frozenset[RiderId]:
    """The riders that a number means."""
    return frozenset(rider_id for at, rider_id in enumerate(RIDERS) if bits >> at & 1)


def _template() -> Path:
    path = Path(tempfile.mkdtemp()) / "term.sqlite3"
    create_schema(f"sqlite:///{path}")
    engine = open_engine(f"sqlite:///{path}")
    database = Database(engine=engine, school_id="t1")
    world.fill(database)
    for number, (friday, way) in enumerate(RUNS):
        on = friday if way is Direction.HOMEWARD else friday + timedelta(days=2)
        departs_at = datetime(on.year, on.month, on.day, 8, tzinfo=UTC)
        world.release(
            database, run_id=run_id(number), direction=way, departs_at=departs_at, stops=STOPS, trip_no=1
        )
    engine.dispose()
    return path


_TEMPLATE: list[Path] = []


def make(drawn: Drawn) -> tuple[Database, Path]:
    """The term as drawn, every run closed, nothing charged; the database and its folder."""
    if not _TEMPLATE:
        _TEMPLATE.append(_template())
    folder = Path(tempfile.mkdtemp())
    path = folder / "term.sqlite3"
    shutil.copy(_TEMPLATE[0], path)
    close(path, {number: (1, of_bits(bits)) for number, bits in enumerate(drawn.rode)})
    database = Database(engine=open_engine(f"sqlite:///{path}"), school_id="t1")
    riders = [
        replace(rider, waiver=WAIVERS[drawn.waivers[RIDERS.index(rider.rider_id)]])
        for rider in small_school().riders
        if rider.rider_id in RIDERS
    ]
    rates = [
        TariffRate(
            band=band, unit=drawn.unit, fen=PRICES[drawn.unit] + extra, from_on=date(2026, 2, 1), to_on=None
        )
        for band, extra in (("A", 0), ("B", 500))
    ]
    with database.transaction() as tx:
        register_store.save_riders(tx, riders)
        register_store.save_tariff(tx, rates)
        for friday, bits in zip(FRIDAYS, drawn.seats, strict=True):
            roster_store.open_weekend(tx, friday, OPENED_AT)
            roster_store.save_roster(tx, friday, _entries(of_bits(bits)))
        period_store.open_periods(tx, {"2026-02", "2026-03"})
    return database, folder


def _entries(seated: frozenset[RiderId]) -> Sequence[RosterEntry]:
    return [
        RosterEntry(
            rider_id=rider.rider_id,
            name=rider.name,
            rides_homeward=rider.rider_id in seated,
            rides_return=rider.rider_id in seated,
            reason=None if rider.rider_id in seated else NotRidingReason.LEAVE,
        )
        for rider in small_school().riders
        if rider.rider_id in RIDERS
    ]


def close(path: Path, closures: Mapping[int, tuple[int, frozenset[RiderId]]]) -> None:
    """Runs have these closures (version, who rode); triggers are away while they are written, then back."""
    bare = sqlite3.connect(path)
    bare.execute("PRAGMA synchronous = OFF")
    triggers = bare.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('run', 'closure')"
    ).fetchall()
    for name, _ in triggers:
        bare.execute(f"DROP TRIGGER {name}")
    for number, (version, rode) in closures.items():
        bare.execute(
            "INSERT INTO closure (school_id, run_id, version, closed_at, closed_ms, closed_by, attendant_id,"
            " driver_id, attendant_check, driver_check, parked, snapshot, digest)"
            " VALUES ('t1', ?, ?, ?, 0, 'u1', 'Z1', 'D2', 'e1', 'e2', 'e3', ?, 'd')",
            (run_id(number), version, AT, json.dumps({"riders": _told(rode)})),
        )
        bare.execute(
            "UPDATE run SET phase = 'closed', integrity = 'clean', closure_v = ?, closed_at = ?"
            " WHERE run_id = ?",
            (version, AT, run_id(number)),
        )
    for _, sql in triggers:
        bare.execute(sql)
    bare.commit()
    bare.close()


def _told(rode: frozenset[RiderId]) -> dict[str, dict[str, Any]]:
    return {
        rider_id: {
            "rode": rider_id in rode,
            "boarded_at": ["CAMPUS"] if rider_id in rode else [],
            "alighted_at": [STOPS[at % 2]] if rider_id in rode else [],
            "reason": None,
            "state": "alighted" if rider_id in rode else "absent",
        }
        for at, rider_id in enumerate(RIDERS)
    }
