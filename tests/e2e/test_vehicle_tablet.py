"""A vehicle's tablet drives a run without anybody's session: names and PINs, with and without a network."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from busops.clock import SystemClock, UuidIds
from busops.domain.fleet import CrewRole
from busops.domain.gate import reasons_not_to_close
from busops.domain.values import RunId
from busops.services import enrolment, pins, runs
from busops.services.credentials import CHEAP
from busops.services.simulated_crew import Slips, drive
from busops.storage import alarm_store, event_store
from busops.web.app import create_app
from tests.device_kit import OFFICE, offered
from tests.e2e.looking import overflows, violations
from tests.e2e.navigators.attendant import READY, Attendant
from tests.e2e.navigators.driver import Driver
from tests.e2e.offline_evening import TABLET, WORKER_READY, Evening
from tests.e2e.test_unchecked_bus import EARS
from tests.sim import world

LEFT_ALONE = "sessionStorage.setItem('busops-acting-touched', String(Date.now() - 600_000))"
SENT_MS = 30_000
TOLD_IN_S = 30


@pytest.fixture
def tablet(browser: Browser, evening: Evening) -> Iterator[Page]:
    """The coach's own tablet: enrolled and compared, on the page of its runs, nobody signed in."""
    page = browser.new_context(base_url=evening.url, viewport=TABLET).new_page()
    made = offered(evening.database, clock=SystemClock(), ids=UuidIds())
    page.goto(f"/tablet/enrol#{made.code}")
    expect(page.locator("[data-check]")).to_be_visible()
    acting = {"by": OFFICE, "clock": SystemClock(), "machine_clock": SystemClock()}
    enrolment.confirm(evening.database, made.offer.enrolment_id, **acting)
    page.get_by_role("link", name="打开这辆车的趟次").click()
    page.wait_for_selector(READY)
    assert page.evaluate(WORKER_READY)
    yield page
    page.context.close()


def begin(page: Page, crew: str, pin: str) -> None:
    """The first person of the day shows a PIN; only then the tablet has the lists."""
    expect(page.locator("[data-kept]")).to_have_count(0)
    page.fill("#crew", crew)
    page.fill("#pin", pin)
    page.get_by_role("button", name="核对 PIN").click()
    expect(page.locator("[data-kept='run-1']")).to_be_visible(timeout=SENT_MS)


def unlock(page: Page, crew: str, pin: str) -> None:
    """This person shows a PIN on the locked screen."""
    lock = page.locator("[data-lock]")
    lock.locator("#who").select_option(crew)
    lock.locator("#pin").fill(pin)
    lock.get_by_role("button", name="核对 PIN").click()


def change_to(page: Page, crew: str, pin: str) -> None:
    """Somebody else takes the tablet over; the page is then that person's."""
    page.get_by_role("button", name="换人或锁屏").click()
    unlock(page, crew, pin)
    page.wait_for_url(re.compile(rf"crew={crew}"))
    page.wait_for_selector(READY)
    expect(page.locator("[data-lock]")).to_have_count(0)


def pins_of(evening: Evening) -> tuple[tuple[str, str], tuple[str, str]]:
    """The attendant and the driver, each with the PIN that the office gave."""
    crew = evening.plan.attendant_ids[0], evening.plan.driver_id
    return tuple(
        (who, pins.give(evening.database, who, by=OFFICE, clock=SystemClock(), hasher=CHEAP)) for who in crew
    )


def all_sent(page: Page) -> None:
    """Nothing waits on the tablet any more."""
    expect(page.locator("[data-unsent]")).to_have_attribute("data-unsent", "0", timeout=SENT_MS)


def test_the_lock_says_how_many_are_aboard_and_opens_for_the_right_pin(
    evening: Evening, tablet: Page
) -> None:
    """Escape and a wrong PIN open nothing; the right one does; another PIN opens another person's page."""
    (attendant, pin), driver = pins_of(evening)
    begin(tablet, *driver)
    tablet.locator("[data-kept='run-1']").get_by_role("link", name="点名").click()
    lock = tablet.locator("[data-lock]")
    expect(lock).to_contain_text("在车 0 人，待同步 0")
    assert violations(tablet) == []
    assert not any(overflows(tablet, width) for width in (390, 1280))
    tablet.set_viewport_size(TABLET)
    tablet.keyboard.press("Escape")
    unlock(tablet, attendant, f"{(int(pin) + 1) % 10**6:06d}")
    expect(lock.get_by_role("alert")).to_contain_text("工号或 PIN 不对")
    unlock(tablet, attendant, pin)
    expect(lock).to_have_count(0)
    change_to(tablet, *driver)
    Driver(tablet).is_at("precheck")


def test_two_people_drive_a_run_on_the_vehicles_tablet(evening: Evening, tablet: Page) -> None:
    """Each acts in his own name after a PIN, the second time without a server; all of it arrives, signed."""
    attendant, driver = pins_of(evening)
    page = Attendant(tablet)
    first, second = evening.riders_of("S001")[:2]
    begin(tablet, *attendant)
    tablet.locator("[data-kept='run-1']").get_by_role("link", name="点名").click()
    change_to(tablet, *driver)
    change_to(tablet, *attendant)
    page.press("确认名单")
    page.board([first])
    all_sent(tablet)

    evening.stop()
    tablet.reload()
    tablet.wait_for_selector(READY)
    page.board([second])
    tablet.evaluate(LEFT_ALONE)
    tablet.wait_for_timeout(1500)
    expect(tablet.locator("[data-lock]")).to_have_count(0)
    change_to(tablet, *driver)
    Driver(tablet).looks_the_bus_over()
    expect(tablet.locator("[data-strip] [data-here]")).to_have_attribute("data-here", "2")

    evening.start()
    tablet.goto("/tablet/")
    tablet.wait_for_url("**/tablet/vehicle")
    tablet.locator("[data-kept='run-1']").get_by_role("link", name="点名").click()
    unlock(tablet, *attendant)
    all_sent(tablet)
    with evening.database.reading() as tx:
        events = event_store.load_observations(tx, "run-1")
        assert event_store.load_quarantine(tx) == ()
    assert [
        (event.kind.value, event.rider_id if event.kind.value == "board" else event.by) for event in events
    ] == [
        ("ack", attendant[0]),
        ("board", first),
        ("board", second),
        ("precheck", driver[0]),
    ]


def driven(evening: Evening, run_id: str, *, checks_at_all: bool = True) -> list[str]:
    """The run is driven by two other tablets up to closing; the codes of what still holds it."""
    slips = Slips(checks_at_all=checks_at_all)
    clock, ids = SystemClock(), UuidIds()
    transport = world.transport(create_app(evening.settings, clock=clock, ids=ids))
    held = world.tablets(evening.database, clock=clock, ids=ids)
    _, pack = transport("GET", f"/api/v1/runs/{run_id}/pack", held[CrewRole.ATTENDANT].headers, None)
    done = drive(transport, held, pack=pack, tags=world.TAGS, ids=ids, slips=slips)
    return [reason["code"] for reason in done.reasons]


def seals(evening: Evening, run_id: str) -> int:
    """How many tablets have said that nothing of this run comes any more."""
    with evening.database.reading() as tx:
        assert event_store.load_quarantine(tx) == ()
        return [event.kind.value for event in event_store.load_observations(tx, run_id)].count("seal")


def test_an_unneeded_tablet_frees_its_runs_and_the_driver_closes_on_it(
    evening: Evening, tablet: Page
) -> None:
    """Two runs were driven with other tablets: on this one the driver closes one, the other it lets go."""
    _, driver = pins_of(evening)
    for number, ago in ((2, 110), (3, 70)):
        left_at = SystemClock().now() - timedelta(minutes=ago)
        world.release(evening.database, run_id=f"run-{number}", departs_at=left_at, trip_no=number)
    begin(tablet, *driver)
    expect(tablet.locator("[data-kept]")).to_have_count(3)
    assert driven(evening, "run-2") == ["device_unsealed"]
    assert driven(evening, "run-3") == ["device_unsealed"]
    tablet.locator("[data-kept='run-2']").get_by_role("link", name="驾驶员").click()
    page = Driver(tablet)
    page.is_at("closed")
    page.closes()
    expect(page.step("closed")).to_have_attribute("data-s", "done", timeout=SENT_MS)
    tablet.goto("/tablet/vehicle")
    expect(tablet.locator("[data-kept='run-1']")).to_be_visible()
    expect(tablet.locator("[data-kept='run-3']")).to_have_count(0, timeout=SENT_MS)
    for _look in range(150):
        if seals(evening, "run-3") == 3:
            break
        tablet.wait_for_timeout(200)
    assert seals(evening, "run-3") == 3
    assert reasons_not_to_close(runs.run_view(evening.database, RunId("run-3")).state) == ()


def test_a_tablet_left_alone_before_the_run_locks_itself(evening: Evening, tablet: Page) -> None:
    """Nobody touches it and no rider waits: it locks, records nothing, and opens for the next PIN."""
    crew_id = evening.plan.attendant_ids[0]
    pin = pins.give(evening.database, crew_id, by=OFFICE, clock=SystemClock(), hasher=CHEAP)
    begin(tablet, crew_id, pin)
    tablet.locator("[data-kept='run-1']").get_by_role("link", name="点名").click()
    lock = tablet.locator("[data-lock]")
    expect(lock).to_have_count(0)
    tablet.evaluate(LEFT_ALONE)
    expect(lock).to_be_visible()
    tablet.reload()
    expect(lock).to_be_visible()
    unlock(tablet, crew_id, pin)
    expect(lock).to_have_count(0)
    Attendant(tablet).press("确认名单")
    expect(tablet.locator("[data-rider]").first).to_be_visible()


def tones_in(page: Page, ms: int) -> int:
    """How many tones a person beside the tablet hears in so long."""
    before = page.evaluate("window.heard.tones")
    page.wait_for_timeout(ms)
    return page.evaluate("window.heard.tones") - before


def test_the_siren_of_a_locked_tablet_is_quiet_for_two_minutes_and_stands(
    evening: Evening, tablet: Page
) -> None:
    """Nobody knows a PIN: it is quiet, the alarm stays on the lock and says so, and the office is told."""
    tablet.add_init_script(EARS)
    (attendant, pin), _ = pins_of(evening)
    left_at = SystemClock().now() - timedelta(minutes=110)
    world.release(evening.database, run_id="run-2", departs_at=left_at, trip_no=2)
    driven(evening, "run-2", checks_at_all=False)
    begin(tablet, attendant, pin)
    tablet.locator("[data-kept='run-2']").get_by_role("link", name="点名").click()
    expect(tablet.locator("[data-siren]")).to_be_visible(timeout=SENT_MS)
    tablet.locator("[data-siren]").click()  # a browser plays nothing before somebody has touched the page
    assert tones_in(tablet, 2_500) > 0
    tablet.evaluate(LEFT_ALONE)
    lock = tablet.locator("[data-lock]")
    expect(lock.get_by_text("还没有证明车已清空")).to_be_visible()
    assert violations(tablet) == []
    assert tones_in(tablet, 2_500) > 0, "it rings on while it is locked"
    tablet.context.set_offline(True)
    lock.get_by_role("button", name="静音 2 分钟").click()
    expect(lock.get_by_text("已静音，警报没有解除")).to_be_visible()
    expect(lock.get_by_text("还没有证明车已清空")).to_be_visible()
    expect(lock.get_by_role("button", name="静音 2 分钟")).to_have_count(0)
    assert tones_in(tablet, 2_500) == 0
    assert "siren_quietened" not in kinds_of(evening)
    tablet.context.set_offline(False)  # kept on its disk, and told as soon as somebody hears it
    for _ in range(TOLD_IN_S):
        if "siren_quietened" in kinds_of(evening):
            break
        tablet.wait_for_timeout(1000)
    assert "siren_quietened" in kinds_of(evening)


def kinds_of(evening: Evening) -> set[str]:
    """What rings for run-2."""
    with evening.database.reading() as tx:
        return {alarm.kind for alarm in alarm_store.load_alarms(tx, RunId("run-2"))}
