"""The teacher's page by a signed link, the office's page of a day, and what neither lets through."""

import re
from datetime import timedelta

import pytest

from busops.domain.rollcall import MISSING
from busops.domain.values import Direction
from busops.storage import alarm_store, rollcall_store
from busops.web.app import create_app
from tests.builders import Tablet
from tests.machine import CountingIds, FixedClock
from tests.run_kit import PrefixedIds, send
from tests.school_bound import come_to_school
from tests.sim import world

CLASS = "高一2班"
DAY = "2026-03-13"


@pytest.fixture
def clock():
    """Some minutes after the bus came to school."""
    return FixedClock(world.DEPARTS_AT + timedelta(minutes=45))


@pytest.fixture
def app(sqlite_database, settings, clock):
    """An application in which a school-bound run has come."""
    ids = PrefixedIds("w", CountingIds())
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    tablet = Tablet(plan=world.release(sqlite_database, direction=Direction.RETURN))
    come_to_school(tablet)
    send(sqlite_database, tablet, clock=clock)
    return create_app(settings, clock=clock, ids=ids)


@pytest.fixture
def office(app):
    """The dispatcher's browser."""
    return world.sign_in(app, "dispatcher")


def link_of(office, class_name=CLASS) -> str:
    """The path of the class's link, as the office's page offers it."""
    page = office.get(f"/rollcalls?on={DAY}").get_data(as_text=True)
    row = next(part for part in page.split("<tr") if f">{class_name}</th>" in part)
    return re.search(r'href="http://localhost(/rollcall/[^"]+)"', row)[1]


def fields_of(page: str) -> dict[str, str]:
    """What a browser would send back unchanged: hidden fields and what is chosen."""
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
    return hidden | dict(re.findall(r'name="(answer:[^"]+)" value="([^"]+)" checked', page))


def children_of(page: str) -> list[str]:
    """The form's names of the children on a page."""
    return re.findall(r'name="was:([^"]+)"', page)


def answer(browser, path, page: str, answers: dict[str, str], name="示例老师"):
    """The page is sent back with these choices made."""
    chosen = {f"answer:{child}": said for child, said in answers.items()}
    return browser.post(path, data=fields_of(page) | chosen | {"by_name": name})


def test_a_stranger_with_the_link_sees_one_class_and_nothing_else(app, office):
    """Names of that class, no account needed; no other class, no family, no money, not to be indexed."""
    answer_ = app.test_client().get(link_of(office))
    page = answer_.get_data(as_text=True)
    assert answer_.status_code == 200
    assert len(children_of(page)) == 4
    assert "学生7" in page
    assert "学生6<" not in page
    assert not any(word in page for word in ("家长7", "元", "<20230007", "/finance", "/register"))
    assert answer_.headers["X-Robots-Tag"] == "noindex"
    assert answer_.headers["Cache-Control"] == "no-store"
    assert "checked" not in page


def test_a_teacher_answers_and_the_missing_child_is_called_at_once(app, office, sqlite_database):
    """One is in class, one is not: kept with name and time, shown again, and the alarm stands."""
    path, teacher = link_of(office), app.test_client()
    page = teacher.get(path).get_data(as_text=True)
    first, second, *_ = children_of(page)
    assert answer(teacher, path, page, {first: "in_class", second: "not_here"}).status_code == 302
    again = teacher.get(path).get_data(as_text=True)
    assert again.count("checked") == 2
    assert "1 人不在" in again
    assert 'value="示例老师"' in again
    with sqlite_database.reading() as tx:
        marks = rollcall_store.load_marks(tx, "run-1")
        alarms = [each for each in alarm_store.load_alarms(tx) if each.kind == MISSING]
    assert [(mark.by_name, mark.answer.value) for mark in marks] == [
        ("示例老师", "in_class"),
        ("示例老师", "not_here"),
    ]
    assert [alarm.level for alarm in alarms] == [2]
    board = office.get(f"/dispatch?on={DAY}").get_data(as_text=True)
    assert "1 / 12" in board
    assert "不在 1 人" in board


def test_a_page_left_open_does_not_undo_a_colleagues_answer(app, office, sqlite_database):
    """Two teachers opened the page; the second saves another child and the first one's answer stands."""
    path, one, two = link_of(office), app.test_client(), app.test_client()
    page_one, page_two = (each.get(path).get_data(as_text=True) for each in (one, two))
    first, second, *_ = children_of(page_one)
    answer(one, path, page_one, {first: "not_here"})
    answer(two, path, page_two, {second: "in_class"}, name="另一位老师")
    with sqlite_database.reading() as tx:
        marks = rollcall_store.load_marks(tx, "run-1")
    assert len(marks) == 2
    stale = one.get(path).get_data(as_text=True)
    answer(two, path, two.get(path).get_data(as_text=True), {first: "in_class"})
    answer(one, path, stale, {})
    with sqlite_database.reading() as tx:
        assert [mark.answer.value for mark in rollcall_store.load_marks(tx, "run-1")][-1] == "in_class"


def test_what_cannot_be_kept_comes_back_with_what_was_chosen(app, office):
    """Without a name: 400, the reason, and the choices are still made; an unknown answer likewise."""
    path, teacher = link_of(office), app.test_client()
    page = teacher.get(path).get_data(as_text=True)
    first, *_ = children_of(page)
    back = answer(teacher, path, page, {first: "in_class"}, name=" ")
    assert back.status_code == 400
    assert back.get_data(as_text=True).count("checked") == 1
    assert answer(teacher, path, page, {first: "perhaps"}).status_code == 400
    assert answer(teacher, path, page, {"run-1|20230006": "in_class"}).status_code == 404


def test_links_that_are_made_up_changed_or_over_open_nothing(app, office, clock):
    """A letter changed is not found; a replaced link and one of a day gone by say that they are over."""
    path, stranger = link_of(office), app.test_client()
    head, _, signature = path.rpartition(".")
    for wrong in (f"{head}.{signature[::-1]}", "/rollcall/x", "/rollcall/WyJhIl0.x", f"{path}x"):
        assert stranger.get(wrong).status_code == 404, wrong
    token = fields_of(office.get(f"/rollcalls?on={DAY}").get_data(as_text=True))["csrf_token"]
    form = {"csrf_token": token, "class_name": CLASS}
    assert office.post(f"/rollcalls/{DAY}/replace", data=form).status_code == 302
    assert stranger.get(path).status_code == 410
    renewed = link_of(office)
    assert stranger.get(renewed).status_code == 200
    page = stranger.get(renewed).get_data(as_text=True)
    clock.advance(24 * 3600)
    gone = stranger.get(renewed)
    assert gone.status_code == 410
    assert "学生" not in gone.get_data(as_text=True).replace("有学生没见到", "")
    assert answer(stranger, renewed, page, {children_of(page)[0]: "in_class"}).status_code == 410


def test_no_log_keeps_a_link(app, office, capsys):
    """A line is written for the request, and neither the link nor a part of it stands in it."""
    path = link_of(office)
    capsys.readouterr()
    app.test_client().get(path)
    logged = capsys.readouterr().out
    assert "path=/rollcall/<token>" in logged
    assert path.rpartition("/")[2][:12] not in logged


def test_a_post_without_the_pages_token_is_refused(app, office):
    """A foreign page cannot answer for the teacher."""
    path = link_of(office)
    assert app.test_client().post(path, data={"by_name": "x"}).status_code == 400


def test_the_supervisor_reads_how_far_the_classes_are_and_gets_no_link(app, office):
    """Who only looks on needs no children's names behind links; a crew member gets neither page."""
    supervisor = world.sign_in(app, "supervisor")
    page = supervisor.get(f"/rollcalls?on={DAY}").get_data(as_text=True)
    assert CLASS in page
    assert "/rollcall/" not in page
    assert supervisor.get(f"/print/rollcall/{DAY}").status_code == 403
    assert world.sign_in(app, "attendant").get("/rollcalls").status_code == 403
    assert office.get("/rollcalls?on=soon").status_code == 404


def test_the_codes_of_a_day_print_one_for_each_class(app, office):
    """Three classes, three codes; each holds its own link, and no name of a child is on the sheet."""
    page = office.get(f"/print/rollcall/{DAY}").get_data(as_text=True)
    assert page.count("<svg") >= 3
    assert page.count('class="tag ') == 3
    assert "学生1" not in page
    assert "这一天没有返校的趟次" in office.get("/print/rollcall/2026-03-14").get_data(as_text=True)
    assert "这一天没有返校的趟次" in office.get("/rollcalls?on=2026-03-14").get_data(as_text=True)
