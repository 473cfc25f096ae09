"""`busops certs`, a server that speaks TLS with what it made, and the authority's page before any trust."""

import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from busops.cli.commands import build_cli
from busops.clock import SystemClock
from busops.services import certificates
from busops.services.certificates import CA_CERT, CA_KEY, SERVER_CERT
from busops.storage import schema
from busops.web.app import create_app

PATIENCE_S = 60


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An instance folder of the test's own, not made yet."""
    monkeypatch.setenv("BUSOPS_INSTANCE", str(tmp_path / "instance"))
    return tmp_path / "instance"


def busops(*arguments: str) -> Result:
    """Runs the command line in English and gives its result."""
    return CliRunner().invoke(build_cli(create_app), ["--lang", "en", *arguments])


def test_it_makes_shows_and_keeps(instance: Path) -> None:
    """Made for this machine without a setting; shown with the same fingerprint; kept when still good."""
    made = busops("certs")
    assert made.exit_code == 0, made.output
    found = certificates.shown(instance / "tls" / CA_CERT)
    assert found.fingerprint in made.output
    server = certificates.shown(instance / "tls" / SERVER_CERT)
    assert {"localhost", "127.0.0.1"} <= set(server.names)
    shown = busops("certs", "--show")
    assert found.fingerprint in shown.output
    assert "Made" not in shown.output
    assert "Made" not in busops("certs").output
    assert certificates.shown(instance / "tls" / SERVER_CERT) == server


def test_names_given_once_are_kept_when_renewing(instance: Path) -> None:
    """A renewal without names has those of before, and the same authority."""
    assert busops("certs", "Bus.School.example", "192.168.7.7").exit_code == 0
    before = certificates.shown(instance / "tls" / SERVER_CERT)
    authority = certificates.shown(instance / "tls" / CA_CERT)
    assert busops("certs", "--renew").exit_code == 0
    after = certificates.shown(instance / "tls" / SERVER_CERT)
    assert after.names == before.names
    assert after.fingerprint != before.fingerprint
    assert {"bus.school.example", "192.168.7.7"} <= set(after.names)
    assert certificates.shown(instance / "tls" / CA_CERT) == authority


def test_refusals_are_sentences(instance: Path) -> None:
    """No name, a name outside the limits, nothing to show: exit code and words, no trace."""
    assert instance
    for arguments, said in (
        (("certs", "--show"), "run busops certs first"),
        (("certs", "no name"), "is no host name or address"),
    ):
        answer = busops(*arguments)
        assert answer.exit_code == 1
        assert said in answer.output
    busops("certs")
    outside = busops("certs", "bank.example")
    assert outside.exit_code == 1
    assert "bank.example is outside" in outside.output


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """`busops serve --tls` as a process of its own, ended at last."""
    process = subprocess.Popen(
        [sys.executable, "-m", "busops", "--lang", "en", "serve", "--tls"],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def test_a_server_speaks_tls_to_whoever_trusts_its_authority(instance: Path) -> None:
    """
    `serve --tls`: a strict client with the authority gets in, one without is refused.

    What the first needed came over plain HTTP from the second port, which gives nothing else.
    """
    assert busops("certs").exit_code == 0
    url = f"sqlite:///{instance / 'busops.sqlite3'}"
    schema.upgrade(url)
    port, plain = free_port(), free_port()
    with serving({"BUSOPS_PORT": str(port), "BUSOPS_CA_PORT": str(plain)}) as process:
        waited_until = time.monotonic() + PATIENCE_S
        while time.monotonic() < waited_until and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        with urllib.request.urlopen(
            f"http://127.0.0.1:{plain}/ca/busops-ca.crt", timeout=PATIENCE_S
        ) as answer:
            authority = answer.read()
        assert answer.headers["Content-Type"] == "application/x-x509-ca-cert"
        assert authority == certificates.shown(instance / "tls" / CA_CERT).der
        trusting = ssl.create_default_context(cadata=ssl.DER_cert_to_PEM_cert(authority))
        trusting.verify_flags |= ssl.VERIFY_X509_STRICT
        address = f"https://localhost:{port}/healthz"
        with urllib.request.urlopen(address, context=trusting, timeout=PATIENCE_S) as answer:
            assert answer.read() == b"ok\n"
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(address, context=ssl.create_default_context(), timeout=PATIENCE_S)
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{plain}/signin", timeout=PATIENCE_S)


def test_nothing_is_served_with_a_missing_or_ended_certificate(instance: Path) -> None:
    """`serve --tls` says what to run, leaves with code 1 and opens no port."""
    missing = busops("serve", "--tls")
    assert missing.exit_code == 1
    assert "run busops certs first" in missing.output
    long_ago = SystemClock().now() - timedelta(days=500)
    certificates.ensure(instance / "tls", ("localhost",), at=long_ago)
    ended = busops("serve", "--tls")
    assert ended.exit_code == 1
    assert "expired on" in ended.output
    assert "Traceback" not in missing.output + ended.output
    assert not (instance / "busops.sqlite3").exists()


def test_the_environment_is_left_alone_when_refused(instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal sets no certificate for whoever reads settings later in this process."""
    assert instance
    monkeypatch.delenv("BUSOPS_TLS_CERT", raising=False)
    busops("serve", "--tls")
    assert "BUSOPS_TLS_CERT" not in os.environ


def test_a_certificate_that_is_set_is_held_to_the_same(
    instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BUSOPS_TLS_CERT and BUSOPS_TLS_KEY of a foreign pair: refused before anything is opened."""
    busops("certs")
    monkeypatch.setenv("BUSOPS_PORT", str(free_port()))
    monkeypatch.setenv("BUSOPS_TLS_CERT", str(instance / "tls" / SERVER_CERT))
    monkeypatch.setenv("BUSOPS_TLS_KEY", str(instance / "tls" / CA_KEY))
    answer = busops("serve")
    assert answer.exit_code == 1
    assert "does not belong" in answer.output
