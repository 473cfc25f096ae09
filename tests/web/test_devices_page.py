"""The tablets' page: who sees it, what it says of each, and what a revoked tablet meets afterwards."""

import re

import pytest

from busops.domain.fleet import CrewRole
from busops.domain.people import Role
from busops.services import devices, people
from busops.services.simulated_crew import drive
from busops.storage import event_store
from busops.web.app import create_app
from tests.device_kit import Key
from tests.run_kit import PrefixedIds
from tests.sim import world
from tests.web.conftest import PASSWORD, send
from tests.web.test_api import first_events


@pytest.fixture
def school(sqlite_database, settings, ids):
    """A run driven to its end by its crew's two tablets, and the application."""
    clock = world.a_clock(60 * 4)
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    world.release(sqlite_database)
    app = create_app(settings, clock=clock, ids=PrefixedIds("w", ids))
    transport, held = world.transport(app), world.tablets(sqlite_database, clock=clock, ids=ids)
    _, pack = transport("GET", "/api/v1/runs/run-1/pack", held[CrewRole.ATTENDANT].headers, None)
    assert drive(transport, held, pack=pack, tags=world.TAGS, ids=ids).closed
    return app, transport, held, pack


@pytest.fixture
def visit(school, sqlite_database, ids):
    """A signed-in browser of a role."""
    app = school[0]

    def signed(role: Role, language: str = "zh"):
        acting = {"clock": app.extensions["busops"].clock, "ids": ids, "hasher": people.CHEAP}
        name = f"m-{role.value}"
        people.create_person(
            sqlite_database, name=f"测试{role.value}", username=name, role=role, password=PASSWORD, **acting
        )
        client = app.test_client()
        assert send(client, "/signin", "/signin", account=name, password=PASSWORD).status_code == 302
        client.get(f"/language/{language}")
        return client

    return signed


def words(answer) -> str:
    """What a page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


@pytest.mark.parametrize(
    ("role", "status"), [(Role.DISPATCHER, 200), (Role.ADMIN, 200), (Role.FINANCE, 403), (Role.DRIVER, 403)]
)
def test_who_sees_the_tablets(visit, role, status):
    """Who sends the buses and who administrates; nobody else, and nobody else revokes."""
    client = visit(role)
    assert client.get("/manage/devices").status_code == status
    if status != 200:
        assert send(client, "/manage/devices/1/revoke", reason="x").status_code == 403


def test_the_page_says_whose_a_tablet_is_and_how_far_it_was_heard(school, visit):
    """Person, post, vehicle, acknowledged of sent, and its state; the export has the same."""
    _, _, held, pack = school
    page = words(visit(Role.DISPATCHER).get("/manage/devices"))
    member = held[CrewRole.ATTENDANT]
    for shown in (member.crew_id, "照管员", "驾驶员", pack["plate"], "可用"):
        assert shown in page
    table = visit(Role.ADMIN).get("/manage/devices?format=csv&sort=-dev").data.decode("utf-8-sig")
    rows = [line.split(",") for line in table.strip().splitlines()[1:]]
    assert [row[0] for row in rows] == ["2", "1"]
    assert all(int(row[5]) > 0 for row in rows)


def test_a_revoked_tablet_learns_nothing_and_its_facts_wait(school, visit, sqlite_database, ids):
    """After the press: runs, pack, news, closing 401; a batch is taken into quarantine, nothing is lost."""
    app, transport, held, _ = school
    lost = held[CrewRole.ATTENDANT]
    events = first_events(transport, lost, ids, most=1)
    client = visit(Role.DISPATCHER)
    done = client.get("/manage/devices")
    assert f"/manage/devices/{lost.dev}/revoke" in done.get_data(as_text=True)
    answer = send(client, f"/manage/devices/{lost.dev}/revoke", reason="车上丢了")
    assert answer.status_code == 302
    for method, path in (
        ("GET", "/api/v1/runs"),
        ("GET", "/api/v1/runs/run-1/pack"),
        ("GET", "/api/v1/runs/run-1/news"),
        ("POST", "/api/v1/runs/run-1/close"),
    ):
        assert transport(method, path, lost.headers, None)[0] == 401, path
    with sqlite_database.reading() as tx:
        before = len(event_store.load_events(tx, "run-1"))
    status, body = transport("POST", "/api/v1/events:batch", lost.headers, lost.batch(events))
    assert (status, [each["r"] for each in body["results"]]) == (200, ["quarantined"])
    with sqlite_database.reading() as tx:
        assert len(event_store.load_events(tx, "run-1")) == before
    page = words(client.get("/manage/devices"))
    assert "已停用" in page
    assert "隔离 1" in page
    assert app.test_client().get("/api/v1/runs", headers=held[CrewRole.DRIVER].headers).status_code == 200


def test_a_tablet_is_given_up_once_and_with_a_reason(school, visit):
    """No reason, a second time, or a number that never was: refused in words."""
    lost = school[2][CrewRole.DRIVER]
    client = visit(Role.ADMIN)
    path = f"/manage/devices/{lost.dev}/revoke"
    assert send(client, path, reason=" ").status_code == 409
    assert send(client, path, reason="丢失").status_code == 302
    again = send(client, path, reason="丢失")
    assert (again.status_code, "以前已经停用" in words(again)) == (409, True)
    assert send(client, "/manage/devices/77/revoke", reason="x").status_code == 409


def test_a_revoked_tablet_is_enrolled_anew_under_another_number(school, visit, sqlite_database):
    """The same person signs in again: a new number, and the old one stays given up."""
    app, _, held, _ = school
    lost = held[CrewRole.DRIVER]
    assert send(visit(Role.ADMIN), f"/manage/devices/{lost.dev}/revoke", reason="丢失").status_code == 302
    driver = next(one for one in people.list_people(sqlite_database) if one.username == "driver")
    clock = app.extensions["busops"].clock
    acting = {
        "actor": people.actor_of(driver),
        "crew_id": None,
        "name": "新平板",
        "clock": clock,
        "public_key": Key().public,
    }
    assert devices.enrol(sqlite_database, dev=lost.dev, **acting).dev not in {
        one.dev for one in held.values()
    }


def test_the_page_has_words_in_english(school, visit):
    """No Chinese outside names and data."""
    main = re.search(
        r"<main.*</main>", visit(Role.ADMIN, "en").get("/manage/devices").get_data(as_text=True), re.S
    )[0]
    shown = re.sub(r'<(\w+)[^>]*lang="zh-Hans"[^>]*>.*?</\1>', "", main, flags=re.S)
    assert re.findall("[\u4e00-\u9fff]{2,}", re.sub(r"<[^>]+>", " ", shown)) == []
