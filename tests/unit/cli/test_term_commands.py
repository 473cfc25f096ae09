"""``busops term`` and ``busops replay`` on a school folder: documents, table, exit codes, words."""

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from busops.cli.commands import build_cli
from busops.planner.term.document import REPLAY_COLUMNS
from busops.web.app import create_app
from tests.school_folder import FRIDAY, school_files

NEXT = FRIDAY + timedelta(weeks=1)
QUICK = ("--seconds", "0.3", "--free-seconds", "0.1")


def run(*arguments: str) -> Result:
    """The command line with these arguments, in English."""
    return CliRunner().invoke(build_cli(create_app), ["--lang", "en", *arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A school folder with two weekends; on the second, fewer ride."""
    files = school_files()
    fewer = school_files(friday=NEXT)[f"roster-{NEXT}.csv"].decode().splitlines()[:31]
    files[f"roster-{NEXT}.csv"] = "\n".join(fewer).encode()
    made = tmp_path / "school"
    made.mkdir()
    for name, content in files.items():
        (made / name).write_bytes(content)
    return made


def make(folder: Path, out: Path, *more: str, weekends: tuple[date, ...] = (FRIDAY,)) -> Result:
    """A scheme from these weekends."""
    return run(
        "term", str(folder), "--weekends", ",".join(map(str, weekends)), "--out", str(out), *QUICK, *more
    )


def test_a_scheme_is_made_and_replayed_on_other_weekends(folder: Path, tmp_path: Path) -> None:
    """Made from one weekend, tried on the next; the replay's JSON and CSV hold the same rows."""
    scheme, table = tmp_path / "scheme.json", tmp_path / "out" / "replay.json"
    made = make(folder, scheme, "--test", str(NEXT))
    assert made.exit_code == 0, made.output
    document = json.loads(scheme.read_text(encoding="utf-8"))
    assert (document["weekends"], document["tested"]) == ([str(FRIDAY)], [str(NEXT)])
    assert document["violations"] == document["left_out"] == []
    assert sum(stop["riders"] for line in document["lines"] for stop in line["homeward"]["stops"]) == 36
    assert "lines; a full weekend costs" in made.output
    again = run("replay", str(folder), "--scheme", str(scheme), "--out", str(table), "--free-seconds", "0")
    assert again.exit_code == 0, again.output
    rows = json.loads(table.read_text(encoding="utf-8"))["rows"]
    assert [(row["weekend"], row["training"]) for row in rows] == [
        (str(FRIDAY), True),
        (str(FRIDAY), True),
        (str(NEXT), False),
        (str(NEXT), False),
    ]
    with table.with_suffix(".csv").open(encoding="utf-8-sig", newline="") as sheet:
        read = list(csv.DictReader(sheet))
    assert tuple(read[0]) == REPLAY_COLUMNS
    assert [row["cost_fen"] for row in read] == [str(row["cost_fen"]) for row in rows]
    assert {row["free_cost_fen"] for row in read} == {""}
    only = run(
        "replay",
        str(folder),
        "--scheme",
        str(scheme),
        "--out",
        str(table),
        "--weekends",
        str(NEXT),
        "--free-seconds",
        "0",
    )
    assert only.exit_code == 0
    assert len(json.loads(table.read_text(encoding="utf-8"))["rows"]) == 2


def test_what_does_not_fit_ends_with_one(folder: Path, tmp_path: Path) -> None:
    """One bus of 19 for 36: the scheme says who is left out, and so does the replay."""
    vehicles = (folder / "vehicles.csv").read_text(encoding="utf-8").splitlines()
    (folder / "vehicles.csv").write_text("\n".join(vehicles[:2]) + "\n", encoding="utf-8")
    scheme = tmp_path / "scheme.json"
    assert make(folder, scheme).exit_code == 1
    document = json.loads(scheme.read_text(encoding="utf-8"))
    assert sum(one["riders"] for one in document["left_out"]) >= 17
    again = run(
        "replay",
        str(folder),
        "--scheme",
        str(scheme),
        "--out",
        str(tmp_path / "r.json"),
        "--free-seconds",
        "0",
    )
    assert again.exit_code == 1
    rows = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["rows"]
    room = {stop["stop_id"] for line in document["lines"] for stop in line["homeward"]["stops"]}
    assert len(document["lines"]) == 1 < len(room) < 6
    assert [row["unserved"] for row in rows][:2] == [17, 17]
    assert all(8 <= row["unserved"] < row["riders"] for row in rows[2:])  # 27 for 19 seats


@pytest.mark.parametrize(
    "wrong",
    [
        ("--weekends", "2026-11-14"),
        ("--weekends", "soon"),
        ("--weekends", ","),
        ("--weekends", "2026-12-25"),
        ("--weekends", str(FRIDAY), "--percentile", "20"),
        ("--weekends", str(FRIDAY), "--seconds", "0"),
        ("--weekends", str(FRIDAY), "--test", "2026-12-24"),
    ],
)
def test_wrong_use_ends_with_two(folder: Path, tmp_path: Path, wrong: tuple[str, ...]) -> None:
    """No Friday, no date, none at all, a weekend without roster, an impossible number."""
    result = run("term", str(folder), "--out", str(tmp_path / "s.json"), *wrong)
    assert result.exit_code == 2, result.output
    assert not (tmp_path / "s.json").exists()


def test_a_file_that_is_no_scheme_is_refused(folder: Path, tmp_path: Path) -> None:
    """Not JSON, a list, another document, a weekend the folder has not: told in words, nothing written."""
    bad, out = tmp_path / "bad.json", tmp_path / "r.json"
    for text in ("{", "[]", '{"lines": 3}'):
        bad.write_text(text, encoding="utf-8")
        result = run("replay", str(folder), "--scheme", str(bad), "--out", str(out))
        assert result.exit_code == 1, result.output
        assert "Traceback" not in result.output
    assert make(folder, bad).exit_code == 0
    for more in (("--weekends", "2026-12-25"), ("--free-seconds", "-1")):
        assert run("replay", str(folder), "--scheme", str(bad), "--out", str(out), *more).exit_code == 2
    assert not out.exists()
