"""A gate that two people of two roles let pass, each on a page where he signed in himself."""

from datetime import timedelta

from playwright.sync_api import Browser, Page, expect

from busops.clock import SystemClock
from busops.domain.run import Phase
from tests.e2e.offline_evening import Evening
from tests.e2e.test_lost_tablet import Crew, office, state
from tests.sim import world


def asks(page: Page) -> None:
    """The dispatcher asks to let pass that somebody did not come."""
    page.locator("[data-opens^='override-rider_missing']").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("[name=override_reason]").select_option("guardian_confirmed")
    dialog.locator("[name=reason]").fill("家长接走了，电话核实")
    dialog.get_by_role("button", name="申请放行").click()
    page.wait_for_load_state()


def test_a_gate_is_let_pass_by_another_role_in_a_session_of_its_own(
    evening: Evening, browser: Browser
) -> None:
    """Who asked and his colleague see no button to agree; the supervisor refuses once, agrees, it closes."""
    left_at = SystemClock().now() - timedelta(minutes=110)
    plan = world.release(evening.database, run_id="run-2", departs_at=left_at, trip_no=2, stops=("S001",))
    crew = Crew(evening, "run-2")
    assert crew.drives(absent={plan.manifest[0].rider_id: "missing"}) == ["finding_open"]
    pages = {
        who: office(browser, evening, who, "/runs/run-2") for who in ("dispatcher", "deputy", "supervisor")
    }
    asks(pages["dispatcher"])
    for page in pages.values():
        page.reload()
        expect(page.get_by_role("heading", name="两人放行（1）")).to_be_visible()
    for who in ("dispatcher", "deputy"):
        expect(pages[who].get_by_role("button", name="批准放行")).to_have_count(0)
    pages["supervisor"].get_by_role("button", name="不批准").click()
    assert crew.closes() == 409
    pages["dispatcher"].reload()
    asks(pages["dispatcher"])
    pages["supervisor"].reload()
    pages["supervisor"].get_by_role("button", name="批准放行", exact=True).click()
    pages["supervisor"].wait_for_load_state()
    assert crew.closes() == 200
    assert state(evening, "run-2").phase is Phase.CLOSED
    for page in pages.values():
        page.context.close()
