"""
The watch on the command line: the command that looks, and the threads that a server keeps beside its pages.
"""

import threading
from collections.abc import Callable, Iterable

import click
import structlog

from busops.cli.context import Cli
from busops.config import Settings
from busops.demo_clock import DemoClock, clock_of
from busops.domain.values import Clock, Ids
from busops.i18n import words
from busops.services import beats, long_bills, notice_channels, notices, photos, watch
from busops.services.notices import Delivered, Post
from busops.storage.alarm_store import Alarm
from busops.storage.database import Database

log = structlog.get_logger(__name__)
WATCH_EVERY_S = 5
TOOL = "busops notices"


@click.command("watch")
@click.option("--once", is_flag=True, help="Look once and say what was raised.")
@click.pass_obj
def watch_command(cli: Cli, once: bool) -> None:
    """Raises alarms: checks overdue, runs late or open, tablets silent; and sends their notices."""
    settings = cli.settings()
    post = post_of(cli.database(settings), settings, clock=clock_of(settings), ids=cli.ids)
    stop = threading.Event()
    while True:
        photos.forget_old(post.database, settings.instance_path, clock=post.clock)
        for alarm in watch.raise_due_alarms(post.database, post.clock, cli.ids):
            click.echo(alarm_line(alarm, cli.locale))
        beats.beat(settings.beat_path, cli.clock.now())
        tell(notices.deliver(post), cli.locale)
        if once or stop.wait(WATCH_EVERY_S):
            return


@click.command("notices")
@click.option("--once", is_flag=True, help="Send what is due, once.")
@click.option("--test", "tested", default=None, metavar="NAME", help="Send a test to this channel.")
@click.pass_obj
def notices_command(cli: Cli, once: bool, tested: str | None) -> None:
    """Lists the channels of notices and what was given up; sends what is due, or a test."""
    settings = cli.settings()
    post = post_of(cli.database(settings), settings, clock=clock_of(settings), ids=cli.ids)
    if tested is not None:
        channel = notice_channels.channel_named(post.database, tested)
        result = notices.test_channel(post, channel.channel_id, by=TOOL)
        click.echo(result_line(channel.name, result, cli.locale))
        if result != notices.TAKEN:
            click.get_current_context().exit(1)
        return
    if once:
        tell(notices.deliver(post), cli.locale)
    found = notice_channels.overview(post.database)
    for channel in found.channels:
        click.echo(result_line(channel.name, channel.result or "notice_untried", cli.locale))
    click.echo(words("cli.notices_dead", {"count": len(found.dead)}, cli.locale))


def post_of(database: Database, settings: Settings, *, clock: Clock, ids: Ids) -> Post:
    """What delivery needs, by this installation's settings."""
    return Post(database=database, clock=clock, ids=ids, means=settings.notices, speak=words)


def tell(delivered: Iterable[Delivered], locale: str) -> None:
    """What became of each notice, a line each."""
    for each in delivered:
        click.echo(result_line(each.channel.name, each.result, locale))


def result_line(name: str, result: str, locale: str) -> str:
    """A channel and what became of the last try, in words."""
    return words("cli.notice_result", {"name": name, "result": words(result, {}, locale)}, locale)


def alarm_line(alarm: Alarm, locale: str) -> str:
    """What a terminal says of a new alarm: the run, what it is and what is to be done."""
    kind = words(f"alarm_kind.{alarm.kind}", {}, locale)
    level = words(f"alarm_level.{alarm.level}", {}, locale)
    facts = {"run_id": alarm.run_id, "level": alarm.level, "kind": kind, "what": level}
    return words("cli.alarm_raised", facts, locale)


class WatchKept:
    """The watch of this process, in threads of its own, between start and stop."""

    def __init__(
        self, database: Database, settings: Settings, *, clock: Clock, ids: Ids, machine_clock: Clock
    ) -> None:
        self._database = database
        self._beat = settings.beat_path
        self._instance = settings.instance_path
        self._machine_clock = machine_clock  # of the beat: the demo's own may run sixty times as fast
        self._clock = clock
        self._ids = ids
        self._stop = threading.Event()
        self._post = post_of(database, settings, clock=clock, ids=ids)
        self._memory = watch.Memory()
        # A mail server that does not answer must not hold up the next look.
        self._threads = [
            threading.Thread(target=self._keep, args=(act,), daemon=True, name=name)
            for name, act in (("watch", self.look), ("notices", self.deliver))
        ]

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
        """Whatever is due by now is raised; photos that are old enough go."""
        photos.forget_old(self._database, self._instance, clock=self._clock)
        long_bills.clear_left(self._database, clock=self._clock)
        for alarm in watch.raise_due_alarms(self._database, self._clock, self._ids, self._memory):
            log.info("alarm_raised", run_id=alarm.run_id, kind=alarm.kind, level=alarm.level)
        if isinstance(self._clock, DemoClock):
            self._clock.keep()
        beats.beat(self._beat, self._machine_clock.now())

    def deliver(self) -> None:
        """Whatever notice may be tried by now is tried."""
        for each in notices.deliver(self._post):
            log.info("notice_tried", alarm_id=each.notice.alarm_id, result=each.result)

    def _keep(self, act: Callable[[], None]) -> None:
        while not self._stop.wait(WATCH_EVERY_S):
            try:
                act()
            except Exception:  # the watch outlives a busy database: it looks again in seconds
                log.warning("watch_missed", exc_info=True)


COMMANDS = (watch_command, notices_command)
