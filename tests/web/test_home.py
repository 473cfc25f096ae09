"""The home of each role: what it shows of an empty school, of a weekend underway, and to whom."""

from datetime import date

import pytest

from busops.domain.people import Role
from busops.services import receipts
from busops.services.overview import Need, overview, weekend_of
from busops.storage.database import Database
from busops.web.home import CONCERNS, PLACES
from tests.machine import CountingIds, FixedClock
from tests.web.conftest import SignIn, send


@pytest.mark.parametrize("role", [Role.DISPATCHER, Role.FINANCE, Role.SUPERVISOR, Role.ADMIN])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_empty_school_gets_an_honest_home(sign_in: SignIn, role: Role, language: str) -> None:
    """Before the first import the page tells who can import where to start, and invents nothing."""
    text = sign_in(role, language).get("/").text
    starts = "从哪里开始" if language == "zh" else "Where to start"
    assert (starts in text) is (role in (Role.DISPATCHER, Role.ADMIN))
    assert 'aria-current="step"' in text


@pytest.mark.parametrize("role", [Role.ATTENDANT, Role.DRIVER])
def test_crews_go_to_their_tablet(sign_in: SignIn, role: Role) -> None:
    """Who works in the bus sees no office."""
    answer = sign_in(role).get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/tablet/")


@pytest.mark.parametrize(
    ("today", "friday"),
    [
        (date(2026, 3, 9), date(2026, 3, 13)),
        (date(2026, 3, 12), date(2026, 3, 13)),
        (date(2026, 3, 13), date(2026, 3, 13)),
        (date(2026, 3, 15), date(2026, 3, 13)),
        (date(2026, 3, 16), date(2026, 3, 20)),
    ],
)
def test_the_week_turns_on_monday(today: date, friday: date) -> None:
    """From Friday to Sunday the work is this weekend's, from Monday on the coming one's."""
    assert weekend_of(today) == friday


def test_the_first_step_of_an_empty_week_is_the_roster(sqlite_database: Database, clock: FixedClock) -> None:
    """Exactly one step is where the week stands; nothing before the first import is done."""
    week = overview(sqlite_database, clock)
    assert [step.state.value for step in week.steps] == ["here", *["next"] * 6]
    assert week.needs == ()


def test_every_need_has_a_place_and_words(sign_in: SignIn) -> None:
    """Nothing waits for a person without a page that deals with it and words that say so."""
    browser = sign_in(Role.ADMIN)
    assert browser.get("/").status_code == 200
    for kinds in CONCERNS.values():
        assert kinds <= set(PLACES)


def test_a_new_account_waits_for_the_administrator_only(
    sqlite_database: Database, sign_in: SignIn, clock: FixedClock
) -> None:
    """The administrator is told of one-time passwords still in use; the dispatcher is not."""
    admin = sign_in(Role.ADMIN)
    form = {"username": "d07", "name": "新人", "role": "dispatcher"}
    made = send(admin, "/manage/people/new", **form)
    assert made.status_code == 200
    assert Need(kind="accounts_new", count=1) in overview(sqlite_database, clock).needs
    assert "一次性密码" in admin.get("/").text
    assert "一次性密码" not in sign_in(Role.DISPATCHER).get("/").text


def test_a_waiting_bill_is_the_cashiers_and_a_waiting_import_the_dispatchers(
    sign_in: SignIn, sqlite_database: Database, clock: FixedClock, ids: CountingIds
) -> None:
    """Each is counted for who may open it: the bill leads the cashier on, nobody else hears of it."""
    bill = "日期,金额(元)\n2026-03-14,10.00\n".encode()
    made = receipts.preview(sqlite_database, file_name="b.csv", content=bill, clock=clock, ids=ids)
    kinds = {need.kind for need in overview(sqlite_database, clock).needs}
    assert kinds == {"bills_waiting"}
    assert "份账单还没有入账" in sign_in(Role.FINANCE).get("/").text
    for role in (Role.DISPATCHER, Role.ADMIN, Role.SUPERVISOR):
        page = sign_in(role).get("/").text
        assert "份账单还没有入账" not in page
        assert "份导入还没有接受" not in page
    assert f"/finance/receipts/{made.batch_id}" in sign_in(Role.FINANCE).get("/finance/receipts").text
