"""The register through the service: a whole folder at once, edits by the rules of files, retiring."""

from collections.abc import Mapping

import pytest

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.values import Plate
from busops.services import register, register_edit, register_lists
from busops.services.register_rows import form_columns
from busops.storage import audit_store, fleet_store, network_store, register_store, roster_store
from busops.storage.database import Database
from tests.machine import CountingIds, FixedClock
from tests.small_school import FRIDAY, LICENSED, fill

CLOCK = FixedClock()
SCHOOL_TOML = """
school_id = "demo"
name = "示例中学"
timezone = "Asia/Shanghai"
[term]
id = "2026-spring"
starts_on = 2026-02-23
ends_on = 2026-07-03
[campus]
lat = 31.127
lon = 104.398
datum = "WGS84"
[people]
executor = "校车组"
responsible = "甲"
supervisor = "乙"
"""


def a_folder(**changed: str) -> dict[str, bytes]:
    """A whole synthetic school in files; ``changed`` replaces one by its stem."""
    texts = {
        "school.toml": SCHOOL_TOML,
        "stops.csv": (
            "站点编号,站点名称,纬度,经度,坐标系,类型,指定起,指定止,围栏米,票价段\n"
            "S001,东门,31.15,104.41,WGS84,SCHOOL_BUS_STOP,2025-09-01,,60,A\n"
            "S002,西门,31.10,104.35,GCJ02,BUS_PLATFORM,2025-09-01,,60,A\n"
        ),
        "vehicles.csv": (
            "车牌号,类别,核载学生,核载总数,座位排数,每趟固定费,每公里费,检验至,保险至\n"
            "川FB0002,CHARTER_COACH,40,42,10,200.00,4.50,2027-01-01,2027-01-01\n"
        ),
        "crew.csv": (
            "工号,姓名,岗位,出生日期,资格至,审验至,标牌车辆\n"
            "D1,丁一,DRIVER,1985-05-05,2027-01-01,2027-01-01,\n"
            "Z1,照一,ATTENDANT,1990-05-05,,,\n"
        ),
        "riders.csv": (
            "学号,姓名,年级,班级,站点,可选站点,监护人,交接方式,减免\n"
            "0001,甲,高一,1班,S001,S002,甲父,自行,\n"
            "0002,乙,高一,2班,S002,,乙母,自行,\n"
        ),
        "tariff.csv": "票价段,计费单位,票价,生效,失效\nA,TRIP,10.00,2026-02-01,\n",
        "costs.csv": "日期,科目,金额\n2026-03-01,C01,120.00\n",
        "roster-2026-03-13.csv": "学号,姓名,离校,返校\n0001,甲,乘,乘\n0002,乙,乘,乘\n",
    }
    texts |= {f"{name.replace('__', '-')}.csv": text for name, text in changed.items()}
    return {f"school/{name}": text.encode() for name, text in texts.items()}


def bring_in(database: Database, files: Mapping[str, bytes], **how: bool) -> register.FolderImport:
    """The folder through the service."""
    return register.import_folder(database, files=files, clock=CLOCK, ids=CountingIds(), **how)


def test_a_folder_fills_the_register_and_its_rosters(sqlite_database: Database) -> None:
    """Every table stands; costs and receipts are handed on; the weekend has its draft."""
    done = bring_in(sqlite_database, a_folder())
    assert done.is_accepted
    assert done.weekends == (FRIDAY,)
    assert (done.counts["riders"], done.counts["stops"], len(done.costs)) == (2, 2, 1)
    with sqlite_database.reading() as tx:
        assert register_store.load_school(tx).name == "示例中学"
        assert [rider.name for rider in register_store.load_riders(tx)] == ["甲", "乙"]
        assert len(roster_store.load_roster(tx, FRIDAY)) == 2
        west = network_store.load_stops(tx)[1]
    assert (round(west.position.lat, 3), round(west.position.lon, 3)) != (31.10, 104.35)  # was GCJ-02


def test_a_table_under_an_oddly_written_name_is_not_forgotten(sqlite_database: Database) -> None:
    """What the reader of the folder takes as the class list is stored as the class list."""
    files = {path.replace("riders.csv", "Ｒｉｄｅｒｓ .CSV"): text for path, text in a_folder().items()}
    assert bring_in(sqlite_database, files).is_accepted
    with sqlite_database.reading() as tx:
        assert len(register_store.load_riders(tx)) == 2
        assert len(roster_store.load_roster(tx, FRIDAY)) == 2


def test_the_same_folder_twice_changes_nothing_not_even_what_was_changed_by_hand(
    sqlite_database: Database,
) -> None:
    """Files accepted before are passed over; a file that differs is taken."""
    bring_in(sqlite_database, a_folder())
    with sqlite_database.transaction() as tx:
        register_store.retire_rider(tx, "0002", FRIDAY)
    again = register.import_folder(sqlite_database, files=a_folder(), clock=CLOCK, ids=CountingIds())
    assert len(again.unchanged) == 6
    with sqlite_database.reading() as tx:
        assert [rider.rider_id for rider in register_store.load_riders(tx)] == ["0001"]


def test_a_bad_row_keeps_the_folder_out_unless_it_may_be_left_out(sqlite_database: Database) -> None:
    """Strictly nothing changes and the cell is named; on demand the good rows come in."""
    bad = a_folder(
        riders=(
            "学号,姓名,年级,班级,站点,可选站点,监护人,交接方式,减免\n"
            "0001,甲,高一,1班,S001,,甲父,自行,\n"
            "0003,丙,高一,2班,S404,,丙母,自行,\n"
        )
    )
    refused = bring_in(sqlite_database, bad)
    assert not refused.is_accepted
    assert {one.facts["cell"] for one in refused.findings if one.code == "stop_unknown"} == {"E3"}
    with sqlite_database.reading() as tx, pytest.raises(NotFound):
        register_store.load_school(tx)
    assert bring_in(sqlite_database, bad, leave_out_bad_rows=True).is_accepted
    with sqlite_database.reading() as tx:
        assert [rider.rider_id for rider in register_store.load_riders(tx)] == ["0001"]
    without_stops = {path: text for path, text in a_folder().items() if "stops" not in path}
    assert not bring_in(sqlite_database, without_stops, leave_out_bad_rows=True).is_accepted


def test_a_wrong_other_stop_costs_nobody_his_place(sqlite_database: Database) -> None:
    """Of a rider with one other stop that does not exist, he and his own stop stay; it is still found."""
    riders = a_folder()["school/riders.csv"].decode().replace("S001,S002,甲父", "S001,S999;S002,甲父")
    outcome = bring_in(sqlite_database, a_folder(riders=riders), leave_out_bad_rows=True)
    assert outcome.is_accepted
    assert "stop_unknown" in {finding.code for finding in outcome.findings}
    with sqlite_database.reading() as tx:
        rider = register_store.load_rider(tx, "0001").rider
    assert (rider.stop_id, rider.other_stops) == ("S001", ("S002",))


def test_an_edit_obeys_the_rules_of_a_file(sqlite_database: Database) -> None:
    """A form shows the row, a good edit stands and is audited, a bad one names its fields at once."""
    fill(sqlite_database)
    texts = register_edit.form_of(sqlite_database, "vehicles", (LICENSED,))
    assert (texts["fixed_yuan"], texts["permit_to"]) == ("200.00", "2027-03-01")
    changed = {**texts, "fixed_yuan": "210.50", "insurance_to": "2027-06-30"}
    register_edit.edit(sqlite_database, "vehicles", changed, key=(LICENSED,), clock=CLOCK, by="test")
    with sqlite_database.reading() as tx:
        vehicle = next(one for one in fleet_store.load_vehicles(tx) if one.plate == LICENSED)
        assert vehicle.fixed_fen == 21050
        assert [entry.act for entry in audit_store.newest_entries(tx, limit=9)] == ["register_edited"]
    wrong = {**texts, "fixed_yuan": "1e3", "permit_to": "2026-02-30", "approved_total": "x"}
    with pytest.raises(InvalidInput) as refusal:
        register_edit.edit(sqlite_database, "vehicles", wrong, key=(LICENSED,), clock=CLOCK)
    assert {one.facts["column"] for one in refusal.value.findings} >= {
        "fixed_yuan",
        "permit_to",
        "approved_total",
    }


def test_every_form_says_what_stands_and_changes_nothing_when_saved(sqlite_database: Database) -> None:
    """For each table: form, save unchanged, form again are the same."""
    fill(sqlite_database)
    keys = {
        "stops": ("S001",),
        "vehicles": (LICENSED,),
        "crew": ("D1",),
        "riders": ("20230001",),
        "tariff": ("A", "TRIP", "2026-02-01"),
    }
    for kind, key in keys.items():
        before = register_edit.form_of(sqlite_database, kind, key)
        assert set(before) == {name for name, _, _ in form_columns(kind)}
        register_edit.edit(sqlite_database, kind, before, key=key, clock=CLOCK)
        assert register_edit.form_of(sqlite_database, kind, key) == before


def test_a_key_stays_and_is_given_once(sqlite_database: Database) -> None:
    """An edit cannot rename, a new row cannot take a key, two fares cannot hold on one day."""
    fill(sqlite_database)
    texts = register_edit.form_of(sqlite_database, "riders", ("20230001",))
    other = {**texts, "rider_id": "20230002"}
    for key in (("20230001",), None):
        with pytest.raises(InvalidInput) as refusal:
            register_edit.edit(sqlite_database, "riders", other, key=key, clock=CLOCK)
        assert {one.code for one in refusal.value.findings} == {
            "key_cannot_change" if key else "key_is_taken"
        }
    rate = {"band": "A", "unit": "TRIP", "yuan": "12", "from_on": "2026-04-01", "to_on": ""}
    with pytest.raises(InvalidInput) as refusal:
        register_edit.edit(sqlite_database, "tariff", rate, clock=CLOCK)
    assert {one.code for one in refusal.value.findings} == {"tariff_overlap"}
    with pytest.raises(NotFound):
        register_edit.edit(sqlite_database, "travel", {}, clock=CLOCK)
    with pytest.raises(NotFound):
        register_edit.form_of(sqlite_database, "riders", ("nobody",))


def test_nothing_retires_while_others_lean_on_it(sqlite_database: Database) -> None:
    """A stop with riders, a vehicle with a line: refused with all reasons; a rider goes and can come back."""
    fill(sqlite_database)
    with pytest.raises(Refused) as refusal:
        register_edit.retire(sqlite_database, "stops", "S001", on=FRIDAY, clock=CLOCK)
    codes = {one.code for one in refusal.value.reasons}
    assert codes == {"stop_has_riders", "stop_is_on_line", "reason_needed"}
    with pytest.raises(Refused):
        register_edit.retire(sqlite_database, "vehicles", LICENSED, on=FRIDAY, clock=CLOCK, reason="报废")
    register_edit.retire(sqlite_database, "lines", "L1", on=FRIDAY, clock=CLOCK, reason="停运")
    register_edit.retire(sqlite_database, "vehicles", LICENSED, on=FRIDAY, clock=CLOCK, reason="报废")
    with sqlite_database.reading() as tx:
        assert Plate(LICENSED) not in {one.plate for one in fleet_store.load_vehicles(tx)}
    register_edit.retire(sqlite_database, "riders", "20230001", on=FRIDAY, clock=CLOCK, reason="转学")
    assert len(register_lists.riders(sqlite_database)) == 23
    register_edit.restore(sqlite_database, "riders", "20230001", clock=CLOCK)
    assert len(register_lists.riders(sqlite_database)) == 24
    with pytest.raises(NotFound):
        register_edit.retire(sqlite_database, "schools", "x", on=FRIDAY, clock=CLOCK, reason="x")


def test_what_has_retired_is_shown_but_not_edited(sqlite_database: Database) -> None:
    """Its form can be opened, an edit is refused until it is in use again."""
    fill(sqlite_database)
    key = ("S006",)
    with sqlite_database.transaction() as tx:
        network_store.retire_stop(tx, "S006", FRIDAY)
    texts = register_edit.form_of(sqlite_database, "stops", key)
    assert not register_edit.is_in_use(sqlite_database, "stops", key)
    with pytest.raises(InvalidInput) as refusal:
        register_edit.edit(sqlite_database, "stops", texts, key=key, clock=CLOCK)
    assert {one.code for one in refusal.value.findings} == {"row_is_retired"}
    register_edit.restore(sqlite_database, "stops", "S006", clock=CLOCK)
    register_edit.edit(sqlite_database, "stops", texts, key=key, clock=CLOCK)
