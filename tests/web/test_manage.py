"""People, audit and settings through the pages of an administrator."""

import re

import pytest

from busops.domain.people import Actor, Role
from busops.services import audit
from busops.services.people import list_people
from busops.storage.database import Database
from tests.web.conftest import SignIn, send

NEW = {"username": "D012", "name": "方晓岚", "role": "dispatcher", "crew_id": ""}


def test_a_new_account_gets_a_one_time_password_once(sign_in: SignIn, sqlite_database: Database) -> None:
    """The password stands on the answer, nowhere else, and the account must change it."""
    browser = sign_in(Role.ADMIN)
    answer = send(browser, "/manage/people/new", **NEW)
    shown = re.search(r"[a-z2-9]{4}(-[a-z2-9]{4}){3}", answer.text)
    assert shown is not None
    made = next(person for person in list_people(sqlite_database) if person.username == "d012")
    assert made.must_change
    assert shown[0] not in browser.get(f"/manage/people/{made.user_id}").text
    assert shown[0] not in str([row.entry.facts for row in audit.newest(sqlite_database)])


def test_every_fault_of_a_form_is_named_and_what_was_typed_stays(sign_in: SignIn) -> None:
    """A refused form keeps its contents and shows all faults at once."""
    answer = send(sign_in(Role.ADMIN), "/manage/people/new", **{**NEW, "username": "a b", "name": " "})
    assert answer.status_code == 400
    assert "姓名是空的" in answer.text
    assert "工号只能用" in answer.text
    assert 'value="a b"' in answer.text


def test_a_taken_number_is_a_conflict(sign_in: SignIn) -> None:
    """Two people cannot share a staff number, whatever its case."""
    answer = send(sign_in(Role.ADMIN), "/manage/people/new", **{**NEW, "username": "FINANCE"})
    assert answer.status_code == 409
    assert "已有人用" in answer.text


def test_an_unknown_role_is_refused(sign_in: SignIn) -> None:
    """A role that does not exist is a fault of the form, not of the system."""
    answer = send(sign_in(Role.ADMIN), "/manage/people/new", **{**NEW, "role": "king"})
    assert answer.status_code == 400
    assert "king" in answer.text


def test_the_last_administrator_stays(sign_in: SignIn, people: dict[Role, Actor]) -> None:
    """Nobody locks everybody out: neither by disabling nor by another role."""
    browser, user_id = sign_in(Role.ADMIN), people[Role.ADMIN].user_id
    disabled = send(browser, f"/manage/people/{user_id}/disable")
    changed = send(browser, f"/manage/people/{user_id}", name="x", role="driver", crew_id="")
    assert disabled.status_code == changed.status_code == 409
    assert "最后一个可用的管理员" in disabled.text


def test_a_reset_password_replaces_the_old_one(sign_in: SignIn, people: dict[Role, Actor]) -> None:
    """After a reset the old session is over."""
    finance, admin = sign_in(Role.FINANCE), sign_in(Role.ADMIN)
    answer = send(admin, f"/manage/people/{people[Role.FINANCE].user_id}/password")
    assert answer.status_code == 200
    assert finance.get("/account").status_code == 302


def test_people_can_be_searched_filtered_sorted_and_exported(sign_in: SignIn) -> None:
    """By addresses alone, without a script."""
    browser = sign_in(Role.ADMIN)
    found = browser.get("/manage/people?q=fin&sort=-username").text
    assert "finance</a>" in found
    assert "dispatcher</a>" not in found
    only = browser.get("/manage/people?role=driver").text
    assert "driver</a>" in only
    assert "finance</a>" not in only
    exported = browser.get("/manage/people?format=csv&role=driver")
    assert exported.mimetype == "text/csv"
    assert exported.data.decode("utf-8-sig").splitlines()[1].startswith("driver,")


def test_a_name_that_looks_like_a_formula_does_not_run(sign_in: SignIn) -> None:
    """The export defuses cells that a spreadsheet would calculate."""
    browser = sign_in(Role.ADMIN)
    send(browser, "/manage/people/new", **{**NEW, "name": "=1+1"})
    assert ",'=1+1," in browser.get("/manage/people?format=csv").data.decode("utf-8-sig")


def test_a_name_with_markup_is_shown_as_text(sign_in: SignIn) -> None:
    """What somebody typed never becomes part of the page."""
    browser = sign_in(Role.ADMIN)
    send(browser, "/manage/people/new", **{**NEW, "name": "<script>x</script>"})
    text = browser.get("/manage/people").text
    assert "<script>x" not in text
    assert "&lt;script&gt;x" in text


def test_the_audit_page_shows_acts_and_says_that_the_chain_holds(sign_in: SignIn) -> None:
    """An administrator sees who did what, and verifies it by a link."""
    text = sign_in(Role.ADMIN).get("/manage/audit?verify=1").text
    assert "建立账号" in text
    assert "没有改动" in text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_settings_show_no_secret(sign_in: SignIn, language: str) -> None:
    """Every setting with its meaning; keys and addresses with passwords stay hidden."""
    text = sign_in(Role.ADMIN, language).get("/manage/settings").text
    assert "kkkkkkkk" not in text
    assert "sqlite:///" not in text
    assert "session_idle_s" in text
    assert ">False<" not in text.replace(" ", "")
    assert ">false<" in text.replace(" ", "")
