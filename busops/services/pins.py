"""
The personal PIN of a crew member on a vehicle's tablet: given by the office, shown once, tried five times.

Six digits drawn at random, kept as an argon2id hash. It says who acts on a tablet that is already
believed; it opens no page of the office, and without the tablet it opens nothing at all.
"""

import secrets
from dataclasses import dataclass
from typing import Final

from argon2 import PasswordHasher

from busops.domain.errors import NotFound, Refused
from busops.domain.fleet import CrewMember, CrewRole
from busops.domain.people import Actor
from busops.domain.values import Clock, CrewId
from busops.services import audit, devices
from busops.services.credentials import STRONG, hash_of_nobody, hash_password, matches
from busops.services.devices import Holder
from busops.storage import device_store, fleet_store, people_store, pin_store
from busops.storage.database import Database, Transaction
from busops.storage.device_store import DeviceToken
from busops.storage.pin_store import CrewPin

DIGITS: Final = 6
MOST_TRIES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """Who acts on the tablet from now on, and the token that speaks for the person there."""

    crew_id: CrewId
    name: str
    role: CrewRole
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPin:
    """A crew member and how the PIN stands; never the PIN."""

    member: CrewMember
    pin: CrewPin | None

    @property
    def state(self) -> str:
        """Whether there is none, it may be used, or it is locked until somebody gives a new one."""
        if self.pin is None:
            return "none"
        return "locked" if self.pin.failures >= MOST_TRIES else "given"


def give(
    database: Database, crew_id: CrewId, *, by: Actor, clock: Clock, hasher: PasswordHasher = STRONG
) -> str:
    """A new PIN, told once; the one before and whatever it had opened end at once."""
    pin = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    hashed = hash_password(pin, hasher)
    now = clock.now()
    with database.transaction() as tx:
        if crew_id not in {member.crew_id for member in fleet_store.load_crew(tx)}:
            raise NotFound("no_such_crew", crew_id=crew_id)
        made = CrewPin(crew_id=crew_id, pin_hash=hashed, made_by=by.user_id, made_at=now)
        pin_store.replace_pin(tx, made)
        device_store.end_pin_tokens(tx, crew_id, at=now)
        audit.record(tx, by, "pin_given", f"crew:{crew_id}", {"crew_id": crew_id}, clock=clock)
    return pin


def enter(
    database: Database,
    holder: Holder,
    *,
    crew_id: CrewId,
    pin: str,
    clock: Clock,
    hasher: PasswordHasher = STRONG,
) -> Entered:
    """
    The person acts on this tablet; the try is counted before the PIN is looked at.

    Raises Refused: not a vehicle's tablet, wrong, or locked until the office gives a new one.
    """
    if holder.plate is None or not holder.is_trusted:
        raise Refused("pin_not_here")
    with database.transaction() as tx:
        kept = pin_store.find_pin(tx, crew_id)
        may_try = pin_store.count_failure(tx, crew_id, most=MOST_TRIES)
    if kept is not None and not may_try:
        raise Refused("pin_locked")
    right = matches(pin, kept.pin_hash if kept else hash_of_nobody(hasher), hasher)
    if kept is None or not right:
        left = MOST_TRIES - 1 - (kept.failures if kept else 0)
        with database.transaction() as tx:
            facts = {"dev": holder.dev, "crew_id": crew_id}
            audit.record(tx, None, "pin_failed", f"device:{holder.dev}", facts, clock=clock)
        raise Refused("pin_wrong", left=left) if left else Refused("pin_locked")
    return _open(database, holder, kept, clock=clock)


def list_pins(database: Database) -> tuple[ShownPin, ...]:
    """Everybody of the crew and how the PIN stands."""
    with database.reading() as tx:
        pins = pin_store.load_pins(tx)
        crew = fleet_store.load_crew(tx)
    return tuple(ShownPin(member=member, pin=pins.get(member.crew_id)) for member in crew)


def _open(database: Database, holder: Holder, kept: CrewPin, *, clock: Clock) -> Entered:
    crew_id = kept.crew_id
    token, now = secrets.token_urlsafe(devices.TOKEN_BYTES), clock.now()
    with database.transaction() as tx:
        member = {each.crew_id: each for each in fleet_store.load_crew(tx)}.get(crew_id)
        now_kept = pin_store.find_pin(tx, crew_id)
        if member is None or now_kept is None or now_kept.pin_hash != kept.pin_hash:
            raise Refused("pin_not_here")  # retired, or another PIN was given meanwhile
        user_id = _account_of(tx, crew_id)
        pin_store.forget_failures(tx, crew_id)
        speaks = DeviceToken(
            dev=holder.dev,
            user_id=user_id,
            crew_id=crew_id,
            expires_at=now + devices.TOKEN_LIVES,
            revoked_at=None,
        )
        device_store.save_token(tx, devices.hash_of(token), speaks)
        facts = {"dev": holder.dev, "crew_id": crew_id}
        audit.record(tx, None, "pin_entered", f"device:{holder.dev}", facts, clock=clock)
    return Entered(crew_id=crew_id, name=member.name, role=member.role, token=token)


def _account_of(tx: Transaction, crew_id: CrewId) -> str:
    """The person's account, so that closing it ends what the PIN opened; a person may have none."""
    own = [person for person in people_store.load_people(tx) if person.crew_id == crew_id]
    if own and all(person.is_disabled for person in own):
        raise Refused("pin_not_here")
    return next((person.user_id for person in own if not person.is_disabled), f"crew:{crew_id}")
