"""The close of a month on its page: the finance clerk signs, the head of finance closes, nobody else."""

import pytest

from busops.domain.people import Role
from tests.unit.services.money_scene import MoneyScene
from tests.web.test_finance_pages import press, scene, text_of, upload, visit

PAGE = "/finance/periods/2026-03"

__all__ = ["scene", "visit"]


def test_a_month_is_signed_by_one_and_closed_by_another(scene: MoneyScene, visit):
    """The clerk says what becomes of the differences and signs; the lead closes; then it stands."""
    scene.clock.advance(40 * 24 * 3600)
    clerk, lead = visit(Role.FINANCE), visit(Role.FINANCE_LEAD)
    assert "还没有写明怎样处理" in text_of(clerk.get(PAGE))
    early = press(clerk, PAGE, f"{PAGE}/prepare")
    assert early.status_code == 409
    assert "已写明 11 项的处理" in text_of(
        press(clerk, PAGE, f"{PAGE}/dispose", kind="RODE_UNPAID", note="已提醒监护人")
    )
    assert press(lead, PAGE, f"{PAGE}/close").status_code == 409
    assert "等财务先签制表" in text_of(lead.get(PAGE))
    assert "已签制表" in text_of(press(clerk, PAGE, f"{PAGE}/prepare"))
    assert press(clerk, PAGE, f"{PAGE}/close").status_code == 403
    assert press(lead, PAGE, f"{PAGE}/prepare").status_code == 403
    assert "2026-03 已结账" in text_of(press(lead, PAGE, f"{PAGE}/close"))
    said = clerk.get(f"{PAGE}/statement.json")
    assert said.headers["Content-Disposition"].startswith("attachment")
    assert said.data.startswith(b'{"bases":')
    assert press(lead, "/account", f"{PAGE}/close").status_code == 409


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.FINANCE_LEAD])
def test_the_list_of_months_opens_the_one_that_waits(visit, role):
    """Without a month in the address the oldest that is not closed is shown."""
    answer = visit(role).get("/finance/periods")
    assert answer.headers["Location"] == PAGE


def test_a_month_that_is_none_is_refused(visit):
    """No page of a month that cannot be."""
    assert visit(Role.FINANCE).get("/finance/periods/2026-13").status_code == 400


def test_a_bill_of_nobody_shows_with_its_sum(visit):
    """What nobody claimed for long stands among what must be settled, once it is long."""
    client = visit(Role.FINANCE)
    upload(client)
    assert "待认领超过 30 天的钱都有说法" in text_of(client.get(PAGE))
