"""An override from the run's page to the report: asked by one role, agreed to by another, each signed in."""

import re

import pytest

from busops.domain.fleet import CrewRole
from busops.domain.values import RunId
from busops.services import runs
from busops.services.simulated_crew import Slips, drive
from busops.storage import bound_devices, device_store
from busops.web.app import create_app
from tests.builders import DEPARTS_AT
from tests.sim import world

RUN = "/runs/run-1"


@pytest.fixture
def driven(sqlite_database, settings, ids):
    """A run that left without a word about one rider of its list."""
    clock = world.a_clock()
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    plan = world.release(sqlite_database)
    app = create_app(settings, clock=clock, ids=ids)
    held = world.tablets(sqlite_database, clock=clock, ids=ids)
    transport = world.transport(app)
    _, pack = transport("GET", "/api/v1/runs/run-1/pack", held[CrewRole.ATTENDANT].headers, None)
    slips = Slips(vanished=frozenset({plan.manifest[0].rider_id}))
    drive(transport, held, pack=pack, tags=world.TAGS, ids=ids, slips=slips)
    return app, clock


def token_of(client) -> str:
    """The token that the page's forms carry."""
    html = client.get(RUN).get_data(as_text=True)
    return re.search(r'name="csrf_token" value="([^"]+)"', html)[1]


def send(client, path: str, *, token: str = "", **fields: str):
    """The form at this address, with the page's token or one from before."""
    return client.post(path, data={"csrf_token": token or token_of(client), **fields})


def ask(client, key: str):
    """Somebody asks to let it pass."""
    own = {"override_reason": "guardian_confirmed", "reason": "家长已接走"}
    return send(client, f"{RUN}/overrides", key=key, **own)


def gate_key(client) -> str:
    """The gate that the page offers to ask for."""
    html = client.get(RUN).get_data(as_text=True)
    return re.search(r'name="key" value="(departed_without_riders:[^"]+)"', html)[1]


def approval(client) -> str | None:
    """Where the page lets this person agree."""
    found = re.search(r'action="([^"]+/approve)"', client.get(RUN).get_data(as_text=True))
    return found[1] if found else None


def test_one_asks_and_the_supervisor_agrees_in_a_session_of_his_own(driven) -> None:
    """The dispatcher finds no button to agree; the supervisor does, and the gate no longer holds the run."""
    app, _ = driven
    dispatcher, supervisor = world.sign_in(app, "dispatcher"), world.sign_in(app, "supervisor")
    key = gate_key(dispatcher)
    assert approval(supervisor) is None
    assert ask(dispatcher, key).status_code == 302
    assert approval(dispatcher) is None
    address = approval(supervisor)
    assert send(dispatcher, address).status_code == 403
    assert send(supervisor, address).status_code == 302
    assert approval(supervisor) is None
    assert f'value="{key}"' not in dispatcher.get(RUN).get_data(as_text=True)


def test_ov02_after_ten_minutes_nobody_can_agree(driven) -> None:
    """Ten minutes and a second: the button is gone, the address refuses, and it may be asked for again."""
    app, clock = driven
    dispatcher, supervisor = world.sign_in(app, "dispatcher"), world.sign_in(app, "supervisor")
    key = gate_key(dispatcher)
    ask(dispatcher, key)
    assert ask(dispatcher, key).status_code == 409, "one request waits already"
    address, token = approval(supervisor), token_of(supervisor)
    clock.advance(601)
    assert approval(supervisor) is None
    refused = send(supervisor, address, token=token)
    assert refused.status_code == 409
    assert "10 分钟" in refused.get_data(as_text=True)
    assert ask(dispatcher, key).status_code == 302


def test_ov03_the_disposition_of_what_happened_is_no_way_around_an_override(driven) -> None:
    """The form of dispositions settles no gate; nobody asks for an override of anything else."""
    app, _ = driven
    dispatcher = world.sign_in(app, "dispatcher")
    two = {"reason": "x", "second_account": "deputy", "second_password": world.PASSWORD}
    refused = send(dispatcher, f"{RUN}/findings/settle", key=gate_key(dispatcher), **two)
    assert refused.status_code == 409
    assert "先申请" in refused.get_data(as_text=True)
    assert ask(dispatcher, "over_students:川F00001").status_code == 409


@pytest.mark.parametrize(("language", "told"), [("zh", "学生没有来"), ("en", "Rider who did not come")])
def test_ov04_the_report_counts_what_was_let_pass(driven, language: str, told: str) -> None:
    """The report lists the request with who asked and who agreed, and exports it."""
    app, _ = driven
    dispatcher, supervisor = world.sign_in(app, "dispatcher"), world.sign_in(app, "supervisor")
    ask(dispatcher, gate_key(dispatcher))
    send(supervisor, approval(supervisor))
    supervisor.get(f"/language/{language}")
    html = supervisor.get("/runs/overrides").get_data(as_text=True)
    assert told in html
    assert "示例dispatcher" in html
    assert "示例supervisor" in html
    assert "家长已接走" in supervisor.get("/runs/overrides?format=csv").get_data(as_text=True)


def lost_tablet(sqlite_database) -> int:
    """A spare tablet had the list of the run and is never seen again; its number."""
    with sqlite_database.transaction() as tx:
        made = device_store.enrol(tx, "x", at=DEPARTS_AT, public_key="k").dev
        bound_devices.bind_device(tx, RunId("run-1"), made)
    return made


def test_a_lost_tablet_is_given_up_by_three_in_sessions_of_their_own(driven, sqlite_database) -> None:
    """SY10: asked for, searched by somebody who is no crew, agreed to by the supervisor; in this order."""
    app, clock = driven
    dev = lost_tablet(sqlite_database)
    office = {
        name: world.sign_in(app, name) for name in ("dispatcher", "supervisor", "stranger", "attendant")
    }
    own = {"override_reason": "tablet_lost", "reason": "掉在路上了", "key": f"device_lost:{dev}"}
    assert send(office["dispatcher"], f"{RUN}/overrides", **own).status_code == 302
    assert approval(office["supervisor"]) is None, "nobody has searched the bus"
    page = office["stranger"].get("/runs/searches").get_data(as_text=True)
    address = re.search(r'action="([^"]+/search)"', page)[1]
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    assert "有车等人上去查看" in office["stranger"].get("/tablet/").get_data(as_text=True)
    for who in ("attendant", "dispatcher"):
        own_page = office[who].get("/runs/searches").get_data(as_text=True)
        fields = {"token": re.search(r'name="csrf_token" value="([^"]+)"', own_page)[1]}
        assert send(office[who], address, **fields).status_code == 409
    clock.advance(60)
    assert send(office["stranger"], address, token=token).status_code == 302
    assert "已有人查过" in office["stranger"].get("/runs/searches").get_data(as_text=True)
    assert approval(office["dispatcher"]) is None
    clock.advance(60)
    agrees = approval(office["supervisor"])
    assert send(office["supervisor"], agrees).status_code == 302
    assert runs.run_view(sqlite_database, RunId("run-1")).state.devices[dev].is_released
    assert "现在没有要查的车" in office["stranger"].get("/runs/searches").get_data(as_text=True)
