"""
Term schemes on a school's files: make one from several weekends, and replay one on past weekends.

Both work in a scratch database and touch nothing else. What was planned is in the JSON document
of ``docs/files.md``; the replay's table comes as CSV as well.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import click

from busops.cli.context import Cli, WrongUse, read_folder, writable_folder
from busops.cli.school import FOLDER, show_findings, write_json
from busops.cli.scratch import Scratch, scratch_school
from busops.domain.errors import InvalidInput
from busops.i18n import words
from busops.planner.term.document import REPLAY_COLUMNS, read_lines, replay_document
from busops.planner.term.replay import FreePlans
from busops.services import planning, term_making, weekend
from busops.services.term_making import TermOrder
from busops.services.weekend import SteppedClock

OUT = click.Path(path_type=Path, dir_okay=False)
FREE_SECONDS: Final = 5.0


class _Quiet:
    """Work at a terminal: nobody watches, and Ctrl-C ends it."""

    def progress(self, done: int, total: int, **facts: Any) -> None:
        """Nothing is shown."""

    def cancelled(self) -> bool:
        """Never."""
        return False


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--weekends", required=True, help="The Fridays it is made from, with commas between.")
@click.option("--test", "tested", default="", help="More Fridays that it is only tried on.")
@click.option("--percentile", type=int, default=90, show_default=True, help="Of each stop's riders.")
@click.option("--seconds", type=float, default=60.0, show_default=True, help="Search time of the lines.")
@click.option(
    "--free-seconds",
    type=float,
    default=FREE_SECONDS,
    show_default=True,
    help="Search time of each free plan beside; 0 for none.",
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--out", type=OUT, required=True)
@click.pass_context
def term(ctx: click.Context, /, **given: Any) -> None:
    """Makes one scheme of lines for a whole term and replays it on every weekend named."""
    cli: Cli = ctx.obj
    order = _order(given)
    writable_folder(given["out"].absolute().parent)
    roads = cli.roads()
    clock = SteppedClock(weekend.planning_moment(order.weekends[-1]))
    with scratch_school(cli, read_folder(given["folder"]), clock) as scratch:
        _refuse_unknown((*order.weekends, *order.tested), scratch)
        made = term_making.make_scheme(scratch.database, order, work=_Quiet(), roads=roads)
        findings = (*scratch.outcome.findings, *made.notices)
    write_json(given["out"], made.document)
    show_findings(findings, cli.locale)
    click.echo(words("cli.term_made", _term_facts(made.document, made.left_out), cli.locale))
    if made.violation_count or made.left_out:
        ctx.exit(1)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--scheme", "scheme_file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True
)
@click.option("--weekends", default="", help="The Fridays, with commas between; all of the folder without.")
@click.option(
    "--free-seconds",
    type=float,
    default=FREE_SECONDS,
    show_default=True,
    help="Search time of each free plan beside; 0 for none.",
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--out", type=OUT, required=True, help="JSON; the table comes beside it as .csv.")
@click.pass_context
def replay(ctx: click.Context, /, **given: Any) -> None:
    """Drives past weekends on a scheme: cost, load, ride times, and what free plans would have cost."""
    cli: Cli = ctx.obj
    document = _read(given["scheme_file"])
    lines = read_lines(document)
    trained = _days(document.get("weekends", ()))
    wanted = _fridays(given["weekends"])
    if not 0 <= given["free_seconds"] <= planning.MAX_SECONDS:
        raise WrongUse("plan_seconds_out_of_range", seconds=given["free_seconds"], most=planning.MAX_SECONDS)
    writable_folder(given["out"].absolute().parent)
    roads = cli.roads()
    clock = SteppedClock(weekend.planning_moment(max((*wanted, *trained), default=date(2024, 1, 5))))
    with scratch_school(cli, read_folder(given["folder"]), clock) as scratch:
        _refuse_unknown(wanted, scratch)
        rows = term_making.replay_weekends(
            scratch.database,
            lines,
            wanted or tuple(scratch.outcome.weekends),
            trained=frozenset(trained),
            free=FreePlans(seconds=given["free_seconds"], seed=given["seed"]),
            work=_Quiet(),
            roads=roads,
        )
        show_findings(scratch.outcome.findings, cli.locale)
    table = replay_document(rows, free_seconds=given["free_seconds"])
    write_json(given["out"], table)
    _write_csv(given["out"].with_suffix(".csv"), table["rows"])
    told = "cli.replayed" if given["free_seconds"] else "cli.replayed_alone"
    click.echo(words(told, table["totals"], cli.locale))
    if any(row.violations or row.unserved for row in rows):
        ctx.exit(1)


def _order(given: Mapping[str, Any]) -> TermOrder:
    try:
        return term_making.read_order(
            {**given, "weekends": _fridays(given["weekends"]), "tested": _fridays(given["tested"])}
        )
    except InvalidInput as fault:
        raise WrongUse(fault.code, **fault.facts) from fault


def _fridays(text: str) -> tuple[date, ...]:
    return _days(part.strip() for part in text.split(",") if part.strip())


def _days(texts: Any) -> tuple[date, ...]:
    try:
        return tuple(sorted({date.fromisoformat(str(text)) for text in texts}))
    except ValueError as fault:
        raise WrongUse("term_order_invalid") from fault


def _refuse_unknown(wanted: Sequence[date], scratch: Scratch) -> None:
    known = tuple(scratch.outcome.weekends)
    for on in wanted:
        if on not in known:
            weekends = [one.isoformat() for one in known]
            raise WrongUse("roster_file_missing", weekend_on=on, weekends=weekends)
    if not known:
        raise WrongUse("term_weekends_missing")


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InvalidInput("plan_file_unreadable", path=str(path), reason=str(error)) from error
    if not isinstance(document, dict):
        raise InvalidInput("term_document_invalid", detail="no object")
    return document


def _write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as sheet:
        writer = csv.writer(sheet)
        writer.writerow(REPLAY_COLUMNS)
        for row in rows:
            writer.writerow(["" if row[name] is None else row[name] for name in REPLAY_COLUMNS])


def _term_facts(document: Mapping[str, Any], left_out: int) -> dict[str, Any]:
    return {
        "lines": len(document["lines"]),
        "cost_fen": document["cost_fen"],
        "lower_bound_fen": document["lower_bound_fen"],
        "left_out": left_out,
        "extra_fen": document["replay"]["totals"]["extra_fen"],
        "violations": len(document["violations"]),
    }


COMMANDS = (term, replay)
