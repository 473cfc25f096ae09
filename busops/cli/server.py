"""
Commands that start something: a new installation, the server, a worker, the demo.

One command runs everything: ``busops serve`` keeps the job worker and the watch in its own
process and the pages in another, so that a long plan never holds up a page.
"""

import multiprocessing
import os
import signal
import socket
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
from granian import Granian
from granian.constants import Interfaces

from busops.cli.certs import tls_environment
from busops.cli.context import Cli, read_folder
from busops.cli.demo import CrewsAtWork, build_demo, demo_guide, demo_settings, enter_demo
from busops.cli.plain_authority import PlainAuthority
from busops.cli.transport import wsgi_transport
from busops.cli.watching import WatchKept
from busops.config import Settings
from busops.demo_clock import DemoClock, clock_of
from busops.domain.errors import Refused
from busops.domain.people import Role
from busops.i18n import words
from busops.jobs import JobQueue
from busops.log import configure_logging
from busops.planner.warm import warm
from busops.services import certificates, people, register
from busops.storage import schema
from busops.storage.database import open_engine

ADMIN = "admin"


@click.command()
@click.option("--school", type=click.Path(path_type=Path), default=None, help="A school folder to import.")
@click.pass_obj
def init(cli: Cli, school: Path | None) -> None:
    """Makes the database and the first administrator; imports a school folder when one is named."""
    settings = cli.settings()
    schema.upgrade(settings.database_url)
    schema.restore_guards(settings.database_url)
    database = cli.database(settings)
    password = people.first_admin(database, username=ADMIN, clock=cli.clock, ids=cli.ids)
    if password:
        click.echo(words("cli.first_admin", {"username": ADMIN, "password": password}, cli.locale))
    if school is not None:
        files = read_folder(school)
        outcome = register.import_folder(database, files=files, by=ADMIN, clock=cli.clock, ids=cli.ids)
        click.echo(words("cli.imported", dict(outcome.counts), cli.locale))


@click.command()
@click.option("--tls", "over_tls", is_flag=True, help="Speak TLS with the certificate of `busops certs`.")
@click.pass_obj
def serve(cli: Cli, *, over_tls: bool) -> None:
    """Serves the pages, does the jobs and keeps the watch, until stopped."""
    if over_tls:
        # the process of the pages reads its settings there
        os.environ.update(tls_environment(os.environ, cli.clock.now()))
    settings = cli.settings()
    run_server(cli, settings)


@click.command()
@click.pass_obj
def worker(cli: Cli) -> None:
    """Does jobs and keeps the watch beside a server that runs elsewhere."""
    settings = cli.settings()
    configure_logging(settings)
    refuse_unguarded(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with _Background(cli, settings):  # left in order: what a worker has in hand goes back to the queue
        stop.wait()


@click.command()
@click.option("--fresh", is_flag=True, help="Throw the demo away and make it anew.")
@click.option("--port", type=int, default=None, help="Where to serve; 8000 unless said otherwise.")
@click.option("--serve/--no-serve", "serves", default=True, help="Only make the demo, or serve it too.")
@click.pass_obj
def demo(cli: Cli, fresh: bool, port: int | None, serves: bool) -> None:
    """A fictitious school on a living Friday; keeps its data between starts."""
    settings = demo_settings(os.environ, port=port)
    enter_demo(os.environ, settings)
    if serves:
        refuse_taken_port(settings)
    build_demo(cli, settings, fresh=fresh, transport_of=wsgi_transport)
    schema.restore_guards(settings.database_url)  # nobody runs `init` for a demo
    click.echo(demo_guide(settings, cli.locale))
    if serves:
        clock = clock_of(settings)
        if isinstance(clock, DemoClock):
            clock.resume()
        with CrewsAtWork(cli, settings):
            run_server(cli, settings)


@click.command()
@click.argument("username")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--name", required=True, help="The name that pages and records show.")
@click.option("--crew-id", default=None, help="For drivers and attendants: their number in the register.")
@click.password_option(help="At least twelve characters.")
@click.pass_obj
def person(cli: Cli, /, **given: Any) -> None:
    """Adds a person who may sign in."""
    given["role"] = Role(given["role"])
    people.create_person(cli.database(cli.settings()), **given, clock=cli.clock, ids=cli.ids)
    click.echo(words("cli.person_added", {"username": given["username"]}, cli.locale))


def refuse_taken_port(settings: Settings) -> None:
    """Raises Refused when somebody else already serves at one of these addresses."""
    for port in filter(None, (settings.port, settings.ca_port)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except OSError as fault:
                raise Refused("cli.port_taken", host=settings.host, port=port) from fault


def refuse_unguarded(settings: Settings) -> None:
    """Raises Refused when a guard of the database is gone, changed or switched off."""
    engine = open_engine(settings.database_url)
    try:
        if not schema.guards_intact(engine):
            raise Refused("cli.guards_not_intact")
    finally:
        engine.dispose()


def refuse_unusable_certificate(cli: Cli, settings: Settings) -> None:
    """Raises when the certificate to serve with is missing, expired or another key's."""
    if not settings.tls:
        return
    now = cli.clock.now()
    found = certificates.usable(Path(settings.tls_cert), Path(settings.tls_key), at=now)
    if found.not_after - now < certificates.RENEW_BEFORE:
        click.echo(words("cli.tls_ends_soon", {"days": found.days_left(now)}, cli.locale), err=True)


def run_server(cli: Cli, settings: Settings) -> None:
    """Pages in a process of their own, jobs and the watch in this one, until a signal ends both."""
    configure_logging(settings)
    refuse_taken_port(settings)
    refuse_unusable_certificate(cli, settings)
    schema.upgrade(settings.database_url)
    refuse_unguarded(settings)
    # A forked page process would inherit locks that a thread of this one holds at that moment.
    multiprocessing.set_start_method("spawn", force=True)
    server = Granian(
        "busops.__main__:pages",
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.host,
        port=settings.port,
        blocking_threads=4,
        ssl_cert=Path(settings.tls_cert) if settings.tls else None,
        ssl_key=Path(settings.tls_key) if settings.tls else None,
        log_enabled=True,
        websockets=False,
        respawn_failed_workers=True,
    )
    with (
        plain_authority(cli, settings),
        _Background(cli, settings) if settings.worker_inside else nullcontext(),
    ):
        server.serve()


def plain_authority(cli: Cli, settings: Settings) -> PlainAuthority:
    """The page of the school's authority on its own port, where one is set; raises when there is none."""
    if not settings.ca_port:
        return PlainAuthority(None, host=settings.host, port=0)
    certificates.shown(settings.tls_path / certificates.CA_CERT)
    return PlainAuthority(cli.create_app(settings), host=settings.host, port=settings.ca_port)


class _Background:
    """The job workers and the watch of this process, while the block lasts."""

    def __init__(self, cli: Cli, settings: Settings) -> None:
        database, clock = cli.database(settings), clock_of(settings)
        self._queue = JobQueue(database, settings, clock=clock, ids=cli.ids)
        self._watch = WatchKept(database, settings, clock=clock, ids=cli.ids, machine_clock=cli.clock)

    def __enter__(self) -> None:
        # The first plan after a start would wait for the search's machine code to be loaded.
        threading.Thread(target=warm, daemon=True, name="warm").start()
        self._queue.start()
        self._watch.start()

    def __exit__(self, *_: object) -> None:
        self._watch.stop()
        self._queue.stop()


COMMANDS = (init, serve, worker, demo, person)
