"""
``busops bench``: the planner against other engines, on a school's own files and on public ones.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import click

from busops.cli.context import Cli, WrongUse, read_folder
from busops.cli.racing import race, race_options, wish_of
from busops.cli.scratch import scratch_school
from busops.domain.values import Direction
from busops.planner.instances.towns import NAMED, Town, fresh_town, town_problem
from busops.planner.instances.vrplib import Rounding
from busops.services import benchmark_cases, weekend
from busops.services.benchmark import Case
from busops.services.weekend import SteppedClock

_FOLDER: Final = click.Path(path_type=Path, exists=True, file_okay=False)
_FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def bench() -> None:
    """Measures the planner, beside other engines where they are installed."""


@bench.command(name="weekend")
@click.argument("folders", nargs=-1, required=True, type=_FOLDER)
@click.option(
    "--on", type=click.DateTime(formats=["%Y-%m-%d"]), help="The weekend's Friday; else the only roster's."
)
@click.option("--direction", type=click.Choice([way.value for way in Direction]), default="homeward")
@race_options
@click.pass_context
def bench_weekend(ctx: click.Context, /, **given: Any) -> None:
    """Plans each FOLDER with every engine, budget and seed, in turn, each in a process of its own."""
    cli: Cli = ctx.obj
    wish = wish_of(given)
    on = given["on"].date() if given["on"] else None
    way = Direction(given["direction"])
    _end(ctx, race(cli, _distinct([_weekend(cli, folder, on, way) for folder in given["folders"]]), wish))


def _weekend(cli: Cli, folder: Path, on: date | None, way: Direction) -> Case:
    files = read_folder(folder)
    friday = on or benchmark_cases.only_roster_on(files)
    with scratch_school(cli, files, SteppedClock(weekend.planning_moment(friday))) as scratch:
        problem = benchmark_cases.weekend_problem(scratch.database, friday, way, roads=cli.roads())
    return Case(name=folder.resolve().name, problem=problem)


@bench.command(name="cvrp")
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option(
    "--rounding",
    type=click.Choice([rule.value for rule in Rounding]),
    help="What becomes of Euclidean distances; else what goes with the file's type.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes of our engine; peers have one.",
)
@race_options
@click.pass_context
def bench_cvrp(ctx: click.Context, /, **given: Any) -> None:
    """Solves public routing FILES (.vrp); costs are told above the routes of the .sol beside each."""
    cli: Cli = ctx.obj
    wish = wish_of(given, processes=given["processes"])
    rule = Rounding(given["rounding"]) if given["rounding"] else None
    priced = [benchmark_cases.routing_case(path, rule) for path in given["files"]]
    for one in priced:
        if one.case.known_fen:
            known = one.case.known_fen / one.case.scale
            click.echo(
                f"# {one.case.name}: the .sol says {one.stated}; its {one.trips} routes cost {known:,.2f}"
            )
    _end(ctx, race(cli, _distinct([one.case for one in priced]), wish))


@bench.command(name="towns")
@click.argument("names", nargs=-1)
@race_options
@click.pass_context
def bench_towns(ctx: click.Context, /, **given: Any) -> None:
    """Plans the synthetic schools NAMES (A to L; all of them when none is named), made from their seeds."""
    cli: Cli = ctx.obj
    wish = wish_of(given)
    chosen = [name.upper() for name in given["names"]] or list(NAMED)
    for name in chosen:
        if name not in NAMED:
            raise WrongUse("bench_town_unknown", found=name, known=", ".join(NAMED))
    _end(ctx, race(cli, _distinct([_town(NAMED[name]) for name in chosen]), wish))


@bench.command(name="fresh")
@click.option(
    "--count", type=click.IntRange(1, 1000), default=6, show_default=True, help="How many networks."
)
@click.option(
    "--first",
    type=click.IntRange(0),
    required=True,
    help="Number of the first: choose one never used before.",
)
@race_options
@click.pass_context
def bench_fresh(ctx: click.Context, /, **given: Any) -> None:
    """
    Plans networks that nobody has tuned on: 60 to 150 stops, 3 to 12 stops a bus, open and returning.

    Six in a row go through the range of stops a bus; a number always makes the same network.
    """
    cli: Cli = ctx.obj
    wish = wish_of(given)
    numbers = range(given["first"], given["first"] + given["count"])
    _end(ctx, race(cli, [_town(fresh_town(number)) for number in numbers], wish))


def _town(town: Town) -> Case:
    return Case(name=town.name, problem=town_problem(town))


def _distinct(cases: Sequence[Case]) -> Sequence[Case]:
    """The cases; WrongUse when two have one name, for their figures would be mixed."""
    names = [case.name for case in cases]
    for name in names:
        if names.count(name) > 1:
            raise WrongUse("bench_case_twice", name=name)
    return cases


def _end(ctx: click.Context, faults: int) -> None:
    if faults:
        ctx.exit(1)


COMMANDS = (bench,)
