"""Attendant and driver finish a run on two tablets in a real Chromium, with the network lost on the way."""

from playwright.sync_api import Page, expect

from busops.clock import SystemClock, UuidIds
from busops.domain.run import Phase
from busops.domain.values import RiderId, RunId, StopId
from busops.services import runs
from busops.storage import event_store, network_store
from tests.e2e.navigators.attendant import Attendant
from tests.e2e.navigators.driver import Driver
from tests.e2e.offline_evening import TABLET, Evening
from tests.sim import world

SURE_MS = 4500  # two tablets' clocks are told apart only beyond their margins
NEWS_MS = 6000  # a driver's phone asks for news every five seconds
PHONE = {"width": 390, "height": 844}
ATTENDANT_CODES = [world.TAGS["rear"], world.TAGS["row:2"], world.TAGS["row:7"]]
DRIVER_CODES = [world.TAGS["rear"], world.TAGS["row:4"], world.TAGS["row:6"]]


def refuses(page: Page, words: str) -> None:
    """A dialog says this, and is left by its safe way."""
    expect(page.get_by_role("dialog")).to_contain_text(words)
    page.get_by_role("dialog").get_by_role("button", name="返回").click()


def boards_and_leaves(attendant: Attendant, evening: Evening) -> None:
    """Everybody aboard but one, who has a reason; a wrong count is refused, a right one lets the bus go."""
    first, second, third = (evening.riders_of(stop) for stop in ("S001", "S002", "S003"))
    attendant.press("确认名单")
    attendant.board([*first, *second, *third[1:]])
    attendant.press("发车")
    refuses(attendant.page, "1 人未到")
    attendant.absent(third[0], "请假")
    attendant.count_heads(10)
    attendant.press("发车")
    refuses(attendant.page, "清点 10 人，点名在车 11 人")
    attendant.count_heads(11)
    assert attendant.counts() == (12, 11)
    attendant.press("发车")


def rides_without_a_network(attendant: Attendant, evening: Evening) -> None:
    """The first stop online, the second without a network; all of it is sent when it is back."""
    attendant.press("到达")
    attendant.alight(evening.riders_of("S001"))
    attendant.press("发车")
    attendant.page.context.set_offline(True)
    attendant.press("到达")
    attendant.alight(evening.riders_of("S002"))
    attendant.press("发车")
    expect(attendant.page.locator("[data-network]")).to_contain_text("离线，待同步")
    assert attendant.waits() >= 6
    attendant.page.context.set_offline(False)
    expect(attendant.page.locator("[data-network]")).to_be_hidden(timeout=20_000)


def test_two_tablets_finish_a_run_with_the_network_lost_on_the_way(evening, signed_in):
    """
    Nothing tapped is lost offline, the server alone says closed, and it says every reason before.

    The attendant boards and alights everybody, loses the network for a whole stop, and gets it
    back; the driver asks to close too early and is told all reasons, then finishes.
    """
    attendant = Attendant(signed_in("attendant", TABLET))
    driver = Driver(signed_in("driver", PHONE))
    attendant.open("run-1")
    driver.open("run-1")
    driver.looks_the_bus_over()
    boards_and_leaves(attendant, evening)
    rides_without_a_network(attendant, evening)

    attendant.press("到达")
    driver.page.reload()
    driver.page.wait_for_selector("body[data-ready=true]")
    driver.closes()
    assert len(driver.reasons()) >= 5
    assert runs.run_view(evening.database, "run-1").state.phase is Phase.ARRIVED
    driver.page.get_by_role("button", name="返回步骤").click()

    attendant.press("清车检查")
    refuses(attendant.page, "还有 3 人没有下车记录")
    attendant.alight(evening.riders_of("S003")[1:])
    attendant.page.wait_for_timeout(SURE_MS)
    attendant.check_bus(ATTENDANT_CODES)
    driver.is_at("check")
    driver.checks(DRIVER_CODES, dawdles_ms=NEWS_MS)
    driver.is_at("parked")
    driver.parks(world.TAGS["rear"])
    driver.is_at("closed")
    driver.closes()
    expect(driver.step("closed")).to_contain_text("趟次已结束", timeout=20_000)
    view = runs.run_view(evening.database, "run-1")
    assert view.state.phase is Phase.CLOSED
    assert len(view.state.alighted) == 11


def test_a_tap_survives_the_death_of_the_page(evening, signed_in):
    """Taps made offline are on disk: a page closed and opened again shows and sends them."""
    page = signed_in("attendant", TABLET)
    attendant = Attendant(page)
    attendant.open("run-1")
    attendant.press("确认名单")
    rider = evening.riders_of("S001")[0]
    page.route("**/api/v1/events:batch", lambda route: route.abort())
    attendant.tap(rider)
    attendant.sees(rider, "aboard")
    page.reload()
    page.wait_for_selector("body[data-ready=true]")
    attendant.sees(rider, "aboard")
    assert rider not in runs.run_view(evening.database, "run-1").state.aboard
    page.unroute("**/api/v1/events:batch")
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator("[data-network]")).to_be_hidden(timeout=20_000)
    assert rider in runs.run_view(evening.database, "run-1").state.aboard


def test_a_list_changed_by_the_office_comes_to_the_tablet(evening, signed_in):
    """A rider moves to another stop after the list was confirmed: his card moves, and is confirmed anew."""
    attendant = Attendant(signed_in("attendant", TABLET))
    attendant.open("run-1")
    attendant.press("确认名单")
    moved, stays = evening.riders_of("S001")[:2]
    runs.move_rider(
        evening.database,
        RunId("run-1"),
        RiderId(moved),
        StopId("S003"),
        by="dispatcher",
        reason="家长电话",
        clock=SystemClock(),
        ids=UuidIds(),
    )
    attendant.board([stays])  # a tap asks for news
    section = attendant.page.locator("section", has=attendant.page.locator(f"[data-rider='{moved}']"))
    expect(section).to_have_attribute("aria-label", stop_name(evening, "S003"), timeout=20_000)
    attendant.sees(stays, "aboard")
    attendant.press("确认名单")
    for _look in range(100):
        if acknowledged(evening) == [1, 2]:
            break
        attendant.page.wait_for_timeout(100)
    assert acknowledged(evening) == [1, 2]


def acknowledged(evening: Evening) -> list[int]:
    """The versions of the list that the attendant has confirmed, as the server has them."""
    with evening.database.reading() as tx:
        facts = event_store.load_observations(tx, RunId("run-1"))
    return [fact.roster_v for fact in facts if fact.kind == "ack"]


def stop_name(evening: Evening, stop_id: str) -> str:
    """The name under which a tablet shows a stop."""
    with evening.database.reading() as tx:
        return next(stop.name for stop in network_store.load_stops(tx) if stop.stop_id == stop_id)
