"""A bus that nobody checked, in a real Chromium: tablets ring, people are called, the checks end it."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from busops import i18n
from busops.clock import UuidIds
from busops.config import Settings
from busops.domain.fleet import CrewRole
from busops.domain.notices import NoticeMeans
from busops.domain.run_plan import RunPlan
from busops.services import notice_channels, notices, runs, watch
from busops.services.notice_channels import Given
from busops.services.notices import Post
from busops.services.simulated_crew import Slips, drive
from busops.storage import alarm_store
from busops.storage.database import Database
from busops.web.app import create_app
from tests.e2e.navigators.attendant import Attendant
from tests.e2e.navigators.driver import Driver
from tests.sim import world
from tests.unit.services.notice_sinks import Sink, web_sink

PHONE, TABLET = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
ATTENDANT_CODES = [world.TAGS["rear"], world.TAGS["row:2"], world.TAGS["row:7"]]
DRIVER_CODES = [world.TAGS["rear"], world.TAGS["row:4"], world.TAGS["row:6"]]
NEWS_MS = 20_000
# What a person would hear: tones are counted, sentences kept; this machine has no voice of its own.
EARS = """
window.heard = {tones: 0, said: []};
const made = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () { window.heard.tones += 1; return made.call(this); };
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
Object.defineProperty(window, "speechSynthesis", {value: {
  getVoices: () => [{lang: "zh-CN"}], cancel() {}, speak: (each) => window.heard.said.push(each.text)}});
"""


class MovedClock:
    """Runs as fast as any clock and jumps when it is told to."""

    def __init__(self, moment: datetime) -> None:
        self.set(moment)

    def set(self, moment: datetime) -> None:
        """It is that moment now."""
        self.moment, self.started_s = moment, time.monotonic()

    def now(self) -> datetime:
        """The moment it was set to, and what has passed since."""
        return self.moment + timedelta(seconds=time.monotonic() - self.started_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """A server with one bus at its terminal, everybody off, nobody has checked it; a clock for all of it."""

    url: str
    database: Database
    plan: RunPlan
    clock: MovedClock
    sink: Sink
    post: Post
    off_at: datetime
    pages: list[Page]

    def to(self, **after: float) -> None:
        """So long after the last rider got off, for the server and every browser; the watch looks."""
        ahead = self.off_at + timedelta(**after) - self.clock.now()
        self.clock.set(self.clock.now() + ahead)
        for page in self.pages:
            page.clock.fast_forward(int(ahead.total_seconds() * 1000))
        watch.raise_due_alarms(self.database, self.clock, self.post.ids)
        notices.deliver(self.post)

    def told(self) -> list[int]:
        """The levels that the channel was told of."""
        return [asked.said["level"] for asked in self.sink.taken]

    def standing(self) -> set[str]:
        """The kinds of alarm that are not over."""
        with self.database.reading() as tx:
            return {alarm.kind for alarm in alarm_store.load_alarms(tx)}


@pytest.fixture
def terminal(sqlite_database: Database, settings: Settings) -> Iterator[Terminal]:
    """The small school's run, driven to its end by its crew's tablets, which then lie in a drawer."""
    clock, ids = MovedClock(world.a_clock().moment), UuidIds()
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    plan = world.release(sqlite_database)
    app = create_app(settings, clock=clock, ids=ids)
    held = world.tablets(sqlite_database, clock=clock, ids=ids)
    transport = world.transport(app)
    _, pack = transport("GET", "/api/v1/runs/run-1/pack", held[CrewRole.ATTENDANT].headers, None)
    drive(transport, held, pack=pack, tags=world.TAGS, ids=ids, slips=Slips(checks_at_all=False))
    _, news = transport("GET", "/api/v1/runs/run-1/news", held[CrewRole.ATTENDANT].headers, None)
    off_at = datetime.fromtimestamp(news["t0_ms"] / 1000, clock.now().tzinfo)
    clock.set(off_at + timedelta(seconds=20))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with web_sink() as sink:
        means = NoticeMeans(hosts=(sink.host,))
        given = Given(
            kind="webhook",
            name="值班",
            target=f"http://{sink.host}/",
            secret="s" * 16,
            levels=(1, 2, 3),
            language="zh_Hans",
        )
        acting = {"by": "u1", "clock": clock, "ids": ids}
        notice_channels.add_channel(sqlite_database, given, means=means, **acting)
        yield Terminal(
            url=f"http://127.0.0.1:{server.port}",
            database=sqlite_database,
            plan=plan,
            clock=clock,
            sink=sink,
            post=Post(database=sqlite_database, clock=clock, ids=ids, means=means, speak=i18n.words),
            off_at=off_at,
            pages=[],
        )
    server.shutdown()
    thread.join()


@pytest.fixture
def signed_in(terminal: Terminal, browser: Browser) -> Iterator[Callable[[str, dict], Page]]:
    """A page of a signed-in person with ears, in a browser of his own that goes by the terminal's clock."""
    contexts = []

    def enter(account: str, size: dict) -> Page:
        context = browser.new_context(base_url=terminal.url, viewport=size)
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(EARS)
        page.clock.install(time=terminal.clock.now())
        page.goto("/signin")
        page.fill("[name=account]", account)
        page.fill("[name=password]", world.PASSWORD)
        page.click("main button[type=submit]")
        page.wait_for_url(lambda url: "/signin" not in url)
        terminal.pages.append(page)
        return page

    yield enter
    for context in contexts:
        context.close()


def hears(page: Page, what: str) -> None:
    """Somebody beside the tablet hears this before long."""
    for _look in range(100):
        if page.evaluate(what):
            return
        page.wait_for_timeout(200)
    raise AssertionError(what)


def rings(page: Page) -> bool:
    """Whether the page shows its siren."""
    return page.locator("[data-siren]").is_visible()


def test_both_tablets_ring_people_are_called_and_only_the_checks_end_it(terminal, signed_in):
    """
    At 0:20 a sentence, at 3:00 the siren on both screens and the first notice, at 5:00 the second though the
    board has acknowledged; offline the siren goes on; two checks and the parking end everything.
    """
    attendant = Attendant(signed_in("attendant", TABLET))
    driver = Driver(signed_in("driver", PHONE))
    board = signed_in("dispatcher", TABLET)
    attendant.open("run-1")
    driver.open("run-1")
    for page in (attendant.page, driver.page):
        expect(page.locator("[data-timer] .timer__n")).to_be_visible(timeout=NEWS_MS)
        assert not rings(page)
        hears(page, "window.heard.said.some((text) => text.includes('请走到车尾'))")
        page.mouse.click(5, 5)  # the first touch of a shift unlocks the sound
    terminal.to(minutes=3, seconds=2)
    for page in (attendant.page, driver.page):
        expect(page.locator("[data-siren]")).to_contain_text("超过 3 分钟，请立即清车")
        hears(page, "window.heard.tones >= 2")
    assert terminal.told() == [1]
    board.goto("/dispatch?on=" + terminal.plan.on.isoformat())
    expect(board).to_have_title("(1) 调度看板 – busops")
    board.get_by_role("button", name="已知悉").click()
    attendant.page.context.set_offline(True)
    terminal.to(minutes=5, seconds=2)
    assert terminal.told() == [1, 2]
    expect(attendant.page.locator("[data-siren]")).to_contain_text("10:00 通知责任人")
    attendant.page.get_by_role("button", name="已知悉，静音 30 秒").click()
    expect(attendant.page.locator("[data-siren]")).to_contain_text("已静音，升级不停")
    attendant.check_bus(ATTENDANT_CODES)
    expect(attendant.page.locator("[data-siren]")).to_be_hidden()
    assert "check_overdue" in terminal.standing(), "what only a tablet knows ends nothing"
    attendant.page.context.set_offline(False)
    attendant.page.evaluate("window.dispatchEvent(new Event('online'))")
    ends(terminal, driver)


def ends(terminal: Terminal, driver: Driver) -> None:
    """The driver checks and parks; nobody is called any further."""
    driver.is_at("check")
    assert rings(driver.page)
    terminal.to(minutes=6)
    driver.checks(DRIVER_CODES)
    driver.is_at("parked")
    expect(driver.page.locator("[data-siren]")).to_be_hidden()
    terminal.to(minutes=7)
    driver.parks(world.TAGS["rear"])
    driver.is_at("closed")
    assert "check_overdue" not in terminal.standing()
    terminal.to(minutes=30)
    assert terminal.told() == [1, 2]
    assert runs.run_view(terminal.database, "run-1").state.checks.is_complete
