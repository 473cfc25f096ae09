"""
Histories that come down to one condition of the interlock each, told in a database.

Beside the attacks of ``tests/storage``: those say what must not happen, these are made so that
every single condition decides at least once. A name says what is special; most may close.
"""

from collections.abc import Callable
from datetime import timedelta

from busops.domain.events import DeviceReleased
from busops.domain.fleet import CrewRole
from busops.storage.database import Database
from tests.builders import ATTENDANT, DRIVER, Tablet, a_run
from tests.interlock_questions import QUESTION_STORIES
from tests.interlock_riders import RIDER_STORIES
from tests.interlock_tools import PLAN, REAR, TWO, close, decide, driven, ended, on, told
from tests.machine import FixedClock
from tests.run_kit import EVENING, force, send, store_run, write_closure
from tests.transfer_histories import PAIRS
from tests.transfer_histories import told as told_of_both


def found_by_a_third_check(database: Database) -> None:
    """The attendant's check is sound; a later one of the attendant's counts somebody."""
    tablet = driven()
    sound = tablet.check(CrewRole.ATTENDANT)
    tablet.check(CrewRole.ATTENDANT, n=1)
    tablet.check(CrewRole.DRIVER)
    tablet.record("parked", by=DRIVER, codes=REAR)
    tablet.seal()
    told(database, tablet, attendant_check=sound.event_id)


def as_many_notes(database: Database) -> None:
    """A second tablet without a seal has as many events as the first."""
    tablet = ended(driven())
    second = Tablet(plan=PLAN, dev=2)
    while len(second.log) < len(tablet.log):
        second.record("note", text="x")
    told(database, tablet, second)


def gap(database: Database, *, filled_by: str) -> None:
    """A number of the tablet is missing; another device, or its quarantine, has that number."""
    tablet = ended(driven())
    second = Tablet(plan=PLAN, dev=2)
    for _ in range(4):
        second.record("note", text="x")
    second.seal()
    lost = tablet.log.pop(1)
    told(database, tablet, *([second] if filled_by == "device" else []))
    if filled_by == "quarantine":
        put_aside(database, dev="77", seq=str(lost.seq))


def never_arrived(database: Database, *, at: str | None = None) -> None:
    """Nobody marked the arrival at the terminal; perhaps one elsewhere."""
    tablet = Tablet(plan=PLAN)
    tablet.set_out()
    for rider_id in PLAN.riders:
        tablet.alight(rider_id)
    if at:
        tablet.record("arrive", stop=at, by=DRIVER)
    told(database, ended(tablet))


def parking(database: Database, *order: str, parked_by: str = DRIVER, codes: list[str] | None = None) -> None:
    """Checks and parking in another order, by another person or without the tag."""
    tablet = driven()
    for step in order:
        if step == "parked":
            tablet.record("parked", by=parked_by, codes=REAR if codes is None else codes)
        else:
            tablet.check(CrewRole(step))
    tablet.seal()
    told(database, tablet)


def taken_for(database: Database, field: str, kind: str, by: str) -> None:
    """The closure names, for one of its three proofs, an event of another kind."""
    tablet = driven()
    tablet.check(CrewRole.ATTENDANT)
    tablet.record("parked", by=ATTENDANT, codes=REAR)
    tablet.check(CrewRole.DRIVER)
    tablet.record("parked", by=DRIVER, codes=REAR)
    tablet.check(CrewRole.DRIVER)
    tablet.record("parked", by=DRIVER, codes=REAR)
    tablet.seal()
    found = [event for event in tablet.log if event.kind == kind and event.by == by]
    proofs = {
        "attendant_check": next(e for e in tablet.log if e.kind == "check" and e.by == ATTENDANT).event_id,
        "driver_check": next(e for e in tablet.log if e.kind == "check" and e.by == DRIVER).event_id,
        "parked": tablet.log[-2].event_id,
    }
    proofs[field] = found[-1 if field == "parked" else 0].event_id
    told(database, tablet, **proofs)


def other_name(database: Database, **forged: str) -> None:
    """The closure names somebody else than who checked."""
    told(database, ended(driven(TWO)), **forged)


def second_closure(database: Database) -> None:
    """A sound closure, and a newer one that rests on nothing."""
    tablet = ended(driven())
    told(database, tablet)
    write_closure(database, PLAN, parked=tablet.log[0].event_id)


def recounted(database: Database, *, closure: bool = True, again: bool = False) -> None:
    """Closed; a late head count found somebody; perhaps a new closure, on the old checks or new ones."""
    told(database, ended(driven()))
    close(database)
    late = Tablet(plan=PLAN, dev=2, now_s=5000)
    late.record("headcount", n=1, stop="S3")
    if not again:
        late.seal()
    send(database, late)
    if again:
        sent, late.now_s = len(late.log), 4 * 3600
        late.record("headcount", n=0, stop="S3")
        ended(late)
        send(database, late, only=late.log[sent:], clock=FixedClock(EVENING + timedelta(hours=3)))
    if closure:
        write_closure(database, PLAN)


def given_up(database: Database, *, dev: int = 2, upto_seq: int = 1, more: bool = False) -> None:
    """A second tablet is released by two people, perhaps another one, perhaps too early."""
    second = Tablet(plan=PLAN, dev=2)
    second.record("note", text="here")
    if more:
        second.record("note", text="and here")
    told(database, ended(driven()), second)
    decide(database, DeviceReleased, dev=dev, upto_seq=upto_seq)


def goes_on(database: Database, *, run_id: str, kind: str = "note") -> None:
    """After the seal the tablet records something more, for this run or the next."""
    tablet = ended(driven())
    store_run(database, a_run(run_id="run-2"))
    own = len(tablet.log)
    tablet.plan = a_run(run_id=run_id)
    tablet.record(kind, text="on")
    told_plan = Tablet(plan=PLAN, log=tablet.log[:own])
    told(database, told_plan)
    send(database, tablet, only=tablet.log[own:])


def waiting(database: Database, **changed: str) -> None:
    """A sound run beside another one, and something in quarantine."""
    store_run(database, a_run(run_id="run-2"))
    told(database, ended(driven()))
    put_aside(database, **changed)


def put_aside(database: Database, **changed: str) -> None:
    """Something stands in quarantine, perhaps settled already."""
    values = {"dev": "1", "seq": "99", "run_id": "NULL", "why": "'unknown_run'", "state": "'open'"} | changed
    school = f"'{database.school_id}'"
    names = "school_id, quarantine_id, dev, seq, run_id, digest, why, raw, received_ms, state, note"
    known = (values[name] for name in ("dev", "seq", "run_id"))
    row = f"{school}, 'q1', {', '.join(known)}, 'd', {values['why']}, 'raw', 1"
    force(database, " ".join((f"INSERT INTO quarantine ({names})", f"VALUES ({row}, 'open', '')")))
    if values["state"] != "'open'":
        settled = f"SET state = {values['state']}, settled_by = 'u1', second_user = 'u2'"
        force(database, " ".join(("UPDATE quarantine", settled, f"WHERE school_id = {school}")))


def crew_ended(database: Database) -> None:
    """A sound run whose driver is no longer of record."""
    told(database, ended(driven()))
    of_this = f"WHERE role = 'DRIVER' AND school_id = '{database.school_id}'"
    force(database, " ".join(("UPDATE run_crew SET until_at = since_at", of_this)))


def acked_only(database: Database) -> None:
    """Somebody has read the list."""
    store_run(database, PLAN)
    tablet = Tablet(plan=PLAN)
    tablet.record("ack")
    send(database, tablet)


def only_released(database: Database) -> None:
    """Nothing has happened yet."""
    store_run(database, PLAN)


STORIES: dict[str, Callable[[Database], None]] = {
    **RIDER_STORIES,
    **QUESTION_STORIES,
    **{name: on(told_of_both, build) for name, (build, *_) in PAIRS.items()},
    "sound": lambda database: told(database, ended(driven())),
    "never_arrived": never_arrived,
    "arrived_elsewhere": on(never_arrived, at="S1"),
    "parked_before": on(parking, "ATTENDANT", "parked", "DRIVER"),
    "parked_by_the_attendant": on(parking, "ATTENDANT", "DRIVER", "parked", parked_by=ATTENDANT),
    "parked_without_tag": on(parking, "ATTENDANT", "DRIVER", "parked", codes=[]),
    "attendant_parks": on(taken_for, "attendant_check", "parked", ATTENDANT),
    "parking_as_check": on(taken_for, "driver_check", "parked", DRIVER),
    "check_as_parking": on(taken_for, "parked", "check", DRIVER),
    "another_attendant": on(other_name, attendant_id="A2"),
    "another_driver": on(other_name, driver_id="A2"),
    "second_closure": second_closure,
    "recounted": recounted,
    "given_up": given_up,
    "given_up_another": on(given_up, dev=3),
    "given_up_too_early": on(given_up, more=True),
    "after_the_seal": on(goes_on, run_id="run-1"),
    "on_the_next_run": on(goes_on, run_id="run-2"),
    "unknown_waits": waiting,
    "own_waits": on(waiting, dev="77", run_id="'run-1'"),
    "settled": on(waiting, state="'dismissed'"),
    "own_settled": on(waiting, dev="77", run_id="'run-1'", state="'dismissed'"),
    "stranger_waits": on(waiting, dev="77"),
    "no_number_waits": on(waiting, seq="NULL"),
    "crew_ended": crew_ended,
    "only_released": only_released,
    "acked_only": acked_only,
    "found_by_a_third_check": found_by_a_third_check,
    "as_many_notes": as_many_notes,
    "gap_of_one": on(gap, filled_by="device"),
    "gap_and_quarantine": on(gap, filled_by="quarantine"),
    "parked_at_a_row": on(parking, "ATTENDANT", "DRIVER", "parked", codes=["900002"]),
    "recounted_only": on(recounted, closure=False),
    "closed_again": on(recounted, again=True),
    "next_runs_waits": on(waiting, run_id="'run-2'"),
    "next_runs_fork": on(waiting, run_id="'run-2'", why="'fork'"),
}
