"""The pages beside the match queue, by role and in both languages, and the queue's search and refusals."""

import pytest

from busops.domain.people import Role
from busops.services import payment_codes
from tests.web.test_finance_claims import press, scene, visit, waiting, words

__all__ = ["scene", "visit"]
LINK = "https://pay.example/?c={code}"
PAGES = ("/finance/match", "/finance/payers", "/finance/codes", "/finance/codes/slips", "/finance/review")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("role", [Role.FINANCE, Role.SUPERVISOR])
def test_every_page_opens_for_those_who_keep_the_books(visit, role, language):
    """Each page has its heading and no code without words; the lists come as CSV too."""
    client = visit("somebody", role, language)
    for page in PAGES:
        answer = client.get(page)
        assert answer.status_code == 200
        assert "match_reason." not in words(answer)
    for page in ("/finance/payers", "/finance/codes"):
        assert client.get(f"{page}?format=csv").mimetype == "text/csv"


def test_codes_are_made_by_finance_and_shown(visit):
    """The button makes one for each; then it is gone; the supervisor has none."""
    clerk, boss = visit("clerk", Role.FINANCE), visit("boss", Role.SUPERVISOR)
    assert "生成付款码" not in words(boss.get("/finance/codes"))
    assert "名学生生成付款码" in words(press(clerk, "/finance/codes"))
    assert "为 " not in words(clerk.get("/finance/codes")).partition("已为")[0]
    assert press(boss, "/finance/codes").status_code == 403


def test_a_code_is_on_the_slip_of_its_class_and_on_the_account(scene, visit):
    """Each of the class has a slip, with no other code on it; without a place to pay there is no QR code."""
    clerk = visit("clerk", Role.FINANCE)
    assert "付款码 还没有" in words(clerk.get("/finance/riders/20230002"))
    press(clerk, "/finance/codes")
    codes = {one.rider.rider_id: one for one in payment_codes.list_codes(scene.database)}
    mine = codes["20230002"]
    assert mine.code in words(clerk.get("/finance/riders/20230002"))
    classes = {one.class_name for one in codes.values()}
    assert all(name in words(clerk.get("/finance/codes/slips")) for name in classes)
    page = clerk.get("/finance/codes/slips", query_string={"of": mine.class_name})
    printed = {one.code for one in codes.values() if one.code in words(page)}
    assert printed == {one.code for one in codes.values() if one.class_name == mine.class_name}
    assert '<svg class="segno' not in page.text
    (slips,) = (own for name, own in payment_codes.slips_of(scene.database, LINK) if name == mine.class_name)
    assert f"https://pay.example/?c={mine.code}" in {slip.link for slip in slips}


def test_a_receipt_is_found_by_its_payer_and_number(scene, visit):
    """丁's 20.00 and 丙's 600.00 wait; a search for one leaves that one."""
    client = visit("clerk", Role.FINANCE)
    for wanted, other in (("丁", "600.00"), ("TX9", " 20.00 "), ("600.00", "丁")):
        page = client.get("/finance/match", query_string={"q": wanted})
        assert other not in words(page).partition("可能是谁")[0].partition("待认领")[2]
    assert "没有这样的到账" in words(client.get("/finance/match?q=nobody"))


def test_a_refused_proposal_leaves_the_page(scene, visit):
    """The first proposal of a receipt refused by hand; a payer forgotten that nobody knows is told so."""
    client = visit("clerk", Role.FINANCE)
    receipt_id = waiting(scene, "TX8")
    done = press(client, f"/finance/match/{receipt_id}/refuse", riders="20230002")
    assert "不再提议" in words(done)
    assert press(client, "/finance/payers/forget", payer_key="x", rider_id="y").status_code == 404


def test_the_supervisor_sets_the_rules_and_finance_does_not(visit):
    """From 600.00 two people; a word for a number, no reason and finance's hand are refused."""
    clerk, boss = visit("clerk", Role.FINANCE), visit("boss", Role.SUPERVISOR)
    rules = {"limit": "600", "percent": "20", "reason": "理事会决定"}
    assert press(clerk, "/finance/review-rules", **rules).status_code == 403
    assert "规则已改" in words(press(boss, "/finance/review-rules", **rules))
    assert "600.00 元及以上的人工认领" in words(boss.get("/finance/review"))
    for wrong in ({"percent": "x"}, {"limit": "x"}, {"reason": ""}, {}):
        assert press(boss, "/finance/review-rules", **{**rules, **wrong}).status_code == 409
