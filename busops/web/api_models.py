"""
The API's documents as models, for the OpenAPI description and for reading small bodies.

An event's envelope is not validated here: a fact is never refused for its form, it goes to
quarantine (``services/tablet_sync.py``).
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

STORABLE = r"^[^\x00-\x1f\x7f]*$"  # no database keeps a NUL


BASE64 = r"^[A-Za-z0-9+/]+=*$"


class Strict(BaseModel):
    """A document without fields that nobody knows."""

    model_config = ConfigDict(extra="forbid")


class Signed(Strict):
    """What a tablet signs of a batch: the device, its numbers, the hash of each event, the application."""

    v: Literal[1]
    dev: int
    first: int
    last: int
    head: str
    hashes: list[str] = Field(max_length=200)
    app: str


class Batch(Strict):
    """Up to 200 events of one device, in the order of their numbers; ``sig`` is over ``signed``."""

    events: list[dict[str, Any]] = Field(max_length=200)
    signed: Signed | None = None
    sig: str | None = None


class EventResult(Strict):
    """What became of one event; ``srv`` is its place in the school's log, ``why`` a code."""

    id: str
    r: Literal["stored", "duplicate", "quarantined", "fork"]
    srv: int | None
    why: str | None


class BatchAnswer(Strict):
    """One result an event; ``ack`` is the highest number up to which the server lacks nothing."""

    results: list[EventResult]
    ack: int
    ack_h: str
    now: int
    min_app: str
    directives: list[dict[str, Any]]


class Enrol(Strict):
    """A browser asks to be a device of this person with this public ``key``; ``dev`` is the number it had."""

    crew: str | None = Field(default=None, max_length=64, pattern=STORABLE)
    dev: int | None = Field(default=None, ge=1)
    name: str = Field(default="tablet", max_length=200, pattern=STORABLE)
    key: str | None = Field(default=None, max_length=256, pattern=BASE64)


class Enrolled(Strict):
    """The device's number and its token, shown once."""

    dev: int
    token: str


class Take(Strict):
    """A browser takes an offer: the code it scanned and its public key (SPKI, base64)."""

    hs: Literal[1] = 1
    code: str = Field(min_length=22, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
    key: str = Field(max_length=256, pattern=BASE64)
    name: str = Field(default="tablet", max_length=200, pattern=STORABLE)


class Taken(Strict):
    """The device's number and token, shown once, and the digits that somebody compares."""

    dev: int
    token: str
    check: str
    plate: str
    role: Literal["ATTENDANT", "DRIVER"]


class Me(Strict):
    """How a tablet stands."""

    dev: int
    state: Literal["pending", "active", "frozen"]
    plate: str | None


class Here(Strict):
    """A browser says that it is this device; ``kept``: whether it keeps its store, null unasked."""

    kept: bool | None = None


class Lost(Strict):
    """The device that this browser was, and up to which number the server holds its record."""

    dev: int
    held_to: int


class Was(Strict):
    """What was lost, if anything; ``ready`` is false while the store may be cleared and nobody accepts it."""

    lost: Lost | None
    ready: bool


class Enter(Strict):
    """Who acts on a vehicle's tablet, and the six digits."""

    crew: str = Field(min_length=1, max_length=64, pattern=STORABLE)
    pin: str = Field(pattern=r"^[0-9]{6}$")


class Entered(Strict):
    """The person, and a token that speaks for the person on this device."""

    crew: str
    name: str
    role: Literal["ATTENDANT", "DRIVER"]
    token: str


class RunItem(Strict):
    """A run of today, as a crew member picks it."""

    run: str
    no: str
    towards: str
    direction: Literal["homeward", "return"]
    plate: str
    roster_v: int
    departs_ms: int
    expected: int
    phase: str


class Runs(Strict):
    """Today's runs of the person the device speaks for."""

    runs: list[RunItem]


class PackStop(Strict):
    """A stop with its planned times."""

    stop: str
    name: str
    arrive_ms: int
    leave_ms: int


class PackRider(Strict):
    """A rider of the manifest: what boarding needs and nothing else."""

    rider: str
    name: str
    class_: str = Field(alias="class")
    last4: str
    stop: str
    twin: bool


class PackCrew(Strict):
    """A person of the crew of record."""

    crew: str
    role: Literal["ATTENDANT", "DRIVER"]
    name: str


class Challenge(Strict):
    """The seat rows whose codes each person must read; never the codes."""

    attendant: list[int]
    driver: list[int]


class AskedPlaces(Strict):
    """The places whose codes each person must read, in the order of the walk; never the codes."""

    attendant: list[str]
    driver: list[str]


class Asks(Strict):
    """What a check of the run must show: places, and for some a photo or what a sensor says."""

    level: Literal["E1", "E2", "E3", "E4"]
    places: AskedPlaces
    photo: bool
    sensor: bool


class PackPerson(Strict):
    """Somebody to whom a rider may be handed over; the number is what the record names."""

    no: int
    name: str
    relation: str


class PackCode(Strict):
    """How a one-time code is recognised: PBKDF2-SHA-256 over its digits; salt and proof in hex."""

    salt: str
    rounds: int
    proof: str


class PackHandover(Strict):
    """How a rider is handed over, where somebody must be there."""

    persons: list[PackPerson]
    code: PackCode | None


class PackChange(Strict):
    """Another stop that the office allows a rider on this run."""

    no: int
    rider: str
    stop: str


class Pack(Strict):
    """A run as a tablet carries it."""

    v: int
    run: str
    name: str
    on: str
    direction: Literal["homeward", "return"]
    plate: str
    seats: int
    rows: int
    roster_v: int
    departs_ms: int
    stops: list[PackStop]
    riders: list[PackRider]
    crew: list[PackCrew]
    challenge: Challenge
    asks: Asks
    hash: str
    handover: dict[str, PackHandover]
    changes: list[PackChange]
    cards: dict[str, str]
    aside: str
    whole: str


class PhotoKept(Strict):
    """The photo with this SHA-256 is kept."""

    run: str
    digest: str


class Quieten(Strict):
    """So many seconds ago somebody quietened the siren of this locked tablet."""

    ago_s: int = Field(default=0, ge=0, le=30 * 24 * 3600)


class Quietened(Strict):
    """The siren of a locked tablet is quiet for so long; the alarm stands."""

    run: str
    quiet_s: int


class Closed(Strict):
    """The run is closed under this version."""

    run: str
    version: int
    closed_ms: int


class News(BaseModel):
    """What the server knows of a run: phase, checks, events of all tablets, reasons against closing."""

    now: int
    phase: str
    events: list[dict[str, Any]]
    reasons: list[dict[str, Any]]
    departure: list[str]
    closed: dict[str, Any] | None


class Problem(BaseModel):
    """application/problem+json: what went wrong, with every single reason."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    reasons: list[dict[str, Any]] = []
