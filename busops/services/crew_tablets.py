"""
Puts tablets into the hands of simulated crews: enrols them, fetches the pack, finds the tags.

A real crew reads the tags in the vehicle; the simulated one is told them here. Everything else
goes through the tablet protocol.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from busops.domain.errors import NotFound
from busops.domain.fleet import CrewRole
from busops.domain.people import Actor, Role
from busops.domain.run_plan import RunPlan
from busops.domain.values import Clock, CrewId, Ids, RunId
from busops.services import devices
from busops.services.crew_player import HTTP_OK, PlayedRun, take_run
from busops.services.simulated_crew import Pack, SimulatedDevice, Slips, Transport, usual_slips
from busops.services.simulated_key import SimulatedKey
from busops.storage import device_store, held_events, run_store
from busops.storage.database import Database

SIMULATED: Final = "simulated"
LIVES: Final = timedelta(days=400)
_ROLES: Final[Mapping[CrewRole, Role]] = {CrewRole.DRIVER: Role.DRIVER, CrewRole.ATTENDANT: Role.ATTENDANT}

SlipsOf = Callable[[Pack], Slips]


def hand_out(
    database: Database,
    run_ids: Iterable[RunId],
    *,
    transport: Transport,
    clock: Clock,
    ids: Ids,
    seed: int = 1,
    slips_of: SlipsOf | None = None,
) -> list[PlayedRun]:
    """Each run with its two simulated tablets, going on where its tablets stopped, if they ever began."""
    known = {device.name: device.dev for device in devices.list_devices(database)}
    played = []
    for run_id in run_ids:
        with database.reading() as tx:
            plan = run_store.load_run_plan(tx, run_id)
        tablets = {
            role: _tablet(database, plan, role, known=known, clock=clock, ids=ids) for role in CrewRole
        }
        pack = _fetch_pack(transport, tablets[CrewRole.ATTENDANT], run_id)
        slips = slips_of(pack) if slips_of else usual_slips(pack, seed)
        played.append(take_run(pack, plan.tags, tablets, slips=slips))
    return played


def taken_over(database: Database, run_id: RunId, simulated: frozenset[int]) -> bool:
    """Whether a person's tablet has recorded anything of this run."""
    with database.reading() as tx:
        return not held_events.devices_of(tx, run_id) <= simulated


def _tablet(
    database: Database,
    plan: RunPlan,
    role: CrewRole,
    *,
    known: Mapping[str, int],
    clock: Clock,
    ids: Ids,
) -> SimulatedDevice:
    crew_id = plan.driver_id if role is CrewRole.DRIVER else plan.attendant_ids[0]
    name = f"{SIMULATED} {plan.run_id} {role.value.lower()}"
    actor = Actor(user_id=f"{SIMULATED}:{crew_id}", role=_ROLES[role], name=crew_id, crew_id=CrewId(crew_id))
    key = SimulatedKey(name=name)
    held = devices.enrol(
        database,
        actor=actor,
        crew_id=actor.crew_id,
        name=name,
        clock=clock,
        dev=known.get(name),
        lives=LIVES,
        public_key=key.public,
    )
    tablet = SimulatedDevice(dev=held.dev, token=held.token, crew_id=crew_id, boot=ids.new(), key=key)
    with database.reading() as tx:
        ack = held_events.ack_of(tx, held.dev)
    return replace(tablet, seq=ack.seq, prev=ack.digest) if ack.seq else tablet


def _fetch_pack(transport: Transport, tablet: SimulatedDevice, run_id: RunId) -> Pack:
    status, pack = transport("GET", f"/api/v1/runs/{run_id}/pack", tablet.headers, None)
    if status != HTTP_OK:
        raise NotFound("no_such_run", run_id=run_id)
    return dict(pack)


def simulated_devices(database: Database) -> frozenset[int]:
    """The numbers of the tablets that simulated crews hold."""
    with database.reading() as tx:
        return frozenset(
            device.dev for device in device_store.load_devices(tx) if device.name.startswith(SIMULATED)
        )
