"""The costs' pages: entry with its fall, the second word, papers, bills, depreciation, other use."""

import io
import re

from PIL import Image

from busops.domain.people import Role
from tests.web.test_finance_pages import press, scene, text_of, visit

__all__ = ["scene", "visit"]

GOOD = {"on": "2026-03-13", "code": "C01", "amount": "120.50", "note": "加油"}
COSTS = "/finance/costs"


def picture(kind: str = "PNG") -> bytes:
    """A small picture that tells where it was taken."""
    made, exif = io.BytesIO(), Image.Exif()
    exif[0x010E] = "hidden-words"
    Image.new("RGB", (40, 30), "white").save(made, kind, exif=exif)
    return made.getvalue()


def action(client, page: str, name: str) -> str:
    """Where the form of a page leads whose address ends so."""
    return re.search(rf'action="([^"]+/{name})"', client.get(page).get_data(as_text=True))[1]


def entered(client, **changed: str):
    """A cost entered; the page of it, and its address."""
    answer = press(client, COSTS, COSTS, **(GOOD | changed))
    return answer, answer.request.path


def test_a_cost_is_entered_and_taken_back(visit):
    """
    120.50 on a day, on a run of nobody: on the page with its postings and its fall; refused with words.
    """
    client = visit(Role.FINANCE)
    shown, path = entered(client, tax="9.95", document="F-1")
    for words in ("已记 120.50 元", "9.95", "F-1", "5401 校车成本", "2202 应付账款", "公里", "不需要"):
        assert words in text_of(shown)
    for wrong, said in (
        ({"amount": "12o"}, "不是金额"),
        ({"on": ""}, "日期"),
        ({"tax": "130"}, "税额不能"),
        ({"from": "2026-03-01"}, "两个日期"),
        ({"plate": "川F99999"}, "没有车牌号 川F99999"),
        ({"line": "x/9"}, "没有线路 x/9"),
        ({"run": "x"}, "没有趟次 x"),
        ({"code": "C77"}, "不在目录"),
    ):
        bad = press(client, COSTS, COSTS, **(GOOD | wrong))
        assert (bad.status_code, said in text_of(bad)) == (400, True), wrong
    undone = text_of(press(client, path, f"{path}/take-back", note="记错"))
    assert "−120.50" in undone
    assert "原来那笔" in undone
    again = press(client, path, f"{path}/take-back", note="再来")
    assert (again.status_code, "已冲销" in text_of(again)) == (409, True)
    assert "冲销它的是" in text_of(client.get(path))
    assert client.get(f"{COSTS}/nothing").status_code == 404
    assert press(client, path, f"{COSTS}/nothing/take-back", note="x").status_code == 404


def test_how_a_cost_falls_is_seen_before_it_is_entered(visit):
    """The line of the closed run bears it; nothing is booked by looking; a line's page adds its costs up."""
    client = visit(Role.FINANCE)
    seen = press(client, COSTS, COSTS, **GOOD, act="preview")
    assert "这笔还没记：会这样分摊" in text_of(seen)
    assert "120.50" in text_of(seen)
    assert "还没有成本" in text_of(client.get(COSTS))
    line = re.search(r"/finance/costs/of-line\?line=([^\"]+)\"", seen.get_data(as_text=True))[1]
    entered(client)
    assert "合计 120.50" in text_of(client.get(f"{COSTS}/of-line?line={line}"))
    assert "只作备忘" in text_of(press(client, COSTS, COSTS, **(GOOD | {"code": "C90"}), act="preview"))
    late = GOOD | {"on": "2025-01-01"}
    assert "不在本学期" in text_of(press(client, COSTS, COSTS, **late, act="preview"))
    assert press(client, COSTS, COSTS, **(GOOD | {"code": "x"}), act="preview").status_code == 400


def test_much_money_takes_two_people(visit):
    """2,000.00: waits, not in the list; not by the clerk, by the lead; taken back by two as well."""
    clerk, lead = visit(Role.FINANCE), visit(Role.FINANCE_LEAD)
    waits, path = entered(clerk, amount="2000.00")
    assert "等另一人同意" in text_of(waits)
    assert "还没有入账" in text_of(waits)
    assert press(clerk, path, f"{path}/decide", agree="yes").status_code == 403
    assert "等第二人同意" in text_of(lead.get(COSTS))
    assert press(lead, path, f"{path}/decide", agree="no").status_code == 409
    assert "已同意，已入账" in text_of(press(lead, path, f"{path}/decide", agree="yes"))
    assert press(lead, "/account", f"{path}/decide", agree="yes").status_code == 409
    shown = text_of(clerk.get(path))
    assert "测试finance_lead" in shown
    back = press(clerk, path, f"{path}/take-back", note="记错")
    assert "等另一人同意" in text_of(back)
    assert press(clerk, path, f"{path}/take-back", note="记错").status_code == 409
    second = back.request.path
    assert "已同意，已入账" in text_of(press(lead, second, f"{second}/decide", agree="yes"))
    _, third = entered(clerk, amount="3000")
    assert "已退回" in text_of(press(lead, third, f"{third}/decide", agree="no", note="重复"))
    assert "重复" in text_of(clerk.get(third))
    _, fourth = entered(clerk, amount="4000")
    assert "已撤回" in text_of(press(clerk, fourth, f"{fourth}/withdraw"))
    assert press(clerk, "/account", f"{fourth}/withdraw").status_code == 409
    assert press(clerk, "/account", f"{COSTS}/x/withdraw").status_code == 404
    assert press(lead, "/account", f"{COSTS}/x/decide", agree="yes").status_code == 404


def test_papers_are_kept_drawn_anew_and_handed_out_as_downloads(visit):
    """With the entry or later; what they hide is gone; nobody but readers of money; each refusal in words."""
    clerk, watch, bus = visit(Role.FINANCE), visit(Role.SUPERVISOR), visit(Role.DISPATCHER)
    sent = {**GOOD, "paper": (io.BytesIO(picture()), "..\\小票.png")}
    shown = press(clerk, COSTS, COSTS, **sent)
    path = shown.request.path
    assert "小票.png" in text_of(shown)
    pdf = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
    kept = press(clerk, path, f"{path}/papers", paper=(io.BytesIO(pdf), "bill.pdf"))
    assert "单据已保存" in text_of(kept)
    png, as_given = watch.get(f"{path}/papers/1"), watch.get(f"{path}/papers/2")
    assert png.data.startswith(b"\x89PNG")
    assert b"hidden-words" not in png.data
    assert as_given.data == pdf
    for answer, kind in ((png, "image/png"), (as_given, "application/pdf")):
        assert answer.mimetype == kind
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["Cache-Control"] == "no-store"
    assert bus.get(f"{path}/papers/1").status_code == 403
    assert watch.get(f"{path}/papers/9").status_code == 404
    refused = press(clerk, COSTS, COSTS, **{**GOOD, "paper": (io.BytesIO(b"MZ"), "bill.pdf")})
    assert (refused.status_code, "只收 PDF" in text_of(refused)) == (400, True)
    none = press(clerk, path, f"{path}/papers")
    assert none.status_code == 400
    assert press(clerk, "/account", f"{COSTS}/x/papers").status_code == 404


def test_the_bill_takes_the_place_of_its_estimate(visit):
    """100.00 estimated, 95.00 billed: the estimate is undone, each names the other, the list is empty."""
    client = visit(Role.FINANCE)
    _, path = entered(client, amount="100", estimate="1")
    assert "100.00" in text_of(client.get(f"{COSTS}?state=estimate"))
    cost_id = path.rsplit("/", 1)[1]
    form = text_of(client.get(f"{COSTS}?replaces={cost_id}"))
    assert "这张单据替换一笔暂估" in form
    bill, paid = entered(client, amount="95", replaces=cost_id)
    assert "替换的暂估" in text_of(bill)
    assert "单据到了" in text_of(client.get(path))
    assert "没有符合条件" in text_of(client.get(f"{COSTS}?state=estimate"))
    assert press(client, COSTS, COSTS, **GOOD, replaces=cost_id).status_code == 409
    plain = paid.rsplit("/", 1)[1]
    assert press(client, COSTS, COSTS, **GOOD, replaces=plain).status_code == 409
    csv = client.get(f"{COSTS}?format=csv").get_data(as_text=True)
    assert "-100.00" in csv.replace("'", "")


def test_depreciation_is_entered_by_one_and_accepted_by_another(visit):
    """A bus of 120,000.00 over 100 months: due since the month after the purchase, booked once."""
    clerk, lead = visit(Role.FINANCE), visit(Role.FINANCE_LEAD)
    page = "/finance/depreciation"
    form = {"plate": "川FB0002", "bought": "2025-12-08", "cost": "120000", "residual": "0", "months": "100"}
    for wrong in (
        {"bought": ""},
        {"months": "x"},
        {"residual": "120001"},
        {"plate": "x"},
        {"starts": "2025-01"},
    ):
        assert press(clerk, page, page, **(form | wrong)).status_code == 400
    assert "已登记 川FB0002" in text_of(press(clerk, page, page, **form))
    act = action(lead, page, "accept")
    assert act.endswith("/2026-01/accept")
    assert press(clerk, page, act).status_code == 409
    assert "已入账：川FB0002 2026-01" in text_of(press(lead, page, act))
    assert press(lead, page, act).status_code == 409
    assert press(clerk, page, page, **form).status_code == 409
    by_hand = press(clerk, COSTS, COSTS, **(GOOD | {"code": "C10", "plate": "川FB0002"}))
    assert (by_hand.status_code, "只能从登记里入账" in text_of(by_hand)) == (409, True)
    assert "1602 累计折旧" in text_of(lead.get(re.search(rf'"({COSTS}/[^"?]+)"', lead.get(page).text)[1]))


def test_trips_for_others_are_logged_by_the_bus_team_and_left_out(visit):
    """As many kilometres for the staff as for pupils: half of the fuel is not counted, and it says so."""
    bus, clerk = visit(Role.DISPATCHER), visit(Role.FINANCE)
    form = {"on": "2026-03-14", "plate": "川FB0002", "km": "40.5", "hours": "2", "purpose": "教职工活动"}
    for wrong in ({"on": ""}, {"km": "x"}, {"km": "0"}, {"hours": "25"}, {"plate": "x"}, {"purpose": " "}):
        assert press(bus, "/other-use/", "/other-use/", **(form | wrong)).status_code == 400
    assert press(bus, "/other-use/", "/other-use/", **(form | {"on": "2026-04-01"})).status_code == 400
    assert "已登记 川FB0002" in text_of(press(bus, "/other-use/", "/other-use/", **form))
    assert "成本" not in text_of(bus.get("/other-use/")).replace("不算学生乘车的成本", "")
    assert "教职工活动" in bus.get("/other-use/?format=csv").get_data(as_text=True)
    shown, _ = entered(clerk, plate="川FB0002")
    assert "非学生用车，不计入" in text_of(shown)
    assert "没有计入成本" in text_of(clerk.get("/finance/?weekend=2026-03-13"))
    assert "非学生用车，不计入" in text_of(clerk.get("/finance/verdict"))
    back = action(bus, "/other-use/", "take-back")
    assert "已撤销" in text_of(press(bus, "/other-use/", back))
    assert press(bus, "/other-use/", back).status_code == 409
    assert press(bus, "/other-use/", "/other-use/x/take-back").status_code == 404
    assert "没有计入成本" not in text_of(clerk.get("/finance/?weekend=2026-03-13"))


def test_the_pages_speak_english(visit):
    """No Chinese outside names, on pages with something on them."""
    client = visit(Role.FINANCE, "en")
    _, path = entered(client, note="", estimate="1")
    for page in (COSTS, path, "/finance/depreciation", "/other-use/", f"{COSTS}/of-line?line=x"):
        words = text_of(client.get(page))
        for kept in ("中文", "测试finance", "示例中学"):
            words = words.replace(kept, "")
        assert not re.search(r"[\u4e00-\u9fff]{3,}", words), page
