"""The plain port gives the authority's page and nothing else: no cookie, no token, no other address."""

import http.client
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from busops.cli.plain_authority import PlainAuthority

SEEN: list[dict[str, Any]] = []


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A whole application that would answer everything, and set a cookie each time."""
    SEEN.append(environ)
    start_response(
        "200 OK",
        [
            ("Content-Type", "text/plain"),
            ("Set-Cookie", "session=secret"),
            ("Strict-Transport-Security", "max-age=1"),
        ],
    )
    return [environ["PATH_INFO"].encode()]


@pytest.fixture
def served() -> Iterator[int]:
    """The port where the narrowed application is served."""
    SEEN.clear()
    with PlainAuthority(application, host="127.0.0.1", port=0) as running:
        yield running.port


def asked(port: int, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    """One request and its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(
        method, path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    return connection.getresponse()


@pytest.mark.parametrize(
    "path", ["/ca", "/ca/busops-ca.crt", "/ca/busops-ca.pem", "/static/office/ca.css?v=1"]
)
def test_the_page_and_its_files_pass(served: int, path: str) -> None:
    """What a tablet needs before it trusts anything."""
    answer = asked(served, path)
    assert answer.status == 200
    assert answer.read().decode() == path.partition("?")[0]


@pytest.mark.parametrize(
    "path",
    [
        "/signin", "/healthz", "/metrics", "/api/v1/runs", "/ca/", "/ca/../signin", "/ca/busops-ca.key",
        "/static/tablet/main.js", "/static/office/../../secret_key", "/caX", "/%63a/x", "/x/ca",
    ],
)  # fmt: skip
def test_nothing_else_passes(served: int, path: str) -> None:
    """The application is not even asked."""
    answer = asked(served, path)
    assert answer.status == 404
    assert SEEN == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_can_be_sent(served: int, method: str) -> None:
    """Reading only."""
    answer = asked(served, "/ca", method)
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert SEEN == []


def test_nobody_is_recognised(served: int) -> None:
    """Cookies, tokens and a proxy's word are taken off on the way in, cookies and HSTS on the way out."""
    answer = asked(
        served, "/ca", Cookie="session=mine", Authorization="Device x", X_Forwarded_Proto="https"
    )  # fmt: skip
    assert "Set-Cookie" not in answer.headers
    assert "Strict-Transport-Security" not in answer.headers
    names = {name for name in SEEN[0] if name.startswith("HTTP_")}
    assert names == {"HTTP_HOST", "HTTP_COOKIE"}
    assert SEEN[0]["HTTP_COOKIE"] == ""


def test_the_language_stands_in_the_address(served: int) -> None:
    """The page's link to the other language works without a cookie; nothing can be smuggled in with it."""
    answer = asked(served, "/language/en?next=/ca")
    assert (answer.status, answer.headers["Location"]) == (302, "/ca?lang=en")
    asked(served, "/ca?lang=en").read()
    assert SEEN[-1]["HTTP_COOKIE"] == "language=en"
    asked(served, "/ca?lang=en;%20session=mine").read()
    assert SEEN[-1]["HTTP_COOKIE"] == ""
    assert asked(served, "/").headers["Location"] == "/ca"


def test_without_a_port_nothing_is_served() -> None:
    """No application: a block like any other."""
    with PlainAuthority(None, host="127.0.0.1", port=0) as running:
        assert running.port == 0
