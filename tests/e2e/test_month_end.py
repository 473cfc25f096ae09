"""
Month end in a real Chromium: three files in, the queue cleared, a refund and the close by two people.

The run of the small school is driven and charged before the story begins: eleven riders owe 10.00
each. With PICTURES set to a folder every page of the story is photographed there.
"""

import io
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from busops.domain.people import Role
from busops.finance.costs import CostLine
from busops.services import books_audit, costs, fares, people, periods
from busops.web.app import create_app
from tests.e2e.looking import enter, overflows, untranslated, violations
from tests.e2e.office_school import PASSWORD
from tests.unit.services.money_scene import MoneyScene, a_closed_run
from tests.unit.sheets import bill_files as make

pytestmark = pytest.mark.browser
FRIDAY, MONTH = date(2026, 3, 13), "/finance/periods/2026-03"
NAMES = {Role.FINANCE: "薛知远", Role.FINANCE_LEAD: "曾明远"}  # the bus team is there already
PHONE, LAPTOP = (390, 844), (1280, 800)
WECHAT = tuple(
    make.wechat_paid(n, fen, 交易时间="2026-03-14 08:00:00", 商品名称=f"校车费,2023{n:04}", 商户数据包="")
    for n, fen in ((2, 1200), (6, 1000), (7, 1000), (8, 1000))
)
ACCOUNT = "20880000000000000156_202603"
ALIPAY = (
    make.alipay_row(12, 1000, 商品名称="校车费 20230012", 创建时间="2026-03-15 07:00:00"),
    make.alipay_row(13, 1000, 商品名称="高一2班学生13", 创建时间="2026-03-15 07:00:01"),
    make.alipay_row(14, 1000, 商品名称="谢谢老师", 创建时间="2026-03-15 07:00:02"),
)
BANK = (
    ("2026-03-16", 1000, "20230018 校车"),
    ("2026-03-16", 700, "20230019 校车"),
    ("2026-03-17", -21050, "油费"),
    ("2026-03-17", 2300, "不知道"),
)
# By language: what is told of the closed month, what a stale page is told, and that a refund is approved.
SAYS = {
    "zh": ("2026-03 已结账", "账期 2026-03 已结账，不能再入账", "已批准，等出纳付款"),
    "en": ("2026-03 is closed", "Period 2026-03 is closed.", "Approved; the cashier pays"),
}


@dataclass(slots=True, kw_only=True)
class MonthEnd:
    """The served school, a browser page for each person, and how the story is looked at."""

    url: str
    browser: Browser
    language: str
    errors: list[list[str]] = field(default_factory=list)

    def page_of(self, role: Role) -> Page:
        """A browser of that person, signed in."""
        page, errors = enter(self.browser, self.url, role.value, self.language)
        self.errors.append(errors)
        return page

    def look(self, page: Page, name: str) -> None:
        """The page is accessible (asked once, in Chinese), no wider than a phone, and in one language."""
        assert self.language != "zh" or violations(page) == []
        assert not overflows(page, PHONE[0]), name
        if self.language == "en":
            assert untranslated(page, ()) == [], name
        folder = os.environ.get("PICTURES")
        for width, height in (PHONE, LAPTOP):
            page.set_viewport_size({"width": width, "height": height})
            if folder:
                path = Path(folder) / f"month-end-{name}-{width}-{self.language}.png"
                page.screenshot(path=str(path), full_page=True)


@pytest.fixture
def scene(sqlite_database, settings, ids) -> Iterator[tuple[MoneyScene, str]]:
    """The charged weekend with its costs, six weeks later, served; its address."""
    made = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(made.database, **made.acting)
    costs.add_costs(made.database, [CostLine(on=FRIDAY, code="C01", fen=9_000)], **made.acting)
    made.clock.advance(40 * 24 * 3600)
    for role, name in NAMES.items():
        people.create_person(
            made.database, name=name, username=role.value, role=role, password=PASSWORD, clock=made.clock,
            ids=made.ids, hasher=people.CHEAP,
        )  # fmt: skip
    app = create_app(made.settings, clock=made.clock, ids=made.ids)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def import_file(page: Page, name: str, content: bytes) -> None:
    """The file is previewed and booked."""
    page.goto("/finance/receipts")
    page.set_input_files("#file", {"name": name, "mimeType": "application/octet-stream", "buffer": content})
    page.click("form[enctype] button[type=submit]")
    expect(page.locator("form[action$='/accept'] button")).to_be_enabled()


def files() -> dict[str, bytes]:
    """What finance downloaded: a merchant's bill, an archive in GBK, a statement newest first."""
    statement = make.text_bytes(make.bank(*BANK, newest_first=True, total=True), encoding="gb18030")
    detail = {"业务明细": make.alipay_detail(ALIPAY), "业务明细(汇总)": make.alipay_summary(ALIPAY)}
    entries = {
        f"{ACCOUNT}_{name}.csv": make.text_bytes(lines, encoding="gbk") for name, lines in detail.items()
    }
    return {
        "1900000000All2026-03.csv": make.wechat_bill(*WECHAT),
        f"{ACCOUNT}.zip": make.zipped(entries),
        "6222_2026-03.csv": statement,
    }


def clear_queue(story: MonthEnd, page: Page) -> None:
    """The first is nobody's fare (X), the next the first proposal's (Enter): by keys alone."""
    page.goto("/finance/match")
    story.look(page, "queue")
    for _ in range(6):
        if not page.locator(".slip").count():
            break
        key = "Enter" if page.locator("[data-choice='1']").count() else "x"
        with page.expect_navigation():
            page.keyboard.press(key)
    expect(page.locator(".slip")).to_have_count(0)
    story.look(page, "queue-clear")


def refund(story: MonthEnd, clerk: Page) -> None:
    """The bus team asks and confirms, and is not offered the approval; the lead approves; the clerk pays."""
    bus, lead = story.page_of(Role.DISPATCHER), story.page_of(Role.FINANCE_LEAD)
    bus.goto("/finance/refunds?rider_id=20230002")
    bus.select_option("#trigger", "OVERPAID")
    bus.fill("#note", "家长要求退回多缴的")
    bus.click("form.form--wide button[type=submit]")
    bus.click("form[action$='/check'] button")
    expect(bus.locator("form[action$='/approve']")).to_have_count(0)
    story.look(bus, "refund-bus")
    lead.goto("/finance/refunds")
    story.look(lead, "refund-lead")
    lead.click("form[action$='/approve'] button")
    expect(lead.get_by_text(SAYS[story.language][2])).to_be_visible()
    expect(lead.locator("form[action$='/pay']")).to_have_count(0)
    clerk.goto("/finance/refunds")
    clerk.fill("input[name=reference]", "5030000000202603000002")
    story.look(clerk, "refund-clerk")
    clerk.click("form[action$='/pay'] button")
    bus.context.close()
    lead.context.close()


def close(story: MonthEnd, clerk: Page) -> None:
    """Every difference gets a word, the clerk signs, the lead closes; a stale page is refused in words."""
    clerk.goto(MONTH)
    story.look(clerk, "close-open")
    while clerk.locator("form[action$='/dispose']").count():
        clerk.locator("form[action$='/dispose'] input[name=note]").first.fill("已提醒监护人，下月补缴")
        clerk.locator("form[action$='/dispose'] button").first.click()
        clerk.wait_for_load_state()
    clerk.click("form[action$='/prepare'] button")
    story.look(clerk, "close-signed")
    lead = story.page_of(Role.FINANCE_LEAD)
    lead.goto(MONTH)
    lead.click("form[action$='/close'] button")
    expect(lead.get_by_role("status").get_by_text(SAYS[story.language][0])).to_be_visible()
    story.look(lead, "close-closed")
    clerk.click("form[action$='/prepare'] button")
    expect(clerk.get_by_text(SAYS[story.language][1])).to_be_visible()
    story.look(clerk, "close-refused")
    lead.context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_month_end(scene: tuple[MoneyScene, str], browser: Browser, language: str) -> None:
    """From three downloaded files to a closed month with its workbook, nothing but what pages offer."""
    made, url = scene
    story = MonthEnd(url=url, browser=browser, language=language)
    clerk = story.page_of(Role.FINANCE)
    for name, content in files().items():
        import_file(clerk, name, content)
        story.look(clerk, f"preview-{name[-3:]}-{len(name)}")
        clerk.click("form[action$='/accept'] button")
    clear_queue(story, clerk)
    refund(story, clerk)
    close(story, clerk)
    clerk.goto("/finance/?weekend=2026-03-13")
    story.look(clerk, "verdict")
    with clerk.expect_download() as waiting:
        clerk.click("a[href*='sheets/reconciliation.xlsx']")
    book = openpyxl.load_workbook(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    assert len(book.sheetnames) == 8
    shown = [str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row]
    assert {*files()} <= {*shown}
    clerk.context.close()
    # Refused by the month's close, and told by the browser as what it is: a conflict.
    assert [line for lines in story.errors for line in lines if "409" not in line] == []
    assert next(str(month.state) for month in periods.list_periods(made.database)) == "closed"
    assert books_audit.verify_books(made.database).findings == ()
