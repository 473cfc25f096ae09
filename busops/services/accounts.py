"""
A rider's account: every charge, payment, refund and allowance in one line of time, and its balance.

Also overpaid money carried to another unit as the guardian chose. Allowances are ``allowances``'s,
numbered receipts ``fare_receipts``'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from busops.domain.errors import NotFound, Refused
from busops.domain.people import Actor
from busops.domain.roster import Rider
from busops.domain.values import Clock, Ids, RiderId, school_date
from busops.finance.allowances import (
    AllowanceState,
)
from busops.finance.matching import Share
from busops.finance.proration import MonthPart, owed_part
from busops.finance.tariff import span_of
from busops.services import claims
from busops.services.acting import record_act
from busops.services.fare_receipts import unreceipted
from busops.services.matching import Given, give
from busops.storage import (
    account_store,
    charge_store,
    fee_store,
    ledger_store,
    match_store,
    people_store,
    receipt_store,
    refund_store,
    register_store,
)
from busops.storage.account_store import FareReceipt, StoredAllowance
from busops.storage.database import Database, Transaction
from busops.storage.fee_store import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """One line: what made it (``kind``), fen owed more (+) or less (−), and the papers behind it."""

    on: date
    kind: str
    unit_key: str
    fen: int
    balance_fen: int = 0
    papers: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitBalance:
    """One unit of a rider: what is due of it now and what was paid, fen."""

    unit_key: str
    due_fen: int
    paid_fen: int

    @property
    def over_fen(self) -> int:
        """What was paid too much."""
        return max(0, self.paid_fen - self.due_fen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """How a part of a price was reckoned: the whole price, its months, and what of it is owed, fen."""

    unit_key: str
    price_fen: int
    months: tuple[MonthPart, ...]
    owed_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RiderAccount:
    """Everything of one rider's money; ``balance_fen`` > 0 is owed by him, < 0 to him, as the ledger says."""

    rider: Rider
    lines: tuple[AccountLine, ...]
    units: tuple[UnitBalance, ...]
    balance_fen: int
    ledger_fen: int
    allowances: tuple[StoredAllowance, ...]
    receipts: tuple[FareReceipt, ...]
    unreceipted_fen: int
    pay_code: str
    names: Mapping[str, str]
    service: Service | None
    reckonings: tuple[Reckoning, ...]


def account_of(database: Database, rider_id: RiderId) -> RiderAccount:
    """The account as it stands; raises NotFound for a number that nobody has."""
    with database.reading() as tx:
        riders = {one.rider_id: one for one in register_store.load_some_riders(tx, [rider_id])}
        if rider_id not in riders:
            raise NotFound("fare_rider_unknown", rider_id=rider_id)
        lines = _lines(tx, rider_id)
        receipts = account_store.load_receipts(tx, rider_id)
        return RiderAccount(
            rider=riders[rider_id],
            lines=lines,
            units=units_of(tx, rider_id),
            balance_fen=sum(line.fen for line in lines),
            ledger_fen=ledger_store.owed_by_rider(tx, rider_id).get(rider_id, 0),
            allowances=account_store.load_allowances(tx, rider_id),
            receipts=receipts,
            unreceipted_fen=sum(item.fen for item in unreceipted(tx, rider_id)),
            pay_code=match_store.load_codes(tx).get(rider_id, ""),
            names={person.user_id: person.name for person in people_store.load_people(tx)},
            service=fee_store.load_services(tx).get(rider_id),
            reckonings=_reckonings(tx, rider_id),
        )


def _reckonings(tx: Transaction, rider_id: RiderId) -> tuple[Reckoning, ...]:
    """Of each month or term that is owed in part, how much falls to which month and which are owed."""
    term = register_store.load_school(tx).term
    found = []
    for item in charge_store.load_charges(tx, rider_id=rider_id):
        charge, span = item.charge, span_of(item.charge.unit_key, term)
        if charge.price_fen is not None:
            part = owed_part(
                charge.price_fen, span.from_on, span.to_on, joined_on=charge.from_on, left_on=charge.to_on
            )
            found.append(
                Reckoning(
                    unit_key=charge.unit_key, price_fen=charge.price_fen, months=part.months,
                    owed_fen=charge.list_fen,
                )
            )  # fmt: skip
    return tuple(found)


def carry_over(
    database: Database, rider_id: RiderId, from_key: str, to_key: str, *, clock: Clock, ids: Ids, by: Actor
) -> int:
    """What was paid too much for one unit pays another, as the guardian chose; fen that moved."""
    with database.transaction() as tx:
        term = register_store.load_school(tx).term
        to_key = span_of(to_key, term).key
        units = {unit.unit_key: unit for unit in units_of(tx, rider_id)}
        left = units[from_key].over_fen if from_key in units else 0
        if not left or from_key == to_key:
            raise Refused("nothing_to_carry", rider_id=rider_id)
        moved = left
        for receipt_id, fen in _given_to(tx, rider_id, from_key).items():
            piece = min(left, fen)
            left -= piece
            if piece:
                parts = {from_key: fen - piece, to_key: piece}
                _move(tx, receipt_id, rider_id, parts, clock=clock, ids=ids, by=by)
        facts = {"fen": moved - left, "from": from_key, "to": to_key}
        record_act(tx, by, "fare_carried_over", rider_id, facts=facts, clock=clock)
    return moved - left


def _given_to(tx: Transaction, rider_id: RiderId, unit_key: str) -> dict[str, int]:
    """What each receipt gave to a unit, in one or more parts, fen > 0; the latest first."""
    given: dict[str, int] = {}
    for item in reversed(receipt_store.load_allocations(tx, rider_id=rider_id)):
        if item.unit_key == unit_key:
            given[item.receipt_id] = given.get(item.receipt_id, 0) + item.fen
    return {receipt_id: fen for receipt_id, fen in given.items() if fen > 0}


def _lines(tx: Transaction, rider_id: RiderId) -> tuple[AccountLine, ...]:
    """Charges as they stand, payments, refunds approved and allowances agreed to, with a running balance."""
    found = [
        AccountLine(
            on=item.charge.to_on, kind="charge", unit_key=item.charge.unit_key, fen=item.charge.due_fen,
            papers=item.charge.basis,
        )
        for item in charge_store.load_charges(tx, rider_id=rider_id)
        if item.charge.due_fen
    ]  # fmt: skip
    found += [
        AccountLine(
            on=item.paid_on, kind="allocation" if item.fen > 0 else "refund", unit_key=item.unit_key,
            fen=-item.fen, papers=item.reference,
        )
        for item in receipt_store.load_allocations(tx, rider_id=rider_id)
    ]  # fmt: skip
    for stored in refund_store.load_refunds(tx, rider_id):
        refund = stored.refund
        if refund.is_approved:
            on = school_date(stored.requested_at)
            parts = (("refund_charge", -refund.charge_fen), ("refund", refund.fen))
            found += [
                AccountLine(on=on, kind=kind, unit_key=refund.unit_key, fen=fen, papers=stored.reference)
                for kind, fen in parts
                if fen
            ]
    found += [
        AccountLine(
            on=school_date(item.decided_at or item.proposed_at), kind=f"allowance_{item.allowance.kind}",
            unit_key=item.allowance.unit_key, fen=-item.allowance.fen, papers=item.note,
        )
        for item in account_store.load_allowances(tx, rider_id)
        if item.allowance.state is AllowanceState.APPROVED
    ]  # fmt: skip
    balance, lines = 0, []
    for line in sorted(found, key=lambda line: (line.on, line.unit_key, -line.fen)):
        balance += line.fen
        lines.append(
            AccountLine(
                on=line.on, kind=line.kind, unit_key=line.unit_key, fen=line.fen, balance_fen=balance,
                papers=line.papers,
            )
        )  # fmt: skip
    return tuple(lines)


def units_of(tx: Transaction, rider_id: RiderId) -> tuple[UnitBalance, ...]:
    """What is due of each unit of a rider and what was paid for it, in the units' order."""
    due: dict[str, int] = {}
    paid: dict[str, int] = {}
    for line in _lines(tx, rider_id):
        is_paid = line.kind in {"allocation", "refund"}
        sums, fen = (paid, -line.fen) if is_paid else (due, line.fen)
        sums[line.unit_key] = sums.get(line.unit_key, 0) + fen
    return tuple(
        UnitBalance(unit_key=key, due_fen=due.get(key, 0), paid_fen=paid.get(key, 0))
        for key in sorted(due.keys() | paid.keys())
    )


def _move(
    tx: Transaction,
    receipt_id: str,
    rider_id: RiderId,
    parts: Mapping[str, int],
    *,
    clock: Clock,
    ids: Ids,
    by: Actor,
) -> None:
    """What a receipt gave to one unit is given to these units instead."""
    from_key = next(iter(parts))
    standing = receipt_store.standing_allocations(tx, receipt_id)
    mine = [one for one in standing if (one.share.rider_id, one.share.unit_key) == (rider_id, from_key)]
    claims.reverse_allocations(tx, mine, clock=clock, ids=ids, by=by)
    receipt = receipt_store.load_receipt(tx, receipt_id)
    gifts = [
        Given(
            receipt=receipt,
            share=Share(rider_id=rider_id, unit_key=unit_key, fen=fen),
            tier=mine[0].tier,
            flags=mine[0].flags,
            made_by=by.user_id,
        )
        for unit_key, fen in parts.items()
        if fen
    ]
    give(tx, gifts, clock=clock, ids=ids)
