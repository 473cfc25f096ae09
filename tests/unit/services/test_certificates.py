"""The school's own authority: whom it may vouch for, what it keeps secret, what it makes anew and refuses."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from busops.domain.errors import BusopsError, InvalidInput, NotFound, Refused
from busops.services import certificates
from busops.services.certificates import CA_CERT, CA_KEY, SERVER_CERT, SERVER_KEY
from busops.services.host_names import host_name

NOW = datetime(2026, 9, 4, 4, 0, tzinfo=UTC)
HOSTS = ("bus.lan", "192.168.1.5", "localhost", "127.0.0.1", "::1")


def ensured(folder: Path, *hosts: str, at: datetime = NOW, **how: bool) -> certificates.Ensured:
    """An authority and a certificate for these hosts, or for the usual ones."""
    return certificates.ensure(folder, hosts or HOSTS, at=at, **how)


def verified(folder: Path, host: str, at: datetime = NOW) -> bool:
    """Whether a strict client that trusts the authority only takes the certificate for this host."""
    authority = x509.load_pem_x509_certificate((folder / CA_CERT).read_bytes())
    server = x509.load_pem_x509_certificate((folder / SERVER_CERT).read_bytes())
    try:
        name: x509.general_name.GeneralName = x509.IPAddress(ip_address(host))
    except ValueError:
        name = x509.DNSName(host)
    verifier = PolicyBuilder().store(Store([authority])).time(at).build_server_verifier(name)  # type: ignore[arg-type]
    try:
        verifier.verify(server, [])
    except VerificationError:
        return False
    return True


@pytest.mark.parametrize("host", HOSTS)
def test_a_client_that_trusts_the_authority_takes_every_name(tmp_path: Path, host: str) -> None:
    """Name and address alike, and no other."""
    ensured(tmp_path)
    assert verified(tmp_path, host)
    assert not verified(tmp_path, "other.lan")
    assert not verified(tmp_path, "192.168.1.6")


def test_keys_are_their_owners_only(tmp_path: Path) -> None:
    """Both keys 0600 in a folder of 0700, P-256, and nothing half-written beside them."""
    folder = tmp_path / "tls"
    ensured(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in (CA_KEY, SERVER_KEY):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
        key = serialization.load_pem_private_key((folder / name).read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert key.curve.name == "secp256r1"
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        (CA_CERT, CA_KEY, SERVER_CERT, SERVER_KEY)
    )


def test_the_authority_cannot_vouch_for_the_internet(tmp_path: Path) -> None:
    """Its constraints are critical; a name or an address outside is refused, and named."""
    ensured(tmp_path)
    authority = x509.load_pem_x509_certificate((tmp_path / CA_CERT).read_bytes())
    limits = authority.extensions.get_extension_for_class(x509.NameConstraints)
    basic = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    assert limits.critical
    assert (basic.value.ca, basic.value.path_length) == (True, 0)
    with pytest.raises(Refused) as caught:
        ensured(tmp_path, "bank.example", "bus.lan", "8.8.8.8")
    assert caught.value.code == "certs_names_outside"
    assert [reason.facts["host"] for reason in caught.value.reasons] == ["bank.example", "8.8.8.8"]
    assert verified(tmp_path, "bus.lan"), "the refusal left the certificate as it was"


def test_a_forged_certificate_outside_the_limits_is_taken_by_nobody(tmp_path: Path) -> None:
    """Somebody with the stolen key signs for a bank all the same: a client refuses by the constraints."""
    ensured(tmp_path)
    authority = x509.load_pem_x509_certificate((tmp_path / CA_CERT).read_bytes())
    key = serialization.load_pem_private_key((tmp_path / CA_KEY).read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    good = x509.load_pem_x509_certificate((tmp_path / SERVER_CERT).read_bytes())
    builder = (
        x509.CertificateBuilder()
        .subject_name(good.subject)
        .issuer_name(authority.subject)
        .public_key(good.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(good.not_valid_before_utc)
        .not_valid_after(good.not_valid_after_utc)
    )
    for extension in good.extensions:
        value: x509.ExtensionType = extension.value
        if isinstance(value, x509.SubjectAlternativeName):
            value = x509.SubjectAlternativeName([x509.DNSName("bank.example")])
        builder = builder.add_extension(value, critical=extension.critical)
    forged = builder.sign(key, hashes.SHA256())
    (tmp_path / SERVER_CERT).write_bytes(forged.public_bytes(serialization.Encoding.PEM))
    assert not verified(tmp_path, "bank.example")


def test_a_school_with_a_name_of_its_own_may_sign_for_it(tmp_path: Path) -> None:
    """Names given when the authority is made are within its limits, and those below them."""
    ensured(tmp_path, "bus.school.example", "203.0.113.7")
    assert verified(tmp_path, "bus.school.example")
    assert verified(tmp_path, "203.0.113.7")
    ensured(tmp_path, "new.bus.school.example")
    assert verified(tmp_path, "new.bus.school.example")


def test_what_is_still_good_stays(tmp_path: Path) -> None:
    """A second call changes nothing; other names, little time left or a wish make the certificate anew."""
    first = ensured(tmp_path)
    assert (first.made_authority, first.made_server) == (True, True)
    again = ensured(tmp_path, at=NOW + timedelta(days=300))
    assert (again.made_authority, again.made_server) == (False, False)
    assert again.server == first.server
    for how in ({"renews": True}, {"at": NOW + timedelta(days=350)}):
        renewed = ensured(tmp_path, **how)  # type: ignore[arg-type]
        assert renewed.made_server
        assert renewed.authority == first.authority, "tablets go on trusting"
    assert ensured(tmp_path, "bus.lan").server.names == ("bus.lan",)


def test_a_new_authority_is_made_on_demand_only(tmp_path: Path) -> None:
    """It has another fingerprint, and the server's certificate follows it."""
    first = ensured(tmp_path)
    second = ensured(tmp_path, new_authority=True)
    assert second.authority.fingerprint != first.authority.fingerprint
    assert verified(tmp_path, "bus.lan")


def test_it_lives_as_long_as_browsers_allow_and_never_longer_than_its_authority(tmp_path: Path) -> None:
    """At most 398 days; near the authority's end, until that."""
    first = ensured(tmp_path)
    assert first.server.not_after - first.server.not_before <= timedelta(days=398)
    late = first.authority.not_after - timedelta(days=100)
    last = ensured(tmp_path, at=late)
    assert last.server.not_after == first.authority.not_after
    with pytest.raises(Refused) as caught:
        ensured(tmp_path, at=first.authority.not_after + timedelta(days=1))
    assert caught.value.code == "certs_ca_expired"


def test_renewing_needs_the_authoritys_key(tmp_path: Path) -> None:
    """A key kept elsewhere is asked for by its place; one of another authority is not taken."""
    ensured(tmp_path)
    key = (tmp_path / CA_KEY).read_bytes()
    (tmp_path / CA_KEY).unlink()
    with pytest.raises(Refused) as caught:
        ensured(tmp_path, renews=True)
    assert caught.value.code == "certs_ca_key_away"
    (tmp_path / CA_KEY).write_bytes((tmp_path / SERVER_KEY).read_bytes())
    with pytest.raises(InvalidInput) as wrong:
        ensured(tmp_path, renews=True)
    assert wrong.value.code == "tls_key_of_another"
    (tmp_path / CA_KEY).write_bytes(key)
    assert ensured(tmp_path, renews=True).made_server


def test_a_server_starts_with_a_good_certificate_only(tmp_path: Path) -> None:
    """Missing, unreadable, of another key, ended, not begun: each says so."""
    cert, key = tmp_path / SERVER_CERT, tmp_path / SERVER_KEY

    def why(at: datetime = NOW) -> str:
        with pytest.raises(BusopsError) as caught:
            certificates.usable(cert, key, at=at)
        return caught.value.code

    assert why() == "tls_missing"
    found = ensured(tmp_path).server
    assert certificates.usable(cert, key, at=NOW) == found
    assert why(found.not_after) == "tls_expired"
    assert why(found.not_before - timedelta(seconds=1)) == "tls_not_yet"
    kept = key.read_bytes()
    key.write_bytes((tmp_path / CA_KEY).read_bytes())
    assert why() == "tls_key_of_another"
    key.write_bytes(b"no key")
    assert why() == "tls_unreadable"
    key.write_bytes(kept)
    cert.write_bytes(b"no certificate")
    assert why() == "tls_unreadable"


def test_the_fingerprint_is_what_tablets_show(tmp_path: Path) -> None:
    """SHA-256 over the DER form that is downloaded, in pairs."""
    found = ensured(tmp_path).authority
    assert ssl.PEM_cert_to_DER_cert(found.pem.decode()) == found.der
    digest = hashes.Hash(hashes.SHA256())
    digest.update(found.der)
    assert found.fingerprint.replace(":", "") == digest.finalize().hex().upper()
    assert len(found.fingerprint.split(":")) == 32


@pytest.mark.parametrize(
    ("given", "taken"),
    [("Bus.LAN.", "bus.lan"), ("[fe80::1]", "fe80::1"), (" 10.0.0.1 ", "10.0.0.1"), ("a-b", "a-b")],
)
def test_names_are_taken_in_one_form(given: str, taken: str) -> None:
    """Small letters, no brackets, no last dot."""
    assert host_name(given) == taken


@pytest.mark.parametrize(
    "given", ["", "校车.lan", "*.lan", "a_b", "-a", "a..b", "x" * 64, "1.2.3.4/8", "a b"]
)
def test_what_is_no_name_is_refused(given: str) -> None:
    """Wildcards, networks and letters that no name has."""
    with pytest.raises(InvalidInput) as caught:
        host_name(given)
    assert caught.value.code == "certs_host_wrong"


def test_nothing_to_show_is_said(tmp_path: Path) -> None:
    """No authority yet: NotFound with the path."""
    with pytest.raises(NotFound):
        certificates.shown(tmp_path / CA_CERT)
