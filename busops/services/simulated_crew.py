"""
A crew that exists only on paper: what attendant and driver would tap on one run, and when.

Used by the headless weekend, the demo's "play the crews" and the tests. It knows the run only
as a tablet does (its pack) and speaks only the tablet's language: chained envelopes, sent
through a transport to the batch endpoint. It has no other way into the database.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from busops.domain.fleet import CrewRole
from busops.domain.values import CAMPUS, Ids
from busops.services.simulated_key import APP, SimulatedKey

NO_HASH: Final = "0" * 64
PRECHECK_ITEMS: Final = ("brakes", "steering", "lights", "tyres", "emergency_door", "seats", "belts")
ABSENCE_REASONS: Final = ("leave", "guardian_pickup", "stays_at_school", "ill")
BATCH_EVENTS: Final = 150
S: Final = 1000  # milliseconds in a second
HTTP_OK: Final = 200

Pack = Mapping[str, Any]
Tags = Mapping[str, str]  # place ("rear", "row:3") → the six digits on the tag


class Transport(Protocol):
    """How a request reaches the server: a WSGI test client or HTTP."""

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: Any) -> tuple[int, Any]:
        """The status and the parsed JSON answer of one request."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One tap: when, by whom, what."""

    at_ms: int
    role: CrewRole
    kind: str
    rider: str | None = None
    stop: str | None = None
    n: int | None = None
    reason: str | None = None
    codes: tuple[str, ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slips:
    """How this crew differs from a perfect one; the default is a perfect one."""

    absent: Mapping[str, str] = field(default_factory=dict)  # rider → reason
    vanished: frozenset[str] = frozenset()  # neither boarded nor explained
    untapped: frozenset[str] = frozenset()  # got off, but nobody tapped
    miscount: bool = False  # the first head count is one short, the second right
    wrong_code: bool = False  # the driver's first check reads another bus's tag
    check_after_s: int = 75
    checks_at_all: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedDevice:
    """A tablet's chain: the next event follows ``seq`` and carries ``prev``."""

    dev: int
    token: str
    crew_id: str
    boot: str
    seq: int = 0
    prev: str = NO_HASH
    key: SimulatedKey | None = None  # a tablet of before has none, and signs nothing

    @property
    def headers(self) -> dict[str, str]:
        """What the tablet shows at the door."""
        return {"Authorization": f"Device {self.token}"}

    def batch(self, envelopes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The body of a batch of these, signed where the tablet has a key."""
        return self.key.batch(envelopes, self.dev) if self.key else {"events": list(envelopes)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """What became of a run: the devices as they are now, the answers, the reasons if it stayed open."""

    devices: Mapping[CrewRole, SimulatedDevice]
    results: tuple[Mapping[str, Any], ...]
    closed: bool
    reasons: tuple[Mapping[str, Any], ...] = ()


def usual_slips(pack: Pack, seed: int, *, absent_per_mille: int = 25) -> Slips:
    """A believable crew: a few riders do not come, each with a reason; the same for the same seed."""
    absent = {}
    for rider in pack["riders"]:
        draw = _draw(seed, pack["run"], rider["rider"])
        if draw % 1000 < absent_per_mille:
            absent[rider["rider"]] = ABSENCE_REASONS[draw // 1000 % len(ABSENCE_REASONS)]
    return Slips(absent=absent)


def script(pack: Pack, tags: Tags, slips: Slips | None = None) -> tuple[Act, ...]:
    """Every tap of both tablets from the pre-trip check to the last seal, in the order of time."""
    slips = slips or Slips()
    acts = [*_before(pack), *_journey(pack, slips)]
    if slips.checks_at_all:
        acts += _checks(pack, tags, slips, max(act.at_ms for act in acts))
    return tuple(sorted(acts, key=lambda act: act.at_ms))


def stamp(
    device: SimulatedDevice, act: Act, *, pack: Pack, ids: Ids, off_ms: int = 0
) -> tuple[SimulatedDevice, dict[str, Any]]:
    """The act as an envelope that continues the device's chain, and the device after it."""
    seq = device.seq + 1
    envelope: dict[str, Any] = {
        "v": 1, "id": ids.new(), "dev": device.dev, "seq": seq, "prev": device.prev,
        "run": pack["run"], "roster_v": pack["roster_v"], "kind": act.kind,
        "rider": act.rider, "stop": act.stop, "n": seq if act.kind == "seal" else act.n,
        "refs": [], "reason": act.reason, "codes": list(act.codes), "text": act.text,
        "wall_ms": act.at_ms - off_ms, "boot": device.boot, "mono_ms": act.at_ms,
        "off_ms": off_ms, "off_age_ms": 0, "lat6": None, "lon6": None, "acc": None,
        "by": device.crew_id, "app": APP,
    }  # fmt: skip
    return replace(device, seq=seq, prev=digest(envelope)), envelope


def digest(envelope: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of an envelope, hex: the ``prev`` of the event after it."""
    canonical = json.dumps(envelope, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def send(
    transport: Transport,
    device: SimulatedDevice,
    envelopes: Sequence[Mapping[str, Any]],
    *,
    is_beat: bool = False,
) -> tuple[Mapping[str, Any], ...]:
    """The server's result for each envelope, in batches; a beat is a batch of none. A refusal raises."""
    results: list[Mapping[str, Any]] = []
    for start in range(0, max(len(envelopes), is_beat), BATCH_EVENTS):
        part = envelopes[start : start + BATCH_EVENTS]
        status, answer = transport("POST", "/api/v1/events:batch", device.headers, device.batch(part))
        if status != HTTP_OK:
            raise ConnectionError(f"batch refused: {status} {answer}")
        results += answer["results"]
    return tuple(results)


def drive(
    transport: Transport,
    devices: Mapping[CrewRole, SimulatedDevice],
    *,
    pack: Pack,
    tags: Tags,
    ids: Ids,
    slips: Slips | None = None,
) -> Drive:
    """A whole run is on the server, and closed if the server found no reason against it."""
    after = dict(devices)
    envelopes: dict[CrewRole, list[Mapping[str, Any]]] = {role: [] for role in devices}
    for act in script(pack, tags, slips):
        after[act.role], envelope = stamp(after[act.role], act, pack=pack, ids=ids)
        envelopes[act.role].append(envelope)
    results = [result for role in devices for result in send(transport, devices[role], envelopes[role])]
    status, answer = close(transport, after[CrewRole.DRIVER], pack["run"])
    reasons = () if status == HTTP_OK else tuple(answer.get("reasons", ()))
    return Drive(devices=after, results=tuple(results), closed=status == HTTP_OK, reasons=reasons)


def close(transport: Transport, device: SimulatedDevice, run_id: str) -> tuple[int, Any]:
    """The server's answer to the crew's wish to close the run."""
    return transport("POST", f"/api/v1/runs/{run_id}/close", device.headers, {})


def _before(pack: Pack) -> Iterable[Act]:
    departs_ms = pack["departs_ms"]
    attendant, driver = CrewRole.ATTENDANT, CrewRole.DRIVER
    yield Act(at_ms=departs_ms - 1500 * S, role=driver, kind="precheck", codes=PRECHECK_ITEMS)
    yield Act(at_ms=departs_ms - 1200 * S, role=attendant, kind="ack")


def _journey(pack: Pack, slips: Slips) -> list[Act]:
    acts: list[Act] = []
    stops = pack["stops"]
    aboard: list[Mapping[str, Any]] = []
    for index, stop in enumerate(stops):
        at_ms = stop["arrive_ms"]
        if index:
            acts.append(_act(at_ms, "arrive", stop=stop["stop"]))
        leaving, coming = _movements(pack, stop["stop"], aboard)
        is_last = index == len(stops) - 1
        room_ms = 60 * S if is_last else max(stop["leave_ms"] - at_ms - 6 * S, 2 * S)
        acts += _alight(leaving, stop["stop"], at_ms, room_ms, slips)
        acts += [_given(pack, act) for act in acts if _is_handed(pack, act, stop["stop"])]
        aboard = [rider for rider in aboard if rider not in leaving]
        if is_last:
            continue
        boarded = _board(coming, stop["stop"], stop["leave_ms"], slips, room_ms if index else 720 * S)
        acts += boarded
        aboard += [rider for rider in coming if _comes(rider, slips)]
        if boarded:
            acts += _count(len(aboard), stop, miscount=slips.miscount and not index)
        acts.append(_act(stop["leave_ms"], "depart", stop=stop["stop"]))
    return acts


def _movements(
    pack: Pack, stop_id: str, aboard: Sequence[Mapping[str, Any]]
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    is_homeward = pack["direction"] == "homeward"
    if stop_id == CAMPUS:
        return list(aboard), list(pack["riders"]) if is_homeward else []
    here = [rider for rider in pack["riders"] if rider["stop"] == stop_id]
    return ([rider for rider in here if rider in aboard], []) if is_homeward else ([], here)


def _comes(rider: Mapping[str, Any], slips: Slips) -> bool:
    return rider["rider"] not in slips.absent and rider["rider"] not in slips.vanished


def _board(
    riders: Sequence[Mapping[str, Any]], stop_id: str, leave_ms: int, slips: Slips, room_ms: int
) -> list[Act]:
    comers = [rider for rider in riders if _comes(rider, slips)]
    start_ms, step_ms = leave_ms - room_ms - 3 * S, room_ms * 3 // 4 // max(len(comers), 1)
    acts = [
        _act(start_ms + place * step_ms, "board", rider=rider["rider"], stop=stop_id)
        for place, rider in enumerate(comers)
    ]
    absent = [rider["rider"] for rider in riders if rider["rider"] in slips.absent]
    return acts + [
        _act(leave_ms - 3 * S - room_ms // 8, "absent", rider=rider, reason=slips.absent[rider])
        for rider in absent
    ]


def _alight(
    riders: Sequence[Mapping[str, Any]], stop_id: str, arrive_ms: int, room_ms: int, slips: Slips
) -> list[Act]:
    step_ms = room_ms // (len(riders) + 1)
    return [
        _act(arrive_ms + (place + 1) * step_ms, "alight", rider=rider["rider"], stop=stop_id)
        for place, rider in enumerate(riders)
        if rider["rider"] not in slips.untapped
    ]


def _is_handed(pack: Pack, act: Act, stop_id: str) -> bool:
    return act.kind == "alight" and act.stop == stop_id and act.rider in pack.get("handover", {})


def _given(pack: Pack, off: Act) -> Act:
    """The rider is given to the first person of his list, as soon as he is off."""
    persons = pack["handover"][off.rider]["persons"]
    codes = ("listed", *(f"person:{one['no']}" for one in persons[:1]))
    return _act(off.at_ms + 1, "handover", rider=off.rider, codes=codes)


def _count(number: int, stop: Mapping[str, Any], *, miscount: bool) -> list[Act]:
    counts = [_act(stop["leave_ms"] - S, "headcount", n=number, stop=stop["stop"])]
    if miscount and number:
        counts.insert(0, _act(stop["leave_ms"] - 2 * S, "headcount", n=number - 1, stop=stop["stop"]))
    return counts


def _checks(pack: Pack, tags: Tags, slips: Slips, done_ms: int) -> list[Act]:
    attendant, driver = CrewRole.ATTENDANT, CrewRole.DRIVER
    first_ms = done_ms + slips.check_after_s * S
    acts = [Act(at_ms=first_ms, role=attendant, kind="check", n=0, codes=_codes(pack, tags, attendant))]
    if slips.wrong_code:
        acts.append(Act(at_ms=first_ms + 45 * S, role=driver, kind="check", n=0, codes=("000000",) * 3))
    return [
        *acts,
        Act(at_ms=first_ms + 75 * S, role=driver, kind="check", n=0, codes=_codes(pack, tags, driver)),
        Act(at_ms=first_ms + 150 * S, role=driver, kind="parked", codes=(tags["rear"],)),
        Act(at_ms=first_ms + 160 * S, role=attendant, kind="seal"),
        Act(at_ms=first_ms + 165 * S, role=driver, kind="seal"),
    ]


def _codes(pack: Pack, tags: Tags, role: CrewRole) -> tuple[str, ...]:
    asks = pack["asks"]
    further = [f"photo:{hashlib.sha256(pack['run'].encode()).hexdigest()[:32]}"] if asks["photo"] else []
    further += ["sensor"] if asks["sensor"] else []
    return (*(tags[place] for place in asks["places"][role.value.lower()]), *further)


def _act(at_ms: int, kind: str, **fields: Any) -> Act:
    return Act(at_ms=at_ms, role=CrewRole.ATTENDANT, kind=kind, **fields)


def _draw(seed: int, *parts: str) -> int:
    return int.from_bytes(hashlib.sha256("/".join((str(seed), *parts)).encode()).digest()[:8], "big")
