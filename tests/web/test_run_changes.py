"""The forms of a run's page: who may change what, what comes back when it is refused, in both languages."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from busops.domain.fleet import CrewRole
from busops.services import runs
from busops.services.simulated_crew import Slips, drive
from busops.storage import fleet_store, run_store
from busops.web.app import create_app
from tests.sim import world
from tests.small_school import COACH, LAPSED, LICENSED, NEXT_YEAR

RIDER, NEWCOMER = "20230001", "20230003"
FORMS = ("manifest/add", "manifest/remove", "manifest/move", "crew", "vehicle", "transfer", "substitute")


class Office:
    """A dispatcher's browser before run-1, of which nothing was heard yet."""

    def __init__(self, database, settings, ids) -> None:
        self.database, self.ids, self.clock = database, ids, world.a_clock()
        world.fill(database)
        world.add_people(database, self.clock, ids)
        world.release(database)
        self.app = create_app(settings, clock=self.clock, ids=ids)
        self.client = self.browser("dispatcher")

    def browser(self, account: str, language: str = "zh"):
        """Somebody signed in."""
        client = world.sign_in(self.app, account)
        client.get(f"/language/{language}")
        return client

    def page(self, client: Any = None, run_id: str = "run-1") -> str:
        """The run's page."""
        return (client or self.client).get(f"/runs/{run_id}").get_data(as_text=True)

    def post(self, act: str, client: Any = None, **fields: Any):
        """The form is sent from the page."""
        client = client or self.client
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.page(client))[1]
        return client.post(f"/runs/run-1/{act}", data={"csrf_token": token, "reason": "家长来电", **fields})

    def plan(self, run_id: str = "run-1"):
        """The run as planned now."""
        with self.database.reading() as tx:
            return run_store.load_run_plan(tx, run_id)

    def play(self, slips: Slips | None = None) -> None:
        """The crew drives the run."""
        held = world.tablets(self.database, clock=self.clock, ids=self.ids)
        transport = world.transport(self.app)
        _, pack = transport("GET", "/api/v1/runs/run-1/pack", held[CrewRole.ATTENDANT].headers, None)
        drive(transport, held, pack=pack, tags=world.TAGS, ids=self.ids, slips=slips)


@pytest.fixture
def office(sqlite_database, settings, ids) -> Office:
    """The small school's office."""
    return Office(sqlite_database, settings, ids)


def words_of(answer) -> str:
    """A page's words, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def test_a_rider_is_added_moved_and_struck_off(office) -> None:
    """Each leads back to the page with its outcome, and the manifest has the next version."""
    for act, fields, version in (
        ("manifest/add", {"rider_id": NEWCOMER, "stop_id": ""}, None),
        ("manifest/add", {"rider_id": "20230004", "stop_id": "S003"}, 2),
        ("manifest/move", {"rider_id": RIDER, "stop_id": "S003"}, 3),
        ("manifest/remove", {"rider_id": "20230002"}, 4),
    ):
        answer = office.post(act, **fields)
        assert answer.status_code == (409 if version is None else 302), words_of(answer)
        assert office.plan().roster_v == version or version is None
    plan = office.plan()
    assert (plan.riders[RIDER].stop_id, plan.riders["20230004"].stop_id) == ("S003", "S003")
    assert "20230002" not in plan.riders
    assert "名单变更" in office.page()


def test_substitutes_take_over_when_their_papers_allow_it(office) -> None:
    """Refused with each reason in the reader's language, then taken."""
    with office.database.transaction() as tx:
        d1 = next(each for each in fleet_store.load_crew(tx) if each.crew_id == "D1")
        fleet_store.save_crew(tx, [replace(d1, audit_to=date(2026, 3, 1))])
    own = {"driver_id": "D1", "attendant_ids": ["Z1", "Z2"]}
    for language, phrase in (("zh", "资格审验已于"), ("en", "yearly review")):
        answer = office.post("crew", office.browser("dispatcher", language), **own)
        assert answer.status_code == 409
        assert phrase in words_of(answer)
    assert office.plan().driver_id == "D2"
    with office.database.transaction() as tx:
        fleet_store.save_crew(tx, [replace(d1, audit_to=NEXT_YEAR)])
    assert office.post("crew", **own).status_code == 302
    assert (office.plan().driver_id, office.plan().attendant_ids) == ("D1", ("Z1", "Z2"))


def test_another_vehicle_leads_to_the_new_run(office) -> None:
    """Its papers are asked for; then the old run is cancelled and the page of the new one opens."""
    answer = office.post("vehicle", plate=LAPSED)
    assert answer.status_code == 409
    assert "保险" in words_of(answer)
    with office.database.transaction() as tx:
        lapsed = next(each for each in fleet_store.load_vehicles(tx) if each.plate == LAPSED)
        fleet_store.save_vehicles(tx, [replace(lapsed, insurance_to=NEXT_YEAR)])
    answer = office.post("vehicle", plate=LAPSED)
    new_id = answer.headers["Location"].rsplit("/", 1)[1]
    assert (office.plan(new_id).plate, office.plan().plate) == (LAPSED, COACH)
    assert runs.run_view(office.database, "run-1").state.phase == "cancelled"
    assert "已取消，名单、人员和车辆不能再改" in office.page()


def test_under_way_the_page_says_what_is_over_and_the_server_keeps_to_it(office) -> None:
    """No form to strike off or swap the vehicle; sent all the same, each is refused with its reason."""
    office.play(Slips(checks_at_all=False))
    page = office.page()
    assert "manifest/remove" not in page
    assert "/runs/run-1/vehicle" not in page
    assert "manifest/add" in page
    assert "不能再移出学生" in page
    english = office.browser("dispatcher", "en")
    assert "nobody can be removed" in office.page(english)
    for client, phrase in ((office.client, "不能移出学生 学生1"), (english, "may not be taken off")):
        answer = office.post("manifest/remove", client, rider_id=RIDER)
        assert answer.status_code == 409
        assert phrase in words_of(answer)
    assert office.post("vehicle", plate=LAPSED).status_code == 409
    assert RIDER in office.plan().riders


def test_a_closed_run_shows_no_form_and_takes_none(office) -> None:
    """All five are gone from the page, and refused when sent."""
    office.play()
    page = office.page()
    assert "已结束，名单、人员和车辆不能再改" in page
    assert not any(f"/runs/run-1/{act}" in page for act in FORMS)
    for act in FORMS:
        fields = {"rider_id": RIDER, "stop_id": "S003", "driver_id": "D1", "attendant_ids": "Z2"}
        assert office.post(act, plate=LAPSED, **fields).status_code == 409


def test_a_reason_is_asked_for(office) -> None:
    """Without one nothing changes."""
    answer = office.post("manifest/remove", rider_id=RIDER, reason=" ")
    assert answer.status_code == 409
    assert "原因" in words_of(answer)
    assert office.plan().roster_v == 1


@pytest.mark.parametrize("act", FORMS)
def test_only_the_dispatch_may_change_a_run(office, act) -> None:
    """Supervisor and crew see no form, are refused when they send one; and no token, no change."""
    for account in ("supervisor", "attendant"):
        client = office.browser(account)
        assert f"/runs/run-1/{act}" not in office.page(client)
        token = re.search(r'csrf-token" content="([^"]+)"', client.get("/account").get_data(as_text=True))[1]
        answer = client.post(f"/runs/run-1/{act}", data={"csrf_token": token, "reason": "x"})
        assert answer.status_code == 403
    assert office.client.post(f"/runs/run-1/{act}", data={"reason": "x"}).status_code == 400
    assert office.plan().roster_v == 1


def test_a_substitute_on_another_run_at_that_time_is_refused(office) -> None:
    """The same hour, another bus: busy; after the end of that run: free."""
    world.release(office.database, run_id="run-2", stops=("S004",), trip_no=2)
    world.release(
        office.database,
        run_id="run-3",
        stops=("S005",),
        trip_no=3,
        departs_at=world.DEPARTS_AT + timedelta(hours=2),
    )
    with office.database.transaction() as tx:
        world.give_to_another_crew(tx, "run-2")
    answer = office.post("crew", driver_id="D1", attendant_ids=["Z1"])
    assert answer.status_code == 409
    assert "D1 这段时间在另一趟" in words_of(answer)


def test_riders_of_a_bus_that_goes_no_further_are_moved(office) -> None:
    """The office sends another bus on the page of the run; a word that is no cause is refused."""
    assert 'data-opens="substitute"' not in office.page()
    office.play(Slips(untapped=frozenset({RIDER})))
    page = office.page()
    assert 'data-opens="substitute"' in page
    assert 'data-opens="transfer"' not in page, "no other run goes there"
    crew = {"driver_id": "D1", "attendant_ids": ["Z2", ""]}
    assert office.post("substitute", plate=LICENSED, cause="bored", **crew).status_code == 409
    assert "保险" in words_of(office.post("substitute", plate=LAPSED, cause="breakdown", **crew))
    answer = office.post("substitute", plate=LICENSED, cause="breakdown", **crew)
    assert answer.status_code == 302, words_of(answer)
    made = answer.location.rpartition("/")[2]
    assert set(office.plan(made).riders) == {RIDER}
    english = office.page(office.browser("deputy", "en"))
    assert "The bus broke down on the way" in english
    assert "The bus goes no further" in english
