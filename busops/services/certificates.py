"""
The school's own certificate authority, and the server's certificate that it signs.

Tablets speak to a machine on the school's network, for which no public authority signs. The
authority's name constraints say whom it may vouch for: private addresses, names of local networks
and the server's own; a stolen key of it cannot stand in for a bank. Everything lies in one folder,
keys readable by their owner only.
"""

import ipaddress
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.findings import Finding
from busops.services.host_names import LOCAL_DOMAINS, PRIVATE_NETWORKS, Network, is_address, is_covered

CA_CERT: Final = "ca.crt"
CA_KEY: Final = "ca.key"
SERVER_CERT: Final = "server.crt"
SERVER_KEY: Final = "server.key"
AUTHORITY_LIVES: Final = timedelta(days=3650)
SERVER_LIVES: Final = timedelta(days=397)  # no browser takes one that lives longer than 398 (or 825) days
RENEW_BEFORE: Final = timedelta(days=60)
BACKDATED: Final = timedelta(days=1)  # a tablet's clock may be behind
LONGEST_NAME: Final = 64
PRIVATE: Final = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A certificate as a person compares and judges it."""

    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    fingerprint: str  # SHA-256 of the DER form, in pairs
    pem: bytes
    der: bytes

    @property
    def ends(self) -> str:
        """The day it ends on, with its year."""
        return _day(self.not_after)

    def days_left(self, at: datetime) -> int:
        """Whole days until it ends; negative once it has."""
        return (self.not_after - at).days


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensured:
    """The authority and the server's certificate, and which of them were made just now."""

    authority: Shown
    server: Shown
    made_authority: bool
    made_server: bool


def ensure(
    folder: Path, hosts: Sequence[str], *, at: datetime, renews: bool = False, new_authority: bool = False
) -> Ensured:
    """
    An authority and a server's certificate for ``hosts`` stand in ``folder``; what is still good stays.

    The certificate is made anew when it has not long to live, when names are asked for that it has
    not, or when ``renews``. Raises Refused when the authority may not sign a name, or its key is away.
    """
    made_authority = new_authority or not (folder / CA_CERT).exists()
    if made_authority:
        _make_authority(folder, hosts, at)
    authority = shown(folder / CA_CERT)
    present = shown(folder / SERVER_CERT) if (folder / SERVER_CERT).exists() else None
    fits = present is not None and set(hosts) == set(present.names)
    stale = present is None or present.not_after - at < RENEW_BEFORE
    made_server = made_authority or renews or stale or not fits
    if made_server:
        _make_server(folder, hosts, at)
    return Ensured(
        authority=authority,
        server=shown(folder / SERVER_CERT),
        made_authority=made_authority,
        made_server=made_server,
    )


def shown(path: Path) -> Shown:
    """The first certificate of a PEM file; NotFound or InvalidInput when there is none to read."""
    return _shown(_first_certificate(path))


def usable(cert: Path, key: Path, *, at: datetime) -> Shown:
    """The server's certificate, when a server may start with it now; raises with the reason otherwise."""
    found = _first_certificate(cert)
    try:
        own = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except FileNotFoundError as fault:
        raise NotFound("tls_missing", path=str(key)) from fault
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise InvalidInput("tls_unreadable", path=str(key)) from fault
    if _public_bytes(own.public_key()) != _public_bytes(found.public_key()):
        raise InvalidInput("tls_key_of_another", cert=str(cert), key=str(key))
    if found.not_valid_after_utc <= at:
        raise Refused("tls_expired", path=str(cert), ended=_day(found.not_valid_after_utc))
    if found.not_valid_before_utc > at:
        raise Refused("tls_not_yet", path=str(cert), begins=_day(found.not_valid_before_utc))
    return _shown(found)


def _make_authority(folder: Path, hosts: Sequence[str], at: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "busops"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"busops CA {at:%Y-%m-%d} {hosts[0]}"[:LONGEST_NAME]),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        _begun(name, key, at, lives=AUTHORITY_LIVES)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.NameConstraints(_permitted(hosts), None), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write_pair(folder, (CA_KEY, key), (CA_CERT, certificate))


def _make_server(folder: Path, hosts: Sequence[str], at: datetime) -> None:
    authority, authority_key = _signer(folder)
    outside = [host for host in hosts if not is_covered(host, *_may_sign(authority))]
    if outside:
        findings = [Finding(code="certs_name_outside", facts={"host": host}) for host in outside]
        raise Refused("certs_names_outside", findings, count=len(outside))
    if authority.not_valid_after_utc <= at:
        raise Refused("certs_ca_expired", ended=_day(authority.not_valid_after_utc))
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "busops")])  # names are in the extension
    lives = min(SERVER_LIVES, authority.not_valid_after_utc - at + BACKDATED)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        _begun(name, key, at, lives=lives)
        .issuer_name(authority.subject)
        .add_extension(x509.SubjectAlternativeName([_general(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    _write_pair(folder, (SERVER_KEY, key), (SERVER_CERT, certificate))


def _begun(
    name: x509.Name, key: ec.EllipticCurvePrivateKey, at: datetime, *, lives: timedelta
) -> x509.CertificateBuilder:
    begins = (at - BACKDATED).replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + lives)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _permitted(hosts: Iterable[str]) -> list[x509.GeneralName]:
    """Whom the authority may vouch for: networks of one's own, and the server's own names."""
    names: dict[str, x509.GeneralName] = {name: x509.DNSName(name) for name in LOCAL_DOMAINS}
    nets = {str(net): x509.IPAddress(net) for net in PRIVATE_NETWORKS}
    for host in hosts:
        if not is_covered(host, tuple(names), PRIVATE_NETWORKS):
            if is_address(host):
                nets[host] = x509.IPAddress(ipaddress.ip_network(host))
            else:
                names[host] = x509.DNSName(host)
    return [*names.values(), *nets.values()]


def _may_sign(authority: x509.Certificate) -> tuple[tuple[str, ...], tuple[Network, ...]]:
    limits = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    permitted = limits.permitted_subtrees or []
    names = tuple(each.value for each in permitted if isinstance(each, x509.DNSName))
    values = (each.value for each in permitted if isinstance(each, x509.IPAddress))
    nets = tuple(value for value in values if isinstance(value, Network))
    return names, nets


def _signer(folder: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    authority = _first_certificate(folder / CA_CERT)
    try:
        key = serialization.load_pem_private_key((folder / CA_KEY).read_bytes(), password=None)
    except FileNotFoundError as fault:
        raise Refused("certs_ca_key_away", path=str(folder / CA_KEY)) from fault
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise InvalidInput("tls_unreadable", path=str(folder / CA_KEY)) from fault
    own = isinstance(key, ec.EllipticCurvePrivateKey) and _public_bytes(key.public_key())
    if not isinstance(key, ec.EllipticCurvePrivateKey) or own != _public_bytes(authority.public_key()):
        raise InvalidInput("tls_key_of_another", cert=str(folder / CA_CERT), key=str(folder / CA_KEY))
    return authority, key


def _first_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0]
    except FileNotFoundError as fault:
        raise NotFound("tls_missing", path=str(path)) from fault
    except (OSError, ValueError) as fault:
        raise InvalidInput("tls_unreadable", path=str(path)) from fault


def _shown(certificate: x509.Certificate) -> Shown:
    names: list[str] = []
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names += alternative.get_values_for_type(x509.DNSName)
        names += [str(each) for each in alternative.get_values_for_type(x509.IPAddress)]
    except x509.ExtensionNotFound:
        names += [str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return Shown(
        names=tuple(names),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        pem=certificate.public_bytes(serialization.Encoding.PEM),
        der=certificate.public_bytes(serialization.Encoding.DER),
    )


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")


def _general(host: str) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_address(host)) if is_address(host) else x509.DNSName(host)


def _public_bytes(key: object) -> bytes:
    written: bytes = key.public_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return written


def _write_pair(
    folder: Path, key: tuple[str, ec.EllipticCurvePrivateKey], certificate: tuple[str, x509.Certificate]
) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    private = key[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(folder / key[0], private, mode=PRIVATE)
    _write(folder / certificate[0], certificate[1].public_bytes(serialization.Encoding.PEM), mode=0o644)


def _write(path: Path, content: bytes, *, mode: int) -> None:
    # Complete or not there at all, and a key never readable by others, not even for a moment.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(draft).chmod(mode)
    Path(draft).replace(path)
