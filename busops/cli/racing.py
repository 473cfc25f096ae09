"""
What every ``busops bench`` command shares: its options, the table while it runs, and what it leaves behind.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from busops.cli.context import Cli, WrongUse
from busops.cli.machine import machine_facts, machine_line
from busops.domain.errors import InvalidInput
from busops.domain.values import SCHOOL_TIME
from busops.i18n import words
from busops.planner.peers import ENGINES, is_installed
from busops.services import benchmark, benchmark_tables
from busops.services.benchmark import FAIR, OURS, Case, Entrant, Result, Track
from busops.services.benchmark_picture import picture
from busops.services.benchmark_tables import Against, Duel, Median, Reference

_Command = TypeVar("_Command", bound=Callable[..., Any])
_FILE: Final = click.Path(path_type=Path, dir_okay=False, writable=True)
_NOTHING: Final = "-"
_OVER: Final = {Against.KNOWN: "% known", Against.BOUND: "% bound", Against.BEST: "% best"}
_OPTIONS: Final = (
    click.option("--seconds", default="10", show_default=True, help="Our budgets, with commas between."),
    click.option("--seeds", type=click.IntRange(1, 100), default=1, show_default=True),
    click.option("--first-seed", type=click.IntRange(0), default=1, show_default=True),
    click.option(
        "--against",
        default="",
        help=f"Peers, with commas between: {', '.join((*ENGINES, FAIR))}. ENGINE gets our seconds, ENGINE@60"
        " sixty, ENGINE@3x three times ours.",
    ),
    click.option("--skip-missing", is_flag=True, help="Leave out peers that are not installed."),
    click.option(
        "--parallel",
        type=click.IntRange(1, 64),
        default=1,
        show_default=True,
        help="Runs side by side, each pinned to a core of its own.",
    ),
    click.option("--pin", is_flag=True, help="Pin runs to a core even when they run one after the other."),
    click.option("--json", "json_file", type=_FILE, help="Write every run, median and machine here."),
    click.option("--picture", type=_FILE, help="Draw the medians here, as SVG."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the options ask for."""

    seconds: tuple[float, ...]
    seeds: range
    entrants: tuple[Entrant, ...]
    track: Track
    json_file: Path | None
    picture: Path | None


def race_options(command: _Command) -> _Command:
    """The command with the options that every race has."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def wish_of(given: Mapping[str, Any], *, processes: int = 1) -> Wish:
    """The options judged; WrongUse before any run when one of them cannot be."""
    try:
        seconds = benchmark.seconds_of(given["seconds"])
        entrants = benchmark.entrants_of(given["against"])
    except InvalidInput as wrong:
        raise WrongUse(wrong.code, **wrong.facts) from wrong
    missing = sorted({one.engine for one in entrants if not is_installed(one.engine)})
    if missing and not given["skip_missing"]:
        raise WrongUse("peer_not_installed", engine=", ".join(missing))
    for engine in missing:
        click.echo(f"# {engine} is not installed: left out", err=True)
    lanes = given["parallel"]
    is_pinned = (given["pin"] or lanes > 1) and processes == 1
    return Wish(
        seconds=seconds,
        seeds=range(given["first_seed"], given["first_seed"] + given["seeds"]),
        entrants=tuple(one for one in entrants if one.engine not in missing),
        track=Track(lanes=lanes, is_pinned=is_pinned, processes=processes),
        json_file=given["json_file"],
        picture=given["picture"],
    )


def race(cli: Cli, cases: Sequence[Case], wish: Wish) -> int:
    """Holds all races and prints them as they come; the number of rules that plans broke."""
    facts = machine_facts(cli.clock.now().astimezone(SCHOOL_TIME))
    click.echo(f"# {machine_line(facts)}")
    click.echo(f"# {_track_line(wish.track)}")
    lineup = benchmark.races((case.name for case in cases), wish.entrants, wish.seconds, wish.seeds)
    by_name = {case.name: case for case in cases}
    click.echo(head_line(cases))
    results: list[Result] = []
    for result in benchmark.hold(lineup, cases, wish.track):
        results.append(result)
        case = by_name[result.race.case]
        click.echo(run_line(result, case, benchmark_tables.reference_of(case, results)))
    rows = benchmark_tables.medians(cases, results)
    duels = benchmark_tables.duels(cases, results)
    for line in (*median_lines(rows, cases, results), *duel_lines(duels)):
        click.echo(line)
    if wish.json_file:
        text = json.dumps(_document(facts, wish, (results, rows, duels)), ensure_ascii=False, indent=1)
        wish.json_file.write_text(text + "\n", encoding="utf-8")
    if wish.picture:
        drawn = picture(
            rows,
            cases,
            results,
            lambda code, said: words(code, said, cli.locale),
            foot=machine_line(facts),
        )
        wish.picture.write_text(drawn, encoding="utf-8")
    return sum(one.violations + one.split_stops for one in results)


def head_line(cases: Sequence[Case]) -> str:
    """The names of the columns of :func:`run_line`."""
    kinds = {Against.KNOWN if case.known_fen else Against.BOUND for case in cases}
    over = _OVER[kinds.pop()] if len(kinds) == 1 else "% over"
    return (
        f"{'case':<16} {'engine':<12} {'s':>5} {'seed':>4} {'cost':>13} {over:>8} {'bound %':>7} {'trips':>5}"
        f" {'longest':>7} {'p95':>5} {'first':>6} {'wall':>6} {'cpu':>6} {'MB':>5} {'+MB':>5} {'faults':>6}"
    )


def run_line(result: Result, case: Case, reference: Reference) -> str:
    """A run as a row; minutes, seconds and megabytes, ``faults``: rules broken, stops split, riders left."""
    race = result.race
    seconds = f"{race.seconds:g}" if race.seconds else _NOTHING
    begin = f"{race.case:<16} {race.engine:<12} {seconds:>5} {race.seed:>4}"
    if result.refused:
        return f"{begin} {result.refused}"
    own_gap = None
    if result.bound_fen and result.cost_fen is not None:
        own_gap = 100 * (result.cost_fen / result.bound_fen - 1)
    return (
        f"{begin} {_cost(result.cost_fen, case.scale):>13} {_two(reference.over_pct(result.cost_fen)):>8}"
        f" {_two(own_gap):>7} {result.trips:>5} {result.longest_ride_s / 60:>7.1f}"
        f" {result.p95_ride_s / 60:>5.1f} {_two(result.first_s):>6} {result.wall_s:>6.1f}"
        f" {result.cpu_s:>6.1f} {result.peak_mb:>5} {result.peak_mb - result.loaded_mb:>5}"
        f" {result.violations + result.split_stops + result.unserved:>6}"
    )


def median_lines(rows: Sequence[Median], cases: Sequence[Case], results: Sequence[Result]) -> list[str]:
    """A row for each case and engine: the median over the seeds, and between what costs it lies."""
    scales = {case.name: case.scale for case in cases}
    lines = ["", "medians over the seeds (p95 and longest ride in minutes)"]
    for case in cases:
        reference = benchmark_tables.reference_of(case, results)
        told = _cost(reference.fen, case.scale)
        lines.append(f"{case.name}: {_OVER[reference.against]} counts from {told}")
        for row in rows:
            if row.case == case.name:
                spread = f"{_cost(row.least_fen, scales[row.case])} … {_cost(row.most_fen, scales[row.case])}"
                lines.append(
                    f"  {row.label:<16} {_cost(row.cost_fen, case.scale):>13} {_two(row.over_pct):>8}"
                    f" {row.trips:>5g} {row.longest_ride_s / 60:>7.1f} {row.p95_ride_s / 60:>5.1f}"
                    f"   {row.served}/{row.runs} served, {spread}"
                )
    return lines


def duel_lines(duels: Sequence[Duel]) -> list[str]:
    """A row for each of our budgets against each peer with its own; ratios below 1 are ours."""
    if not duels:
        return []
    lines = [
        "",
        f"{'ours':<12} {'peer':<16} {'cases':>5} {'mean':>7} {'worst':>7} {'on':<16} {'won':>4} {'tied':>4}"
        f" {'lost':>4} {'longest':>7} {'p95':>7}",
    ]
    lines += [
        f"{one.ours:<12} {one.peer:<16} {one.cases:>5} {_four(one.mean_ratio):>7} {_four(one.worst_ratio):>7}"
        f" {one.worst_case:<16} {one.wins:>4} {one.ties:>4} {one.losses:>4}"
        f" {_four(one.longest_ride_ratio):>7} {_four(one.p95_ride_ratio):>7}"
        for one in duels
    ]
    return lines


def _document(
    facts: dict[str, str], wish: Wish, told: tuple[Sequence[Result], Sequence[Median], Sequence[Duel]]
) -> dict[str, Any]:
    results, rows, duels = told
    return {
        "machine": facts,
        "held": asdict(wish.track),
        "seconds": wish.seconds,
        "seeds": list(wish.seeds),
        "engine": OURS,
        "runs": [asdict(one) for one in results],
        "medians": [asdict(row) for row in rows],
        "duels": [asdict(one) for one in duels],
    }


def _track_line(track: Track) -> str:
    how = "one run after the other" if track.lanes == 1 else f"{track.lanes} runs side by side"
    pinned = ", each pinned to a core of its own" if track.is_pinned else ", not pinned"
    ours = "one thread each" if track.processes == 1 else f"ours on {track.processes} processes, peers on one"
    return f"{how}{pinned}; {ours}; a process of its own for each; every plan judged by the same verifier"


def _cost(cost_fen: float | None, scale: int) -> str:
    if cost_fen is None:
        return _NOTHING
    return f"{cost_fen / scale:,.2f}" if scale > 1 else f"{cost_fen:,.0f}"


def _two(number: float | None) -> str:
    return _NOTHING if number is None else f"{number:.2f}"


def _four(number: float | None) -> str:
    return _NOTHING if number is None else f"{number:.4f}"
