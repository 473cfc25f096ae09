"""Two attendants, two buses: riders go out of one without a network, into the other, and nobody is lost."""

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from busops.clock import SystemClock, UuidIds
from busops.domain.events import StrandedBy
from busops.services import runs
from busops.services.transfers import Opening
from tests.e2e.navigators.attendant import READY, Attendant
from tests.e2e.offline_evening import Evening, open_run, sent, sign_in
from tests.run_kit import store_run
from tests.small_school import LICENSED

OTHER = {"run_id": "run-2", "plate": LICENSED, "driver_id": "D1", "attendant_ids": ("Z2",), "manifest": ()}


@pytest.fixture
def evening(evening: Evening) -> Evening:
    """Run-1, and run-2 that goes the same way with every seat free."""
    store_run(evening.database, replace(evening.plan, **OTHER))
    return evening


def test_riders_go_over_from_bus_to_bus(evening: Evening, browser: Browser) -> None:
    """The office opens it; out all at once and offline, told later; in one by one; both sides count."""
    first = sign_in(browser, evening)
    leaves = open_run(first)
    leaves.press("确认名单")
    riders = evening.riders_of("S001")[:2]
    leaves.board(riders)
    sent(first)
    opening = Opening(cause=StrandedBy.BREAKDOWN, reason="冒烟")
    here = {"by": "u1", "clock": SystemClock(), "ids": UuidIds()}
    runs.open_transfer(evening.database, "run-1", "run-2", opening=opening, **here)
    first.reload()
    first.wait_for_selector(READY)
    panel = first.locator("[data-transfer]")
    expect(panel).to_contain_text("还有 2 人没有转出")
    expect(panel).to_contain_text(LICENSED)
    second = sign_in(browser, evening, "stranger")
    takes = Attendant(second)
    takes.open("run-2")
    expect(second.locator("[data-transfer]")).to_contain_text("还有 2 人没有转入")
    evening.stop()
    panel.get_by_role("button", name="全部转出").click()
    first.get_by_role("button", name="都已上车，逐个记录").click()
    expect(panel).to_contain_text("还有 0 人没有转出")
    assert leaves.counts()[1] == 0
    evening.start()
    sent(first)
    assert set(moving(evening)) == set(riders)
    for rider_id in riders:
        second.locator("[data-move=moved_in]").get_by_role("button", name=rider_id[-4:]).click()
        takes.sees(rider_id, "aboard")
    expect(second.locator("[data-transfer]")).to_be_hidden()
    sent(second)
    assert not moving(evening)
    assert set(runs.run_view(evening.database, "run-2").state.aboard) == set(riders)
    for page in (first, second):
        page.context.close()


def moving(evening: Evening) -> list[str]:
    """Who is between the two buses, as the server has it."""
    return list(runs.run_view(evening.database, "run-1").state.moving)
