"""Histories about what must be looked into before a close: counts, absences, stops, papers."""

from collections.abc import Callable
from typing import Any

from busops.domain.envelope import envelope_of
from busops.domain.events import DepartureForbidden, FindingSettled
from busops.domain.findings import Finding
from busops.domain.fleet import CrewRole
from busops.domain.overrides import Override, OverrideKind, OverrideReason, OverrideVerdict
from busops.domain.people import Role
from busops.domain.run_plan import RunPlan
from busops.storage import event_store, override_store
from busops.storage.database import Database
from tests.builders import Tablet
from tests.interlock_tools import PLAN, decide, driven, ended, on, told
from tests.run_kit import EVENING, send, store_run, write_closure

Act = Callable[[Tablet], Any]


def counted(n: int, *, stop: str = "S3", again: int | None = None) -> Act:
    """Heads are counted at that stop, perhaps once more."""

    def act(tablet: Tablet) -> None:
        tablet.record("headcount", n=n, stop=stop)
        if again is not None:
            tablet.record("headcount", n=again, stop=stop)

    return act


def taken_back(act: Act) -> Act:
    """What was recorded last is taken back."""

    def both(tablet: Tablet) -> None:
        act(tablet)
        tablet.void(tablet.log[-1])

    return both


def at_the_end(database: Database, act: Act) -> None:
    """Something happens at the terminal before the checks."""
    tablet = driven()
    act(tablet)
    told(database, ended(tablet))


def counted_twice_on_two_tablets(database: Database) -> None:
    """One tablet counts one, another counts none in the same minute: which was last is not certain."""
    tablet = driven()
    other = Tablet(plan=PLAN, dev=2, now_s=tablet.now_s)
    tablet.record("headcount", n=1, stop="S3", after_s=1)
    other.record("headcount", n=0, stop="S3", after_s=1)
    other.seal()
    told(database, ended(tablet), other)


def stays_away(database: Database, *acts: Act) -> None:
    """Rider r3 never rides; what was recorded about it."""
    told(database, away(*acts))


def away(*acts: Act) -> Tablet:
    """The tablet of a run on which r3 never rides."""
    tablet = Tablet(plan=PLAN)
    tablet.record("ack")
    for rider_id in ("r1", "r2"):
        tablet.board(rider_id)
    for act in acts:
        act(tablet)
    tablet.drive(rider_ids=("r1", "r2"))
    return ended(tablet)


def spelt_out(database: Database, tablet: Tablet, kind: str, **more: str) -> None:
    """An event of this kind came with fields that mean nothing in it; else everything as usual."""
    event = [each for each in tablet.log if each.kind == kind][0 if kind == "check" else -1]
    store_run(database, PLAN)
    with database.transaction() as tx:
        raw = dict(envelope_of(event)) | more
        event_store.append(tx, event, received_at=EVENING, quarantine_id="q", envelope=raw)
    send(database, tablet)
    write_closure(database, PLAN)


def found_at_the_terminal(database: Database) -> None:
    """A walk through the bus that found one names the stop; it is a check and no count of heads."""
    tablet = driven()
    tablet.check(CrewRole.ATTENDANT, n=1)
    spelt_out(database, ended(tablet), "check", stop="S3")


def told_with_a_reason(database: Database, kind: str, reason: str) -> None:
    """A hand-over or a note about r3 carries a reason; it is no absence."""
    spelt_out(database, away(said(kind, reason)), kind, reason=reason)


def said(kind: str, reason: str) -> Act:
    """Something is recorded about r3, with this reason."""
    return lambda tablet: tablet.record(kind, rider="r3", stop="S3", reason=reason, text="x")


def settled(database: Database, history: Callable[..., None], key: str, *words: Any) -> None:
    """The same history, and two people have looked into what came of it."""
    history(database, *words)
    if key.startswith("rider_missing"):
        let_pass(database, key)
    decide(database, FindingSettled, finding_key=key)


def let_pass(database: Database, key: str) -> None:
    """One asked, another of another role agreed."""
    asked = Override(
        override_id=f"o-{key}",
        run_id=PLAN.run_id,
        kind=OverrideKind.NO_SHOW,
        finding_key=key,
        reason=OverrideReason.GUARDIAN_CONFIRMED,
        note="phoned",
        asked_by="u1",
        asked_role=Role.DISPATCHER,
        asked_ms=1,
    )
    with database.transaction() as tx:
        override_store.insert_request(tx, asked)
        agreed = {"by": "u2", "role": Role.SUPERVISOR, "at_ms": 2}
        override_store.insert_verdict(tx, asked.override_id, OverrideVerdict.APPROVED, **agreed)


def off_at(stop: str | None) -> Act:
    """One more getting off is marked for r1, at that stop."""
    return lambda tablet: tablet.record("alight", rider="r1", stop=stop)


def forbidden(database: Database, *, is_settled: bool = False) -> None:
    """The bus left against papers."""
    tablet = ended(driven())
    told(database, tablet)
    left = next(event for event in tablet.log if event.kind == "depart").event_id
    decide(database, DepartureForbidden, event_id=left, papers=(Finding(code="permit"),))
    if is_settled:
        decide(database, FindingSettled, finding_key=f"departed_forbidden:{left}")


OFF_KEY = "off_stop_alight:00000000-0000-7000-8001-000000000010"  # the sixteenth event of the tablet
QUESTION_STORIES: dict[str, Callable[[Database], None]] = {
    "counted_one": on(at_the_end, counted(1)),
    "counted_none": on(at_the_end, counted(0)),
    "counted_again": on(at_the_end, counted(1, again=0)),
    "counted_none_then_one": on(at_the_end, counted(0, again=1)),
    "count_taken_back": on(at_the_end, taken_back(counted(1))),
    "zero_count_taken_back": on(at_the_end, taken_back(counted(1, again=0))),
    "counted_twice_on_two_tablets": counted_twice_on_two_tablets,
    "found_at_the_terminal": found_at_the_terminal,
    "absent_ill": on(stays_away, said("absent", "ill")),
    "absent_unspecified": on(stays_away, said("absent", "unspecified")),
    "absent_taken_back": on(stays_away, taken_back(said("absent", "ill"))),
    "handed_over_with_a_reason": on(told_with_a_reason, "handover", "ill"),
    "missing": on(stays_away, said("absent", "missing")),
    "missing_then_found_ill": on(stays_away, said("absent", "missing"), said("absent", "ill")),
    "missing_beside_an_ill_stranger": on(
        stays_away,
        lambda tablet: tablet.record("absent", rider="r9", reason="ill"),
        said("absent", "missing"),
    ),
    "missing_taken_back": on(stays_away, taken_back(said("absent", "missing"))),
    "noted_missing": on(told_with_a_reason, "note", "missing"),
    "missing_settled": on(settled, stays_away, "rider_missing:r3", said("absent", "missing")),
    "missing_settled_for_another": on(settled, stays_away, "rider_missing:r2", said("absent", "missing")),
    "missing_but_rode": on(at_the_end, lambda tablet: tablet.record("absent", rider="r3", reason="missing")),
    "off_stop": on(at_the_end, off_at("S7")),
    "off_nowhere": on(at_the_end, off_at(None)),
    "off_stop_taken_back": on(at_the_end, taken_back(off_at("S7"))),
    "off_stop_settled": on(settled, at_the_end, OFF_KEY, off_at("S7")),
    "departed_forbidden": forbidden,
    "departed_forbidden_settled": on(forbidden, is_settled=True),
}


def absent_without_reason(plan: RunPlan) -> list[Tablet]:
    """C8: a rider stays away and nobody said why."""
    tablet = Tablet(plan=plan)
    tablet.record("ack")
    for rider_id in ("r1", "r2"):
        tablet.board(rider_id)
    tablet.record("absent", rider="r3", reason="unspecified")
    tablet.drive(("r1", "r2"))
    tablet.prove_empty()
    tablet.seal()
    return [tablet]


def marks_taken_back(plan: RunPlan) -> list[Tablet]:
    """C8: the only mark of a rider was a wrong tap; nothing is known of him."""
    tablet = Tablet(plan=plan)
    tablet.record("ack")
    for rider_id in ("r1", "r2", "r3"):
        tablet.board(rider_id)
    tablet.void(tablet.log[-1])
    tablet.drive(("r1", "r2"))
    tablet.prove_empty()
    tablet.seal()
    return [tablet]


def one_counted_at_the_end(plan: RunPlan) -> list[Tablet]:
    """C3: somebody counted one at the terminal, and nobody counted again."""
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    tablet.record("headcount", n=1, stop="S3")
    tablet.prove_empty()
    tablet.seal()
    return [tablet]


def off_at_no_stop(plan: RunPlan) -> list[Tablet]:
    """C7: a rider got off where nobody may, and two people have not looked into it."""
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.alight("r1", "nowhere")
    tablet.drive(("r2", "r3"))
    tablet.prove_empty()
    tablet.seal()
    return [tablet]


def rider_missing(plan: RunPlan) -> list[Tablet]:
    """C7: a rider could not be found, and two people have not looked into it."""
    tablet = Tablet(plan=plan)
    tablet.record("ack")
    for rider_id in ("r1", "r2"):
        tablet.board(rider_id)
    tablet.record("absent", rider="r3", reason="missing")
    tablet.drive(("r1", "r2"))
    tablet.prove_empty()
    tablet.seal()
    return [tablet]


QUESTION_HISTORIES: list[tuple[Callable[[RunPlan], list[Tablet]], str]] = [
    (absent_without_reason, "rider_unaccounted"),
    (marks_taken_back, "rider_unaccounted"),
    (one_counted_at_the_end, "count_open"),
    (off_at_no_stop, "question_open"),
    (rider_missing, "question_open"),
]
