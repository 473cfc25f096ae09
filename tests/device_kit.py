"""A tablet with a key, as a test holds it: makes the pair, takes an offer, signs batches."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from busops.domain.envelope import canonical_json, digest_of
from busops.domain.people import Actor, Role
from busops.services import enrolment
from busops.storage.database import Database
from tests.small_school import COACH

OFFICE = Actor(user_id="u1", role=Role.DISPATCHER, name="甲")


def new_pair() -> ec.EllipticCurvePrivateKey:
    """A fresh private key of the curve that tablets use."""
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, slots=True)
class Key:
    """A P-256 pair; the server is told the public half."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=new_pair)

    @property
    def public(self) -> str:
        """The public half as it travels: SPKI in base64."""
        form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(self.private.public_key().public_bytes(*form)).decode()

    def sign(self, statement: Mapping[str, Any]) -> str:
        """The raw signature over a statement, as a browser makes it."""
        whole = self.private.sign(canonical_json(statement).encode(), ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(whole)
        return base64.b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()

    def batch(self, events: Sequence[Mapping[str, Any]], dev: int, **otherwise: Any) -> dict[str, Any]:
        """The body of a signed batch; ``otherwise`` changes what the statement says."""
        told = [digest_of(each) for each in events]
        numbers = {"first": events[0]["seq"], "last": events[-1]["seq"]}
        statement = {"v": 1, "dev": dev, **numbers, "head": told[-1], "hashes": told, "app": "0.1.0"}
        statement |= otherwise
        return {"events": list(events), "signed": statement, "sig": self.sign(statement)}


def offered(database: Database, *, clock: Any, ids: Any, role: str = "ATTENDANT") -> enrolment.Offered:
    """An offer of the office for the coach."""
    acting = {"by": OFFICE, "clock": clock, "machine_clock": clock, "ids": ids}
    return enrolment.offer(database, plate=COACH, role=role, **acting)


def taken(
    database: Database, code: str, key: Key, *, clock: Any, address: str = "10.0.0.9"
) -> enrolment.Taken:
    """A tablet takes the offer with this code."""
    acting = {"address": address, "clock": clock, "machine_clock": clock}
    return enrolment.take(database, code=code, public_key=key.public, name="tablet", **acting)


def of_the_coach(database: Database, key: Key, *, clock: Any, ids: Any) -> enrolment.Taken:
    """A tablet of the coach, compared and in use."""
    made = offered(database, clock=clock, ids=ids)
    held = taken(database, made.code, key, clock=clock)
    acting = {"by": OFFICE, "clock": clock, "machine_clock": clock}
    enrolment.confirm(database, made.offer.enrolment_id, **acting)
    return held
