"""
Term schemes as they were made, and how far each is on its way to the authority: draft → submitted →
approved → retired.

The document is the JSON of the file contract and is never changed. The database refuses to go back,
to decide on one's own submission, and to remove a scheme (``guards/term_*.sql``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Date,
    Integer,
    String,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
)
from sqlalchemy import update as update_rows
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import Conflict, NotFound
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import table_of


class TermState(StrEnum):
    """Where a scheme stands; only an approved one may be driven, a retired one never again."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    RETIRED = "retired"


# From which states a scheme may come into one.
COMES_FROM: Final[Mapping[TermState, tuple[TermState, ...]]] = {
    TermState.SUBMITTED: (TermState.DRAFT,),
    TermState.APPROVED: (TermState.SUBMITTED,),
    TermState.RETIRED: (TermState.DRAFT, TermState.SUBMITTED, TermState.APPROVED),
}
_AMOUNTS: Final = "cost_fen >= 0 AND lower_bound_fen >= 0 AND left_out >= 0 AND violation_count >= 0"
_SOUND: Final = "violation_count = 0 OR state IN ('draft', 'retired')"
_APPROVED_BY_TWO: Final = (
    "state <> 'approved' OR (submitted_by <> '' AND approved_by <> '' AND approved_by <> submitted_by"
    " AND document_no <> '' AND approved_on IS NOT NULL)"
)


class TermSchemeRow(Base):
    """A scheme of lines for a term."""

    __tablename__ = "term_scheme"
    __table_args__ = (
        UniqueConstraint("school_id", "number"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("state IN ('draft', 'submitted', 'approved', 'retired')", name="state"),
        CheckConstraint("percentile BETWEEN 1 AND 100", name="percentile"),
        CheckConstraint("from_on <= to_on", name="days_in_order"),
        CheckConstraint(
            "cost_fen >= 0 AND lower_bound_fen >= 0 AND left_out >= 0 AND violation_count >= 0",
            name="amounts",
        ),
        CheckConstraint(
            "violation_count = 0 OR state IN ('draft', 'retired')", name="no_violation_submitted"
        ),
        CheckConstraint(_APPROVED_BY_TWO, name="approved_by_two"),
        CheckConstraint("adopted_at IS NULL OR approved_by <> ''", name="adopted_after_approval"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    scheme_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(Integer)
    term_id: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    document: Mapped[Any] = mapped_column(JSON)
    notices: Mapped[Any] = mapped_column(JSON)
    percentile: Mapped[int] = mapped_column(Integer)
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date] = mapped_column(Date)
    line_count: Mapped[int] = mapped_column(Integer)
    cost_fen: Mapped[int] = mapped_column(BigInteger)
    lower_bound_fen: Mapped[int] = mapped_column(BigInteger)
    left_out: Mapped[int] = mapped_column(Integer)
    violation_count: Mapped[int] = mapped_column(Integer)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[str] = mapped_column(Text)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    submitted_by: Mapped[str] = mapped_column(Text)
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_by: Mapped[str] = mapped_column(Text)
    approved_on: Mapped[date | None] = mapped_column(Date)
    document_no: Mapped[str] = mapped_column(Text)
    adopted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    adopted_by: Mapped[str] = mapped_column(Text)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retired_by: Mapped[str] = mapped_column(Text)
    retired_why: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True, kw_only=True)
class TermSummary:
    """
    A scheme without its document. ``left_out`` counts planned riders that no line takes.

    ``approved_on`` and ``document_no`` are the authority's; ``adopted_at`` is when its lines went
    into the register.
    """

    scheme_id: str
    number: int
    term_id: str
    state: TermState
    percentile: int
    from_on: date
    to_on: date
    line_count: int
    cost_fen: int
    lower_bound_fen: int
    left_out: int
    violation_count: int
    made_at: datetime
    made_by: str
    submitted_at: datetime | None = None
    submitted_by: str = ""
    approved_at: datetime | None = None
    approved_by: str = ""
    approved_on: date | None = None
    document_no: str = ""
    adopted_at: datetime | None = None
    adopted_by: str = ""
    retired_at: datetime | None = None
    retired_by: str = ""
    retired_why: str = ""

    @property
    def is_in_force(self) -> bool:
        """Whether its lines are the register's."""
        return self.state is TermState.APPROVED and self.adopted_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredScheme:
    """A scheme with its document and the findings of its making."""

    summary: TermSummary
    document: Mapping[str, Any]
    notices: tuple[Mapping[str, Any], ...] = ()


_SUMMARY: Final = tuple(TermSummary.__dataclass_fields__)


def next_number(tx: Transaction) -> int:
    """The number of the school's next scheme, from 1."""
    table = table_of(TermSchemeRow)
    query = select(func.coalesce(func.max(table.c.number), 0)).where(table.c.school_id == tx.school_id)
    return int(tx.session.execute(query).scalar_one()) + 1


def save_scheme(tx: Transaction, scheme: StoredScheme) -> None:
    """The draft is stored for good; its document never changes."""
    row = {name: getattr(scheme.summary, name) for name in _SUMMARY}
    row["state"] = scheme.summary.state.value
    full = {"school_id": tx.school_id, "document": dict(scheme.document), "notices": list(scheme.notices)}
    tx.session.execute(insert(table_of(TermSchemeRow)), [{**row, **full}])


def load_scheme(tx: Transaction, scheme_id: str) -> StoredScheme:
    """The scheme; raises NotFound."""
    table = table_of(TermSchemeRow)
    query = select(table).where(table.c.school_id == tx.school_id, table.c.scheme_id == scheme_id)
    row = tx.session.execute(query).first()
    if row is None:
        raise NotFound("term_scheme_not_found", scheme_id=scheme_id)
    return StoredScheme(summary=_summary(row), document=row.document, notices=tuple(row.notices))


def list_schemes(tx: Transaction) -> tuple[TermSummary, ...]:
    """All schemes, the latest first."""
    table = table_of(TermSchemeRow)
    query = select(*(table.c[name] for name in _SUMMARY)).where(table.c.school_id == tx.school_id)
    return tuple(_summary(row) for row in tx.session.execute(query.order_by(table.c.number.desc())))


def submit_scheme(tx: Transaction, scheme_id: str, *, by: str, at: datetime) -> None:
    """The scheme is with the authority."""
    _move(tx, scheme_id, TermState.SUBMITTED, submitted_by=by, submitted_at=at)


def approve_scheme(
    tx: Transaction, scheme_id: str, *, document_no: str, approved_on: date, by: str, at: datetime
) -> None:
    """The authority's approval is recorded; the database refuses the hand that submitted."""
    answer = {"document_no": document_no, "approved_on": approved_on}
    _move(tx, scheme_id, TermState.APPROVED, approved_by=by, approved_at=at, **answer)


def retire_scheme(tx: Transaction, scheme_id: str, *, why: str, by: str, at: datetime) -> None:
    """The scheme is driven no more, or never will be."""
    _move(tx, scheme_id, TermState.RETIRED, retired_by=by, retired_at=at, retired_why=why)


def adopt_scheme(tx: Transaction, scheme_id: str, *, by: str, at: datetime) -> None:
    """The scheme's lines are the register's from now; Conflict when they were, or it is not approved."""
    table = table_of(TermSchemeRow)
    mine = (table.c.school_id == tx.school_id) & (table.c.scheme_id == scheme_id)
    free = (table.c.state == TermState.APPROVED.value) & table.c.adopted_at.is_(None)
    change = update_rows(table).where(mine & free).values(adopted_at=at, adopted_by=by)
    if tx.session.execute(change.returning(table.c.scheme_id)).first() is None:
        raise Conflict("term_state_changed", scheme_id=scheme_id)


def _move(tx: Transaction, scheme_id: str, state: TermState, **values: Any) -> None:
    table = table_of(TermSchemeRow)
    mine = (table.c.school_id == tx.school_id) & (table.c.scheme_id == scheme_id)
    before = table.c.state.in_([one.value for one in COMES_FROM[state]])
    change = update_rows(table).where(mine & before).values(state=state.value, **values)
    if tx.session.execute(change.returning(table.c.scheme_id)).first() is None:
        load_scheme(tx, scheme_id)
        raise Conflict("term_state_changed", scheme_id=scheme_id)


def _summary(row: Any) -> TermSummary:
    values = {name: getattr(row, name) for name in _SUMMARY}
    values["state"] = TermState(row.state)
    return TermSummary(**values)
