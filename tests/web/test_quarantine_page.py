"""The page of what waits apart: what, where, why, and two roles that give it to the right run, or to none."""

import re
from dataclasses import replace

import pytest

from busops.domain.fleet import CrewRole
from busops.services import runs
from busops.services.simulated_crew import script, send, stamp
from busops.storage import event_store
from busops.web.app import create_app
from tests.sim import world

PAGE = "/runs/quarantine"
WHY = {"override_reason": "crew_confirmed"}
TWO = {"reason": "车组开错了趟次", "second_account": "deputy", "second_password": world.PASSWORD}


@pytest.fixture
def app(sqlite_database, settings, ids):
    """The office of an evening on which a tablet recorded two boardings under a run that nobody knows."""
    clock = world.a_clock()
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    world.release(sqlite_database)
    made = create_app(settings, clock=clock, ids=ids)
    tablet = world.tablets(sqlite_database, clock=clock, ids=ids)[CrewRole.ATTENDANT]
    transport = world.transport(made)
    _, pack = transport("GET", "/api/v1/runs/run-1/pack", tablet.headers, None)
    wrong = pack | {"run": "run-of-last-week"}
    envelopes = []
    for act in [each for each in script(pack, world.TAGS) if each.kind == "board"][:2]:
        tablet, envelope = stamp(replace(tablet), act, pack=wrong, ids=ids)
        envelopes.append(envelope)
    results = send(transport, tablet, envelopes)
    assert {each["why"] for each in results} == {"unknown_run"}
    return made


def text_of(answer) -> str:
    """The words of a page without its marks, blanks drawn together."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def chosen(client) -> list[str]:
    """What may be ticked on the page."""
    return re.findall(r'name="chosen" value="([^"]+)"', client.get(PAGE).get_data(as_text=True))


def post(client, act: str, **fields):
    """The page's form, sent."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(PAGE).get_data(as_text=True))[1]
    return client.post(f"{PAGE}/{act}", data={"csrf_token": token, **TWO, **fields})


def waiting(sqlite_database) -> int:
    """How many still wait."""
    with sqlite_database.reading() as tx:
        return len(event_store.load_quarantine(tx))


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh", ("本校没有这一趟", "学生都在名单上", "是这一趟的平板", "run-of-last-week")),
        ("en", ("no such run", "its riders are on the list", "a tablet of the run", "run-of-last-week")),
    ],
)
def test_it_says_what_where_why_and_which_run_it_may_be(app, language, told) -> None:
    """The name that the tablet used, why that is none, and the run that fits with what speaks for it."""
    client = world.sign_in(app, "dispatcher")
    client.get(f"/language/{language}")
    words = text_of(client.get(PAGE))
    for each in told:
        assert each in words
    assert 'name="run_id" value="run-1"' in client.get(PAGE).get_data(as_text=True)
    html = client.get(PAGE).get_data(as_text=True)
    ticked = re.findall(r"<input[^>]+(?:radio|checkbox)[^>]+checked[^>]*>", html)
    assert [each for each in ticked if "data-keys" not in each] == []


def agree(client):
    """The run's page lets this person agree, and he does."""
    html = client.get("/runs/run-1").get_data(as_text=True)
    address = re.search(r'action="([^"]+/approve)"', html)[1]
    token = re.search(r'name="csrf_token" value="([^"]+)"', html)[1]
    return client.post(address, data={"csrf_token": token})


def test_two_roles_give_it_to_the_right_run(app, sqlite_database) -> None:
    """L6: one asks, the supervisor agrees in his own session; both boardings stand on run-1."""
    client = world.sign_in(app, "dispatcher")
    assert PAGE in client.get("/runs/run-1").get_data(as_text=True)
    assert "留存待核 2" in text_of(client.get("/runs/"))
    assert post(client, "admit", chosen=chosen(client), run_id="run-1", **WHY).status_code == 302
    assert waiting(sqlite_database) == 2
    assert runs.run_view(sqlite_database, "run-1").state.aboard == frozenset()
    assert "/approve" not in client.get("/runs/run-1").get_data(as_text=True)
    assert agree(world.sign_in(app, "supervisor")).status_code == 302
    view = runs.run_view(sqlite_database, "run-1")
    assert len(view.state.aboard) == 2
    assert view.state.quarantined == 0
    assert waiting(sqlite_database) == 0
    story = text_of(client.get("/runs/run-1?events=all"))
    assert "补入留存记录：上车" in story
    assert "原记在别的趟次" in story
    assert "没有留存待核的记录" in text_of(client.get(PAGE))


def test_or_say_that_it_is_no_fact(app, sqlite_database) -> None:
    """Dismissed with a reason: nobody is aboard, nothing waits."""
    client = world.sign_in(app, "dispatcher")
    assert post(client, "dismiss", chosen=chosen(client)).status_code == 302
    assert runs.run_view(sqlite_database, "run-1").state.aboard == frozenset()
    assert waiting(sqlite_database) == 0


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"run_id": ""}, "先选这些记录其实属于哪一趟"),
        ({"chosen": []}, "先选要处理的记录"),
        ({"reason": " "}, "理由"),
    ],
)
def test_half_a_form_asks_for_nothing(app, sqlite_database, changed, told) -> None:
    """Refused in words, and all of it waits on."""
    client = world.sign_in(app, "dispatcher")
    fields = {"chosen": chosen(client), "run_id": "run-1", **WHY} | changed
    answer = post(client, "admit", **fields)
    assert answer.status_code == 409
    assert told in text_of(answer)
    assert waiting(sqlite_database) == 2


@pytest.mark.parametrize(
    ("changed", "told"),
    [({"second_account": "dispatcher"}, "两"), ({"second_password": "wrong-password"}, "密码")],
)
def test_one_person_alone_dismisses_nothing(app, sqlite_database, changed, told) -> None:
    """Refused in words, and all of it waits on."""
    client = world.sign_in(app, "dispatcher")
    answer = post(client, "dismiss", chosen=chosen(client), **changed)
    assert answer.status_code == 409
    assert told in text_of(answer)
    assert waiting(sqlite_database) == 2


def test_who_only_watches_reads_it_and_a_driver_does_not(app) -> None:
    """The supervisor has no form; a driver has no page."""
    html = world.sign_in(app, "supervisor").get(PAGE).get_data(as_text=True)
    assert "run-of-last-week" in html
    assert 'action="/runs/quarantine' not in html
    assert world.sign_in(app, "driver").get(PAGE).status_code == 403
