"""A rider on the wrong bus, and riders shared out over two buses: each has one target, nobody is lost."""

from dataclasses import replace
from typing import Any

import pytest

from busops.domain import transfers
from busops.domain.errors import InvalidInput, Refused
from busops.domain.findings import blocking
from busops.domain.run import Phase
from busops.domain.run_plan import ManifestRider
from busops.services import incidents, redirects, runs, tablet_pack
from busops.services.transfers import riders_to_move
from busops.storage import alarm_store, event_store
from busops.storage.database import Database
from tests import small_school
from tests.builders import Tablet
from tests.interlock_tools import ended
from tests.machine import CountingIds
from tests.run_kit import PrefixedIds, send, settle, state, store_run
from tests.transfer_histories import MOVED, A, into, out, stranded
from tests.unit.services.test_transfers import BROKEN, CLOCK, B

IDS = PrefixedIds("r", CountingIds())
HERE: dict[str, Any] = {"by": "u1", "clock": CLOCK, "ids": IDS}
HIS = replace(B, manifest=(ManifestRider(rider_id="r9", stop_id="S2"),))
C = replace(
    B, run_id="run-3", plate="川F00003", driver_id="D8", attendant_ids=("A8",), devices=frozenset({3})
)


@pytest.fixture
def wrong(sqlite_database: Database) -> Database:
    """Rider r9 of run-2's list got on run-1's bus, which is on its way."""
    small_school.fill(sqlite_database)
    store_run(sqlite_database, A)
    store_run(sqlite_database, HIS)
    send(sqlite_database, on_the_wrong_bus(), clock=CLOCK)
    return sqlite_database


def on_the_wrong_bus() -> Tablet:
    """Everybody of run-1 and r9 on at the campus, then away."""
    tablet = Tablet(plan=A)
    tablet.board("r9")
    tablet.set_out()
    return tablet


def go(database: Database, rider_id: str = "r9", to_run_id: str = "run-2", **own: Any) -> None:
    """The office sends a rider of run-1 to another run."""
    runs.send_rider(database, "run-1", rider_id, to_run_id, **({"reason": "wrong bus"} | HERE | own))


def refused(database: Database, *args: str) -> set[str]:
    """The codes of every reason against it."""
    with pytest.raises(Refused, match="transfer_refused") as refusal:
        go(database, *args)
    return {reason.code for reason in refusal.value.reasons}


def test_the_run_whose_list_has_him_is_proposed(wrong: Database) -> None:
    """Found from the lists of the day; nothing for who belongs here, nothing once he is gone."""
    assert redirects.right_runs(wrong, "run-1") == {"r9": "run-2"}
    tablet = on_the_wrong_bus()
    out(tablet, "r9")
    send(wrong, tablet, clock=CLOCK)
    assert redirects.right_runs(wrong, "run-1") == {}


def test_he_goes_over_and_his_own_bus_goes_on(wrong: Database) -> None:
    """Awaited from run-1 on the other list; out and in by both crews; no incident, no end of the run."""
    go(wrong)
    assert {each.rider_id: each.from_run_id for each in state(wrong, B).plan.manifest} == {"r9": "run-1"}
    assert (state(wrong, A).phase, state(wrong, A).aboard) == (Phase.UNDERWAY, {"r1", "r2", "r3", "r9"})
    assert [each.kind.value for each in incidents.incidents_of(wrong, "run-1")] == []
    pack = tablet_pack.pack(wrong, "run-1")
    assert (pack["transfer"], pack["moves"]) == (None, {"r9": {"run": "run-2", "name": "川F00002 16:00"}})
    news = tablet_pack.news(wrong, "run-1", now=CLOCK.now(), crew_id="A1").document
    assert news["moves"] == pack["moves"]
    first = on_the_wrong_bus()
    out(first, "r9")
    send(wrong, first, clock=CLOCK)
    assert dict(state(wrong, A).moving) == {"r9": "run-2"}
    assert (state(wrong, A).phase, state(wrong, A).arrived_ms) == (Phase.UNDERWAY, None)
    second = into("r9", plan=replace(HIS, roster_v=2), now_s=first.now_s)
    send(wrong, second, clock=CLOCK)
    assert (dict(state(wrong, A).moving), state(wrong, B).aboard) == ({}, {"r9"})


def wrong_bus(database: Database) -> tuple[set[str], list[str]]:
    """What run-1 says of riders on the wrong bus, and what ended each call about one."""
    codes = {each.code for each in state(database, A).findings if each.code.startswith("wrong_route")}
    with database.reading() as tx:
        calls = alarm_store.load_alarms(tx, kind="wrong_route", include_resolved=True)
    return codes, [alarm.evidence for alarm in sorted(calls, key=lambda alarm: alarm.occasion)]


def test_the_whole_move_ends_the_question_of_the_wrong_bus(wrong: Database) -> None:
    """Out alone ends nothing, out and in do; the answer taken back asks anew, and calls a second time."""
    go(wrong)
    first = on_the_wrong_bus()
    out(first, "r9")
    send(wrong, first, clock=CLOCK)
    assert wrong_bus(wrong) == ({"wrong_route"}, [""])
    second = into("r9", plan=replace(HIS, roster_v=2), now_s=first.now_s)
    send(wrong, second, clock=CLOCK)
    assert wrong_bus(wrong) == ({"wrong_route_left"}, ["not_on_wrong_bus"])
    assert "wrong_route:r9" not in {each.key for each in blocking(state(wrong, A).open_findings)}
    second.void(next(each for each in second.log if each.kind == "moved_in"))
    send(wrong, second, clock=CLOCK)
    assert wrong_bus(wrong) == ({"wrong_route"}, ["not_on_wrong_bus", ""])


def test_a_move_to_another_bus_than_his_own_leaves_it_open(wrong: Database) -> None:
    """Run-3 took him: run-2 still awaits him, and two people say what came of it."""
    store_run(wrong, C)
    go(wrong, "r9", "run-3")
    first = on_the_wrong_bus()
    out(first, "r9", to="run-3")
    send(wrong, first, clock=CLOCK)
    send(wrong, into("r9", plan=replace(C, roster_v=2), dev=3, now_s=first.now_s), clock=CLOCK)
    assert wrong_bus(wrong) == ({"wrong_route"}, [""])


def test_the_run_he_left_does_not_close_before_the_other_has_him(wrong: Database) -> None:
    """The gate of transfers holds: checked, everybody off, and still one rider is nobody's."""
    go(wrong)
    first = on_the_wrong_bus()
    out(first, "r9")
    first.drive()
    send(wrong, ended(first), clock=CLOCK)
    codes = {each.code for each in runs.reasons_against_closing(wrong, "run-1")}
    assert "transfer_open" in codes
    send(wrong, into("r9", plan=replace(HIS, roster_v=2), now_s=first.now_s), clock=CLOCK)
    codes = {each.code for each in runs.reasons_against_closing(wrong, "run-1")}
    assert "transfer_open" not in codes


def test_who_is_not_aboard_and_a_bus_without_a_seat_are_refused(wrong: Database) -> None:
    """Somebody who never got on, a full bus, a run that is none, its own run; nothing is written."""
    assert refused(wrong, "r8") == {"rider_not_aboard"}
    store_run(wrong, replace(C, approved_students=0, manifest=()))
    assert refused(wrong, "r9", "run-3") == {"over_students"}
    assert refused(wrong, "r9", "run-1") == {"no_such_run"}
    assert refused(wrong, "r9", "run-7") == {"no_such_run"}
    with pytest.raises(InvalidInput, match="reason_needed"):
        go(wrong, reason=" ")
    with wrong.reading() as tx:
        assert transfers.targets(event_store.load_decisions(tx, "run-1")) == {}


def test_a_rider_of_this_list_may_be_sent_too_with_his_own_stop(wrong: Database) -> None:
    """And the last word counts: he has one target, however often the office changes its mind."""
    store_run(wrong, replace(C, manifest=()))
    go(wrong, "r2", "run-3")
    assert {each.rider_id: each.stop_id for each in state(wrong, C).plan.manifest} == {"r2": "S2"}
    go(wrong, "r2", "run-2")
    with wrong.reading() as tx:
        assert transfers.targets(event_store.load_decisions(tx, "run-1")) == {"r2": "run-2"}


@pytest.fixture
def road(sqlite_database: Database) -> Database:
    """Run-1 stands on the road with r2 and r3 aboard; run-2 and run-3 go the same way."""
    small_school.fill(sqlite_database)
    store_run(sqlite_database, A)
    for plan in (B, replace(C, manifest=())):
        store_run(sqlite_database, plan)
    send(sqlite_database, stranded(), clock=CLOCK)
    return sqlite_database


SHARES = {"r2": "run-2", "r3": "run-3"}


def split(database: Database, **targets: str) -> None:
    """The office shares the riders of run-1 out."""
    runs.split_transfer(database, "run-1", targets, opening=BROKEN, **HERE)


def test_each_rider_is_awaited_on_one_bus_and_it_is_one_incident(road: Database) -> None:
    """Each list has its own; the tablet of the stranded bus knows both; one breakdown is one incident."""
    split(road, **SHARES)
    assert set(state(road, B).plan.riders) == {"r2"}
    assert set(state(road, C).plan.riders) == {"r3"}
    assert [each.kind.value for each in incidents.incidents_of(road, "run-1")] == ["stranded"]
    moves = tablet_pack.pack(road, "run-1")["moves"]
    assert {rider: to["run"] for rider, to in moves.items()} == SHARES


def test_the_run_closes_when_both_buses_have_theirs(road: Database) -> None:
    """One bus answers, the gate still names the rider of the other; then it closes where it stands."""
    split(road, **SHARES)
    first = stranded()
    out(first, "r2")
    out(first, "r3", to="run-3")
    send(road, ended(first), clock=CLOCK)
    send(road, into("r2", plan=replace(B, roster_v=2), now_s=first.now_s), clock=CLOCK)
    open_moves = [
        each.place for each in runs.reasons_against_closing(road, "run-1") if each.code == "transfer_open"
    ]
    assert open_moves == ["r3"]
    send(road, into("r3", plan=replace(C, roster_v=2, manifest=()), dev=3, now_s=first.now_s), clock=CLOCK)
    settle(road, "run-1", state(road, A).open_findings[0], CLOCK, IDS)
    runs.close_run(road, "run-1", by="u1", clock=CLOCK, ids=IDS)
    assert state(road, A).phase is Phase.CLOSED


SPLITS = {
    "one without a bus": ({"r2": "run-2"}, {"rider_without_target"}),
    "one who got off": (SHARES | {"r1": "run-2"}, {"rider_not_to_move"}),
    "his own bus": (SHARES | {"r2": "run-1"}, {"no_such_run"}),
    "no such bus": (SHARES | {"r2": "run-7"}, {"no_such_run"}),
    "a full one": (SHARES | {"r3": "run-4"}, {"over_students"}),
}


@pytest.mark.parametrize(("targets", "codes"), SPLITS.values(), ids=SPLITS.keys())
def test_a_share_that_does_not_fit_moves_nobody(
    road: Database, targets: dict[str, str], codes: set[str]
) -> None:
    """Every reason of every bus, and neither list changes."""
    store_run(road, replace(B, run_id="run-4", approved_students=0))
    with pytest.raises(Refused) as refusal:
        split(road, **targets)
    assert {reason.code for reason in refusal.value.reasons} == codes
    assert not state(road, B).plan.manifest
    assert not state(road, C).plan.manifest


def test_everybody_who_must_go_is_offered(road: Database) -> None:
    """Those aboard, and nobody who got off."""
    assert redirects.right_runs(road, "run-1") == {}
    assert set(riders_to_move(road, "run-1")) == set(MOVED)
