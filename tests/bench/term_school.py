"""
A term on record, seeded by bare SQL: rosters, closed runs, charges by the weekend, payments, the ledger.

Only reading is measured on it: triggers are off while it is filled. Every fiftieth rider did not pay, every
thirtieth stayed away, so that there are differences to show.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from busops.finance.tariff import FareUnit, TariffRate
from busops.storage import guards, register_store, schema
from busops.storage.database import Database, open_engine
from tests.small_school import fill, small_school

SCHOOL: Final = "t1"
FIRST: Final = date(2026, 2, 27)
AFTER: Final = datetime(2026, 7, 10, 4, tzinfo=UTC)
AT: Final = "2026-03-01T04:00:00.000+00:00"
BUS: Final = 45
FARE_FEN: Final = 2_000
UNPAID, AWAY = 50, 30


def weekends(weeks: int) -> list[date]:
    """The Fridays of the term."""
    return [FIRST + timedelta(weeks=week) for week in range(weeks)]


def rider_id(number: int) -> str:
    """The id of a rider of the bench."""
    return f"{20_260_000_000 + number}"


def seed(path: Path, *, riders: int, weeks: int) -> None:
    """The database stands at ``path``."""
    url = f"sqlite:///{path}"
    schema.upgrade(url)
    engine = open_engine(url)
    database = Database(engine=engine, school_id=SCHOOL)
    fill(database)
    with database.transaction() as tx:
        rate = {"unit": FareUnit.WEEKEND, "fen": FARE_FEN, "from_on": date(2026, 2, 1), "to_on": None}
        register_store.save_tariff(tx, [TariffRate(band=band, **rate) for band in ("A", "B")])
    engine.dispose()
    with open_engine(url, guarded=False).begin() as connection:
        guards.remove(connection)
    bare = sqlite3.connect(path)
    bare.execute("PRAGMA synchronous = OFF")
    bare.execute("PRAGMA foreign_keys = OFF")
    _register(bare, riders)
    for number, friday in enumerate(weekends(weeks)):
        _roster(bare, friday, riders)
        _runs(bare, friday, riders)
        _money(bare, friday, riders, number)
    bare.commit()
    bare.execute("ANALYZE")
    bare.close()
    with open_engine(url, guarded=False).begin() as connection:
        guards.install(connection)


def _put(bare: sqlite3.Connection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """The rows stand; all have the columns of the first."""
    rows = iter(rows)
    first = next(rows)
    marks = ", ".join(f":{name}" for name in ("school_id", *first))
    statement = f"INSERT INTO {table} (school_id, {', '.join(first)}) VALUES ({marks})"  # noqa: S608
    bare.executemany(statement, ({"school_id": SCHOOL, **row} for row in (first, *rows)))


def _stop(number: int) -> str:
    return small_school().stops[number % 6].stop_id


def _register(bare: sqlite3.Connection, riders: int) -> None:
    names = [row[1] for row in bare.execute("PRAGMA table_info(rider)")]
    pattern = dict(zip(names, bare.execute("SELECT * FROM rider LIMIT 1").fetchone(), strict=True))
    pattern.pop("school_id")
    pattern["waiver"] = ""
    stops = [_stop(number) for number in range(6)]
    made = (
        {**pattern, "rider_id": rider_id(number), "name": f"学生{number}", "stop_id": stops[number % 6]}
        for number in range(riders)
    )
    _put(bare, "rider", made)


def _roster(bare: sqlite3.Connection, friday: date, riders: int) -> None:
    bare.execute("DELETE FROM roster_entry")
    bare.execute("INSERT OR IGNORE INTO weekend VALUES (?, ?, ?)", (SCHOOL, str(friday), AT))
    head = {"weekend_on": str(friday), "version": 1, "locked_at": AT, "locked_by": "u1", "approval": ""}
    _put(bare, "roster_version", [head])
    entries = (
        {
            "weekend_on": str(friday), "version": 1, "rider_id": rider_id(number), "name": f"学生{number}",
            "rides_homeward": 1, "rides_return": 1, "stop_id": None, "reason": None, "note": "",
        }
        for number in range(riders)
    )  # fmt: skip
    _put(bare, "roster_version_entry", entries)


def _runs(bare: sqlite3.Connection, friday: date, riders: int) -> None:
    stops = [_stop(number) for number in range(6)]
    for way, on in (("homeward", friday), ("return", friday + timedelta(days=2))):
        for bus, start in enumerate(range(0, riders, BUS)):
            run_id = f"{on}-{way[0]}-{bus:04d}"
            aboard = range(start, min(start + BUS, riders))
            _put(bare, "run", [_run(run_id, on, way, bus)])
            _put(bare, "manifest", [{"run_id": run_id, "version": 1, "made_at": AT, "made_by": "u1"}])
            listed = (
                {"run_id": run_id, "version": 1, "rider_id": rider_id(n), "stop_id": stops[n % 6],
                 "other_stops": "[]", "from_run_id": None}
                for n in aboard
            )  # fmt: skip
            _put(bare, "manifest_rider", listed)
            told = {rider_id(n): _told(stops[n % 6], way, rode=n % AWAY != 0) for n in aboard}
            closure = {
                "run_id": run_id, "version": 1, "closed_at": AT, "closed_ms": 0, "closed_by": "u1",
                "attendant_id": "Z1", "driver_id": "D1", "attendant_check": "e1", "driver_check": "e2",
                "parked": "e3", "snapshot": json.dumps({"riders": told}), "digest": "d",
            }  # fmt: skip
            _put(bare, "closure", [closure])


def _run(run_id: str, on: date, way: str, bus: int) -> dict[str, Any]:
    return {
        "run_id": run_id, "plan_id": None, "trip_no": bus + 1, "wave": 1, "run_on": str(on), "direction": way,
        "plate": f"川F{bus:05d}", "vehicle_rows": 12, "approved_students": BUS, "approved_total": BUS + 2,
        "terminal": "CAMPUS", "designated": "[]", "departs_at": AT, "arrives_at": AT, "distance_m": 40_000,
        "cost_fen": 60_000, "roster_v": 1, "phase": "closed", "integrity": "clean", "aboard": 0,
        "closure_v": 1, "closed_at": AT, "reopened_ms": None, "progress": "{}",
    }  # fmt: skip


def _told(stop_id: str, way: str, *, rode: bool) -> dict[str, Any]:
    marks = (["CAMPUS"], [stop_id]) if way == "homeward" else ([stop_id], ["CAMPUS"])
    boarded, alighted = marks if rode else ([], [])
    state = "alighted" if rode else "absent"
    return {"rode": rode, "boarded_at": boarded, "alighted_at": alighted, "reason": None, "state": state}


def _money(bare: sqlite3.Connection, friday: date, riders: int, week: int) -> None:
    unit, txn = f"WEEKEND:{friday}", f"w{week}"
    bands = [stop.band for stop in small_school().stops]
    rode = [number for number in range(riders) if number % AWAY]
    paid = [number for number in range(riders) if number % UNPAID]
    _put(bare, "ledger_txn", [_txn(txn, friday)])
    charges = (
        {"charge_id": f"{week}-{n}", "rider_id": rider_id(n), "unit_key": unit, "revision": 1,
         "unit": "WEEKEND", "from_on": str(friday), "to_on": str(friday + timedelta(days=2)),
         "band": bands[n % 6],
         "list_fen": FARE_FEN, "waived_fen": 0, "basis": "", "txn_id": txn, "made_at": AT}
        for n in rode
    )  # fmt: skip
    _put(bare, "charge", charges)
    _put(bare, "receipt_file", [_file(f"f{week}", len(paid))])
    _put(bare, "receipt", _receipts(paid, week, friday, unit, txn))
    _put(bare, "allocation", _allocations(paid, week, unit, txn))
    owed = [(n, FARE_FEN) for n in rode] + [(n, -FARE_FEN) for n in paid]
    postings = (
        {"txn_id": txn, "n": at, "account": "1122", "fen": fen, "rider_id": rider_id(n)}
        for at, (n, fen) in enumerate(owed)
    )
    _put(bare, "posting", postings)


def _txn(txn: str, on: date) -> dict[str, Any]:
    return {
        "txn_id": txn, "period": f"{on:%Y-%m}", "kind": "CHARGE", "booked_on": str(on), "source": "bench",
        "row_key": txn, "made_by": "u1", "approved_by": None, "reverses": None, "posted": 1,
    }  # fmt: skip


def _file(file_id: str, rows: int) -> dict[str, Any]:
    return {
        "file_id": file_id, "name": f"{file_id}.csv", "sha256": file_id, "channel": "SHEET", "rows": rows,
        "total_fen": rows * FARE_FEN, "stated_total_fen": None, "rejected": 0, "known_rows": 0, "reader": "r",
        "imported_by": "u1", "imported_at": AT,
    }  # fmt: skip


def _receipts(paid: list[int], week: int, on: date, unit: str, txn: str) -> Iterator[dict[str, Any]]:
    for line, n in enumerate(paid, start=1):
        yield {
            "receipt_id": f"r{week}-{n}", "file_id": f"f{week}", "line": line, "cell": f"A{line}",
            "paid_on": str(on), "amount_fen": FARE_FEN, "payer": "", "remark": "", "reference": f"{week}{n}",
            "rider_hint": rider_id(n), "row_key": f"{week}-{n}", "channel": "SHEET", "txn_id": txn,
            "status": "MATCHED", "tier": "T1", "rider_id": rider_id(n), "unit_key": unit, "flags": "",
            "note": "", "decided_by": "u1", "decided_at": AT,
        }  # fmt: skip


def _allocations(paid: list[int], week: int, unit: str, txn: str) -> Iterator[dict[str, Any]]:
    for n in paid:
        yield {
            "allocation_id": f"a{week}-{n}", "receipt_id": f"r{week}-{n}", "rider_id": rider_id(n),
            "unit_key": unit, "fen": FARE_FEN, "tier": "T1", "flags": "", "txn_id": txn, "reverses": None,
            "made_by": "u1", "made_at": AT,
        }  # fmt: skip
