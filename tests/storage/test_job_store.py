"""A job row is claimed once, fenced by its tries, and never lost: on both databases."""

from datetime import timedelta

import pytest

from busops.domain.errors import NotFound
from busops.storage import job_store
from busops.storage.database import Database
from busops.storage.job_store import JobState
from tests.machine import FixedClock


@pytest.fixture
def queued(database: Database, clock: FixedClock) -> Database:
    """A database with one waiting job, j1."""
    with database.transaction() as tx:
        job_store.insert_job(tx, "j1", "plan", {"seed": 7}, by="u1", at=clock.now())
    return database


def claimed(database: Database, clock: FixedClock) -> job_store.Job | None:
    """What a worker gets that asks for j1."""
    with database.transaction() as tx:
        return job_store.claim_job(tx, "j1", at=clock.now())


def test_a_job_is_claimed_once(queued: Database, clock: FixedClock) -> None:
    """The second worker that asks gets nothing."""
    first = claimed(queued, clock)
    assert first is not None
    assert (first.state, first.tries, first.arguments) == (JobState.RUNNING, 1, {"seed": 7})
    assert claimed(queued, clock) is None


def test_an_unknown_job_is_not_found(database: Database) -> None:
    """Looking for what was never there says so."""
    with database.reading() as tx, pytest.raises(NotFound, match="job_not_found"):
        job_store.load_job(tx, "none")


def test_beats_carry_progress_and_bring_the_wish_to_cancel(queued: Database, clock: FixedClock) -> None:
    """One statement writes the progress and answers whether the work may go on."""
    claim = claimed(queued, clock)
    with queued.transaction() as tx:
        assert job_store.beat(tx, claim, (3, 10, {"trips": 4}), at=clock.now())
        job_store.ask_to_cancel(tx, "j1", at=clock.now())
        assert not job_store.beat(tx, claim, None, at=clock.now())
        seen = job_store.load_job(tx, "j1")
    assert (seen.done, seen.total, seen.facts, seen.cancel_asked) == (3, 10, {"trips": 4}, True)


def test_a_waiting_job_is_cancelled_at_once(queued: Database, clock: FixedClock) -> None:
    """Nobody works on it, so there is nothing to wait for."""
    with queued.transaction() as tx:
        job_store.ask_to_cancel(tx, "j1", at=clock.now())
        assert job_store.load_job(tx, "j1").state is JobState.CANCELLED
    assert claimed(queued, clock) is None


def test_a_lost_worker_is_fenced_out(queued: Database, clock: FixedClock) -> None:
    """A worker that fell silent and comes back can no longer write into the row of the next."""
    lost = claimed(queued, clock)
    clock.advance(60)
    with queued.transaction() as tx:
        since = clock.now() - timedelta(seconds=20)
        assert job_store.rescue(tx, silent_since=since, tries=3, at=clock.now()) == ("j1",)
    second = claimed(queued, clock)
    assert second.tries == 2
    with queued.transaction() as tx:
        assert not job_store.beat(tx, lost, (9, 9, {}), at=clock.now())
        assert not job_store.end_job(tx, lost, JobState.DONE, at=clock.now(), result=1)
        assert job_store.end_job(tx, second, JobState.DONE, at=clock.now(), result={"plan_id": "p"})
        seen = job_store.load_job(tx, "j1")
    assert (seen.state, seen.result, seen.done, seen.is_over) == (JobState.DONE, {"plan_id": "p"}, 0, True)


def test_a_job_that_is_lost_again_and_again_fails(queued: Database, clock: FixedClock) -> None:
    """Work that kills its worker is given up, with the number of tries."""
    for _ in range(3):
        assert claimed(queued, clock)
        clock.advance(60)
        with queued.transaction() as tx:
            job_store.rescue(tx, silent_since=clock.now() - timedelta(seconds=20), tries=3, at=clock.now())
    with queued.reading() as tx:
        seen = job_store.load_job(tx, "j1")
    assert (seen.state, seen.error_code, seen.error_facts) == (JobState.FAILED, "job_lost", {"tries": 3})


def test_a_beating_job_is_left_alone(queued: Database, clock: FixedClock) -> None:
    """Only silence counts as loss, not how long the work takes."""
    claim = claimed(queued, clock)
    for _ in range(5):
        clock.advance(10)
        with queued.transaction() as tx:
            assert job_store.beat(tx, claim, None, at=clock.now())
            since = clock.now() - timedelta(seconds=20)
            assert job_store.rescue(tx, silent_since=since, tries=3, at=clock.now()) == ()


def test_handing_back_costs_no_try(queued: Database, clock: FixedClock) -> None:
    """A server that is restarted during a job does not use up the job's tries."""
    claim = claimed(queued, clock)
    with queued.transaction() as tx:
        job_store.hand_back(tx, claim)
    assert claimed(queued, clock).tries == 1


def test_old_ends_are_forgotten(queued: Database, clock: FixedClock) -> None:
    """Jobs that ended long ago go; the ones that wait stay."""
    claim = claimed(queued, clock)
    with queued.transaction() as tx:
        job_store.end_job(tx, claim, JobState.DONE, at=clock.now(), result=None)
        job_store.insert_job(tx, "j2", "plan", {}, by="", at=clock.now())
        job_store.forget_jobs(tx, ended_before=clock.advance(1))
        assert [one.job_id for one in job_store.list_jobs(tx)] == ["j2"]
