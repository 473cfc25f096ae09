"""The weather of a day on the board: marked by the dispatcher, seen by everybody there, kept in the audit."""

import pytest
from flask.testing import FlaskClient

from busops.domain.people import Role
from busops.domain.values import school_date
from busops.services import audit, day_weather
from busops.storage.database import Database
from busops.storage.day_store import Weather
from tests.machine import FixedClock
from tests.web.conftest import SignIn, send

TODAY = school_date(FixedClock().now()).isoformat()


def mark(client: FlaskClient, weather: str, on: str = TODAY) -> int:
    """The button is pressed; the answer's status."""
    return send(client, "/dispatch/weather", page="/dispatch", weather=weather, on=on).status_code


def test_the_dispatcher_marks_a_hot_day(sign_in: SignIn, sqlite_database: Database) -> None:
    """Board and wall say so in both languages, the audit who did it; it can be taken back."""
    client = sign_in(Role.DISPATCHER)
    assert "高温日：" not in client.get("/dispatch").get_data(as_text=True)
    assert mark(client, "hot") == 302
    assert "高温日：报警时限减半" in client.get("/dispatch").get_data(as_text=True)
    assert "高温日" in client.get("/dispatch/wall").get_data(as_text=True)
    english = sign_in(Role.SUPERVISOR, "en").get("/dispatch").get_data(as_text=True)
    assert "Hot day: alarm clocks halved" in english
    entry = next(row.entry for row in audit.newest(sqlite_database) if row.entry.act == "day_marked")
    assert (entry.subject, entry.facts) == (TODAY, {"weather": "hot"})
    assert mark(client, "plain") == 302
    assert day_weather.weather_of(sqlite_database, school_date(FixedClock().now())) is Weather.PLAIN


@pytest.mark.parametrize(("weather", "on", "status"), [("warm", TODAY, 400), ("hot", "today", 404)])
def test_nonsense_marks_nothing(
    sign_in: SignIn, sqlite_database: Database, weather: str, on: str, status: int
) -> None:
    """No such weather, no such day."""
    assert mark(sign_in(Role.DISPATCHER), weather, on) == status
    assert day_weather.weather_of(sqlite_database, school_date(FixedClock().now())) is Weather.PLAIN


def test_a_day_that_is_over_and_a_second_press_are_told(sign_in: SignIn) -> None:
    """Nothing changes and the board says why; the past has no buttons."""
    client = sign_in(Role.DISPATCHER)
    assert mark(client, "hot", "2026-03-01") == 302
    assert "已经过去" in client.get("/dispatch").get_data(as_text=True)
    assert mark(client, "hot") == 302
    assert mark(client, "hot") == 302
    assert "已经是这样标记的" in client.get("/dispatch").get_data(as_text=True)
    assert "标为" not in client.get("/dispatch?on=2026-03-01").get_data(as_text=True)


def test_the_supervisor_reads_the_weather_and_marks_nothing(sign_in: SignIn) -> None:
    """No button, and the door is shut."""
    client = sign_in(Role.SUPERVISOR)
    assert "标为" not in client.get("/dispatch").get_data(as_text=True)
    assert mark(client, "hot") in (400, 403)
