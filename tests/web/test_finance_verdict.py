"""The verdict's page: reason, bases, lines, outlook, goal; who may change what; and the sheet for parents."""

import csv
import io
from datetime import date

import openpyxl
import pytest

from busops.domain.people import Role
from busops.finance.costs import CostLine
from busops.services import costs
from tests.web.test_finance_pages import press, scene, text_of, visit  # noqa: F401 fixtures

PAGE = "/finance/verdict"
TRIP_DAY = date(2026, 3, 13)


@pytest.fixture
def spent(scene):  # noqa: F811
    """Fuel of ninety yuan and an estimate of five."""
    lines = [
        CostLine(on=TRIP_DAY, code="C01", fen=9_000),
        CostLine(on=TRIP_DAY, code="C03", fen=500, is_estimate=True),
    ]
    costs.add_costs(scene.database, lines, clock=scene.clock, ids=scene.ids)
    return scene


def test_the_page_gives_verdict_reason_lines_and_outlook(visit, spent):  # noqa: F811
    """Eleven riders paid for at ten yuan each, 95 spent: 13.63 %, the line, the outlook."""
    page = text_of(visit(Role.FINANCE).get(PAGE))
    for words in (
        "达标",
        "13.63 %",
        "净收益达到目标",
        "市场调节价",
        "每条线路",
        "学期末会怎样",
        "口径与目标",
        "空驶公里",
    ):
        assert words in page, words


def test_the_page_is_whole_in_english(visit, spent):  # noqa: F811
    """No Chinese but names and places."""
    page = text_of(visit(Role.SUPERVISOR, "en").get(PAGE))
    for words in (
        "Met",
        "Net revenue reaches the goal",
        "Market price",
        "How the term may end",
        "Km loaded / empty",
    ):
        assert words in page, words


def test_without_costs_the_verdict_is_provisional_and_the_rate_the_plans(visit, scene):  # noqa: F811
    """The page says both; on the Saturday nothing is played out yet, on the Monday it is."""
    page = text_of(visit(Role.FINANCE).get(PAGE))
    assert "暂定" in page
    assert "还没有过完的周末" in page
    scene.clock.advance(2 * 24 * 3600)
    page = text_of(visit(Role.SUPERVISOR).get(PAGE))
    assert "还没有录入成本" in page
    assert "推演 2,000 次" in page


def test_a_change_of_the_goal_takes_two_people(visit, spent):  # noqa: F811
    """Finance asks (the first choice holds at once), a second change waits, the supervisor agrees."""
    clerk, supervisor = visit(Role.FINANCE), visit(Role.SUPERVISOR)
    form = {"basis": "CASH_NET", "target": "10.00", "regime": "MARKET", "reason": "董事会"}
    assert "已生效" in text_of(press(clerk, PAGE, f"{PAGE}/goal", **form))
    answer = press(clerk, PAGE, f"{PAGE}/goal", **form | {"basis": "CASH_GROSS", "target": "12.5"})
    assert "等第二人同意" in text_of(answer)
    assert "正式口径：实收净额" in text_of(answer)
    assert press(clerk, PAGE, f"{PAGE}/goal/2/agree").status_code == 403
    agreed = text_of(press(supervisor, PAGE, f"{PAGE}/goal/2/agree"))
    assert "正式口径：实收总额" in agreed
    assert "12.50 %" in agreed


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"target": "x"}, 400), ({"target": "100"}, 400), ({"basis": "?"}, 400), ({"reason": " "}, 400)],
)
def test_a_change_that_cannot_be_read_says_why(visit, changed, status):  # noqa: F811
    """The page comes back with the reason, and nothing is changed."""
    form = {"basis": "CASH_NET", "target": "10.00", "regime": "MARKET", "reason": "x"} | changed
    answer = press(visit(Role.FINANCE), PAGE, f"{PAGE}/goal", **form)
    assert answer.status_code == status
    assert "正式口径：权责发生" in text_of(answer)


def test_an_outsider_sees_nothing(visit):  # noqa: F811
    """Money is for finance and the supervisor; the sheet too."""
    client = visit(Role.DISPATCHER)
    for path in ("", "/lines", "/lines.csv", "/lines.xlsx"):
        assert client.get(PAGE + path).status_code == 403


def test_the_sheet_for_parents_says_the_same_as_page_csv_and_workbook(visit, spent):  # noqa: F811
    """One line: runs, kilometres, riders, fares 110.00, costs 95.00, surplus 15.00; no name of anybody."""
    client = visit(Role.SUPERVISOR)
    page = text_of(client.get(f"{PAGE}/lines"))
    (head, row) = csv.reader(io.StringIO(client.get(f"{PAGE}/lines.csv").data.decode("utf-8-sig")))
    told = dict(zip(head, row, strict=True))
    assert (told["票款(元)"], told["成本(元)"], told["结余(元)"]) == ("110.00", "95.00", "15.00")
    assert "110.00" in page
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(f"{PAGE}/lines.xlsx").data)).active
    assert [cell.value for cell in sheet[1]] == head
    assert float(sheet[2][head.index("结余(元)")].value) == 15.0
    names = {f"学生{number}" for number in range(1, 13)}
    assert not {name for name in names if name in page}
