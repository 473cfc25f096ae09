"""
What a rider's fee rests on beside the price list: from when to when he uses the bus, and who agreed.

Where fares are a service charge the guardian must have agreed to the price of the term in writing or
traceably (domain §3.1); without it nothing is charged, and that is shown. Subsidies are kept here as a
memo: they are no fares, and no part of G or N.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.people import Actor
from busops.domain.roster import Rider
from busops.domain.school import FeeRegime, School
from busops.domain.values import Clock, Ids, RiderId
from busops.finance.charging import Payer
from busops.finance.refunds import RefundTrigger
from busops.finance.tariff import TariffRate, rates_beyond
from busops.services.acting import record_act
from busops.storage import fee_store, people_store, refund_store, register_store
from busops.storage.database import Database, Transaction
from busops.storage.fee_store import ConsentWay, PriceConsent, Service, Subsidy, Told

NEEDS_CONSENT: Final = frozenset({FeeRegime.SERVICE_CHARGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePlans:
    """The days and consents that hold, by rider."""

    needs_consent: bool
    services: Mapping[RiderId, Service]
    consents: Mapping[RiderId, PriceConsent]

    def payer_on(self, payer: Payer, weekend_on: date) -> Payer:
        """The payer with his days, and whether the price of that weekend was agreed to."""
        days = self.services.get(payer.rider_id)
        agreed = not self.needs_consent or self.agreed_on(payer.rider_id, weekend_on)
        if days is None and agreed:
            return payer
        joined_on, left_on = (days.joined_on, days.left_on) if days else (None, None)
        return replace(payer, joined_on=joined_on, left_on=left_on, agreed=agreed)

    def agreed_on(self, rider_id: RiderId, on: date) -> bool:
        """A word once given holds for the whole term, up to the day on which it is taken back."""
        word = self.consents.get(rider_id)
        return word is not None and (word.way is not ConsentWay.WITHDRAWN or on < word.given_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeBoard:
    """Who agreed and who has not yet, subsidies, and prices that hold beyond the term."""

    school: School
    needs_consent: bool
    missing: tuple[Rider, ...]
    agreed: tuple[tuple[Rider, PriceConsent], ...]
    subsidies: tuple[Subsidy, ...]
    beyond: tuple[TariffRate, ...]
    names: Mapping[str, str]

    @property
    def undone(self) -> frozenset[str]:
        """The subsidies that were taken back."""
        return frozenset(item.undoes for item in self.subsidies if item.undoes)


def load_plans(tx: Transaction, school: School) -> FeePlans:
    """What holds of every rider in the school's term."""
    needs = school.finance.fee_regime in NEEDS_CONSENT
    return FeePlans(
        needs_consent=needs,
        services=fee_store.load_services(tx),
        consents=fee_store.load_consents(tx, school.term.term_id) if needs else {},
    )


def board(database: Database) -> FeeBoard:
    """Everything of the term's fee plans that a person looks after."""
    with database.reading() as tx:
        school = register_store.load_school(tx)
        riders = {one.rider_id: one for one in register_store.load_riders(tx)}
        words = fee_store.load_consents(tx, school.term.term_id)
        rates = register_store.load_tariff(tx)
        subsidies = fee_store.load_subsidies(tx)
        names = {person.user_id: person.name for person in people_store.load_people(tx)}
    given = {rider_id: word for rider_id, word in words.items() if word.way is not ConsentWay.WITHDRAWN}
    return FeeBoard(
        school=school,
        needs_consent=school.finance.fee_regime in NEEDS_CONSENT,
        missing=tuple(one for rider_id, one in sorted(riders.items()) if rider_id not in given),
        agreed=tuple((riders[rider_id], word) for rider_id, word in given.items() if rider_id in riders),
        subsidies=subsidies,
        beyond=rates_beyond(rates, school.term),
        names=names,
    )


def record_consents(
    database: Database,
    rider_ids: Iterable[str],
    way: ConsentWay,
    *,
    given_on: date,
    note: str,
    clock: Clock,
    by: Actor,
) -> int:
    """These guardians' words on the price of the term are kept, with the paper that shows them; how many."""
    if not note.strip():
        raise InvalidInput("fee_evidence_needed")
    with database.transaction() as tx:
        term = register_store.load_school(tx).term
        known = {one.rider_id for one in register_store.load_riders(tx, include_retired=True)}
        given = fee_store.load_consents(tx, term.term_id)
        wanted = [RiderId(name) for name in dict.fromkeys(name.strip() for name in rider_ids) if name]
        if unknown := [name for name in wanted if name not in known]:
            raise InvalidInput("consent_riders_unknown", riders=unknown)
        if way is ConsentWay.WITHDRAWN:
            wanted = [name for name in wanted if name in given and given[name].way is not way]
        if not wanted:
            raise Refused("consent_of_nobody")
        told = Told(note=note.strip(), by=by.user_id, at=clock.now())
        fee_store.insert_consents(
            tx,
            [
                PriceConsent(rider_id=name, term_id=term.term_id, way=way, given_on=given_on, told=told)
                for name in wanted
            ],
        )
        facts = {"count": len(wanted), "way": way, "note": told.note}
        record_act(tx, by, "price_consents_kept", term.term_id, facts=facts, clock=clock)
    return len(wanted)


def record_service(
    database: Database,
    rider_id: RiderId,
    *,
    joined_on: date | None,
    left_on: date | None,
    note: str,
    clock: Clock,
    by: Actor,
) -> None:
    """From now on the rider's months and terms are owed for these days; both empty = for all of them."""
    if not note.strip():
        raise InvalidInput("reason_needed")
    if joined_on and left_on and left_on < joined_on:
        raise InvalidInput("service_backwards", joined_on=joined_on, left_on=left_on)
    with database.transaction() as tx:
        if rider_id not in {one.rider_id for one in register_store.load_riders(tx, include_retired=True)}:
            raise NotFound("fare_rider_unknown", rider_id=rider_id)
        if left_on is not None and _left_refunded(tx, rider_id):
            raise Refused("left_refund_stands", rider_id=rider_id)
        told = Told(note=note.strip(), by=by.user_id, at=clock.now())
        service = Service(rider_id=rider_id, joined_on=joined_on, left_on=left_on, told=told)
        fee_store.insert_service(tx, service)
        facts = {
            "joined_on": str(joined_on or ""), "left_on": str(left_on or ""), "note": told.note,
        }  # fmt: skip
        record_act(tx, by, "rider_service_kept", rider_id, facts=facts, clock=clock)


def record_subsidy(database: Database, item: Subsidy, *, clock: Clock, by: Actor) -> None:
    """Money of others is on record, as a memo; raises InvalidInput without giver, paper or sum."""
    if not item.giver.strip() or not item.told.note.strip():
        raise InvalidInput("fee_evidence_needed")
    if item.fen <= 0 or item.undoes is not None:
        raise InvalidInput("amount_needed")
    with database.transaction() as tx:
        known = {one.rider_id for one in register_store.load_riders(tx, include_retired=True)}
        if item.rider_id is not None and item.rider_id not in known:
            raise NotFound("fare_rider_unknown", rider_id=item.rider_id)
        fee_store.insert_subsidy(tx, item)
        record_act(tx, by, "subsidy_kept", item.subsidy_id, facts={"fen": item.fen}, clock=clock)


def undo_subsidy(
    database: Database, subsidy_id: str, *, note: str, clock: Clock, ids: Ids, by: Actor
) -> None:
    """A subsidy is taken back by its opposite, with the reason."""
    if not note.strip():
        raise InvalidInput("reason_needed")
    with database.transaction() as tx:
        known = {item.subsidy_id: item for item in fee_store.load_subsidies(tx)}
        undone = {item.undoes for item in known.values()}
        if subsidy_id not in known or subsidy_id in undone or known[subsidy_id].undoes:
            raise Refused("subsidy_not_undone", subsidy_id=subsidy_id)
        item = known[subsidy_id]
        told = Told(note=note.strip(), by=by.user_id, at=clock.now())
        opposite = replace(item, subsidy_id=ids.new(), fen=-item.fen, undoes=subsidy_id, told=told)
        fee_store.insert_subsidy(tx, opposite)
        record_act(tx, by, "subsidy_undone", subsidy_id, facts={"note": told.note}, clock=clock)


def subsidies_fen(tx: Transaction, first_on: date, last_on: date) -> int:
    """What others gave in these days, fen."""
    found = fee_store.load_subsidies(tx)
    return sum(item.fen for item in found if first_on <= item.received_on <= last_on)


def _left_refunded(tx: Transaction, rider_id: RiderId) -> bool:
    """Whether a refund took the months not begun off the charge already."""
    refunds = (stored.refund for stored in refund_store.load_refunds(tx, rider_id))
    return any(
        one.trigger is RefundTrigger.LEFT_SERVICE and one.charge_fen and not one.is_off for one in refunds
    )
