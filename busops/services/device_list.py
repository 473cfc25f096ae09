"""
The tablets of the school as the office looks after them: whose, in which bus, how far heard.

Reading only. Enrolling and giving up is ``devices.py``'s, what a tablet sends ``tablet_sync.py``'s.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from busops.domain.fleet import CrewMember
from busops.domain.values import Clock, Plate
from busops.storage import device_log_store, device_store, enrolment_store, fleet_store, keeping_store
from busops.storage.database import Database
from busops.storage.device_log_store import DeviceLog
from busops.storage.device_store import Device, DeviceToken, Standing
from busops.storage.keeping_store import Keeping


class DeviceState(StrEnum):
    """How a tablet stands; only the ready one needs nobody."""

    PENDING = "pending"  # its check code has not been compared
    NOT_KEPT = "not_kept"  # its browser may clear its records, and nobody has accepted that
    READY = "ready"
    SIGNED_OUT = "signed_out"  # its token has run out: whoever takes it next enrols it anew
    FROZEN = "frozen"  # two histories carry its number
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDevice:
    """A tablet with the person it last spoke for, its vehicle and how far it was heard."""

    device: Device
    state: DeviceState
    member: CrewMember | None
    crew_id: str
    plate: Plate | None
    log: DeviceLog
    keeping: Keeping | None = None  # what it said of its own store
    enrolment_id: str | None = None  # the offer it took, where it belongs to a vehicle

    @property
    def missing(self) -> bool:
        """True when a number before its highest never came."""
        return self.log.acked_seq < self.log.highest_seq


def list_tablets(database: Database, *, clock: Clock) -> tuple[ShownDevice, ...]:
    """Every tablet there ever was, those in use first."""
    with database.reading() as tx:
        found = device_store.load_devices(tx)
        tokens, logs = device_store.last_tokens(tx), device_log_store.logs(tx)
        plates, offers = device_log_store.last_plates(tx), enrolment_store.offers_of_devices(tx)
        crew = {member.crew_id: member for member in fleet_store.load_crew(tx, include_retired=True)}
        keepings = keeping_store.keepings(tx)
    now = clock.now()
    shown = []
    for device in found:
        token = tokens.get(device.dev)
        crew_id = token.crew_id if token else None
        shown.append(
            ShownDevice(
                device=device,
                state=_state(device, token, keepings.get(device.dev), now),
                keeping=keepings.get(device.dev),
                member=crew.get(crew_id) if crew_id else None,
                crew_id=crew_id or "",
                plate=device.plate or plates.get(device.dev),
                enrolment_id=offers[device.dev].enrolment_id if device.dev in offers else None,
                log=logs.get(device.dev, DeviceLog()),
            )
        )
    order = list(DeviceState)
    return tuple(sorted(shown, key=lambda item: (order.index(item.state), item.device.dev)))


def _state(device: Device, token: DeviceToken | None, keeping: Keeping | None, now: datetime) -> DeviceState:
    if device.revoked_at is not None:
        return DeviceState.REVOKED
    if device.is_frozen:
        return DeviceState.FROZEN
    if device.state is Standing.PENDING:
        return DeviceState.PENDING
    if token is None or not token.is_valid(now):
        return DeviceState.SIGNED_OUT
    return DeviceState.READY if keeping is None or keeping.is_ready else DeviceState.NOT_KEPT
