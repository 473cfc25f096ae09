"""
Payers known again: learned when a person gives a receipt to a family, listed, and forgotten on demand.

Only a person's word teaches; a match that was made by itself teaches nothing. Forgetting deletes.
"""

from collections.abc import Collection
from dataclasses import dataclass

from busops.domain.errors import NotFound
from busops.domain.people import Actor
from busops.domain.values import Clock, RiderId
from busops.finance.candidates import link_key
from busops.finance.names import name_key
from busops.finance.payers import MAX_SIBLINGS
from busops.finance.statement import ReceiptRecord
from busops.services.acting import By, record_act, user_of
from busops.storage import match_store, people_store, register_store
from busops.storage.database import Database, Transaction
from busops.storage.match_store import PayerLink


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLink:
    """A link with the rider's name and class, and who taught it."""

    link: PayerLink
    name: str
    class_name: str
    made_by: str

    @property
    def is_by_account(self) -> bool:
        """True when the channel's own account is known, so that money is matched by itself."""
        return not self.link.payer_key.startswith("name:")


def learn(
    tx: Transaction, receipt: ReceiptRecord, rider_ids: Collection[RiderId], *, by: By, clock: Clock
) -> None:
    """The payer's money was these riders', if they are one family; a teacher who pays for a class is none."""
    key = link_key(receipt.line)
    if not key or not user_of(by) or len(rider_ids) > MAX_SIBLINGS:
        return
    riders = {rider.rider_id: rider for rider in register_store.load_riders(tx, include_retired=True)}
    guardians = {name_key(riders[one].guardian) for one in rider_ids if one in riders}
    if len(rider_ids) > 1 and len(guardians) > 1:
        return
    links = [
        PayerLink(
            payer_key=key,
            rider_id=rider_id,
            payer=receipt.line.payer,
            receipt_id=receipt.receipt_id,
            made_by=user_of(by),
            made_at=clock.now(),
        )
        for rider_id in sorted(rider_ids)
    ]
    learned = [link.rider_id for link in links if match_store.insert_link(tx, link)]
    if learned:
        record_act(tx, by, "payer_linked", receipt.receipt_id, facts={"riders": learned}, clock=clock)


def list_links(database: Database) -> tuple[ShownLink, ...]:
    """Every link, the newest first."""
    with database.reading() as tx:
        links = match_store.load_links(tx)
        riders = {rider.rider_id: rider for rider in register_store.load_riders(tx, include_retired=True)}
        names = {person.user_id: person.name for person in people_store.load_people(tx)}
    return tuple(
        ShownLink(
            link=link,
            name=rider.name if rider else "",
            class_name=f"{rider.grade}{rider.class_name}" if rider else "",
            made_by=names.get(link.made_by, link.made_by),
        )
        for link in links
        for rider in (riders.get(link.rider_id),)
    )


def forget(database: Database, payer_key: str, rider_id: str, *, by: Actor, clock: Clock) -> None:
    """The link is deleted; what was matched by it stays. Raises NotFound."""
    with database.transaction() as tx:
        gone = match_store.delete_links(tx, payer_key=payer_key, rider_id=rider_id)
        if not gone:
            raise NotFound("payer_link_not_found")
        facts = {"riders": [link.rider_id for link in gone]}
        record_act(tx, by, "payer_forgotten", gone[0].receipt_id, facts=facts, clock=clock)
