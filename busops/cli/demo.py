"""
Makes the demo's instance, says what to try, and keeps its simulated crews at work beside the server.

A half-made demo is thrown away at the next start; a finished one keeps its data.
"""

import json
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping, MutableMapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import click
import structlog

from busops.cli.context import Cli, read_folder
from busops.config import PREFIX, Settings, load_settings
from busops.demo_clock import OPENS_AT, DemoClock, clock_of, clock_path
from busops.domain.errors import NotFound
from busops.domain.run import Phase
from busops.domain.values import school_date
from busops.i18n import words
from busops.log import configure_logging
from busops.services import crew_tablets, demo_school, weekend
from busops.services.crew_player import PlayedRun, keep_awake, play_until
from busops.services.demo_school import PASSWORD, Stage
from busops.services.weekend import SteppedClock
from busops.storage import run_store, schema
from busops.storage.database import Database, open_engine

log = structlog.get_logger(__name__)
SECONDS: Final = 4.0
KEPT_BACK: Final = "receipts/"
TICK_S: Final = 1.0
TIMEOUT_S: Final = 20
PACKAGE: Final = Path(__file__).resolve().parent.parent


def demo_settings(environ: Mapping[str, str], *, port: int | None) -> Settings:
    """The demo's own settings and instance folder, whatever the installation's are."""
    folder = str(Path(environ.get("BUSOPS_INSTANCE", "instance")) / "demo")
    given = {"BUSOPS_INSTANCE": folder, "BUSOPS_DEMO": "true", "BUSOPS_ENVIRONMENT": "development"}
    if port is not None:
        given["BUSOPS_PORT"] = str(port)
    return load_settings(given)


def environment_of(settings: Settings) -> dict[str, str]:
    """What the page process must find in its environment to open the same demo."""
    return {
        "BUSOPS_INSTANCE": str(settings.instance_path),
        "BUSOPS_DEMO": "true",
        "BUSOPS_ENVIRONMENT": settings.environment,
        "BUSOPS_PORT": str(settings.port),
    }


def enter_demo(environ: MutableMapping[str, str], settings: Settings) -> None:
    """The process, and those it starts, find the demo's settings and none of the installation's."""
    for name in [each for each in environ if each.startswith(PREFIX)]:
        del environ[name]
    environ.update(environment_of(settings))


def build_demo(cli: Cli, settings: Settings, *, fresh: bool, transport_of: Any) -> None:
    """The demo's database stands; made anew when ``fresh``, when missing or half-made."""
    stage_path = settings.instance_path / "demo_stage.json"
    if stage_path.is_file() and not fresh:
        schema.upgrade(settings.database_url)
        return
    shutil.rmtree(settings.instance_path, ignore_errors=True)
    settings = load_settings(environment_of(settings))
    configure_logging(replace(settings, log_level="warning"))
    schema.upgrade(settings.database_url)
    clock = SteppedClock(weekend.planning_moment(demo_school.LAST_FRIDAY))
    app = cli.create_app(replace(settings, environment="test"), clock=clock, ids=cli.ids)
    files = read_folder(demo_folder())
    bills = sorted(name for name in files if name.startswith(KEPT_BACK))
    stage = demo_school.set_stage(
        cli.database(settings),
        files=files,
        kept_back=bills[-1].removeprefix(KEPT_BACK) if bills else "",
        seconds=SECONDS,
        opens_at=OPENS_AT,
        clock=clock,
        ids=cli.ids,
        transport=transport_of(app),
        say=lambda code: click.echo(words(code, {}, cli.locale)),
    )
    opened = DemoClock(cli.clock, clock_path(settings))
    opened.resume()
    opened.set(is_playing=True)
    stage_path.write_text(json.dumps(asdict(stage)), encoding="utf-8")


def demo_folder() -> Path:
    """The demo school's files: the checkout's, else those that travel in the wheel."""
    for folder in (PACKAGE.parent / "data" / "demo", PACKAGE / "data" / "demo"):
        if folder.is_dir():
            return folder
    raise NotFound("demo_data_missing")


def demo_guide(settings: Settings, locale: str) -> str:
    """Where the demo is, who may sign in, and what to try first."""
    scheme = "https" if settings.tls else "http"
    facts = {"address": f"{scheme}://{settings.host}:{settings.port}/", "password": PASSWORD}
    return words("demo.guide", facts, locale)


class CrewsAtWork:
    """While the block lasts: simulated crews tap what is due, when the switch says so."""

    def __init__(self, cli: Cli, settings: Settings) -> None:
        self._cli = cli
        self._settings = settings
        self._database = Database(engine=open_engine(settings.database_url), school_id=settings.school_id)
        self._clock = clock_of(settings)
        self._runs: list[PlayedRun] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True, name="crews")
        kept = json.loads((settings.instance_path / "demo_stage.json").read_text(encoding="utf-8"))
        self._stage = Stage(**kept)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stop.wait(TICK_S):
            if isinstance(self._clock, DemoClock):
                try:
                    self._tick(is_playing=self._clock.is_playing)
                except (OSError, NotFound):  # the pages are starting or stopping: the next tick goes on
                    log.info("crews_wait", exc_info=False)
                except Exception:  # the demo goes on without its crews' last second
                    log.warning("crews_stumbled", exc_info=True)

    def _tick(self, *, is_playing: bool) -> None:
        self._take_new_runs()
        simulated = crew_tablets.simulated_devices(self._database)
        free = [
            run
            for run in self._runs
            if not crew_tablets.taken_over(self._database, run.pack["run"], simulated)
        ]
        if is_playing:
            play_until(free, self._clock.now(), transport=self._send, ids=self._cli.ids)
        else:
            keep_awake(free, self._clock.now(), transport=self._send)

    def _take_new_runs(self) -> None:
        known = {run.run_id for run in self._runs}
        with self._database.reading() as tx:
            waiting = [
                run.run_id
                for run in run_store.list_runs(tx, on=school_date(self._clock.now()))
                if run.phase not in {Phase.CLOSED, Phase.CANCELLED} and run.run_id not in known
            ]
        self._runs += crew_tablets.hand_out(
            self._database,
            waiting,
            transport=self._send,
            clock=self._clock,
            ids=self._cli.ids,
            slips_of=self._stage.slips_of,
        )

    def _send(self, method: str, path: str, headers: Mapping[str, str], body: Any) -> tuple[int, Any]:
        address = f"http://{self._settings.host}:{self._settings.port}{path}"
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        asked = urllib.request.Request(address, data=content, method=method, headers=dict(headers))
        asked.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(asked, timeout=TIMEOUT_S) as answer:  # noqa: S310 own server
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read() or b"null")
