"""
Cards that riders carry: random numbers, printed by class, recognised on a tablet without telling them.

A number says nothing about its rider and cannot be guessed (80 bits). A pack knows it only as a hash
bound to its run, so that nobody can print cards from a tablet. A lost card is void as soon as a new
one is made.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from busops.domain.roster import Rider, class_of
from busops.domain.values import Clock, RiderId, RunId
from busops.services.acting import By, record_act, user_of
from busops.storage import card_store, register_store
from busops.storage.card_store import RiderCard
from busops.storage.database import Database, Transaction

SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: nobody confuses or reads words
LENGTH: Final = 16
HASH_CHARACTERS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card to be printed: whose, and what its QR code says; without a number none was made yet."""

    rider: Rider
    card_no: str | None

    @property
    def text(self) -> str:
        """What the card says to a machine."""
        return f"busops:r/{self.card_no}"

    @property
    def grouped(self) -> str:
        """The number in fours, for whoever types it."""
        number = self.card_no or ""
        return "-".join(number[at : at + 4] for at in range(0, len(number), 4))


def cards_of(database: Database, class_name: str | None = None) -> tuple[tuple[str, tuple[Card, ...]], ...]:
    """The cards of every registered rider by class, or of one class."""
    with database.reading() as tx:
        riders = register_store.load_riders(tx)
        cards = card_store.load_cards(tx)
    by_class: dict[str, list[Card]] = {}
    for rider in sorted(riders, key=lambda each: (class_of(each), each.rider_id)):
        card = cards.get(rider.rider_id)
        made = Card(rider=rider, card_no=card.card_no if card else None)
        by_class.setdefault(class_of(rider), []).append(made)
    return tuple(
        (name, tuple(own)) for name, own in by_class.items() if class_name is None or name == class_name
    )


def make_missing(database: Database, class_name: str | None, *, by: By, clock: Clock) -> int:
    """Every rider of the class, or of all, has a card; how many were made."""
    with database.transaction() as tx:
        has = card_store.load_cards(tx)
        lacking = [
            rider.rider_id
            for rider in register_store.load_riders(tx)
            if rider.rider_id not in has and class_name in (None, class_of(rider))
        ]
        _make(tx, lacking, by=by, clock=clock)
        facts = {"class": class_name or "", "count": len(lacking)}
        record_act(tx, by, "rider_cards_made", "riders", facts=facts, clock=clock)
    return len(lacking)


def renew(database: Database, rider_id: RiderId, *, by: By, clock: Clock) -> None:
    """The rider has a new card; the lost one is nobody's. Raises NotFound for a stranger."""
    with database.transaction() as tx:
        register_store.load_rider(tx, rider_id)
        _make(tx, [rider_id], by=by, clock=clock)
        record_act(tx, by, "rider_card_renewed", rider_id, facts={}, clock=clock)


def for_tablet(tx: Transaction, run_id: RunId, riders: Iterable[RiderId]) -> Mapping[str, RiderId]:
    """The riders of a run by what their cards' numbers hash to on this run."""
    cards = card_store.load_cards(tx)
    return {
        hash_on(run_id, cards[rider_id].card_no): rider_id for rider_id in sorted(riders) if rider_id in cards
    }


def hash_on(run_id: RunId, card_no: str) -> str:
    """What a card's number is on a run: half a SHA-256 over both, in hex."""
    return hashlib.sha256(f"{run_id}/{card_no}".encode()).hexdigest()[:HASH_CHARACTERS]


def _make(tx: Transaction, rider_ids: Iterable[RiderId], *, by: By, clock: Clock) -> None:
    now = clock.now()
    cards = [
        RiderCard(
            card_no="".join(secrets.choice(SIGNS) for _ in range(LENGTH)), rider_id=rider_id, made_at=now
        )
        for rider_id in rider_ids
    ]
    card_store.add_cards(tx, cards, made_by=user_of(by))
