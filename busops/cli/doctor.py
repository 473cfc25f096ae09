"""The command that looks at everything safe serving leans on, and says what is wrong in a sentence each."""

import json
import socket
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import click

from busops.cli.context import Cli
from busops.config import Settings, read_settings
from busops.config.addresses import is_loopback
from busops.demo_clock import clock_of
from busops.i18n import words
from busops.services import doctor
from busops.services.certificates import CA_KEY, SERVER_CERT, SERVER_KEY
from busops.services.doctor import Check, State, Surroundings
from busops.storage.database import Database, open_engine

SIGNS: Final = {State.OK: "✓", State.LOOK: "!", State.UNSAFE: "✗"}
SQLITE: Final = "sqlite:///"
ANSWERS_WITHIN_S: Final = 1.0


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One document for programs instead of sentences.")
@click.pass_context
def doctor_command(ctx: click.Context, *, as_json: bool) -> None:
    """Looks at everything that safe serving leans on; exit code 1 when serving would be unsafe."""
    cli: Cli = ctx.obj
    checks = _examined(cli, read_settings())
    if as_json:
        click.echo(json.dumps(_document(checks, cli.locale), ensure_ascii=False, indent=1))
    else:
        for check in checks:
            click.echo(f"{SIGNS[check.state]} {words(check.code, check.facts, cli.locale)}")
        click.echo(words("doctor.safe" if doctor.is_safe(checks) else "doctor.unsafe", {}, cli.locale))
    if not doctor.is_safe(checks):
        ctx.exit(1)


def _examined(cli: Cli, settings: Settings) -> tuple[Check, ...]:
    around = _surroundings(cli, settings)
    address = settings.database_address
    if address.startswith(SQLITE) and not Path(address.removeprefix(SQLITE)).is_file():
        return doctor.without_database(around, path=Path(address.removeprefix(SQLITE)))
    with closing(_Opened(settings)) as opened:
        return doctor.examine(opened.database, around, at=clock_of(settings).now())


class _Opened:
    """The database as the pages open it, until closed."""

    def __init__(self, settings: Settings) -> None:
        engine = open_engine(settings.database_address)
        self.database = Database(engine=engine, school_id=settings.school_id)

    def close(self) -> None:
        self.database.engine.dispose()


def _surroundings(cli: Cli, settings: Settings) -> Surroundings:
    cert, key = settings.tls_path / SERVER_CERT, settings.tls_path / SERVER_KEY
    if settings.tls:
        cert, key = Path(settings.tls_cert), Path(settings.tls_key)
    has_tls = settings.tls or cert.exists()
    return Surroundings(
        instance=settings.instance_path,
        secret_path=None if settings.secret_key else settings.secret_path,
        tls_cert=cert if has_tls else None,
        tls_key=key if has_tls else None,
        authority_key=settings.tls_path / CA_KEY,
        beat_path=settings.beat_path,
        behind_proxy=settings.behind_proxy,
        only_here=is_loopback(settings.host),
        is_served=_is_served(settings),
        worker_inside=settings.worker_inside,
        machine_at=cli.clock.now(),
    )


def _is_served(settings: Settings) -> bool:
    """Whether somebody answers where this installation's pages would be."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 – read, not bound
    try:
        with socket.create_connection((host, settings.port), timeout=ANSWERS_WITHIN_S):
            return True
    except OSError:
        return False


def _document(checks: tuple[Check, ...], locale: str) -> dict[str, Any]:
    return {
        "safe": doctor.is_safe(checks),
        "checks": [
            {
                "check": check.name,
                "state": check.state.value,
                "code": check.code,
                "says": words(check.code, check.facts, locale),
            }
            for check in checks
        ],
    }


COMMANDS = (doctor_command,)
