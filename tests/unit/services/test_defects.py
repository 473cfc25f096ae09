"""A critical defect keeps its vehicle standing from the look-over until somebody clears it by name."""

from datetime import timedelta

import pytest

from busops.domain.defects import CRITICAL, READ
from busops.domain.departures import LEGAL_ITEMS
from busops.domain.errors import InvalidInput, Refused
from busops.domain.overrides import OverrideReason
from busops.domain.people import Actor, Role
from busops.services import defects, overrides, runs, tablet_pack
from busops.storage import alarm_store
from busops.storage.alarm_store import AlarmState
from tests.sim import world
from tests.small_school import COACH, FRIDAY
from tests.unit.services.test_departure_papers import Bus

ALL_OK = tuple(sorted(LEGAL_ITEMS))


@pytest.fixture
def bus(sqlite_database, ids) -> Bus:
    """A run that may leave."""
    return Bus(sqlite_database, ids)


def reasons(bus: Bus) -> list[str]:
    """What keeps the run from leaving now."""
    return [each.code for each in runs.departure_reasons(bus.database, "run-1")]


def clear(bus: Bus, envelope, how: str = "换灯泡，示例修理厂") -> None:
    """The office clears it."""
    defects.clear_defect(bus.database, envelope["id"], how=how, by="u1", clock=bus.clock)


def release_next(bus: Bus):
    """The coach is released for another run of the evening."""
    stop = {"stop_id": "S004", "arrive_s": 600, "leave_s": 660, "riders": ["20230003"]}
    trip = {"plate": COACH, "wave": 2, "depart_s": 4 * 3600, "distance_m": 9000, "cost_fen": 900}
    document = {"on": FRIDAY.isoformat(), "direction": "homeward", "trips": [{**trip, "stops": [stop]}]}
    return runs.release_document(bus.database, document, by="u1", clock=bus.clock, ids=bus.ids)


def test_a_critical_defect_forbids_to_leave_until_it_is_cleared(bus) -> None:
    """The tablet is told, somebody is called; cleared, the bus may leave and the alarm is over."""
    told = bus.tap("precheck", after_s=-600, codes=(*ALL_OK, CRITICAL), reason="刹车漏油")
    assert reasons(bus) == ["vehicle_defect_open"]
    news = tablet_pack.news(bus.database, "run-1", now=bus.clock.now(), crew_id="Z1")
    assert [each.code for each in news.departure] == ["vehicle_defect_open"]
    with pytest.raises(InvalidInput, match="reason_needed"):
        clear(bus, told, " ")
    clear(bus, told)
    with pytest.raises(Refused, match="defect_cleared_before"):
        clear(bus, told)
    assert reasons(bus) == []
    with bus.database.reading() as tx:
        (alarm,) = alarm_store.load_alarms(tx, "run-1", include_resolved=True)
    assert (alarm.kind, alarm.evidence) == ("defect_critical", "defect_cleared")
    assert alarm.state is AlarmState.RESOLVED
    bus.clock.advance(60)
    bus.tap("depart", after_s=360, stop="@campus")
    assert bus.kept() == []


def test_who_leaves_all_the_same_is_kept_and_nobody_lets_it_pass(bus) -> None:
    """The look-over and the departure in one batch; clearing it later does not make it allowed."""
    told = bus.tap("precheck", after_s=-600, codes=(*ALL_OK, CRITICAL), reason="刹车漏油")
    bus.tap("depart", stop="@campus")
    (kept,) = bus.kept()
    assert [paper.code for paper in kept.papers] == ["vehicle_defect_open"]
    clear(bus, told)
    runs.rebuild(bus.database, clock=bus.clock, ids=bus.ids)
    assert "departed_forbidden" in bus.codes()
    asker = Actor(user_id="u1", role=Role.DISPATCHER, name="u1")
    own = {
        "reason": OverrideReason.CREW_CONFIRMED,
        "note": "急",
        "by": asker,
        "clock": bus.clock,
        "ids": bus.ids,
    }
    with pytest.raises(Refused) as refused:
        overrides.ask_override(bus.database, "run-1", f"departed_forbidden:{kept.event_id}", **own)
    assert [each.code for each in refused.value.reasons] == ["override_never"]


def test_a_departure_before_the_report_or_after_the_clearance_was_allowed(bus) -> None:
    """Only the time between counts, however late it is told."""
    bus.tap("depart", stop="@campus")
    told = bus.tap("precheck", after_s=120, codes=(*ALL_OK, CRITICAL), reason="轮胎鼓包")
    assert bus.kept() == []
    clear(bus, told)
    bus.clock.advance(600)
    bus.tap("depart", after_s=600, stop="S001")
    assert bus.kept() == []


def test_the_vehicle_is_released_for_no_other_run_meanwhile(bus) -> None:
    """Refused with the defect among the reasons, then released; one that is not critical holds nothing."""
    bus.tap("precheck", after_s=-700, codes=ALL_OK, reason="雨刮异响")
    told = bus.tap("precheck", after_s=-600, codes=ALL_OK[1:], reason="安全带坏")
    with pytest.raises(Refused) as refused:
        release_next(bus)
    assert [each.code for each in refused.value.reasons] == ["vehicle_defect_open"]
    assert refused.value.reasons[0].facts["items"] == ["belts"]
    clear(bus, told)
    assert len(release_next(bus)) == 1


def test_the_next_driver_is_shown_what_was_reported_before(bus) -> None:
    """Open reports of earlier runs and the newest, with how it was mended, until he signs to have read it."""
    first = bus.tap("precheck", after_s=-900, codes=ALL_OK, reason="雨刮异响")
    second = bus.tap("precheck", after_s=-600, codes=ALL_OK, reason="空调不冷")
    clear(bus, first)
    clear(bus, second, "加氟")
    later = world.DEPARTS_AT + timedelta(hours=4)
    world.release(bus.database, run_id="run-2", departs_at=later, stops=("S004",), trip_no=2)

    def shown():
        news = tablet_pack.news(bus.database, "run-2", now=bus.clock.now(), crew_id="D2")
        return [(each["id"], each["how"], each["read"]) for each in news.document["defects"]]

    assert shown() == [(second["id"], "加氟", False)]
    bus.pack = tablet_pack.pack(bus.database, "run-2")
    bus.tap("precheck", after_s=-4 * 3600, codes=(*ALL_OK, READ + second["id"]))
    assert shown() == [(second["id"], "加氟", True)]
