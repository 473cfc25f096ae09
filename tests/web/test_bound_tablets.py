"""A tablet that fetched the list of a run belongs to it, even if the server never hears of it again."""

import pytest

from busops.domain.events import DeviceReleased
from busops.domain.fleet import CrewRole
from busops.domain.people import Actor, Role
from busops.domain.run import Phase
from busops.domain.values import RunId
from busops.services import devices, runs
from busops.services.simulated_crew import drive
from busops.storage import bound_devices, run_store
from busops.storage.database import Database
from busops.web.app import create_app
from tests import run_kit
from tests.builders import Tablet, decided, wire
from tests.device_kit import Key
from tests.sim import world

ATTENDANT, DRIVER = CrewRole.ATTENDANT, CrewRole.DRIVER
PACK = "/api/v1/runs/run-1/pack"

KEY = Key()  # of the spare tablet


@pytest.fixture
def scene(sqlite_database, settings, ids):
    """One released run, the crew's two tablets and one more that the attendant keeps in the bag."""
    clock = world.a_clock()
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    plan = world.release(sqlite_database)
    app = create_app(settings, clock=clock, ids=ids)
    held = world.tablets(sqlite_database, clock=clock, ids=ids)
    by = Actor(user_id="u-spare", role=Role.ATTENDANT, name="A1", crew_id=held[ATTENDANT].crew_id)
    spare = devices.enrol(
        sqlite_database, actor=by, crew_id=by.crew_id, name="spare", clock=clock, public_key=KEY.public
    )
    return app, sqlite_database, held, plan, spare


def fetch(app, token, **headers):
    """The list of the run, fetched by the tablet with this token."""
    return app.test_client().get(PACK, headers={"Authorization": f"Device {token}", **headers})


def finish(app, database: Database, held, ids):
    """The crew drives the run with its two tablets and asks to close it."""
    transport = world.transport(app)
    _, pack = transport("GET", PACK, held[ATTENDANT].headers, None)
    return drive(transport, held, pack=pack, tags=world.TAGS, ids=ids)


def test_a_tablet_that_never_spoke_holds_the_run(scene, ids):
    """It fetched the list and stayed offline: the run waits for it and names it, whoever else is done."""
    app, database, held, _, spare = scene
    assert fetch(app, spare.token).status_code == 200
    done = finish(app, database, held, ids)
    assert not done.closed
    assert {(reason["code"], reason["place"]) for reason in done.reasons} == {
        ("device_unsealed", str(spare.dev))
    }


def test_a_tablet_that_was_not_needed_frees_the_run_by_its_seal_alone(scene, ids):
    """It recorded nothing and says that nothing comes: nobody has to give it up, the run closes."""
    app, database, held, plan, spare = scene
    fetch(app, spare.token)
    finish(app, database, held, ids)
    tablet = Tablet(plan=plan, dev=spare.dev, now_s=7200)
    tablet.record("seal", by=held[ATTENDANT].crew_id, n=1)
    sent = {"headers": {"Authorization": f"Device {spare.token}"}, "json": KEY.batch(wire(tablet), spare.dev)}
    assert app.test_client().post("/api/v1/events:batch", **sent).get_json()["results"][0]["r"] == "stored"
    closed = app.test_client().post("/api/v1/runs/run-1/close", headers=held[DRIVER].headers, json={})
    assert closed.status_code == 200


def test_two_people_give_it_up_and_what_it_brings_later_opens_the_run_again(scene, ids):
    """Released up to nothing, the run closes; a boarding that the tablet recorded offline reopens it."""
    app, database, held, plan, spare = scene
    fetch(app, spare.token)
    finish(app, database, held, ids)
    with database.transaction() as tx:
        run_kit.decide_signed(tx, decided(DeviceReleased, plan, dev=spare.dev, upto_seq=0))
    closed = app.test_client().post("/api/v1/runs/run-1/close", headers=held[DRIVER].headers, json={})
    assert closed.status_code == 200
    tablet = Tablet(plan=plan, dev=spare.dev, now_s=3600)
    tablet.board(plan.manifest[0].rider_id, by=held[ATTENDANT].crew_id)
    sent = {"headers": {"Authorization": f"Device {spare.token}"}, "json": KEY.batch(wire(tablet), spare.dev)}
    answer = app.test_client().post("/api/v1/events:batch", **sent).get_json()
    assert [each["r"] for each in answer["results"]] == ["stored"]
    with database.reading() as tx:
        assert run_store.load_summary(tx, plan.run_id).phase is Phase.REOPENED


def test_a_list_that_did_not_change_binds_too_and_binds_once(scene):
    """Asking whether the list is still right binds the tablet; asking again changes nothing."""
    app, database, _, _, spare = scene
    tag = fetch(app, spare.token).headers["ETag"]
    assert fetch(app, spare.token, **{"If-None-Match": tag}).status_code == 304
    assert bound(database) == {spare.dev}


def test_a_list_fetched_after_the_close_holds_the_run_once_it_is_open_again(scene, ids):
    """The run stays closed; opened again it waits for that tablet too, which may have marked somebody."""
    app, database, held, plan, spare = scene
    assert finish(app, database, held, ids).closed
    assert fetch(app, spare.token).status_code == 200
    with database.reading() as tx:
        assert run_store.load_summary(tx, plan.run_id).phase is Phase.CLOSED
    clock = world.a_clock(180)
    runs.reopen_run(database, plan.run_id, by="u1", reason="a parent asks", clock=clock, ids=ids)
    reasons = runs.reasons_against_closing(database, plan.run_id)
    assert [each.place for each in reasons if each.code == "device_unsealed"] == [str(spare.dev)]


@pytest.mark.parametrize(
    ("language", "told"),
    [("zh", "取了名单，还没有发来记录"), ("en", "Has the list, has sent nothing yet")],
)
def test_the_runs_page_names_the_tablets_it_waits_for(scene, language, told):
    """Beside each device: what it is called and when it was last heard of, before anybody gives it up."""
    app, _, _, _, spare = scene
    fetch(app, spare.token)
    client = world.sign_in(app, "dispatcher")
    client.get(f"/language/{language}")
    html = client.get("/runs/run-1").get_data(as_text=True)
    assert told in html
    assert "spare" in html


def bound(database: Database) -> frozenset[int]:
    """The tablets bound to the run."""
    with database.reading() as tx:
        return bound_devices.devices_of(tx, RunId("run-1"))
