"""Sheets on paper: laid out by stop, complete, and only for those who may hold them."""

import re
from urllib.parse import quote

import pytest

from busops.services.sheets_on_paper import COLUMN_ROWS, TIGHT_ROWS, lay_out, manifest_sheet
from busops.web.app import create_app
from tests import small_school
from tests.sim import world
from tests.web.conftest import token


def groups(*sizes: int):
    """Stops with so many riders each."""
    return [
        ({"stop": f"S{k}", "name": f"{k}号站", "arrive_ms": 0}, [{"rider": f"{k}-{n}"} for n in range(size)])
        for k, size in enumerate(sizes)
    ]


def riders_on(pages) -> list[str]:
    """Every rider in the order of the paper."""
    rows = [row for page in pages for column in page.columns for row in column]
    return [row.rider["rider"] for row in rows if row.rider]


@pytest.mark.parametrize("sizes", [(1,), (4, 4, 4), (11, 7, 5, 8, 6, 7), (30, 1, 1), (20, 20, 20), (60, 60)])
def test_every_rider_stands_on_paper_once_in_order(sizes):
    """Nobody is lost between columns and pages, and no column is longer than the paper."""
    pages = lay_out(groups(*sizes))
    assert riders_on(pages) == [f"{k}-{n}" for k, size in enumerate(sizes) for n in range(size)]
    for page in pages:
        most = TIGHT_ROWS if page.is_tight else COLUMN_ROWS
        assert all(len(column) <= most for column in page.columns)
        assert len(page.columns) <= 2


def test_forty_four_riders_fill_one_page_and_more_get_narrow_rows():
    """The usual bus is one page of wide rows; a large one narrow rows; a very large one a second page."""
    usual = lay_out(groups(11, 7, 5, 8, 6, 7))
    assert [(page.number, page.is_tight) for page in usual] == [(1, False)]
    large = lay_out(groups(*[8] * 7))
    assert [(page.number, page.is_tight) for page in large] == [(1, True)]
    assert len(lay_out(groups(60, 60))) == 2


def test_a_stop_that_goes_on_is_named_again_and_no_head_stands_alone():
    """The second column begins with the stop's name; the first never ends with one."""
    (page,) = lay_out(groups(3, 25))
    first, second = page.columns
    assert second[0].stop["name"] == "1号站"
    assert second[0].is_continued
    assert first[-1].rider is not None


@pytest.fixture
def app(sqlite_database, settings, ids):
    """An application with one released run."""
    clock = world.a_clock(-60)
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    world.release(sqlite_database)
    return create_app(settings, clock=clock, ids=ids)


def test_the_manifest_prints_with_its_version_and_hash(app, sqlite_database):
    """Twelve riders with two boxes each, the rows to check, a QR code and its digits."""
    page = world.sign_in(app, "dispatcher").get("/print/runs/run-1").get_data(as_text=True)
    sheet = manifest_sheet(sqlite_database, "run-1")
    assert sheet.qr == f"busops:m/run-1/v1/{sheet.short_hash}"
    assert sheet.short_hash[:4] in page
    assert page.count('<span class="box"></span></td>') == 24
    assert "第 7 排" in page
    assert "<svg" in page
    assert "家长" not in page
    assert not any(code in page for code in world.TAGS.values())


def test_a_day_prints_every_manifest_and_an_empty_day_says_so(app, sqlite_database):
    """Two runs, two sheets; no runs, one sentence; no day, no page."""
    world.release(sqlite_database, run_id="run-2", trip_no=2)
    client = world.sign_in(app, "dispatcher")
    assert client.get("/print/manifests/2026-03-13").get_data(as_text=True).count('class="sheet"') == 2
    assert "这一天没有趟次" in client.get("/print/manifests/2026-03-14").get_data(as_text=True)
    assert client.get("/print/manifests/soon").status_code == 404


def test_the_tag_sheet_holds_every_tag_and_is_for_the_office_only(app):
    """Tags that hung before there were secrets; a crew member may not print the codes he must read."""
    page = world.sign_in(app, "dispatcher").get(f"/print/tags/{small_school.COACH}").get_data(as_text=True)
    for code in world.TAGS.values():
        assert f"{code[:3]} {code[3:]}" in page
    assert len(re.findall(r'class="tag[ "]', page)) == 9
    link = f'href="/print/tags/{quote(small_school.COACH)}"'
    assert link in world.sign_in(app, "dispatcher").get(
        f"/register/vehicles/row?key={small_school.COACH}"
    ).get_data(as_text=True)
    assert world.sign_in(app, "driver").get(f"/print/tags/{small_school.COACH}").status_code == 403
    office = world.sign_in(app, "dispatcher")
    assert "还没有签到点编号" in office.get(f"/print/tags/{small_school.LICENSED}").get_data(as_text=True)
    assert office.get("/print/tags/川A00000").status_code == 404


def test_the_office_makes_the_first_tags_and_prints_them_in_the_order_of_the_walk(app):
    """Rows to the middle, mid, rows to the end, rear, exit: each with its digits, its QR and its NFC text."""
    office = world.sign_in(app, "dispatcher")
    address = f"/print/tags/{small_school.LICENSED}"
    form = {"csrf_token": token(office, address)}
    made = office.post(address, data=form, follow_redirects=True).get_data(as_text=True)
    places = re.findall(r"busops:t/[^/<]+/([^/<]+)/\d{6}<", made)
    rows = [place for place in places if place.startswith("row:")]
    assert places[-2:] == ["rear", "exit"]
    assert "mid" in places[1:-2]
    assert rows == [f"row:{row}" for row in range(1, len(rows) + 1)]
    assert len(re.findall(r'class="tag[ "]', made)) == len(places)
    assert quote(small_school.LICENSED) in made


def test_new_tags_are_refused_while_a_released_run_holds_the_old_ones(app):
    """The page says how many runs are open and goes on showing the tags that hang."""
    office = world.sign_in(app, "dispatcher")
    address = f"/print/tags/{small_school.COACH}"
    form = {"csrf_token": token(office, address)}
    assert office.post(address, data=form).status_code == 302
    answer = office.post(address, data={**form, "from_on": "2026-03-13"})
    assert answer.status_code == 409
    assert "还有 1 趟已放行没有结束" in answer.get_data(as_text=True)
    later = office.post(address, data={**form, "from_on": "2026-03-14"}, follow_redirects=True)
    assert "从 2026-03-14 起" in later.get_data(as_text=True)
    today = office.get(address).get_data(as_text=True)
    assert world.TAGS["rear"][:3] in today
    assert "从 2026-03-14 起用新标签" in today


def test_a_crew_prints_its_own_run_only(app):
    """The crew of record yes, another attendant no."""
    assert world.sign_in(app, "attendant").get("/print/runs/run-1").status_code == 200
    assert world.sign_in(app, "stranger").get("/print/runs/run-1").status_code == 404


def test_a_full_coach_stays_on_one_page():
    """53 riders of three stops get narrow rows in two even columns: nothing runs onto a second page."""
    (page,) = lay_out(groups(17, 19, 17))
    assert page.is_tight
    assert max(map(len, page.columns)) - min(map(len, page.columns)) <= 2
