"""The pages of term schemes: ordered as a job, looked at in both languages, decided by two, printed."""

import re
from pathlib import Path

import pytest
from flask import Flask

from busops.domain.people import Role
from busops.domain.values import Direction
from busops.services import planning
from busops.storage import network_store
from busops.storage.database import Database
from busops.web.context import EXTENSION
from tests.machine import FixedClock
from tests.small_school import COACH, LICENSED
from tests.unit.services.term_school import WEEKENDS, fill_draft, fill_term
from tests.web.conftest import SignIn, send

TERM = "/plans/term/"
CODES = re.compile(r"term_(?:state|kind|use)\.|direction\.|unserved\.|plan_phase\.|job_kind\.|act\.")
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def base(empty_sqlite: Path, sqlite_database: Database) -> str:
    """The address of a draft made from four weekends; accounts come later."""
    return f"{TERM}{fill_draft(sqlite_database, empty_sqlite)}"


def test_a_scheme_is_ordered_as_a_job_and_the_page_goes_on_to_it(
    app: Flask, sqlite_database: Database, sign_in: SignIn, clock: FixedClock
) -> None:
    """The weekends' uses go into the job; when the worker has worked, the job leads to the scheme."""
    fill_term(sqlite_database, clock)
    browser = sign_in(Role.DISPATCHER)
    listed = browser.get(TERM).text
    assert all(f"use-{on}" in listed for on in WEEKENDS)
    uses = {f"use-{on}": "train" for on in WEEKENDS[:2]} | {f"use-{WEEKENDS[3]}": "test"}
    form = {**uses, "percentile": "100", "seconds": "0.3", "free_seconds": "0", "seed": "1"}
    answer = send(browser, TERM, TERM, **form)
    assert answer.status_code == 302
    where = answer.headers["Location"]
    assert "学期线路方案</h1>" in browser.get(where).text
    jobs = app.extensions[EXTENSION].jobs
    jobs.work(where.removeprefix("/jobs/"))
    done = browser.get(where)
    assert done.status_code == 302
    assert done.headers["Location"].startswith(TERM)
    page = browser.get(done.headers["Location"])
    assert page.status_code == 200
    document = browser.get(f"{done.headers['Location']}/scheme.json").json
    assert document["weekends"] == [str(on) for on in WEEKENDS[:2]]
    assert document["tested"] == [str(WEEKENDS[3])]
    assert "没有做对照" in page.text
    assert "学期方案 1" in browser.get(TERM).text


def test_a_job_that_is_stopped_stores_nothing(
    app: Flask, sqlite_database: Database, sign_in: SignIn, clock: FixedClock
) -> None:
    """Cancelled before the worker came: no scheme, and the page says so."""
    fill_term(sqlite_database, clock)
    browser = sign_in(Role.DISPATCHER)
    form = {f"use-{WEEKENDS[0]}": "train", "percentile": "90", "seconds": "0.3", "free_seconds": "0"}
    where = send(browser, TERM, TERM, **form).headers["Location"]
    assert send(browser, f"{where}/cancel", where).status_code == 302
    app.extensions[EXTENSION].jobs.work(where.removeprefix("/jobs/"))
    assert "已停止" in browser.get(where).text
    assert "还没有学期方案" in browser.get(TERM).text


@pytest.mark.parametrize(
    "wrong", [{"percentile": "10"}, {"seconds": "0"}, {"seconds": "x"}, {f"use-{WEEKENDS[0]}": "test"}]
)
def test_a_wrong_order_comes_back_in_words_with_what_was_typed(
    sqlite_database: Database, sign_in: SignIn, clock: FixedClock, wrong: dict[str, str]
) -> None:
    """No job is made of it, and the form keeps its values."""
    fill_term(sqlite_database, clock)
    form = {f"use-{WEEKENDS[0]}": "train", "percentile": "91", "seconds": "7", "free_seconds": "0"}
    answer = send(sign_in(Role.DISPATCHER), TERM, TERM, **{**form, **wrong})
    assert answer.status_code == 400
    assert "note--bad" in answer.text
    assert f'value="{wrong.get("percentile", "91")}"' in answer.text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_shows_lines_loads_and_the_replay(base: str, sign_in: SignIn, language: str) -> None:
    """Every line with its stops both ways, eight replays, chart, paper; no code, no stray Chinese."""
    browser = sign_in(Role.DISPATCHER, language)
    page = browser.get(base)
    assert page.status_code == 200
    for shown in (LICENSED, COACH, "16:00", "号站", 'class="chart"', "2026-02-20"):
        assert shown in page.text
    assert page.text.count("2026-03-13") >= 2
    paper = browser.get(f"{base}/print")
    assert ("校车运行方案" if language == "zh" else "School bus operation scheme") in paper.text
    assert "16:00" in paper.text
    for text in (page.text, paper.text, browser.get(TERM).text):
        assert not CODES.search(re.sub(r"<[^>]+>", "", text))
        if language == "en":
            outside = re.sub(r"<(\w+)[^>]*lang=\"zh-Hans\"[^>]*>.*?</\1>", "", text, flags=re.DOTALL)
            bare = re.sub(r"<[^>]+>", "", outside)
            assert not HAN.search(bare.replace("中文", "")), HAN.findall(bare)


def test_both_tables_are_exported(base: str, sign_in: SignIn) -> None:
    """Lines and replay as CSV, each by its own address, with as many rows as the page."""
    browser = sign_in(Role.FINANCE)
    lines = browser.get(f"{base}?format=csv").data.decode("utf-8-sig").splitlines()
    replay = browser.get(f"{base}?r-format=csv").data.decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + 2
    assert len(replay) == 1 + 2 * len(WEEKENDS)
    assert "多花(元)" in replay[0]


def test_two_people_carry_a_scheme_into_the_register(
    base: str, sqlite_database: Database, sign_in: SignIn
) -> None:
    """Dispatcher submits, supervisor records the approval, dispatcher puts it into force and retires it."""
    dispatcher, supervisor = sign_in(Role.DISPATCHER), sign_in(Role.SUPERVISOR)
    approval = {"document_no": "德教运7号", "approved_on": "2026-03-12"}
    assert send(supervisor, f"{base}/approve", base, **approval).status_code == 409
    assert send(dispatcher, f"{base}/adopt", base).status_code == 409
    left = re.search(r'name="left_out" value="(\d+)"', dispatcher.get(base).text)
    assert left is not None
    assert send(dispatcher, f"{base}/submit", base, left_out="99").status_code == 409
    assert send(dispatcher, f"{base}/submit", base, left_out=left[1]).status_code == 302
    assert "等主管部门批复" in dispatcher.get(base).text
    assert send(dispatcher, f"{base}/approve", base, **approval).status_code == 403
    wrong = send(supervisor, f"{base}/approve", base, document_no="7", approved_on="soon")
    assert wrong.status_code == 409
    assert "填批复日期" in wrong.text
    assert send(supervisor, f"{base}/approve", base, **approval).status_code == 302
    assert send(dispatcher, f"{base}/adopt", base).status_code == 302
    assert "执行中" in dispatcher.get(base).text
    with sqlite_database.reading() as tx:
        assert [line.plate for line in network_store.load_lines(tx)] == [LICENSED]
    assert "德教运7号" in dispatcher.get(f"{base}/print").text
    assert "T1-" in dispatcher.get("/register/lines").text
    assert send(dispatcher, f"{base}/retire", base, why="").status_code == 409
    assert send(dispatcher, f"{base}/retire", base, why="换线路").status_code == 302
    assert "换线路" in dispatcher.get(base).text
    assert send(dispatcher, f"{base}/nonsense", base).status_code == 404
    log = sign_in(Role.ADMIN).get("/manage/audit").text
    for act in ("报批学期方案", "登记学期方案批复", "学期方案写入批准线路", "停用学期方案"):
        assert act in log


def test_who_submitted_is_told_that_another_must_record(base: str, sign_in: SignIn) -> None:
    """An administrator may do either, never both: the form is not there, and the act is refused."""
    admin = sign_in(Role.ADMIN)
    assert send(admin, f"{base}/submit", base, left_out="0").status_code == 302
    assert "批复要由另一个人登记" in admin.get(base).text
    assert "document_no" not in admin.get(base).text
    refused = send(admin, f"{base}/approve", base, document_no="7", approved_on="2026-03-12")
    assert refused.status_code == 409
    assert "两个人" in refused.text


def test_who_may_see_and_do_what(base: str, sign_in: SignIn) -> None:
    """Finance and supervisor look; crews see nothing; unknown schemes are not found."""
    for role in (Role.FINANCE, Role.SUPERVISOR):
        browser = sign_in(role)
        assert browser.get(base).status_code == 200
        assert f'action="{base}/submit"' not in browser.get(base).text
        assert send(browser, f"{base}/submit", left_out="0").status_code == 403
        assert send(browser, TERM).status_code == 403
    assert sign_in(Role.FINANCE).get(f"{base}/scheme.json").status_code == 403
    assert sign_in(Role.DRIVER).get(TERM).status_code == 403
    assert sign_in(Role.ADMIN).get(f"{TERM}t404").status_code == 404
    assert TERM in sign_in(Role.DISPATCHER).get("/plans/").text


def test_a_weekend_is_planned_on_the_scheme_in_force(
    app: Flask, base: str, sqlite_database: Database, sign_in: SignIn
) -> None:
    """Only in force: two jobs make two verified drafts on its lines, and the page goes on to them."""
    browser = sign_in(Role.DISPATCHER)
    form = {"weekend_on": str(WEEKENDS[3]), "direction": "both"}
    jobs = app.extensions[EXTENSION].jobs
    early = send(browser, f"{base}/weekend", base, **form).headers["Location"]
    jobs.work(early.removeprefix("/jobs/").split("?")[0])
    assert "不在执行中" in browser.get(early.split("?")[0]).text
    assert send(browser, f"{base}/submit", base, left_out="0").status_code == 302
    supervisor = sign_in(Role.SUPERVISOR)
    answer = {"document_no": "7", "approved_on": "2026-03-12"}
    assert send(supervisor, f"{base}/approve", base, **answer).status_code == 302
    assert send(browser, f"{base}/adopt", base).status_code == 302
    assert send(supervisor, f"{base}/weekend", **form).status_code == 403
    assert send(browser, f"{base}/weekend", base, weekend_on="x", direction="both").status_code == 400
    assert (
        send(browser, f"{base}/weekend", base, weekend_on="2026-03-14", direction="return").status_code == 400
    )
    first, second = send(browser, f"{base}/weekend", base, **form).headers["Location"][6:].split("?then=")
    for job_id in (first, second):
        jobs.work(job_id)
    done = browser.get(f"/jobs/{second}").headers["Location"]
    assert browser.get(done).status_code == 200
    scheme = browser.get(f"{base}/scheme.json").json
    lines = [[stop["stop_id"] for stop in line["homeward"]["stops"]] for line in scheme["lines"]]
    plans = planning.plans_of(sqlite_database, WEEKENDS[3])
    assert {(plan.direction, plan.violation_count) for plan in plans} == {(way, 0) for way in Direction}
    for plan in plans:
        document = planning.document(sqlite_database, plan.plan_id)
        assert document["bound_model"] == "term_lines"
        for trip in document["trips"]:
            driven = [stop["stop_id"] for stop in trip["stops"]]
            outward = driven if plan.direction is Direction.HOMEWARD else driven[::-1]
            assert any(outward == [stop for stop in line if stop in driven] for line in lines)
