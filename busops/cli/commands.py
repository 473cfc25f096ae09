"""
The command line: every command is thin, and what it does is a service that the pages use too.

The application's factory is handed in by ``busops/__main__.py``: pages and commands do not
know each other. Exit codes: 0 done, 1 findings that a person must see, 2 wrong use, 3 a fault
of ours.
"""

import sys
import traceback

import click

from busops import __version__
from busops.cli import bench, bills, certs, doctor, records, roads, school, server, term, watching
from busops.cli.context import AppFactory, Cli, WrongUse, locale_of_terminal
from busops.domain.errors import BusopsError
from busops.i18n import LOCALES, error_words, finding_words

EXIT_FINDINGS = 1
EXIT_WRONG_USE = 2
EXIT_FAULT = 3


class Commands(click.Group):
    """A group whose errors are sentences in the reader's language, never tracebacks of ours."""

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command; turns what busops raises on purpose into words and exit code 1 or 2."""
        try:
            return super().invoke(ctx)
        except BusopsError as error:
            tell(error, ctx.obj.locale if isinstance(ctx.obj, Cli) else locale_of_terminal())
            ctx.exit(EXIT_WRONG_USE if isinstance(error, WrongUse) else EXIT_FINDINGS)
        except (click.exceptions.Exit, click.Abort, click.ClickException):
            raise
        except Exception:  # the edge: a fault of ours keeps its trace and its own exit code
            traceback.print_exc()
            ctx.exit(EXIT_FAULT)


def tell(error: BusopsError, locale: str) -> None:
    """The error and all that it collected, on standard error."""
    click.echo(error_words(error, locale), err=True)
    for finding in (*getattr(error, "findings", ()), *getattr(error, "reasons", ())):
        click.echo(f"  · {finding_words(finding, locale)}", err=True)


def build_cli(create_app: AppFactory) -> click.Group:
    """The ``busops`` command over the application that ``create_app`` makes."""

    @click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
    @click.version_option(__version__, prog_name="busops")
    @click.option("--lang", type=click.Choice(LOCALES), default=None, help="Language of messages.")
    @click.pass_context
    def busops(ctx: click.Context, lang: str | None) -> None:
        """School transport: rosters, plans, runs with an interlock, fares and the 10 % goal."""
        ctx.obj = Cli(create_app=create_app, locale=lang or locale_of_terminal())

    groups = (server, watching, certs, doctor, school, records, bills, bench, roads, term)
    for command in (command for group in groups for command in group.COMMANDS):
        busops.add_command(command)
    return busops


def main(create_app: AppFactory) -> None:
    """Runs the command line; never returns."""
    sys.exit(build_cli(create_app)())
