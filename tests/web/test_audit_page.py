"""The audit in words: persons, amounts, days and labels instead of raw keys; shortened digests; the clock."""

import re
from datetime import UTC, date, datetime

import pytest

from busops.domain.people import Role
from busops.services import audit
from busops.web.app import create_app
from tests.machine import FixedClock
from tests.web.conftest import PASSWORD, send

DIGEST = "ab" * 32
LONG = "00000000-0000-7000-8000-00000000abcd"


@pytest.fixture
def acts(sqlite_database, people, clock):
    """An act of every sort that once stood there as it is kept."""
    finance = people[Role.FINANCE]
    told = (
        (
            finance,
            "claim_approved",
            LONG,
            {"fen": 60_000, "riders": ["R1", "R2"], "proposed_by": finance.user_id},
        ),
        (finance, "period_locked", "2026-03", {"digest": DIGEST}),
        (None, "person_created", f"person:{finance.user_id}", {"role": "driver", "crew_id": None}),
        (None, "roster_locked", "2026-03-13", {"version": 2, "weekend_on": date(2026, 3, 13)}),
        (None, "device_enrolled", "device:7", {"dev": 7, "is_new": True}),
    )
    with sqlite_database.transaction() as tx:
        for actor, act, subject, facts in told:
            audit.record(tx, actor, act, subject, facts, clock=clock)
    return sqlite_database


def words(answer) -> str:
    """What a page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def test_facts_are_in_the_readers_words(acts, sign_in):
    """Names, yuan, days, roles and labels; the whole digest and id only in the title."""
    answer = sign_in(Role.ADMIN).get("/manage/audit")
    page, markup = words(answer), answer.get_data(as_text=True)
    for shown in (
        "金额 600.00 元",
        "提出人 测试finance",
        "学号 R1、R2",
        "角色 驾驶员",
        "2026年3月13日",
        "平板 7",
        "是",
    ):
        assert shown in page
    assert DIGEST not in page
    assert f'title="{DIGEST}"' in markup
    assert f'title="{LONG}"' in markup
    for raw in ("person:", "device:", "role=", "fen=", "proposed_by"):
        assert raw not in page


def test_facts_are_in_english_for_an_english_reader(acts, sign_in):
    """No Chinese outside names and data."""
    answer = sign_in(Role.SUPERVISOR, language="en").get("/manage/audit")
    assert "Amount 600.00 yuan" in words(answer)
    main = re.search(r"<main.*</main>", answer.get_data(as_text=True), re.S)[0]
    shown = re.sub(r'<(\w+)[^>]*lang="zh-Hans"[^>]*>.*?</\1>', "", main, flags=re.S)
    shown = re.sub(r"测试\w+", "", re.sub(r"<[^>]+>", " ", shown))
    assert re.findall("[\u4e00-\u9fff]{2,}", shown) == []


def test_the_list_is_searched_sorted_filtered_and_exported(acts, sign_in):
    """By words of a fact, by act, by person, by number; the export has whole digests."""
    admin = sign_in(Role.ADMIN)
    assert "600.00 元" in words(admin.get("/manage/audit?q=600.00"))
    assert "结账" not in words(admin.get("/manage/audit?q=600.00")).partition("导出")[2]
    only = (
        admin.get("/manage/audit?act=period_locked&format=csv").data.decode("utf-8-sig").strip().splitlines()
    )
    assert len(only) == 2
    assert DIGEST in only[1]
    mine = admin.get("/manage/audit?who=测试finance&format=csv").data.decode("utf-8-sig").strip().splitlines()
    assert len(mine) == 3
    first = admin.get("/manage/audit?sort=no&format=csv").data.decode("utf-8-sig").splitlines()[1]
    assert first.startswith("1,")


def test_coming_and_going_carry_the_schools_own_time(settings, sqlite_database, people):
    """Where sessions live by the machine's clock, as in the demo, the audit still tells the school's day."""
    friday = FixedClock(datetime(2026, 3, 13, 8, tzinfo=UTC))
    app = create_app(settings, clock=friday)
    made = app.extensions["busops"]
    object.__setattr__(made, "machine_clock", FixedClock(datetime(2030, 1, 1, tzinfo=UTC)))
    browser = app.test_client()
    send(browser, "/signin", "/signin", account="finance", password="wrong")
    assert send(browser, "/signin", "/signin", account="finance", password=PASSWORD).status_code == 302
    new = "a-much-longer-secret"
    send(browser, "/account/password", old="wrong", new=new, again=new)
    send(browser, "/signout")
    told = {row.entry.act: row.entry.at for row in audit.newest(sqlite_database, limit=4)}
    assert set(told) == {"signin_failed", "signed_in", "password_tried", "signed_out"}
    assert set(told.values()) == {friday.now()}
