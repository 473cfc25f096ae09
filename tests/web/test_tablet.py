"""The tablet's pages: whose runs they show, whom they let act, and how their files are kept."""

from dataclasses import replace

import pytest

from busops.web.app import create_app
from busops.web.tablet import app_version
from tests.sim import world


@pytest.fixture
def make_app(sqlite_database, settings, ids):
    """Makes an application with one released run, as the demo or not."""
    clock = world.a_clock(-30)
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    world.release(sqlite_database)
    return lambda *, demo=False: create_app(replace(settings, demo=demo), clock=clock, ids=ids)


def page(client, path: str) -> str:
    """A page's text."""
    return client.get(path).get_data(as_text=True)


def test_a_crew_member_picks_his_own_runs(make_app):
    """The attendant sees his run, another attendant the sentence that there is none."""
    app = make_app()
    assert "/tablet/runs/run-1" in page(world.sign_in(app, "attendant"), "/tablet/")
    assert "今天没有你的趟次" in page(world.sign_in(app, "stranger"), "/tablet/")


def test_each_role_gets_its_screen_and_acts_in_his_own_name(make_app):
    """Attendant and driver open their own screens; either may take over the other's, as himself."""
    app = make_app()
    for account, crew_id, screen in (("attendant", "Z1", "attendant"), ("driver", "D2", "driver")):
        shown = page(world.sign_in(app, account), "/tablet/runs/run-1")
        assert f'data-screen="{screen}" data-crew="{crew_id}"' in shown
    taken = page(world.sign_in(app, "driver"), "/tablet/runs/run-1?screen=attendant&crew=Z1")
    assert 'data-screen="attendant" data-crew="D2"' in taken


def test_strangers_and_the_office_open_no_tablet(make_app):
    """Another crew's run is not found; outside the demo a dispatcher holds no tablet."""
    app = make_app()
    assert world.sign_in(app, "stranger").get("/tablet/runs/run-1").status_code == 404
    assert world.sign_in(app, "dispatcher").get("/tablet/runs/run-1").status_code == 404
    assert world.sign_in(app, "supervisor").get("/tablet/").status_code == 403


def test_in_the_demo_the_dispatcher_takes_over_any_tablet(make_app):
    """He chooses whose place he takes."""
    client = world.sign_in(make_app(demo=True), "dispatcher")
    assert "screen=driver&amp;crew=D2" in page(client, "/tablet/")
    assert 'data-screen="driver" data-crew="D2"' in page(client, "/tablet/runs/run-1?screen=driver&crew=D2")


def test_the_page_names_nobody_before_the_script_asked_for_the_pack(make_app):
    """Riders come with the pack, to an enrolled device; the page itself holds no name of theirs."""
    assert "学生2" not in page(world.sign_in(make_app(), "attendant"), "/tablet/runs/run-1")


def test_every_sentence_of_the_scripts_is_in_the_page_in_both_languages(make_app):
    """The words are data for the scripts, in the reader's language."""
    client = world.sign_in(make_app(), "attendant")
    assert "离线，待同步 {n}" in page(client, "/tablet/runs/run-1")
    client.get("/language/en?next=/tablet/")
    assert "Offline, {n} to sync" in page(client, "/tablet/runs/run-1")


def test_the_scripts_are_kept_by_version_and_nothing_else_is_served(make_app):
    """The present version may be kept for ever; an old one, and any other file, is not found."""
    client = make_app().test_client()
    answer = client.get(f"/tablet/app/{app_version()}/tablet/main.js")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert "javascript" in answer.mimetype
    answer.close()
    version = app_version()
    for path in ("old/tablet/main.js", f"{version}/office/tokens.css", f"{version}/tablet/../../app.py"):
        assert client.get(f"/tablet/app/{path}").status_code == 404
