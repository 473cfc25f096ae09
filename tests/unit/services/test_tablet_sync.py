"""Reading batches, and telling a tablet that its list is old."""

from dataclasses import replace

import pytest

from busops.domain.errors import InvalidInput
from busops.domain.fleet import CrewRole
from busops.services import devices, runs, tablet_pack, tablet_sync
from busops.services.simulated_crew import Act, stamp
from busops.storage import run_store
from tests.sim import world


@pytest.mark.parametrize(
    ("value", "depth"),
    [(1, 0), ([], 1), ({"a": [1]}, 2), ({"events": [{"refs": ["x"]}]}, 4), ([[[[[[[[1]]]]]]]], 5)],
)
def test_depth_is_counted_up_to_just_beyond_the_limit(value, depth):
    """A batch of real events is four deep; counting stops at five, however deep it goes on."""
    assert tablet_sync.depth_of(value) == depth


def test_a_batch_that_cannot_be_read_is_refused_whole():
    """No list of events, or too many of them."""
    for body, code in (
        ({}, "batch_unreadable"),
        ([], "batch_unreadable"),
        ({"events": "x"}, "batch_unreadable"),
        ({"events": [{}] * 201}, "batch_too_long"),
    ):
        with pytest.raises(InvalidInput, match=code):
            tablet_sync.read_batch(body)


def test_what_is_no_event_gets_its_own_reason():
    """A number, a text, an empty object and a deep one are each kept with the code of what is wrong."""
    sent = tablet_sync.read_batch({"events": [3, "x", {}, {"a": [[1]]}]})
    assert [each.why for each in sent] == [
        "envelope_not_an_object", "envelope_not_an_object", "envelope_missing_field", "event_too_deep",
    ]  # fmt: skip


def test_a_tablet_with_an_old_list_is_told_to_fetch_the_new_one(sqlite_database, ids):
    """After the manifest changed, a batch naming the old version is stored and answered with a directive."""
    clock = world.a_clock()
    world.fill(sqlite_database)
    plan = world.release(sqlite_database)
    device = world.enrol(sqlite_database, CrewRole.ATTENDANT, clock=clock, ids=ids)
    pack = tablet_pack.pack(sqlite_database, "run-1")
    riders = tuple(replace(rider, stop_id="S001") for rider in plan.manifest)
    runs.change_manifest(sqlite_database, "run-1", riders, by="u1", reason="换站", clock=clock, ids=ids)
    act = Act(at_ms=pack["departs_ms"], role=CrewRole.ATTENDANT, kind="ack")
    _, envelope = stamp(device, act, pack=pack, ids=ids)
    holder = devices.holder_of(sqlite_database, device.token, clock=clock)
    done = tablet_sync.accept_batch(
        sqlite_database, holder=holder, body=device.batch([envelope]), clock=clock, ids=ids
    )
    assert done.results[0].outcome.value == "stored"
    assert done.directives == ({"do": "reload_pack", "run": "run-1"},)
    new = tablet_pack.pack(sqlite_database, "run-1")
    assert (new["roster_v"], new["hash"] != pack["hash"]) == (2, True)


def test_the_device_of_a_stored_event_is_bound_to_the_run(sqlite_database, ids):
    """From its first event on, a device must be sealed or given up before the run can close."""
    clock = world.a_clock()
    world.fill(sqlite_database)
    world.release(sqlite_database)
    device = world.enrol(sqlite_database, CrewRole.DRIVER, clock=clock, ids=ids)
    pack = tablet_pack.pack(sqlite_database, "run-1")
    act = Act(at_ms=pack["departs_ms"], role=CrewRole.DRIVER, kind="note", text="上山路滑")
    _, envelope = stamp(device, act, pack=pack, ids=ids)
    holder = devices.holder_of(sqlite_database, device.token, clock=clock)
    tablet_sync.accept_batch(
        sqlite_database, holder=holder, body=device.batch([envelope]), clock=clock, ids=ids
    )
    with sqlite_database.reading() as tx:
        assert run_store.load_run_plan(tx, "run-1").devices == {device.dev}
    codes = {reason.code for reason in runs.reasons_against_closing(sqlite_database, "run-1")}
    assert "device_unsealed" in codes
