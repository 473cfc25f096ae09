"""
A tablet of a vehicle: offered by the office as a code to scan, taken once, believed once compared.

The code is 128 random bits that live ten minutes of the machine's clock; only its hash is kept. The
tablet sends its public key with it. Until somebody has seen the same check code on both screens the
tablet learns nothing and what it sends waits in quarantine.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from busops.domain.errors import InvalidInput, Refused
from busops.domain.fleet import CrewRole
from busops.domain.people import Actor
from busops.domain.values import Clock, Ids, Plate
from busops.services import attempts, audit, device_keys, devices
from busops.services.credentials import digest
from busops.storage import device_store, enrolment_store, fleet_store
from busops.storage.database import Database, Transaction
from busops.storage.device_store import Device, DeviceToken
from busops.storage.enrolment_store import Offer

CODE_BYTES: Final = 16
CODE_LIVES: Final = timedelta(minutes=10)
DEVICE_LIVES: Final = timedelta(days=200)  # a term and its holidays
HOLDER: Final = "device"  # whose a token is that belongs to no person: "device:7"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """An offer with its code, which is shown once and kept nowhere."""

    offer: Offer
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What the tablet is told: its number, its token, and the digits that somebody compares."""

    dev: int
    token: str
    check_code: str
    plate: Plate
    role: CrewRole


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOffer:
    """An offer as the office watches it: nobody yet, a tablet to compare, done, given up or too late."""

    offer: Offer
    device: Device | None
    state: str  # waiting, compare, confirmed, refused, expired


def plates(database: Database) -> tuple[Plate, ...]:
    """The vehicles that a tablet may belong to."""
    with database.reading() as tx:
        return tuple(vehicle.plate for vehicle in fleet_store.load_vehicles(tx))


def offer(
    database: Database, *, plate: str, role: str, by: Actor, clock: Clock, machine_clock: Clock, ids: Ids
) -> Offered:
    """A code for one tablet of this vehicle and post."""
    if role not in set(CrewRole):
        raise InvalidInput("enrolment_role_unknown")
    code = secrets.token_urlsafe(CODE_BYTES)
    now = machine_clock.now()
    made = Offer(
        enrolment_id=ids.new(),
        plate=Plate(plate),
        role=CrewRole(role),
        made_by=by.user_id,
        made_at=now,
        expires_at=now + CODE_LIVES,
    )
    with database.transaction() as tx:
        if plate not in {vehicle.plate for vehicle in fleet_store.load_vehicles(tx)}:
            raise InvalidInput("enrolment_plate_unknown", plate=plate)
        enrolment_store.insert_offer(tx, made, digest(code))
        facts = {"plate": plate, "role": role}
        audit.record(tx, by, "enrolment_offered", f"enrolment:{made.enrolment_id}", facts, clock=clock)
    return Offered(offer=made, code=code)


def take(
    database: Database,
    *,
    code: str,
    public_key: str,
    name: str,
    address: str,
    clock: Clock,
    machine_clock: Clock,
) -> Taken:
    """
    The tablet has its number and token, and waits to be compared.

    The failure is counted before the code is looked at. Refused: ``enrolment_code_wrong`` (never
    was, used, too late: all the same) or ``signin_wait``.
    """
    public_key = device_keys.read_key(public_key)
    tried, now = {attempts.ENROLMENT: address}, machine_clock.now()
    with database.transaction() as tx:
        before = attempts.count_failure(tx, tried, now)
    token = secrets.token_urlsafe(devices.TOKEN_BYTES)
    with database.transaction() as tx:
        found = enrolment_store.find_open(tx, digest(code), at=now)
        if found is None:
            raise Refused("enrolment_code_wrong")
        belongs = (found.plate, found.role)
        name = name.strip()[: devices.NAME_CHARACTERS] or "tablet"
        dev = device_store.enrol(tx, name, at=clock.now(), public_key=public_key, belongs=belongs).dev
        check = device_keys.check_code(code, public_key)
        if not enrolment_store.use(tx, found.enrolment_id, dev=dev, check_code=check, at=now):
            raise Refused("enrolment_code_wrong")
        _speaks(tx, dev, token, clock.now())
        attempts.was_right(tx, tried, before, now)
        facts = {"dev": dev, "plate": found.plate, "role": found.role.value}
        audit.record(tx, None, "enrolment_taken", f"device:{dev}", facts, clock=clock)
    return Taken(dev=dev, token=token, check_code=check, plate=found.plate, role=found.role)


def confirm(database: Database, enrolment_id: str, *, by: Actor, clock: Clock, machine_clock: Clock) -> Offer:
    """Somebody has compared the digits on both screens: the tablet is believed from now on."""
    with database.transaction() as tx:
        if not enrolment_store.confirm(tx, enrolment_id, by=by.user_id, at=machine_clock.now()):
            raise Refused("enrolment_not_to_confirm")
        found = enrolment_store.load_offer(tx, enrolment_id)
        dev = found.dev or 0
        if device_store.load_device(tx, dev).revoked_at is not None:
            raise Refused("device_revoked_before", dev=dev)
        device_store.confirm(tx, dev)
        audit.record(tx, by, "enrolment_confirmed", f"device:{dev}", {"dev": dev}, clock=clock)
    return found


def show(database: Database, enrolment_id: str, *, machine_clock: Clock) -> ShownOffer:
    """How the offer stands."""
    with database.reading() as tx:
        found = enrolment_store.load_offer(tx, enrolment_id)
        device = device_store.load_device(tx, found.dev) if found.dev else None
    return ShownOffer(offer=found, device=device, state=_state(found, device, machine_clock.now()))


def offer_of_device(database: Database, dev: int) -> Offer | None:
    """The offer that the device took; None for one that a person enrolled."""
    with database.reading() as tx:
        return enrolment_store.offers_of_devices(tx).get(dev)


def _state(found: Offer, device: Device | None, now: datetime) -> str:
    if device is None:
        return "waiting" if now < found.expires_at else "expired"
    if device.revoked_at is not None:
        return "refused"
    return "confirmed" if found.confirmed_at else "compare"


def _speaks(tx: Transaction, dev: int, token: str, now: datetime) -> None:
    held = DeviceToken(
        dev=dev,
        user_id=f"{HOLDER}:{dev}",
        crew_id=None,
        expires_at=now + DEVICE_LIVES,
        revoked_at=None,
    )
    device_store.save_token(tx, devices.hash_of(token), held)
