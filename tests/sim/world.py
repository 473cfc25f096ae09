"""A small synthetic school with released runs, crews who can sign in, and their tablets."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from busops.domain.fleet import CrewRole
from busops.domain.people import Actor, Role
from busops.domain.run_plan import ManifestRider, PlannedStop, RunPlan
from busops.domain.values import CAMPUS, CrewId, Direction, RunId, StopId, school_date
from busops.services import devices, people
from busops.services.run_state import facts_arrived
from busops.services.simulated_crew import SimulatedDevice
from busops.services.simulated_key import SimulatedKey
from busops.storage import device_store, run_store, tag_store
from busops.storage.database import Database
from busops.storage.device_store import DeviceToken
from busops.storage.run_store import ReleasedRun
from tests import small_school
from tests.machine import CountingIds, FixedClock

PASSWORD = "correct-horse-9"
DEPARTS_AT = datetime(2026, 3, 13, 8, 0, tzinfo=UTC)  # 16:00 at the school
TAGS = {"rear": "481907", **{f"row:{row}": f"{226410 + row}" for row in range(1, 9)}}
CREWS = {CrewRole.ATTENDANT: CrewId("Z1"), CrewRole.DRIVER: CrewId("D2")}


def fill(database: Database) -> small_school.SmallSchool:
    """The small school, its tags, and nobody who can sign in yet."""
    made = small_school.fill(database)
    with database.transaction() as tx:
        tag_store.save_tags(tx, small_school.COACH, dict(TAGS))
    return made


def release(
    database: Database,
    *,
    run_id: str = "run-1",
    direction: Direction = Direction.HOMEWARD,
    departs_at: datetime = DEPARTS_AT,
    stops: tuple[str, ...] = ("S001", "S002", "S003"),
    trip_no: int = 1,
) -> RunPlan:
    """A run of the coach over these stops, with every rider of them, released."""
    made = small_school.small_school()
    order = [CAMPUS, *stops] if direction is Direction.HOMEWARD else [*stops, CAMPUS]
    planned = tuple(
        PlannedStop(
            stop_id=StopId(stop),
            arrives_at=departs_at + timedelta(minutes=12 * place),
            leaves_at=departs_at + timedelta(minutes=12 * place, seconds=60 if place else 0),
        )
        for place, stop in enumerate(order)
    )
    plan = RunPlan(
        run_id=RunId(run_id),
        direction=direction,
        on=school_date(departs_at),
        stops=planned,
        manifest=tuple(
            ManifestRider(rider_id=rider.rider_id, stop_id=rider.stop_id)
            for rider in made.riders
            if rider.stop_id in stops
        ),
        roster_v=1,
        designated=frozenset(stop.stop_id for stop in made.stops),
        plate=small_school.COACH,
        rows=8,
        approved_students=20,
        approved_total=22,
        driver_id=CREWS[CrewRole.DRIVER],
        attendant_ids=(CREWS[CrewRole.ATTENDANT],),
        tags=TAGS,
        asked_rows={CrewRole.ATTENDANT: (2, 7), CrewRole.DRIVER: (4, 6)},
        departs_at=planned[0].leaves_at,
        arrives_at=planned[-1].arrives_at,
    )
    made_at = departs_at - timedelta(days=1)
    with database.transaction() as tx:
        run_store.insert_run(tx, ReleasedRun(plan=plan, trip_no=trip_no, made_at=made_at, made_by="u1"))
        facts_arrived(tx, plan.run_id, clock=FixedClock(made_at), ids=CountingIds())
    return plan


def add_people(database: Database, clock: Any, ids: Any) -> dict[str, str]:
    """One account for each role, and two dispatchers; user names by word."""
    accounts = {
        "attendant": (Role.ATTENDANT, CREWS[CrewRole.ATTENDANT]),
        "driver": (Role.DRIVER, CREWS[CrewRole.DRIVER]),
        "stranger": (Role.ATTENDANT, CrewId("Z2")),
        "dispatcher": (Role.DISPATCHER, None),
        "deputy": (Role.DISPATCHER, None),
        "supervisor": (Role.SUPERVISOR, None),
    }
    for name, (role, crew_id) in accounts.items():
        people.create_person(
            database,
            name=f"示例{name}",
            username=name,
            role=role,
            password=PASSWORD,
            crew_id=crew_id,
            clock=clock,
            ids=ids,
            hasher=people.CHEAP,
        )
    return {name: name for name in accounts}


def enrol(database: Database, role: CrewRole, *, clock: Any, ids: Any) -> SimulatedDevice:
    """A tablet of the crew member in that role."""
    crew_id = CREWS[role]
    actor = Actor(user_id=f"u-{crew_id}", role=Role(role.value.lower()), name=crew_id, crew_id=crew_id)
    key = SimulatedKey(name=f"tablet of {crew_id}")
    acting = {"actor": actor, "crew_id": crew_id, "clock": clock}
    held = devices.enrol(database, name="tablet", public_key=key.public, **acting)
    return SimulatedDevice(dev=held.dev, token=held.token, crew_id=crew_id, boot=ids.new(), key=key)


def enrol_as_before(database: Database, role: CrewRole, *, clock: Any, ids: Any) -> SimulatedDevice:
    """A tablet that was enrolled before tablets had keys: it signs nothing until its token ends."""
    crew_id, token = CREWS[role], ids.new()
    with database.transaction() as tx:
        dev = device_store.enrol(tx, "tablet", at=clock.now()).dev
        until = clock.now() + devices.TOKEN_LIVES
        speaks = DeviceToken(
            dev=dev, user_id=f"u-{crew_id}", crew_id=crew_id, expires_at=until, revoked_at=None
        )
        device_store.save_token(tx, devices.hash_of(token), speaks)
    return SimulatedDevice(dev=dev, token=token, crew_id=crew_id, boot=ids.new())


def tablets(database: Database, *, clock: Any, ids: Any) -> dict[CrewRole, SimulatedDevice]:
    """The two tablets of the crew."""
    return {role: enrol(database, role, clock=clock, ids=ids) for role in CREWS}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTransport:
    """Carries a simulated crew's requests into the application without a network."""

    client: FlaskClient

    def __call__(self, method: str, path: str, headers: Any, body: Any) -> tuple[int, Any]:
        """The status and the parsed answer."""
        answer = self.client.open(path, method=method, headers=dict(headers), json=body)
        return answer.status_code, answer.get_json(silent=True)


def transport(app: Flask) -> ClientTransport:
    """A transport into this application."""
    return ClientTransport(client=app.test_client())


def a_clock(minutes_after_departure: int = 120) -> FixedClock:
    """A clock some time after the departure, so that no event lies in the server's future."""
    return FixedClock(DEPARTS_AT + timedelta(minutes=minutes_after_departure))


def give_to_another_crew(tx: Any, run_id: str) -> None:
    """The run is other people's now."""
    run_store.retire_crew(tx, RunId(run_id), until_at=DEPARTS_AT - timedelta(hours=20))
    plan = replace(
        run_store.load_run_plan(tx, RunId(run_id)), driver_id=CrewId("D1"), attendant_ids=(CrewId("Z2"),)
    )
    run_store.insert_crew(tx, plan, since_at=DEPARTS_AT - timedelta(hours=20))


def sign_in(app: Flask, account: str) -> FlaskClient:
    """A browser in which this person is signed in."""
    client = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/signin").get_data(as_text=True))
    assert token is not None
    form = {"csrf_token": token[1], "account": account, "password": PASSWORD}
    assert client.post("/signin", data=form).status_code == 302
    return client


def soon(clock: Any) -> datetime:
    """A departure in five minutes by a running clock."""
    return clock.now() + timedelta(minutes=5)


__all__ = ["CountingIds", "add_people", "enrol", "fill", "release", "sign_in", "soon", "tablets", "transport"]
