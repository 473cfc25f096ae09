"""The tablets' API: batches, packs, news, closing and enrolment, seen from outside."""

import json
from dataclasses import replace
from datetime import date

import pytest

from busops.domain.fleet import CrewRole
from busops.services.simulated_crew import Slips, drive, script, send, stamp
from busops.storage import fleet_store
from busops.web.app import create_app
from tests.sim import world
from tests.small_school import COACH

ATTENDANT, DRIVER = CrewRole.ATTENDANT, CrewRole.DRIVER


@pytest.fixture
def scene(sqlite_database, settings, ids):
    """An application with one released run, both tablets and a transport, two hours after departure."""
    clock = world.a_clock()
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    plan = world.release(sqlite_database)
    app = create_app(settings, clock=clock, ids=ids)
    held = world.tablets(sqlite_database, clock=clock, ids=ids)
    return app, world.transport(app), held, plan


def get(app, path, device, **headers):
    """What the API answers a device."""
    return app.test_client().get(path, headers={**device.headers, **headers})


def first_events(transport, device, ids, most=5):
    """The attendant's first taps as envelopes, and the pack they are made from."""
    _, pack = transport("GET", "/api/v1/runs/run-1/pack", device.headers, None)
    acts = [act for act in script(pack, world.TAGS) if act.role is ATTENDANT][:most]
    envelopes = []
    for act in acts:
        device, envelope = stamp(device, act, pack=pack, ids=ids)
        envelopes.append(envelope)
    return envelopes


def test_a_crew_drives_its_run_through_the_api_and_closes_it(scene, ids):
    """Every event is stored, the server closes the run, and its next news says so."""
    app, transport, held, _ = scene
    _, pack = transport("GET", "/api/v1/runs/run-1/pack", held[ATTENDANT].headers, None)
    done = drive(transport, held, pack=pack, tags=world.TAGS, ids=ids)
    assert {result["r"] for result in done.results} == {"stored"}
    assert (done.closed, done.reasons) == (True, ())
    news = get(app, "/api/v1/runs/run-1/news", held[DRIVER]).get_json()
    assert (news["phase"], news["closed"]["version"], news["reasons"]) == ("closed", 1, [])


def test_a_run_with_a_rider_aboard_answers_409_with_every_reason(scene, ids):
    """Somebody not tapped off and no checks: all of it is told at once, in words."""
    app, transport, held, _ = scene
    _, pack = transport("GET", "/api/v1/runs/run-1/pack", held[ATTENDANT].headers, None)
    left = pack["riders"][0]["rider"]
    slips = Slips(untapped=frozenset({left}), checks_at_all=False)
    done = drive(transport, held, pack=pack, tags=world.TAGS, ids=ids, slips=slips)
    assert not done.closed
    codes = {reason["code"] for reason in done.reasons}
    assert {"rider_aboard", "no_attendant_check", "no_driver_check", "not_parked", "device_unsealed"} <= codes
    assert left in {reason["place"] for reason in done.reasons}
    answer = app.test_client().post("/api/v1/runs/run-1/close", headers=held[DRIVER].headers, json={})
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    assert all(reason["detail"] for reason in answer.get_json()["reasons"])


def test_sending_again_makes_nothing_twice(scene, ids):
    """The same batch once more answers ``duplicate`` for each event and acknowledges the same number."""
    app, transport, held, _ = scene
    events = first_events(transport, held[ATTENDANT], ids)
    send(transport, held[ATTENDANT], events)
    answer = (
        app.test_client()
        .post("/api/v1/events:batch", headers=held[ATTENDANT].headers, json=held[ATTENDANT].batch(events))
        .get_json()
    )
    assert [each["r"] for each in answer["results"]] == ["duplicate"] * 5
    assert answer["ack"] == 5
    assert len(answer["ack_h"]) == 64


def test_a_poisoned_event_does_not_block_those_behind_it(scene, ids):
    """A malformed event in the middle is kept apart with its reason; the others are stored."""
    _, transport, held, _ = scene
    events = first_events(transport, held[ATTENDANT], ids)
    events[2] = {**events[2], "kind": "teleport"}
    results = send(transport, held[ATTENDANT], events)
    assert [each["r"] for each in results] == ["stored", "stored", "quarantined", "stored", "stored"]
    assert results[2]["why"] == "envelope_unknown_kind"


def test_what_another_device_or_person_did_is_not_taken_as_fact(scene, ids):
    """An event naming another device, another person or no run of ours goes to quarantine."""
    _, transport, held, _ = scene
    events = first_events(transport, held[ATTENDANT], ids, most=4)
    events[1] = {**events[1], "dev": 999}
    events[2] = {**events[2], "by": "D2"}
    events[3] = {**events[3], "run": "elsewhere"}
    results = send(transport, held[ATTENDANT], events)
    assert [each["why"] for each in results] == [None, "other_device", "person_not_on_device", "unknown_run"]


def test_two_histories_under_one_number_freeze_the_device(scene, ids):
    """The second event with the same number is a fork; afterwards nothing of the device is taken as fact."""
    _, transport, held, _ = scene
    events = first_events(transport, held[ATTENDANT], ids, most=4)
    send(transport, held[ATTENDANT], events[:2])
    forked = {**events[1], "id": "0190a000-0000-7000-8000-00000000ffff"}
    results = send(transport, held[ATTENDANT], [forked, events[2]])
    assert [each["r"] for each in results] == ["fork", "quarantined"]
    assert send(transport, held[ATTENDANT], [events[3]])[0]["why"] == "device_not_trusted"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"events": 3}', b"[" * 100_000])
def test_a_body_that_is_no_batch_is_kept_and_answered_400(scene, body):
    """What cannot be read is told so, with the hash of what was kept; nothing breaks."""
    app, _, held, _ = scene
    answer = app.test_client().post(
        "/api/v1/events:batch", headers=held[ATTENDANT].headers, data=body, content_type="application/json"
    )
    assert answer.status_code == 400
    assert answer.get_json()["code"].startswith("batch_")


def test_a_batch_that_is_too_long_or_too_large_is_refused(scene):
    """201 events are 400, more than 256 KiB are 413: the tablet halves the batch."""
    app, _, held, _ = scene
    client = app.test_client()
    long = client.post("/api/v1/events:batch", headers=held[ATTENDANT].headers, json={"events": [{}] * 201})
    assert (long.status_code, long.get_json()["code"]) == (400, "batch_too_long")
    large = json.dumps({"events": [{"text": "x" * 300_000}]})
    answer = client.post("/api/v1/events:batch", headers=held[ATTENDANT].headers, data=large)
    assert answer.status_code == 413


def test_the_pack_holds_what_boarding_needs_and_nothing_else(scene):
    """Class, name, last four digits and the stop; no guardian, no tag code; 304 when nothing changed."""
    app, _, held, plan = scene
    answer = get(app, "/api/v1/runs/run-1/pack", held[ATTENDANT])
    pack = answer.get_json()
    assert {len(rider["last4"]) for rider in pack["riders"]} == {4}
    assert len(pack["riders"]) == len(plan.manifest)
    assert pack["challenge"] == {"attendant": [2, 7], "driver": [4, 6]}
    text = answer.get_data(as_text=True)
    assert "家长" not in text
    assert not any(code in text for code in world.TAGS.values())
    again = get(app, "/api/v1/runs/run-1/pack", held[ATTENDANT], **{"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_the_news_tell_no_tag_codes(scene, ids):
    """What one person typed at the rear is not shown to the other, who must walk there."""
    app, transport, held, _ = scene
    _, pack = transport("GET", "/api/v1/runs/run-1/pack", held[ATTENDANT].headers, None)
    drive(transport, held, pack=pack, tags=world.TAGS, ids=ids)
    text = get(app, "/api/v1/runs/run-1/news", held[DRIVER]).get_data(as_text=True)
    assert '"check"' in text
    assert not any(code in text for code in world.TAGS.values())


def test_the_news_say_what_forbids_to_leave_today(scene, sqlite_database):
    """Papers that ran out after the release are told before the departure, in the reader's words."""
    app, _, held, _ = scene
    assert get(app, "/api/v1/runs/run-1/news", held[ATTENDANT]).get_json()["departure"] == []
    with sqlite_database.transaction() as tx:
        coach = next(each for each in fleet_store.load_vehicles(tx) if each.plate == COACH)
        fleet_store.save_vehicles(tx, [replace(coach, insurance_to=date(2026, 3, 1))])
    told = get(app, "/api/v1/runs/run-1/news", held[ATTENDANT]).get_json()["departure"]
    assert len(told) == 1
    assert COACH in told[0]


def test_a_wrong_tag_is_told_to_the_one_who_read_it_and_to_nobody_else(scene, ids):
    """The driver's news say what was wrong with his newest check; after a right one they say nothing."""
    app, transport, held, _ = scene
    _, pack = transport("GET", "/api/v1/runs/run-1/pack", held[ATTENDANT].headers, None)
    acts = [act for act in script(pack, world.TAGS, Slips(wrong_code=True)) if act.kind != "seal"]
    *before, right, _ = acts
    for act in before:
        device = held[act.role]
        held[act.role], envelope = stamp(device, act, pack=pack, ids=ids)
        send(transport, device, [envelope])
    driver = get(app, "/api/v1/runs/run-1/news", held[DRIVER]).get_json()
    assert "D2" in driver["faults"][0]
    assert get(app, "/api/v1/runs/run-1/news", held[ATTENDANT]).get_json()["faults"] == []
    device = held[DRIVER]
    held[DRIVER], envelope = stamp(device, right, pack=pack, ids=ids)
    send(transport, device, [envelope])
    assert get(app, "/api/v1/runs/run-1/news", held[DRIVER]).get_json()["faults"] == []


def test_strangers_see_nothing(scene, sqlite_database, ids):
    """No token, a wrong token and somebody else's run: 401, 401, 404."""
    app, _, held, _ = scene
    client = app.test_client()
    assert client.get("/api/v1/runs").status_code == 401
    assert client.get("/api/v1/runs", headers={"Authorization": "Device wrong"}).status_code == 401
    world.release(sqlite_database, run_id="run-2")
    with sqlite_database.transaction() as tx:
        world.give_to_another_crew(tx, "run-2")
    for path in ("pack", "news"):
        assert get(app, f"/api/v1/runs/run-2/{path}", held[ATTENDANT]).status_code == 404
    assert client.post("/api/v1/runs/run-2/close", headers=held[DRIVER].headers, json={}).status_code == 404
    listed = get(app, "/api/v1/runs", held[ATTENDANT]).get_json()["runs"]
    assert [run["run"] for run in listed] == ["run-1"]


def test_the_description_names_every_endpoint(scene):
    """The OpenAPI document is there, with the batch, the pack and the problem answers."""
    document = scene[0].test_client().get("/api/docs/openapi.json").get_json()
    assert document["openapi"].startswith("3.")
    assert {
        "/api/v1/events:batch", "/api/v1/runs", "/api/v1/runs/{run_id}/pack", "/api/v1/runs/{run_id}/close",
        "/api/v1/devices",
    } <= set(document["paths"])  # fmt: skip
    assert "409" in document["paths"]["/api/v1/runs/{run_id}/close"]["post"]["responses"]
