"""
The key of a simulated tablet, and the batches it signs as a real one does.

It is made from the tablet's name, so that the demo goes on with the same tablets after a restart, and is
therefore no secret: what it signs proves nothing about who sent it. The token still has to be held.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from busops.domain.envelope import canonical_json, digest_of
from busops.services.device_keys import HALF, VERSION

APP: Final = "0.1.0"
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (FIPS 186-5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedKey:
    """A P-256 pair that belongs to the simulated tablet of this name."""

    name: str
    _private: ec.EllipticCurvePrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        drawn = int.from_bytes(hashlib.sha256(f"simulated tablet/{self.name}".encode()).digest())
        private = ec.derive_private_key(1 + drawn % (_ORDER - 1), ec.SECP256R1())
        object.__setattr__(self, "_private", private)

    @property
    def public(self) -> str:
        """The public half as it travels: SPKI in base64."""
        form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(self._private.public_key().public_bytes(*form)).decode()

    def batch(self, events: Sequence[Mapping[str, Any]], dev: int) -> dict[str, Any]:
        """The body of a batch of these events of the device, signed; one of none needs no signature."""
        if not events:
            return {"events": []}
        told = [digest_of(each) for each in events]
        seqs = [each["seq"] for each in events]
        numbers = {"first": min(seqs), "last": max(seqs)}
        signed = {"v": VERSION, "dev": dev, **numbers, "head": told[-1], "hashes": told, "app": APP}
        whole = self._private.sign(canonical_json(signed).encode(), ec.ECDSA(hashes.SHA256()))
        raw = b"".join(half.to_bytes(HALF) for half in decode_dss_signature(whole))
        return {"events": list(events), "signed": signed, "sig": base64.b64encode(raw).decode()}
