"""Commands on bills: into the books from files, of any length where WeChat Pay's merchant bill is one."""

from pathlib import Path

import click

from busops.cli.context import Cli
from busops.cli.school import show_findings
from busops.i18n import words
from busops.jobs import JobQueue
from busops.services import bulk_matching, long_bills, receipts
from busops.sheets.files.upload import check_size
from busops.storage.database import Database

BY = "cli"


@click.command("import-receipts")
@click.argument(
    "paths", metavar="FILE…", nargs=-1, required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)  # fmt: skip
@click.pass_context
def import_receipts(ctx: click.Context, paths: tuple[Path, ...]) -> None:
    """Takes bills into the books, each whole or not at all; a WeChat merchant bill may be of any length."""
    cli: Cli = ctx.obj
    settings = cli.settings()
    database = cli.database(settings)
    is_whole = True
    for path in paths:
        is_whole = _imported(cli, database, path) and is_whole
    jobs = JobQueue(database, settings, clock=cli.clock, ids=cli.ids)
    jobs.submit(bulk_matching.JOB, {"by": BY}, by=BY)
    jobs.close()
    if not is_whole:
        ctx.exit(1)


def _imported(cli: Cli, database: Database, path: Path) -> bool:
    """Whether the bill is in the books; if not, everything that keeps it out has been told."""
    long = long_bills.import_long_bill(database, path, clock=cli.clock, ids=cli.ids, by=BY)
    if long is not None:
        facts = {"taken": long.taken, "known": long.known, "skipped": long.skipped, "sum_fen": long.sum_fen}
        click.echo(words("cli.long_bill_imported", {"file": path.name, **facts}, cli.locale))
        return True
    check_size(path.name, path.stat().st_size)
    bill = receipts.preview(
        database, file_name=path.name, content=path.read_bytes(), clock=cli.clock, ids=cli.ids, by=BY
    )
    show_findings(bill.findings, cli.locale)
    if not bill.is_acceptable:
        receipts.discard(database, bill.batch_id, clock=cli.clock, by=BY)
        click.echo(words("cli.not_imported", {}, cli.locale))
        return False
    done = receipts.accept(database, bill.batch_id, clock=cli.clock, ids=cli.ids, by=BY)
    facts = {"taken": done.taken, "known": done.known, "skipped": len(bill.skipped)}
    facts |= {"sum_fen": bill.counts["sum_fen"], "matched": done.matched}
    click.echo(words("cli.bill_imported", {"file": path.name, **facts}, cli.locale))
    return True


COMMANDS = (import_receipts,)
