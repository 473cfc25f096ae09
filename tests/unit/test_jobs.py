"""Jobs run beside the pages: progress, cancel, crash, rescue, and a restart in the middle."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from busops import jobs
from busops.clock import ShiftedClock, SystemClock, UuidIds
from busops.config import Settings
from busops.domain.errors import InvalidInput, Refused
from busops.domain.findings import Finding
from busops.jobs import JobContext, JobQueue
from busops.storage.database import Database, open_engine
from busops.storage.job_store import JobState

WAIT_S = 10.0


@pytest.fixture
def handlers() -> Iterator[dict[str, Any]]:
    """A registry of its own for each test."""
    kept = dict(jobs.HANDLERS)
    yield jobs.HANDLERS
    jobs.HANDLERS.clear()
    jobs.HANDLERS.update(kept)


@pytest.fixture
def queue(database_url: str, settings: Settings, handlers: dict[str, Any]) -> Iterator[JobQueue]:
    """A queue on a real database, once on SQLite and once on PostgreSQL."""
    engine = open_engine(database_url)
    made = JobQueue(
        Database(engine=engine, school_id=settings.school_id),
        replace(settings, database_url=database_url),
        clock=SystemClock(),
        ids=UuidIds(),
    )
    yield made
    made.stop()
    made.close()
    engine.dispose()


def until_over(queue: JobQueue, job_id: str) -> jobs.Job:
    """The job when it is over; fails after ten seconds."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        seen = queue.look(job_id)
        if seen.is_over:
            return seen
        time.sleep(0.02)
    raise AssertionError(f"not over: {queue.look(job_id)}")


def test_a_job_is_done_by_a_worker(queue: JobQueue, handlers: dict[str, Any]) -> None:
    """Submitted here, done in another thread, with its last progress and its result in the row."""

    @jobs.job("count")
    def count(context: JobContext, *, up_to: int) -> dict[str, str]:
        for number in range(up_to):
            context.progress(number + 1, up_to, at="step")
        return {"thread": threading.current_thread().name}

    queue.start()
    seen = until_over(queue, queue.submit("count", {"up_to": 3}, by="u1"))
    assert seen.state is JobState.DONE
    assert (seen.done, seen.total, seen.facts, seen.submitted_by) == (3, 3, {"at": "step"}, "u1")
    assert seen.result["thread"] != threading.current_thread().name


def test_cancel_reaches_the_work_within_half_a_second(queue: JobQueue, handlers: dict[str, Any]) -> None:
    """From the wish to the end of the job: the handler looks often, the row says cancelled."""
    started = threading.Event()

    @jobs.job("endless")
    def endless(context: JobContext) -> None:
        started.set()
        while True:
            context.stop_if_cancelled()
            time.sleep(0.005)

    queue.start()
    job_id = queue.submit("endless", {})
    assert started.wait(WAIT_S)
    asked = time.monotonic()
    queue.cancel(job_id)
    assert until_over(queue, job_id).state is JobState.CANCELLED
    assert time.monotonic() - asked < 1.5  # half a second, and a loaded test machine


@pytest.mark.parametrize("discards", [False, True])
def test_a_stop_says_whether_what_was_found_is_wanted(
    queue: JobQueue, handlers: dict[str, Any], discards: bool
) -> None:
    """Asked to stop, the work learns whether to keep what it has; kept, the job is done with a result."""
    started = threading.Event()

    @jobs.job("keeps")
    def keeps(context: JobContext) -> str:
        started.set()
        while not context.cancelled():
            time.sleep(0.005)
        if not context.keeps_best():
            raise Refused("planning_stopped")
        return "the best so far"

    queue.start()
    job_id = queue.submit("keeps", {})
    assert started.wait(WAIT_S)
    queue.cancel(job_id, discards=discards)
    seen = until_over(queue, job_id)
    found = (JobState.CANCELLED, None) if discards else (JobState.DONE, "the best so far")
    assert (seen.state, seen.result) == found


def test_a_leaving_worker_keeps_nothing_half_done(queue: JobQueue, handlers: dict[str, Any]) -> None:
    """Nobody asked to stop: what the worker had is not stored, and the next one does the work."""
    started = threading.Event()
    may_end = threading.Event()

    @jobs.job("keeps")
    def keeps(context: JobContext) -> str:
        started.set()
        while not (context.cancelled() or may_end.is_set()):
            time.sleep(0.005)
        if context.cancelled():
            context.keeps_best()
        return "all of it"

    queue.start()
    job_id = queue.submit("keeps", {})
    assert started.wait(WAIT_S)
    queue.stop()
    assert queue.look(job_id).state is JobState.QUEUED
    may_end.set()
    queue.start()
    assert until_over(queue, job_id).result == "all of it"


def test_a_refusal_keeps_its_reasons(queue: JobQueue, handlers: dict[str, Any]) -> None:
    """An error with a code ends as that code, its findings as plain JSON."""

    @jobs.job("refused")
    def refused(_context: JobContext) -> None:
        raise Refused("not_now", [Finding(code="why", place="R1", facts={"n": {2, 1}})], on=Path("x"))

    job_id = queue.submit("refused", {})
    queue.work(job_id)
    seen = queue.look(job_id)
    assert (seen.state, seen.error_code) == (JobState.FAILED, "not_now")
    assert seen.error_facts["findings"][0]["code"] == "why"
    assert seen.error_facts["on"] == "x"


def test_a_crash_is_logged_and_leaves_a_code(queue: JobQueue, handlers: dict[str, Any]) -> None:
    """A programming error never reaches the page as a traceback."""

    @jobs.job("broken")
    def broken(_context: JobContext) -> None:
        raise ZeroDivisionError("secret detail")

    job_id = queue.submit("broken", {})
    with capture_logs() as logged:
        queue.work(job_id)
    seen = queue.look(job_id)
    assert (seen.state, seen.error_code, seen.error_facts) == (
        JobState.FAILED,
        "job_failed",
        {"job_id": job_id},
    )
    assert "job_crashed" in {entry["event"] for entry in logged}


def test_a_restart_hands_the_job_to_the_next_worker(queue: JobQueue, handlers: dict[str, Any]) -> None:
    """A server stopped in the middle puts the job back; started again, it is done."""
    started = threading.Event()
    may_end = threading.Event()

    @jobs.job("long")
    def long(context: JobContext) -> str:
        started.set()
        while not may_end.is_set():
            context.stop_if_cancelled()
            time.sleep(0.005)
        return "done"

    queue.start()
    job_id = queue.submit("long", {})
    assert started.wait(WAIT_S)
    queue.stop()
    assert queue.look(job_id).state is JobState.QUEUED
    may_end.set()
    queue.start()
    seen = until_over(queue, job_id)
    assert (seen.state, seen.result, seen.tries) == (JobState.DONE, "done", 1)


def test_a_job_whose_message_was_lost_is_found(queue: JobQueue, handlers: dict[str, Any]) -> None:
    """Killed between the commit and the queue: the row alone is enough."""
    jobs.job("quick")(lambda _context: 1)
    job_id = queue.submit("quick", {})
    queue._huey.flush()
    queue.start()
    assert until_over(queue, job_id).state is JobState.DONE


def test_the_plan_job_refuses_an_order_it_cannot_read(queue: JobQueue) -> None:
    """The planning job is registered and its refusals come back as codes."""
    job_id = queue.submit("plan", {"weekend_on": "soon"})
    queue.work(job_id)
    seen = queue.look(job_id)
    assert (seen.state, seen.error_code) == (JobState.FAILED, "plan_order_invalid")


KILLED = """
import sys, threading
from dataclasses import replace
from pathlib import Path
from busops import jobs
from busops.clock import SystemClock, UuidIds
from busops.config import Settings
from busops.storage.database import Database, open_engine

@jobs.job("hangs")
def hangs(context):
    print("started", flush=True)
    threading.Event().wait()

url, folder = sys.argv[1:]
settings = Settings(environment="test", instance_path=Path(folder), database_url=url, secret_key="k" * 48)
database = Database(engine=open_engine(url), school_id="t1")
queue = jobs.JobQueue(database, replace(settings, school_id="t1"), clock=SystemClock(), ids=UuidIds())
print(queue.submit("hangs", {}), flush=True)
queue.start()
threading.Event().wait()
"""


def test_kill_minus_nine_loses_no_job(queue: JobQueue, handlers: dict[str, Any], tmp_path: Path) -> None:
    """A worker process killed in the middle: another finds its job once it has been silent, and does it."""
    jobs.job("hangs")(lambda _context: "done by another")
    arguments = [sys.executable, "-c", KILLED, queue.settings.database_url, str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        job_id = process.stdout.readline().strip()
        for line in process.stdout:
            if line.strip() == "started":
                break
        process.kill()
    assert queue.rescue() == ()
    assert queue.look(job_id).state is JobState.RUNNING
    queue._machine = ShiftedClock(base=SystemClock(), shift=timedelta(minutes=1))
    queue.start()
    seen = until_over(queue, job_id)
    assert (seen.state, seen.result, seen.tries) == (JobState.DONE, "done by another", 2)


def test_an_unknown_kind_is_refused(queue: JobQueue) -> None:
    """Nothing is stored for work that nobody can do."""
    with pytest.raises(InvalidInput, match="job_unknown_kind"):
        queue.submit("nonsense", {})


def test_two_handlers_for_a_kind_are_a_mistake(handlers: dict[str, Any]) -> None:
    """The registry never overwrites silently."""
    jobs.job("twice")(lambda _context: 1)
    with pytest.raises(AssertionError, match="twice"):
        jobs.job("twice")(lambda _context: 2)
