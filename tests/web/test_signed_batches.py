"""Batches of a tablet that has a key: signed is believed, anything else waits and somebody is called."""

import pytest

from busops.domain.errors import InvalidInput
from busops.services import devices
from busops.services.device_list import list_tablets
from busops.services.simulated_crew import SimulatedDevice, send
from busops.storage import alarm_store, device_store, event_store, held_events, run_store
from tests.device_kit import Key
from tests.sim import world
from tests.web.test_api import ATTENDANT, first_events, scene

__all__ = ["scene"]


@pytest.fixture
def signing(scene, sqlite_database, ids):
    """A tablet of the attendant with a key: its transport, itself, its first five taps, the key."""
    app, transport, _, _ = scene
    key, clock = Key(), app.extensions["busops"].clock
    acting = {"actor": person(), "crew_id": None, "name": "x", "clock": clock}
    made = devices.enrol(sqlite_database, public_key=key.public, **acting)
    tablet = SimulatedDevice(dev=made.dev, token=made.token, crew_id="Z1", boot=ids.new())
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


def test_a_tablet_of_before_is_believed_until_it_gets_a_key(scene, sqlite_database, ids):
    """Without a key the batch needs no signature, and the office sees it; once it has one, each needs it."""
    app, transport, _, _ = scene
    clock = app.extensions["busops"].clock
    tablet = world.enrol_as_before(sqlite_database, ATTENDANT, clock=clock, ids=ids)
    events = first_events(transport, tablet, ids)
    assert {each["r"] for each in send(transport, tablet, events[:3])} == {"stored"}
    shown = {each.device.dev: each.device.public_key for each in list_tablets(sqlite_database, clock=clock)}
    assert shown[tablet.dev] is None
    key, acting = Key(), {"actor": person(), "crew_id": None, "name": "x", "clock": clock}
    made = devices.enrol(sqlite_database, dev=tablet.dev, public_key=key.public, **acting)
    assert made.dev == tablet.dev
    assert {each["why"] for each in send(transport, tablet, events[3:])} == {"signature_missing"}
    signed = transport("POST", "/api/v1/events:batch", tablet.headers, key.batch(events[3:], tablet.dev))
    assert {each["r"] for each in signed[1]["results"]} == {"stored"}


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
    """Another key is another device; without one there is none."""
    del scene
    from_person = {"actor": person(), "crew_id": None, "name": "x", "clock": clock}
    key = Key()
    first = devices.enrol(sqlite_database, **from_person, public_key=key.public)
    again = devices.enrol(sqlite_database, **from_person, dev=first.dev, public_key=key.public)
    assert first.dev == again.dev
    other = devices.enrol(sqlite_database, **from_person, dev=first.dev, public_key=Key().public)
    assert other.dev != first.dev
    with pytest.raises(InvalidInput, match="device_key_needed"):
        devices.enrol(sqlite_database, **from_person, dev=first.dev, public_key=None)


def person():
    """The attendant as an actor."""
    return devices.Actor(user_id="u2", role=devices.Role.ATTENDANT, name="乙", crew_id="Z1")
