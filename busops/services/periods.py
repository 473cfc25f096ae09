"""
Periods: a month is signed by two people and then closed, for ever, with what it said.

What comes later is booked in the next open month and names the month that it adjusts. The first
signature keeps the bus team out (SOFT_CLOSED); finance may still post until the second.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.findings import Finding, Severity
from busops.domain.people import Actor, Role
from busops.domain.values import Clock, Ids, school_date
from busops.finance.charging import Charge, changes, charges_due
from busops.finance.closing import (
    CLOSERS,
    PREPARERS,
    CheckItem,
    CloseFacts,
    OpenMatter,
    aged_money,
    checklist,
    differences_of,
    reasons_not_to_close,
    undisposed,
)
from busops.finance.ledger import LedgerTxn
from busops.finance.refunds import RefundState
from busops.finance.statement import Reconciliation, digest, text_of
from busops.finance.tariff import rates_beyond
from busops.services import deliveries, reconciliation, refunds
from busops.services.acting import By, record_act, user_of
from busops.services.fee_plans import NEEDS_CONSENT
from busops.services.ride_facts import PeriodFacts, load_facts
from busops.storage import (
    charge_store,
    ledger_store,
    people_store,
    period_store,
    receipt_store,
    refund_store,
)
from busops.storage.database import Database, Transaction
from busops.storage.period_store import Disposal, Period, PeriodState


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodView:
    """A month with its checklist, what waits for a word, and what later months corrected of it."""

    period: Period
    first_on: date
    last_on: date
    checks: Mapping[CheckItem, tuple[Finding, ...]]
    waiting: tuple[OpenMatter, ...]
    disposals: tuple[Disposal, ...]
    adjustments: tuple[LedgerTxn, ...]
    names: Mapping[str, str]
    result: Reconciliation

    @property
    def may_be_signed(self) -> bool:
        """True when nothing stands against the second signature."""
        return not any(self.checks.values())

    @property
    def may_be_prepared(self) -> bool:
        """True when nothing stands against the first one, which itself books what was delivered."""
        rest = {item: reasons for item, reasons in self.checks.items() if item is not CheckItem.DELIVERED}
        return not any(rest.values())


def list_periods(database: Database) -> tuple[Period, ...]:
    """Every month that was booked in, oldest first."""
    with database.reading() as tx:
        return period_store.load_periods(tx)


def show_period(database: Database, period: str, *, clock: Clock) -> PeriodView:
    """The month as it stands today."""
    facts, result = _facts(database, period, clock=clock)
    first_on, last_on = days_of(period)
    with database.reading() as tx:
        known = {item.period: item for item in period_store.load_periods(tx)}
        names = {person.user_id: person.name for person in people_store.load_people(tx)}
        return PeriodView(
            period=known.get(period, Period(period=period, locked=False)),
            first_on=first_on,
            last_on=last_on,
            checks=checklist(facts),
            waiting=undisposed(_matters(facts), facts.said),
            disposals=period_store.load_disposals(tx, period),
            adjustments=ledger_store.load_adjustments(tx, period),
            names=names,
            result=result,
        )


def dispose(database: Database, period: str, kind: str, *, note: str, clock: Clock, by: By) -> int:
    """What waits of this kind is settled with a reason, each as it stands now; how many that were."""
    if not note.strip():
        raise InvalidInput("reason_needed")
    facts, _ = _facts(database, period, clock=clock)
    chosen = [item for item in undisposed(_matters(facts), facts.said) if item.kind == kind]
    if not chosen:
        raise Refused("nothing_to_dispose", period=period)
    with database.transaction() as tx:
        _refuse_closed(tx, period)
        period_store.insert_disposals(
            tx,
            period,
            [
                Disposal(
                    subject=item.subject, state=item.state, note=note.strip(),
                    made_by=user_of(by) or "system", made_at=clock.now(),
                )
                for item in chosen
            ],
        )  # fmt: skip
        told = {"kind": kind, "count": len(chosen), "note": note.strip()}
        record_act(tx, by, "differences_disposed", period, facts=told, clock=clock)
    return len(chosen)


def prepare_period(database: Database, period: str, *, clock: Clock, ids: Ids, by: By) -> str:
    """
    The first signature: the bus team books in later months now; the digest of what was signed.

    What was delivered up to the month's end is moved to income before it is looked at, and refunds
    that are due by its rows are proposed.
    """
    if isinstance(by, Actor):
        _deliver(database, period, clock=clock, ids=ids, by=by)
    facts, result = _facts(database, period, clock=clock)
    if isinstance(by, Actor):
        refunds.propose_of(database, result.statement.rows, clock=clock, ids=ids, by=by)
    reasons = [*reasons_not_to_close(facts), *_nobody(by, PREPARERS)]
    if reasons:
        raise Refused("period_not_closable", reasons, period=period)
    said = digest(result.statement)
    with database.transaction() as tx:
        _refuse_closed(tx, period)
        period_store.prepare_period(
            tx,
            period,
            digest=said,
            content=text_of(result.statement),
            by=user_of(by),
            at=clock.now(),
        )
        record_act(tx, by, "period_prepared", period, facts={"digest": said}, clock=clock)
    return said


def close_period(database: Database, period: str, *, clock: Clock, by: By) -> str:
    """The second signature, by another person, under the same words; the month is closed. Its digest."""
    facts, result = _facts(database, period, clock=clock)
    said = digest(result.statement)
    with database.transaction() as tx:
        known = {item.period: item for item in period_store.load_periods(tx)}
        month = known.get(period, Period(period=period, locked=False))
        reasons = [*reasons_not_to_close(facts), *_nobody(by, CLOSERS)]
        reasons += _reasons_of_two(month, said, by)
        if user_of(by) in _importers(tx, facts):
            reasons.append(Finding(code="closer_imported", severity=Severity.BLOCK))
        if user_of(by) in _approvers(tx, period):
            reasons.append(Finding(code="closer_approved_refund", severity=Severity.BLOCK))
        if reasons:
            raise Refused("period_not_closable", reasons, period=period)
        period_store.lock_period(tx, period, by=user_of(by), at=clock.now())
        record_act(tx, by, "period_locked", period, facts={"digest": said}, clock=clock)
    return said


def closed_statement(database: Database, period: str) -> str:
    """What a month said when it was signed last, the same bytes for ever; raises NotFound."""
    with database.reading() as tx:
        for item in period_store.load_periods(tx):
            if item.period == period and item.prepared_by:
                return period_store.load_statement(tx, period, item.digest)
    raise NotFound("period_statement_missing", period=period)


def check_closed(database: Database) -> tuple[Finding, ...]:
    """I8 for every closed month: a finding for each whose kept words are not those that were signed."""
    findings: list[Finding] = []
    with database.reading() as tx:
        for item in period_store.load_periods(tx):
            if item.locked and item.prepared_by:
                content = period_store.load_statement(tx, item.period, item.digest)
                now = hashlib.sha256(content.encode()).hexdigest()
                if now != item.digest:
                    told = {"place": item.period, "was": item.digest, "now": now}
                    findings.append(
                        Finding(code="invariant_i8", severity=Severity.BLOCK, place=item.period, facts=told)
                    )
    return tuple(findings)


def days_of(period: str) -> tuple[date, date]:
    """The first and last day of a month ``2024-03``."""
    try:
        first = date.fromisoformat(f"{period}-01")
    except ValueError as fault:
        raise InvalidInput("not_a_date", found=period) from fault
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _facts(database: Database, period: str, *, clock: Clock) -> tuple[CloseFacts, Reconciliation]:
    first, last = days_of(period)
    result = reconciliation.reconcile(database, period_from=first, period_to=last, clock=clock)
    with database.reading() as tx:
        said = frozenset((one.subject, one.state) for one in period_store.load_disposals(tx, period))
        earlier = tuple(
            item.period
            for item in period_store.load_periods(tx)
            if item.period < period and item.state is not PeriodState.CLOSED
        )
        rides = load_facts(tx)
        wanted, found = charges_due(rides.charge_facts, rides.payers, rides.rates, rides.school.term)
        stored = [item.charge for item in charge_store.load_charges(tx)]
        facts = CloseFacts(
            period=period,
            last_on=last,
            today=school_date(clock.now()),
            statement=result.statement,
            earlier_open=earlier,
            uncharged=_uncharged(wanted, stored, last),
            unagreed=tuple(
                str(item.place)
                for item in found
                if item.code == "price_consent_missing" and item.facts["on"] <= last
            ),
            prices_beyond=_prices_beyond(rides),
            undelivered=deliveries.count_waiting(tx, min(last, deliveries.over_by(school_date(clock.now())))),
            unposted=ledger_store.count_unposted(tx, period),
            said=said,
        )
    return facts, result


def _deliver(database: Database, period: str, *, clock: Clock, ids: Ids, by: By) -> None:
    today = school_date(clock.now())
    until = min(days_of(period)[1], deliveries.over_by(today))
    with database.transaction() as tx:
        _refuse_closed(tx, period)
        if count := deliveries.deliver(tx, until, today=today, ids=ids, by=user_of(by)):
            record_act(tx, by, "income_delivered", period, facts={"count": count}, clock=clock)


def _prices_beyond(facts: PeriodFacts) -> int:
    """How many prices hold beyond the term, where that stands against a signature; else none."""
    needs = facts.school.finance.fee_regime in NEEDS_CONSENT
    return len(rates_beyond(facts.rates, facts.school.term)) if needs else 0


def _uncharged(wanted: Iterable[Charge], stored: Iterable[Charge], last: date) -> int:
    """How many charges up to the day are not yet as the closed runs say."""
    moved = changes(
        [charge for charge in stored if charge.list_fen], [charge for charge in wanted if charge.list_fen]
    )
    units = {(item.rider_id, item.unit_key) for item in (*moved.add, *moved.reverse) if item.from_on <= last}
    return len(units)


def _matters(facts: CloseFacts) -> tuple[OpenMatter, ...]:
    aged = aged_money(facts.statement.receipts, facts.last_on, facts.today)
    return (*aged, *differences_of(facts.statement.rows))


def _nobody(by: By, roles: frozenset[Role]) -> list[Finding]:
    if not isinstance(by, Actor):
        return [Finding(code="person_needed", severity=Severity.BLOCK)]
    return [] if by.role in roles else [Finding(code="signer_role_wrong", severity=Severity.BLOCK)]


def _reasons_of_two(month: Period, said: str, by: By) -> list[Finding]:
    if month.state is PeriodState.CLOSED:
        return [Finding(code="period_locked_before", severity=Severity.BLOCK, facts={"period": month.period})]
    if month.state is PeriodState.OPEN:
        return [Finding(code="period_not_prepared", severity=Severity.BLOCK)]
    reasons = []
    if month.digest != said:
        reasons.append(Finding(code="changed_since_signed", severity=Severity.BLOCK))
    if month.prepared_by == user_of(by):
        reasons.append(Finding(code="signer_prepared", severity=Severity.BLOCK))
    return reasons


def _refuse_closed(tx: Transaction, period: str) -> None:
    known = {item.period: item.state for item in period_store.load_periods(tx)}
    if known.get(period) is PeriodState.CLOSED:
        raise Refused("period_locked", period=period)


def _approvers(tx: Transaction, period: str) -> set[str]:
    """Who approved a refund that is booked in the month."""
    steps = [step for item in refund_store.load_refunds(tx) for step in item.steps]
    approved = {str(step.txn_id): step.by for step in steps if step.state is RefundState.APPROVED}
    return {
        approved[txn.txn_id] for txn in ledger_store.load_txns(tx, list(approved)) if txn.period == period
    }


def _importers(tx: Transaction, facts: CloseFacts) -> set[str]:
    """Who took in the bills that the month rests on."""
    shown = {receipt.line.source for receipt in facts.statement.receipts}
    return {file.imported_by for file in receipt_store.load_files(tx) if file.name in shown}
