"""Batches of a tablet that has a key: signed is believed, anything else waits and somebody is called."""

import pytest

from busops.services import devices
from busops.services.device_list import list_tablets
from busops.services.simulated_crew import send
from busops.storage import alarm_store, device_store, event_store, held_events, run_store
from tests.device_kit import Key
from tests.web.test_api import ATTENDANT, first_events, scene

__all__ = ["scene"]


@pytest.fixture
def signing(scene, sqlite_database, ids):
    """The scene's attendant tablet with a key: its transport, itself, its first five taps, the key."""
    _, transport, held, _ = scene
    key, tablet = Key(), held[ATTENDANT]
    with sqlite_database.transaction() as tx:
        device_store.keep_key(tx, tablet.dev, key.public)
    return transport, tablet, first_events(transport, tablet, ids), key


def sent(signing, body):
    """The answer to a batch of the signing tablet."""
    transport, tablet, _, _ = signing
    status, answer = transport("POST", "/api/v1/events:batch", tablet.headers, body)
    assert status == 200
    return answer


def waiting(database):
    """What is kept apart: why, and whether it fills a number."""
    with database.reading() as tx:
        return [(each.why, each.seq is not None) for each in event_store.load_quarantine(tx)]


def test_a_signed_batch_becomes_facts(signing, sqlite_database):
    """As before, and the list of tablets knows that it signs."""
    _, tablet, events, key = signing
    answer = sent(signing, key.batch(events, tablet.dev))
    assert [each["r"] for each in answer["results"]] == ["stored"] * 5
    assert answer["ack"] == 5
    assert waiting(sqlite_database) == []


@pytest.mark.parametrize(
    ("why", "spoil"),
    [
        ("signature_missing", lambda body: {"events": body["events"]}),
        ("signature_wrong", lambda body: {**body, "sig": Key().sign(body["signed"])}),
        ("signature_wrong", lambda body: {**body, "signed": {**body["signed"], "dev": 99}}),
    ],
)
def test_an_unsigned_batch_is_kept_apart_and_the_office_is_called(signing, sqlite_database, why, spoil):
    """Nothing is lost and nothing believed; the run stays open; the tablet's own numbers stay free."""
    _, tablet, events, key = signing
    answer = sent(signing, spoil(key.batch(events, tablet.dev)))
    assert {(each["r"], each["why"]) for each in answer["results"]} == {("quarantined", why)}
    assert answer["ack"] == 0
    assert waiting(sqlite_database) == [(why, False)] * 5
    with sqlite_database.reading() as tx:
        assert event_store.load_observations(tx, "run-1") == ()
        plan = run_store.load_run_plan(tx, "run-1")
        assert held_events.holdings(tx, plan, ()).quarantined == 5
        alarms = [(each.kind, each.occasion) for each in alarm_store.load_alarms(tx, "run-1")]
    assert alarms == [("device_unsigned", str(tablet.dev))]
    honest = sent(signing, key.batch(events, tablet.dev))
    assert [each["r"] for each in honest["results"]] == ["stored"] * 5


def test_a_poisoned_event_costs_none_of_its_neighbours(signing, sqlite_database):
    """One malformed though signed, one changed on the way: only these two wait."""
    _, tablet, events, key = signing
    events[1] = {**events[1], "kind": "teleport"}
    body = key.batch(events, tablet.dev)
    body["events"][3] = {**events[3], "mono_ms": events[3]["mono_ms"] + 1}
    results = sent(signing, body)["results"]
    assert [each["r"] for each in results] == ["stored", "quarantined", "stored", "quarantined", "stored"]
    assert [each["why"] for each in results] == [
        None, "envelope_unknown_kind", None, "signature_other_event", None,
    ]  # fmt: skip


def test_a_tablet_of_before_is_believed_and_shown_as_unsigned(scene, sqlite_database, ids, clock):
    """Without a key the batch needs no signature; the office sees which tablets do not sign."""
    _, transport, held, _ = scene
    assert {
        each["r"] for each in send(transport, held[ATTENDANT], first_events(transport, held[ATTENDANT], ids))
    } == {"stored"}
    assert {shown.device.public_key for shown in list_tablets(sqlite_database, clock=clock)} == {None}


def test_two_histories_call_the_office(signing, sqlite_database):
    """The fork freezes the device, and an alarm of the run says so."""
    _, tablet, events, key = signing
    sent(signing, key.batch(events[:2], tablet.dev))
    forked = {**events[1], "id": "0190a000-0000-7000-8000-00000000ffff"}
    assert sent(signing, key.batch([forked], tablet.dev))["results"][0]["r"] == "fork"
    with sqlite_database.reading() as tx:
        kinds = {each.kind for each in alarm_store.load_alarms(tx, "run-1")}
        assert device_store.load_device(tx, tablet.dev).is_frozen
    assert "device_forked" in kinds


def test_the_same_person_goes_on_only_with_the_same_key(scene, sqlite_database, clock):
    """A key is taken up once; another key, or none any more, is another device."""
    del scene
    from_person = {"actor": person(), "crew_id": None, "name": "x", "clock": clock}
    first = devices.enrol(sqlite_database, **from_person)
    key = Key()
    keyed = devices.enrol(sqlite_database, **from_person, dev=first.dev, public_key=key.public)
    again = devices.enrol(sqlite_database, **from_person, dev=first.dev, public_key=key.public)
    assert first.dev == keyed.dev == again.dev
    other = devices.enrol(sqlite_database, **from_person, dev=first.dev, public_key=Key().public)
    none = devices.enrol(sqlite_database, **from_person, dev=first.dev)
    assert len({first.dev, other.dev, none.dev}) == 3


def person():
    """The attendant as an actor."""
    return devices.Actor(user_id="u2", role=devices.Role.ATTENDANT, name="乙", crew_id="Z1")
