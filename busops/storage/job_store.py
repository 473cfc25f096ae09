"""
Long work as rows: the row is the truth, the queue only carries its id.

A row is claimed by one worker at a time. ``tries`` counts the claims and fences them: a
worker that was given up as lost and wakes up later can no longer change the row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import JSON, Boolean, CheckConstraint, Index, Integer, String, Text, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import BusopsError, NotFound
from busops.storage.database import Base, Transaction, UtcDateTime


class JobState(StrEnum):
    """Where a job stands; the last three are ends."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNWANTED: Final = "is_unwanted"  # among a job's arguments: the order was taken back
ENDS = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class JobRow(Base):
    """A piece of long work, its progress and its end."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
        CheckConstraint("done >= 0 AND total >= 0 AND tries >= 0", name="counts"),
        CheckConstraint("(state IN ('done', 'failed', 'cancelled')) = (ended_at IS NOT NULL)", name="ended"),
        Index("ix_job_state", "school_id", "state"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    job_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    arguments: Mapped[Any] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16))
    done: Mapped[int] = mapped_column(Integer)
    total: Mapped[int] = mapped_column(Integer)
    facts: Mapped[Any] = mapped_column(JSON)
    tries: Mapped[int] = mapped_column(Integer)
    cancel_asked: Mapped[bool] = mapped_column(Boolean)
    submitted_by: Mapped[str] = mapped_column(Text)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    beat_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[Any] = mapped_column(JSON, nullable=True)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_facts: Mapped[Any] = mapped_column(JSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it stands; ``total`` 0 means that its size is not known yet."""

    job_id: str
    kind: str
    arguments: Mapping[str, Any]
    state: JobState
    done: int = 0
    total: int = 0
    facts: Mapping[str, Any]
    tries: int = 0
    cancel_asked: bool = False
    submitted_by: str = ""
    submitted_at: datetime
    beat_at: datetime | None = None
    ended_at: datetime | None = None
    result: Any = None
    error_code: str | None = None
    error_facts: Mapping[str, Any]

    @property
    def is_over(self) -> bool:
        """True when nothing more will happen to it."""
        return self.state in ENDS

    @property
    def is_unwanted(self) -> bool:
        """True when somebody asked that what it has found is thrown away."""
        return bool(self.arguments.get(UNWANTED))


def insert_job(
    tx: Transaction, job_id: str, kind: str, arguments: Mapping[str, Any], *, by: str, at: datetime
) -> None:
    """A queued job stands in the table."""
    row = JobRow(
        school_id=tx.school_id,
        job_id=job_id,
        kind=kind,
        arguments=dict(arguments),
        state=JobState.QUEUED,
        done=0,
        total=0,
        facts={},
        tries=0,
        cancel_asked=False,
        submitted_by=by,
        submitted_at=at,
        error_facts={},
    )
    tx.session.add(row)
    tx.session.flush()


def claim_job(tx: Transaction, job_id: str, *, at: datetime) -> Job | None:
    """The job, now running and this caller's, or None when somebody else has it or it is over."""
    claimed = tx.session.execute(
        update(JobRow)
        .where(_is(tx, job_id), JobRow.state == JobState.QUEUED)
        .values(state=JobState.RUNNING, tries=JobRow.tries + 1, beat_at=at)
        .returning(JobRow.job_id)
    ).scalar()
    return load_job(tx, job_id) if claimed else None


def beat(
    tx: Transaction, claim: Job, progress: tuple[int, int, Mapping[str, Any]] | None, *, at: datetime
) -> bool:
    """True when the work may go on: the claim still holds and nobody asked to cancel."""
    values: dict[str, Any] = {"beat_at": at}
    if progress:
        values |= {"done": progress[0], "total": progress[1], "facts": dict(progress[2])}
    asked = tx.session.execute(
        update(JobRow).where(_holds(tx, claim)).values(**values).returning(JobRow.cancel_asked)
    ).scalar()
    return asked is False


def end_job(tx: Transaction, claim: Job, state: JobState, *, at: datetime, **outcome: Any) -> bool:
    """The job is over with its ``result`` or its ``error_*``; False when the claim was lost."""
    ended = tx.session.execute(
        update(JobRow)
        .where(_holds(tx, claim))
        .values(state=state, ended_at=at, beat_at=at, **outcome)
        .returning(JobRow.job_id)
    ).scalar()
    return ended is not None


def hand_back(tx: Transaction, claim: Job) -> None:
    """The job waits again, as if this claim had never been: its worker is being stopped."""
    tx.session.execute(
        update(JobRow).where(_holds(tx, claim)).values(state=JobState.QUEUED, tries=claim.tries - 1)
    )


def ask_to_cancel(tx: Transaction, job_id: str, *, at: datetime, discards: bool = False) -> None:
    """
    A waiting job is cancelled; a running one is asked to stop; one that is over stays as it is.

    With ``discards`` the order is taken back: what the job has found is not wanted either.
    """
    job = load_job(tx, job_id)
    if discards and not job.is_over:
        taken_back = {**job.arguments, UNWANTED: True}
        tx.session.execute(update(JobRow).where(_is(tx, job_id)).values(arguments=taken_back))
    tx.session.execute(
        update(JobRow)
        .where(_is(tx, job_id), JobRow.state == JobState.QUEUED)
        .values(state=JobState.CANCELLED, ended_at=at, cancel_asked=True)
    )
    tx.session.execute(
        update(JobRow).where(_is(tx, job_id), JobRow.state == JobState.RUNNING).values(cancel_asked=True)
    )


def rescue(tx: Transaction, *, silent_since: datetime, tries: int, at: datetime) -> tuple[str, ...]:
    """
    The ids of the jobs that wait for a worker, lost ones included.

    A running job without a beat since ``silent_since`` waits again, or has failed when it
    was lost ``tries`` times.
    """
    lost = (
        JobRow.school_id == tx.school_id,
        JobRow.state == JobState.RUNNING,
        JobRow.beat_at < silent_since,
    )
    tx.session.execute(
        update(JobRow)
        .where(*lost, JobRow.cancel_asked.is_(True))
        .values(state=JobState.CANCELLED, ended_at=at)
    )
    tx.session.execute(
        update(JobRow)
        .where(*lost, JobRow.tries >= tries)
        .values(state=JobState.FAILED, ended_at=at, error_code="job_lost", error_facts={"tries": tries})
    )
    tx.session.execute(update(JobRow).where(*lost).values(state=JobState.QUEUED))
    waiting = (
        select(JobRow.job_id)
        .where(JobRow.school_id == tx.school_id, JobRow.state == JobState.QUEUED)
        .order_by(JobRow.job_id)
    )
    return tuple(tx.session.scalars(waiting))


def load_job(tx: Transaction, job_id: str) -> Job:
    """The job as it stands; NotFound when there is none."""
    row = tx.session.scalar(select(JobRow).where(_is(tx, job_id)).execution_options(populate_existing=True))
    if row is None:
        raise NotFound("job_not_found", job_id=job_id)
    return _job(row)


def list_jobs(tx: Transaction, *, kind: str | None = None, limit: int = 50) -> tuple[Job, ...]:
    """The latest jobs, newest first."""
    wanted = select(JobRow).where(JobRow.school_id == tx.school_id)
    if kind:
        wanted = wanted.where(JobRow.kind == kind)
    return tuple(_job(row) for row in tx.session.scalars(wanted.order_by(JobRow.job_id.desc()).limit(limit)))


def latest_job(
    tx: Transaction, kind: str, about: Mapping[str, str], *, state: JobState | None = None
) -> Job | None:
    """The newest job of a kind whose arguments have these values, in ``state`` if given; None without one."""
    wanted = select(JobRow).where(JobRow.school_id == tx.school_id, JobRow.kind == kind)
    for name, value in about.items():
        wanted = wanted.where(JobRow.arguments[name].as_string() == value)
    if state is not None:
        wanted = wanted.where(JobRow.state == state)
    row = tx.session.scalar(wanted.order_by(JobRow.job_id.desc()).limit(1))
    return None if row is None else _job(row)


def forget_jobs(tx: Transaction, *, ended_before: datetime) -> None:
    """Jobs that ended before then are gone; they are a convenience, no record."""
    tx.session.execute(delete(JobRow).where(JobRow.school_id == tx.school_id, JobRow.ended_at < ended_before))


def plain_error(error: BusopsError) -> dict[str, Any]:
    """An error's facts as JSON, its findings or reasons under ``findings``."""
    found = getattr(error, "findings", ()) or getattr(error, "reasons", ())
    facts: dict[str, Any] = {name: _plain_value(value) for name, value in error.facts.items()}
    if found:
        facts["findings"] = [
            {
                "code": one.code,
                "severity": one.severity.value,
                "place": one.place,
                "facts": {name: _plain_value(value) for name, value in one.facts.items()},
            }
            for one in found
        ]
    return facts


def _is(tx: Transaction, job_id: str) -> Any:
    return (JobRow.school_id == tx.school_id) & (JobRow.job_id == job_id)


def _holds(tx: Transaction, claim: Job) -> Any:
    return _is(tx, claim.job_id) & (JobRow.state == JobState.RUNNING) & (JobRow.tries == claim.tries)


def _job(row: JobRow) -> Job:
    return Job(
        job_id=row.job_id,
        kind=row.kind,
        arguments=row.arguments,
        state=JobState(row.state),
        done=row.done,
        total=row.total,
        facts=row.facts,
        tries=row.tries,
        cancel_asked=row.cancel_asked,
        submitted_by=row.submitted_by,
        submitted_at=row.submitted_at,
        beat_at=row.beat_at,
        ended_at=row.ended_at,
        result=row.result,
        error_code=row.error_code,
        error_facts=row.error_facts,
    )


def _plain_value(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case list() | tuple() | set() | frozenset():
            return [_plain_value(one) for one in value]
    return str(value)
