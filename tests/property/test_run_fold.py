"""The fold is a function of the set of events: order, copies and worse clocks can never clear a rider."""

from dataclasses import replace
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from busops.domain.envelope import envelope_of, parse_envelope
from busops.domain.events import MovedIn, MovedOut, Observation
from busops.domain.run import Holdings, RunState, fold
from busops.domain.run_plan import RunPlan
from busops.domain.transfers import Elsewhere
from tests.builders import ATTENDANT, DEPARTS_MS, Tablet, a_run

PLAN = a_run(riders=2, devices=frozenset())
OTHER = a_run(run_id="run-2", riders=2, devices=frozenset())
RIDERS = ("r1", "r2")
TAPS = st.tuples(
    st.integers(1, 3),  # device
    st.sampled_from(["board", "alight", "alight", "moved_out", "moved_in", "void", "absent", "seal"]),
    st.sampled_from(["r1", "r2", "r9"]),
    st.integers(0, 30),  # seconds since this tablet's last tap
)
SKEWS = st.lists(st.sampled_from([0, 1_000, 30_000, -86_400_000]), min_size=3, max_size=3)


def history(taps: list[tuple[int, str, str, int]], skews: list[int]) -> list[Observation]:
    """The logs of three tablets, whose clocks are off and not known to be."""
    tablets = [Tablet(plan=PLAN, dev=dev, now_s=0) for dev in (1, 2, 3)]
    for dev, kind, rider_id, after_s in taps:
        tablet = tablets[dev - 1]
        if kind == "void":
            if tablet.log:
                tablet.void(tablet.log[-1], after_s=after_s)
        elif kind == "seal":
            tablet.record("seal", after_s=after_s)
        elif kind == "absent":
            tablet.record("absent", rider=rider_id, reason="ill", after_s=after_s)
        else:
            over = {"text": "run-2"} if kind.startswith("moved") else {"stop": "S1"}
            tablet.record(kind, rider=rider_id, after_s=after_s, **over)
    assert len(skews) == len(tablets)
    return [
        replace(event, wall_ms=event.wall_ms + skews[event.dev - 1])
        for tablet in tablets
        for event in tablet.log
    ]


def said(state: RunState) -> tuple[object, ...]:
    """Everything a state says, comparable."""
    return (state.phase, state.accounts, state.findings, state.checks, state.devices, state.open_counts)


@given(st.lists(TAPS, max_size=25), SKEWS, st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_sy02_order_and_copies_do_not_matter(taps: list, skews: list[int], chance: object) -> None:
    """A history shuffled and doubled folds to the same state."""
    events = history(taps, skews)
    mixed = events + events[::2]
    chance.shuffle(mixed)
    assert said(fold(PLAN, mixed)) == said(fold(PLAN, events))


@given(
    st.lists(st.tuples(st.sampled_from(RIDERS), st.integers(5, 90)), max_size=12),
    st.tuples(st.integers(0, 20), st.integers(0, 20)),
    st.randoms(use_true_random=False),
)
@settings(max_examples=150)
def test_tr01_nobody_is_lost_between_two_buses(
    changes: list[tuple[str, int]], unheard: tuple[int, int], chance: object
) -> None:
    """
    Riders change between two buses, back and forth; each is on the one he is in, and none is on the way.

    While the last events of either tablet are missing he is aboard one of them or on the way to one.
    """
    buses, in_first = both_buses(changes)
    heard = [tablet.log[: len(tablet.log) - n] for tablet, n in zip(buses, unheard, strict=True)]
    known = {event.rider_id for event in heard[0] if event.kind == "board"}
    here, there = folded(*heard, chance)
    assert known <= here.aboard | here.moving.keys() | there.aboard | there.moving.keys()
    here, there = folded(*(tablet.log for tablet in buses), chance)
    assert (here.aboard, there.aboard) == (in_first, set(RIDERS) - in_first)
    assert not here.moving
    assert not there.moving


def both_buses(changes: list[tuple[str, int]]) -> tuple[tuple[Tablet, Tablet], set[str]]:
    """Everybody on the first bus, then these change, one after another; who is on the first at the end."""
    buses = Tablet(plan=PLAN, now_s=0), Tablet(plan=OTHER, dev=2, now_s=0)
    for rider_id in RIDERS:
        buses[0].board(rider_id)
    in_first, now_s = set(RIDERS), buses[0].now_s
    for rider_id, after_s in changes:
        leaves, takes = buses if rider_id in in_first else buses[::-1]
        now_s += after_s
        leaves.now_s = takes.now_s = now_s
        leaves.record("moved_out", rider=rider_id, text=takes.plan.run_id, after_s=0)
        takes.record("moved_in", rider=rider_id, text=leaves.plan.run_id, after_s=0)
        in_first ^= {rider_id}
    return buses, in_first


def folded(first: list[Observation], second: list[Observation], chance: object) -> tuple[RunState, RunState]:
    """Both runs as each log says beside the other, shuffled and with copies."""
    mixed = [[*log, *log[::2]] for log in (first, second)]
    for log in mixed:
        chance.shuffle(log)
    moves = [tuple(each for each in log if isinstance(each, MovedIn | MovedOut)) for log in mixed]
    held = [Holdings(elsewhere=Elsewhere(moves=each)) for each in moves]
    return fold(PLAN, mixed[0], held[1]), fold(OTHER, mixed[1], held[0])


def test_sy01_every_permutation_of_two_tablets_gives_one_state() -> None:
    """All 720 orders of six events, each with copies, say the same."""
    door, cab = Tablet(plan=PLAN), Tablet(plan=PLAN, dev=2)
    door.board("r1")
    door.alight("r1", "S1", after_s=60)
    door.void(door.log[-1], after_s=5)
    cab.board("r1", after_s=12)
    cab.board("r2")
    cab.alight("r2", "S2", after_s=90)
    events = [*door.log, *cab.log]
    states = {repr(said(fold(PLAN, [*order, *order[:2]]))) for order in permutations(events)}
    assert len(states) == 1


@given(st.lists(TAPS, max_size=20), SKEWS, st.integers(0, 10_000_000))
@settings(max_examples=200)
def test_more_clock_uncertainty_never_clears_a_rider(taps: list, skews: list[int], age_ms: int) -> None:
    """Whoever may be aboard with good clocks may be aboard with worse ones."""
    events = history(taps, skews)
    worse = [replace(event, off_age_ms=(event.off_age_ms or 0) + age_ms * 10) for event in events]
    unknown = [replace(event, off_ms=None, off_age_ms=None) for event in events]
    assert fold(PLAN, events).aboard <= fold(PLAN, worse).aboard
    assert fold(PLAN, events).aboard <= fold(PLAN, unknown).aboard


@given(st.lists(TAPS, max_size=20), SKEWS, TAPS)
@settings(max_examples=200)
def test_adding_a_boarding_never_takes_anybody_off(taps: list, skews: list[int], extra: tuple) -> None:
    """One more boarding, wherever and whenever, leaves everybody aboard who was."""
    events = history(taps, skews)
    late = Tablet(plan=PLAN, dev=7, now_s=extra[3])
    late.record("board", rider=extra[2], stop="S1")
    before, after = fold(PLAN, events).aboard, fold(PLAN, [*events, *late.log]).aboard
    assert before <= after
    own = max((event.seq for event in events if event.dev == extra[0]), default=0)
    same = replace(late.log[0], dev=extra[0], seq=own + 1)
    assert before <= fold(PLAN, [*events, same]).aboard


@given(st.lists(TAPS, max_size=20), SKEWS)
@settings(max_examples=150)
def test_what_the_server_received_bounds_the_time_of_a_fact(taps: list, skews: list[int]) -> None:
    """An event's interval never reaches past its receipt, and is never empty."""
    for event in history(taps, skews):
        received = replace(event, received_ms=DEPARTS_MS)
        assert received.lo_ms <= received.hi_ms <= DEPARTS_MS


def test_sy09_taking_back_an_alighting_puts_the_rider_back_aboard() -> None:
    """Within two minutes and by its author; not later, not by another, not across a seal."""
    plan = a_run(riders=1)
    assert aboard_after(plan, after_s=119) == {"r1"}
    assert aboard_after(plan, after_s=121) == frozenset()
    assert aboard_after(plan, after_s=5, by="A2") == frozenset()
    assert aboard_after(plan, after_s=5, is_sealed=True) == frozenset()
    assert aboard_after(plan, after_s=5, dev=2) == frozenset()


def aboard_after(
    plan: RunPlan, *, after_s: int, by: str = ATTENDANT, is_sealed: bool = False, dev: int = 1
) -> frozenset[str]:
    """Who is aboard after the only rider's alighting was taken back so."""
    tablet = Tablet(plan=plan)
    tablet.board("r1")
    off = tablet.alight("r1", "S1", after_s=300)
    if is_sealed:
        tablet.record("seal", after_s=0)
    other = tablet if dev == 1 else Tablet(plan=plan, dev=dev, now_s=tablet.now_s)
    other.void(off, after_s=after_s, by=by)
    events = {event.event_id: event for event in (*tablet.log, *other.log)}
    return fold(plan, events.values()).aboard


def test_parsed_again_an_event_is_the_same() -> None:
    """The log can be read back from its raw form: nothing the fold needs is lost on the way."""
    tablet = Tablet(plan=PLAN)
    tablet.set_out()
    for event in tablet.log:
        assert parse_envelope(envelope_of(event)) == event
