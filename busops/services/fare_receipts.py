"""
Numbered receipts for guardians: one number after the other, void only by their opposite, never anew for
what stands on one that counts.
"""

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.people import Actor
from busops.domain.roster import Rider
from busops.domain.values import Clock, RiderId
from busops.services.acting import record_act
from busops.storage import account_store, people_store, receipt_store, register_store
from busops.storage.account_store import FareReceipt, Payment
from busops.storage.database import Database, Transaction


def show_receipt(database: Database, number: int) -> tuple[FareReceipt, Rider | None, str, int | None]:
    """A receipt, its rider, who gave it by name, and the number that voids it; raises NotFound."""
    with database.reading() as tx:
        receipts = account_store.load_receipts(tx)
        riders = {one.rider_id: one for one in register_store.load_riders(tx, include_retired=True)}
        names = {person.user_id: person.name for person in people_store.load_people(tx)}
    for item in receipts:
        if item.number == number:
            void = next((one.number for one in receipts if one.voids == number), None)
            return item, riders.get(item.rider_id), names.get(item.issued_by, item.issued_by), void
    raise NotFound("fare_receipt_not_found", number=number)


def give_receipt(database: Database, rider_id: RiderId, *, note: str, clock: Clock, by: Actor) -> int:
    """A receipt for every payment that none was given for yet; its number, the next of the school."""
    with database.transaction() as tx:
        payments = unreceipted(tx, rider_id)
        fen = sum(item.fen for item in payments)
        if fen <= 0:
            raise Refused("nothing_to_receipt", rider_id=rider_id)
        number = account_store.next_number(tx)
        receipt = FareReceipt(
            number=number, rider_id=rider_id, fen=fen, payments=payments, note=note.strip(),
            issued_by=by.user_id, issued_at=clock.now(),
        )  # fmt: skip
        account_store.insert_receipt(tx, receipt)
        facts = {"number": number, "fen": fen}
        record_act(tx, by, "fare_receipt_given", rider_id, facts=facts, clock=clock)
    return number


def void_receipt(database: Database, number: int, *, note: str, clock: Clock, by: Actor) -> int:
    """The receipt is void by one of the opposite sum with its own number; its payments may have another."""
    if not note.strip():
        raise InvalidInput("reason_needed")
    with database.transaction() as tx:
        receipts = {item.number: item for item in account_store.load_receipts(tx)}
        if number not in receipts:
            raise NotFound("fare_receipt_not_found", number=number)
        old = receipts[number]
        if old.voids is not None or any(item.voids == number for item in receipts.values()):
            raise Refused("fare_receipt_void", number=number)
        void = FareReceipt(
            number=account_store.next_number(tx), rider_id=old.rider_id, fen=-old.fen, payments=old.payments,
            note=note.strip(), issued_by=by.user_id, issued_at=clock.now(), voids=number,
        )  # fmt: skip
        account_store.insert_receipt(tx, void)
        facts = {"number": void.number, "voids": number}
        record_act(tx, by, "fare_receipt_voided", old.rider_id, facts=facts, clock=clock)
    return void.number


def unreceipted(tx: Transaction, rider_id: RiderId) -> tuple[Payment, ...]:
    """What was paid and stands on no receipt that counts: by receipt and unit."""
    left: dict[tuple[str, str], int] = {}
    for item in receipt_store.load_allocations(tx, rider_id=rider_id):
        if item.fen > 0:
            key = (item.receipt_id, item.unit_key)
            left[key] = left.get(key, 0) + item.fen
    for given in account_store.load_receipts(tx, rider_id):
        sign = 1 if given.voids is None else -1
        for payment in given.payments:
            key = (payment.receipt_id, payment.unit_key)
            left[key] = left.get(key, 0) - sign * payment.fen
    return tuple(
        Payment(receipt_id=receipt_id, unit_key=unit_key, fen=fen)
        for (receipt_id, unit_key), fen in sorted(left.items())
        if fen
    )
