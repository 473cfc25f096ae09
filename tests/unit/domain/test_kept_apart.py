"""A run takes in what two people admitted from under another run's name, and nothing else of the kind."""

from dataclasses import replace
from datetime import timedelta

import pytest

from busops.domain.events import Observation
from busops.domain.kept_apart import (
    Admitted,
    Candidate,
    known_since_ms,
    likely_runs,
    reasons_not_to_admit,
    taken_in,
)
from busops.domain.run import fold
from busops.domain.run_plan import RunPlan
from tests.builders import ATTENDANT, DRIVER, Tablet, a_finished_run, a_run, decided

PLAN = a_run()


def recorded_elsewhere() -> Observation:
    """A boarding that its tablet recorded under the name of run-7."""
    event = Tablet(plan=a_run(run_id="run-7"), dev=2).board("r1")
    return replace(event, run_id=PLAN.run_id, told_run_id=event.run_id)


def admitted(event: Observation, **own: object) -> Admitted:
    """Two people said that it happened here."""
    found = decided(Admitted, PLAN, **({"event_id": event.event_id, "told_run_id": "run-7"} | own))
    assert isinstance(found, Admitted)
    return found


def test_l6_it_counts_with_the_word_of_two_and_not_without() -> None:
    """The fold knows the rider aboard only by the decision; one person's or another event's is none."""
    event = recorded_elsewhere()
    assert fold(PLAN, [event]).aboard == frozenset()
    assert fold(PLAN, [event, admitted(event)]).aboard == {"r1"}
    assert fold(PLAN, [event, admitted(event, second="u1")]).aboard == frozenset()
    assert fold(PLAN, [event, admitted(event, event_id="x")]).aboard == frozenset()


def test_the_run_that_an_event_names_does_not_take_it_in() -> None:
    """Of two runs only the one that the decision stands on has the fact; its own facts need no decision."""
    event = recorded_elsewhere()
    other = a_run(run_id="run-7")
    assert taken_in(other.run_id, [event, admitted(event)]) == ()
    own = a_finished_run(PLAN).log
    assert taken_in(PLAN.run_id, [*own, event]) == tuple(own)


def test_it_is_known_since_two_people_said_so() -> None:
    """A fact is late by the moment it became one, not by the moment something was sent."""
    event = replace(recorded_elsewhere(), received_ms=10)
    assert known_since_ms(event, []) == 10
    assert known_since_ms(event, [admitted(event, made_ms=50)]) == 50
    assert known_since_ms(event, [admitted(event, event_id="x", made_ms=50)]) == 10


@pytest.mark.parametrize(
    ("kind", "own", "code"),
    [
        ("ack", {}, "admit_other_list"),
        ("moved_in", {"rider": "r1", "text": "run-1"}, "admit_own_end"),
        ("moved_out", {"rider": "r1", "text": "run-1"}, "admit_own_end"),
        ("moved_in", {"rider": "r1", "text": "run-3"}, None),
        ("board", {"rider": "r1", "stop": "S1"}, None),
        ("seal", {}, None),
    ],
)
def test_what_speaks_of_another_runs_list_or_leads_nowhere_stays_apart(
    kind: str, own: dict[str, object], code: str | None
) -> None:
    """A confirmed list is another list; nobody changes from a bus into the same one."""
    event = Tablet(plan=a_run(run_id="run-7"), dev=2).record(kind, **own)
    assert [each.code for each in reasons_not_to_admit(event, PLAN.run_id)] == ([code] if code else [])
    assert reasons_not_to_admit(Tablet(plan=PLAN).record("ack"), PLAN.run_id) == ()


def candidate(plan: RunPlan, **own: object) -> Candidate:
    """The run as one that may be meant."""
    made = Candidate(
        run_id=plan.run_id,
        departs_at=plan.departs_at,
        arrives_at=plan.arrives_at,
        rider_ids=frozenset(plan.riders),
        crew_ids=frozenset({ATTENDANT, DRIVER}),
        devices=frozenset({2}),
    )
    return replace(made, **own)


def test_the_run_that_most_speaks_for_comes_first() -> None:
    """Riders, crew, tablet and time each count one; a run for which nothing speaks is not proposed."""
    events = [Tablet(plan=a_run(run_id="run-7"), dev=2).board("r1")]
    day = timedelta(days=1)
    runs = [
        candidate(a_run(run_id="c"), rider_ids=frozenset(), crew_ids=frozenset()),
        candidate(a_run(run_id="b")),
        candidate(
            a_run(run_id="d"),
            rider_ids=frozenset(),
            crew_ids=frozenset(),
            devices=frozenset(),
            departs_at=PLAN.departs_at - day,
            arrives_at=PLAN.arrives_at - day,
        ),
    ]
    found = likely_runs(events, runs)
    assert [each.run_id for each in found] == ["b", "c"]
    assert found[0].signs == ("riders_listed", "of_its_crew", "its_tablet", "in_its_time")
    assert found[1].signs == ("its_tablet", "in_its_time")
    assert [each.run_id for each in likely_runs([], runs)] == []
