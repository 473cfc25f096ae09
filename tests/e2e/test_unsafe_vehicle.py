"""A driver finds something that keeps the bus standing, in a real Chromium, until the office clears it."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from busops.clock import SystemClock
from busops.services import defects
from tests.e2e import test_friday_evening as friday
from tests.e2e.navigators.driver import Driver
from tests.e2e.offline_evening import Evening


def test_the_drivers_screen_says_that_the_bus_stands(
    evening: Evening, signed_in: Callable[[str, dict], Page]
) -> None:
    """Without words nothing is recorded; with them the screen stops him; cleared, it lets him go on."""
    driver = Driver(signed_in("driver", friday.PHONE))
    driver.open("run-1")
    page = driver.page
    for item in page.locator("[data-item]").all():
        item.click()
    page.locator("[data-critical]").click()
    page.get_by_role("button", name="记录出车前检查").click()
    expect(page.locator(".field__error")).to_have_text("请写明问题")
    page.fill("#defect", "刹车漏油")
    page.get_by_role("button", name="记录出车前检查").click()
    expect(driver.step("depart")).to_contain_text("不能出车")
    expect(driver.step("depart")).to_have_attribute("data-s", "bad")
    page.wait_for_timeout(friday.NEWS_MS)
    (told,) = defects.defect_list(evening.database).defects
    defects.clear_defect(evening.database, told.defect_id, how="换油管", by="u1", clock=SystemClock())
    expect(driver.step("depart")).not_to_contain_text("不能出车", timeout=20_000)
