"""Commands on what was recorded: reconcile, rebuild, back up, check the audit trail, bench the planner."""

import time
from pathlib import Path
from typing import Any

import click

from busops.cli.context import Cli, read_folder
from busops.cli.school import FRIDAY, show_findings, write_json
from busops.cli.scratch import BY, scratch_school
from busops.domain.values import Direction
from busops.i18n import words
from busops.services import audit, backups, books_audit, planning, reconciliation, runs, sheet_papers, weekend
from busops.services.weekend import SteppedClock


@click.command()
@click.option("--on", "on", type=FRIDAY, required=True, help="The Friday of the weekend.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.pass_obj
def reconcile(cli: Cli, on: Any, out: Path) -> None:
    """Writes reconciliation.json and reconciliation.xlsx of one weekend of this installation."""
    database = cli.database(cli.settings())
    result = reconciliation.reconcile(database, weekend_on=on.date(), clock=cli.clock)
    write_json(out / "reconciliation.json", reconciliation.document(result))
    (out / "reconciliation.xlsx").write_bytes(sheet_papers.workbook(database, result))
    click.echo(words("cli.reconciled", {"path": str(out)}, cli.locale))


@click.command()
@click.pass_obj
def rebuild(cli: Cli) -> None:
    """Makes what lists and boards show of every run anew, from its events."""
    count = runs.rebuild(cli.database(cli.settings()), clock=cli.clock, ids=cli.ids)
    click.echo(words("cli.rebuilt", {"count": count}, cli.locale))


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def backup(cli: Cli, path: Path) -> None:
    """Copies the database while it is in use, and checks the copy."""
    written = backups.back_up(cli.database(cli.settings()), path)
    click.echo(words("cli.backed_up", {"path": str(written)}, cli.locale))


@click.command("audit")
@click.pass_context
def audit_command(ctx: click.Context) -> None:
    """Recomputes the audit trail's chain and the books; the chain's head belongs outside this machine."""
    cli: Cli = ctx.obj
    database = cli.database(cli.settings())
    checked, books = audit.verify(database), books_audit.verify_books(database)
    show_findings((*checked.findings, *books.findings), cli.locale)
    if not checked.holds or books.findings:
        ctx.exit(1)
    click.echo(words("cli.books_intact", {"count": books.txns}, cli.locale))
    click.echo(words("cli.audit_intact", {"count": checked.entries, "head": checked.head}, cli.locale))


@click.command()
@click.option(
    "--instances", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True,
    help="A folder of school folders.",
)  # fmt: skip
@click.option("--seconds", type=float, default=20.0, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.pass_obj
def bench(cli: Cli, instances: Path, seconds: float, seed: int) -> None:
    """Plans the first weekend of every school folder below a folder and prints cost and proven bound."""
    for folder in sorted(path.parent for path in instances.glob("*/school.toml")):
        click.echo(words("cli.benched", _benched(cli, folder, seconds, seed), cli.locale))


def _benched(cli: Cli, folder: Path, seconds: float, seed: int) -> dict[str, Any]:
    files = read_folder(folder)
    clock = SteppedClock(cli.clock.now())
    with scratch_school(cli, files, clock) as scratch:
        on = min(scratch.outcome.weekends)
        clock = SteppedClock(weekend.planning_moment(on))
        begun = time.monotonic()
        plan_id = planning.plan_weekend(
            scratch.database, weekend_on=on, direction=Direction.HOMEWARD, seconds=seconds, seed=seed,
            clock=clock, ids=cli.ids, by=BY,
        )  # fmt: skip
        spent = time.monotonic() - begun
        document = planning.document(scratch.database, plan_id)
    stops = {stop["stop_id"] for trip in document["trips"] for stop in trip["stops"]}
    return {
        "name": folder.name,
        "riders": sum(len(stop["riders"]) for trip in document["trips"] for stop in trip["stops"]),
        "stops": len(stops),
        "seconds": round(spent, 1),
        "cost_fen": document["cost_fen"],
        "lower_bound_fen": document["lower_bound_fen"],
        "unserved": len(document["unserved"]),
    }


COMMANDS = (reconcile, rebuild, backup, audit_command, bench)
