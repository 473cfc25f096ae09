"""The roster pages: who rides and why others do not, changes, locks, differences, in both languages."""

import re

import pytest

from busops.domain.people import Role
from busops.domain.roster import RosterEntry
from busops.domain.values import RiderId
from busops.services import refund_job
from busops.storage import job_store, roster_store
from busops.storage.database import Database
from tests.small_school import FRIDAY, fill
from tests.web.conftest import SignIn, send

PAGE = f"/rosters/{FRIDAY}"
RIDES = RosterEntry(rider_id=RiderId("x"), name="学生", rides_homeward=True, rides_return=True)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_weekend_shows_numbers_reasons_and_the_list(
    sqlite_database: Database, sign_in: SignIn, language: str
) -> None:
    """22 ride home, two do not and why; the list is searched and filtered by its address."""
    fill(sqlite_database)
    browser = sign_in(Role.DISPATCHER, language)
    assert str(FRIDAY) in browser.get("/rosters/").text
    page = browser.get(PAGE).text
    assert ">22<" in page
    assert ("生病" if language == "zh" else "Ill") in page
    assert "reason." not in page
    assert "学生5" in browser.get(f"{PAGE}?why=ill").text
    assert "学生9<" not in browser.get(f"{PAGE}?rides=none").text
    export = browser.get(f"{PAGE}?format=csv").data.decode("utf-8-sig")
    assert len(export.splitlines()) == 25


def test_a_change_and_two_locks(sqlite_database: Database, sign_in: SignIn) -> None:
    """Lock, change with a reason, lock again with an approval: differences shown, refunds looked for."""
    fill(sqlite_database)
    browser = sign_in(Role.DISPATCHER)
    assert send(browser, f"{PAGE}/lock", PAGE).status_code == 302
    assert send(browser, f"{PAGE}/lock", PAGE, approval="x").status_code == 409
    form = f"{PAGE}/riders/20230007"
    refused = send(browser, form, form, rides_return="1")
    assert refused.status_code == 409
    assert send(browser, form, form, rides_return="1", reason="leave", note="婚礼").status_code == 302
    page = browser.get(PAGE).text
    assert "第 1 版之后有 1 处改动" in page
    assert send(browser, f"{PAGE}/lock", PAGE, approval="班主任同意").status_code == 302
    difference = browser.get(f"{PAGE}/difference?from=1&to=2").text
    assert "学生7" in difference
    assert "婚礼" in difference
    with sqlite_database.reading() as tx:
        assert len(roster_store.load_versions(tx, FRIDAY)) == 2
        asked = [job.arguments for job in job_store.list_jobs(tx, kind=refund_job.JOB)]
    assert asked == [{"weekend_on": str(FRIDAY)}] * 2
    assert browser.get(f"{PAGE}/difference?from=1&to=9").status_code == 404


def test_what_is_not_there_is_not_found(sqlite_database: Database, sign_in: SignIn) -> None:
    """No roster, no rider, no date: 404 with a page, never a fault."""
    fill(sqlite_database)
    browser = sign_in(Role.ADMIN)
    for path in ("/rosters/2026-03-20", "/rosters/friday", f"{PAGE}/riders/nobody"):
        assert browser.get(path).status_code == 404


def test_only_the_dispatcher_changes_rosters(sqlite_database: Database, sign_in: SignIn) -> None:
    """Finance and supervisor read, crews do not even that."""
    fill(sqlite_database)
    for role in (Role.FINANCE, Role.SUPERVISOR):
        browser = sign_in(role)
        assert browser.get(PAGE).status_code == 200
        assert send(browser, f"{PAGE}/lock", PAGE).status_code == 403
    assert sign_in(Role.ATTENDANT).get(PAGE).status_code == 403


def test_an_empty_school_is_told_what_to_do(sqlite_database: Database, sign_in: SignIn) -> None:
    """Without any roster the page says how to begin."""
    assert "导入名单" in sign_in(Role.DISPATCHER).get("/rosters/").text


def fields(page: str) -> dict[str, str]:
    """The hidden fields of the page's form, but for the token."""
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: value for name, value in found if name != "csrf_token"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_locking_is_a_page_of_its_own(sqlite_database: Database, sign_in: SignIn, language: str) -> None:
    """No script is needed: a link leads to the numbers and the form; after a lock it shows the changes."""
    fill(sqlite_database)
    browser = sign_in(Role.DISPATCHER, language)
    assert f'href="{PAGE}/lock"' in browser.get(PAGE).text
    asked = browser.get(f"{PAGE}/lock").text
    assert "22" in asked
    assert send(browser, f"{PAGE}/lock", f"{PAGE}/lock", **fields(asked)).status_code == 302
    assert f'href="{PAGE}/lock"' not in browser.get(PAGE).text
    form = f"{PAGE}/riders/20230007"
    send(browser, form, form, rides_return="1", reason="leave", note="婚礼", **fields(browser.get(form).text))
    again = browser.get(f"{PAGE}/lock").text
    assert "婚礼" in again
    refused = send(browser, f"{PAGE}/lock", f"{PAGE}/lock", **fields(again))
    assert refused.status_code == 409
    assert 'name="approval"' in refused.text


def test_a_lock_in_another_tab_costs_no_edit(sqlite_database: Database, sign_in: SignIn) -> None:
    """An edit from before the lock is not stored, nothing typed is lost, a second press stores it."""
    fill(sqlite_database)
    browser, form = sign_in(Role.DISPATCHER), f"{PAGE}/riders/20230007"
    opened = fields(browser.get(form).text)
    send(browser, f"{PAGE}/lock", PAGE)
    typed = {"rides_return": "1", "reason": "leave", "note": "婚礼"}
    told = send(browser, form, form, **typed, **opened)
    assert told.status_code == 409
    assert "名单锁定成了第 1 版" in told.text
    assert 'value="婚礼"' in told.text
    assert 'value="leave" selected' in told.text
    assert "婚礼" not in browser.get(PAGE).text
    assert send(browser, form, form, **typed, **fields(told.text)).status_code == 302
    assert "婚礼" in browser.get(PAGE).text


def test_an_edit_in_another_tab_stops_the_lock_until_it_was_seen(
    sqlite_database: Database, sign_in: SignIn
) -> None:
    """What was looked at is what is locked; and two edits of one rider do not overwrite each other."""
    fill(sqlite_database)
    browser, form = sign_in(Role.DISPATCHER), f"{PAGE}/riders/20230007"
    opened, to_lock = fields(browser.get(form).text), fields(browser.get(f"{PAGE}/lock").text)
    assert send(browser, form, form, reason="leave", **opened).status_code == 302
    stale = send(browser, form, form, reason="ill", **opened)
    assert (stale.status_code, "别人改过 学生7 的这一行" in stale.text) == (409, True)
    refused = send(browser, f"{PAGE}/lock", PAGE, **to_lock)
    assert (refused.status_code, "名单又有改动" in refused.text) == (409, True)
    assert send(browser, f"{PAGE}/lock", PAGE, **fields(refused.text)).status_code == 302
