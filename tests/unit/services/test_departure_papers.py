"""What is kept when a bus leaves against its papers: at once, once, and as they were at that moment."""

from dataclasses import replace
from datetime import date

import pytest

from busops.domain.events import DepartureForbidden
from busops.domain.fleet import CrewRole
from busops.services import devices, runs, tablet_pack, tablet_sync
from busops.services.simulated_crew import Act, stamp
from busops.storage import alarm_store, event_store, fleet_store
from busops.storage.alarm_store import AlarmState
from tests.sim import world
from tests.small_school import COACH, NEXT_YEAR

LAPSED_ON = date(2026, 3, 1)


class Bus:
    """The attendant's tablet on run-1, and the server it talks to."""

    def __init__(self, database, ids) -> None:
        self.database, self.ids, self.clock = database, ids, world.a_clock(5)
        world.fill(database)
        world.release(database)
        self.device = world.enrol(database, CrewRole.ATTENDANT, clock=self.clock, ids=ids)
        self.pack = tablet_pack.pack(database, "run-1")
        self.holder = devices.holder_of(database, self.device.token, clock=self.clock)

    def tap(self, kind: str, after_s: int = 0, **own):
        """One tap arrives; its envelope."""
        at_ms = self.pack["departs_ms"] + after_s * 1000
        act = Act(at_ms=at_ms, role=CrewRole.ATTENDANT, kind=kind, **own)
        self.device, envelope = stamp(self.device, act, pack=self.pack, ids=self.ids)
        self.send(envelope)
        return envelope

    def send(self, *envelopes):
        """The envelopes arrive."""
        body = self.device.batch(envelopes)
        done = tablet_sync.accept_batch(
            self.database, holder=self.holder, body=body, clock=self.clock, ids=self.ids
        )
        return [each.outcome.value for each in done.results]

    def insured_to(self, day: date) -> None:
        """The coach's insurance ends on that day."""
        with self.database.transaction() as tx:
            coach = next(each for each in fleet_store.load_vehicles(tx) if each.plate == COACH)
            fleet_store.save_vehicles(tx, [replace(coach, insurance_to=day)])

    def kept(self):
        """What stands in the log beside the departures."""
        with self.database.reading() as tx:
            log = event_store.load_decisions(tx, "run-1")
        return [each for each in log if isinstance(each, DepartureForbidden)]

    def alarms(self):
        """The alarms for it, those that are over included."""
        with self.database.reading() as tx:
            found = alarm_store.load_alarms(tx, "run-1", include_resolved=True)
        return [each for each in found if each.kind == "departed_forbidden"]

    def codes(self):
        """The findings of the run that nobody has settled."""
        return [each.code for each in runs.run_view(self.database, "run-1").state.open_findings]


@pytest.fixture
def bus(sqlite_database, ids) -> Bus:
    """A run that may leave."""
    return Bus(sqlite_database, ids)


def test_a_lawful_departure_leaves_nothing(bus) -> None:
    """Papers in order: no record, no alarm, no finding."""
    bus.tap("depart", stop="@campus")
    assert (bus.kept(), bus.alarms()) == ([], [])
    assert "departed_forbidden" not in bus.codes()


def test_a_forbidden_departure_is_stored_and_somebody_is_called_at_once(bus) -> None:
    """The fact stands; beside it the papers, a high alarm and a finding that holds the run."""
    bus.insured_to(LAPSED_ON)
    envelope = bus.tap("depart", stop="@campus")
    (kept,) = bus.kept()
    assert (kept.event_id, [paper.code for paper in kept.papers]) == (
        envelope["id"],
        ["vehicle_insurance_expired"],
    )
    (alarm,) = bus.alarms()
    assert (alarm.level, alarm.state, alarm.occasion) == (3, AlarmState.RAISED, envelope["id"])
    assert bus.codes().count("departed_forbidden") == 1
    assert bus.send(envelope) == ["duplicate"]
    assert (len(bus.kept()), len(bus.alarms())) == (1, 1)


def test_papers_renewed_later_do_not_make_it_allowed(bus) -> None:
    """What was kept stays, whatever the register says afterwards, and through a rebuild."""
    bus.insured_to(LAPSED_ON)
    bus.tap("depart", stop="@campus")
    bus.insured_to(NEXT_YEAR)
    runs.rebuild(bus.database, clock=bus.clock, ids=bus.ids)
    assert "departed_forbidden" in bus.codes()


def test_the_way_from_stop_to_stop_is_one_question(bus) -> None:
    """Later departures under the same papers add nothing; another paper is another question."""
    bus.insured_to(LAPSED_ON)
    bus.tap("depart", stop="@campus")
    bus.tap("depart", after_s=30, stop="S001")
    assert (len(bus.kept()), bus.codes().count("departed_forbidden")) == (1, 1)
    with bus.database.transaction() as tx:
        d2 = next(each for each in fleet_store.load_crew(tx) if each.crew_id == "D2")
        fleet_store.save_crew(tx, [replace(d2, qualified_to=LAPSED_ON)])
    bus.tap("depart", after_s=60, stop="S002")
    assert (len(bus.kept()), bus.codes().count("departed_forbidden")) == (2, 2)


def test_the_crew_of_that_moment_is_asked_and_not_the_next_one(bus) -> None:
    """A driver replaced after an offline departure does not hide who drove."""
    with bus.database.transaction() as tx:
        crew = {each.crew_id: each for each in fleet_store.load_crew(tx)}
        fleet_store.save_crew(tx, [replace(crew["D2"], qualified_to=LAPSED_ON)])
        fleet_store.save_crew(tx, [replace(crew["D1"], plates=frozenset({COACH}))])
    own = {"driver_id": "D1", "attendant_ids": ("Z1",), "reason": "D2 证件过期"}
    runs.change_crew(bus.database, "run-1", **own, by="u1", clock=bus.clock, ids=bus.ids)
    bus.tap("depart", stop="@campus")  # five minutes before the change, told after it
    (kept,) = bus.kept()
    assert [paper.code for paper in kept.papers] == ["driver_qualification_expired"]


def test_two_people_settle_it_and_the_alarm_is_over(bus) -> None:
    """The reason is written down by two, and nobody is called any more."""
    bus.insured_to(LAPSED_ON)
    envelope = bus.tap("depart", stop="@campus")
    key = f"departed_forbidden:{envelope['id']}"
    own = {"reason": "保险已续，单据补交", "by": "u1", "second": "u2"}
    runs.settle_finding(bus.database, "run-1", key, **own, clock=bus.clock, ids=bus.ids)
    (alarm,) = bus.alarms()
    assert (alarm.state, alarm.evidence) == (AlarmState.RESOLVED, "finding_settled")
    assert "departed_forbidden" not in bus.codes()
