"""On the run's page: the right run for a rider on the wrong bus, and a bus's riders split over two."""

import re
from dataclasses import replace

import pytest

from busops.domain.fleet import CrewRole
from busops.domain.run_plan import ManifestRider
from busops.services import runs
from busops.services.simulated_crew import script, send, stamp
from busops.storage import run_store
from busops.web.app import create_app
from tests.run_kit import store_run
from tests.sim import world
from tests.small_school import LICENSED

WORDS = {"reason": "上错车"}


@pytest.fixture
def aboard(sqlite_database, settings, ids):
    """Run-1 has boarded two riders and left; a stranger of run-2's list is aboard too. Run-3 goes as well."""
    clock = world.a_clock(10)
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    world.release(sqlite_database)
    app = create_app(settings, clock=clock, ids=ids)
    with sqlite_database.reading() as tx:
        plan = run_store.load_run_plan(tx, "run-1")
    stranger = ManifestRider(rider_id="S20240099", stop_id=plan.terminal)
    other = {"plate": LICENSED, "driver_id": "D1", "attendant_ids": ("Z2",), "devices": frozenset()}
    store_run(sqlite_database, replace(plan, run_id="run-2", manifest=(stranger,), **other))
    store_run(sqlite_database, replace(plan, run_id="run-3", manifest=(), **other))
    tablet = world.tablets(sqlite_database, clock=clock, ids=ids)[CrewRole.ATTENDANT]
    transport = world.transport(app)
    _, pack = transport("GET", "/api/v1/runs/run-1/pack", tablet.headers, None)
    boards = [each for each in script(pack, world.TAGS) if each.kind == "board"][:2]
    envelopes = []
    for act in (*boards, replace(boards[0], rider=stranger.rider_id)):
        tablet, envelope = stamp(tablet, act, pack=pack, ids=ids)
        envelopes.append(envelope)
    send(transport, tablet, envelopes)
    return world.sign_in(app, "dispatcher"), sqlite_database, [each.rider for each in boards]


def page(client) -> str:
    """Run-1's page."""
    return client.get("/runs/run-1").get_data(as_text=True)


def post(client, act: str, **fields):
    """One of the page's forms, sent."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', page(client))[1]
    return client.post(f"/runs/run-1/{act}", data={"csrf_token": token, **WORDS, **fields})


def test_the_right_run_stands_first_for_who_is_on_the_wrong_bus(aboard) -> None:
    """His own form has run-2 chosen; sent, he is awaited there and run-1 goes on."""
    client, database, _ = aboard
    html = page(client)
    form = re.search(r'id="send-S20240099".*?</dialog>', html, re.DOTALL)[0]
    assert re.search(r'<option value="run-2" selected', form)
    assert "run-3" in form
    answer = post(client, "send-rider", rider_id="S20240099", to_run_id="run-2")
    assert answer.status_code == 302
    state = runs.run_view(database, "run-2").state
    assert state.plan.riders["S20240099"].from_run_id == "run-1"
    assert "学生转到另一趟车：S20240099" in page(client)


def test_riders_are_split_over_two_buses_or_nobody_is(aboard) -> None:
    """Each has a choice of his own; one left open is refused by name."""
    client, database, riders = aboard
    html = page(client)
    offered = set(re.findall(r'name="to:([^"]+)"', html))
    assert offered >= {*riders, "S20240099"}
    chosen = {f"to:{each}": "run-3" for each in offered} | {"cause": "breakdown"}
    refused = post(client, "transfer/split", **chosen | {f"to:{riders[0]}": ""})
    assert refused.status_code == 409
    assert f"学生 学生{int(riders[0][-4:])} 还没有选转到哪一趟" in refused.get_data(as_text=True)
    assert post(client, "transfer/split", **chosen | {"to:S20240099": "run-2"}).status_code == 302
    assert set(runs.run_view(database, "run-2").state.plan.riders) == {"S20240099"}
    assert set(runs.run_view(database, "run-3").state.plan.riders) == offered - {"S20240099"}


def test_who_is_not_aboard_is_refused_in_words(aboard) -> None:
    """The page comes back with the reason."""
    client, _, _ = aboard
    answer = post(client, "send-rider", rider_id="S20249999", to_run_id="run-2")
    assert answer.status_code == 409
    assert "学生 S20249999 不在车上" in answer.get_data(as_text=True)
