"""
Histories of a run with what they must come to: who may be aboard, and why it may not be closed.

The table is the oracle of the gate's own test and of the mutants: a change of the rules that
no line here notices is a rule that nobody tests.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from busops.domain.events import (
    Closed,
    Decision,
    DepartureForbidden,
    DeviceReleased,
    Event,
    ManifestChanged,
    Reopened,
    Resolved,
    Whereabouts,
)
from busops.domain.findings import Finding
from busops.domain.fleet import CrewRole
from busops.domain.run import Holdings
from busops.domain.run_plan import RunPlan
from tests.builders import ALL_OK, DEPARTS_MS, DRIVER, Tablet, a_finished_run, a_run, decided
from tests.transfer_histories import PAIRS, scenario

Scenario = tuple[RunPlan, list[Event], Holdings | None]
REAR = ["900001"]


def ended(plan: RunPlan | None = None, *, last: Callable[[Tablet], Any] | None = None) -> Tablet:
    """Everybody off at the terminal, then ``last`` instead of checks."""
    tablet = Tablet(plan=plan or a_run())
    tablet.set_out()
    tablet.drive()
    if last is not None:
        last(tablet)
    return tablet


def with_checks(*acts: Callable[[Tablet], Any]) -> Scenario:
    """These acts after the arrival, then sealed."""
    tablet = ended()
    for act in acts:
        act(tablet)
    tablet.seal()
    return tablet.plan, list(tablet.log), None


def attendant(tablet: Tablet, **own: Any) -> None:
    """The attendant's check."""
    tablet.check(CrewRole.ATTENDANT, **own)


def driver(tablet: Tablet, **own: Any) -> None:
    """The driver's check."""
    tablet.check(CrewRole.DRIVER, **own)


def parked(tablet: Tablet, **own: Any) -> None:
    """Parked, with the rear tag."""
    tablet.record("parked", **({"by": DRIVER, "codes": REAR} | own))


def sound() -> Scenario:
    """Everything in order."""
    tablet = a_finished_run(a_run())
    return tablet.plan, list(tablet.log), None


def sound_and(second: Callable[[Tablet], Any], *, now_s: int = -1800, knows: bool = True) -> Scenario:
    """Everything in order on tablet 1, and a second tablet that saw something else."""
    first = a_finished_run(a_run())
    other = Tablet(plan=first.plan, dev=2, now_s=now_s, knows_offset=knows)
    second(other)
    other.seal()
    return first.plan, [*first.log, *other.log], None


def off_at_s() -> int:
    """When r1 got off in a finished run, in seconds."""
    off = next(event for event in a_finished_run(a_run()).log if event.kind == "alight")
    return (off.wall_ms - DEPARTS_MS) // 1000


def resolved_case(*, covers_all: bool, by: str = "u1", second: str = "u2") -> Scenario:
    """r3 never got off by the marks; two people (or not) say where he is, having seen (nearly) all."""
    tablet = Tablet(plan=a_run())
    tablet.set_out()
    tablet.drive(rider_ids=("r1", "r2"))
    tablet.prove_empty()
    tablet.seal()
    covers = frozenset(event.event_id for event in tablet.log if covers_all or event.kind != "board")
    own = {"rider_id": "r3", "says": Whereabouts.ALIGHTED, "covers": covers, "by": by, "second": second}
    return tablet.plan, [*tablet.log, decided(Resolved, tablet.plan, **own)], None


def device_case(*, upto_seq: int, second: str = "u2") -> Scenario:
    """An unsealed second tablet is given up, up to what it sent or not so far."""
    first = a_finished_run(a_run())
    other = Tablet(plan=first.plan, dev=2)
    other.record("note", text="one")
    other.record("note", text="two")
    given_up = decided(DeviceReleased, first.plan, dev=2, upto_seq=upto_seq, second=second)
    return first.plan, [*first.log, *other.log, given_up], None


def without(kind: str, number: int = 0) -> Scenario:
    """Everything in order but one event that never arrived."""
    plan, events, _ = sound()
    of_kind = [event for event in events if event.kind == kind]
    return plan, [event for event in events if event is not of_kind[number]], None


def changed(**plan_changes: Any) -> Scenario:
    """Everything in order, but the run was another."""
    plan, events, _ = sound()
    return replace(plan, **plan_changes), events, None


def absent_for(reason: str) -> Scenario:
    """r3 stays away for this reason."""
    tablet = Tablet(plan=a_run())
    tablet.record("absent", rider="r3", reason=reason)
    tablet.record("ack")
    tablet.record("precheck", by=DRIVER, codes=list(ALL_OK))
    tablet.board("r1")
    tablet.board("r2")
    tablet.record("headcount", n=2, stop="@campus")
    tablet.record("depart", stop="@campus", by=DRIVER, after_s=2000)
    tablet.drive(rider_ids=("r1", "r2"))
    tablet.prove_empty()
    tablet.seal()
    return tablet.plan, list(tablet.log), None


def reopened() -> Scenario:
    """Opened again after the checks were made."""
    plan, events, _ = sound()
    made_ms = DEPARTS_MS + 10**7
    return plan, [*events, decided(Reopened, plan, made_ms=made_ms)], None


def closed_yet_disputed() -> Scenario:
    """A closed run under which a boarding comes to light that cannot be put in order."""
    plan, events, _ = sound_and(lambda t: t.board("r1", "S1", after_s=0), now_s=off_at_s())
    return plan, [*events, decided(Closed, plan, version=1)], None


def voided(*, after_s: int, by: str = "A1") -> Scenario:
    """The last alighting is taken back."""
    tablet = ended()
    tablet.void(tablet.log[-1], after_s=after_s, by=by)
    tablet.prove_empty()
    tablet.seal()
    return tablet.plan, list(tablet.log), None


def office_says(kind: type[Decision], **own: Any) -> Scenario:
    """A sound run on which something else was decided or kept."""
    plan, events, holdings = sound()
    left = next(event for event in events if event.kind == "depart")
    own = {"event_id": left.event_id} | own if kind is DepartureForbidden else own
    return plan, [*events, decided(kind, plan, **own)], holdings


def counts_at_once() -> Scenario:
    """One tablet counts one at the terminal, another none in the same second."""
    tablet = ended()
    other = Tablet(plan=tablet.plan, dev=2, now_s=tablet.now_s)
    tablet.record("headcount", n=1, stop="S3", after_s=1)
    other.record("headcount", n=0, stop="S3", after_s=1)
    other.seal()
    tablet.prove_empty()
    tablet.seal()
    return tablet.plan, [*tablet.log, *other.log], None


NO_CHECKS = {"no_attendant_check", "no_driver_check", "not_parked"}
NO_DRIVER = {"no_driver_check", "not_parked"}
BIG = "over_students"
SCENARIOS: dict[str, tuple[Callable[[], Scenario], set[str], set[str]]] = {
    "sound": (sound, set(), set()),
    "ec01_no_checks": (with_checks, set(), NO_CHECKS),
    "ec02_one_person": (
        lambda: with_checks(attendant, lambda t: driver(t, by="A1"), parked), set(), NO_DRIVER),
    "ec03_driver_first": (lambda: with_checks(driver, attendant, parked), set(), NO_DRIVER),
    "ec04_button_only": (
        lambda: with_checks(lambda t: attendant(t, codes=[]), driver, parked), set(), NO_CHECKS),
    "ec05_wrong_tag": (
        lambda: with_checks(attendant, lambda t: driver(t, codes=[*REAR, "1"]), parked), set(), NO_DRIVER),
    "ec16_found_one": (lambda: with_checks(lambda t: attendant(t, n=1), driver, parked), set(), NO_CHECKS),
    "found_one_later": (
        lambda: with_checks(attendant, driver, parked, lambda t: attendant(t, n=1)), set(), NO_CHECKS),
    "not_parked": (lambda: with_checks(attendant, driver), set(), {"not_parked"}),
    "attendant_parks": (
        lambda: with_checks(attendant, driver, lambda t: parked(t, by="A1")), set(), {"not_parked"}),
    "parked_without_tag": (
        lambda: with_checks(attendant, driver, lambda t: parked(t, codes=[])), set(), {"not_parked"}),
    "parked_first": (lambda: with_checks(attendant, parked, driver), set(), {"not_parked"}),
    "stranger_checks": (
        lambda: with_checks(lambda t: attendant(t, by="X1"), driver, parked), set(), NO_CHECKS),
    "stranger_checks_as_driver": (
        lambda: with_checks(attendant, lambda t: driver(t, by="X1"), parked), set(), NO_DRIVER),
    "closed_yet_disputed": (closed_yet_disputed, {"r1"}, {"rider_disputed"}),
    "moved_after_checks": (
        lambda: with_checks(attendant, driver, parked, lambda t: t.record("depart", stop="S3")),
        set(), NO_CHECKS),
    "count_says_one": (
        lambda: with_checks(lambda t: t.record("headcount", n=1, stop="S3"), attendant, driver, parked),
        set(), {"final_count_not_zero", "finding_open"}),
    "counted_one_then_none": (
        lambda: with_checks(lambda t: t.record("headcount", n=1, stop="S3"),
                            lambda t: t.record("headcount", n=0, stop="S3"), attendant, driver, parked),
        set(), set()),
    "counted_none_then_one": (
        lambda: with_checks(lambda t: t.record("headcount", n=0, stop="S3"),
                            lambda t: t.record("headcount", n=1, stop="S3"), attendant, driver, parked),
        set(), {"final_count_not_zero", "finding_open"}),
    "counted_one_and_none_at_once": (
        counts_at_once, set(), {"final_count_not_zero", "finding_open"}),
    "boards_after_checks": (
        lambda: with_checks(attendant, driver, parked, lambda t: t.board("r1", "S3")), {"r1"},
        NO_CHECKS | {"rider_aboard"}),
    "sy09_taken_back": (lambda: voided(after_s=120), {"r3"}, {"rider_aboard"}),
    "taken_back_too_late": (lambda: voided(after_s=121), set(), set()),
    "taken_back_by_another": (lambda: voided(after_s=5, by="D1"), set(), set()),
    "second_tablet_boards_later": (
        lambda: sound_and(lambda t: t.board("r1"), now_s=9000), {"r1"}, NO_CHECKS | {"rider_aboard"}),
    "second_tablet_boards_before": (lambda: sound_and(lambda t: t.board("r1")), set(), set()),
    "second_tablet_boards_at_once": (
        lambda: sound_and(lambda t: t.board("r1", "S1", after_s=0), now_s=off_at_s()), {"r1"},
        {"rider_disputed"}),
    "second_tablet_without_clock": (
        lambda: sound_and(lambda t: t.board("r1"), knows=False), {"r1"}, NO_CHECKS | {"rider_disputed"}),
    "off_stop": (
        lambda: sound_and(lambda t: t.alight("r9", "nowhere"), now_s=600), set(), {"finding_open"}),
    "still_aboard": (lambda: without("alight"), {"r1"}, {"rider_aboard", "device_gap"}),
    "sy03_gap": (lambda: without("headcount"), set(), {"device_gap", "finding_open"}),
    "no_arrival": (lambda: without("arrive", 2), set(), NO_CHECKS | {"not_arrived", "device_gap"}),
    "unsealed": (lambda: without("seal"), set(), {"device_unsealed"}),
    "bound_device_never_heard": (lambda: changed(devices=frozenset({1, 5})), set(), {"device_unsealed"}),
    "absent_with_reason": (lambda: absent_for("ill"), set(), set()),
    "absent_without_reason": (lambda: absent_for("unspecified"), set(), {"absent_without_reason"}),
    "missing": (lambda: absent_for("missing"), set(), {"finding_open"}),
    "resolved_by_two": (lambda: resolved_case(covers_all=True), set(), set()),
    "resolved_by_one": (lambda: resolved_case(covers_all=True, second="u1"), {"r3"}, {"rider_aboard"}),
    "resolved_unseen": (lambda: resolved_case(covers_all=False), {"r3"}, {"rider_aboard"}),
    "device_given_up": (lambda: device_case(upto_seq=2), set(), set()),
    "device_given_up_too_early": (lambda: device_case(upto_seq=1), set(), {"device_unsealed"}),
    "device_given_up_by_one": (lambda: device_case(upto_seq=2, second="u1"), set(), {"device_unsealed"}),
    "reopened": (reopened, set(), NO_CHECKS),
    "bd01_over_students": (lambda: changed(approved_students=2), set(), {"finding_open"}),
    "bd02_over_persons": (lambda: changed(approved_total=4), set(), {"finding_open"}),
    "quarantine": (
        lambda: (*sound()[:2], Holdings(complete_to={1: 99}, quarantined=1)), set(), {"quarantine_open"}),
    "gap_on_another_run": (lambda: (*sound()[:2], Holdings(complete_to={1: 5})), set(), {"device_gap"}),
    "departed_against_papers": (
        lambda: office_says(DepartureForbidden, papers=(Finding(code="permit"),)), set(), {"finding_open"}),
    "struck_off_before": (
        lambda: office_says(ManifestChanged, version=1, removed=("r9",), made_ms=DEPARTS_MS - 3_600_000),
        set(), set()),
    "struck_off_underway": (
        lambda: office_says(ManifestChanged, version=1, removed=("r9",), made_ms=DEPARTS_MS + 60_000),
        set(), {"finding_open"}),
    "driver_is_attendant": (
        lambda: changed(attendant_ids=("A1", "D1")), set(), {"same_person"} | NO_DRIVER),
    **{name: (partial(scenario, build), aboard, why) for name, (build, aboard, why, _) in PAIRS.items()},
}  # fmt: skip


def verdict(fold: Any, gate: Any, scenario: Scenario) -> tuple[set[str], set[str]]:
    """Who may be aboard and the codes of the reasons, by the given fold and gate."""
    plan, events, holdings = scenario
    state = fold(plan, events, holdings)
    return set(state.aboard), {reason.code for reason in gate(state)}
