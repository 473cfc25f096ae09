"""
Devices and who holds them: enrolment of a signed-in crew member, tokens, giving a device up.

A token is kept only as its hash and speaks for one device: for whoever holds it, when the tablet
belongs to a vehicle (``enrolment.py``), else for one person. What a device may send is
``tablet_sync.py``'s to say, which runs it may see ``device_runs.py``'s.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.fleet import CrewRole
from busops.domain.people import Actor, Role
from busops.domain.values import Clock, CrewId, Plate
from busops.services import audit, device_keys
from busops.storage import device_store, fleet_store, people_store
from busops.storage.database import Database, Transaction
from busops.storage.device_store import Device, DeviceToken, Standing

TOKEN_BYTES: Final = 32
NAME_CHARACTERS: Final = 60
TOKEN_LIVES: Final = timedelta(hours=16)
HEARD_EVERY: Final = timedelta(seconds=30)
CREW: Final = frozenset({Role.ATTENDANT, Role.DRIVER})
STANDS_IN: Final = frozenset({Role.DISPATCHER, Role.ADMIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A device's number and its token, which is shown once and never again."""

    dev: int
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """
    Who a request comes from: the device, the person if it speaks for one, and whether its facts are taken.

    Who was given up, or waits to be confirmed, may hand in what it holds and is told nothing.
    """

    dev: int
    user_id: str
    crew_id: CrewId | None
    is_trusted: bool
    is_revoked: bool = False
    is_pending: bool = False
    plate: Plate | None = None


def enrol(
    database: Database,
    *,
    actor: Actor,
    crew_id: CrewId | None,
    name: str,
    clock: Clock,
    dev: int | None = None,
    may_stand_in: bool = False,
    lives: timedelta = TOKEN_LIVES,
    public_key: str | None,
) -> Enrolment:
    """
    A token for a device of this crew member: the one he had (``dev``) if it is his and sound, else a new one.

    A crew member enrols for himself. In the demo the office may stand in for somebody. A tablet makes a
    key, says its public half and is the same tablet only with the same key; one of before, which has
    none, goes on with the key that it says now. Raises Refused, and InvalidInput without a key.
    """
    if public_key is None:
        raise InvalidInput("device_key_needed")
    public_key = device_keys.read_key(public_key)
    crew_id = _whose(actor, crew_id, may_stand_in=may_stand_in)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = clock.now()
    with database.transaction() as tx:
        if actor.user_id in people_store.on_one_time_password(tx):
            raise Refused("password_change_first")
        if crew_id not in {member.crew_id for member in fleet_store.load_crew(tx)}:
            raise NotFound("no_such_crew", crew_id=crew_id)
        if dev is None or not _may_go_on(tx, dev, crew_id, public_key):
            name = name.strip()[:NAME_CHARACTERS] or "tablet"
            dev = device_store.enrol(tx, name, at=now, public_key=public_key).dev
        else:
            device_store.keep_key(tx, dev, public_key)
        speaks = DeviceToken(
            dev=dev, user_id=actor.user_id, crew_id=crew_id, expires_at=now + lives, revoked_at=None
        )
        device_store.save_token(tx, hash_of(token), speaks)
        facts = {"dev": dev, "crew_id": crew_id}
        audit.record(tx, actor, "device_enrolled", f"device:{dev}", facts, clock=clock)
    return Enrolment(dev=dev, token=token)


def holder_of(database: Database, token: str, *, clock: Clock) -> Holder | None:
    """Who holds this token; None when it is unknown or expired. A revoked one still speaks, untrusted."""
    with database.reading(once=True) as tx:
        held = device_store.find_token(tx, hash_of(token))
    if held is None or clock.now() >= held[0].expires_at:
        return None
    found, device = held
    is_revoked = found.revoked_at is not None or device.revoked_at is not None
    return Holder(
        dev=found.dev,
        user_id=found.user_id,
        crew_id=found.crew_id,
        is_trusted=not is_revoked and device.is_sound,
        is_revoked=is_revoked,
        is_pending=device.state is Standing.PENDING,
        plate=device.plate,
    )


def actor_of(database: Database, holder: Holder) -> Actor:
    """The person as an actor of decisions, in the role of the register; Refused when nobody was named."""
    if holder.crew_id is None:
        raise Refused("pin_needed")
    with database.reading() as tx:
        crew = fleet_store.load_crew(tx, include_retired=True)
    found = [member for member in crew if member.crew_id == holder.crew_id]
    if not found:
        raise NotFound("no_such_crew", crew_id=holder.crew_id)
    role = Role.DRIVER if found[0].role is CrewRole.DRIVER else Role.ATTENDANT
    return Actor(user_id=holder.user_id, role=role, name=found[0].name, crew_id=holder.crew_id)


def must_know_somebody(database: Database, holder: Holder) -> None:
    """
    Somebody has shown who he is on this device; Refused while nobody could record there.

    A list makes the run wait for the tablet: one that nobody has ever used must not hold up the bus.
    """
    with database.reading() as tx:
        if not device_store.crews_of(tx, holder.dev):
            raise Refused("pin_needed")


def heard_from(database: Database, dev: int, *, clock: Clock) -> None:
    """A tablet that only asks for news is no silent tablet; written down twice a minute at most."""
    with database.reading() as tx:
        device = device_store.load_device(tx, dev)
    if not _is_fresh(device, clock.now()):
        with database.transaction() as tx:
            device_store.touch(tx, dev, at=clock.now())


def hear_from(tx: Transaction, device: Device, *, at: datetime, app: str) -> None:
    """The same of one that has sent something, and with which version of its program."""
    if not _is_fresh(device, at) or app not in ("", device.app):
        device_store.touch(tx, device.dev, at=at, app=app)


def revoke(database: Database, dev: int, *, reason: str, by: Actor, clock: Clock) -> None:
    """The device is given up for good, and why is on record: what it still sends goes to quarantine."""
    if not reason.strip():
        raise InvalidInput("reason_needed")
    with database.transaction() as tx:
        if device_store.load_device(tx, dev).revoked_at is not None:
            raise Refused("device_revoked_before", dev=dev)
        device_store.revoke(tx, dev, at=clock.now())
        facts = {"dev": dev, "reason": reason.strip()}
        audit.record(tx, by, "device_revoked", f"device:{dev}", facts, clock=clock)


def list_devices(database: Database) -> tuple[Device, ...]:
    """Every device there ever was."""
    with database.reading() as tx:
        return device_store.load_devices(tx)


def hash_of(token: str) -> str:
    """What is kept of a token: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def _is_fresh(device: Device, now: datetime) -> bool:
    """Whether it was written down just now that the tablet was heard of."""
    return device.seen_at is not None and abs(now - device.seen_at) < HEARD_EVERY


def _whose(actor: Actor, crew_id: CrewId | None, *, may_stand_in: bool) -> CrewId:
    own = actor.crew_id if actor.role in CREW else None
    wanted = crew_id or own
    if wanted is None:
        raise Refused("not_of_the_crew")
    if wanted != own and not (may_stand_in and actor.role in STANDS_IN):
        raise Refused("not_your_tablet", crew_id=wanted)
    return wanted


def _may_go_on(tx: Transaction, dev: int, crew_id: CrewId, public_key: str) -> bool:
    """Whether the device exists, is sound, has no other key, and was only ever this person's."""
    known = {device.dev: device for device in device_store.load_devices(tx)}.get(dev)
    if known is None or not known.is_sound or known.plate is not None:
        return False
    return known.public_key in (None, public_key) and device_store.crews_of(tx, dev) == {crew_id}
