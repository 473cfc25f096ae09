"""
``busops bench``: the planner against other engines, on a school's own files.
"""

from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import click

from busops.cli.context import Cli, read_folder
from busops.cli.scratch import scratch_school
from busops.domain.values import Direction
from busops.planner.peers import ENGINES
from busops.planner.problem import Problem
from busops.services import benchmark, weekend
from busops.services.benchmark import OURS, Result
from busops.services.weekend import SteppedClock

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
_HEAD = (
    f"{'case':<16} {'engine':<8} {'s':>5} {'seed':>4} {'cost':>11} {'% bound':>8} {'trips':>5} {'longest':>7}"
    f" {'p95':>5} {'wall':>6} {'MB':>5} {'faults':>6}"
)


@click.group()
def bench() -> None:
    """Measures the planner, beside other engines where they are installed."""


@bench.command(name="weekend")
@click.argument(
    "folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@click.option("--on", type=click.DateTime(formats=["%Y-%m-%d"]), required=True, help="The weekend's Friday.")
@click.option("--direction", type=click.Choice([way.value for way in Direction]), default="homeward")
@click.option("--seconds", default="10", show_default=True, help="Budgets, with commas between.")
@click.option("--seeds", type=click.IntRange(1, 100), default=1, show_default=True)
@click.option("--against", default="", help=f"Engines, with commas between: {', '.join(ENGINES)}.")
@click.pass_context
def bench_weekend(ctx: click.Context, /, **given: Any) -> None:
    """Plans each FOLDER with every engine, budget and seed, in turn, each in a process of its own."""
    cli: Cli = ctx.obj
    engines = (OURS, *(name for name in given["against"].split(",") if name))
    unknown = [name for name in engines if name not in (OURS, *ENGINES)]
    if unknown:
        raise click.BadParameter(", ".join(unknown), param_hint="--against")
    seconds = [float(budget) for budget in given["seconds"].split(",")]
    way = Direction(given["direction"])
    problems = {folder.name: _problem(cli, folder, given["on"].date(), way) for folder in given["folders"]}
    click.echo(_HEAD)
    results = []
    for race in benchmark.races(problems, engines, seconds, given["seeds"]):
        result = benchmark.run(race, problems[race.case])
        results.append(result)
        click.echo(_row(result, max(one.bound_fen for one in results if one.race.case == race.case)))
    click.echo()
    for line in _medians(results):
        click.echo(line)


def _problem(cli: Cli, folder: Path, on: date, way: Direction) -> Problem:
    clock = SteppedClock(weekend.planning_moment(on))
    with scratch_school(cli, read_folder(folder), clock) as scratch:
        return benchmark.problem_of(scratch.database, on, way)


def _row(result: Result, bound_fen: int) -> str:
    race = result.race
    cost, over = "-", "-"
    if result.cost_fen is not None:
        cost = f"{result.cost_fen / 100:,.2f}"
        over = f"{100 * (result.cost_fen / bound_fen - 1):.2f}" if bound_fen else "-"
    return (
        f"{race.case:<16} {race.engine:<8} {race.seconds:>5g} {race.seed:>4} {cost:>11} {over:>8}"
        f" {result.trips:>5} {result.longest_ride_s / 60:>7.1f} {result.p95_ride_s / 60:>5.1f}"
        f" {result.wall_s:>6.1f} {result.peak_mb:>5} {result.violations + result.unserved:>6}"
    )


def _medians(results: list[Result]) -> list[str]:
    """A line for each case and budget: the median cost of each engine, and how far it lies from ours."""
    lines = []
    keys = dict.fromkeys((one.race.case, one.race.seconds) for one in results)
    for case, seconds in keys:
        costs: dict[str, list[int]] = {}
        for one in results:
            if (one.race.case, one.race.seconds) == (case, seconds) and one.cost_fen is not None:
                costs.setdefault(one.race.engine, []).append(one.cost_fen)
        ours = median(costs[OURS]) if OURS in costs else None
        parts = [
            f"{engine} {median(found) / 100:,.2f}"
            + (f" ({100 * (median(found) / ours - 1):+.2f} %)" if ours and engine != OURS else "")
            for engine, found in costs.items()
        ]
        lines.append(f"{case:<16} {seconds:>5g} s  median: " + ", ".join(parts))
    return lines


COMMANDS = (bench,)
