"""
A seeded school under load: buses with released runs, tablets with keys, and what each has recorded, signed.

Every bus has one run just now, a tablet of its own with an account, a key and a token, valid papers and
places of its stops. What a tablet will send is stamped, chained and signed beforehand, so that the client
of a load test has nothing to compute while it measures.
"""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from busops.clock import UuidIds
from busops.domain.fleet import CrewRole, VehicleClass
from busops.domain.network import StopPlace
from busops.domain.run_plan import ManifestRider, PlannedStop, RunPlan
from busops.domain.values import CAMPUS, CrewId, Direction, Plate, RiderId, RunId, StopId, school_date
from busops.services.devices import hash_of
from busops.services.simulated_crew import SimulatedDevice, digest, script, stamp
from busops.storage import device_store, fleet_store, register_store, run_store
from busops.storage.database import Database
from busops.storage.device_store import DeviceToken
from busops.storage.run_store import ReleasedRun
from tests.device_kit import Key
from tests.small_school import a_crew_member, a_vehicle, small_school

RIDERS: Final = 46  # a bus; with arrivals, departures and counts a tablet records a hundred facts
STOPS: Final = (StopId("S001"), StopId("S002"), StopId("S003"))
ROWS: Final = 12
TAGS: Final = {"rear": "481907", **{f"row:{row}": f"{226410 + row}" for row in range(1, ROWS + 1)}}
NEAR_M: Final = 60
YEAR: Final = timedelta(days=365)
RODE_AGO: Final = timedelta(minutes=40)  # the facts are of a ride that is over: nothing lies in the future


@dataclass(frozen=True, slots=True, kw_only=True)
class Tablet:
    """A tablet as its server knows it, and everything it has recorded."""

    dev: int
    token: str
    key: Key
    events: tuple[dict[str, Any], ...]

    def batches(self, size: int, *, skip: int = 0, most: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Its events in signed batches of at most ``size``: how many, and the bytes on the wire."""
        events = self.events[skip:most]
        for start in range(0, len(events), size):
            part = events[start : start + size]
            body = self.key.batch(part, self.dev)
            yield len(part), json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def fill(database: Database, buses: int, *, now: datetime) -> tuple[Tablet, ...]:
    """A school with so many buses on their way, and their tablets with what they have recorded."""
    ids = UuidIds()
    plans = tuple(_plan(number, now) for number in range(1, buses + 1))
    _register(database, plans, now)
    tablets = []
    with database.transaction() as tx:
        for plan in plans:
            run_store.insert_run(tx, ReleasedRun(plan=plan, made_at=now - 2 * RODE_AGO, made_by="u1"))
            key, token = Key(), secrets.token_urlsafe(32)
            name = f"tablet {plan.plate}"
            dev = device_store.enrol(tx, name, at=now, public_key=key.public).dev
            crew_id = plan.attendant_ids[0]
            speaks = DeviceToken(
                dev=dev, user_id=f"u-{crew_id}", crew_id=crew_id, expires_at=now + YEAR, revoked_at=None
            )
            device_store.save_token(tx, hash_of(token), speaks)
            held = SimulatedDevice(dev=dev, token=token, crew_id=crew_id, boot=ids.new())
            tablets.append(Tablet(dev=dev, token=token, key=key, events=tuple(_recorded(held, plan, ids))))
    return tuple(tablets)


def _plan(number: int, now: datetime) -> RunPlan:
    """A homeward run that will arrive in twenty minutes: no alarm is due while the bench runs."""
    departs_at = now - timedelta(minutes=10)
    planned = tuple(
        PlannedStop(
            stop_id=stop,
            arrives_at=departs_at + timedelta(minutes=10 * place),
            leaves_at=departs_at + timedelta(minutes=10 * place, seconds=60 if place else 0),
        )
        for place, stop in enumerate((CAMPUS, *STOPS))
    )
    return RunPlan(
        run_id=RunId(f"run-{number:04d}"),
        direction=Direction.HOMEWARD,
        on=school_date(now),
        stops=planned,
        manifest=tuple(
            ManifestRider(rider_id=RiderId(f"R{number:04d}{rider:02d}"), stop_id=STOPS[rider % len(STOPS)])
            for rider in range(RIDERS)
        ),
        roster_v=1,
        designated=frozenset(STOPS),
        plate=Plate(f"川F{number:05d}"),
        rows=ROWS,
        approved_students=RIDERS,
        approved_total=RIDERS + 2,
        driver_id=CrewId(f"D{number:04d}"),
        attendant_ids=(CrewId(f"Z{number:04d}"),),
        tags=TAGS,
        asked_rows={CrewRole.ATTENDANT: (2, 7), CrewRole.DRIVER: (4, 6)},
        places={
            stop: StopPlace(lat6=31_127_000 + 20_000 * place, lon6=104_398_000, radius_m=NEAR_M)
            for place, stop in enumerate((CAMPUS, *STOPS))
        },
        departs_at=planned[0].leaves_at,
        arrives_at=planned[-1].arrives_at,
    )


def _register(database: Database, plans: tuple[RunPlan, ...], now: datetime) -> None:
    """School, vehicles and crews with papers of another year."""
    until = (now + YEAR).date()
    papers = {"permit_to": until, "inspection_to": until, "plate_to": until, "insurance_to": until}
    vehicles, crew = [], []
    for plan in plans:
        vehicle = a_vehicle(plan.plate, VehicleClass.CHARTER_COACH, plan.approved_students)
        vehicles.append(replace(vehicle, rows=ROWS, **papers))
        driver = a_crew_member(plan.driver_id, CrewRole.DRIVER, [plan.plate])
        attendant = a_crew_member(plan.attendant_ids[0], CrewRole.ATTENDANT)
        crew += [replace(each, qualified_to=until, audit_to=until) for each in (driver, attendant)]
    with database.transaction() as tx:
        register_store.save_school(tx, small_school().school)
        fleet_store.save_vehicles(tx, vehicles)
        fleet_store.save_crew(tx, crew)


def _recorded(held: SimulatedDevice, plan: RunPlan, ids: UuidIds) -> Iterator[dict[str, Any]]:
    """What the attendant's tablet has recorded of the whole ride, with positions, chained."""
    pack = _pack(plan)
    for act in script(pack, TAGS):
        if act.role is not CrewRole.ATTENDANT:
            continue
        early = replace(act, at_ms=act.at_ms - round(RODE_AGO.total_seconds() * 1000))
        held, envelope = stamp(held, early, pack=pack, ids=ids)
        if place := plan.places.get(StopId(act.stop or "")):
            envelope |= {"lat6": place.lat6, "lon6": place.lon6, "acc": 12}
            held = replace(held, prev=digest(envelope))
        yield envelope


def _pack(plan: RunPlan) -> dict[str, Any]:
    """What a crew's script reads of a run's pack."""
    stops = [
        {"stop": each.stop_id, "arrive_ms": _ms(each.arrives_at), "leave_ms": _ms(each.leaves_at)}
        for each in plan.stops
    ]
    places = {role.value.lower(): list(plan.asked_places(role)) for role in CrewRole}
    return {
        "run": plan.run_id,
        "roster_v": plan.roster_v,
        "direction": plan.direction.value,
        "departs_ms": _ms(plan.departs_at),
        "stops": stops,
        "riders": [{"rider": each.rider_id, "stop": each.stop_id} for each in plan.manifest],
        "asks": {"photo": False, "sensor": False, "places": places},
    }


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
