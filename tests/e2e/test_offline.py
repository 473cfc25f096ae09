"""A tablet without a server: it starts, it records, it says what it knows, and it loses nothing."""

from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from playwright.sync_api import Error as PageGone

from busops.web.tablet import app_version
from tests.e2e.navigators.attendant import READY
from tests.e2e.offline_evening import Evening, open_run, sent, sign_in

FAILING_WRITES = """() => {
  window.realAdd = IDBObjectStore.prototype.add;
  window.realPut = IDBObjectStore.prototype.put;
  const full = () => { throw new DOMException("full", "QuotaExceededError"); };
  IDBObjectStore.prototype.add = full;
  IDBObjectStore.prototype.put = full;
}"""
WORKING_WRITES = """() => {
  IDBObjectStore.prototype.add = window.realAdd;
  IDBObjectStore.prototype.put = window.realPut;
}"""
EVENTS = """async () => {
  const open = indexedDB.open("busops-tablet-Z1");
  const db = await new Promise((done) => { open.onsuccess = () => done(open.result); });
  const asked = db.transaction("events").objectStore("events").getAll();
  const all = await new Promise((done) => { asked.onsuccess = () => done(asked.result); });
  db.close();
  return all.map((entry) => ({ seq: entry.seq, kind: entry.event.kind, app: entry.event.app }));
}"""


WORKER = "navigator.serviceWorker.getRegistration('/tablet/')"
UPDATE = f"async () => {{ await (await {WORKER}).update(); }}"
ASK = f"async () => {{ (await {WORKER}).waiting.postMessage('take_over'); }}"
WAITS = f"async () => (await {WORKER}).waiting !== null"


def waits(page: Page, wanted: bool) -> None:
    """A newer version comes to wait, or does so no longer; when it comes in, the page loads itself anew."""
    for _look in range(600):  # a version is some sixty files, and a slow machine has other things to do
        with suppress(PageGone):
            if page.evaluate(WAITS) is wanted:
                return
        page.wait_for_timeout(100)
    raise AssertionError(f"a newer version waits: not {wanted}")


def test_a_run_opens_without_a_server_and_its_taps_arrive_later(evening: Evening, page: Page) -> None:
    """With the server gone the page is loaded anew: the run is there, taps go green, the rest comes later."""
    attendant = open_run(page)
    attendant.press("确认名单")
    first, second = evening.riders_of("S001")[:2]
    attendant.board([first])
    sent(page)
    evening.stop()
    page.reload()
    page.wait_for_selector(READY)
    attendant.sees(first, "aboard")
    attendant.board([second])
    expect(page.locator("[data-network]")).to_contain_text("离线，待同步 1")
    page.reload()
    page.wait_for_selector(READY)
    attendant.sees(second, "aboard")
    assert evening.aboard() == {first}
    evening.start()
    sent(page)
    assert evening.aboard() == {first, second}
    assert {each["app"] for each in page.evaluate(EVENTS)} == {app_version()}


def test_the_list_of_runs_without_a_server_is_what_this_tablet_holds(evening: Evening, page: Page) -> None:
    """Today's runs cannot be had: the tablet names the run it holds; signed out it names none."""
    open_run(page)
    evening.stop()
    page.goto("/tablet/")
    page.wait_for_selector(READY)
    kept = page.locator("[data-kept='run-1']")
    expect(kept).to_contain_text("应乘 12 人")
    kept.get_by_role("link", name="点名").click()
    expect(page.locator("[data-rider]")).to_have_count(12)
    evening.start()
    page.goto("/tablet/")
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/signin**")
    evening.stop()
    page.goto("/tablet/")
    expect(page.locator("main")).to_contain_text("本机也没有名单")


def test_the_other_language_works_without_a_server(evening: Evening, page: Page) -> None:
    """Both languages are on the tablet: the switch needs nobody."""
    open_run(page)
    evening.stop()
    page.locator("[data-language]").click()
    expect(page.locator("[data-acts]")).to_contain_text("Confirm list")
    assert page.evaluate("document.documentElement.lang") == "en"


def test_a_captive_portal_is_a_lost_network(evening: Evening, page: Page) -> None:
    """Every answer is somebody else's sign-in page: the run starts, records, and says that it is offline."""
    attendant = open_run(page)
    portal = {"status": 200, "content_type": "text/html", "body": "<h1>Wi-Fi</h1>"}
    page.route("**/api/**", lambda route: route.fulfill(**portal))
    page.reload()
    page.wait_for_selector(READY)
    attendant.press("确认名单")
    rider = evening.riders_of("S001")[0]
    attendant.board([rider])
    expect(page.locator("[data-network]")).to_contain_text("离线")
    expect(page.locator("[data-failure]")).to_be_hidden()
    page.unroute("**/api/**")
    sent(page)
    assert evening.aboard() == {rider}


def test_a_slow_network_does_not_hold_up_the_start(evening: Evening, page: Page) -> None:
    """No answer ever comes: the run is on the screen all the same, and can be tapped."""
    attendant = open_run(page)
    held = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/**", hold)
    page.reload()
    page.wait_for_selector(READY, timeout=5000)
    attendant.press("确认名单")
    attendant.board(evening.riders_of("S001")[:1])
    assert held
    page.unroute_all(behavior="ignoreErrors")


def test_a_second_page_looks_on_and_takes_over(evening: Evening, page: Page) -> None:
    """Two pages show one outbox: only one writes, the other says so, and goes on when the first is closed."""
    attendant = open_run(page)
    attendant.press("确认名单")
    other = page.context.new_page()
    watcher = open_run(other)
    expect(other.locator("[data-elsewhere]")).to_contain_text("这里只能看")
    first, second = evening.riders_of("S001")[:2]
    watcher.tap(first)
    expect(other.get_by_role("dialog")).to_contain_text("另一个页面正在记录")
    other.get_by_role("dialog").get_by_role("button", name="返回").click()
    attendant.board([first])
    watcher.sees(first, "aboard")
    page.close()
    expect(other.locator("[data-elsewhere]")).to_be_hidden()
    watcher.board([second])
    sent(other)
    numbers = [each["seq"] for each in other.evaluate(EVENTS)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert evening.aboard() == {first, second}


def test_a_tap_that_cannot_be_written_fills_the_screen(evening: Evening, page: Page) -> None:
    """The disk is full: red over everything until the tablet can write again; the tap is not taken."""
    attendant = open_run(page)
    attendant.press("确认名单")
    rider = evening.riders_of("S001")[0]
    page.evaluate(FAILING_WRITES)
    attendant.tap(rider)
    red = page.locator("[data-red]")
    expect(red).to_contain_text("请马上改用纸质名单")
    assert red.bounding_box() == {"x": 0, "y": 0, "width": 1280, "height": 800}
    page.keyboard.press("Escape")
    red.get_by_role("button", name="再试一次").click()
    expect(red.get_by_text("仍然写不进去")).to_be_visible()
    attendant.sees(rider, "expected")
    page.evaluate(WORKING_WRITES)
    red.get_by_role("button", name="再试一次").click()
    expect(red).to_have_count(0)
    page.get_by_role("dialog").get_by_role("button", name="返回").click()
    attendant.board([rider])


def test_the_strip_tells_this_tablet_from_the_whole_bus(
    evening: Evening, page: Page, browser: Browser
) -> None:
    """What another tablet recorded counts for the bus and not for this one; what waits is counted."""
    attendant = open_run(page)
    attendant.press("确认名单")
    first, second = evening.riders_of("S001")[:2]
    attendant.board([first])
    sent(page)
    driver = sign_in(browser, evening, "driver")
    driver.goto("/tablet/runs/run-1?screen=attendant")
    driver.wait_for_selector(READY)
    driver.locator(f"[data-rider='{second}'] .rider__tap").click()
    sent(driver)
    strip = page.locator("[data-strip]")
    page.reload()
    expect(strip.locator("[data-bus]")).to_have_attribute("data-bus", "2")
    expect(strip.locator("[data-here]")).to_have_attribute("data-here", "1")
    expect(strip).to_contain_text("秒前同步")
    page.context.set_offline(True)
    attendant.board(evening.riders_of("S002")[:1])
    expect(strip.locator("[data-unsent]")).to_have_attribute("data-unsent", "1")
    driver.context.close()


def test_without_https_the_page_says_what_it_needs(evening: Evening, page: Page) -> None:
    """On a plain address of the school's network the browser has no keys and no worker: the page says so."""
    plain = page.context.new_page()
    plain.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    plain.goto("/tablet/runs/run-1")
    expect(plain.locator("[data-failure]")).to_contain_text("HTTPS")


def test_a_store_that_the_browser_cleared_is_told(evening: Evening, page: Page) -> None:
    """All but the cookies is gone: the next start says which tablet this was and how much is safe."""
    attendant = open_run(page)
    attendant.press("确认名单")
    attendant.board(evening.riders_of("S001")[:1])
    sent(page)
    page.wait_for_timeout(1500)
    page.goto("/tablet/")
    kinds = "indexeddb,local_storage,service_workers,cache_storage"
    cleared = {"origin": evening.url, "storageTypes": kinds}
    page.context.new_cdp_session(page).send("Storage.clearDataForOrigin", cleared)
    page.goto("/tablet/runs/run-1")
    page.wait_for_selector(READY)
    expect(page.get_by_role("dialog")).to_contain_text("以前是 1 号。服务器收到它的第 1 到第 2 条")


def test_a_newer_version_waits_for_the_run_and_the_outbox(
    evening: Evening, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not under an open run even when asked, not while a tap is unsent; then, on the page of runs."""
    attendant = open_run(page)
    attendant.press("确认名单")
    sent(page)
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    monkeypatch.setattr("busops.web.tablet_shell.app_version", lambda: "another")
    page.evaluate(UPDATE)
    waits(page, True)
    page.evaluate(ASK)
    page.wait_for_timeout(1000)
    assert page.evaluate(WAITS)
    page.route("**/api/v1/events:batch", lambda route: route.abort())
    attendant.board(evening.riders_of("S001")[:1])
    page.goto("/tablet/")
    page.wait_for_timeout(2000)
    assert page.evaluate(WAITS)
    page.unroute("**/api/v1/events:batch")
    attendant.open("run-1")
    sent(page)
    page.goto("/tablet/")
    waits(page, False)
    page.wait_for_load_state("networkidle")
    open_run(page)
    assert page.evaluate("document.body.dataset.app") == "another"


def test_a_newer_version_comes_in_where_the_server_is_too_slow(
    evening: Evening, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker answered instead of the server: its page of kept runs lets the newer version in as well."""
    open_run(page)
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    monkeypatch.setattr("busops.web.tablet_shell.app_version", lambda: "another")
    page.evaluate(UPDATE)
    waits(page, True)
    evening.stop()
    page.goto("/tablet/")
    expect(page.locator("[data-kept='run-1']")).to_be_visible()
    waits(page, False)
    page.wait_for_function("() => document.body.dataset.app === 'another'")
