"""
Planning rules: added, ended, never deleted. What came with a file has no person beside it: the import has.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, Integer, String, Text, insert, select
from sqlalchemy import update as update_rows
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import Conflict, NotFound
from busops.domain.planning_rules import PlanningRule, RuleKind
from busops.domain.values import Plate, RiderId, StopId
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import table_of

_KINDS = ", ".join(f"'{kind}'" for kind in RuleKind)


class PlanningRuleRow(Base):
    """One rule; its id is made of what it says, so that the same rule cannot stand twice."""

    __tablename__ = "planning_rule"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        CheckConstraint("to_on IS NULL OR to_on >= from_on OR ended_at IS NOT NULL", name="days"),
        CheckConstraint("ready_min IS NULL OR (kind = 'away' AND ready_min > 0)", name="ready_min"),
        CheckConstraint("reason <> ''", name="reason"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    rider_ids: Mapped[Any] = mapped_column(JSON)
    plates: Mapped[Any] = mapped_column(JSON)
    stop_ids: Mapped[Any] = mapped_column(JSON)
    ready_min: Mapped[int | None] = mapped_column(Integer)
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[str] = mapped_column(String(64))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRule:
    """A rule, who made it when (None: it came with a file), and who ended it when."""

    rule: PlanningRule
    made_by: str = ""
    made_at: datetime | None = None
    ended_by: str = ""
    ended_at: datetime | None = None


def insert_rule(tx: Transaction, stored: StoredRule) -> None:
    """The rule stands; raises Conflict when the very same one stood before."""
    if _row(tx, stored.rule.rule_id) is not None:
        raise Conflict("planning_rule_stands", rule_id=stored.rule.rule_id)
    tx.session.execute(insert(table_of(PlanningRuleRow)), [_values(tx, stored)])


def end_rule(tx: Transaction, rule_id: str, *, last_on: date, by: str, at: datetime) -> StoredRule:
    """The rule holds on ``last_on`` for the last time; raises NotFound, and Conflict when it was ended."""
    row = _row(tx, rule_id)
    if row is None:
        raise NotFound("planning_rule_not_found", rule_id=rule_id)
    if row.ended_at is not None:
        raise Conflict("planning_rule_ended", rule_id=rule_id)
    table = table_of(PlanningRuleRow)
    tx.session.execute(
        update_rows(table)
        .where(table.c.school_id == tx.school_id, table.c.rule_id == rule_id)
        .values(to_on=last_on, ended_by=by, ended_at=at)
    )
    return _stored(row)


def save_rules(tx: Transaction, rules: Iterable[PlanningRule]) -> None:
    """Rules of a file stand; one that stood keeps who made it, its last day and reason are the file's."""
    table = table_of(PlanningRuleRow)
    for rule in rules:
        row = _row(tx, rule.rule_id)
        if row is None:
            tx.session.execute(insert(table), [_values(tx, StoredRule(rule=rule))])
        elif row.ended_at is None:
            tx.session.execute(
                update_rows(table)
                .where(table.c.school_id == tx.school_id, table.c.rule_id == rule.rule_id)
                .values(to_on=rule.to_on, reason=rule.reason)
            )


def load_stored(tx: Transaction) -> tuple[StoredRule, ...]:
    """Every rule there ever was, the latest first day first."""
    table = table_of(PlanningRuleRow)
    query = select(table).where(table.c.school_id == tx.school_id)
    rows = tx.session.execute(query.order_by(table.c.from_on.desc(), table.c.kind, table.c.rule_id))
    return tuple(_stored(row) for row in rows)


def load_rules(tx: Transaction) -> tuple[PlanningRule, ...]:
    """The rules alone, as a file gives them."""
    return tuple(stored.rule for stored in load_stored(tx))


def _row(tx: Transaction, rule_id: str) -> Any:
    table = table_of(PlanningRuleRow)
    query = select(table).where(table.c.school_id == tx.school_id, table.c.rule_id == rule_id)
    return tx.session.execute(query).first()


def _values(tx: Transaction, stored: StoredRule) -> dict[str, Any]:
    rule = stored.rule
    return {
        "school_id": tx.school_id,
        "rule_id": rule.rule_id,
        "kind": rule.kind.value,
        "rider_ids": list(rule.rider_ids),
        "plates": list(rule.plates),
        "stop_ids": list(rule.stop_ids),
        "ready_min": rule.ready_min,
        "from_on": rule.from_on,
        "to_on": rule.to_on,
        "reason": rule.reason,
        "made_by": stored.made_by,
        "made_at": stored.made_at,
        "ended_by": "",
        "ended_at": None,
    }


def _stored(row: Any) -> StoredRule:
    return StoredRule(
        rule=PlanningRule(
            kind=RuleKind(row.kind),
            rider_ids=tuple(RiderId(name) for name in row.rider_ids),
            plates=tuple(Plate(name) for name in row.plates),
            stop_ids=tuple(StopId(name) for name in row.stop_ids),
            ready_min=row.ready_min,
            from_on=row.from_on,
            to_on=row.to_on,
            reason=row.reason,
        ),
        made_by=row.made_by,
        made_at=row.made_at,
        ended_by=row.ended_by,
        ended_at=row.ended_at,
    )
