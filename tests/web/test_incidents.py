"""An incident on the run's page: opened by itself, first reported by a person, disposed of by two."""

import re
from dataclasses import replace
from datetime import date

import pytest

from busops.domain.fleet import CrewRole
from busops.services.simulated_crew import drive
from busops.storage import fleet_store
from busops.web.app import create_app
from tests.sim import world
from tests.small_school import COACH

RUN = "/runs/run-1"


@pytest.fixture
def client(sqlite_database, settings, ids):
    """The dispatcher, on the evening of a run that left without insurance."""
    clock = world.a_clock()
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    world.release(sqlite_database)
    app = create_app(settings, clock=clock, ids=ids)
    held = world.tablets(sqlite_database, clock=clock, ids=ids)
    with sqlite_database.transaction() as tx:
        coach = next(each for each in fleet_store.load_vehicles(tx) if each.plate == COACH)
        fleet_store.save_vehicles(tx, [replace(coach, insurance_to=date(2026, 3, 1))])
    transport = world.transport(app)
    _, pack = transport("GET", "/api/v1/runs/run-1/pack", held[CrewRole.ATTENDANT].headers, None)
    drive(transport, held, pack=pack, tags=world.TAGS, ids=ids)
    return world.sign_in(app, "dispatcher")


def page(client) -> str:
    """The run's page."""
    return client.get(RUN).get_data(as_text=True)


@pytest.mark.parametrize(
    ("language", "told"),
    [("zh", "证件或前一趟不允许仍然发车"), ("en", "Left although papers or the run before forbid it")],
)
def test_it_stands_on_the_page_with_its_first_report_due(client, language: str, told: str) -> None:
    """How grave, what, and until when somebody must be told."""
    client.get(f"/language/{language}")
    html = page(client)
    assert told in html
    assert "P1" in html
    assert re.search(r'action="/runs/run-1/incidents/[^"]+/report"', html)


def test_the_first_report_is_recorded_once(client) -> None:
    """Whom was told stands on the page, and the form is gone."""
    html = page(client)
    address = re.search(r'action="(/runs/run-1/incidents/[^"]+/report)"', html)[1]
    token = re.search(r'name="csrf_token" value="([^"]+)"', html)[1]
    assert client.post(address, data={"csrf_token": token, "told": " "}).status_code == 409
    assert client.post(address, data={"csrf_token": token, "told": "值班领导"}).status_code == 302
    html = page(client)
    assert "值班领导" in html
    assert "记录首报" not in html
    assert client.post(address, data={"csrf_token": token, "told": "再报"}).status_code == 409


def test_a_grave_one_is_also_told_outside_once(client) -> None:
    """The second form stays until the authorities are named, or why they need not know."""
    html = page(client)
    address = re.search(r'action="(/runs/run-1/incidents/[^"]+/report)"', html)[1]
    token = re.search(r'name="csrf_token" value="([^"]+)"', html)[1]
    outside = {"csrf_token": token, "outside": "yes"}
    assert client.post(address, data=outside | {"told": "区教育局"}).status_code == 302
    html = page(client)
    assert "区教育局" in html
    assert "记录上报" not in html
    assert "记录首报" in html
    assert client.post(address, data=outside | {"told": "再报"}).status_code == 409
