"""The driver's screen takes no tap while the bus is known to move; the attendant's does."""

from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.e2e.looking import violations
from tests.e2e.navigators.attendant import READY, Attendant
from tests.e2e.navigators.driver import Driver
from tests.e2e.offline_evening import Evening, sign_in

KMH = 1 / 3.6  # in metres a second
SOON_MS = 15_000


def satellites(page: Page) -> CDPSession:
    """The page may ask where it is."""
    page.context.grant_permissions(["geolocation"])
    return page.context.new_cdp_session(page)


def moves(cdp: CDPSession, metres_a_second: float) -> None:
    """The satellites say where the bus is and how fast."""
    spot = {"latitude": 31.1, "longitude": 104.4, "accuracy": 8, "speed": metres_a_second}
    cdp.send("Emulation.setGeolocationOverride", spot)


def test_above_five_kilometres_an_hour_the_drivers_page_is_locked(evening: Evening, browser: Browser) -> None:
    """At 6 km/h it is covered and nothing on it can be pressed, at 4 it is as before; no other is locked."""
    page, other = (sign_in(browser, evening, account) for account in ("driver", "attendant"))
    driver, attendant = Driver(page), Attendant(other)
    driving, sitting = satellites(page), satellites(other)
    driver.open("run-1")
    attendant.open("run-1")
    cover = page.locator(".moving")
    item = page.locator("[data-item]").first
    for kmh, is_locked in ((4, False), (6, True), (4.9, False), (30, True)):
        moves(driving, kmh * KMH)
        moves(sitting, kmh * KMH)
        expect(cover).to_be_visible(visible=is_locked, timeout=SOON_MS)
        assert page.locator("main").evaluate("(main) => main.inert") is is_locked
    assert violations(page) == []
    before = item.get_attribute("aria-pressed")
    item.dispatch_event("pointerdown")
    page.mouse.click(*middle(page))
    assert item.get_attribute("aria-pressed") == before
    expect(other.locator(".moving")).to_have_count(0)
    attendant.press("确认名单")
    attendant.board(evening.riders_of("S001")[:1])
    page.reload()
    page.wait_for_selector(READY)
    expect(cover).to_be_visible(timeout=SOON_MS)
    moves(driving, 0)
    expect(cover).to_be_hidden(timeout=SOON_MS)
    driver.looks_the_bus_over()
    for each in (page, other):
        each.context.close()


def middle(page: Page) -> tuple[float, float]:
    """Where the first item of the look-over is on the screen."""
    box = page.locator("[data-item]").first.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
