"""Large claims, splitting and original bills on the pages: who may press what, and what follows."""

import re

import pytest

from busops.domain.people import Role
from busops.services import fares, people, receipts
from busops.web.app import create_app
from tests.unit.services.money_scene import MoneyScene, a_bill, a_closed_run
from tests.web.conftest import PASSWORD, send

BILL = a_bill("2026-03-14,600.00,丙,,TX9,", "2026-03-14,20.00,丁,,TX8,")
ONE, TWO = "20230002", "20230008"


@pytest.fixture
def scene(sqlite_database, settings, ids) -> MoneyScene:
    """The closed run, charged; 600.00 and 20.00 wait for a person."""
    made = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(made.database, **made.acting)
    preview = receipts.preview(made.database, file_name="三月账单.csv", content=BILL, **made.acting)
    receipts.accept(made.database, preview.batch_id, **made.acting)
    return made


@pytest.fixture
def visit(scene):
    """A signed-in browser of somebody: ``visit("clerk", Role.FINANCE)``."""
    app = create_app(scene.settings, clock=scene.clock, ids=scene.ids)

    def signed(name: str, role: Role, language: str = "zh"):
        acting = {"clock": scene.clock, "ids": scene.ids, "hasher": people.CHEAP}
        people.create_person(
            scene.database, name=f"测试{name}", username=name, role=role, password=PASSWORD, **acting
        )
        client = app.test_client()
        assert send(client, "/signin", "/signin", account=name, password=PASSWORD).status_code == 302
        client.get(f"/language/{language}")
        return client

    return signed


def words(answer) -> str:
    """What a page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def waiting(scene: MoneyScene, reference: str) -> str:
    """The id of the receipt with this reference."""
    found = receipts.list_receipts(scene.database)
    return next(item.receipt_id for item in found if item.line.reference == reference)


def press(client, action: str, **fields):
    """A form sent as a page would; what follows."""
    page = client.get("/account").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    return client.post(action, data={"csrf_token": token, **fields}, follow_redirects=True)


def split(client, receipt_id: str, *rows: tuple[str, str], **fields: str):
    """The split form, filled in."""
    numbers, amounts = [row[0] for row in rows], [row[1] for row in rows]
    return press(client, f"/finance/match/{receipt_id}/split", rider_id=numbers, amount=amounts, **fields)


def proposal(client) -> str:
    """The id of the first proposal that waits on the page."""
    page = client.get("/finance/consents").get_data(as_text=True)
    return re.search(r"/finance/consents/([^/\"]+)/", page)[1]


def test_a_large_split_waits_for_the_supervisor_who_agrees(scene, visit):
    """The clerk proposes 350 + 250 with a reason; the page shows all of it; the supervisor books it."""
    clerk, boss = visit("clerk", Role.FINANCE), visit("boss", Role.SUPERVISOR)
    done = split(clerk, waiting(scene, "TX9"), (ONE, "350"), (TWO, "250.00"), note="两个孩子一起交")
    assert "600.00 元已提出，等第二人同意" in words(done)
    page = words(boss.get("/finance/consents"))
    for shown in ("600.00", "测试clerk", "两个孩子一起交", ONE, TWO, "350.00", "250.00", "三月账单.csv"):
        assert shown in page
    agreed = press(boss, f"/finance/consents/{proposal(boss)}/approve")
    assert "已同意" in words(agreed)
    assert "没有等第二人同意的认领" in words(agreed)
    assert f"{ONE} {TWO}" in words(clerk.get("/finance/receipts?status=MATCHED"))
    listed = clerk.get("/finance/consents?format=csv&verdict=approved").data.decode("utf-8-sig")
    assert "测试boss" in listed
    assert "600.00" in listed


def test_the_own_proposal_offers_no_agreement(scene, visit):
    """The page says that somebody else must decide; pressing nevertheless is refused; withdrawing is not."""
    clerk = visit("clerk", Role.FINANCE)
    split(clerk, waiting(scene, "TX9"), (ONE, "600"), note="x")
    page = clerk.get("/finance/consents").get_data(as_text=True)
    assert "这是你提出的" in page
    assert "/approve" not in page
    mine = proposal(clerk)
    refused = press(clerk, f"/finance/consents/{mine}/approve")
    assert refused.status_code == 409
    assert "你自己提出" in words(refused)
    assert "重新待认领" in words(press(clerk, f"/finance/consents/{mine}/withdraw"))


def test_a_refusal_needs_its_reason(scene, visit):
    """Empty: refused; with words the receipt waits again and the list tells why."""
    clerk, lead = visit("clerk", Role.FINANCE), visit("lead", Role.FINANCE)
    split(clerk, waiting(scene, "TX9"), (ONE, "600"), note="x")
    asked = proposal(lead)
    assert press(lead, f"/finance/consents/{asked}/reject", note=" ").status_code == 409
    assert "不是他家的" in words(press(lead, f"/finance/consents/{asked}/reject", note="不是他家的"))
    assert press(lead, f"/finance/consents/{asked}/approve").status_code == 409
    assert press(lead, "/finance/consents/nothing/approve").status_code == 409


def test_a_large_receipt_pressed_for_one_student_is_only_proposed(scene, visit):
    """By number too: nothing is booked before the second person, and the ground is shown in words."""
    clerk = visit("clerk", Role.FINANCE)
    done = press(clerk, f"/finance/match/{waiting(scene, 'TX9')}", rider_id=TWO)
    assert "已提出" in words(done)
    assert "学号" in words(clerk.get("/finance/consents"))
    assert all(not item.shares for item in receipts.list_receipts(scene.database))


@pytest.mark.parametrize(
    ("rows", "fields", "said"),
    [
        ([(ONE, "5"), (TWO, "5")], {}, "应为 20.00 元"),
        ([(ONE, "15"), (TWO, "15")], {"rest": "1"}, "应为 20.00 元"),
        ([(ONE, "1e1"), (TWO, "10")], {}, "1e1"),
        ([(ONE, "10.005"), (TWO, "9.995")], {}, "10.005"),
        ([(ONE, "-5"), (TWO, "25")], {}, "大于零"),
        ([(ONE, ""), (TWO, "20")], {}, "每一行"),
        ([("", ""), ("", "")], {}, "每一行"),
        ([("20239999", "10"), (TWO, "10")], {}, "20239999"),
        ([(ONE, "10"), (ONE, "10")], {}, "写了两次"),
    ],
)
def test_a_split_that_is_none_is_refused_with_what_was_typed(scene, visit, rows, fields, said):
    """Sums that differ, no money, half lines, strangers: said on the page, and nothing is booked."""
    clerk = visit("clerk", Role.FINANCE)
    answer = split(clerk, waiting(scene, "TX8"), *rows, **fields)
    assert answer.status_code == 409
    assert said in words(answer)
    if rows[0][0]:
        assert f'value="{rows[0][0]}"' in answer.get_data(as_text=True)
    assert all(not item.shares for item in receipts.list_receipts(scene.database))


def test_a_small_split_is_booked_and_the_rest_waits(scene, visit):
    """10 + 4 of 20: given at once; 6.00 are still in the queue, on the same receipt."""
    clerk = visit("clerk", Role.FINANCE)
    page = split(clerk, waiting(scene, "TX8"), (ONE, "10"), (TWO, "4"), rest="1")
    assert "已认领 14.00 元" in words(page)
    assert "还有 6.00 元要分" in words(page)


def test_the_supervisor_neither_claims_nor_splits(scene, visit):
    """He agrees or refuses; the forms of claims are not his."""
    boss = visit("boss", Role.SUPERVISOR)
    assert "/split" not in boss.get("/finance/match").get_data(as_text=True)
    assert split(boss, waiting(scene, "TX8"), (ONE, "20")).status_code == 403


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_of_consents_has_words_in_both_languages(scene, visit, language):
    """Waiting and decided, seen by another: no Chinese outside names and data on the English page."""
    clerk, lead = visit("clerk", Role.FINANCE, language), visit("lead", Role.FINANCE, language)
    split(clerk, waiting(scene, "TX9"), (ONE, "600"), note="x")
    press(lead, f"/finance/consents/{proposal(lead)}/reject", note="y")
    press(clerk, f"/finance/match/{waiting(scene, 'TX9')}", rider_id=TWO)
    for client in (clerk, lead):
        main = re.search(r"<main.*</main>", client.get("/finance/consents").get_data(as_text=True), re.S)[0]
        shown = re.sub(r'<(\w+)[^>]*lang="zh-Hans"[^>]*>.*?</\1>', "", main, flags=re.S)
        left = re.findall("[\u4e00-\u9fff]{2,}", re.sub(r"<[^>]+>", " ", shown))
        assert language == "zh" or set(left) <= {"测试"}


def test_the_original_bill_is_handed_out_as_a_file(scene, visit):
    """Byte for byte, under its own name, never to be opened by the browser; not to a dispatcher."""
    clerk = visit("clerk", Role.FINANCE)
    page = clerk.get("/finance/receipts").get_data(as_text=True)
    path = re.search(r"/finance/bills/[^\"]+", page)[0]
    answer = clerk.get(path)
    assert answer.data == BILL
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E4%B8%89")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert clerk.get("/finance/bills/nothing").status_code == 404
    assert visit("planner", Role.DISPATCHER).get(path).status_code == 403


def test_a_bill_larger_than_the_limit_is_refused(scene, visit):
    """Ten MiB and a byte: refused before it is read, and nothing is kept."""
    clerk = visit("clerk", Role.FINANCE)
    body, kind = b"x" * (10 * 1024 * 1024 + 1), "multipart/form-data; boundary=x"
    assert clerk.post("/finance/receipts", data=body, content_type=kind).status_code == 413
