"""Histories about who is aboard: taps taken back, words of two people, riders nobody marked."""

from collections.abc import Callable
from typing import Any

from busops.domain.events import Resolved, Whereabouts
from busops.domain.fleet import CrewRole
from busops.storage.database import Database
from tests.builders import DRIVER, Tablet
from tests.interlock_tools import PLAN, TWO, decide, driven, ended, on, told

SAYS = Whereabouts


def where_is(tablet: Tablet, rider_id: str, says: Whereabouts, *, but: int = 0) -> dict[str, Any]:
    """What two people say of a rider, having seen all marks, or all ``but`` some."""
    seen = [event.event_id for event in tablet.log if event.kind in {"board", "alight", "void"}]
    return {"rider_id": rider_id, "says": says, "covers": frozenset(seen[: len(seen) - but])}


def voids(
    database: Database, *, seal_between: bool = False, dev: int = 1, after_s: int = 60, **own: Any
) -> None:
    """Somebody takes back the last alighting, which is done before the checks."""
    tablet = driven(TWO)
    target = next(event for event in reversed(tablet.log) if event.kind == "alight")
    other = tablet if dev == 1 else Tablet(plan=TWO, dev=dev, now_s=tablet.now_s)
    while len(other.log) < target.seq:
        other.record("note", text="x", after_s=0)
    if seal_between:
        tablet.seal()
    other.void(target, after_s=after_s, **own)
    if other is not tablet:
        other.seal()
        tablet.now_s = other.now_s + 60
    ended(tablet)
    told(database, *({1: tablet, dev: other}.values()))


def void_with_a_seal(database: Database, *, dev: int) -> None:
    """Between tap and void another tablet's seal, or its own before the tap: it is taken back."""
    tablet = Tablet(plan=PLAN)
    tablet.set_out()
    if dev == 1:
        tablet.seal()
    tablet.drive()
    tablet.record("note", text="x", after_s=1)
    tablet.void(tablet.log[-2], after_s=1)
    other = Tablet(plan=PLAN, dev=2, now_s=tablet.now_s)
    while len(other.log) < tablet.log[-2].seq - 1:
        other.record("note", text="x", after_s=0)
    other.seal()
    told(database, ended(tablet), *([other] if dev == 2 else []))


def void_of_no_mark(database: Database) -> None:
    """A check is taken back, which is no tap that can be: it stands."""
    tablet = driven()
    check = tablet.check(CrewRole.ATTENDANT)
    tablet.void(check)
    told(database, ended(tablet))


def boards_later(database: Database) -> None:
    """Somebody else gets on again after r1 got off."""
    tablet = Tablet(plan=PLAN)
    tablet.set_out()
    tablet.record("arrive", stop="S1", by=DRIVER)
    for rider_id in ("r1", "r2"):
        tablet.alight(rider_id, "S1")
    tablet.board("r2", "S1")
    tablet.drive(rider_ids=("r2", "r3"))
    told(database, ended(tablet))


def resolved_by_two(
    database: Database,
    *,
    but: int = 0,
    says: Whereabouts = Whereabouts.ALIGHTED,
    off: tuple[str, ...] = ("r1", "r2"),
) -> None:
    """Rider r3 was never marked off, perhaps not alone; two people looked into r3."""
    tablet = Tablet(plan=PLAN)
    tablet.set_out()
    tablet.drive(rider_ids=off)
    told(database, ended(tablet))
    decide(database, Resolved, **where_is(tablet, "r3", says, but=but))


def resolved_before_a_void(database: Database) -> None:
    """Two people saw all marks of r3; that one was taken back they have not seen."""
    tablet = Tablet(plan=PLAN)
    tablet.set_out()
    tablet.drive(rider_ids=("r1", "r2"))
    tablet.board("r3", "S3")
    seen = where_is(tablet, "r3", Whereabouts.ALIGHTED)
    tablet.void(tablet.log[-1])
    told(database, ended(tablet))
    decide(database, Resolved, **seen)


def resolved_before_another_void(database: Database) -> None:
    """What was taken back later was about r1, and an absence that is no mark: the word on r3 stands."""
    tablet = Tablet(plan=PLAN)
    tablet.set_out()
    tablet.drive(rider_ids=("r1", "r2"))
    seen = where_is(tablet, "r3", Whereabouts.ALIGHTED)
    tablet.void(tablet.alight("r1", "S3"))
    tablet.void(tablet.record("absent", rider="r3", reason="leave"))
    told(database, ended(tablet))
    decide(database, Resolved, **seen)


def resolved_twice(database: Database, *words: Whereabouts) -> None:
    """Two people said one thing, later another."""
    tablet = ended(driven())
    told(database, tablet)
    for says in words:
        decide(database, Resolved, **where_is(tablet, "r3", says))


def absent_by_two_people(database: Database) -> None:
    """No mark of r3 at all; two people say where r3 is."""
    tablet = Tablet(plan=PLAN)
    tablet.record("ack")
    for rider_id in ("r1", "r2"):
        tablet.board(rider_id)
    tablet.drive(rider_ids=("r1", "r2"))
    told(database, ended(tablet))
    decide(database, Resolved, **where_is(tablet, "r3", Whereabouts.ALIGHTED))


def missing_by_two_people(database: Database) -> None:
    """Rider r3 was missing on the way; two people found out where r3 is."""
    tablet = Tablet(plan=PLAN)
    tablet.record("ack")
    for rider_id in ("r1", "r2"):
        tablet.board(rider_id)
    tablet.record("absent", rider="r3", reason="missing")
    tablet.drive(rider_ids=("r1", "r2"))
    told(database, ended(tablet))
    decide(database, Resolved, **where_is(tablet, "r3", Whereabouts.ALIGHTED))


def handed_over_only(database: Database) -> None:
    """Of r3 there is a hand-over and no mark."""
    tablet = Tablet(plan=PLAN)
    tablet.record("ack")
    for rider_id in ("r1", "r2"):
        tablet.board(rider_id)
    tablet.drive(rider_ids=("r1", "r2"))
    tablet.record("handover", rider="r3", stop="S3", text="grandmother")
    told(database, ended(tablet))


RIDER_STORIES: dict[str, Callable[[Database], None]] = {
    "void_in_time": on(voids),
    "void_by_another": on(voids, by="A2"),
    "void_too_late": on(voids, after_s=121),
    "void_at_the_limit": on(voids, after_s=120),
    "void_of_another_boot": on(voids, boot="00000000-0000-7000-8000-0000000000b1", mono_ms=5),
    "void_on_another_tablet": on(voids, dev=2),
    "void_across_a_seal": on(voids, seal_between=True),
    "void_of_no_mark": void_of_no_mark,
    "resolved": resolved_by_two,
    "resolved_unseen": on(resolved_by_two, but=6),
    "resolved_aboard": on(resolved_by_two, says=SAYS.ABOARD),
    "resolved_before_a_void": resolved_before_a_void,
    "resolved_before_another_void": resolved_before_another_void,
    "resolved_off_then_aboard": on(resolved_twice, SAYS.ALIGHTED, SAYS.ABOARD),
    "resolved_aboard_then_off": on(resolved_twice, SAYS.ABOARD, SAYS.ALIGHTED),
    "absent_by_two_people": absent_by_two_people,
    "missing_by_two_people": missing_by_two_people,
    "handed_over_only": handed_over_only,
    "void_with_anothers_seal": on(void_with_a_seal, dev=2),
    "void_after_an_early_seal": on(void_with_a_seal, dev=1),
    "boards_later": boards_later,
    "resolved_one_of_two": on(resolved_by_two, off=("r1",)),
}
