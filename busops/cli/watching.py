"""
The watch on the command line: the command that looks, and the threads that a server keeps beside its pages.
"""

import threading
from collections.abc import Callable

import click
import structlog

from busops.cli.context import Cli
from busops.config import Settings
from busops.demo_clock import DemoClock, clock_of
from busops.domain.values import Clock, Ids
from busops.i18n import words
from busops.services import watch
from busops.storage.alarm_store import Alarm
from busops.storage.database import Database

log = structlog.get_logger(__name__)
WATCH_EVERY_S = 5


@click.command("watch")
@click.option("--once", is_flag=True, help="Look once and say what was raised.")
@click.pass_obj
def watch_command(cli: Cli, once: bool) -> None:
    """Raises the alarms of overdue checks, late runs, silent tablets and runs that stay open."""
    settings = cli.settings()
    database, clock = cli.database(settings), clock_of(settings)
    stop = threading.Event()
    while True:
        for alarm in watch.raise_due_alarms(database, clock, cli.ids):
            click.echo(alarm_line(alarm, cli.locale))
        if once or stop.wait(WATCH_EVERY_S):
            return


def alarm_line(alarm: Alarm, locale: str) -> str:
    """What a terminal says of a new alarm: the run, what it is and what is to be done."""
    kind = words(f"alarm_kind.{alarm.kind}", {}, locale)
    level = words(f"alarm_level.{alarm.level}", {}, locale)
    facts = {"run_id": alarm.run_id, "level": alarm.level, "kind": kind, "what": level}
    return words("cli.alarm_raised", facts, locale)


class WatchKept:
    """The watch of this process, in threads of its own, between start and stop."""

    def __init__(self, database: Database, settings: Settings, *, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._keep, args=(self.look,), daemon=True, name="watch")]

    def start(self) -> None:
        """It looks every few seconds from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """It looks no more; what it is at ends first."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def look(self) -> None:
        """Whatever is due by now is raised."""
        for alarm in watch.raise_due_alarms(self._database, self._clock, self._ids):
            log.info("alarm_raised", run_id=alarm.run_id, kind=alarm.kind, level=alarm.level)
        if isinstance(self._clock, DemoClock):
            self._clock.keep()

    def _keep(self, act: Callable[[], None]) -> None:
        while not self._stop.wait(WATCH_EVERY_S):
            try:
                act()
            except Exception:  # the watch outlives a busy database: it looks again in seconds
                log.warning("watch_missed", exc_info=True)


COMMANDS = (watch_command,)
