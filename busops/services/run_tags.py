"""
The tags of a vehicle: their codes on a day, the rows drawn for a check, and new tags for a new term.

A code is the first digits of an HMAC over its place with the vehicle's secret, so that nobody
can tell one tag from another and all of them change with the secret. Runs released before a
change keep their copies; so new tags wait for a day on which no released run is open.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from busops.domain.errors import NotFound, Refused
from busops.domain.evidence import in_order_of_the_walk, raised
from busops.domain.fleet import CrewRole, Vehicle
from busops.domain.run_plan import RunPlan
from busops.domain.values import Clock, Ids, Plate, school_date
from busops.services.acting import By, record_act, user_of
from busops.storage import fleet_store, register_store, tag_store
from busops.storage.database import Database, Transaction
from busops.storage.tag_store import VehicleSecret

ROWS_ASKED: Final = 2
CODE_FROM: Final = 100_000  # six digits, the first never zero
CODES: Final = 900_000
IDS_IN_A_SECRET: Final = 16  # each holds some 70 random bits; far more than the hash can keep
FIRST_DAY: Final = date(2000, 1, 1)  # a vehicle's first secret holds for every day before the second


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleTags:
    """A vehicle's tags on a day, in the order of the walk from the front to the rear."""

    tags: tuple[tuple[str, str], ...]
    valid_from: date
    is_stale: bool  # made before the present term began
    next_from: date | None  # from when other tags hold, if they are made already


def tags_of(tx: Transaction, vehicle: Vehicle, on: date, *, clock: Clock, ids: Ids) -> dict[str, str]:
    """The codes of the vehicle's tags on that day by place; its first secret is made when it has none."""
    tag_store.lock_vehicle(tx, vehicle.plate)
    secrets = tag_store.load_secrets(tx, vehicle.plate)
    if not secrets:
        secrets = (_new_secret(tx, vehicle.plate, 1, FIRST_DAY, by=None, clock=clock, ids=ids),)
    return _codes(tx, vehicle, _secret_on(secrets, on))


def change_tags(
    database: Database, plate: Plate, *, from_on: date, by: By, clock: Clock, ids: Ids
) -> VehicleTags:
    """
    From that day on the vehicle has other tags; the first ones when it had none.

    Refused for a day that is over, for a day before tags already made, and while a released run
    of that day or later is open: its crew would read codes that no longer hang in the bus.
    """
    with database.transaction() as tx:
        vehicle = _vehicle(tx, plate)
        tag_store.lock_vehicle(tx, plate)
        secrets = tag_store.load_secrets(tx, plate)
        if secrets:
            if from_on < school_date(clock.now()):
                raise Refused("tags_from_past_day", plate=plate, on=from_on)
            if from_on <= secrets[-1].valid_from:
                raise Refused("tags_made_already", plate=plate, on=secrets[-1].valid_from)
            if open_runs := tag_store.open_runs_from(tx, plate, from_on):
                raise Refused("tags_in_use", plate=plate, on=from_on, count=len(open_runs))
        version = len(secrets) + 1
        holds_from = from_on if secrets else FIRST_DAY
        made = _new_secret(tx, plate, version, holds_from, by=by, clock=clock, ids=ids)
        facts = {"version": version, "from_on": made.valid_from.isoformat()}
        record_act(tx, by, "tags_changed", plate, facts=facts, clock=clock)
        return _shown(tx, vehicle, (*secrets, made), made.valid_from)


def tags_on(database: Database, plate: Plate, on: date) -> VehicleTags | None:
    """The vehicle's tags on that day, or None when none were made yet."""
    with database.reading() as tx:
        vehicle = _vehicle(tx, plate)
        secrets = tag_store.load_secrets(tx, plate)
        if secrets:
            return _shown(tx, vehicle, secrets, on)
        hanging = tag_store.load_tags(tx, plate)
    tags = tuple((each, hanging[each]) for each in in_order_of_the_walk(vehicle.rows) if each in hanging)
    return VehicleTags(tags=tags, valid_from=FIRST_DAY, is_stale=True, next_from=None) if tags else None


def on_substitute(tx: Transaction, plan: RunPlan, vehicle: Vehicle, *, clock: Clock, ids: Ids) -> RunPlan:
    """The run on another vehicle: its seats, its tags, rows drawn for it; a substitute must show more."""
    return replace(
        plan,
        plate=vehicle.plate,
        rows=vehicle.rows,
        approved_students=vehicle.approved_students,
        approved_total=vehicle.approved_total,
        tags=tags_of(tx, vehicle, plan.on, clock=clock, ids=ids),
        evidence=raised(vehicle.evidence, is_hot=False, is_substitute=True),
        asked_rows={role: draw_rows(vehicle.rows, f"{ids.new()}{role}") for role in CrewRole},
    )


def draw_rows(rows: int, salt: str) -> tuple[int, ...]:
    """Two rows nobody can know before: those whose hash with a fresh id comes first."""
    drawn = sorted(range(1, rows + 1), key=lambda row: hashlib.sha256(f"{salt}:{row}".encode()).digest()[:8])
    return tuple(sorted(drawn[:ROWS_ASKED]))


def _new_secret(
    tx: Transaction, plate: Plate, version: int, valid_from: date, *, by: By, clock: Clock, ids: Ids
) -> VehicleSecret:
    drawn = "".join(ids.new() for _ in range(IDS_IN_A_SECRET))
    secret = hashlib.sha256(f"{drawn}{plate}".encode()).digest()
    made = VehicleSecret(version=version, secret=secret, valid_from=valid_from, made_at=clock.now())
    tag_store.add_secret(tx, plate, made, made_by=user_of(by))
    return made


def _secret_on(secrets: Sequence[VehicleSecret], on: date) -> VehicleSecret:
    holding = [secret for secret in secrets if secret.valid_from <= on]
    return holding[-1] if holding else secrets[0]


def _codes(tx: Transaction, vehicle: Vehicle, secret: VehicleSecret) -> dict[str, str]:
    """Each code once on the vehicle; tags that hung before there were secrets stay with the first one."""
    places = in_order_of_the_walk(vehicle.rows)
    hanging = tag_store.load_tags(tx, vehicle.plate) if secret.version == 1 else {}
    tags = {place: hanging[place] for place in places if place in hanging}
    for place in places:
        attempt = 0
        while place not in tags:
            code = _code(secret.secret, place, attempt)
            if code not in tags.values():
                tags[place] = code
            attempt += 1
    return {place: tags[place] for place in places}


def _code(secret: bytes, place: str, attempt: int) -> str:
    digest = hmac.new(secret, f"{place}/{attempt}".encode(), hashlib.sha256).digest()
    return str(CODE_FROM + int.from_bytes(digest[:8], "big") % CODES)


def _shown(tx: Transaction, vehicle: Vehicle, secrets: Sequence[VehicleSecret], on: date) -> VehicleTags:
    secret = _secret_on(secrets, on)
    later = [each.valid_from for each in secrets if each.valid_from > max(on, secret.valid_from)]
    term = register_store.load_school(tx).term
    return VehicleTags(
        tags=tuple(_codes(tx, vehicle, secret).items()),
        valid_from=secret.valid_from,
        is_stale=school_date(secret.made_at) < term.starts_on <= on and not later,
        next_from=later[0] if later else None,
    )


def _vehicle(tx: Transaction, plate: Plate) -> Vehicle:
    for vehicle in fleet_store.load_vehicles(tx, include_retired=True):
        if vehicle.plate == plate:
            return vehicle
    raise NotFound("no_such_vehicle", plate=plate)
