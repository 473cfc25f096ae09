"""
Commands on a school's files: import them, plan a direction, verify a plan, hold a whole weekend.

``plan``, ``verify`` and ``weekend`` work in a scratch database and touch nothing else.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from busops.cli.context import Cli, WrongUse, read_folder, writable_folder
from busops.cli.scratch import BY, Scratch, scratch_school
from busops.cli.transport import wsgi_transport
from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.domain.values import Direction
from busops.i18n import finding_words, words
from busops.planner.problem import UnservedReason
from busops.planner.scale.executors import PROCESSES, open_executor
from busops.services import plan_check, plan_drafts, planning, register, weekend
from busops.services.weekend import SteppedClock, WeekendOrder

FRIDAY = click.DateTime(formats=["%Y-%m-%d"])
SHOWN_PER_KIND = 3
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command("import")
@click.argument("folder", type=FOLDER)
@click.pass_obj
def import_command(cli: Cli, folder: Path) -> None:
    """Imports a school folder into this installation; nothing is stored when something blocks."""
    settings = cli.settings()
    outcome = register.import_folder(
        cli.database(settings), files=read_folder(folder), by=BY, clock=cli.clock, ids=cli.ids
    )
    click.echo(words("cli.imported", dict(outcome.counts), cli.locale))
    show_findings(outcome.findings, cli.locale)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--on", "on", type=FRIDAY, required=True, help="The Friday on which the weekend begins.")
@click.option("--direction", type=click.Choice([way.value for way in Direction]), default="homeward")
@click.option("--seconds", type=float, default=20.0, show_default=True, help="How long to search.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--fair",
    type=click.IntRange(0, planning.MOST_FAIR_MILLI),
    default=0,
    show_default=True,
    help="Thousandths of the cost that shorter rides may cost.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.pass_context
def plan(ctx: click.Context, /, **given: Any) -> None:
    """Plans one direction of one weekend and writes the plan with its bound and its verification."""
    cli: Cli = ctx.obj
    on = given["on"].date()
    order = WeekendOrder(
        weekend_on=on, seconds=given["seconds"], seed=given["seed"], by=BY, fair_milli=given["fair"]
    )
    _refuse_wrong_order(order)
    writable_folder(given["out"].absolute().parent)
    roads = cli.roads()
    clock = SteppedClock(weekend.planning_moment(on))
    with scratch_school(cli, read_folder(given["folder"]), clock) as scratch:
        _refuse_unknown_weekend(scratch, on)
        way = Direction(given["direction"])
        executor = partial(open_executor, PROCESSES)
        plan_id, made = weekend.plan_direction(
            scratch.database, order, way, clock=clock, ids=cli.ids, roads=roads, executor=executor
        )
        document = _as_asked(made, on, scratch)
        told = weekend.notices_of(scratch.database, plan_id) if plan_id else []
        about_travel = [notice for notice in told if notice.code.startswith("travel_")]
        findings = (*scratch.outcome.findings, *about_travel)
    write_json(given["out"], document)
    show_findings(findings, cli.locale)
    click.echo(words("cli.planned", _plan_facts(document), cli.locale))
    if document["violations"] or document["unserved"]:
        ctx.exit(1)


@click.command()
@click.argument("folder", type=FOLDER)
@click.argument("plan_file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--on", "on", type=FRIDAY, required=True, help="The Friday on which the weekend begins.")
@click.pass_context
def verify(ctx: click.Context, folder: Path, plan_file: Path, on: datetime) -> None:
    """Recomputes a plan file against its school folder and names every violation."""
    cli: Cli = ctx.obj
    try:
        document = json.loads(plan_file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InvalidInput("plan_file_unreadable", path=str(plan_file), reason=str(error)) from error
    roads = cli.roads()
    clock = SteppedClock(weekend.planning_moment(on.date()))
    with scratch_school(cli, read_folder(folder), clock) as scratch:
        violations = plan_check.violations_of(scratch.database, document, weekend_on=on.date(), roads=roads)
    show_findings(violations, cli.locale)
    click.echo(words("cli.verified", {"count": len(violations)}, cli.locale))
    if violations:
        ctx.exit(1)


@click.command("weekend")
@click.argument("folder", type=FOLDER)
@click.option("--on", "on", type=FRIDAY, required=True, help="The Friday on which the weekend begins.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option("--seconds", type=float, default=20.0, show_default=True, help="Search time a direction.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.pass_context
def weekend_command(ctx: click.Context, /, **given: Any) -> None:
    """Holds a whole weekend without a browser, from the files to the workbook."""
    cli: Cli = ctx.obj
    on = given["on"].date()
    order = WeekendOrder(weekend_on=on, seconds=given["seconds"], seed=given["seed"], by=BY)
    _refuse_wrong_order(order)
    out = writable_folder(given["out"])
    roads = cli.roads()
    clock = SteppedClock(weekend.planning_moment(on))
    with scratch_school(cli, read_folder(given["folder"]), clock) as scratch:
        _refuse_unknown_weekend(scratch, on)
        app = cli.create_app(scratch.settings, clock=clock, ids=cli.ids)
        outcome = weekend.hold_weekend(
            scratch.database,
            order,
            costs=scratch.outcome.costs,
            receipts=scratch.outcome.receipts,
            clock=clock,
            ids=cli.ids,
            transport=wsgi_transport(app),
            roads=roads,
        )
    for name, document in outcome.documents.items():
        write_json(out / name, _as_asked(document, on, scratch) if name.startswith("plan-") else document)
    (out / "reconciliation.xlsx").write_bytes(outcome.workbook)
    findings = (*scratch.outcome.findings, *outcome.findings)
    write_json(out / "findings.json", [_plain(finding) for finding in findings])
    show_findings(findings, cli.locale)
    click.echo(words("cli.weekend_held", dict(outcome.facts), cli.locale))
    if any(finding.severity is not Severity.LOG for finding in findings):
        ctx.exit(1)


def write_json(path: Path, document: Any) -> None:
    """The document as readable UTF-8 JSON, the folder made when it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def show_findings(findings: Iterable[Finding], locale: str) -> None:
    """The findings on standard error, by kind: how many of each, and the first few in words."""
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.code, []).append(finding)
    for code in sorted(kinds, key=lambda code: (-len(kinds[code]), code)):
        click.echo(f"{len(kinds[code])} × {code}", err=True)
        for finding in kinds[code][:SHOWN_PER_KIND]:
            click.echo(f"    {finding_words(finding, locale)}", err=True)


def _as_asked(document: Mapping[str, Any], weekend_on: date, scratch: Scratch) -> dict[str, Any]:
    """
    The document under the Friday that was asked for; the day it is driven stands beside.

    Whoever the roster names but the register could not take has no seat, and is told so here too;
    likewise whose row does not say whether he rides.
    """
    way = Direction(document["direction"])
    unserved = [
        {"rider_id": entry.rider_id, "reason": UnservedReason.NOT_REGISTERED.value}
        for entry in scratch.outcome.left_out.get(weekend_on, ())
        if entry.rides(way)
    ]
    unserved += [
        {"rider_id": entry.rider_id, "reason": UnservedReason.ROSTER_UNREADABLE.value}
        for entry in scratch.outcome.unreadable.get(weekend_on, ())
        if not entry.rides(way)
    ]
    return {
        **document,
        "on": weekend_on.isoformat(),
        "driven_on": document["on"],
        "unserved": [*document["unserved"], *unserved],
    }


def _refuse_wrong_order(order: WeekendOrder) -> None:
    try:
        planning.check_order(order.weekend_on, order.seconds)
    except InvalidInput as fault:
        raise WrongUse(fault.code, **fault.facts) from fault


def _refuse_unknown_weekend(scratch: Scratch, on: date) -> None:
    if on not in scratch.outcome.weekends:
        weekends = [weekend_on.isoformat() for weekend_on in scratch.outcome.weekends]
        raise WrongUse("roster_file_missing", weekend_on=on, weekends=weekends)


def _plan_facts(document: dict[str, Any]) -> dict[str, Any]:
    served = sum(len(stop["riders"]) for trip in document["trips"] for stop in trip["stops"])
    return {
        "trips": len(document["trips"]),
        "served": served,
        "unserved": len(document["unserved"]),
        "cost_fen": document["cost_fen"],
        "lower_bound_fen": document["lower_bound_fen"],
        "violations": len(document["violations"]),
    }


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "place": finding.place,
        "facts": plan_drafts.plain_facts(finding.facts),
        "zh": finding_words(finding, "zh_Hans"),
        "en": finding_words(finding, "en"),
    }


COMMANDS = (import_command, plan, verify, weekend_command)
