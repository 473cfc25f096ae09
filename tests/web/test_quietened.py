"""A tablet tells that its siren was quietened: of a run of its own only, with its token only."""

import pytest

from busops.domain.fleet import CrewRole
from busops.storage import alarm_store
from busops.web.app import create_app
from tests.sim import world


@pytest.fixture
def scene(sqlite_database, settings, ids):
    """A released run, its crew's tablets, the way to the server."""
    clock = world.a_clock()
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    world.release(sqlite_database)
    held = world.tablets(sqlite_database, clock=clock, ids=ids)
    return world.transport(create_app(settings, clock=clock, ids=ids)), held[CrewRole.ATTENDANT]


def test_the_office_sees_it_on_the_runs_page(scene, sqlite_database) -> None:
    """Answered with how long it is quiet; an alarm of the run stands."""
    transport, tablet = scene
    status, told = transport("POST", "/api/v1/runs/run-1/quietened", tablet.headers, None)
    assert (status, told) == (200, {"run": "run-1", "quiet_s": 120})
    with sqlite_database.reading() as tx:
        assert [alarm.kind for alarm in alarm_store.load_alarms(tx, "run-1")] == ["siren_quietened"]


def test_what_cannot_be_is_told_back(scene, sqlite_database) -> None:
    """Seconds that are none: 400, and nobody is called."""
    transport, tablet = scene
    for body in ({"ago_s": -1}, {"ago_s": "x"}, {"run": "run-1"}):
        assert transport("POST", "/api/v1/runs/run-1/quietened", tablet.headers, body)[0] == 400
    with sqlite_database.reading() as tx:
        assert alarm_store.load_alarms(tx, "run-1") == ()


def test_a_stranger_tells_nothing(scene, sqlite_database) -> None:
    """No token, a run that is none of its own."""
    transport, tablet = scene
    assert transport("POST", "/api/v1/runs/run-1/quietened", {}, None)[0] == 401
    assert transport("POST", "/api/v1/runs/run-9/quietened", tablet.headers, None)[0] == 404
    with sqlite_database.reading() as tx:
        assert alarm_store.load_alarms(tx, "run-1") == ()
