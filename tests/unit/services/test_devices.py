"""Who may hold a device, what its token says, and what becomes of a device given up."""

from datetime import timedelta

import pytest

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.fleet import CrewRole
from busops.domain.people import Actor, Role
from busops.services import devices
from busops.storage import device_store
from tests.device_kit import Key
from tests.machine import CountingIds
from tests.sim import world

KEY = Key()

DISPATCHER = Actor(user_id="u1", role=Role.DISPATCHER, name="甲")
ATTENDANT = Actor(user_id="u2", role=Role.ATTENDANT, name="乙", crew_id="Z1")


@pytest.fixture
def school(sqlite_database):
    """The small school's database."""
    world.fill(sqlite_database)
    return sqlite_database


def test_a_crew_member_enrols_for_himself_and_the_token_is_kept_only_as_its_hash(school, clock):
    """The token finds its holder; the database never holds it."""
    held = devices.enrol(
        school, actor=ATTENDANT, crew_id=None, name=" iPad ", clock=clock, public_key=KEY.public
    )
    holder = devices.holder_of(school, held.token, clock=clock)
    assert (holder.dev, holder.crew_id, holder.is_trusted) == (held.dev, "Z1", True)
    with school.reading() as tx:
        assert device_store.find_token(tx, held.token) is None
        assert device_store.load_device(tx, held.dev).name == "iPad"
    assert devices.actor_of(school, holder).role is Role.ATTENDANT


def test_nobody_enrols_for_somebody_else_but_the_office_in_the_demo(school, clock):
    """Another's tablet, a dispatcher outside the demo, and an unknown person are refused."""
    for actor, crew_id in ((ATTENDANT, "D2"), (DISPATCHER, "Z1")):
        with pytest.raises(Refused, match="not_your_tablet"):
            devices.enrol(school, actor=actor, crew_id=crew_id, name="x", clock=clock, public_key=KEY.public)
    with pytest.raises(Refused, match="not_of_the_crew"):
        devices.enrol(school, actor=DISPATCHER, crew_id=None, name="x", clock=clock, public_key=KEY.public)
    stood_in = devices.enrol(
        school,
        actor=DISPATCHER,
        crew_id="Z1",
        name="x",
        clock=clock,
        public_key=KEY.public,
        may_stand_in=True,
    )
    assert devices.holder_of(school, stood_in.token, clock=clock).crew_id == "Z1"
    with pytest.raises(NotFound, match="no_such_crew"):
        devices.enrol(
            school,
            actor=DISPATCHER,
            crew_id="Z9",
            name="x",
            clock=clock,
            public_key=KEY.public,
            may_stand_in=True,
        )


def test_a_device_goes_on_for_the_same_person_only(school, clock):
    """Signing in again keeps the number; another person, or a number that never was, gets a new one."""
    first = devices.enrol(school, actor=ATTENDANT, crew_id=None, name="x", clock=clock, public_key=KEY.public)
    again = devices.enrol(
        school, actor=ATTENDANT, crew_id=None, name="x", clock=clock, public_key=KEY.public, dev=first.dev
    )
    assert again.dev == first.dev
    assert again.token != first.token
    driver = Actor(user_id="u3", role=Role.DRIVER, name="丙", crew_id="D2")
    other = devices.enrol(
        school, actor=driver, crew_id=None, name="x", clock=clock, public_key=KEY.public, dev=first.dev
    )
    assert other.dev > first.dev
    assert (
        devices.enrol(
            school, actor=driver, crew_id=None, name="x", clock=clock, public_key=KEY.public, dev=77
        ).dev
        != 77
    )


def test_nobody_is_enrolled_without_a_key(school, clock):
    """A browser that says no public key gets no token, whoever asks; a device of before gets its key so."""
    with pytest.raises(InvalidInput, match="device_key_needed"):
        devices.enrol(school, actor=ATTENDANT, crew_id=None, name="x", clock=clock, public_key=None)
    assert devices.list_devices(school) == ()
    before = world.enrol_as_before(school, CrewRole.ATTENDANT, clock=clock, ids=CountingIds())
    acting = {"actor": ATTENDANT, "crew_id": None, "name": "x", "clock": clock}
    held = devices.enrol(school, **acting, dev=before.dev, public_key=KEY.public)
    assert held.dev == before.dev
    assert [device.public_key for device in devices.list_devices(school)] == [KEY.public]


def test_tokens_end_and_a_revoked_device_is_heard_but_not_believed(school, clock):
    """After its time a token is nobody's; after a revocation its holder is known and untrusted."""
    held = devices.enrol(
        school,
        actor=ATTENDANT,
        crew_id=None,
        name="x",
        clock=clock,
        public_key=KEY.public,
        lives=timedelta(hours=1),
    )
    devices.revoke(school, held.dev, reason="丢失", by=DISPATCHER, clock=clock)
    assert devices.holder_of(school, held.token, clock=clock).is_trusted is False
    clock.advance(3600)
    assert devices.holder_of(school, held.token, clock=clock) is None
    assert devices.holder_of(school, "nonsense", clock=clock) is None
