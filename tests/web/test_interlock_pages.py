"""Defects, runs left open and the clocks of the interlock on the office's pages."""

import re

import pytest

from busops.domain.defects import CRITICAL
from busops.domain.departures import LEGAL_ITEMS
from busops.domain.people import Role
from busops.domain.safety_policy import NAMES
from busops.services import people, safety_policy
from busops.web.app import create_app
from tests.sim import world
from tests.unit.services.test_departure_papers import Bus

CLOCKS = "/manage/safety"
DEFECTS = "/register/defects"


@pytest.fixture
def bus(sqlite_database, ids) -> Bus:
    """A bus with something critical."""
    made = Bus(sqlite_database, ids)
    world.add_people(sqlite_database, made.clock, ids)
    own = {"name": "示例责任人", "username": "responsible", "role": Role.ADMIN, "password": world.PASSWORD}
    people.create_person(sqlite_database, **own, clock=made.clock, ids=ids, hasher=people.CHEAP)
    made.tap("precheck", after_s=-600, codes=(*sorted(LEGAL_ITEMS), CRITICAL), reason="刹车漏油")
    return made


@pytest.fixture
def app(bus, settings, ids):
    """The office."""
    return create_app(settings, clock=bus.clock, ids=ids)


def token_on(client, path: str) -> str:
    """The form token of a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).get_data(as_text=True))
    assert found is not None
    return found[1]


def test_a_defect_stands_on_its_page_until_somebody_says_how_it_was_mended(app) -> None:
    """Words are needed; then the form is gone and the words stand."""
    client = world.sign_in(app, "dispatcher")
    html = client.get(DEFECTS).get_data(as_text=True)
    assert "刹车漏油" in html
    address = re.search(r'action="(/register/defects/[^"]+/clear)"', html)[1]
    token = token_on(client, DEFECTS)
    assert client.post(address, data={"csrf_token": token, "how": " "}).status_code == 409
    assert client.post(address, data={"csrf_token": token, "how": "换油管，示例修理厂"}).status_code == 302
    html = client.get(DEFECTS).get_data(as_text=True)
    assert "换油管，示例修理厂" in html
    assert address not in html
    assert client.post(address, data={"csrf_token": token, "how": "再修"}).status_code == 409


def test_who_only_watches_sees_it_and_clears_nothing(app) -> None:
    """The supervisor has the page without a form; a driver has neither."""
    client = world.sign_in(app, "supervisor")
    html = client.get(DEFECTS).get_data(as_text=True)
    assert "刹车漏油" in html
    assert "/clear" not in html
    assert world.sign_in(app, "driver").get(DEFECTS).status_code == 403


def test_the_run_that_was_left_open_says_so_and_offers_the_override(app, bus) -> None:
    """From the next day on; two people may free crew and vehicle."""
    client = world.sign_in(app, "dispatcher")
    assert "当天没有结束" not in client.get("/runs/run-1").get_data(as_text=True)
    bus.clock.advance(24 * 3600)
    html = world.sign_in(app, "dispatcher").get("/runs/run-1").get_data(as_text=True)
    assert "当天没有结束" in html
    assert 'value="run_unclosed:run-1:v0"' in html


@pytest.mark.parametrize(
    ("language", "named"), [("zh", "清车：车组警报"), ("en", "Empty check: alarm in the cab")]
)
def test_the_clocks_are_shown_to_the_office_and_changed_by_the_responsible(app, language, named) -> None:
    """A dispatcher sees them; the responsible changes them with a reason, and none beyond its most."""
    dispatcher = world.sign_in(app, "dispatcher")
    dispatcher.get(f"/language/{language}")
    html = dispatcher.get(CLOCKS).get_data(as_text=True)
    assert named in html
    assert 'name="reason"' not in html
    assert 'name="reason"' not in world.sign_in(app, "supervisor").get(CLOCKS).get_data(as_text=True)
    responsible = world.sign_in(app, "responsible")
    policy = safety_policy.policy_of(app.extensions["busops"].database)
    form = {name: str(getattr(policy, name)) for name in NAMES}
    form |= {"csrf_token": token_on(responsible, CLOCKS), "reason": "天热"}
    assert responsible.post(CLOCKS, data=form | {"crew_min": "9"}).status_code == 400
    assert responsible.post(CLOCKS, data=form | {"crew_min": "x"}).status_code == 400
    assert responsible.post(CLOCKS, data=form).status_code == 409
    assert responsible.post(CLOCKS, data=form | {"crew_min": "2"}).status_code == 302
    assert safety_policy.policy_of(app.extensions["busops"].database).crew_min == 2
    assert "天热" in dispatcher.get(CLOCKS).get_data(as_text=True)
