"""A rider's account on its page: lines with their papers, two words on an allowance, receipts on paper."""

import re

from busops.domain.people import Role
from tests.unit.services.money_scene import a_bill
from tests.web.test_finance_pages import press, scene, text_of, visit
from tests.web.test_finance_refunds import accepted

HOME = "TRIP:2026-03-13:homeward"
BILL = a_bill("2026-03-14,12.00,戊,,TX5,20230008")
PAGE = "/finance/riders/20230008"

__all__ = ["scene", "visit"]


def test_an_overpaid_account_is_carried_over_and_receipted(visit):
    """Run and payment are named; 2.00 go to the next weekend; the receipt has its number and its capitals."""
    clerk = visit(Role.FINANCE)
    accepted(clerk, BILL, "bill.csv")
    assert clerk.get("/finance/riders?rider_id=20230008").headers["Location"] == PAGE
    shown = text_of(clerk.get(PAGE))
    for words in ("趟次 run-1 第 1 版", "TX5", "−2.00", "多缴 2.00 元", "与账上相符"):
        assert words in shown
    wrong = press(clerk, PAGE, f"{PAGE}/carry", **{"from": HOME, "to": "x"})
    assert wrong.status_code == 409
    assert "已结转" in text_of(
        press(clerk, PAGE, f"{PAGE}/carry", **{"from": HOME, "to": "TRIP:2026-03-20:homeward"})
    )
    paper = text_of(press(clerk, PAGE, f"{PAGE}/receipts"))
    for words in ("No. 000001", "2026-03-14", "¥12.00", "人民币壹拾贰元整"):
        assert words in paper
    assert press(clerk, PAGE, f"{PAGE}/receipts").status_code == 409
    assert press(clerk, PAGE, f"{PAGE}/receipts/1/void", note="").status_code == 409
    assert "收据 1 已作废" in text_of(press(clerk, PAGE, f"{PAGE}/receipts/1/void", note="写错"))
    assert "已作废，见 000002 号" in text_of(clerk.get("/finance/fare-receipts/1"))
    assert "负人民币壹拾贰元整" in text_of(clerk.get("/finance/fare-receipts/2"))
    assert clerk.get("/finance/fare-receipts/9").status_code == 404


def test_finance_proposes_and_its_head_decides(visit):
    """A hardship of 10.00: proposed by the clerk, agreed by the lead, once; the account is settled."""
    clerk, lead = visit(Role.FINANCE), visit(Role.FINANCE_LEAD)
    page = "/finance/riders/20230007"
    form = {"unit": HOME, "kind": "HARDSHIP", "amount": "10.00", "note": "困难"}
    assert press(clerk, page, f"{page}/allowances", **(form | {"amount": "11"})).status_code == 409
    assert press(clerk, page, f"{page}/allowances", **(form | {"kind": "x"})).status_code == 409
    assert "已提出" in text_of(press(clerk, page, f"{page}/allowances", **form))
    assert "困难减免" in text_of(lead.get("/finance/riders"))
    html = lead.get(page).get_data(as_text=True)
    act = html[html.index(f'action="{page}/allowances/') + 8 :].split('"')[0]
    assert press(clerk, page, act, agree="yes").status_code == 403
    assert press(lead, page, act, agree="no").status_code == 409
    assert "已决定" in text_of(press(lead, page, act, agree="yes"))
    assert "结清" in text_of(lead.get(page))
    assert press(lead, "/account", act, agree="yes").status_code == 409


def test_days_of_use_are_kept_on_the_account(visit):
    """Without a word they are refused; kept they are shown with the application, and the rule beside them."""
    clerk = visit(Role.FINANCE)
    days = {"joined_on": "2026-03-09", "left_on": "2026-05-20"}
    assert press(clerk, PAGE, f"{PAGE}/service", **days, note=" ").status_code == 409
    shown = text_of(press(clerk, PAGE, f"{PAGE}/service", **days, note="申请 12 号"))
    for words in ("应缴已按月折算", "3月9日", "加入", "申请 12 号", "已开始的月份收整月"):
        assert words in shown
    assert press(visit(Role.FINANCE_LEAD), "/account", f"{PAGE}/service", **days, note="x").status_code == 403


def test_consents_and_subsidies_are_kept_on_their_page(visit):
    """Numbers nobody has are refused; a subsidy counts in the memo until it is undone."""
    clerk, page = visit(Role.FINANCE), "/finance/fee-plans"
    form = {"way": "WRITTEN", "given_on": "2026-03-01", "note": "同意书 7 号"}
    assert press(clerk, page, f"{page}/consents", riders="20230008，nobody", **form).status_code == 409
    assert "已记下票价同意" in text_of(
        press(clerk, page, f"{page}/consents", riders="20230008、20230002", **form)
    )
    listed = clerk.get(f"{page}?format=csv&agreed=yes").get_data(as_text=True)
    assert ("20230008" in listed, "20230007" in listed) == (True, False)
    gift = {"giver": "镇政府", "received_on": "2026-03-05", "note": "文件 3 号"}
    assert press(clerk, page, f"{page}/subsidies", amount="0", **gift).status_code == 409
    assert "不计入收入" in text_of(press(clerk, page, f"{page}/subsidies", amount="500", **gift))
    assert "净收益加补贴" in text_of(clerk.get("/finance/verdict"))
    subsidy = re.search(r"/subsidies/([^/]+)/undo", clerk.get(page).get_data(as_text=True))
    assert subsidy is not None
    undo = f"{page}/subsidies/{subsidy[1]}/undo"
    assert "已撤销补贴" in text_of(press(clerk, page, undo, note="记错"))
    assert press(clerk, page, undo, note="记错").status_code == 409
    assert "净收益加补贴" not in text_of(clerk.get("/finance/verdict"))
