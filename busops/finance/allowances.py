"""
Allowances: what a rider need not pay of a charge after all, agreed by two people.

Bad debts that nobody will pay, terms joined midway, siblings, hardship. A waiver of the class list
is ``waivers.py``; money that came in and goes back is ``refunds.py``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from busops.domain.findings import Finding, Severity
from busops.domain.people import Role
from busops.domain.values import RiderId
from busops.finance.ledger import Account, Posting
from busops.finance.tariff import SHORT, FareUnit


class AllowanceKind(StrEnum):
    """Why a charge goes down."""

    SIBLING = "SIBLING"
    HARDSHIP = "HARDSHIP"
    JOINED_LATE = "JOINED_LATE"
    BAD_DEBT = "BAD_DEBT"


class AllowanceState(StrEnum):
    """Whether the second person agreed."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"


PROPOSERS: Final = frozenset({Role.FINANCE})
DECIDERS: Final = frozenset({Role.FINANCE_LEAD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """So many fen (> 0) off one rider's unit."""

    allowance_id: str
    rider_id: RiderId
    unit_key: str
    kind: AllowanceKind
    fen: int
    state: AllowanceState
    proposed_by: str


def reasons_not_to_decide(allowance: Allowance, by: str, role: Role) -> tuple[Finding, ...]:
    """Everything that stands against this person's word on it; none = it may be given."""
    reasons = []
    if allowance.state is not AllowanceState.PROPOSED:
        reasons.append(_block("allowance_decided"))
    if role not in DECIDERS:
        reasons.append(_block("allowance_role_wrong"))
    if by == allowance.proposed_by:
        reasons.append(_block("allowance_same_person"))
    return tuple(reasons)


def allowed_fen(kind: AllowanceKind, *, due_fen: int, paid_fen: int) -> int:
    """The most that may be taken off: of a bad debt what is unpaid, of the others what is due."""
    return max(0, due_fen - paid_fen if kind is AllowanceKind.BAD_DEBT else due_fen)


def allowance_postings(allowance: Allowance, unit: FareUnit) -> tuple[Posting, ...]:
    """Approved: Dr 4201 or 2203 (the charge's credit taken back), Cr 1122 of the rider."""
    earned = Account.INCOME if unit in SHORT else Account.PREPAID
    return (
        Posting(account=earned, fen=allowance.fen),
        Posting(account=Account.RECEIVABLE, fen=-allowance.fen, rider_id=allowance.rider_id),
    )


def allowed_of(allowances: Iterable[Allowance]) -> int:
    """What was agreed to of these, fen."""
    return sum(item.fen for item in allowances if item.state is AllowanceState.APPROVED)


def _block(code: str) -> Finding:
    return Finding(code=code, severity=Severity.BLOCK)
