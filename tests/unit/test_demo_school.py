"""The demo school: made from a seed, read without a fault, and its planted faults found for what they are."""

import io
import json
import subprocess
import sys
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from busops.domain.findings import Severity
from busops.domain.fleet import VehicleClass, crew_papers, eligible_drivers
from busops.domain.roster import RosterEntry
from busops.domain.values import CAMPUS, Direction, RiderId
from busops.finance.charging import Charge, Payer, RideFact, charges_due
from busops.finance.costs import cost_sums
from busops.finance.earning import earned_fen
from busops.finance.matching import Match, match_lines
from busops.finance.names import class_key, name_key, school_year
from busops.finance.payers import OpenCharge, PayerBook, PayingRider
from busops.finance.waivers import parse_waiver
from busops.sheets.bills.reading import read_bill
from busops.sheets.bills.values import Bill
from busops.sheets.school_sheets import SchoolFolder, read_school_folder

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "data" / "demo"
FRIDAY, SUNDAY, SECOND = date(2026, 11, 13), date(2026, 11, 15), date(2026, 11, 20)


def files_of(folder: Path) -> dict[str, bytes]:
    """The files of a folder by their path in it."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def school() -> SchoolFolder:
    """The demo school as it is read."""
    return read_school_folder(files_of(DEMO))


@pytest.fixture(scope="module")
def receipts(school: SchoolFolder) -> list[Bill]:
    """Every file of receipts as it is read."""
    return [read_bill(name, content) for name, content in sorted(school.receipts.items())]


@pytest.fixture(scope="module")
def planted() -> dict[str, dict]:
    """What was planted, by kind."""
    document = json.loads((DEMO / "PLANTED.json").read_text(encoding="utf-8"))
    return {fault["kind"]: fault for fault in document["faults"]}


def charges_of(school: SchoolFolder) -> tuple[Charge, ...]:
    """What everybody owes when all who are on the first list ride."""
    bands = {stop.stop_id: stop.band for stop in school.stops}
    riders = {rider.rider_id: rider for rider in school.riders}

    def fact(entry: RosterEntry, way: Direction) -> RideFact:
        stop_id = entry.stop_id or riders[entry.rider_id].stop_id
        on = FRIDAY if way is Direction.HOMEWARD else SUNDAY
        return RideFact(
            rider_id=entry.rider_id, run_id=f"r-{way}", on=on, direction=way, stop_id=stop_id, boarded=True
        )

    entries = school.rosters[FRIDAY]
    facts = [fact(entry, way) for entry in entries for way in Direction if entry.rides(way)]
    payers = {
        (entry.rider_id, FRIDAY): Payer(
            rider_id=entry.rider_id,
            band=bands[riders[entry.rider_id].stop_id],
            directions=entry.rides_homeward + entry.rides_return,
            waiver=parse_waiver(riders[entry.rider_id].waiver),
        )
        for entry in entries
    }
    assert school.school is not None
    charges, findings = charges_due(facts, payers, school.tariff, school.school.term)
    assert findings == ()
    return charges


def book_of(school: SchoolFolder) -> PayerBook:
    """Who might pay and what each owes."""
    year = school_year(FRIDAY)
    bands = {stop.stop_id: stop.band for stop in school.stops}
    riders = {
        rider.rider_id: PayingRider(
            rider_id=rider.rider_id,
            name=name_key(rider.name),
            class_key=class_key(rider.grade, rider.class_name, year),
            guardian=name_key(rider.guardian),
            band=bands[rider.stop_id],
        )
        for rider in school.riders
    }
    prices = {(rate.band, rate.unit.value): rate.fen for rate in school.tariff}
    open_charges = [
        OpenCharge(
            rider_id=charge.rider_id,
            unit_key=charge.unit_key,
            code="",
            due_fen=charge.due_fen,
            paid_fen=0,
            band=charge.band,
            from_on=charge.from_on,
        )
        for charge in charges_of(school)
    ]
    return PayerBook(riders=riders, prices=prices, year=year).add(open_charges)


def test_the_committed_files_are_what_the_seed_makes(tmp_path: Path) -> None:
    """The generator run anew gives the committed files, byte for byte (workbooks: part for part)."""
    for name in ("one", "two"):
        command = [sys.executable, str(ROOT / "data" / "make_demo_school.py"), "--out", str(tmp_path / name)]
        subprocess.run(command, check=True, capture_output=True)
    one, two, committed = files_of(tmp_path / "one"), files_of(tmp_path / "two"), files_of(DEMO)
    assert one == two
    assert set(one) == set(committed)
    for name, content in one.items():
        assert _parts(name, content) == _parts(name, committed[name]), name


def _parts(name: str, content: bytes) -> object:
    """A workbook by its parts: another build of zlib may pack the same parts otherwise."""
    if not name.endswith(".xlsx"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {part: archive.read(part) for part in archive.namelist()}


def test_the_demo_says_that_it_is_invented_and_is_small() -> None:
    """README and name say synthetic; all files together stay small."""
    assert "invented" in (DEMO / "README.md").read_text(encoding="utf-8")
    assert "虚构" in (DEMO / "school.toml").read_text(encoding="utf-8")
    assert sum(len(content) for content in files_of(DEMO).values()) < 3_000_000


def test_the_school_is_read_with_the_traps_told_and_nothing_blocked(school: SchoolFolder) -> None:
    """Only the lost zeros warn; sizes are those of the school that the README describes."""
    found = Counter((finding.severity, finding.code) for finding in school.findings)
    assert found == {(Severity.WARN, "leading_zeros_restored"): 6, (Severity.LOG, "total_row"): 2}
    assert (len(school.stops), len(school.vehicles), len(school.riders)) == (90, 30, 1096)
    entries = school.rosters[FRIDAY]
    assert sum(entry.rides_homeward or entry.rides_return for entry in entries) == 1060
    assert set(school.rosters) == {FRIDAY, SECOND}
    assert all(len(rider.rider_id) == 8 for rider in school.riders)
    assert not any(" " in rider.name or "　" in rider.name for rider in school.riders)
    assert {rider.grade for rider in school.riders} == {"初一", "初二", "初三", "高一", "高二", "高三"}
    assert {rider.class_name for rider in school.riders} == {f"{number}班" for number in range(1, 9)}


def test_seats_papers_and_crews_reach_for_every_vehicle(school: SchoolFolder) -> None:
    """Fifteen per cent of the seats are spare, and each vehicle can have a driver and an attendant."""
    riders = max(
        sum(entry.rides(way) for entry in entries) for entries in school.rosters.values() for way in Direction
    )
    assert sum(vehicle.approved_students for vehicle in school.vehicles) >= riders * 115 // 100
    assert len({vehicle.approved_students for vehicle in school.vehicles}) == 4
    attendants = [member for member in school.crew if member.role == "ATTENDANT"]
    for vehicle in school.vehicles:
        drivers = eligible_drivers(school.crew, vehicle, SECOND)
        assert drivers, vehicle.plate
        found = crew_papers(vehicle, drivers[0], attendants[:1], SECOND)
        assert not [finding for finding in found if finding.severity is Severity.BLOCK]
    licensed = {v.plate for v in school.vehicles if v.vehicle_class is VehicleClass.LICENSED_SCHOOL_BUS}
    assert {line.plate for line in school.lines} == licensed
    assert all(CAMPUS not in line.stop_ids for line in school.lines)


def test_receipts_are_read_whole_and_their_totals_agree(receipts: list[Bill]) -> None:
    """Each file's own total is the sum of its lines (I5); two failed payments are left out and told."""
    assert len(receipts) == 4
    for one in receipts:
        assert [(total.stated, total.found) for total in one.totals] == [(one.sum_fen, one.sum_fen)]
    warned = Counter(f.code for one in receipts for f in one.findings if f.severity is not Severity.LOG)
    assert warned == {"receipt_not_paid": 2}


def test_the_goal_is_met_with_little_to_spare(school: SchoolFolder) -> None:
    """On ACCRUAL the costs of the weekend leave between 10 and 14 % of what it earns."""
    earned = sum(earned_fen(charge, FRIDAY, SUNDAY) for charge in charges_of(school))
    costs = cost_sums(line for line in school.costs if FRIDAY <= line.on <= SUNDAY)
    net = earned - costs.counted_fen
    assert costs.estimated_fen == 0
    assert 10 * net >= earned
    assert 100 * net <= 14 * earned


def test_every_planted_line_gets_its_status(
    school: SchoolFolder, receipts: list[Bill], planted: dict[str, dict]
) -> None:
    """Matched, duplicate, unidentified, not a bus fee, refund: each line as it was planted."""
    lines = {(line.source, line.line): line for one in receipts for line in one.lines}
    matches: dict[str, Match] = {
        match.row_key: match for match in match_lines(lines.values(), book_of(school))
    }
    wrong = {}
    for kind, fault in planted.items():
        for receipt in fault["receipts"]:
            line = lines[receipt["file"], receipt["line"]]
            assert line.amount_fen == receipt["amount_fen"], kind
            match = matches[line.row_key]
            if match.status != receipt["status"]:
                wrong[kind, line.remark] = match
    assert wrong == {}
    planted_keys = {(r["file"], r["line"]) for fault in planted.values() for r in fault["receipts"]}
    others = [matches[line.row_key].status for key, line in lines.items() if key not in planted_keys]
    assert set(others) == {"MATCHED"}


def test_every_planted_row_is_paid_as_it_was_planted(
    school: SchoolFolder, receipts: list[Bill], planted: dict[str, dict]
) -> None:
    """What is left of each unit after matching is what its status says; all other units are settled."""
    book = book_of(school)
    lines = [line for one in receipts for line in one.lines]
    refunded: Counter[RiderId] = Counter()
    for match in match_lines(lines, book):
        if match.status == "REFUND_LINE":
            for share in match.shares:
                refunded[share.rider_id] += abs(share.fen)
    units = {(charge.rider_id, charge.unit_key): charge for charge in book.charges()}
    signs = {"RODE_UNPAID": 1, "UNDERPAID": 1, "OVERPAID": -1, "OK": 0, "WAIVED": 0}
    expected = {}
    for kind, fault in planted.items():
        for row in fault["rows"]:
            key = (row["rider_id"], row["unit"])
            expected[key] = signs[row["status"]]
            charge = units[key]
            left = charge.open_fen + (refunded[key[0]] if charge.paid_fen > charge.due_fen else 0)
            assert (left > 0) - (left < 0) == signs[row["status"]], (kind, key, charge)
            if row["status"] == "RODE_UNPAID":
                assert charge.paid_fen == 0
    assert {key for key, charge in units.items() if charge.open_fen and key not in expected} == set()
