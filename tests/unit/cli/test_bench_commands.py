"""``busops bench``: what it prints, writes and refuses."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from busops.cli import machine, racing
from busops.cli.commands import build_cli
from busops.services import benchmark
from busops.services.benchmark import OURS, Result
from busops.web.app import create_app
from tests.school_folder import school_files
from tests.unit.planner.instances.test_vrplib import PLAIN

KNOWN = "Route #1: 1 2\nRoute #2: 3\nCost 13\n"


def busops(*arguments: object):
    """Runs the command line in English and gives its result."""
    return CliRunner().invoke(build_cli(create_app), ["--lang", "en", *map(str, arguments)])


@pytest.fixture
def files(tmp_path) -> Path:
    """A public file of four nodes with its best known routes beside it."""
    (tmp_path / "tiny.vrp").write_text(PLAIN, encoding="utf-8")
    (tmp_path / "tiny.sol").write_text(KNOWN, encoding="utf-8")
    return tmp_path


@pytest.fixture
def raced(monkeypatch) -> list[str]:
    """Every run that was asked for; ours costs 14, peers 13 and, under PyVRP, a broken rule."""
    asked: list[str] = []

    def run(race, case, *, core=None, processes=1):
        asked.append(f"{race.case} {race.label} #{race.seed} core={core is not None} processes={processes}")
        cost = 14 if race.engine == OURS else 13
        return Result(race=race, cost_fen=cost, bound_fen=12, trips=2, violations=int(race.engine == "pyvrp"))

    monkeypatch.setattr(benchmark, "run", run)
    monkeypatch.setattr(racing, "is_installed", lambda engine: engine != "vroom")
    return asked


def test_a_public_file_is_told_above_its_known_routes(files, raced):
    """The .sol is priced first; ours at 14 lies 7.69 % above its 13 and 16.67 % above the bound of 12."""
    done = busops(
        "bench", "cvrp", files / "tiny.vrp", "--seconds", "2", "--seeds", 2, "--against", "ortools@9"
    )
    assert done.exit_code == 0, done.output
    assert "# tiny: the .sol says 13; its 2 routes cost 13.00" in done.output
    assert re.search(r"^# date .*, cpu .+, cores \d+, .*python 3\.", done.output, re.MULTILINE)
    assert raced == [
        f"tiny {label} #{seed} core=False processes=1"
        for seed in (1, 2)
        for label in ("busops@2", "ortools@9")
    ]
    row = next(line for line in done.output.splitlines() if line.startswith("tiny             busops"))
    assert row.split()[:7] == ["tiny", "busops", "2", "1", "14", "7.69", "16.67"]
    duel = done.output.splitlines()[-1].split()
    assert duel[:5] == ["busops@2", "ortools@9", "1", "1.0769", "1.0769"]
    assert duel[6:9] == ["0", "0", "2"]


def test_broken_rules_end_with_exit_code_one(files, raced):
    """Whoever made the plan: figures of plans that break rules must not be taken for results."""
    done = busops("bench", "cvrp", files / "tiny.vrp", "--against", "pyvrp@3x")
    assert (done.exit_code, len(raced)) == (1, 2)


def test_everything_is_written_down(files, raced, tmp_path):
    """JSON with machine, runs, medians and duels, and a picture in the reader's language."""
    out, svg = tmp_path / "out.json", tmp_path / "out.svg"
    busops("bench", "cvrp", files / "tiny.vrp", "--against", "ortools", "--json", out, "--picture", svg)
    written = json.loads(out.read_text(encoding="utf-8"))
    assert [run["race"]["engine"] for run in written["runs"]] == [OURS, "ortools"]
    assert written["medians"][0]["over_pct"] == pytest.approx(100 / 13)
    assert written["duels"][0]["losses"] == 1
    assert {"date", "cpu", "cores", "python", "ortools"} <= set(written["machine"])
    assert "best published solution" in svg.read_text(encoding="utf-8")


def test_runs_side_by_side_are_pinned_and_several_processes_are_not(files, raced):
    """--parallel pins each run to a core and says so; with several processes of ours nothing is pinned."""
    both = busops("bench", "cvrp", files / "tiny.vrp", "--parallel", 2)
    assert "2 runs side by side, each pinned to a core of its own" in both.output
    wide = busops("bench", "cvrp", files / "tiny.vrp", "--processes", 2, "--pin")
    assert "ours on 2 processes, peers on one" in wide.output
    assert raced == [
        "tiny busops@10 #1 core=True processes=1",
        "tiny busops@10 #1 core=False processes=2",
    ]


def test_a_peer_that_is_not_installed_stops_before_any_run_unless_it_may_be_left_out(files, raced):
    """Exit code 2 and no run; with --skip-missing the others run, and the missing one is named."""
    stopped = busops("bench", "cvrp", files / "tiny.vrp", "--against", "vroom,ortools")
    assert (stopped.exit_code, raced) == (2, [])
    assert "vroom is not installed" in stopped.output
    left = busops("bench", "cvrp", files / "tiny.vrp", "--against", "vroom,ortools", "--skip-missing")
    assert left.exit_code == 0
    assert "# vroom is not installed: left out" in left.output
    assert len(raced) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("towns", "Z"), "There is no synthetic school “Z”"),
        (("towns", "A", "a"), "Two problems are called A"),
        (("towns", "A", "--against", "lkh"), "There is no engine “lkh”"),
        (("towns", "A", "--seconds", "soon"), "“soon” should hold seconds"),
    ],
)
def test_wrong_use_is_told_in_words_before_any_run(raced, arguments, said):
    """Exit code 2, a sentence, and nothing raced."""
    done = busops("bench", *arguments)
    assert (done.exit_code, raced) == (2, [])
    assert said in done.output


def test_a_bad_file_is_told_with_its_line(files, raced):
    """Exit code 1 and the line, before any run."""
    (files / "tiny.vrp").write_text(PLAIN.replace("2\t3\t4", "2\tx\t4"), encoding="utf-8")
    done = busops("bench", "cvrp", files / "tiny.vrp")
    assert (done.exit_code, raced) == (1, [])
    assert "tiny.vrp, line 9: a number was expected, not “x”" in done.output


def test_known_routes_that_break_a_rule_are_refused(files, raced):
    """A .sol that leaves a client out is no known solution; nothing is compared with it."""
    (files / "tiny.sol").write_text("Route #1: 1 2\nCost 11\n", encoding="utf-8")
    done = busops("bench", "cvrp", files / "tiny.vrp")
    assert (done.exit_code, raced) == (1, [])
    assert "leaves out 1 of 3 clients, the first is 3" in done.output


def test_a_school_folder_is_planned_for_its_only_roster(tmp_path, raced):
    """No --on is needed where there is one roster; with two the command asks which."""
    place = tmp_path / "school"
    place.mkdir()
    for name, content in school_files().items():
        (place / name).write_bytes(content)
    done = busops("bench", "weekend", place, "--against", "ortools@3x")
    assert done.exit_code == 0, done.output
    assert [run.split(" #")[0] for run in raced] == ["school busops@10", "school ortools@30"]
    roster = next(place.glob("roster-*.csv"))
    (place / "roster-2027-01-08.csv").write_bytes(roster.read_bytes())
    unclear = busops("bench", "weekend", place)
    assert unclear.exit_code == 1
    assert "2 rosters" in unclear.output


def test_fresh_networks_are_named_by_their_number(raced):
    """A row of numbers, each with its size, filling and way home in its name."""
    done = busops("bench", "fresh", "--first", 700, "--count", 2)
    assert done.exit_code == 0, done.output
    assert all(re.match(rf"n{700 + at}-\d+s[\d.]+[ro] busops@10", run) for at, run in enumerate(raced))


def test_the_machine_line_names_what_the_kernel_says_or_the_architecture(tmp_path):
    """The processor's model where the file has it; never nothing."""
    told = tmp_path / "cpuinfo"
    told.write_text("processor\t: 0\nmodel name\t: Made Up 3000\nmodel name\t: Other\n", encoding="utf-8")
    assert machine.cpu_model(told) == "Made Up 3000"
    assert machine.cpu_model(tmp_path / "none") != ""
    facts = machine.machine_facts(
        datetime(2026, 11, 29, 12).astimezone(), packages=("no-such-package", "numpy")
    )
    assert "no-such-package" not in facts
    assert machine.machine_line({"cpu": "x", "cores": "2"}) == "cpu x, cores 2"
    assert facts["numpy"]
