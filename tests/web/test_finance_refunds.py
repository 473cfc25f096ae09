"""Refunds on their page: from the bus team's request to the payment, by four hands; the policy's form."""

import re

from busops.domain.people import Role
from tests.unit.services.money_scene import a_bill
from tests.web.test_finance_pages import press, scene, text_of, upload, visit

PAGE = "/finance/refunds"
PAID = a_bill("2026-03-14,10.00,甲,校车费,TX1,20230002")
BACK = a_bill("2026-03-16,-10.00,甲,退款,TX9,20230002")

__all__ = ["scene", "visit"]


def accepted(client, content: bytes, name: str) -> None:
    """The bill is in the books."""
    preview = upload(client, content, name).get_data(as_text=True)
    batch = re.search(r"/finance/receipts/([^/\"]+)/accept", preview)[1]
    press(client, "/account", f"/finance/receipts/{batch}/accept")


def act_of(client, name: str) -> str:
    """Where the form of this step goes."""
    return re.search(rf'action="(/finance/refunds/[^"]+/{name})"', client.get(PAGE).get_data(as_text=True))[1]


def test_a_refund_goes_through_four_hands_to_the_bill(visit):
    """Asked and checked by the bus team without amounts, approved, paid, and seen in a bill by hand."""
    bus, clerk, lead = visit(Role.DISPATCHER), visit(Role.FINANCE), visit(Role.FINANCE_LEAD)
    accepted(clerk, PAID, "bill.csv")
    form = text_of(bus.get(f"{PAGE}?rider_id=20230002"))
    assert "10.00" not in form
    asked = {"rider_id": "20230002", "unit": "TRIP:2026-03-13:homeward", "trigger": "SCHOOL_FAULT"}
    early = press(bus, "/account", PAGE, **asked, note=" ")
    assert early.status_code == 409
    assert "已提出退费" in text_of(press(bus, "/account", PAGE, **asked, note="没接上"))
    assert "等着核对乘车" in text_of(bus.get("/"))
    assert "应乘 1，实乘 1" in text_of(bus.get(PAGE))
    assert "已核对" in text_of(press(bus, "/account", act_of(bus, "check")))
    assert press(clerk, "/account", act_of(lead, "approve")).status_code == 403
    assert "已批准" in text_of(press(lead, "/account", act_of(lead, "approve")))
    assert press(clerk, "/account", act_of(clerk, "pay"), reference=" ").status_code == 409
    assert "已记付款" in text_of(press(clerk, "/account", act_of(clerk, "pay"), reference="W1"))
    accepted(clerk, BACK, "back.csv")
    assert "对上账单 0 笔" in text_of(press(clerk, "/account", f"{PAGE}/look"))
    line = re.search(r'<option value="([^"]+)">2026', clerk.get(PAGE).get_data(as_text=True))
    line = line or re.search(r'name="line"><option value="([^"]+)"', clerk.get(PAGE).get_data(as_text=True))
    assert "已与账单核对" in text_of(press(clerk, "/account", act_of(clerk, "see"), line=line[1]))
    table = clerk.get(f"{PAGE}?format=csv").data.decode("utf-8-sig")
    assert "10.00" in table
    assert "W1" in table
    assert "10.00" not in bus.get(f"{PAGE}?format=csv").data.decode("utf-8-sig")


def test_a_refusal_needs_its_reason(visit):
    """Without one the page says so; with one the refund is over."""
    bus, clerk = visit(Role.DISPATCHER), visit(Role.FINANCE)
    accepted(clerk, PAID, "bill.csv")
    asked = {"rider_id": "20230002", "unit": "TRIP:2026-03-13:homeward", "trigger": "SCHOOL_FAULT"}
    press(bus, "/account", PAGE, **asked, note="没接上")
    assert press(bus, "/account", act_of(bus, "refuse"), note="").status_code == 409
    assert "已退回" in text_of(press(bus, "/account", act_of(bus, "refuse"), note="上了车"))
    assert "没有等你处理的退费" in text_of(bus.get(PAGE))
    nothing = press(bus, "/account", PAGE, **(asked | {"trigger": "EXPELLED"}), note="x")
    assert "没有可以退的" in text_of(nothing)
    assert press(bus, "/account", PAGE, **(asked | {"trigger": "x"}), note="x").status_code == 409


def test_the_head_of_finance_changes_the_policy(visit):
    """Half of a late leave; a rate beyond the whole and a word for a number are refused; others only read."""
    lead, clerk = visit(Role.FINANCE_LEAD), visit(Role.FINANCE)
    page = f"{PAGE}/policy"
    html = lead.get(page).get_data(as_text=True)
    fields = dict(re.findall(r'name="((?:short|long|units)-[A-Z_]+)" value="(\d+)"', html))
    assert fields["units-LEAVE_IN_TIME"] == "4"
    changed = fields | {"short-LEAVE_LATE": "50"}
    assert "退费规则已改" in text_of(press(lead, page, page, **changed, reason="家委会"))
    assert 'name="short-LEAVE_LATE" value="50"' in lead.get(page).get_data(as_text=True)
    assert press(lead, page, page, **(changed | {"long-EXPELLED": "101"}), reason="x").status_code == 409
    assert press(lead, page, page, **(changed | {"long-EXPELLED": "x"}), reason="x").status_code == 409
    assert "从现在起照此" not in text_of(clerk.get(page))
