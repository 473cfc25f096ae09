"""A lost tablet is given up by two people after a third one, not of the crew, has searched the bus."""

from typing import Any

import pytest

from busops.domain.errors import Refused
from busops.domain.events import DeviceReleased
from busops.domain.overrides import OverrideReason
from busops.domain.people import Actor, Role
from busops.domain.run import fold
from busops.services import overrides
from busops.storage import event_store
from busops.storage.database import Database
from tests import run_kit
from tests.builders import Tablet, a_run, decided
from tests.machine import CountingIds, FixedClock
from tests.run_kit import EVENING, PrefixedIds, send, state, store_run

PLAN = a_run()
BY = Actor(user_id="u1", role=Role.DISPATCHER, name="x")
SECOND = Actor(user_id="u2", role=Role.SUPERVISOR, name="x")
THIRD = Actor(user_id="u3", role=Role.ATTENDANT, name="丙", crew_id="A7")


@pytest.fixture
def lost(sqlite_database: Database) -> Database:
    """A run of which a tablet sent one boarding and then nothing more."""
    store_run(sqlite_database, PLAN)
    tablet = Tablet(plan=PLAN)
    tablet.board("r1")
    send(sqlite_database, tablet)
    return sqlite_database


def give_up(database: Database, third: Any, **otherwise: Any) -> None:
    """The office gives the tablet up."""
    people = {"by": BY, "second": SECOND, "third": third} | otherwise
    acting = {"clock": FixedClock(EVENING), "ids": PrefixedIds("d", CountingIds())}
    run_kit.give_up(database, PLAN.run_id, 1, **people, reason="丢了", **acting)


def test_three_people_give_a_tablet_up(lost: Database) -> None:
    """The run waits for it no longer, and the log says who searched the bus."""
    give_up(lost, THIRD)
    assert state(lost, PLAN).devices[1].is_released
    with lost.reading() as tx:
        (decision,) = event_store.load_decisions(tx, PLAN.run_id)
    assert (decision.by, decision.second, decision.checked_by) == ("u1", "u2", "u3")


@pytest.mark.parametrize(
    ("third", "code"),
    [
        (BY, "third_person_needed"),
        (SECOND, "override_refused"),
        (None, "override_refused"),
        (Actor(user_id="u9", role=Role.DRIVER, name="x", crew_id=PLAN.driver_id), "third_person_of_crew"),
        (
            Actor(user_id="u9", role=Role.ATTENDANT, name="x", crew_id=PLAN.attendant_ids[0]),
            "third_person_of_crew",
        ),
        (PLAN.driver_id, "third_person_of_crew"),
    ],
)
def test_the_third_is_neither_of_the_two_nor_of_the_crew(lost: Database, third: Any, code: str) -> None:
    """Refused with its reason, before the database would refuse it; the tablet is still waited for."""
    with pytest.raises(Refused, match=code):
        give_up(lost, third)
    assert not state(lost, PLAN).devices[1].is_released


def test_who_checked_the_bus_is_no_third_person(lost: Database) -> None:
    """Even when somebody checked who never was of the crew."""
    tablet = Tablet(plan=PLAN, dev=2)
    tablet.record("check", by="A7", n=0, codes=[])
    send(lost, tablet)
    with pytest.raises(Refused, match="third_person_of_crew"):
        give_up(lost, THIRD)


@pytest.mark.parametrize(("third", "counts"), [("u3", True), (None, True), ("u1", False), ("u2", False)])
def test_what_the_log_says_counts_only_with_a_third(third: str | None, counts: bool) -> None:
    """Logs of before name nobody and stand; one that names one of the two does not."""
    tablet = Tablet(plan=PLAN)
    event = tablet.board("r1")
    released = decided(DeviceReleased, PLAN, dev=1, upto_seq=1, checked_by=third)
    assert fold(PLAN, [event, released]).devices[1].is_released is counts


def test_a_request_nobody_searched_for_can_be_refused_and_asked_anew(lost: Database) -> None:
    """Else a mistaken one would stand in the way for ten minutes; but not by him who asked."""
    acting: dict[str, Any] = {"clock": FixedClock(EVENING), "ids": PrefixedIds("d", CountingIds())}
    asks: dict[str, Any] = {"reason": OverrideReason.TABLET_LOST, "note": "丢了", "by": BY}
    asked = overrides.ask_override(lost, PLAN.run_id, "device_lost:1", **asks, **acting)
    with pytest.raises(Refused, match="override_waits"):
        overrides.ask_override(lost, PLAN.run_id, "device_lost:1", **asks, **acting)
    with pytest.raises(Refused) as caught:
        overrides.decide_override(lost, PLAN.run_id, asked.override_id, approves=True, by=SECOND, **acting)
    assert [reason.code for reason in caught.value.reasons] == ["override_not_searched"]
    with pytest.raises(Refused):
        overrides.decide_override(lost, PLAN.run_id, asked.override_id, approves=False, by=BY, **acting)
    overrides.decide_override(lost, PLAN.run_id, asked.override_id, approves=False, by=SECOND, **acting)
    assert overrides.ask_override(lost, PLAN.run_id, "device_lost:1", **asks, **acting) != asked
    assert not state(lost, PLAN).devices[1].is_released
