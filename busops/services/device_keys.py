"""
The keys of tablets: reading a public key, its check code, and whether a batch is signed with it.

A tablet makes a P-256 pair, keeps the private half where no script can read it, and signs each
batch once. What is signed is the statement, not the bytes of the batch: which device, its first and
last number, the hash of every event in between, the last one as ``head``, and the application. An
event is vouched for when its own hash stands in that list, so that one that was spoilt on the way
costs none of its neighbours. A signature says which tablet sent it, not that it is true.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from busops.domain.envelope import canonical_json, digest_of
from busops.domain.errors import InvalidInput

STATEMENT: Final = frozenset({"v", "dev", "first", "last", "head", "hashes", "app"})
VERSION: Final = 1
KEY_MOST: Final = 256  # characters of a P-256 key in base64, with room
HALF: Final = 32  # bytes of each half of a raw signature
CHECK_DIGITS: Final = 6
KEYS_KEPT: Final = 2048  # read keys of so many tablets stay in memory, a kilobyte each


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """What a batch's signature covers: the hashes of its events in order, or why it covers none."""

    hashes: tuple[str, ...] = ()
    why: str | None = None
    is_asked: bool = True

    def against(self, place: int, raw: Mapping[str, Any], *, digest: str | None = None) -> str | None:
        """
        Why the event at this place of the batch is not vouched for; None when it is, or nobody asks.

        ``digest`` is the event's own hash where somebody has worked it out from ``raw``.
        """
        if not self.is_asked or self.why:
            return self.why
        try:
            is_same = (digest or digest_of(raw)) == self.hashes[place]
        except (InvalidInput, ValueError, TypeError):
            is_same = False
        return None if is_same else "signature_other_event"


def read_key(text: str) -> str:
    """The public key as it is kept (base64 of its SPKI form); InvalidInput when it is no point of P-256."""
    try:
        key = serialization.load_der_public_key(base64.b64decode(text[: KEY_MOST + 1], validate=True))
    except (ValueError, binascii.Error, TypeError):
        raise InvalidInput("device_key_unreadable") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InvalidInput("device_key_unreadable")
    return base64.b64encode(_spki(key)).decode()


def check_code(code: str, public_key: str) -> str:
    """The digits that both screens show: the same only when the tablet's key is the one that arrived."""
    whole = hashlib.sha256(code.encode() + base64.b64decode(public_key)).digest()
    return f"{int.from_bytes(whole[:8]) % 10**CHECK_DIGITS:0{CHECK_DIGITS}d}"


def vouched(body: Mapping[str, Any], *, dev: int, public_key: str | None) -> Vouched:
    """What the batch's signature covers; a device without a key is asked for none."""
    if public_key is None:
        return Vouched(is_asked=False)
    statement, signature = body.get("signed"), body.get("sig")
    if statement is None and signature is None:
        return Vouched(why="signature_missing")
    if not isinstance(statement, Mapping) or not isinstance(signature, str):
        return Vouched(why="signature_wrong")
    hashes_told = _hashes_of(statement, dev=dev, events=body.get("events"))
    if hashes_told is None or not _is_signed(public_key, signature, statement):
        return Vouched(why="signature_wrong")
    return Vouched(hashes=hashes_told)


def _hashes_of(statement: Mapping[str, Any], *, dev: int, events: Any) -> tuple[str, ...] | None:
    """The statement's hashes, when it speaks of this device and of as many events as were sent."""
    told = statement.get("hashes")
    if set(statement) != STATEMENT or not isinstance(told, list) or not isinstance(events, Sequence):
        return None
    numbers = (statement["v"], statement["dev"], statement["first"], statement["last"])
    if not told or len(told) != len(events) or not all(type(each) is int for each in numbers):
        return None
    # Answered events in between are not sent again, so that numbers may be left out.
    fits = numbers[:2] == (VERSION, dev) and 1 <= numbers[2] <= numbers[3] - len(told) + 1
    return tuple(map(str, told)) if fits and statement["head"] == told[-1] else None


@lru_cache(maxsize=KEYS_KEPT)
def _loaded(public_key: str) -> PublicKeyTypes:
    """The key that this text spells. Whether a device may still use it is asked of the database each time."""
    return serialization.load_der_public_key(base64.b64decode(public_key))


def _is_signed(public_key: str, signature: str, statement: Mapping[str, Any]) -> bool:
    key = _loaded(public_key)
    try:
        raw = base64.b64decode(signature, validate=True)
        spoken = canonical_json(statement).encode()
    except (ValueError, TypeError, InvalidInput):
        return False
    if len(raw) != 2 * HALF or not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    whole = encode_dss_signature(int.from_bytes(raw[:HALF]), int.from_bytes(raw[HALF:]))
    try:
        key.verify(whole, spoken, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _spki(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
