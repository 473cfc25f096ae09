"""The dispatcher's Thursday and finance's Monday, clicked through in a real Chromium."""

import io
import re

import openpyxl
from playwright.sync_api import Page, expect

from tests.e2e.looking import enter, violations
from tests.e2e.office_school import NEXT_FRIDAY, PASSWORD, UNSURE, bill
from tests.school_folder import rider_id

JOB_MS = 30_000


def looked_at(page: Page, errors: list[str]) -> None:
    """The page has no violation, and nothing was refused by its content policy."""
    assert violations(page) == []
    assert errors == []


def test_a_dispatcher_locks_plans_approves_and_releases(office, browser):
    """A draft roster becomes runs on the board, by nothing but what the pages offer."""
    page, errors = enter(browser, office.url, "dispatcher")
    looked_at(page, errors)
    page.get_by_role("link", name="名单", exact=True).click()
    page.get_by_role("link", name="11月20日").click()
    looked_at(page, errors)
    page.get_by_role("link", name="锁定名单").click()
    expect(page.get_by_role("main")).to_contain_text("离校 36 人")
    looked_at(page, errors)
    page.get_by_role("button", name="锁定名单").click()
    expect(page.get_by_text("第 1 版已锁定")).to_be_visible()

    page.get_by_role("link", name="线路方案").first.click()
    page.get_by_label("周末（周五的日期）").fill(NEXT_FRIDAY.isoformat())
    page.get_by_label("方向").select_option("homeward")
    page.get_by_label("计算多久（秒）").fill("2")
    page.get_by_role("button", name="开始排线路").click()
    page.wait_for_url(re.compile("/jobs/"))
    looked_at(page, errors)
    page.wait_for_url(re.compile("/plans/.+"), timeout=JOB_MS)

    expect(page.get_by_text("已核验，0 违规")).to_be_visible()
    expect(page.locator("#map[data-ready]")).to_be_visible()
    trips = page.locator("[data-trip]").count()
    assert trips == 2 or page.locator("#map path.trip").count() == trips
    looked_at(page, errors)
    page.get_by_role("button", name="批准方案").click()
    page.get_by_role("button", name=f"发布 {trips} 趟").click()
    page.wait_for_url(re.compile("/dispatch"))
    page.goto(f"/dispatch?on={NEXT_FRIDAY}")
    expect(page.locator("tr[data-run]")).to_have_count(trips)
    looked_at(page, errors)
    page.context.close()


def test_finance_judges_imports_claims_and_downloads(office, browser):
    """The verdict is read, a bill booked, the one unsure receipt claimed by hand, the workbook opened."""
    page, errors = enter(browser, office.url, "finance")
    page.get_by_role("link", name="收支核对", exact=True).click()
    expect(page.locator(".verdict__n")).to_contain_text("%")
    looked_at(page, errors)
    page.get_by_role("link", name="导入账单").click()
    looked_at(page, errors)
    page.set_input_files("#file", {"name": "bill.csv", "mimeType": "text/csv", "buffer": bill()})
    page.get_by_role("button", name="预览账单").click()
    looked_at(page, errors)
    page.get_by_role("button", name=re.compile("入账 .* 笔")).click()

    expect(page.get_by_text(re.compile("已入账 .* 笔"))).to_be_visible()
    expect(page.get_by_role("heading", name="可能是谁")).to_be_visible()
    looked_at(page, errors)
    page.get_by_label("认领给学号").fill(rider_id(UNSURE))
    page.get_by_label("认领给学号").press("Enter")
    expect(page.get_by_text("已认领 40.00 元")).to_be_visible()
    expect(page.get_by_text("没有待认领的到账")).to_be_visible()
    looked_at(page, errors)

    page.get_by_role("link", name="看结论").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载核对表").click()
    with open(waiting.value.path(), "rb") as file:
        book = openpyxl.load_workbook(io.BytesIO(file.read()))
    assert len(book.sheetnames) == 8
    cells = [str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row]
    assert rider_id(UNSURE) in cells

    page.goto(f"/finance/riders/{rider_id(UNSURE)}")
    looked_at(page, errors)
    page.get_by_role("button", name="开收据").click()
    expect(page.get_by_text("人民币肆拾元整")).to_be_visible()
    looked_at(page, errors)
    page.context.close()


def test_an_english_supervisor_reads_and_is_offered_nothing_refused(office, browser):
    """In English every door of the navigation opens for a supervisor, and nothing there can be changed."""
    page, errors = enter(browser, office.url, "supervisor", "en")
    expect(page.get_by_role("heading", name="Needs you now")).to_be_visible()
    doors = page.locator(".rail a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert "/dispatch" in doors
    for door in doors:
        answer = page.goto(door)
        assert answer is not None
        assert answer.status == 200, door
        assert page.locator("main form[method=post]").count() == 0, door
    looked_at(page, errors)
    assert PASSWORD not in page.content()
    page.context.close()
