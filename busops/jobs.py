"""
Long work beside the pages: a row in the job table, an id in Huey's queue, a worker that does it.

The row is written and committed before its id is queued, because Huey forgets a task when it
hands it out. A worker claims the row, beats while it works, and a rescuer puts the row of a
worker that fell silent back in the queue. What the work *is* stands in services; here is how
it is run, watched and stopped.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final, Protocol

import structlog
from huey import PostgresHuey, SqliteHuey
from huey.consumer import Consumer
from huey.serializer import SignedSerializer

from busops import job_kinds
from busops.clock import SystemClock
from busops.config import Settings
from busops.domain.errors import BusopsError, InvalidInput
from busops.domain.values import Clock, Ids
from busops.planner.scale.executors import OpenExecutor, open_executor
from busops.planner.travel.source import TravelSource
from busops.services.travel_sources import travel_source
from busops.storage import job_store
from busops.storage.database import Database, sqlite_journal_mode
from busops.storage.job_store import Job, JobState

log = structlog.get_logger(__name__)

BEAT_S: Final = 0.25  # how late a wish to cancel or a step of progress may be seen
SILENT_S: Final = 20  # a worker that did not beat for so long is taken as lost
TRIES: Final = 3
KEPT_DAYS: Final = 30


class JobCancelled(Exception):
    """The work stopped because somebody asked for it, or because its worker is being stopped."""


class Handler(Protocol):
    """What does the work of one kind of job; its result must be plain JSON."""

    def __call__(self, context: "JobContext", **arguments: Any) -> Any:
        """The result of the job."""
        ...


HANDLERS: Final[dict[str, Handler]] = dict(job_kinds.HANDLERS)


def job(kind: str) -> Callable[[Handler], Handler]:
    """Registers a handler for jobs of ``kind``."""

    def register(handler: Handler) -> Handler:
        if kind in HANDLERS:
            raise AssertionError(f"two handlers for {kind}")
        HANDLERS[kind] = handler
        return handler

    return register


class JobContext:
    """What a handler may use while it works: the database, the clock, ids, and its own progress."""

    def __init__(
        self,
        *,
        database: Database,
        settings: Settings,
        clock: Clock,
        ids: Ids,
        job_id: str = "",
        follow: Callable[[str, Mapping[str, Any]], str] | None = None,
    ) -> None:
        self.job_id = job_id
        self._follow = follow
        self.database = database
        self.settings = settings
        self.clock = clock
        self.ids = ids
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._news: tuple[int, int, Mapping[str, Any]] | None = None

    @property
    def executor(self) -> OpenExecutor:
        """Who solves the parts of a large plan, as the settings say."""
        return partial(open_executor, self.settings.executor)

    @property
    def proof_seconds(self) -> int:
        """How long the proof of a plan goes on after it is made; 0 = not at all."""
        return self.settings.planning_proof_seconds

    def follow(self, kind: str, arguments: Mapping[str, Any]) -> None:
        """A job is queued that goes on where this one ends."""
        if self._follow is not None:
            self._follow(kind, arguments)

    def progress(self, done: int, total: int, **facts: Any) -> None:
        """How far the work is; cheap enough for every step, written at most four times a second."""
        with self._lock:
            self._news = (done, total, facts)

    def cancelled(self) -> bool:
        """True from at most half a second after somebody asked to stop."""
        return self._stop.is_set()

    def roads(self) -> TravelSource | None:
        """Who measures roads here; asked no further once this work must end."""
        return travel_source(self.settings.travel, clock=self.clock, should_stop=self.cancelled)

    def stop_if_cancelled(self) -> None:
        """Raises JobCancelled when somebody asked to stop."""
        if self._stop.is_set():
            raise JobCancelled

    def keeps_best(self) -> bool:
        """
        After a stop: True when what was found is to be kept, False when it is to be thrown away.

        Raises JobCancelled when nobody asked to stop: the worker is leaving, and the next one does
        the work.
        """
        with self.database.reading() as tx:
            job = job_store.load_job(tx, self.job_id)
        if not job.cancel_asked:
            raise JobCancelled
        return not job.is_unwanted

    def stop(self) -> None:
        """The handler is asked to stop."""
        self._stop.set()

    def take_news(self) -> tuple[int, int, Mapping[str, Any]] | None:
        """The progress since the last time it was taken."""
        with self._lock:
            news, self._news = self._news, None
        return news


class JobQueue:
    """
    One school's queue: submit from anywhere, work in as many processes as you like.

    ``clock`` is what handlers live by; beats and the rescue go by the machine's own time,
    because a demo's clock may stand still or run sixty times as fast.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        clock: Clock,
        ids: Ids,
        machine: Clock | None = None,
    ) -> None:
        self.database = database
        self.settings = settings
        self.clock = clock
        self.ids = ids
        self._machine = machine or SystemClock()
        self._leaving = threading.Event()
        self._consumer: Consumer | None = None
        self._rescuer: threading.Thread | None = None
        self._huey = _open_queue(settings)
        self._task = self._huey.task(name="busops_job")(self.work)

    def submit(self, kind: str, arguments: Mapping[str, Any], *, by: str = "") -> str:
        """The id of a new job that is stored and queued."""
        if kind not in HANDLERS:
            raise InvalidInput("job_unknown_kind", kind=kind)
        job_id = self.ids.new()
        with self.database.transaction() as tx:
            job_store.insert_job(tx, job_id, kind, arguments, by=by, at=self._machine.now())
        self._task(job_id)
        return job_id

    def look(self, job_id: str) -> Job:
        """The job as it stands; NotFound when there is none."""
        with self.database.reading() as tx:
            return job_store.load_job(tx, job_id)

    def cancel(self, job_id: str, *, discards: bool = False) -> None:
        """
        A waiting job is cancelled, a running one asked to stop; what it has found until then is
        kept where its kind can, or thrown away when ``discards``.
        """
        with self.database.transaction() as tx:
            job_store.ask_to_cancel(tx, job_id, at=self._machine.now(), discards=discards)

    def work(self, job_id: str) -> None:
        """The job is done here and now, unless somebody else has it or it is over."""
        with self.database.transaction() as tx:
            claim = job_store.claim_job(tx, job_id, at=self._machine.now())
        if claim is None:
            return
        log.info("job_started", job_id=job_id, kind=claim.kind, tries=claim.tries)
        context = JobContext(
            database=self.database,
            settings=self.settings,
            clock=self.clock,
            ids=self.ids,
            job_id=job_id,
            follow=self.submit,
        )
        finished = threading.Event()
        beats = threading.Thread(target=self._beat, args=(claim, context, finished), daemon=True)
        beats.start()
        try:
            state, outcome = _outcome(claim, context)
        finally:
            finished.set()
            beats.join()
        self._end(claim, context, state, outcome)

    def rescue(self) -> tuple[str, ...]:
        """Jobs that lost their worker or their place in the queue are queued again; their ids."""
        now = self._machine.now()
        with self.database.transaction() as tx:
            waiting = job_store.rescue(
                tx, silent_since=now - timedelta(seconds=SILENT_S), tries=TRIES, at=now
            )
            job_store.forget_jobs(tx, ended_before=now - timedelta(days=KEPT_DAYS))
        # A second message for the same job does no harm: only one claim wins.
        if self._huey.pending_count() < len(waiting):
            for job_id in waiting:
                self._task(job_id)
        return waiting

    def start(self, *, workers: int = 1) -> None:
        """Workers take jobs in threads of this process until ``stop``."""
        if self._consumer is not None:
            raise AssertionError("these workers have been started")
        self._leaving.clear()
        self._consumer = _QuietConsumer(
            self._huey,
            workers=workers,
            worker_type="thread",
            periodic=False,
            initial_delay=0.05,
            max_delay=0.25,
            check_worker_health=False,
        )
        self._consumer.start()
        self._rescuer = threading.Thread(target=self._keep_rescuing, daemon=True)
        self._rescuer.start()

    def stop(self) -> None:
        """No worker of this process works any more; what they had in hand waits for the next."""
        self._leaving.set()
        if self._consumer is not None:
            self._consumer.stop(graceful=True)
        if self._rescuer is not None:
            self._rescuer.join()
        self._consumer = self._rescuer = None

    def close(self) -> None:
        """The queue's own connection of this thread is closed."""
        self._huey.storage.close()

    def run(self, until: threading.Event, *, workers: int = 1) -> None:
        """Workers take jobs in this process until the event is set: what ``busops worker`` does."""
        self.start(workers=workers)
        until.wait()
        self.stop()

    def _beat(self, claim: Job, context: JobContext, finished: threading.Event) -> None:
        while not finished.wait(BEAT_S):
            if self._leaving.is_set():
                context.stop()
            if not self._beaten(claim, context):
                context.stop()

    def _beaten(self, claim: Job, context: JobContext) -> bool:
        try:
            with self.database.transaction() as tx:
                return job_store.beat(tx, claim, context.take_news(), at=self._machine.now())
        except Exception:
            # A busy database must not end the work; if it stays away, the rescuer takes over.
            log.warning("job_beat_missed", job_id=claim.job_id, exc_info=True)
            return True

    def _end(self, claim: Job, context: JobContext, state: JobState, outcome: Mapping[str, Any]) -> None:
        now = self._machine.now()
        with self.database.transaction() as tx:
            asked = not job_store.beat(tx, claim, context.take_news(), at=now)
            if state is JobState.CANCELLED and self._leaving.is_set() and not asked:
                job_store.hand_back(tx, claim)
                log.info("job_handed_back", job_id=claim.job_id)
                return
            held = job_store.end_job(tx, claim, state, at=now, **outcome)
        log.info("job_ended", job_id=claim.job_id, kind=claim.kind, state=state.value, held=held)

    def _keep_rescuing(self) -> None:
        while True:
            try:
                self.rescue()
            except Exception:
                log.warning("job_rescue_missed", exc_info=True)
            if self._leaving.wait(SILENT_S / 4):
                return


def _outcome(claim: Job, context: JobContext) -> tuple[JobState, Mapping[str, Any]]:
    """How the work ended; one of the three places that catch everything."""
    try:
        handler = HANDLERS.get(claim.kind)
        if handler is None:
            raise InvalidInput("job_unknown_kind", kind=claim.kind)
        return JobState.DONE, {"result": handler(context, **claim.arguments)}
    except JobCancelled:
        return JobState.CANCELLED, {}
    except BusopsError as error:
        if context.cancelled():  # an error of work that was told to stop is its way of stopping
            return JobState.CANCELLED, {}
        log.info("job_refused", job_id=claim.job_id, code=error.code)
        return JobState.FAILED, {"error_code": error.code, "error_facts": job_store.plain_error(error)}
    except Exception:
        log.exception("job_crashed", job_id=claim.job_id, kind=claim.kind)
        return JobState.FAILED, {"error_code": "job_failed", "error_facts": {"job_id": claim.job_id}}


def _open_queue(settings: Settings) -> Any:
    """Huey beside the database: a file of its own on SQLite, tables of its own on PostgreSQL."""
    signed = SignedSerializer(secret=settings.secret_key, salt="busops-jobs")
    common = {"name": f"busops-{settings.school_id}", "results": False, "serializer": signed}
    if settings.database_url.startswith("postgresql"):
        dsn = settings.database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        # Asked four times a second: its LISTEN connections would never be closed.
        return PostgresHuey(dsn=dsn, blocking=False, **common)
    settings.queue_path.parent.mkdir(parents=True, exist_ok=True)
    mode = sqlite_journal_mode().lower()
    return SqliteHuey(filename=str(settings.queue_path), fsync=True, journal_mode=mode, **common)


class _QuietConsumer(Consumer):
    """A consumer that leaves the process' signals to whoever owns the process."""

    def _set_signal_handlers(self) -> None:
        pass
