"""
How an observation looks on the wire: the strict reader, the canonical form and its hash.

A reader that guesses would turn a broken tablet into false facts; so whatever breaks the
contract raises :class:`InvalidInput` with a code, and the caller keeps the raw bytes in
quarantine. Nothing here decides whether a fact is plausible.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final

from busops.domain.errors import InvalidInput
from busops.domain.events import OBSERVATIONS, Kind, Observation
from busops.domain.roster import NotRidingReason
from busops.domain.values import CrewId, EventId, RiderId, RunId, StopId

VERSION: Final = 1
GENESIS: Final = "0" * 64  # what the first event of a device names as the one before it
MAX_REFS: Final = 50
MAX_CODES: Final = 40
MAX_WORD: Final = 64
MAX_TEXT: Final = 2_000
MAX_INT: Final = 2**53 - 1  # the integers a browser can count
MAX_SEQ: Final = 2**31 - 1

_UUID7: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_HEX64: Final = re.compile(r"[0-9a-f]{64}")
_NOT_IN_WORDS: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_NOT_IN_TEXT: Final = re.compile(r"[\x00\ud800-\udfff]")  # no database keeps these


def canonical_json(envelope: Mapping[str, Any]) -> str:
    """The one spelling of an envelope: sorted keys, no spaces, characters as they are."""
    return json.dumps(envelope, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(envelope: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical form, in hex: the link that the next event names."""
    return hashlib.sha256(canonical_json(envelope).encode()).hexdigest()


def parse_envelope(envelope: Mapping[str, Any]) -> Observation:
    """The observation an envelope carries; InvalidInput says what breaks the contract and where."""
    return read_envelope(envelope)[0]


def read_envelope(envelope: Mapping[str, Any]) -> tuple[Observation, str]:
    """The same, and the canonical form whose hash the observation carries."""
    if not isinstance(envelope, Mapping):
        raise InvalidInput("envelope_not_an_object")
    if unknown := sorted(str(name) for name in envelope if name not in _READERS):
        raise InvalidInput("envelope_unknown_field", field=unknown[0][:MAX_WORD])
    if missing := [name for name in _READERS if name not in envelope]:
        raise InvalidInput("envelope_missing_field", field=missing[0])
    values = {name: read(name, envelope[name]) for name, read in _READERS.items()}
    if values["off_ms"] is not None and values["off_age_ms"] is None:
        raise _bad("off_age_ms")
    kind = values["kind"]
    common = {name: values[wire] for name, wire in _COMMON.items()}
    spelt = canonical_json(envelope)
    digest = hashlib.sha256(spelt.encode()).hexdigest()
    return OBSERVATIONS[kind](**common, **_own_fields(kind, values), digest=digest), spelt


def envelope_of(observation: Observation) -> dict[str, Any]:
    """The envelope an observation is written as; parsing it gives an equal observation."""
    envelope: dict[str, Any] = dict.fromkeys(_READERS)
    envelope |= {"v": VERSION, "kind": observation.kind.value, "refs": [], "codes": []}
    envelope |= {wire: getattr(observation, name) for name, wire in _COMMON.items()}
    envelope["run"] = observation.told_run_id or observation.run_id
    for name in _OWN[observation.kind]:
        value = getattr(observation, name)
        wire = _WIRE.get(name, name)
        envelope[wire] = sorted(value) if isinstance(value, frozenset) else value
        if value == "":
            envelope[wire] = None
    envelope["refs"] = list(envelope["refs"])
    if isinstance(envelope["reason"], NotRidingReason):
        envelope["reason"] = envelope["reason"].value
    return envelope


_COMMON: Final = {
    "event_id": "id",
    "run_id": "run",
    **{
        name: name
        for name in (
            "dev", "seq", "prev", "roster_v", "wall_ms", "boot", "mono_ms",
            "off_ms", "off_age_ms", "lat6", "lon6", "acc", "by", "app",
        )
    },
}  # fmt: skip
_WIRE: Final = {
    "rider_id": "rider",
    "stop_id": "stop",
    "items_ok": "codes",
    "defect": "reason",
    "other_run_id": "text",
}


_OWN: Final[dict[Kind, tuple[str, ...]]] = {
    kind: tuple(
        each.name
        for each in fields(made)
        if each.name not in {*_COMMON, "digest", "received_ms", "told_run_id"}
    )
    for kind, made in OBSERVATIONS.items()
}


def _own_fields(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    own: dict[str, Any] = {}
    for name in _OWN[kind]:
        wire = _WIRE.get(name, name)
        value = values[wire]
        if not value and value != 0 and name in ("rider_id", "n", "refs") and kind is not Kind.NOTE:
            raise _bad(wire)
        if wire == "codes":
            value = frozenset(value)
        if name == "other_run_id":
            value = _other_run(value, values["run"])
        if name in ("defect", "text"):
            value = value or ""
        own[name] = _reason(value) if name == "reason" else value
    if kind is Kind.SEAL and own["n"] != values["seq"]:
        raise _bad("n")
    return own


def _reason(value: str | None) -> NotRidingReason:
    try:
        return NotRidingReason(value or "")
    except ValueError:
        raise _bad("reason") from None


def _other_run(value: str | None, run_id: RunId) -> RunId:
    """A rider moves between two runs: the other one is named like a run, and is not this one."""
    if not value or len(value) > MAX_WORD or _NOT_IN_WORDS.search(value) or value == run_id:
        raise _bad("text")
    return RunId(value)


def _bad(field: str) -> InvalidInput:
    return InvalidInput("envelope_bad_field", field=field)


def _whole(low: int, high: int) -> Callable[[str, Any], int]:
    def read(name: str, value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise _bad(name)
        return value

    return read


def _text(limit: int, *, of: Callable[[str], Any] = str, is_word: bool = True) -> Callable[[str, Any], Any]:
    def read(name: str, value: Any) -> Any:
        if not isinstance(value, str) or len(value) > limit or (is_word and not value):
            raise _bad(name)
        if (_NOT_IN_WORDS if is_word else _NOT_IN_TEXT).search(value):
            raise InvalidInput("envelope_text_not_storable", field=name)
        return of(value)

    return read


def _matching(pattern: re.Pattern[str], of: Callable[[str], Any] = str) -> Callable[[str, Any], Any]:
    def read(name: str, value: Any) -> Any:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise _bad(name)
        return of(value)

    return read


def _or_none(read: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    return lambda name, value: None if value is None else read(name, value)


def _list(limit: int, read: Callable[[str, Any], Any]) -> Callable[[str, Any], tuple[Any, ...]]:
    def read_all(name: str, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > limit:
            raise _bad(name)
        return tuple(read(name, each) for each in value)

    return read_all


def _version(_name: str, value: Any) -> int:
    if type(value) is not int or value != VERSION:
        raise InvalidInput("envelope_unknown_version", found=str(value)[:MAX_WORD])
    return value


def _kind(_name: str, value: Any) -> Kind:
    try:
        return Kind(value)
    except ValueError:
        raise InvalidInput("envelope_unknown_kind", found=str(value)[:MAX_WORD]) from None


_READERS: Final[dict[str, Callable[[str, Any], Any]]] = {
    "v": _version,
    "kind": _kind,
    "id": _matching(_UUID7, EventId),
    "dev": _whole(1, MAX_SEQ),
    "seq": _whole(1, MAX_SEQ),
    "prev": _matching(_HEX64),
    "run": _text(MAX_WORD, of=RunId),
    "roster_v": _whole(0, MAX_SEQ),
    "rider": _or_none(_text(MAX_WORD, of=RiderId)),
    "stop": _or_none(_text(MAX_WORD, of=StopId)),
    "n": _or_none(_whole(0, MAX_SEQ)),
    "refs": _list(MAX_REFS, _matching(_UUID7, EventId)),
    "reason": _or_none(_text(MAX_TEXT, is_word=False)),
    "codes": _list(MAX_CODES, _text(MAX_WORD)),
    "text": _or_none(_text(MAX_TEXT, is_word=False)),
    "wall_ms": _whole(0, MAX_INT),
    "boot": _text(MAX_WORD),
    "mono_ms": _whole(0, MAX_INT),
    "off_ms": _or_none(_whole(-MAX_INT, MAX_INT)),
    "off_age_ms": _or_none(_whole(0, MAX_INT)),
    "lat6": _or_none(_whole(-90_000_000, 90_000_000)),
    "lon6": _or_none(_whole(-180_000_000, 180_000_000)),
    "acc": _or_none(_whole(0, MAX_SEQ)),
    "by": _text(MAX_WORD, of=CrewId),
    "app": _text(MAX_WORD),
}
