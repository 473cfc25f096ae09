"""
Riders who go over from run-1 to run-2, told by a tablet on each bus, with what it must come to.

One table for the fold and for both databases: who may be aboard run-1, why it may not be closed,
and the guard's own reason. Rider r1 gets off at S1; then the bus goes no further.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from busops.domain.events import (
    Decision,
    FindingSettled,
    MovedIn,
    MovedOut,
    Released,
    Resolved,
    StrandedBy,
    TransferOpened,
    Whereabouts,
)
from busops.domain.run import Holdings
from busops.domain.timeline import timeline
from busops.domain.transfers import Elsewhere
from busops.storage import event_store
from busops.storage.database import Database
from tests.builders import DRIVER, Tablet, a_run, decided
from tests.interlock_tools import ended
from tests.run_kit import send, store_run, write_closure

A = a_run()
B = a_run(run_id="run-2")
C = a_run(run_id="run-3")
MOVED = ("r2", "r3")


@dataclass(kw_only=True)
class Pair:
    """The tablet of the bus that goes no further, those of other buses, and what the office decided."""

    first: Tablet
    others: tuple[Tablet, ...] = ()
    office: tuple[Decision, ...] = ()


def stranded(*, until_s: int = 0) -> Tablet:
    """Everybody on at the campus, r1 off at S1, on the road again."""
    tablet = Tablet(plan=A)
    tablet.set_out()
    tablet.record("arrive", stop="S1", by=DRIVER, after_s=300)
    tablet.alight("r1")
    tablet.record("depart", stop="S1", by=DRIVER)
    tablet.now_s += until_s
    return tablet


def out(tablet: Tablet, *riders: str, to: str = "run-2") -> None:
    """These riders leave the bus for that of another run."""
    for rider_id in riders:
        tablet.record("moved_out", rider=rider_id, text=to)


def into(*riders: str, plan: Any = B, of: str = "run-1", now_s: int = 2000, **own: Any) -> Tablet:
    """The tablet of the other bus, on which these riders come aboard."""
    tablet = Tablet(plan=plan, dev=own.pop("dev", 2), now_s=now_s, **own)
    for rider_id in riders:
        tablet.record("moved_in", rider=rider_id, text=of)
    return tablet


def opened() -> tuple[Decision, ...]:
    """The office let the bus go no further, and two people wrote down what came of it."""
    it = decided(TransferOpened, A, to_run_id="run-2", cause=StrandedBy.BREAKDOWN, rider_ids=MOVED)
    return it, decided(FindingSettled, A, finding_key=f"stranded_breakdown:{it.decision_id}")


def pair(*others: Tablet, riders: tuple[str, ...] = MOVED, by_office: bool = True, to: str = "run-2") -> Pair:
    """The riders leave, the office agrees or not; the other buses' tablets say what they say."""
    tablet = stranded()
    out(tablet, *riders, to=to)
    return Pair(first=ended(tablet), others=others, office=opened() if by_office else (decided(Released, A),))


def taken_back(*, late_s: int) -> Pair:
    """The other bus takes one of its answers back."""
    other = into(*MOVED)
    other.void(other.log[-1], after_s=late_s)
    return pair(other)


def to_the_end() -> Pair:
    """Somebody goes over, and the bus goes on to its terminal all the same."""
    tablet = stranded()
    out(tablet, "r2")
    tablet.record("arrive", stop="S2", by=DRIVER)
    tablet.record("arrive", stop="S3", by=DRIVER)
    tablet.alight("r3")
    return Pair(first=ended(tablet), others=(into("r2"),))


def there_and_back(*, knows_offset: bool = True) -> Pair:
    """Rider r2 goes over, comes back and gets off at the terminal; r3 at S2."""
    tablet = stranded()
    out(tablet, "r2")
    other = into("r2", now_s=tablet.now_s, knows_offset=knows_offset)
    other.record("moved_out", rider="r2", text="run-1")
    tablet.now_s += 60
    tablet.record("moved_in", rider="r2", text="run-2")
    tablet.record("arrive", stop="S3", by=DRIVER)
    for rider_id in MOVED:
        tablet.alight(rider_id, "S3")
    return Pair(first=ended(tablet), others=(other,))


def there_and_back_again() -> Pair:
    """Rider r2 goes over, comes back and goes over once more, which nothing answers."""
    tablet = stranded()
    out(tablet, "r2", "r3")
    other = into(*MOVED, now_s=tablet.now_s)
    tablet.now_s += 120
    tablet.record("moved_in", rider="r2", text="run-2")
    tablet.now_s += 120
    out(tablet, "r2")
    return Pair(first=ended(tablet), others=(other,), office=opened())


def out_taken_back() -> Pair:
    """Rider r3 is not gone after all."""
    tablet = stranded()
    out(tablet, *MOVED)
    tablet.void(tablet.log[-1])
    return Pair(first=ended(tablet), others=(into("r2"),), office=opened())


def only_out_taken_back() -> Pair:
    """The only move out is taken back, two people know where both riders are: the bus has not ended there."""
    tablet = stranded()
    out(tablet, "r2")
    tablet.void(tablet.log[-1])
    seen = frozenset(event.event_id for event in tablet.log)
    words = tuple(
        decided(Resolved, A, rider_id=rider_id, says=Whereabouts.RETURNED_TO_SCHOOL, covers=seen)
        for rider_id in MOVED
    )
    return Pair(first=ended(tablet), office=(*opened(), *words))


def checked_too_early() -> Pair:
    """The bus was checked before the last rider left it."""
    tablet = stranded()
    out(tablet, "r2")
    tablet.prove_empty()
    out(tablet, "r3")
    tablet.seal()
    return Pair(first=tablet, others=(into(*MOVED),), office=opened())


def cleared_up(*, covers_all: bool) -> Pair:
    """Two people say where r2 and r3 are, having seen all of it or all but the last move."""
    found = pair()
    seen = [event for event in found.first.log if covers_all or event.kind != "moved_out"]
    covers = frozenset(event.event_id for event in seen)
    says = Whereabouts.TRANSFERRED
    words = tuple(decided(Resolved, A, rider_id=rider, says=says, covers=covers) for rider in MOVED)
    return Pair(first=found.first, office=(*found.office, *words))


def cleared_up_before_a_void() -> Pair:
    """Two people have not seen that a second move out was taken back."""
    tablet = stranded()
    out(tablet, *MOVED, "r3")
    seen = frozenset(event.event_id for event in tablet.log)
    tablet.void(tablet.log[-1])
    word = decided(Resolved, A, rider_id="r3", says=Whereabouts.TRANSFERRED, covers=seen)
    return Pair(first=ended(tablet), others=(into("r2"),), office=(*opened(), word))


def came_over(*, gets_off: bool) -> Pair:
    """A rider of another bus comes aboard run-1 and rides to its end, or is not seen again."""
    tablet = stranded()
    tablet.record("moved_in", rider="r9", text="run-2")
    for stop_id in ("S2", "S3"):
        tablet.record("arrive", stop=stop_id, by=DRIVER)
    for rider_id in (*MOVED, *(("r9",) if gets_off else ())):
        tablet.alight(rider_id, "S3")
    return Pair(first=ended(tablet))


def on_one_tablet() -> Pair:
    """The tablet of the stranded bus is taken along and answers itself, on the other run."""
    tablet = stranded()
    out(tablet, *MOVED)
    ended(tablet)
    own = len(tablet.log)
    tablet.plan = B
    for rider_id in MOVED:
        tablet.record("moved_in", rider=rider_id, text="run-1")
    first = Tablet(plan=A, log=tablet.log[:own])
    return Pair(first=first, others=(Tablet(plan=B, log=tablet.log[own:]),), office=opened())


def comes_aboard(*, at_once: bool) -> Pair:
    """Rider r1 comes aboard once more after the others have left, whom the other bus has or not."""
    tablet = stranded()
    out(tablet, *MOVED)
    tablet.now_s += 600
    tablet.board("r1", "S1")
    tablet.alight("r1", "S1")
    return Pair(first=ended(tablet), others=() if at_once else (into(*MOVED, now_s=400),), office=opened())


def off_twice() -> Pair:
    """Rider r3 is marked off by mistake after he went over, and nobody has him."""
    tablet = stranded()
    out(tablet, *MOVED)
    tablet.alight("r3", "S3")
    return Pair(first=ended(tablet), others=(into("r2"),), office=opened())


def sent_on() -> Tablet:
    """The other bus says of r3 only that he went back."""
    tablet = into(dev=3)
    tablet.record("moved_out", rider="r3", text="run-1")
    return tablet


def boarded_there() -> Tablet:
    """The other bus marks the riders on as if they had come from a stop."""
    tablet = into("r2")
    tablet.board("r3", "S3")
    return tablet


OPEN, ABOARD = {"transfer_open"}, {"rider_aboard"}
NO_CHECKS = {"no_attendant_check", "no_driver_check", "not_parked"}
Row = tuple[Callable[[], Pair], set[str], set[str], str | None]
PAIRS: dict[str, Row] = {
    "tr01_whole": (lambda: pair(into(*MOVED)), set(), set(), None),
    "answered_first": (lambda: pair(into(*MOVED, now_s=100)), set(), set(), None),
    "answered_twice": (lambda: pair(into(*MOVED), into(*MOVED, dev=3)), set(), set(), None),
    "on_one_tablet": (on_one_tablet, set(), set(), None),
    "unanswered": (pair, set(), OPEN, "transfer_open"),
    "one_unanswered": (lambda: pair(into("r2")), set(), OPEN, "transfer_open"),
    "another_answered": (lambda: pair(into("r1", "r2")), set(), OPEN, "transfer_open"),
    "another_run_answered": (
        lambda: pair(into("r2"), into("r3", plan=C, dev=3)), set(), OPEN, "transfer_open"),
    "answer_to_another_run": (
        lambda: pair(into("r2"), into("r3", of="run-3", dev=3)), set(), OPEN, "transfer_open"),
    "boarded_there_only": (lambda: pair(boarded_there()), set(), OPEN, "transfer_open"),
    "another_comes_aboard": (lambda: comes_aboard(at_once=True), set(), OPEN, "transfer_open"),
    "another_comes_aboard_later": (lambda: comes_aboard(at_once=False), set(), set(), None),
    "off_twice": (off_twice, set(), OPEN, "transfer_open"),
    "answered_by_going_on": (lambda: pair(into("r2"), sent_on()), set(), OPEN, "transfer_open"),
    "answered_before_boarding": (lambda: pair(into(*MOVED, now_s=-3000)), set(), OPEN, "transfer_open"),
    "answered_without_a_clock": (
        lambda: pair(into(*MOVED, knows_offset=False)), set(), OPEN, "transfer_open"),
    "answer_taken_back": (lambda: taken_back(late_s=30), set(), OPEN, "transfer_open"),
    "answer_taken_back_too_late": (lambda: taken_back(late_s=121), set(), set(), None),
    "not_by_the_office": (
        lambda: pair(into(*MOVED), by_office=False), set(), NO_CHECKS | {"not_arrived"}, "no_sound_check"),
    "to_the_end": (to_the_end, set(), set(), None),
    "there_and_back": (there_and_back, set(), set(), None),
    "there_and_back_again": (there_and_back_again, set(), OPEN, "transfer_open"),
    "out_taken_back": (out_taken_back, {"r3"}, ABOARD | {"not_arrived"}, "rider_aboard"),
    "only_out_taken_back": (
        only_out_taken_back, set(), NO_CHECKS | {"not_arrived"}, "no_sound_check"),
    "tr03_checked_too_early": (checked_too_early, set(), NO_CHECKS, "no_sound_check"),
    "cleared_up": (lambda: cleared_up(covers_all=True), set(), set(), None),
    "cleared_up_unseen": (lambda: cleared_up(covers_all=False), set(), OPEN, "transfer_open"),
    "cleared_up_before_a_void": (cleared_up_before_a_void, set(), OPEN, "transfer_open"),
    "came_over": (lambda: came_over(gets_off=True), set(), set(), None),
    "came_over_and_stays": (lambda: came_over(gets_off=False), {"r9"}, ABOARD, "rider_aboard"),
}  # fmt: skip


def holdings(others: Iterable[Tablet], run_id: str = "run-1") -> Holdings:
    """What the store would hold of the other runs' moves."""
    by_run: dict[str, list[Any]] = {}
    for tablet in others:
        by_run.setdefault(tablet.plan.run_id, []).extend(tablet.log)
    standing = [event for log in by_run.values() for event in timeline(log).standing()]
    moves = tuple(
        event for event in standing if isinstance(event, MovedIn | MovedOut) and event.other_run_id == run_id
    )
    return Holdings(elsewhere=Elsewhere(moves=moves))


def scenario(build: Callable[[], Pair]) -> tuple[Any, list[Any], Holdings]:
    """The history as the fold takes it."""
    found = build()
    return A, [*found.first.log, *found.office], holdings(found.others)


def told(database: Database, build: Callable[[], Pair], *, others_first: bool = False) -> Pair:
    """The history as a database has it, up to the moment somebody would close run-1."""
    found = build()
    for plan in (A, B, C):
        store_run(database, plan)
    tablets = (found.first, *found.others)
    for tablet in reversed(tablets) if others_first else tablets:
        send(database, tablet)
    with database.transaction() as tx:
        for decision in found.office:
            event_store.decide(tx, decision)
    write_closure(database, A)
    return found
