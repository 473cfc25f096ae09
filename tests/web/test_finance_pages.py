"""The money's pages: who may see them, what they say, and what a press does."""

import io
import re

import openpyxl
import pytest

from busops.domain.people import Role
from busops.services import fares, people
from busops.web.app import create_app
from tests.unit.services.money_scene import MoneyScene, a_bill, a_closed_run
from tests.unit.sheets.bill_files import bank, text_bytes, wechat_back, wechat_bill, wechat_paid
from tests.web.conftest import PASSWORD, send

BILL = a_bill(
    "2026-03-14,10.00,甲,校车费,TX1,20230002",
    "2026-03-14,10.00,丙,=HYPERLINK(1),TX3,",
    "2026-03-14,7.00,丁,,TX4,20230007",
)
PAGES = (
    *("", "rows", "receipts", "match", "charges", "costs", "depreciation", "costs/of-line?line=x"),
    *("periods/2026-03", "refunds?rider_id=20230002", "refunds/policy", "riders", "riders/20230002"),
    "fee-plans",
)
WEEKEND = "weekend=2026-03-13"


@pytest.fixture
def scene(sqlite_database, settings, ids) -> MoneyScene:
    """The closed run, charged."""
    made = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(made.database, **made.acting)
    return made


@pytest.fixture
def visit(scene):
    """A signed-in browser of a role: ``visit(Role.FINANCE, "en")``."""
    app = create_app(scene.settings, clock=scene.clock, ids=scene.ids)

    def signed(role: Role, language: str = "zh"):
        people.create_person(
            scene.database,
            name=f"测试{role.value}",
            username=f"m-{role.value}",
            role=role,
            password=PASSWORD,
            clock=scene.clock,
            ids=scene.ids,
            hasher=people.CHEAP,
        )
        client = app.test_client()
        form = {"account": f"m-{role.value}", "password": PASSWORD}
        assert send(client, "/signin", "/signin", **form).status_code == 302
        client.get(f"/language/{language}")
        return client

    return signed


def text_of(answer) -> str:
    """The words of a page without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def upload(client, content: bytes = BILL, name: str = "bill.csv"):
    """The bill sent from the receipts page; the preview that follows."""
    page = client.get("/finance/receipts").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    data = {"csrf_token": token, "file": (io.BytesIO(content), name)}
    return client.post("/finance/receipts", data=data, follow_redirects=True)


def press(client, page: str, action: str, **fields: str):
    """A form of a page, sent; what follows."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).get_data(as_text=True))[1]
    return client.post(action, data={"csrf_token": token, **fields}, follow_redirects=True)


@pytest.mark.parametrize(
    ("role", "status"), [(Role.SUPERVISOR, 200), (Role.ADMIN, 403), (Role.DISPATCHER, 403)]
)
def test_who_sees_money(visit, role, status):
    """The supervisor reads every page; administrators and dispatchers see none of them."""
    client = visit(role)
    pages = [page for page in PAGES if not (role is Role.DISPATCHER and page.startswith("refunds"))]
    assert {client.get(f"/finance/{page}").status_code for page in pages} == {status}


def test_the_supervisor_changes_nothing(visit):
    """Pages without a form for acts, and every act refused."""
    client = visit(Role.SUPERVISOR)
    assert 'action="/finance/costs"' not in client.get("/finance/costs").get_data(as_text=True)
    for act in ("charges", "costs", "receipts", "match/x"):
        assert send(client, f"/finance/{act}").status_code == 403


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_has_words_in_both_languages(visit, language):
    """No page falls, no Chinese sentence is left on an English page outside names and data."""
    client = visit(Role.FINANCE, language)
    upload(client)
    for page in PAGES:
        answer = client.get(f"/finance/{page}" if "?" in page else f"/finance/{page}?{WEEKEND}")
        assert answer.status_code == 200
        main = re.search(r"<main.*</main>", answer.get_data(as_text=True), re.S)[0]
        shown = re.sub(r'<(\w+)[^>]*lang="zh-Hans"[^>]*>.*?</\1>', "", main, flags=re.S)
        left = re.findall("[\u4e00-\u9fff]{2,}", re.sub(r"<[^>]+>", " ", shown))
        assert language == "zh" or left == [], page


def test_the_verdict_with_its_sums_and_what_differs(visit):
    """Eleven rode and owe 10.00 each, nobody paid, no cost: 达标 on accrual, eleven differences."""
    page = text_of(visit(Role.FINANCE).get(f"/finance/?{WEEKEND}"))
    for words in ("达标", "100.00 %", "110.00", "已乘未缴", "权责发生", "三种口径结论不一致"):
        assert words in page


def test_the_rows_can_be_filtered_and_exported(visit):
    """Only the waived one; exported as CSV with a head in words."""
    client = visit(Role.FINANCE)
    page = text_of(client.get(f"/finance/rows?{WEEKEND}&status=WAIVED"))
    assert "学生1 " in page
    assert "学生2 " not in page
    table = client.get(f"/finance/rows?{WEEKEND}&status=WAIVED&format=csv").data.decode("utf-8-sig")
    assert table.startswith("学号,姓名")
    assert len(table.strip().splitlines()) == 2


def test_a_bill_goes_from_preview_to_the_queue_to_a_student(visit):
    """Uploaded, previewed, booked: one waits; claimed by number it is matched; the queue is empty."""
    client = visit(Role.FINANCE)
    preview = upload(client)
    assert "27.00" in text_of(preview)
    batch = re.search(r"/finance/receipts/([^/\"]+)/accept", preview.get_data(as_text=True))[1]
    queue = press(client, "/account", f"/finance/receipts/{batch}/accept")
    assert "已入账 3 笔，自动核销 2 笔" in text_of(queue)
    waiting = re.search(r'action="/finance/match/([^"/]+)"', queue.get_data(as_text=True))[1]
    refused = press(client, "/finance/match", f"/finance/match/{waiting}", rider_id="20239999")
    assert refused.status_code == 409
    done = press(client, "/finance/match", f"/finance/match/{waiting}", rider_id="20230008")
    assert "已认领 10.00 元" in text_of(done)
    assert "没有待认领的到账" in text_of(done)
    assert "<a" not in re.findall(r"=HYPERLINK\(1\)", client.get("/finance/receipts").get_data(as_text=True))


def test_a_bill_that_cannot_be_read_is_shown_with_its_faults(visit):
    """No traceback and no booking: the page says what is wrong."""
    client = visit(Role.FINANCE)
    page = upload(client, b"\x00\x01\x02", "bill.csv")
    assert page.status_code == 200
    assert "整份入账" in text_of(page)


UNKNOWN = "何时,多少,谁\n2026-03-14,1500,甲\n".encode()


def test_a_header_nobody_knows_is_said_in_the_page(visit):
    """The preview offers it, the page guesses nothing, the file is read, the mapping is listed."""
    client = visit(Role.FINANCE)
    preview = upload(client, UNKNOWN, "一卡通.csv")
    assert "不认识这个表头" in text_of(preview)
    path = re.search(r'href="(/finance/receipts/[^"]+/columns)"', preview.get_data(as_text=True))[1]
    said = {"header": "1", "column-0": "paid_on", "column-1": "amount", "column-2": "payer", "unit": "fen"}
    nameless = press(client, path, path, **said)
    assert nameless.status_code == 409
    assert "起个名字" in text_of(nameless)
    twice = press(client, path, path, **{**said, "name": "一卡通", "column-2": "amount"})
    assert "一列只能有一个含义" in text_of(twice)
    read = press(client, path, path, **said, name="一卡通")
    for words in ("按学校说明过的列读取：", "15.00", "甲"):
        assert words in text_of(read)
    listed = client.get("/finance/receipts").get_data(as_text=True)
    assert "何时，多少，谁" in listed
    forget = re.search(r'action="(/finance/mappings/[^"]+/forget)"', listed)[1]
    assert "已忘记" in text_of(press(client, "/finance/receipts", forget))


def test_a_known_bill_has_no_columns_to_say(visit):
    """What a bank's balance proves is nobody's to say."""
    client = visit(Role.FINANCE)
    preview = upload(client, text_bytes(bank(("2026-03-14", 1500, "x"), ("2026-03-15", 100, "y"))))
    page = preview.get_data(as_text=True)
    assert "银行流水" in text_of(preview)
    assert "/columns" not in page
    batch = re.search(r"/finance/receipts/([^/\"]+)/accept", page)[1]
    assert client.get(f"/finance/receipts/{batch}/columns").status_code == 404


def test_the_preview_shows_groups_and_totals_beside_each_other(visit):
    """Rows by kind, the bill's own totals, and which of them differs."""
    client = visit(Role.FINANCE)
    rows = (wechat_paid(1, 4400), wechat_back(1, 1400), wechat_paid(2, 900, 交易状态="CLOSED"))
    good = text_of(upload(client, wechat_bill(*rows)))
    for words in ("微信支付商户账单", "到账", "退款", "不入账：没有付成", "应结订单总金额", "相符"):
        assert words in good
    bad = text_of(upload(client, wechat_bill(*rows, 应结订单总金额="52.00")))
    assert "文件写的“应结订单总金额”是 52.00 元，逐行相加 53.00 元，相差 −1.00 元" in bad
    assert "不符" in bad


def test_the_workbook_and_the_csv_come_as_files(visit):
    """Eight sheets, an attachment, the same bytes twice."""
    client = visit(Role.FINANCE)
    first, second = (
        client.get("/finance/sheets/reconciliation.xlsx?from=2026-03-13&to=2026-03-19") for _ in range(2)
    )
    assert first.headers["Content-Disposition"].startswith("attachment")
    assert first.data == second.data
    assert len(openpyxl.load_workbook(io.BytesIO(first.data)).sheetnames) == 8
    assert client.get(f"/finance/rows.csv?{WEEKEND}").data.startswith("\ufeff序号,".encode())


def test_charging_again_changes_nothing(visit):
    """The button may be pressed at any time."""
    client = visit(Role.FINANCE)
    assert "新 0，冲销 0" in text_of(press(client, "/finance/charges", "/finance/charges"))
