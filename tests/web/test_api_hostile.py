"""The tablets' API against whoever means harm or is merely broken: nothing is lost or told."""

import json
from dataclasses import replace

import pytest

from busops.domain.people import Actor, Role
from busops.services import devices, people
from busops.storage import event_store, held_events
from tests.device_kit import Key
from tests.sim import world
from tests.web.test_api import ATTENDANT, DRIVER, first_events, get, scene

__all__ = ["scene"]
ADMIN = Actor(user_id="the-admin", role=Role.ADMIN, name="管理员")
READ = ("/api/v1/runs", "/api/v1/runs/run-1/pack", "/api/v1/runs/run-1/news")


def post_raw(app, device, body):
    """The batch as somebody types it, not as a library would write it."""
    headers = {**device.headers, "Content-Type": "application/json"}
    return app.test_client().post("/api/v1/events:batch", headers=headers, data=body)


POISONS = (
    "NaN", "-Infinity", "1e999", '"\\ud800"', '"\\u0000"', "9" * 40, '{"a":[1]}', "[" * 99 + "]" * 99, "null",
)  # fmt: skip


@pytest.mark.parametrize("poison", POISONS, ids=lambda poison: poison[:12])
def test_no_value_of_one_event_holds_up_the_others(scene, ids, poison):
    """No numbers, half characters, NUL, giants: those events are kept apart, the next is stored."""
    app, transport, _, _ = scene
    here = app.extensions["busops"]
    tablet = world.enrol_as_before(here.database, ATTENDANT, clock=here.clock, ids=ids)
    first, second, third = first_events(transport, tablet, ids, most=3)
    broken = [
        poison,
        *(
            json.dumps({**second, field: "@"}).replace('"@"', poison)
            for field in ("id", "by", "lat6" if poison != "null" else "boot", "unheard-of")
        ),
    ]
    body = ",".join((json.dumps(first), *broken, json.dumps(third)))
    answer = post_raw(app, tablet, f'{{"events":[{body}]}}')
    assert answer.status_code == 200, answer.text
    results = [each["r"] for each in answer.get_json()["results"]]
    assert results == ["stored", *["quarantined"] * 5, "stored"]


def test_a_device_given_up_hands_in_facts_and_reads_no_names(scene, ids, sqlite_database):
    """Its packs and news are closed to it, its wish to close too; its events wait for two people."""
    app, transport, held, _ = scene
    events = first_events(transport, held[ATTENDANT], ids, most=2)
    devices.revoke(
        sqlite_database, held[ATTENDANT].dev, reason="丢失", by=ADMIN, clock=app.extensions["busops"].clock
    )
    assert {get(app, path, held[ATTENDANT]).status_code for path in READ} == {401}
    closing = app.test_client().post("/api/v1/runs/run-1/close", headers=held[ATTENDANT].headers)
    assert closing.status_code == 401
    answer = post_raw(app, held[ATTENDANT], json.dumps(held[ATTENDANT].batch(events)))
    assert {(each["r"], each["why"]) for each in answer.get_json()["results"]} == {
        ("quarantined", "device_not_trusted")
    }
    with sqlite_database.reading() as tx:
        assert len(event_store.load_quarantine(tx)) == len(events)
    assert get(app, READ[1], held[DRIVER]).status_code == 200


def test_a_person_put_out_takes_the_tablet_with_them(scene, ids, sqlite_database):
    """Disabling an account, or giving it another role, ends what its tablets may read, at once."""
    app, _, held, _ = scene
    clock = app.extensions["busops"].clock
    account = people.create_person(
        sqlite_database,
        name="驾驶员",
        username="driver-two",
        role=Role.DRIVER,
        crew_id=held[DRIVER].crew_id,
        password="correct-horse-9",
        clock=clock,
        ids=ids,
        hasher=people.CHEAP,
    )
    actor = people.actor_of(account)
    made = devices.enrol(
        sqlite_database, actor=actor, crew_id=None, name="tablet", clock=clock, public_key=Key().public
    )
    own = replace(held[DRIVER], dev=made.dev, token=made.token)
    assert {get(app, path, own).status_code for path in READ} == {200}
    people.disable_person(sqlite_database, actor.user_id, by=ADMIN, clock=clock)
    assert {get(app, path, own).status_code for path in READ} == {401}
    assert get(app, READ[0], held[DRIVER]).status_code == 200


def test_two_hundred_and_one_events_and_a_body_too_large_change_nothing(scene, ids, sqlite_database):
    """Both are told so in a sentence; the first is kept as it was sent, the second never was read."""
    app, transport, held, _ = scene
    event = first_events(transport, held[ATTENDANT], ids, most=1)[0]
    many = post_raw(app, held[ATTENDANT], json.dumps({"events": [event] * 201}))
    large = post_raw(app, held[ATTENDANT], json.dumps({"events": [], "x": "y" * 257 * 1024}))
    assert (many.status_code, many.get_json()["code"]) == (400, "batch_too_long")
    assert (large.status_code, large.mimetype) == (413, "application/problem+json")
    with sqlite_database.reading() as tx:
        assert held_events.ack_of(tx, held[ATTENDANT].dev).seq == 0
        assert len(event_store.load_quarantine(tx)) == 1


def test_nobody_speaks_for_another_device_or_person(scene, ids, sqlite_database):
    """A forged number, person or run: kept apart, and no number of another device is taken."""
    app, transport, held, _ = scene
    event = first_events(transport, held[ATTENDANT], ids, most=1)[0]
    forged = [
        {**event, "dev": held[DRIVER].dev},
        {**event, "by": "D1", "seq": 2},
        {**event, "run": "no-such-run", "seq": 3},
    ]
    answer = post_raw(app, held[ATTENDANT], json.dumps(held[ATTENDANT].batch(forged))).get_json()
    assert [each["why"] for each in answer["results"]] == [
        "other_device",
        "person_not_on_device",
        "unknown_run",
    ]
    with sqlite_database.reading() as tx:
        assert held_events.ack_of(tx, held[DRIVER].dev).seq == 0


def test_a_crew_account_without_a_number_prints_nobodys_manifest(scene, sqlite_database, ids):
    """An attendant whose account names no crew member is of no crew, so every run is a stranger's."""
    app, _, _, _ = scene
    people.create_person(
        sqlite_database,
        name="照管员",
        username="numberless",
        role=Role.ATTENDANT,
        password=world.PASSWORD,
        clock=app.extensions["busops"].clock,
        ids=ids,
        hasher=people.CHEAP,
    )
    browser = world.sign_in(app, "numberless")
    assert browser.get("/print/runs/run-1").status_code == 404
    assert world.sign_in(app, "dispatcher").get("/print/runs/run-1").status_code == 200
