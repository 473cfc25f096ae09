"""
A crew's tablet is gone on the road: the run goes on without it, and what it knew comes to light or does not.

Three people give it up, each by a sign-in of his own; found again, it opens the run that was closed.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from busops.clock import SystemClock, UuidIds
from busops.config import Settings
from busops.domain.events import Observation
from busops.domain.fleet import CrewRole
from busops.domain.people import Actor, Role
from busops.domain.run import Phase, RunState
from busops.services import runs
from busops.services.simulated_crew import Act, Slips, close, drive, script, send, stamp
from busops.storage.database import Database
from busops.web.app import create_app
from tests import run_kit
from tests.e2e.looking import violations
from tests.e2e.navigators.attendant import Attendant
from tests.e2e.navigators.driver import Driver
from tests.e2e.offline_evening import Evening, open_run, sent, served_evening, sign_in
from tests.e2e.test_friday_evening import ATTENDANT_CODES, DRIVER_CODES, NEWS_MS, SURE_MS
from tests.sim import world

SOON_MS = 20_000
PROVES = ("check", "parked", "seal")
DISPATCHER = Actor(user_id="u1", role=Role.DISPATCHER, name="u1")


@pytest.fixture
def evening(sqlite_database: Database, settings: Settings) -> Iterator[Evening]:
    """A run to one stop, about to leave."""
    with served_evening(sqlite_database, settings, stops=("S001",)) as served:
        yield served


def state(evening: Evening, run_id: str = "run-1") -> RunState:
    """The run as the server has it."""
    return runs.run_view(evening.database, run_id).state


def facts(evening: Evening, run_id: str = "run-1") -> tuple[Observation, ...]:
    """What the server holds of the run."""
    return runs.run_view(evening.database, run_id).facts


def office(browser: Browser, evening: Evening, account: str, path: str) -> Page:
    """A page of the office, of somebody who signed in there himself."""
    page = browser.new_context(base_url=evening.url, viewport={"width": 1280, "height": 800}).new_page()
    page.goto("/signin")
    page.fill("[name=account]", account)
    page.fill("[name=password]", world.PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_load_state()
    page.goto(path)
    return page


def asks_to_give_up(page: Page, dev: int) -> None:
    """The dispatcher asks to wait no longer."""
    page.locator(f"[data-opens='device-{dev}']").click()
    dialog = page.locator(f"#device-{dev}")
    dialog.locator("[name=override_reason]").select_option("tablet_lost")
    dialog.locator("[name=reason]").fill("掉在路上了")
    dialog.get_by_role("button", name="申请不再等待").click()
    page.wait_for_load_state()


def searches_the_bus(page: Page) -> None:
    """Somebody has walked through the bus and signs for it."""
    page.get_by_label("我刚从车头走到车尾").check()
    page.get_by_role("button", name="我查过了，签字").click()
    page.wait_for_load_state()


def drives_and_checks(attendant: Attendant, driver: Driver, riders: list[str]) -> None:
    """Everybody is aboard: count, leave, arrive, everybody off, both walk to the rear, parked."""
    attendant.count_heads(len(riders))
    attendant.press("发车")
    attendant.press("到达")
    attendant.alight(riders)
    attendant.page.wait_for_timeout(SURE_MS)
    attendant.check_bus(ATTENDANT_CODES)
    driver.is_at("check")
    driver.checks(DRIVER_CODES, dawdles_ms=NEWS_MS)
    driver.is_at("parked")
    driver.parks(world.TAGS["rear"])
    driver.is_at("closed")


def test_the_run_goes_on_without_a_lost_tablet_and_closes_when_three_gave_it_up(
    evening: Evening, page: Page, browser: Browser
) -> None:
    """Another tablet has what was sent; one asks, one searches, one agrees, each signed in for himself."""
    lost = open_run(page)
    driver = Driver(sign_in(browser, evening, "driver"))
    driver.open("run-1")
    driver.looks_the_bus_over()
    lost.press("确认名单")
    riders = evening.riders_of("S001")
    lost.board(riders[:2])
    sent(page)
    (lost_dev,) = {event.dev for event in facts(evening) if event.kind == "board"}
    page.context.set_offline(True)
    lost.board(riders[2:3])  # nobody will ever hear of this tap
    page.context.close()
    spare = open_run(sign_in(browser, evening))
    for rider, place in zip(riders[:3], ("aboard", "aboard", "expected"), strict=True):
        spare.sees(rider, place)
    spare.board(riders[2:])
    drives_and_checks(spare, driver, riders)
    driver.closes()
    assert f"设备 {lost_dev} 尚未封存" in driver.reasons()
    desk = office(browser, evening, "dispatcher", "/runs/run-1")
    asks_to_give_up(desk, lost_dev)
    third = office(browser, evening, "stranger", "/runs/searches")
    boss = office(browser, evening, "supervisor", "/runs/run-1")
    expect(boss.get_by_role("button", name="批准放行")).to_have_count(0)
    searches_the_bus(third)
    expect(third.get_by_text("已有人查过")).to_be_visible()
    assert violations(third) == []
    assert not state(evening).devices[lost_dev].is_released
    boss.reload()
    boss.get_by_role("button", name="批准放行").click()
    expect(boss.get_by_text("已批准放行")).to_be_visible()
    driver.page.get_by_role("button", name="返回步骤").click()
    driver.closes()
    expect(driver.step("closed")).to_contain_text("趟次已结束", timeout=SOON_MS)
    assert state(evening).phase is Phase.CLOSED
    for each in (driver.page, spare.page, desk, third, boss):
        each.context.close()


class Crew:
    """The crew of a run that left two hours ago, with two tablets that work."""

    def __init__(self, evening: Evening, run_id: str) -> None:
        clock, self.ids = SystemClock(), UuidIds()
        self.transport = world.transport(create_app(evening.settings, clock=clock, ids=self.ids))
        self.held = world.tablets(evening.database, clock=clock, ids=self.ids)
        path = f"/api/v1/runs/{run_id}/pack"
        _, self.pack = self.transport("GET", path, self.held[CrewRole.ATTENDANT].headers, None)

    def drives(self, **slips: Any) -> list[str]:
        """The whole run up to closing; the codes of what still holds it."""
        own: dict[str, Any] = {"pack": self.pack, "tags": world.TAGS, "ids": self.ids}
        done = drive(self.transport, self.held, slips=Slips(**slips), **own)
        self.held = dict(done.devices)
        return [reason["code"] for reason in done.reasons]

    def driver_checks_again(self) -> None:
        """The driver walks to the rear once more and parks; his tablet has said everything."""
        acts = [act for act in script(self.pack, world.TAGS) if act.kind in PROVES]
        for act in (act for act in acts if act.role is CrewRole.DRIVER):
            ahead_ms = round(time.time() * 1000) - act.at_ms
            after, envelope = stamp(self.held[act.role], moved(act, ahead_ms), pack=self.pack, ids=self.ids)
            send(self.transport, self.held[act.role], [envelope])
            self.held[act.role] = after

    def closes(self) -> int:
        """Asks the server; its answer."""
        return close(self.transport, self.held[CrewRole.DRIVER], self.pack["run"])[0]


def moved(act: Act, by_ms: int) -> Act:
    """The same act at another time."""
    return replace(act, at_ms=act.at_ms + by_ms)


def test_a_tablet_found_after_the_close_opens_the_run_and_it_is_closed_anew(
    evening: Evening, page: Page, browser: Browser
) -> None:
    """Given up, the run closed; then it tells that somebody got on: alarm, checks void, closed as v2."""
    left_at = SystemClock().now() - timedelta(minutes=110)
    world.release(evening.database, run_id="run-2", departs_at=left_at, trip_no=2, stops=("S001",))
    found = Attendant(page)
    found.open("run-2")
    found.press("确认名单")
    sent(page)
    (found_dev,) = state(evening, "run-2").devices
    crew = Crew(evening, "run-2")
    page.context.set_offline(True)
    assert crew.drives() == ["device_unsealed"]
    people = {"by": DISPATCHER, "second": "u2", "third": "u3", "reason": "掉在路上了"}
    acting = {"clock": SystemClock(), "ids": UuidIds()}
    run_kit.give_up(evening.database, "run-2", found_dev, **people, **acting)
    assert crew.closes() == 200
    assert (state(evening, "run-2").phase, state(evening, "run-2").closure_v) == (Phase.CLOSED, 1)
    rider = evening.riders_of("S001")[0]
    found.tap(rider)
    found.sees(rider, "aboard")
    board = office(browser, evening, "dispatcher", "/dispatch")
    expect(board.locator("main")).not_to_contain_text("重新打开")
    page.context.set_offline(False)
    sent(page)
    after = state(evening, "run-2")
    assert (after.phase, after.aboard, after.checks.is_complete) == (Phase.REOPENED, {rider}, False)
    board.reload()
    expect(board.get_by_text("重新打开").first).to_be_visible()
    assert violations(board) == []
    found.alight([rider])
    sent(page)
    assert crew.closes() == 409
    page.wait_for_timeout(SURE_MS)
    found.check_bus(ATTENDANT_CODES)
    sent(page)
    page.wait_for_timeout(SURE_MS)
    crew.driver_checks_again()
    assert crew.closes() == 200
    assert (state(evening, "run-2").phase, state(evening, "run-2").closure_v) == (Phase.CLOSED, 2)
    board.context.close()
