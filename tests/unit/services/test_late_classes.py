"""What came after a close: the same again, another record, an allegation, or somebody aboard."""

from typing import Any

import pytest

from busops.domain.errors import Refused
from busops.domain.late import Late
from busops.domain.people import Actor, Role
from busops.domain.values import CAMPUS
from busops.services import incidents, late_classes, runs
from busops.storage import amendment_store, run_store
from busops.storage.database import Database
from tests.builders import Tablet, a_run
from tests.machine import CountingIds, FixedClock
from tests.run_kit import EVENING, send, store_run

SIGNER = Actor(user_id="u1", role=Role.DISPATCHER, name="u1")
SECOND = Actor(user_id="u2", role=Role.SUPERVISOR, name="u2")
HOUR_S = 3600


class Closed:
    """A run in which everybody rode but one, closed; and a second tablet that speaks late."""

    def __init__(self, database: Database) -> None:
        self.database, self.plan, self.ids = database, a_run(), CountingIds()
        store_run(database, self.plan)
        self.tablet = Tablet(plan=self.plan)
        self.tablet.set_out(("r1", "r2"))
        self.tablet.drive(("r1", "r2"))
        self.tablet.prove_empty()
        self.tablet.seal()
        send(database, self.tablet)
        runs.close_run(database, self.plan.run_id, by="u1", clock=FixedClock(EVENING), ids=self.ids)
        self.late = Tablet(plan=self.plan, dev=2, now_s=self.tablet.now_s)

    def tell(self) -> list[Late]:
        """What the second tablet recorded arrives; what each fact is."""
        send(self.database, self.late)
        with self.database.reading() as tx:
            classes = late_classes.classes_of(tx, self.plan.run_id)
        return [classes[event.event_id] for event in self.late.log if event.event_id in classes]

    def stands(self) -> tuple[str, str]:
        """Phase and integrity, as lists show them."""
        with self.database.reading() as tx:
            summary = run_store.load_summary(tx, self.plan.run_id)
        return summary.phase.value, summary.integrity

    def sign(self, by: Actor = SIGNER, second: Actor = SECOND) -> Any:
        """Two people sign."""
        own: dict[str, Any] = {"note": "电话核实", "clock": FixedClock(EVENING)}
        return late_classes.sign_amendment(self.database, self.plan.run_id, by=by, second=second, **own)


@pytest.fixture
def closed(sqlite_database: Database) -> Closed:
    """It is closed."""
    return Closed(sqlite_database)


def test_l2_an_alighting_that_was_known_leaves_the_closure_as_it_was(closed: Closed) -> None:
    """The same rider off at the same stop, told by the other tablet: kept, late, and nothing to sign."""
    closed.late.alight("r1")
    assert closed.tell() == [Late.CONSISTENT]
    assert closed.stands() == ("closed", "clean")
    with pytest.raises(Refused, match="amendment_nothing_late"):
        closed.sign()


def test_a_move_into_another_bus_is_no_alighting_where_nobody_may(closed: Closed) -> None:
    """It names no stop and needs none: it amends, and the run is open again until the other bus has him."""
    closed.late.record("moved_out", rider="r1", text="run-2")
    assert closed.tell() == [Late.AMENDS]
    assert closed.stands()[0] == "reopened"


@pytest.mark.parametrize("own", [{"rider": "r1", "stop": "S2"}, {"rider": "r9", "stop": "S3"}])
def test_l3_another_stop_or_another_rider_off_amends_the_record(closed: Closed, own: dict[str, str]) -> None:
    """The closure stands, amended, until two people of two roles have signed."""
    closed.late.record("alight", **own)
    assert closed.tell() == [Late.AMENDS]
    assert closed.stands() == ("closed", "amended")
    for second in (SIGNER, Actor(user_id="u3", role=Role.DISPATCHER, name="u3")):
        with pytest.raises(Refused, match="amendment_two_roles"):
            closed.sign(second=second)
    first = closed.sign()
    assert (first.version, first.number, len(first.event_ids)) == (1, 1, 1)
    with pytest.raises(Refused, match="amendment_nothing_late"):
        closed.sign()
    closed.late.record("absent", rider="r3", reason="leave")
    assert closed.tell()[-1] is Late.CONSISTENT
    closed.late.record("absent", rider="r3", reason="ill")
    assert closed.tell()[-1] is Late.AMENDS
    assert closed.sign().number == 2


def test_what_was_taken_back_too_late_is_signed_although_it_counts_no_more(closed: Closed) -> None:
    """Somebody meant it: two people look."""
    absent = next(event for event in closed.tablet.log if event.kind == "absent")
    closed.tablet.void(absent)
    send(closed.database, closed.tablet)
    assert closed.stands() == ("closed", "amended")
    assert closed.sign().number == 1
    with closed.database.reading() as tx:
        (signed,) = amendment_store.load_amendments(tx, closed.plan.run_id)
    assert (signed.signed_role, signed.second_role) == (Role.DISPATCHER, Role.SUPERVISOR)


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("board", {"rider": "r1", "stop": "S3"}),
        ("headcount", {"n": 1, "stop": "S3"}),
        ("check", {"n": 1, "codes": ["900001"]}),
        ("alight", {"rider": "r1", "stop": None}),
    ],
)
def test_l4_what_may_put_somebody_aboard_opens_the_run_as_before(
    closed: Closed, kind: str, own: dict[str, Any]
) -> None:
    """No class of ours keeps such a run closed: the database has opened it in the same breath."""
    closed.late.record(kind, **own)
    assert closed.tell() == [Late.OPENS]
    assert closed.stands() == ("reopened", "challenged")


def test_l5_an_allegation_is_an_incident_and_the_closure_stands(closed: Closed) -> None:
    """A departure before the look-over, told late: an incident beside a closed run, to be signed."""
    early = Tablet(plan=closed.plan, dev=2, now_s=-2 * HOUR_S)
    early.record("depart", stop=CAMPUS)
    closed.late = early
    assert closed.tell() == [Late.INCIDENT]
    assert closed.stands() == ("closed", "amended")
    (incident,) = incidents.incidents_of(closed.database, closed.plan.run_id)
    assert incident.finding_key.startswith("departed_without_precheck:")
    assert closed.sign().number == 1
