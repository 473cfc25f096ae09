"""
Three-way reconciliation: registered × rode × paid gives one status for each rider and unit.

The table of domain §3.6 as a total function: the first rule that fits wins, and every
combination of facts gets exactly one status. Flags say what else a person should see.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from busops.domain.values import RiderId
from busops.finance.refunds import RefundTrigger


class RowStatus(StrEnum):
    """The one status of a rider's billing unit, in the order of the rules."""

    DATA_ERROR = "DATA_ERROR"
    DISPUTED = "DISPUTED"
    RODE_UNREGISTERED = "RODE_UNREGISTERED"
    WAIVED = "WAIVED"
    RODE_UNPAID = "RODE_UNPAID"
    UNDERPAID = "UNDERPAID"
    OVERPAID = "OVERPAID"
    REFUND_DUE = "REFUND_DUE"
    PAID_NOT_RODE = "PAID_NOT_RODE"
    UNPAID_NOT_RODE = "UNPAID_NOT_RODE"
    RODE_NOT_BILLED = "RODE_NOT_BILLED"
    OK = "OK"
    SETTLED_REFUNDED = "SETTLED_REFUNDED"
    NONE = "NONE"


class RowFlag(StrEnum):
    """What else is to be known of a row; any number of them."""

    DUPLICATE_PAYMENT = "DUPLICATE_PAYMENT"
    PRICE_BAND_MISMATCH = "PRICE_BAND_MISMATCH"
    WRONG_ROUTE = "WRONG_ROUTE"
    OTHER_STOP = "OTHER_STOP"
    CROSS_TERM = "CROSS_TERM"
    LATE = "LATE"
    LOW_CONFIDENCE = "LOW_CONFIDENCE"
    MANUAL = "MANUAL"
    RUN_NOT_CLOSED = "RUN_NOT_CLOSED"
    CHALLENGED = "CHALLENGED"


# Rows that need nobody: they come last and are no differences.
SETTLED: Final = frozenset({RowStatus.OK, RowStatus.WAIVED, RowStatus.SETTLED_REFUNDED, RowStatus.NONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFacts:
    """
    What is known of one rider and unit, fen and counts.

    ``due_fen`` (D) is net of waivers, ``paid_fen`` (P) net of refunds, ``rides`` (k) counts
    boardings of closed runs only.
    """

    due_fen: int
    paid_fen: int
    rides: int
    registered: bool
    on_leave: bool = False
    is_cancelled: bool = False  # by the school
    has_refund_right: bool = False
    is_waived: bool = False  # an approved waiver covers all of the price
    is_disputed: bool = False
    was_refunded: bool = False


def status_of(facts: RowFacts) -> RowStatus:
    """The status of a row: the first rule of domain §3.6 that fits."""
    return next(status for status, fits in _RULES if fits(facts))


def _is_impossible(row: RowFacts) -> bool:
    return row.due_fen < 0 or row.paid_fen < 0 or row.rides < 0


def _is_paid_up(row: RowFacts) -> bool:
    return row.paid_fen == row.due_fen > 0


def _may_get_back(row: RowFacts) -> bool:
    return (row.on_leave or row.is_cancelled) and row.has_refund_right


_RULES: Final[tuple[tuple[RowStatus, Callable[[RowFacts], bool]], ...]] = (
    (RowStatus.DATA_ERROR, _is_impossible),
    (RowStatus.DISPUTED, lambda row: row.is_disputed),
    (RowStatus.RODE_UNREGISTERED, lambda row: row.rides > 0 and not row.registered),
    (RowStatus.WAIVED, lambda row: row.is_waived),
    (RowStatus.RODE_UNPAID, lambda row: row.rides > 0 and row.due_fen > 0 and row.paid_fen == 0),
    (RowStatus.UNDERPAID, lambda row: 0 < row.paid_fen < row.due_fen),
    (RowStatus.OVERPAID, lambda row: row.paid_fen > row.due_fen),
    (RowStatus.REFUND_DUE, lambda row: _is_paid_up(row) and row.rides == 0 and _may_get_back(row)),
    (RowStatus.PAID_NOT_RODE, lambda row: _is_paid_up(row) and row.rides == 0),
    (RowStatus.UNPAID_NOT_RODE, lambda row: row.due_fen > 0 and row.paid_fen == 0),
    (RowStatus.RODE_NOT_BILLED, lambda row: row.due_fen == 0 and row.rides > 0),
    (RowStatus.OK, _is_paid_up),
    (RowStatus.SETTLED_REFUNDED, lambda row: row.was_refunded),
    (RowStatus.NONE, lambda _row: True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconRow:
    """One line of the reconciliation: the facts, the status, and what the sheets show beside them."""

    rider_id: RiderId
    unit_key: str
    facts: RowFacts
    status: RowStatus
    flags: frozenset[RowFlag] = frozenset()
    band: str = ""
    list_fen: int = 0
    waived_fen: int = 0
    earned_fen: int = 0
    received_fen: int = 0
    refunded_fen: int = 0
    seats: int = 0
    leaves: int = 0
    reasons: tuple[str, ...] = ()
    channel: str = ""
    paid_on: date | None = None
    reference: str = ""
    tier: str = ""
    refund_trigger: RefundTrigger | None = None

    @property
    def difference_fen(self) -> int:
        """Paid minus due: positive = too much came in (长款), negative = too little (短款)."""
        return self.facts.paid_fen - self.facts.due_fen

    @property
    def needs_somebody(self) -> bool:
        """Whether this row belongs on the list of differences."""
        is_odd = bool(self.flags & _LOOK_AT)
        return self.status not in SETTLED or is_odd or self.difference_fen != 0


_LOOK_AT: Final = frozenset(
    {RowFlag.DUPLICATE_PAYMENT, RowFlag.PRICE_BAND_MISMATCH, RowFlag.RUN_NOT_CLOSED, RowFlag.CHALLENGED}
)


class RowsByCase(Sequence[ReconRow]):
    """Many rows of which most are alike: whatever is summed asks each kind once."""

    @abstractmethod
    def counted(self) -> Iterable[tuple[ReconRow, int]]:
        """Each kind of row (rider, unit and reference empty) and how many there are."""


def counted(rows: Iterable[ReconRow]) -> Iterable[tuple[ReconRow, int]]:
    """The rows by kind, each with how many there are; of plain rows each is its own kind."""
    return rows.counted() if isinstance(rows, RowsByCase) else ((row, 1) for row in rows)


def status_counts(rows: Iterable[ReconRow]) -> dict[str, int]:
    """How many rows have each status, in the order of the rules, those that occur."""
    counts = dict.fromkeys(RowStatus, 0)
    for row, times in counted(rows):
        counts[row.status] += times
    return {str(status): count for status, count in counts.items() if count}
