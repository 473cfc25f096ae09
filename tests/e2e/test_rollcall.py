"""A class teacher's phone and the office's paper form in a real Chromium: whole and accessible."""

import os
import re
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from busops.domain.rollcall import MISSING
from busops.domain.values import Direction
from busops.storage import alarm_store, device_store
from busops.web.app import create_app
from tests.builders import Tablet
from tests.e2e.looking import enter, overflows, untranslated, violations
from tests.machine import CountingIds, FixedClock
from tests.run_kit import send
from tests.school_bound import come_to_school
from tests.sim import world
from tests.unit.services.test_paper_scan import a_picture

DAY = "2026-03-13"
PHONE, LAPTOP = (390, 844), (1280, 800)
SCHOOL = ("学生", "高一", "班", "号站", "学校", "示例", "队员", "川FB0002")


@pytest.fixture
def school(sqlite_database, settings):
    """A served school where the bus has just come, and its database."""
    clock, ids = FixedClock(world.DEPARTS_AT + timedelta(minutes=45)), CountingIds()
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    with sqlite_database.transaction() as tx:
        assert device_store.enrol(tx, "tablet", at=clock.now()).dev == 1
    tablet = Tablet(plan=world.release(sqlite_database, direction=Direction.RETURN))
    come_to_school(tablet)
    send(sqlite_database, tablet, clock=clock)
    server = make_server("127.0.0.1", 0, create_app(settings, clock=clock, ids=ids), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}", sqlite_database
    server.shutdown()
    thread.join()


def look(page: Page, name: str, language: str) -> None:
    """The page is whole at both sizes: no fault of axe, no sideways scroll, one language."""
    data = sorted(SCHOOL, key=len, reverse=True)
    for width, height in (PHONE, LAPTOP):
        page.set_viewport_size({"width": width, "height": height})
        assert violations(page) == []
        if "/print/" not in page.url:
            assert not overflows(page, width), (name, width)
            page.set_viewport_size({"width": width, "height": height})
        if folder := os.environ.get("PICTURES"):
            picture = Path(folder) / f"{name}-{width}-{language}.png"
            page.screenshot(path=str(picture), full_page=width == LAPTOP[0])
    if language == "en":
        assert untranslated(page, data) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_teacher_answers_on_a_phone_without_an_account(school, browser, language):
    """By the office's link, without a script: one child is missing, it is said at once, and it is called."""
    url, database = school
    office, errors = enter(browser, url, "dispatcher", language)
    office.goto(f"/rollcalls?on={DAY}")
    look(office, "rollcall-day", language)
    link = office.locator("tr", has_text="高一2班").locator("a[href*='/rollcall/']").get_attribute("href")
    phone = browser.new_context(
        viewport={"width": PHONE[0], "height": PHONE[1]}, java_script_enabled=False, has_touch=True
    ).new_page()
    phone.goto(f"{url}/language/{language}?next=/signin")
    phone.goto(link)
    asked = phone.locator("fieldset.ask")
    expect(asked).to_have_count(4)
    asked.nth(0).locator("label").nth(0).tap()
    asked.nth(1).locator("label").nth(4).tap()
    phone.fill("#by_name", "示例老师")
    phone.locator(".roll__foot button").tap()
    expect(phone.locator("[role=alert]")).to_contain_text(re.compile("学生"))
    with database.reading() as tx:
        assert [each.level for each in alarm_store.load_alarms(tx) if each.kind == MISSING] == [2]
    office.goto(link)
    look(office, "rollcall-class", language)
    office.goto(f"/dispatch?on={DAY}")
    look(office, "rollcall-board", language)
    office.goto(f"/print/rollcall/{DAY}")
    look(office, "rollcall-codes", language)
    assert errors == []
    phone.context.close()
    office.context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_sheet_of_paper_is_typed_and_waits_for_another(school, browser, language):
    """The form at both sizes, a photo with it, and the page on which a second person compares."""
    url, _ = school
    office, errors = enter(browser, url, "dispatcher", language)
    office.goto("/runs/run-1/paper")
    look(office, "paper-form", language)
    office.set_input_files("#scan", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": a_picture()})
    office.fill("[name='left:S001']", "16:00")
    office.fill("[name='arrived:@campus']", "16:30")
    line = office.locator("select[name^='on:']").first
    rider = line.get_attribute("name").removeprefix("on:")
    line.select_option("S001")
    office.select_option(f"[name='off:{rider}']", "@campus")
    office.locator("main button[type=submit]").last.click()
    office.wait_for_url("**/paper/*")
    look(office, "paper-own", language)
    path = office.url
    office.context.close()
    other, more = enter(browser, url, "deputy", language)
    other.goto(path)
    look(other, "paper-second", language)
    for name, count in (("boarded", "1"), ("alighted", "1"), ("absent", "0"), ("handed", "0")):
        other.fill(f"#{name}", count)
    other.locator("form[action$='/confirm'] button").click()
    other.wait_for_url("**/runs/run-1")
    expect(other.get_by_text("PAPER", exact=True)).to_be_visible()
    assert errors == more == []
    other.context.close()
