"""The commands on roads, and the travel source of the commands that plan."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from busops.cli.commands import build_cli
from busops.web.app import create_app
from tests.school_folder import FRIDAY, school_files
from tests.unit.planner.travel.roads.servers import Served, osrm, serve

ON = FRIDAY.isoformat()


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An instance folder of the test's own, not made yet."""
    monkeypatch.setenv("BUSOPS_INSTANCE", str(tmp_path / "instance"))
    return tmp_path / "instance"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, instance: Path) -> Iterator[Served]:
    """An OSRM server that the settings name."""
    del instance
    with serve(osrm()) as running:
        monkeypatch.setenv("BUSOPS_TRAVEL_SOURCE", "osrm")
        monkeypatch.setenv("BUSOPS_TRAVEL_URL", running.address)
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small school's folder on disk."""
    place = tmp_path / "school"
    place.mkdir()
    for name, content in school_files().items():
        (place / name).write_bytes(content)
    return place


def busops(*arguments: object) -> Result:
    """Runs the command line in English and gives its result."""
    return CliRunner().invoke(build_cli(create_app), ["--lang", "en", *map(str, arguments)])


def written(path: Path) -> Any:
    """The JSON document at a path."""
    return json.loads(path.read_text(encoding="utf-8"))


def test_plan_and_verify_measure_as_the_settings_say(served: Served, folder: Path, tmp_path: Path) -> None:
    """The plan file says osrm; verifying it takes the same times from what was kept."""
    out = tmp_path / "plan.json"
    done = busops("plan", folder, "--on", ON, "--seconds", 0.5, "--out", out)
    assert done.exit_code == 0, done.output
    assert written(out)["travel"] == "osrm"
    asked = len(served.asked)
    checked = busops("verify", folder, out, "--on", ON)
    assert checked.exit_code == 0, checked.output
    assert len(served.asked) == asked > 0


def test_a_plan_that_fell_back_says_so_on_the_terminal(
    served: Served, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file says estimate, and the cause stands on standard error."""
    monkeypatch.setenv("BUSOPS_TRAVEL_PROFILE", "foot")
    out = tmp_path / "plan.json"
    done = busops("plan", folder, "--on", ON, "--seconds", 0.5, "--out", out)
    assert written(out)["travel"] == "estimate"
    assert "does not know foot" in done.stderr
    assert "No distances and times from osrm" in done.stderr
    assert served.asked


def test_show_prints_the_source_and_makes_nothing(instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Source, folder, and what a key has left today; a look leaves no trace on the disk."""
    monkeypatch.setenv("BUSOPS_TRAVEL_SOURCE", "amap")
    monkeypatch.setenv("BUSOPS_TRAVEL_KEY", "sentinel-key-0123456789")
    monkeypatch.setenv("BUSOPS_TRAVEL_QUOTA", "321")
    shown = busops("roads", "show")
    assert shown.exit_code == 0, shown.output
    assert "amap" in shown.output
    assert "321" in shown.output
    assert "sentinel" not in shown.output
    assert not instance.exists()


def test_measure_fills_what_is_kept(served: Served, folder: Path, instance: Path) -> None:
    """The installation's own stops are measured once; a second time nobody is asked."""
    busops("init")
    assert busops("import", folder).exit_code == 0
    first = busops("roads", "measure")
    assert first.exit_code == 0, first.output
    assert "osrm" in first.output
    asked = len(served.asked)
    assert busops("roads", "measure").exit_code == 0
    assert len(served.asked) == asked > 0
    assert list((instance / "travel").glob("*.matrix"))


def test_measuring_that_fails_says_why(served: Served, folder: Path) -> None:
    """No estimate steps in here: whoever measures wants to know; exit code 1."""
    busops("init")
    busops("import", folder)
    served.stumbles += [lambda handler: handler.send_error(404)]
    done = busops("roads", "measure")
    assert done.exit_code == 1
    assert "road server" in done.stderr


def test_build_refuses_what_is_no_map(instance: Path, tmp_path: Path) -> None:
    """A file of another kind is told in words, and no folder is made for it."""
    path = tmp_path / "x.osm.pbf"
    path.write_bytes(b"not a map at all")
    done = busops("roads", "build", path)
    assert done.exit_code == 1
    assert "no readable OpenStreetMap" in done.stderr
    assert not instance.exists()


def test_a_wrong_setting_stops_planning(
    folder: Path, instance: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source without its address is refused before anything is planned."""
    del instance
    monkeypatch.setenv("BUSOPS_TRAVEL_SOURCE", "osrm")
    done = busops("plan", folder, "--on", ON, "--out", tmp_path / "plan.json")
    assert done.exit_code == 1
    assert "set travel_url" in done.stderr
    assert not (tmp_path / "plan.json").exists()
