"""Bills in the browser: the preview of each kind, and a sheet explained once, in both languages."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.looking import enter, overflows, untranslated, violations
from tests.e2e.office_school import OfficeSchool
from tests.unit.sheets.bill_files import bank, text_bytes, wechat_back, wechat_bill, wechat_paid

pytestmark = pytest.mark.browser
WECHAT = wechat_bill(*(wechat_paid(n, 4400) for n in range(1, 9)), wechat_back(3, 1400))
MOVES = (("2024-03-09", 4400, "校车费"), ("2024-03-10", -30000, "油费"), ("2024-03-10", 5600, "校车费"))
STATEMENT = bank(*MOVES, newest_first=True, total=True)
SHEET = "一卡通导出\n何时,多少,谁\n2024-03-09,1500,张大\n".encode()


def preview(page: Page, name: str, content: bytes) -> None:
    """The file is chosen on the receipts page and its preview is open."""
    page.goto("/finance/receipts")
    page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": content})
    page.click("form[enctype] button[type=submit]")
    expect(page.locator("h1")).to_be_visible()


def is_whole(page: Page, language: str) -> None:
    """Accessible, no wider than a phone, and in one language."""
    assert violations(page) == []
    assert not overflows(page, 390)
    page.set_viewport_size({"width": 1280, "height": 800})
    assert language == "zh" or untranslated(page, ()) == []


SAYS = {"zh": ("微信支付商户账单", "相符", "不符"), "en": ("WeChat Pay merchant bill", "OK", "Differs")}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_bills_are_previewed(browser: Browser, office: OfficeSchool, language: str) -> None:
    """A good bill beside its totals; a statement with a row gone says which; neither page is broken."""
    kind, agrees, differs = SAYS[language]
    page, errors = enter(browser, office.url, "finance", language)
    preview(page, "wx.csv", WECHAT)
    expect(page.get_by_text(kind)).to_be_visible()
    expect(page.get_by_text(agrees, exact=True)).to_have_count(7)
    is_whole(page, language)
    preview(page, "bank.csv", text_bytes([*STATEMENT[:3], *STATEMENT[4:]], encoding="gb18030"))
    expect(page.get_by_text("1,100.00")).to_be_visible()
    expect(page.get_by_text(differs, exact=True)).to_be_visible()
    is_whole(page, language)
    assert errors == []
    page.context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_sheet_is_explained_once(browser: Browser, office: OfficeSchool, language: str) -> None:
    """Its columns are chosen, it is read in fen, and it stands among the school's own sheets."""
    page, errors = enter(browser, office.url, "finance", language)
    preview(page, "card.csv", SHEET.replace("何时".encode(), language.encode()))
    page.click("main a[href$='/columns']")
    is_whole(page, language)
    for index, meaning in enumerate(("paid_on", "amount", "payer")):
        page.select_option(f"#column-{index}", meaning)
    page.select_option("#unit", "fen")
    page.fill("#name", f"card {language}")
    page.click("form.stack button[type=submit]")
    expect(page.locator("td", has_text="15.00").first).to_be_visible()
    is_whole(page, language)
    page.goto("/finance/receipts")
    expect(page.locator("th", has_text=f"card {language}")).to_be_visible()
    is_whole(page, language)
    assert errors == []
    page.context.close()
