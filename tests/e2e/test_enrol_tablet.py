"""A vehicle's tablet in a real Chromium: scanned, compared, used under a PIN with and without a network."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from busops.clock import SystemClock, UuidIds
from busops.config import Settings
from busops.storage import device_store, event_store
from busops.storage.database import Database
from busops.web.app import create_app
from tests.e2e.looking import overflows, untranslated, violations
from tests.e2e.navigators.attendant import Attendant
from tests.sim import world
from tests.small_school import COACH

PHONE, LAPTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
# What the browser holds of its keys: whether a script could take them out.
KEYS = """async () => {
  const open = indexedDB.open("busops-device");
  await new Promise((done) => { open.onsuccess = done; });
  const asked = open.result.transaction("meta").objectStore("meta").get("identity");
  await new Promise((done) => { asked.onsuccess = done; });
  const { key, pinKey } = asked.result;
  return [key.privateKey.extractable, key.publicKey.algorithm.namedCurve, pinKey?.extractable ?? null];
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depot:
    """A server of the small school, and browsers for its office and its tablets."""

    url: str
    database: Database
    browser: Browser

    def page(self, language: str = "zh", account: str = "", size: dict[str, int] = LAPTOP) -> Page:
        """A page in a browser of its own, of a signed-in person if one is named."""
        page = self.browser.new_context(base_url=self.url, viewport=size, reduced_motion="reduce").new_page()
        page.goto(f"/language/{language}?next=/signin")
        if account:
            page.fill("[name=account]", account)
            page.fill("[name=password]", world.PASSWORD)
            page.click("main button[type=submit]")
            page.wait_for_load_state()
        return page


@pytest.fixture
def depot(sqlite_database: Database, settings: Settings, browser: Browser) -> Iterator[Depot]:
    """A running server over the small school with a run about to leave."""
    clock, ids = SystemClock(), UuidIds()
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    world.release(sqlite_database, departs_at=world.soon(clock))
    server = make_server("127.0.0.1", 0, create_app(settings, clock=clock, ids=ids), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Depot(url=f"http://127.0.0.1:{server.port}", database=sqlite_database, browser=browser)
    for context in browser.contexts:
        context.close()
    server.shutdown()
    thread.join()


def offer(office: Page) -> str:
    """The office offers a tablet for the coach; the code."""
    office.goto("/manage/devices/new")
    office.select_option("#plate", COACH)
    office.select_option("#role", "DRIVER")
    office.click("main .form button[type=submit]")
    office.locator("summary").click()
    return office.locator("#offer-code").inner_text()


def whole(page: Page, language: str) -> list[str]:
    """What is wrong with the page as it stands: accessibility, width, language."""
    size = page.viewport_size
    faults = violations(page) + [f"scrolls at {width}" for width in (390, 1280) if overflows(page, width)]
    faults += untranslated(page, ["队员"]) if language == "en" else []
    page.set_viewport_size(size)
    return faults


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_tablet_is_scanned_compared_and_used_under_a_pin(depot: Depot, language: str) -> None:
    """The same digits on both screens; keys that stay inside; the PIN first with the server, then alone."""
    office, tablet = depot.page(language, "dispatcher"), depot.page(language, size=PHONE)
    assert whole(office, language) == []
    code = offer(office)
    assert whole(office, language) == []
    tablet.goto(f"/tablet/enrol#{code}")
    digits = tablet.locator("[data-check]")
    expect(digits).to_have_text(re.compile(r"\d{3} \d{3}"))
    assert "#" not in tablet.url
    expect(office.locator("#check-code")).to_have_text(digits.inner_text())
    assert whole(office, language) + whole(tablet, language) == []
    office.locator("#offer form[action$=confirm] button").click()
    pin = tablet.locator("#pin")
    expect(pin).to_be_visible(timeout=10_000)
    assert whole(tablet, language) == []

    office.goto("/manage/devices/pins")
    assert whole(office, language) == []
    office.locator("form[action$='/Z1'] button").click()
    given = office.locator("#pin").inner_text().replace(" ", "")
    assert whole(office, language) == []

    def enter(typed: str) -> None:
        tablet.fill("#crew", "Z1")
        pin.fill(typed)
        tablet.locator("form button[type=submit]").click()

    enter(f"{(int(given) + 1) % 10**6:06d}")
    expect(tablet.get_by_role("alert")).to_be_visible()
    enter(given)
    expect(tablet.locator("[data-acting=Z1]")).to_be_visible()
    assert whole(tablet, language) == []
    assert tablet.evaluate(KEYS) == [False, "P-256", False]
    tablet.context.set_offline(True)
    enter(f"{(int(given) + 1) % 10**6:06d}")
    expect(tablet.get_by_role("alert")).to_be_visible(timeout=10_000)
    enter(given)
    expect(tablet.locator("[data-acting=Z1]")).to_contain_text("没有网" if language == "zh" else "no network")


def test_a_code_that_was_used_says_so_and_digits_that_differ_give_the_tablet_up(depot: Depot) -> None:
    """The second tablet learns why; the first, when it is refused, says that it cannot be used."""
    office, first, second = depot.page("zh", "dispatcher"), depot.page(size=PHONE), depot.page(size=PHONE)
    code = offer(office)
    first.goto(f"/tablet/enrol#{code}")
    expect(first.locator("[data-check]")).to_be_visible()
    second.goto(f"/tablet/enrol#{code}")
    expect(second.get_by_role("alert")).to_contain_text("用过了")
    expect(office.locator("#check-code")).to_be_visible()
    office.locator("#offer form[action$=refuse] button").click()
    expect(first.get_by_role("heading", level=2)).to_have_text("这台平板不能用", timeout=10_000)


def test_what_a_person_taps_is_signed(depot: Depot) -> None:
    """A person's own tablet has a key since its enrolment, and the server takes what it signed."""
    page = depot.page("zh", "attendant")
    attendant = Attendant(page)
    attendant.open("run-1")
    with page.expect_response("**/api/v1/events:batch"):
        attendant.press("确认名单")
    with depot.database.reading() as tx:
        (device,) = device_store.load_devices(tx)
        assert device.public_key is not None
        assert [event.kind.value for event in event_store.load_observations(tx, "run-1")] == ["ack"]
        assert event_store.load_quarantine(tx) == ()
