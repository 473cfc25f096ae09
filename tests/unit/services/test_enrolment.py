"""A vehicle's tablet: one code, once, for ten minutes; believed when somebody compared the digits."""

import hashlib
from datetime import timedelta

import pytest

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.fleet import CrewRole
from busops.services import devices, enrolment
from busops.services.device_list import DeviceState, list_tablets
from busops.services.device_runs import may_see, runs_of
from busops.storage import device_store, enrolment_store
from tests.device_kit import OFFICE, Key, of_the_coach, offered, taken
from tests.sim import world
from tests.small_school import COACH


@pytest.fixture
def school(sqlite_database):
    """The small school with one released run of the coach."""
    world.fill(sqlite_database)
    world.release(sqlite_database)
    return sqlite_database


@pytest.fixture
def key():
    """The tablet's pair."""
    return Key()


def test_a_tablet_takes_a_code_and_waits_until_the_digits_were_compared(school, clock, ids, key):
    """Number, token, vehicle and post; both sides make the same digits; only then is it believed."""
    made = offered(school, clock=clock, ids=ids, role="DRIVER")
    held = taken(school, made.code, key, clock=clock)
    assert (held.plate, held.role) == (COACH, CrewRole.DRIVER)
    shown = enrolment.show(school, made.offer.enrolment_id, machine_clock=clock)
    assert (shown.state, shown.offer.check_code, shown.device.dev) == ("compare", held.check_code, held.dev)
    assert len(held.check_code) == 6
    holder = devices.holder_of(school, held.token, clock=clock)
    assert (holder.is_pending, holder.is_trusted, holder.crew_id) == (True, False, None)
    assert list_tablets(school, clock=clock)[0].state is DeviceState.PENDING
    enrolment.confirm(school, made.offer.enrolment_id, by=OFFICE, clock=clock, machine_clock=clock)
    holder = devices.holder_of(school, held.token, clock=clock)
    assert (holder.is_pending, holder.is_trusted, holder.plate) == (False, True, COACH)
    again = enrolment.show(school, made.offer.enrolment_id, machine_clock=clock)
    assert (again.state, again.offer.confirmed_by) == ("confirmed", OFFICE.user_id)
    with pytest.raises(Refused, match="enrolment_not_to_confirm"):
        enrolment.confirm(school, made.offer.enrolment_id, by=OFFICE, clock=clock, machine_clock=clock)


def test_the_code_and_the_token_are_kept_only_as_hashes(school, clock, ids, key):
    """128 random bits, found by their hash alone."""
    made = offered(school, clock=clock, ids=ids)
    assert len(made.code) == 22
    assert made.code != offered(school, clock=clock, ids=ids).code
    hashed = hashlib.sha256(made.code.encode()).hexdigest()
    with school.reading() as tx:
        assert enrolment_store.find_open(tx, made.code, at=clock.now()) is None
        assert enrolment_store.find_open(tx, hashed, at=clock.now()) == made.offer
    held = taken(school, made.code, key, clock=clock)
    with school.reading() as tx:
        assert device_store.find_token(tx, held.token) is None


def test_a_code_works_once_and_for_ten_minutes(school, clock, ids, key):
    """A second tablet and one that comes too late get nothing, not even a number."""
    first, late = (offered(school, clock=clock, ids=ids) for _ in range(2))
    taken(school, first.code, key, clock=clock)
    with pytest.raises(Refused, match="enrolment_code_wrong"):
        taken(school, first.code, Key(), clock=clock, address="10.0.0.2")
    clock.advance(599)
    with school.reading() as tx:
        hashed = hashlib.sha256(late.code.encode()).hexdigest()
        assert enrolment_store.find_open(tx, hashed, at=clock.now()) is not None
    clock.advance(1)
    with pytest.raises(Refused, match="enrolment_code_wrong"):
        taken(school, late.code, key, clock=clock, address="10.0.0.3")
    assert enrolment.show(school, late.offer.enrolment_id, machine_clock=clock).state == "expired"
    assert len(devices.list_devices(school)) == 1


def test_who_is_second_at_the_same_moment_gets_nothing(school, clock, ids):
    """Where two looked before either took, the row itself lets one through."""
    made = offered(school, clock=clock, ids=ids)
    with school.transaction() as tx:
        one, two = (device_store.enrol(tx, "t", at=clock.now()).dev for _ in range(2))
        at = clock.now() + timedelta(seconds=1)
        assert enrolment_store.use(tx, made.offer.enrolment_id, dev=one, check_code="1", at=at)
        assert not enrolment_store.use(tx, made.offer.enrolment_id, dev=two, check_code="2", at=at)


def test_guessing_codes_has_to_wait(school, clock, ids, key):
    """Five wrong codes from one address, then even the right one waits; right ones are not counted."""
    made = offered(school, clock=clock, ids=ids)
    for _ in range(6):
        of_the_coach(school, Key(), clock=clock, ids=ids)
    for guess in range(5):
        with pytest.raises(Refused, match="enrolment_code_wrong"):
            taken(school, f"{guess:022d}", key, clock=clock, address="10.0.0.4")
    with pytest.raises(Refused, match="signin_wait"):
        taken(school, made.code, key, clock=clock, address="10.0.0.4")
    assert taken(school, made.code, key, clock=clock, address="10.0.0.5").dev


def test_what_is_no_key_no_vehicle_or_no_post_is_refused(school, clock, ids, key):
    """Before anything is written."""
    made = offered(school, clock=clock, ids=ids)
    acting = {"by": OFFICE, "clock": clock, "machine_clock": clock, "ids": ids}
    with pytest.raises(InvalidInput, match="enrolment_plate_unknown"):
        enrolment.offer(school, plate="川F99999", role="DRIVER", **acting)
    with pytest.raises(InvalidInput, match="enrolment_role_unknown"):
        enrolment.offer(school, plate=COACH, role="PILOT", **acting)
    asking = {"code": made.code, "name": "t", "address": "a", "clock": clock, "machine_clock": clock}
    with pytest.raises(InvalidInput, match="device_key_unreadable"):
        enrolment.take(school, public_key="AAAA", **asking)
    with pytest.raises(NotFound):
        enrolment.show(school, "nothing", machine_clock=clock)
    assert taken(school, made.code, key, clock=clock).dev == 1


def test_a_tablet_that_was_not_compared_is_given_up_and_never_confirmed(school, clock, ids, key):
    """Digits that differ: revoked, and confirming it afterwards is refused."""
    made = offered(school, clock=clock, ids=ids)
    held = taken(school, made.code, key, clock=clock)
    devices.revoke(school, held.dev, reason="核对码不一致", by=OFFICE, clock=clock)
    assert enrolment.show(school, made.offer.enrolment_id, machine_clock=clock).state == "refused"
    with pytest.raises(Refused, match="device_revoked_before"):
        enrolment.confirm(school, made.offer.enrolment_id, by=OFFICE, clock=clock, machine_clock=clock)
    assert not devices.holder_of(school, held.token, clock=clock).is_trusted


def test_a_vehicles_tablet_sees_its_vehicles_runs_and_no_old_ones(school, ids, key):
    """Twelve hours before to a day after, while the run is open; another vehicle's never."""
    clock = world.a_clock(-60)
    holder = devices.holder_of(school, of_the_coach(school, key, clock=clock, ids=ids).token, clock=clock)
    seen = []
    for hours in (-13, -1, 3, 26):
        now = world.DEPARTS_AT + timedelta(hours=hours)
        seen.append(may_see(school, holder, "run-1", now=now))
        assert bool(runs_of(school, holder, now=now)) is seen[-1]
    assert seen == [False, True, True, False]
    person = devices.Holder(dev=1, user_id="u", crew_id="Z1", is_trusted=True)
    assert may_see(school, person, "run-1", now=clock.now())
    nobody = devices.Holder(dev=1, user_id="u", crew_id=None, is_trusted=True)
    assert not may_see(school, nobody, "run-1", now=clock.now())
    assert runs_of(school, nobody, now=clock.now()) == ()
