"""A browser that takes nothing more, a server that no longer knows the tablet: told, and nothing lost."""

from datetime import timedelta

from playwright.sync_api import Page, expect
from sqlalchemy import update

from busops.clock import SystemClock
from busops.storage import event_store
from busops.storage.device_store import DeviceTokenRow
from tests.e2e.navigators.attendant import READY
from tests.e2e.offline_evening import Evening, open_run
from tests.sim import world

SENT_MS = 30_000
ROOM_BYTES = 24 * 2**20
# Fills what the browser allows with noise, down to the last bytes.
FILL = """async () => {
  const open = indexedDB.open("filler");
  open.onupgradeneeded = () => open.result.createObjectStore("noise", { autoIncrement: true });
  const db = await new Promise((done) => { open.onsuccess = () => done(open.result); });
  const takes = (bytes) => new Promise((done) => {
    const noise = Array.from({ length: Math.ceil(bytes / 65536) },
      () => crypto.getRandomValues(new Uint8Array(Math.min(bytes, 65536))));
    const writing = db.transaction("noise", "readwrite");
    writing.oncomplete = () => done(true);
    writing.onabort = () => done(false);
    writing.objectStore("noise").add(noise);
  });
  for (const bytes of [2 ** 20, 2 ** 16, 2 ** 12, 256]) while (await takes(bytes));
  db.close();
}"""
EMPTY = """() => new Promise((done) => { indexedDB.deleteDatabase("filler").onsuccess = done; })"""


def all_sent(page: Page) -> None:
    """Nothing waits on the tablet any more."""
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator("[data-unsent]")).to_have_attribute("data-unsent", "0", timeout=SENT_MS)


def numbers(evening: Evening) -> list[tuple[int, str]]:
    """The events that the server holds of the run: number and kind."""
    with evening.database.reading() as tx:
        assert event_store.load_quarantine(tx) == ()
        return [(event.seq, event.kind.value) for event in event_store.load_observations(tx, "run-1")]


def has_come(evening: Evening, page: Page, wanted: list[tuple[int, str]]) -> None:
    """The server holds these events and no others, at the latest soon."""
    for _look in range(SENT_MS // 100):
        if numbers(evening) == wanted:
            return
        page.wait_for_timeout(100)
    assert numbers(evening) == wanted


def test_a_full_disk_fills_the_screen_and_loses_nothing(evening: Evening, page: Page) -> None:
    """The browser's own quota is used up: red, the tap is not taken; with room again everything goes on."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("Storage.overrideQuotaForOrigin", {"origin": evening.url, "quotaSize": ROOM_BYTES})
    attendant = open_run(page)
    attendant.press("确认名单")
    first, second = evening.riders_of("S001")[:2]
    page.route("**/api/v1/events:batch", lambda route: route.abort())
    attendant.board([first])
    page.evaluate(FILL)
    attendant.tap(second)
    red = page.locator("[data-red]")
    expect(red).to_contain_text("请马上改用纸质名单")
    red.get_by_role("button", name="再试一次").click()
    expect(red.get_by_text("仍然写不进去")).to_be_visible()  # its words stand there hidden before
    attendant.sees(second, "expected")
    page.evaluate(EMPTY)
    red.get_by_role("button", name="再试一次").click()
    expect(red).to_have_count(0)
    page.get_by_role("dialog").get_by_role("button", name="返回").click()
    attendant.sees(first, "aboard")
    attendant.board([second])
    page.unroute("**/api/v1/events:batch")
    all_sent(page)
    has_come(evening, page, [(1, "ack"), (2, "board"), (3, "board")])
    assert evening.aboard() == {first, second}


def test_a_tablet_that_the_server_no_longer_knows_keeps_its_queue_and_says_what_to_do(
    evening: Evening, page: Page
) -> None:
    """401, and nobody is signed in: the taps stay, the bar leads to signing in; then each arrives, once."""
    attendant = open_run(page)
    attendant.press("确认名单")
    has_come(evening, page, [(1, "ack")])
    all_sent(page)
    past = SystemClock().now() - timedelta(minutes=1)
    with evening.database.transaction() as tx:
        tx.session.execute(update(DeviceTokenRow).values(expires_at=past))
    page.context.clear_cookies()
    first, second = evening.riders_of("S001")[:2]
    attendant.board([first])
    bar = page.locator("[data-network]")
    expect(bar).to_contain_text("本机需要重新登记。记录都在", timeout=SENT_MS)
    attendant.board([second])
    expect(page.locator("[data-unsent]")).to_have_attribute("data-unsent", "2")
    page.reload()
    page.wait_for_selector(READY)
    attendant.sees(second, "aboard")
    expect(bar).to_contain_text("本机需要重新登记。记录都在", timeout=SENT_MS)
    bar.get_by_role("link", name="重新登记").click()
    page.fill("[name=account]", "attendant")
    page.fill("[name=password]", world.PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_selector(READY)
    all_sent(page)
    has_come(evening, page, [(1, "ack"), (2, "board"), (3, "board")])
    assert evening.aboard() == {first, second}
