"""The commands on a school's files: plan, verify, weekend; and what they say of bad input."""

import json
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

from busops.cli.commands import build_cli
from busops.domain.findings import Finding
from busops.web.app import create_app
from tests.school_folder import FRIDAY, rider_id, school_files

ON = FRIDAY.isoformat()


@pytest.fixture
def folder(tmp_path):
    """A small school's folder on disk."""
    place = tmp_path / "school"
    place.mkdir()
    for name, content in school_files().items():
        (place / name).write_bytes(content)
    return place


def busops(*arguments: object):
    """Runs the command line in English and gives its result."""
    return CliRunner().invoke(build_cli(create_app), ["--lang", "en", *map(str, arguments)])


def written(path: Path):
    """The JSON document at a path."""
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_plan_is_written_as_the_contract_says(folder, tmp_path):
    """Every rider of the roster is in one trip at his stop, the sums are right, and verify agrees."""
    out = tmp_path / "plan.json"
    done = busops("plan", folder, "--on", ON, "--direction", "return", "--seconds", 1, "--out", out)
    assert done.exit_code == 0, done.output
    plan = written(out)
    assert (plan["on"], plan["direction"], plan["travel"]) == (ON, "return", "estimate")
    riders = [rider for trip in plan["trips"] for stop in trip["stops"] for rider in stop["riders"]]
    assert len(riders) == len(set(riders)) == 36
    assert plan["cost_fen"] == sum(trip["cost_fen"] for trip in plan["trips"])
    assert 0 < plan["lower_bound_fen"] <= plan["cost_fen"]
    assert plan["violations"] == plan["unserved"] == []
    assert busops("verify", folder, out, "--on", ON).exit_code == 0


def test_verify_names_what_a_changed_plan_breaks(folder, tmp_path):
    """A plan whose cost was polished and whose rider was dropped is found out, with exit code 1."""
    out = tmp_path / "plan.json"
    busops("plan", folder, "--on", ON, "--seconds", 1, "--out", out)
    plan = written(out)
    plan["trips"][0]["cost_fen"] -= 1
    plan["trips"][0]["stops"][0]["riders"].pop()
    out.write_text(json.dumps(plan), encoding="utf-8")
    done = busops("verify", folder, out, "--on", ON)
    assert done.exit_code == 1
    assert "plan_cost" in done.output
    assert "plan_rider" in done.output


def test_a_weekend_ends_with_every_run_closed(folder, tmp_path):
    """From files to workbook: all runs closed, every ride charged, unpaid fares found, exit code 1."""
    out = tmp_path / "out"
    done = busops("weekend", folder, "--on", ON, "--seconds", 1, "--out", out)
    assert done.exit_code == 1, done.output
    runs = written(out / "runs.json")
    assert runs
    assert all(run["closed"] and run["closure_version"] == 1 for run in runs)
    books = written(out / "reconciliation.json")
    rode = [row for row in books["rows"] if row["rides"]]
    assert {row["status"] for row in rode} == {"RODE_UNPAID"}
    assert books["sums_fen"]["charged"] == sum(row["due_fen"] for row in books["rows"]) > 0
    assert books["sums_fen"]["costs"] == 81050
    assert {finding["code"] for finding in written(out / "findings.json")}
    book = openpyxl.load_workbook(out / "reconciliation.xlsx")
    assert len(book.sheetnames) == 8
    assert written(out / "plan-homeward.json")["on"] == written(out / "plan-return.json")["on"] == ON


def test_a_folder_that_cannot_be_used_says_why_and_writes_nothing(folder, tmp_path):
    """A vehicles file that is no table stops before anything is planned, with the file's name."""
    (folder / "vehicles.csv").write_bytes(b"\x00\x01\x02")
    out = tmp_path / "plan.json"
    done = busops("plan", folder, "--on", ON, "--out", out)
    assert done.exit_code == 1
    assert "vehicles.csv" in done.output
    assert "Traceback" not in done.output
    assert not out.exists()


def changed(path: Path, old: str, new: str) -> None:
    """A text stands for another in the file, everywhere."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_weekend_on_which_nobody_comes_back_is_held(folder, tmp_path):
    """Everybody rides home and nobody back: the way back is an empty plan, the way home is driven."""
    changed(folder / f"roster-{ON}.csv", ",乘,乘,", ",乘,不乘,")
    out = tmp_path / "out"
    done = busops("weekend", folder, "--on", ON, "--seconds", 1, "--out", out)
    assert done.exit_code == 1, done.output
    back = written(out / "plan-return.json")
    assert back["trips"] == back["unserved"] == back["violations"] == []
    assert (back["cost_fen"], back["fares_fen"], back["travel"]) == (0, 0, "estimate")
    assert {run["direction"] for run in written(out / "runs.json")} == {"homeward"}
    assert sum(row["rides"] for row in written(out / "reconciliation.json")["rows"]) == 36


def test_a_weekend_without_a_rider_is_held_and_said(folder, tmp_path):
    """A roster with nothing but its header gives all six files and a finding, not a refusal."""
    roster = folder / f"roster-{ON}.csv"
    roster.write_text(roster.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    out = tmp_path / "out"
    done = busops("weekend", folder, "--on", ON, "--seconds", 1, "--out", out)
    assert done.exit_code == 1, done.output
    assert len(list(out.iterdir())) == 6
    assert written(out / "runs.json") == []
    assert "roster_is_empty" in {finding["code"] for finding in written(out / "findings.json")}


def test_ways_faster_than_the_law_are_slowed_and_said(folder, tmp_path):
    """A file with 108 km/h gives lawful plans that are driven, and one warning for the whole file."""
    places = ["@campus", *(f"S{number:03d}" for number in range(6))]
    ways = [f"{one},{two},9000,300" for one in places for two in places if one != two]
    (folder / "travel.csv").write_text("\n".join(["起,止,米,秒", *ways]) + "\n", encoding="utf-8")
    out = tmp_path / "out"
    done = busops("weekend", folder, "--on", ON, "--seconds", 1, "--out", out)
    assert done.exit_code == 1, done.output
    plan = written(out / "plan-homeward.json")
    assert plan["violations"] == []
    assert {trip["stops"][0]["arrive_s"] for trip in plan["trips"]} == {405}
    assert len(written(out / "runs.json")) > 0
    codes = [finding["code"] for finding in written(out / "findings.json")]
    assert codes.count("travel_slowed") >= 1


def test_a_plan_that_may_not_be_driven_leaves_its_reasons_and_all_files(folder, tmp_path, monkeypatch):
    """Should a plan break the law after all, no run is released; the plan and the finding say why."""
    fault = Finding(code="plan_leg_too_fast", place="S1→S2")
    monkeypatch.setattr("busops.services.plan_drafts.speed_findings", lambda problem, plan: (fault,))
    out = tmp_path / "out"
    done = busops("weekend", folder, "--on", ON, "--seconds", 1, "--out", out)
    assert done.exit_code == 1, done.output
    assert len(list(out.iterdir())) == 6
    assert written(out / "runs.json") == []
    plan = written(out / "plan-homeward.json")
    assert {one["code"] for one in plan["violations"]} == {"plan_leg_too_fast"}
    assert "plan_has_violations" in {finding["code"] for finding in written(out / "findings.json")}


def test_a_rider_of_the_roster_never_vanishes_from_the_plan(folder, tmp_path):
    """Who is on the roster but not registered, or at a stop that is not, is among the unserved."""
    changed(folder / "riders.csv", f"{rider_id(1)},", "999999,")
    out = tmp_path / "plan.json"
    done = busops("plan", folder, "--on", ON, "--seconds", 1, "--out", out)
    assert done.exit_code == 1, done.output
    plan = written(out)
    assert plan["unserved"] == [{"rider_id": rider_id(1), "reason": "not_registered"}]
    assert busops("verify", folder, out, "--on", ON).exit_code == 0


def test_served_unserved_and_not_riding_are_the_whole_roster(folder, tmp_path):
    """A row whose 乘/不乘 cannot be read is unserved with its own reason: the sums hold each way."""
    roster = folder / f"roster-{ON}.csv"
    head, *rows = roster.read_text(encoding="utf-8").splitlines()
    cells = rows[0].split(",")
    cells[head.split(",").index("离校")] = "看不清"
    roster.write_text("\n".join([head, ",".join(cells), *rows[1:]]) + "\n", encoding="utf-8")
    out = tmp_path / "plan.json"
    for way, column in (("homeward", "离校"), ("return", "返校")):
        options = ("--on", ON, "--direction", way, "--seconds", 1, "--out", out)
        assert busops("plan", folder, *options).exit_code == (1 if way == "homeward" else 0)
        plan = written(out)
        served = {name for trip in plan["trips"] for stop in trip["stops"] for name in stop["riders"]}
        unserved = {one["rider_id"]: one["reason"] for one in plan["unserved"]}
        at = head.split(",").index(column)
        staying = {row.split(",")[0] for row in rows[1:] if row.split(",")[at] == "不乘"}
        assert len(served) + len(unserved) + len(staying) == len(rows)
        expected = {cells[0]: "roster_unreadable"} if way == "homeward" else {}
        assert unserved == expected
        assert busops("verify", folder, out, "--on", ON).exit_code == 0


@pytest.mark.parametrize("command", ["plan", "weekend"])
def test_what_cannot_be_done_as_asked_is_exit_code_two(folder, tmp_path, command):
    """A Saturday, a weekend without a roster file, no time to search: told in words before any work."""
    out = tmp_path / "plan.json"
    for wrong, said in (
        (("--on", "2026-11-14"), "Friday"),
        (("--on", "2026-11-20"), ON),
        (("--on", ON, "--seconds", -1), "3600"),
    ):
        done = busops(command, folder, "--out", out, *wrong)
        assert (done.exit_code, said in done.output) == (2, True), done.output


@pytest.mark.parametrize("command", ["plan", "weekend"])
def test_a_place_that_cannot_be_written_to_is_exit_code_two(folder, tmp_path, command):
    """A file where a folder should be is told in words, not by a traceback."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = busops(command, folder, "--on", ON, "--out", tmp_path / "file" / "sub" / "out")
    assert done.exit_code == 2
    assert "cannot be written" in done.output
    assert "Traceback" not in done.output


def test_wrong_use_is_exit_code_two(tmp_path):
    """A folder that is not there is wrong use."""
    assert busops("weekend", tmp_path / "nowhere", "--on", ON, "--out", tmp_path).exit_code == 2


def test_who_has_no_seat_and_which_bus_may_not_run_is_said_in_words(folder, tmp_path):
    """A fleet whose insurance ends before the Sunday leaves riders at school; the report names the paper."""
    text = (folder / "vehicles.csv").read_text(encoding="utf-8-sig")
    rows = [line.split(",") for line in text.splitlines()]
    at = next(index for index, word in enumerate(rows[0]) if word in {"保险至", "insurance_to"})
    rows[1:] = [[*row[:at], ON, *row[at + 1 :]] for row in rows[1:]]
    (folder / "vehicles.csv").write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")
    out = tmp_path / "out"
    done = busops("weekend", folder, "--on", ON, "--seconds", 1, "--out", out)
    assert done.exit_code == 1, done.output
    findings = written(out / "findings.json")
    assert {finding["facts"]["reason"] for finding in findings if finding["code"] == "rider_unserved"} == {
        "no_vehicle_for_stop"
    }
    assert "no_vehicle_for_stop" not in done.output
    assert any(finding["code"] == "vehicle_insurance_expired" for finding in findings)
