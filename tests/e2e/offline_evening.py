"""A served evening whose server can be stopped and started again, and a tablet that is signed in to it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import BaseWSGIServer, make_server

from busops.clock import SystemClock, UuidIds
from busops.config import Settings
from busops.domain.run_plan import RunPlan
from busops.services import runs
from busops.storage.database import Database
from busops.web.app import create_app
from tests.e2e.navigators.attendant import Attendant
from tests.sim import world

TABLET = {"width": 1280, "height": 800}
SENT_MS = 30_000
STOPS = ("S001", "S002", "S003")
WORKER_READY = """async () => {
  const { active } = await navigator.serviceWorker.ready;
  while (active.state !== "activated") await new Promise((later) => setTimeout(later, 50));
  return true;
}"""


@dataclass(slots=True, kw_only=True)
class Evening:
    """One run about to leave, and the server that knows it, while it is up."""

    settings: Settings
    database: Database
    plan: RunPlan
    port: int = 0
    server: BaseWSGIServer | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Where the server is, or was."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """The server answers at its address."""
        app = create_app(self.settings, clock=SystemClock(), ids=UuidIds())
        self.server = make_server("127.0.0.1", self.port, app, threaded=True)
        self.port = self.server.port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Nobody answers there any more."""
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def riders_of(self, stop_id: str) -> list[str]:
        """The riders who belong to a stop."""
        return [rider.rider_id for rider in self.plan.manifest if rider.stop_id == stop_id]

    def aboard(self) -> set[str]:
        """Who is aboard, as the server has it."""
        return set(runs.run_view(self.database, self.plan.run_id).state.aboard)


@contextmanager
def served_evening(
    database: Database, settings: Settings, stops: tuple[str, ...] = STOPS
) -> Iterator[Evening]:
    """The small school with one run over these stops leaving in five minutes, served."""
    clock = SystemClock()
    world.fill(database)
    world.add_people(database, clock, UuidIds())
    plan = world.release(database, departs_at=world.soon(clock), stops=stops)
    evening = Evening(settings=settings, database=database, plan=plan)
    evening.start()
    try:
        yield evening
    finally:
        evening.stop()


def sign_in(
    browser: Browser, evening: Evening, account: str = "attendant", size: dict[str, int] = TABLET
) -> Page:
    """A page of a signed-in person, in a browser of his own."""
    context = browser.new_context(base_url=evening.url, viewport=size)
    page = context.new_page()
    page.goto("/signin")
    page.fill("[name=account]", account)
    page.fill("[name=password]", world.PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/tablet/")
    return page


def open_run(page: Page) -> Attendant:
    """The attendant's screen of the run, its worker ready for the next start."""
    attendant = Attendant(page)
    attendant.open("run-1")
    assert page.evaluate(WORKER_READY)
    return attendant


def sent(page: Page) -> None:
    """Everything that waited has reached the server."""
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator("[data-unsent]")).to_have_attribute("data-unsent", "0", timeout=SENT_MS)
    expect(page.locator("[data-network]")).to_be_hidden(timeout=SENT_MS)
