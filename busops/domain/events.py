"""
What happens to a run: observations from the field and decisions of the office.

An *observation* is a fact: a rider got on, a tag was read. It is never refused and never deleted; if
odd, it is stored and flagged. A *decision* is an act of the office: it is checked, may be refused,
and carries who took it. What they add up to is said in ``run.py``, the wire in ``envelope.py``.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from busops.domain.device_time import Clocked
from busops.domain.findings import Finding
from busops.domain.roster import NotRidingReason
from busops.domain.values import CrewId, EventId, RiderId, RunId, StopId


class Kind(StrEnum):
    """The kinds of observation, as they stand in the envelope."""

    ACK = "ack"
    PRECHECK = "precheck"
    BOARD = "board"
    ALIGHT = "alight"
    ABSENT = "absent"
    VOID = "void"
    HEADCOUNT = "headcount"
    DEPART = "depart"
    ARRIVE = "arrive"
    CHECK = "check"
    PARKED = "parked"
    SEAL = "seal"
    NOTE = "note"
    HANDOVER = "handover"
    MOVED_OUT = "moved_out"
    MOVED_IN = "moved_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation(Clocked):
    """
    A fact seen by a person of the crew and recorded on a device.

    ``(dev, seq)`` is the order on a device; ``event_id`` is identity only. ``digest`` is the
    hash of the envelope, ``prev`` that of the event before it. ``told_run_id`` is the run that the
    envelope names, where that is not the run whose fact it is (``kept_apart.py``).
    """

    kind: ClassVar[Kind]

    event_id: EventId
    dev: int
    seq: int
    prev: str
    run_id: RunId
    roster_v: int
    lat6: int | None
    lon6: int | None
    acc: int | None
    by: CrewId
    app: str
    digest: str
    told_run_id: RunId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestAcked(Observation):
    """The crew has read the manifest whose version is ``roster_v``."""

    kind = Kind.ACK


@dataclass(frozen=True, slots=True, kw_only=True)
class PreChecked(Observation):
    """The driver looked the vehicle over: the items found in order, and a defect in words."""

    kind = Kind.PRECHECK
    items_ok: frozenset[str]
    defect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Boarded(Observation):
    """A rider got on."""

    kind = Kind.BOARD
    rider_id: RiderId
    stop_id: StopId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alighted(Observation):
    """A rider got off; ``codes`` may name the change that allowed him another stop."""

    kind = Kind.ALIGHT
    rider_id: RiderId
    stop_id: StopId | None
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedIn(Boarded):
    """A rider came over from the bus of another run."""

    kind = Kind.MOVED_IN
    other_run_id: RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedOut(Alighted):
    """A rider went over into the bus of another run; without that run's word he is nowhere yet."""

    kind = Kind.MOVED_OUT
    other_run_id: RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedAbsent(Observation):
    """A rider of the manifest does not ride, for a reason."""

    kind = Kind.ABSENT
    rider_id: RiderId
    reason: NotRidingReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Voided(Observation):
    """The author takes back what he tapped a moment ago."""

    kind = Kind.VOID
    refs: tuple[EventId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadCounted(Observation):
    """So many riders were counted aboard."""

    kind = Kind.HEADCOUNT
    n: int
    stop_id: StopId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Departed(Observation):
    """The bus left a stop."""

    kind = Kind.DEPART
    stop_id: StopId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived(Observation):
    """The bus reached a stop; the last stop of the run is its terminal."""

    kind = Kind.ARRIVE
    stop_id: StopId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked(Observation):
    """Somebody walked through the bus: how many he found, and the tags he read on the way."""

    kind = Kind.CHECK
    n: int
    codes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked(Observation):
    """The driver stands at the parking place with the rear tag read."""

    kind = Kind.PARKED
    codes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed(Observation):
    """The device says: nothing of this run comes after this."""

    kind = Kind.SEAL
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(Observation):
    """Something worth keeping, in words."""

    kind = Kind.NOTE
    rider_id: RiderId | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver(Observation):
    """A rider was given into somebody's hands, or nobody was there: ``codes`` say how (``handover.py``)."""

    kind = Kind.HANDOVER
    rider_id: RiderId
    text: str
    codes: frozenset[str] = frozenset()


OBSERVATIONS: Final[dict[Kind, type[Observation]]] = {
    each.kind: each for each in (
        ManifestAcked, PreChecked, Boarded, Alighted, MarkedAbsent, Voided, HeadCounted,
        Departed, Arrived, Checked, Parked, Sealed, Noted, HandedOver, MovedOut, MovedIn,
    )
}  # fmt: skip


class Whereabouts(StrEnum):
    """Where a rider truly is, as two people of the office found out by name (domain §5.6 C1)."""

    ALIGHTED = "alighted"
    TRANSFERRED = "transferred"
    HANDED_TO_MEDICAL = "handed_to_medical"
    HANDED_TO_AUTHORITY = "handed_to_authority"
    RETURNED_TO_SCHOOL = "returned_to_school"
    NEVER_ABOARD = "never_aboard"
    ABOARD = "aboard"


class StrandedBy(StrEnum):
    """Why a bus goes no further with riders aboard."""

    BREAKDOWN = "breakdown"
    DETAINED = "detained"
    ACCIDENT = "accident"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An act of the office on a run: who, who else, when, why; ``number`` is the server's order."""

    kind: ClassVar[str]

    decision_id: str
    run_id: RunId
    made_ms: int
    by: str
    second: str | None = None
    reason: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Released(Decision):
    """The run was given to its vehicle and crew."""

    kind = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved(Decision):
    """Two people say where a rider is; it stands for the events it covers, and for no other."""

    kind = "resolved"
    rider_id: RiderId
    says: Whereabouts
    covers: frozenset[EventId]
    absence: NotRidingReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceReleased(Decision):
    """Two people give up a device after its ``upto_seq``; a third (in old logs none) searched the bus."""

    kind = "device_released"
    dev: int
    upto_seq: int
    checked_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingSettled(Decision):
    """Two people looked into a finding and wrote down what came of it."""

    kind = "finding_settled"
    finding_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewChanged(Decision):
    """The run has another crew of record from now on."""

    kind = "crew_changed"
    driver_id: CrewId
    attendant_ids: tuple[CrewId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestChanged(Decision):
    """The run has a new version of its manifest, which the crew must acknowledge."""

    kind = "manifest_changed"
    version: int
    removed: tuple[RiderId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferOpened(Decision):
    """The bus goes no further: its riders go over into the bus of another run, where it ends."""

    kind = "transfer_opened"
    to_run_id: RunId
    cause: StrandedBy
    rider_ids: tuple[RiderId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartureForbidden(Decision):
    """The server kept with a departure which papers forbade it when it was told of it."""

    kind = "departure_forbidden"
    event_id: EventId
    papers: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(Decision):
    """The run does not take place; only if nobody was ever aboard."""

    kind = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Decision):
    """The run was closed and its closure written under this version."""

    kind = "closed"
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened(Decision):
    """The run is open again; whatever check it had is void."""

    kind = "reopened"
    event_id: EventId | None = None


Event = Observation | Decision
