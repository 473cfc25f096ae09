"""The page that tablets see before they trust: open to all, the right fingerprint, files and address."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from busops.config import Settings, make_settings
from busops.services import certificates
from busops.services.certificates import Ensured
from busops.storage.database import Database
from busops.web.app import create_app
from tests.machine import CountingIds, FixedClock

HOSTS = ("busops.local", "localhost", "192.168.1.5", "127.0.0.1", "::1")


@pytest.fixture
def made(web_settings: Settings, clock: FixedClock) -> Ensured:
    """An authority of this installation."""
    return certificates.ensure(web_settings.tls_path, HOSTS, at=clock.now() - timedelta(days=1))


def text(client: FlaskClient, **how: str) -> str:
    """The page as it is read."""
    answer = client.get("/ca", **how)
    assert answer.status_code == 200
    return answer.text


def test_it_is_open_and_says_the_fingerprint(made: Ensured, client: FlaskClient) -> None:
    """Nobody signs in; the 32 pairs are those of the authority, in their order."""
    page = text(client)
    shown = re.search(r'class="ca__print code">(.*?)</p>', page, re.DOTALL)
    assert shown is not None
    pairs = re.sub(r"<[^>]+>", " ", shown[1]).split()
    assert ":".join(pairs) == made.authority.fingerprint
    assert made.authority.ends in page


def test_both_forms_are_the_same_certificate(made: Ensured, client: FlaskClient) -> None:
    """The type that Android, iPadOS and Windows know, and never a key."""
    for path, content in (
        ("/ca/busops-ca.crt", made.authority.der),
        ("/ca/busops-ca.pem", made.authority.pem),
    ):
        answer = client.get(path)
        assert answer.mimetype == "application/x-x509-ca-cert"
        assert answer.data == content
        assert b"PRIVATE" not in answer.data


@pytest.mark.parametrize("system", ["Android", "iPadOS", "Windows"])
@pytest.mark.parametrize(("language", "words"), [("zh", "先核对指纹"), ("en", "Compare the fingerprint")])
def test_every_system_has_its_steps(
    made: Ensured, client: FlaskClient, system: str, language: str, words: str
) -> None:
    """In both languages."""
    assert made
    client.get(f"/language/{language}")
    page = text(client)
    assert f"<h2>{system}</h2>" in page
    assert words in page


def address(client: FlaskClient, base_url: str) -> str:
    """Where the page tells tablets to look when it is asked for under ``base_url``."""
    found = re.search(r"<figcaption[^>]*>(.*?)</figcaption>", text(client, base_url=base_url))
    assert found is not None
    return found[1]


def test_the_code_leads_to_an_address_that_a_tablet_reaches(made: Ensured, app: Flask) -> None:
    """The name it was asked by; on this machine itself, the certificate's first address instead."""
    assert made
    client = app.test_client()
    assert address(client, "http://busops.local:8000") == "http://busops.local:8000/ca"
    for here in ("http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"):
        assert address(client, here) == "http://192.168.1.5:8000/ca"


def test_the_plain_port_is_named_where_it_is_served(
    made: Ensured, web_settings: Settings, sqlite_database: Database, clock: FixedClock, ids: CountingIds
) -> None:
    """Before trust a tablet can only read plain HTTP: the code leads there, also from the page over TLS."""
    assert made
    assert sqlite_database
    settings = make_settings(
        environment="test",
        instance_path=web_settings.instance_path,
        database_url=web_settings.database_url,
        secret_key="k" * 48,
        tls_cert=str(web_settings.tls_path / certificates.SERVER_CERT),
        tls_key=str(web_settings.tls_path / certificates.SERVER_KEY),
        ca_port=8080,
    )
    client = create_app(settings, clock=clock, ids=ids).test_client()
    assert address(client, "https://busops.local:8000") == "http://busops.local:8080/ca"


@pytest.mark.parametrize("path", ["/ca", "/ca/busops-ca.crt", "/ca/busops-ca.pem"])
def test_without_an_authority_there_is_nothing(client: FlaskClient, path: str) -> None:
    """404 in words, and no path of this machine."""
    answer = client.get(path)
    assert answer.status_code == 404
    assert "证书" in answer.text
    assert "instance" not in answer.text
