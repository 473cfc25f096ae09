"""Raw SQL against the interlock, on SQLite and PostgreSQL: whatever is typed, the run stays open."""

from collections.abc import Callable

import pytest
from sqlalchemy.exc import DBAPIError

from busops.domain.events import DeviceReleased, Resolved, Whereabouts
from busops.domain.fleet import CrewRole
from busops.domain.run_plan import RunPlan
from busops.storage import event_store
from busops.storage.database import Database
from tests import run_kit
from tests.builders import ATTENDANT, DRIVER, Tablet, a_finished_run, a_run, decided
from tests.interlock_questions import QUESTION_HISTORIES
from tests.run_kit import CLOSE, force, phase, send, store_run, write_closure


def finished(plan: RunPlan) -> list[Tablet]:
    """One tablet, everything in order."""
    return [a_finished_run(plan)]


def no_check(plan: RunPlan) -> list[Tablet]:
    """EC01: nobody checked."""
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    tablet.seal()
    return [tablet]


def still_aboard(plan: RunPlan) -> list[Tablet]:
    """A rider never got off."""
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive(rider_ids=("r1", "r2"))
    tablet.prove_empty()
    tablet.seal()
    return [tablet]


def boards_again(plan: RunPlan) -> list[Tablet]:
    """Off, then on again on the same tablet, before the check."""
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    tablet.board("r1", "S3")
    tablet.prove_empty()
    tablet.seal()
    return [tablet]


def alight_taken_back(plan: RunPlan) -> list[Tablet]:
    """SY09: the alighting was voided by its author in time."""
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    tablet.void(tablet.alight("r3", "S3", after_s=0), after_s=20)
    first = next(event for event in tablet.log if event.kind == "alight" and event.rider_id == "r3")
    tablet.void(first, after_s=1)
    tablet.prove_empty()
    tablet.seal()
    return [tablet]


def other_tablet_disputes(plan: RunPlan) -> list[Tablet]:
    """A second tablet boards r1 within the uncertainty of his alighting on the first."""
    first = a_finished_run(plan)
    off = next(event for event in first.log if event.kind == "alight" and event.rider_id == "r1")
    second = Tablet(plan=plan, dev=2, now_s=(off.wall_ms - first.log[0].wall_ms) // 1000 - 1790)
    second.board("r1", "S1", after_s=-1)
    second.seal()
    return [first, second]


def check_too_early(plan: RunPlan) -> list[Tablet]:
    """The checks were made, then somebody still got off."""
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive(rider_ids=("r1", "r2"))
    tablet.prove_empty()
    tablet.alight("r3", "S3")
    tablet.seal()
    return [tablet]


def driver_first(plan: RunPlan) -> list[Tablet]:
    """EC03: the driver's check came before the attendant's."""
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    tablet.check(CrewRole.DRIVER)
    tablet.check(CrewRole.ATTENDANT)
    tablet.record("parked", by=DRIVER, codes=["900001"])
    tablet.seal()
    return [tablet]


def no_tags(plan: RunPlan) -> list[Tablet]:
    """EC04: a button and no tag."""
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    tablet.check(CrewRole.ATTENDANT, codes=[])
    tablet.check(CrewRole.DRIVER)
    tablet.record("parked", by=DRIVER, codes=["900001"])
    tablet.seal()
    return [tablet]


def one_row_unread(plan: RunPlan) -> list[Tablet]:
    """EC05: a tag of another row than asked."""
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    tablet.check(CrewRole.ATTENDANT)
    tablet.check(CrewRole.DRIVER, codes=["900001", "900002", "900003"])
    tablet.record("parked", by=DRIVER, codes=["900001"])
    tablet.seal()
    return [tablet]


def found_somebody(plan: RunPlan) -> list[Tablet]:
    """EC16: the attendant counted one, the set says none."""
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    tablet.check(CrewRole.ATTENDANT, n=1)
    tablet.check(CrewRole.DRIVER)
    tablet.record("parked", by=DRIVER, codes=["900001"])
    tablet.seal()
    return [tablet]


def attendant_checks_twice(plan: RunPlan) -> list[Tablet]:
    """EC02: one person makes both checks."""
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    tablet.check(CrewRole.ATTENDANT)
    tablet.check(CrewRole.DRIVER, by=ATTENDANT)
    tablet.record("parked", by=DRIVER, codes=["900001"])
    tablet.seal()
    return [tablet]


def not_parked(plan: RunPlan) -> list[Tablet]:
    """The parked check is missing."""
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    tablet.check(CrewRole.ATTENDANT)
    tablet.check(CrewRole.DRIVER)
    tablet.seal()
    return [tablet]


def unsealed(plan: RunPlan) -> list[Tablet]:
    """The tablet never said that it is done."""
    tablet = a_finished_run(plan)
    tablet.log.pop()
    return [tablet]


def with_gap(plan: RunPlan) -> list[Tablet]:
    """SY03: an event before the seal is missing."""
    tablet = a_finished_run(plan)
    del tablet.log[4:5]
    tablet.log[:] = [event for event in tablet.log if getattr(event, "rider_id", None) != "r3"]
    return [tablet]


def unsealed_second_device(plan: RunPlan) -> list[Tablet]:
    """A second tablet was seen and is not sealed."""
    second = Tablet(plan=plan, dev=2)
    second.record("note", text="here")
    return [a_finished_run(plan), second]


def rider_without_a_word(plan: RunPlan) -> list[Tablet]:
    """A rider of the list was neither marked nor given a reason."""
    tablet = Tablet(plan=plan)
    tablet.record("ack")
    tablet.board("r1")
    tablet.record("arrive", stop="S3", by=DRIVER)
    tablet.alight("r1", "S3")
    tablet.prove_empty()
    tablet.seal()
    return [tablet]


HISTORIES = [
    (no_check, "no_sound_check"),
    (still_aboard, "rider_aboard"),
    (boards_again, "rider_aboard"),
    (alight_taken_back, "rider_aboard"),
    (other_tablet_disputes, "rider_aboard"),
    (check_too_early, "no_sound_check"),
    (driver_first, "no_sound_check"),
    (no_tags, "no_sound_check"),
    (one_row_unread, "no_sound_check"),
    (found_somebody, "no_sound_check"),
    (attendant_checks_twice, "no_sound_check"),
    (not_parked, "no_sound_check"),
    (unsealed, "device_undone"),
    (with_gap, "device_undone"),
    (unsealed_second_device, "device_undone"),
    (rider_without_a_word, "rider_unaccounted"),
    *QUESTION_HISTORIES,
]


@pytest.mark.parametrize(("history", "why"), HISTORIES, ids=[each[0].__name__ for each in HISTORIES])
def test_a_run_is_not_closed_by_sql_while_the_log_speaks_against_it(
    database: Database, history: Callable[[RunPlan], list[Tablet]], why: str
) -> None:
    """With a closure row forged, UPDATE … 'closed' is refused for the reason that is in the log."""
    plan = a_run()
    store_run(database, plan)
    for tablet in history(plan):
        send(database, tablet)
    write_closure(database, plan)
    with pytest.raises(DBAPIError, match=why):
        force(database, CLOSE)
    assert phase(database, plan) != "closed"


def test_a_sound_run_is_closed_by_the_same_statement(database: Database) -> None:
    """The attack's own statement works on a sound run, so the refusals above are not for another cause."""
    plan = a_run()
    store_run(database, plan)
    send(database, a_finished_run(plan))
    with pytest.raises(DBAPIError):
        force(database, CLOSE)  # no closure row yet
    write_closure(database, plan)
    force(database, CLOSE)
    assert phase(database, plan) == "closed"
    assert run_kit.state(database, plan).phase == "closed"


def test_what_two_people_found_out_counts_in_the_database_too(database: Database) -> None:
    """A resolution that covers every mark clears the rider; one mark more and it does not."""
    plan = a_run()
    store_run(database, plan)
    (tablet,) = still_aboard(plan)
    send(database, tablet)
    write_closure(database, plan)
    decide_where(database, plan, tablet)
    force(database, CLOSE)
    assert phase(database, plan) == "closed"
    late = Tablet(plan=plan, dev=9, now_s=1500)
    late.board("r3", "S2")
    send(database, late)
    assert phase(database, plan) == "reopened"
    assert run_kit.state(database, plan).aboard == {"r3"}


def test_two_attendants_are_not_an_attendant_and_a_driver(database: Database) -> None:
    """A second attendant's check does not stand in for the driver's, whatever the closure row claims."""
    plan = a_run(attendant_ids=("A1", "A2"))
    store_run(database, plan)
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    tablet.check(CrewRole.ATTENDANT)
    second = tablet.check(CrewRole.DRIVER, by="A2", codes=sorted(plan.tags.values()))
    tablet.record("parked", by=DRIVER, codes=["900001"])
    tablet.seal()
    send(database, tablet)
    write_closure(database, plan, driver_id="A2", driver_check=second.event_id)
    with pytest.raises(DBAPIError, match="no_sound_check"):
        force(database, CLOSE)


def test_a_lost_device_is_given_up_by_two_people_only(database: Database) -> None:
    """SY10: released up to what it sent, the run closes; after one more event it would not have."""
    plan = a_run()
    store_run(database, plan)
    tablets = unsealed_second_device(plan)
    for tablet in tablets:
        send(database, tablet)
    write_closure(database, plan)
    with pytest.raises(DBAPIError, match="two_people"), database.transaction() as tx:
        run_kit.decide_signed(tx, decided(DeviceReleased, plan, dev=2, upto_seq=1, by="u1", second="u1"))
    with database.transaction() as tx:
        run_kit.decide_signed(tx, decided(DeviceReleased, plan, dev=2, upto_seq=1))
    force(database, CLOSE)
    assert phase(database, plan) == "closed"


def decide_where(database: Database, plan: RunPlan, tablet: Tablet) -> None:
    """Two people say that r3 got off, having seen all that the tablet sent."""
    ids = frozenset(event.event_id for event in tablet.log)
    own = {"rider_id": "r3", "says": Whereabouts.ALIGHTED, "covers": ids}
    with database.transaction() as tx:
        event_store.decide(tx, decided(Resolved, plan, **own))
