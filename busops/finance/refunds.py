"""
Refunds: what a school gives back and why, who may take which step, and what each step books.

Pure: the school's policy (domain §3.2), the states REQUESTED → CHECKED → APPROVED → PAID →
RECONCILED with REFUSED beside them, the way back of what cannot be paid (RETURNING → RETURNED, two
people), and the postings. Where money is found is the services'.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.domain.people import Role
from busops.domain.roster import NotRidingReason
from busops.domain.values import RiderId
from busops.finance.ledger import Account, Posting
from busops.finance.money import share_fen
from busops.finance.proration import not_begun_fen
from busops.finance.tariff import SHORT, BillingUnit, FareUnit

FULL_BP: Final = 10_000
WEEK: Final = timedelta(weeks=1)


class RefundTrigger(StrEnum):
    """Why money goes back, in the order of the policy's table."""

    SCHOOL_CANCELLED = "SCHOOL_CANCELLED"
    LEAVE_IN_TIME = "LEAVE_IN_TIME"
    LEAVE_LATE = "LEAVE_LATE"
    PICKUP_IN_TIME = "PICKUP_IN_TIME"
    LEFT_SERVICE = "LEFT_SERVICE"
    SCHOOL_FAULT = "SCHOOL_FAULT"
    EXPELLED = "EXPELLED"
    OVERPAID = "OVERPAID"


class Notice(StrEnum):
    """When the school must have been told."""

    NONE = "none"
    BEFORE_LOCK = "before_lock"
    AFTER_LOCK = "after_lock"
    WRITTEN = "written"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRule:
    """
    What a trigger gives back, in basis points: of trips and weekends, and of months and terms.

    Months and terms need ``min_units`` missed weekends in a row.
    """

    notice: Notice
    short_bp: int
    long_bp: int
    min_units: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPolicy:
    """The school's table; the default is domain §3.2 (expelled: per agreement, nothing unless chosen)."""

    rules: Mapping[RefundTrigger, RefundRule] = field(default_factory=lambda: DEFAULT_RULES)


DEFAULT_RULES: Final[Mapping[RefundTrigger, RefundRule]] = {
    RefundTrigger.SCHOOL_CANCELLED: RefundRule(notice=Notice.NONE, short_bp=FULL_BP, long_bp=FULL_BP),
    RefundTrigger.LEAVE_IN_TIME: RefundRule(
        notice=Notice.BEFORE_LOCK, short_bp=FULL_BP, long_bp=FULL_BP, min_units=4
    ),
    RefundTrigger.LEAVE_LATE: RefundRule(notice=Notice.AFTER_LOCK, short_bp=0, long_bp=0),
    RefundTrigger.PICKUP_IN_TIME: RefundRule(notice=Notice.BEFORE_LOCK, short_bp=FULL_BP, long_bp=0),
    RefundTrigger.LEFT_SERVICE: RefundRule(notice=Notice.WRITTEN, short_bp=FULL_BP, long_bp=FULL_BP),
    RefundTrigger.SCHOOL_FAULT: RefundRule(notice=Notice.NONE, short_bp=FULL_BP, long_bp=FULL_BP),
    RefundTrigger.EXPELLED: RefundRule(notice=Notice.WRITTEN, short_bp=0, long_bp=0),
    RefundTrigger.OVERPAID: RefundRule(notice=Notice.NONE, short_bp=FULL_BP, long_bp=FULL_BP),
}


class RefundState(StrEnum):
    """How far a refund is."""

    REQUESTED = "REQUESTED"
    CHECKED = "CHECKED"
    APPROVED = "APPROVED"
    PAID = "PAID"
    RECONCILED = "RECONCILED"
    REFUSED = "REFUSED"
    RETURNING = "RETURNING"  # approved, cannot be paid: somebody asks to take it back
    RETURNED = "RETURNED"  # taken back by a second person; the approval's entry is reversed


FOLLOWS: Final[Mapping[RefundState, frozenset[RefundState]]] = {
    RefundState.REQUESTED: frozenset({RefundState.CHECKED, RefundState.REFUSED}),
    RefundState.CHECKED: frozenset({RefundState.APPROVED, RefundState.REFUSED}),
    RefundState.APPROVED: frozenset({RefundState.PAID, RefundState.RETURNING}),
    RefundState.RETURNING: frozenset({RefundState.PAID, RefundState.RETURNED}),
    RefundState.RETURNED: frozenset(),
    RefundState.PAID: frozenset({RefundState.RECONCILED}),
    RefundState.RECONCILED: frozenset(),
    RefundState.REFUSED: frozenset(),
}
# Who takes a step: the bus team confirms the rides, the head of finance approves, finance pays.
STEP_ROLES: Final[Mapping[RefundState, frozenset[Role]]] = {
    RefundState.REQUESTED: frozenset({Role.DISPATCHER, Role.FINANCE, Role.SUPERVISOR}),
    RefundState.CHECKED: frozenset({Role.DISPATCHER}),
    RefundState.APPROVED: frozenset({Role.FINANCE_LEAD}),
    RefundState.PAID: frozenset({Role.FINANCE}),
    RefundState.RECONCILED: frozenset({Role.FINANCE}),
    RefundState.REFUSED: frozenset({Role.DISPATCHER, Role.FINANCE_LEAD}),
    RefundState.RETURNING: frozenset({Role.FINANCE}),
    RefundState.RETURNED: frozenset({Role.FINANCE_LEAD}),
}
STANDING: Final = frozenset(
    {RefundState.APPROVED, RefundState.RETURNING, RefundState.PAID, RefundState.RECONCILED}
)
# What is given up: its receipt may give the money again.
OFF: Final = frozenset({RefundState.REFUSED, RefundState.RETURNED})
# Whose hands must be others: a step may not be taken by whoever took one of these.
OTHER_HANDS: Final[Mapping[RefundState, frozenset[RefundState]]] = {
    RefundState.APPROVED: frozenset({RefundState.REQUESTED, RefundState.CHECKED}),
    RefundState.PAID: frozenset({RefundState.REQUESTED, RefundState.APPROVED}),
    RefundState.RETURNED: frozenset({RefundState.RETURNING}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """
    Money of one receipt to go back, fen > 0; ``charge_fen`` of it takes the charge down.

    ``hands`` says who took each step so far; the requester is among them.
    """

    refund_id: str
    rider_id: RiderId
    unit_key: str
    receipt_id: str
    trigger: RefundTrigger
    fen: int
    charge_fen: int
    state: RefundState
    hands: Mapping[RefundState, str]

    @property
    def is_approved(self) -> bool:
        """Whether it is owed to the guardian or paid already."""
        return self.state in STANDING

    @property
    def is_off(self) -> bool:
        """Whether it was refused, or taken back after it was approved."""
        return self.state in OFF

    @property
    def is_paid(self) -> bool:
        """Whether the money has left."""
        return self.state in {RefundState.PAID, RefundState.RECONCILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitMoney:
    """What is known of one rider's unit, fen; ``refunds_fen`` were asked for and not refused."""

    span: BillingUnit
    due_fen: int
    paid_fen: int
    refunds_fen: int = 0
    missed_weekends: int = 0
    weekends: int = 1
    left_on: date | None = None
    is_prorated: bool = False  # the charge is already that of the months begun


def reasons_not_to_step(refund: Refund, step: RefundState, by: str, role: Role) -> tuple[Finding, ...]:
    """Everything that stands against this step by this person; none = it may be taken."""
    reasons = []
    if step not in FOLLOWS[refund.state]:
        reasons.append(_block("refund_step_wrong", state=refund.state, step=step))
    if role not in STEP_ROLES[step]:
        reasons.append(_block("refund_role_wrong", step=step))
    if any(refund.hands.get(before) == by for before in OTHER_HANDS.get(step, ())):
        reasons.append(_block("refund_same_person", step=step))
    return tuple(reasons)


def trigger_of(*, is_cancelled: bool, reasons: Iterable[str], is_before_lock: bool) -> RefundTrigger | None:
    """The trigger that the rosters and runs speak of: the school cancelled, or he was excused."""
    told = frozenset(reasons)
    if is_cancelled:
        return RefundTrigger.SCHOOL_CANCELLED
    if not told:
        return None
    if not is_before_lock:
        return RefundTrigger.LEAVE_LATE
    is_pickup = told == {str(NotRidingReason.GUARDIAN_PICKUP)}
    return RefundTrigger.PICKUP_IN_TIME if is_pickup else RefundTrigger.LEAVE_IN_TIME


def longest_run(weekends: Iterable[date]) -> int:
    """How many of these weekends (their Fridays) follow each other without a gap, at the most."""
    longest = run = 0
    last: date | None = None
    for weekend_on in sorted(set(weekends)):
        run = run + 1 if last is not None and weekend_on - last == WEEK else 1
        longest, last = max(longest, run), weekend_on
    return longest


def has_right(policy: RefundPolicy, trigger: RefundTrigger | None, unit: FareUnit, weekends: int) -> bool:
    """Whether the policy gives anything back for so many missed weekends of such a unit."""
    if trigger is None:
        return False
    rule = policy.rules[trigger]
    return rule.short_bp > 0 if unit in SHORT else rule.long_bp > 0 and weekends >= rule.min_units


def refundable_fen(policy: RefundPolicy, trigger: RefundTrigger, money: UnitMoney) -> int:
    """
    The most that may go back of a unit: by the policy, of what was paid and not asked back before.

    Overpaid money is the excess over what is due. A short unit gives its rate of what was paid;
    a month or term that of its missed weekends, or of the months not begun for who left it.
    """
    rule, left = policy.rules[trigger], money.paid_fen - money.refunds_fen
    if trigger is RefundTrigger.OVERPAID:
        return max(0, left - money.due_fen)
    if money.span.unit in SHORT:
        part = share_fen(money.paid_fen, rule.short_bp, FULL_BP)
    elif trigger is RefundTrigger.LEFT_SERVICE:
        part = 0
        if money.is_prorated:
            part = max(0, money.paid_fen - money.due_fen)
        elif money.left_on is not None:
            part = not_begun_fen(money.paid_fen, money.span.from_on, money.span.to_on, money.left_on)
        part = share_fen(part, rule.long_bp, FULL_BP)
    elif money.missed_weekends < rule.min_units:
        part = 0
    else:
        whole = money.paid_fen * money.missed_weekends
        part = share_fen(whole, rule.long_bp, FULL_BP * money.weekends)
    return max(0, min(left, part - money.refunds_fen))


def charge_part_fen(money: UnitMoney, fen: int) -> int:
    """How much of a refund takes the charge down: all but what was paid beyond it."""
    excess = max(0, money.paid_fen - money.refunds_fen - money.due_fen)
    return max(0, fen - excess)


def approved_postings(refund: Refund, unit: FareUnit) -> tuple[Posting, ...]:
    """
    Approved: the income or prepayment (and what was paid too much) becomes owed to the guardian.

    Dr 4201 or 2203 (the charge's part), Dr 1122 of the rider (the rest), Cr 2242.
    """
    earned = Account.INCOME if unit in SHORT else Account.PREPAID
    parts = (
        Posting(account=earned, fen=refund.charge_fen),
        Posting(account=Account.RECEIVABLE, fen=refund.fen - refund.charge_fen, rider_id=refund.rider_id),
        Posting(account=Account.RETURNABLE, fen=-refund.fen),
    )
    return tuple(posting for posting in parts if posting.fen)


def paid_postings(refund: Refund, came_in_at: Account) -> tuple[Posting, ...]:
    """Paid: Dr 2242, Cr the account where the money came in: the original channel and no other."""
    if came_in_at not in {Account.BANK, Account.CHANNEL}:
        raise InvalidInput("refund_channel_wrong", account=str(came_in_at))
    return (
        Posting(account=Account.RETURNABLE, fen=refund.fen),
        Posting(account=came_in_at, fen=-refund.fen),
    )


def seen_postings(refund: Refund, went_out_at: Account) -> tuple[Posting, ...]:
    """
    Seen in a bill: the bill's line booked the payment a second time, against suspense; that is undone.

    Dr the channel, Cr 2241.
    """
    return (
        Posting(account=went_out_at, fen=refund.fen),
        Posting(account=Account.SUSPENSE, fen=-refund.fen),
    )


def policy_faults(policy: RefundPolicy) -> tuple[Finding, ...]:
    """What is wrong with a policy: a rate beyond the whole, or no unit at all."""
    return tuple(
        _block("refund_rule_wrong", trigger=trigger)
        for trigger, rule in policy.rules.items()
        if not (0 <= rule.short_bp <= FULL_BP and 0 <= rule.long_bp <= FULL_BP and rule.min_units >= 1)
    )


def _block(code: str, **facts: object) -> Finding:
    return Finding(code=code, severity=Severity.BLOCK, facts=facts)
