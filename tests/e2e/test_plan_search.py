"""A search watched, stopped and kept; then two plans on one map: in a real Chromium, in both languages."""

import re

import pytest
from playwright.sync_api import Page, expect

from busops.domain.values import Direction
from busops.services import planning
from busops.storage import plan_store
from tests.e2e.looking import enter, overflows, untranslated, violations
from tests.e2e.office_school import NEXT_FRIDAY
from tests.e2e.test_every_page import LAPTOP, PHONE, data_of_school

JOB_MS = 30_000
LONG = "120"  # seconds that nobody waits for: the story stops the search


def is_whole(page: Page, errors: list[str], language: str) -> None:
    """Accessible, quiet, in one language, and no wider than a phone or a laptop."""
    assert violations(page) == []
    assert errors == []
    if language == "en":
        assert untranslated(page, data_of_school()) == []
    assert not any(overflows(page, width) for width in (PHONE, LAPTOP))
    page.set_viewport_size({"width": LAPTOP, "height": 800})


def order(page: Page, direction: str, seconds: str) -> None:
    """A plan of the coming weekend is ordered on the plans' page."""
    page.goto("/plans/")
    page.fill("#weekend_on", NEXT_FRIDAY.isoformat())
    page.select_option("#direction", direction)
    page.fill("#seconds", seconds)
    page.locator("form[action='/plans/'] button[type=submit]").click()
    page.wait_for_url(re.compile("/jobs/"))


def points(page: Page) -> int:
    """How many corners the cost's line has by now."""
    line = page.locator("svg.course polyline").first.get_attribute("points") or ""
    return len(line.split())


def test_a_search_is_watched_stopped_and_kept(office, browser):
    """The chart fills, survives a reload, and the stop leads to a draft that says it was stopped."""
    page, errors = enter(browser, office.url, "dispatcher")
    before = {one.plan_id for one in planning.plans_of(office.database, NEXT_FRIDAY)}
    order(page, "return", LONG)
    page.wait_for_selector("svg.course", timeout=JOB_MS)
    first = page.locator("svg.course").get_attribute("aria-label")
    page.wait_for_function(
        "was => document.querySelector('svg.course')?.getAttribute('aria-label') !== was", arg=first
    )
    is_whole(page, errors, "zh")
    button = page.get_by_role("button", name="停止，留下目前最好的")
    button.focus()
    page.reload()
    assert points(page) >= 2
    button.focus()
    page.wait_for_timeout(1200)  # two refreshes of the part beside it
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/plans/.+"), timeout=JOB_MS)
    plan_id = page.url.rsplit("/", 1)[1]
    assert plan_id not in before
    with office.database.reading() as tx:
        plan = plan_store.load_plan(tx, plan_id)
    assert plan.document["is_stopped"] is True
    assert plan.violations == ()
    assert points(page) >= 2
    is_whole(page, errors, "zh")
    page.context.close()


def test_a_search_is_discarded(office, browser):
    """The other button, in English: nothing is stored, and the page says so."""
    page, errors = enter(browser, office.url, "dispatcher", "en")
    before = len(planning.plans_of(office.database, NEXT_FRIDAY))
    order(page, "return", LONG)
    page.wait_for_selector("svg.course", timeout=JOB_MS)
    is_whole(page, errors, "en")
    page.get_by_role("button", name="Stop and discard").click()
    expect(page.get_by_text("Stopped; nothing was stored.")).to_be_visible(timeout=JOB_MS)
    assert len(planning.plans_of(office.database, NEXT_FRIDAY)) == before
    page.context.close()


@pytest.fixture(scope="module")
def two_plans(office) -> tuple[str, str]:
    """Two plans of one direction, made with different seeds."""
    runtime = office.app.extensions["busops"]
    made = [
        planning.plan_weekend(
            office.database,
            weekend_on=NEXT_FRIDAY,
            direction=Direction.HOMEWARD,
            seconds=0.2,
            seed=seed,
            clock=runtime.clock,
            ids=runtime.ids,
        )
        for seed in (1, 2)
    ]
    return made[0], made[1]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_two_plans_stand_on_one_map(office, browser, two_plans, language):
    """Both are drawn, each can be taken off with the keyboard, and the page is whole in both languages."""
    page, errors = enter(browser, office.url, "dispatcher", language)
    page.goto(f"/plans/{two_plans[0]}")
    page.locator("a[href^='/plans/compare']").click()
    page.wait_for_url(re.compile("a=.+&b=.+"))
    page.goto(f"/plans/compare?a={two_plans[0]}&b={two_plans[1]}")
    expect(page.locator("#map[data-ready]")).to_be_visible()
    drawn = page.locator("#map path.trip.side--b")
    assert page.locator("#map path.trip.side--a").count() > 0
    assert drawn.count() > 0
    is_whole(page, errors, language)
    page.locator("[data-side=b]").focus()
    page.keyboard.press("Space")
    assert page.locator("[data-side=b]").get_attribute("aria-pressed") == "false"
    assert all(not drawn.nth(at).is_visible() for at in range(drawn.count()))
    page.keyboard.press("Space")
    page.locator("[data-only-different]").press("Enter")
    same = page.locator("#map path.trip.is-same")
    assert all(not same.nth(at).is_visible() for at in range(same.count()))
    assert errors == []
    page.context.close()
