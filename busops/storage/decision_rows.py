"""
How a decision stands in its row of the log: the columns that the guards read, and a body for the rest.
"""

from dataclasses import fields
from typing import Any, Final

from busops.domain.decision_kinds import DECISIONS
from busops.domain.events import Decision, StrandedBy, Whereabouts
from busops.domain.findings import Finding
from busops.domain.roster import NotRidingReason
from busops.domain.values import EventId, RunId

_IN_COLUMNS: Final = frozenset({"rider_id", "says", "covers", "dev", "upto_seq", "checked_by"})
_COMMON: Final = frozenset(each.name for each in fields(Decision))


def row_of(school_id: str, decision: Decision) -> dict[str, Any]:
    """The row a decision is kept as; what no column holds stands in its body."""
    own = {each.name: getattr(decision, each.name) for each in fields(decision) if each.name not in _COMMON}
    return {
        "school_id": school_id,
        "decision_id": decision.decision_id,
        "run_id": decision.run_id,
        "number": decision.number,
        "kind": decision.kind,
        "made_ms": decision.made_ms,
        "by_user": decision.by,
        "second_user": decision.second,
        "reason": decision.reason,
        "rider_id": own.get("rider_id"),
        "says": own["says"].value if "says" in own else None,
        "covers": sorted(own.get("covers", ())),
        "dev": own.get("dev"),
        "upto_seq": own.get("upto_seq"),
        "checked_by": own.get("checked_by"),
        "body": {name: _storable(value) for name, value in own.items() if name not in _IN_COLUMNS},
    }


def decision_of(row: Any) -> Decision:
    """The decision that a row keeps."""
    kind = DECISIONS[row.kind]
    own: dict[str, Any] = dict(row.body)
    names = {each.name for each in fields(kind)} - _COMMON
    own |= {name: getattr(row, name) for name in names & _IN_COLUMNS}
    if "covers" in names:
        own["covers"] = frozenset(EventId(event_id) for event_id in row.covers)
        own["says"] = Whereabouts(row.says or "")
        own["absence"] = NotRidingReason(own["absence"]) if own.get("absence") else None
    for name in names & {"attendant_ids", "removed", "rider_ids"}:
        own[name] = tuple(own.get(name, ()))
    if "cause" in names:
        own["cause"] = StrandedBy(own["cause"])
    if "papers" in names:
        own["papers"] = tuple(Finding(**each) for each in own["papers"])
    return kind(
        decision_id=row.decision_id,
        run_id=RunId(row.run_id),
        made_ms=row.made_ms,
        by=row.by_user,
        second=row.second_user,
        reason=row.reason,
        number=row.number,
        **own,
    )


def _storable(value: Any) -> Any:
    """A decision's own value as JSON takes it; the findings it carries with days as text."""
    if isinstance(value, tuple) and all(isinstance(each, Finding) for each in value):
        return [
            {
                "code": each.code,
                "place": each.place,
                "facts": {
                    name: fact if isinstance(fact, int) else str(fact) for name, fact in each.facts.items()
                },
            }
            for each in value
        ]
    return value
