"""
Periods: a month is closed once, for ever, with the digest of what it said.

What comes later is booked in the next open month. A closed month reconciled again must give
the same to the byte (I8); :func:`check_closed` says where it does not.
"""

from datetime import date, timedelta

from busops.domain.errors import InvalidInput, Refused
from busops.domain.findings import Finding, Severity
from busops.domain.values import Clock, school_date
from busops.finance.invariants import closed_period_is_stable
from busops.finance.statement import digest
from busops.services import reconciliation
from busops.services.acting import By, record_act, user_of
from busops.storage import ledger_store
from busops.storage.database import Database
from busops.storage.ledger_store import Period


def list_periods(database: Database) -> tuple[Period, ...]:
    """Every month that was booked in, oldest first."""
    with database.reading() as tx:
        return ledger_store.load_periods(tx)


def close_period(database: Database, period: str, *, clock: Clock, by: By) -> str:
    """The month is closed; its digest. Raises Refused with every reason while it may not be."""
    first, last = days_of(period)
    result = reconciliation.reconcile(database, period_from=first, period_to=last, clock=clock)
    reasons = [finding for finding in result.findings if finding.severity is Severity.BLOCK]
    if last >= school_date(clock.now()):
        reasons.append(Finding(code="period_not_over", facts={"period": period}))
    if result.statement.open_runs:
        reasons.append(Finding(code="runs_open", facts={"count": len(result.statement.open_runs)}))
    if not user_of(by):
        reasons.append(Finding(code="person_needed"))
    if reasons:
        raise Refused("period_not_closable", reasons, period=period)
    said = digest(result.statement)
    with database.transaction() as tx:
        ledger_store.lock_period(tx, period, digest=said, by=user_of(by), at=clock.now())
        record_act(tx, by, "period_locked", period, facts={"digest": said}, clock=clock)
    return said


def check_closed(database: Database, *, clock: Clock) -> tuple[Finding, ...]:
    """I8 for every closed month: a finding for each that no longer says what it said."""
    findings: list[Finding] = []
    for item in list_periods(database):
        if item.locked:
            first, last = days_of(item.period)
            result = reconciliation.reconcile(database, period_from=first, period_to=last, clock=clock)
            findings += closed_period_is_stable(result.statement, item.digest)
    return tuple(findings)


def days_of(period: str) -> tuple[date, date]:
    """The first and last day of a month ``2024-03``."""
    try:
        first = date.fromisoformat(f"{period}-01")
    except ValueError as fault:
        raise InvalidInput("not_a_date", found=period) from fault
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
