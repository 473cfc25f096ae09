"""The headers of every answer, the content policy, forged requests, limits, safe addresses."""

import io
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from busops.config import Settings
from busops.domain.people import Actor, Role
from busops.web.app import create_app
from busops.web.scanning import compiles_scanner
from busops.web.security import content_policy, safe_next
from tests.machine import CountingIds, FixedClock
from tests.web.conftest import PASSWORD, SignIn, send, token

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.mark.parametrize(
    "path", ["/signin", "/nowhere", "/healthz", "/api/v1/nowhere", "/static/office/tokens.css"]
)
def test_every_answer_carries_the_headers(client: FlaskClient, path: str) -> None:
    """Pages, failures, files and the API alike."""
    headers = client.get(path, buffered=True).headers
    for name, value in EVERYWHERE.items():
        assert headers[name] == value
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "Permissions-Policy" in headers
    assert "X-Request-Id" in headers


def test_only_the_page_that_scans_may_compile_the_scanner(app: Flask) -> None:
    """A run on a tablet adds one word for our own wasm; scripts stay ours alone, and no other page has it."""
    view = app.view_functions["tablet.run"]
    with app.test_request_context("/tablet/runs/none"):
        page = compiles_scanner(lambda: "page")()
    policy = page.headers["Content-Security-Policy"]
    usual = content_policy(Settings(environment="test"))
    assert policy == usual.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")
    assert "'unsafe-eval'" not in policy.replace("'wasm-unsafe-eval'", "")
    assert "compiles_scanner" in view.__wrapped__.__globals__


def test_the_policy_allows_only_ourselves_and_the_tile_host() -> None:
    """No inline script or style, no frame, no foreign host but the one of the map's tiles."""
    plain = content_policy(Settings())
    assert plain.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "frame-ancestors 'none'" in plain
    assert "http" not in plain
    tiles = content_policy(Settings(tile_url="https://{s}.tiles.example/{z}/{x}/{y}.png?k=1"))
    assert "img-src 'self' data: blob: https://*.tiles.example;" in tiles


def test_personal_pages_are_not_kept_by_the_browser(client: FlaskClient, sign_in: SignIn) -> None:
    """Back after signing out shows nothing; files with their digest in the address may be kept."""
    assert sign_in(Role.ADMIN).get("/manage/people").headers["Cache-Control"] == "no-store"
    assert client.get("/signin").headers["Cache-Control"] == "no-store"
    assert (
        "max-age=31536000"
        in client.get("/static/office/tokens.css?v=1", buffered=True).headers["Cache-Control"]
    )
    assert client.get("/static/office/tokens.css", buffered=True).headers["Cache-Control"] == "no-cache"


def test_the_cookie_is_out_of_reach_of_scripts_and_of_plain_http(
    web_settings: Settings, clock: FixedClock, ids: CountingIds
) -> None:
    """HttpOnly and SameSite always; Secure, the host prefix and HSTS as soon as there is TLS."""
    app = create_app(replace(web_settings, behind_proxy=True), clock=clock, ids=ids)
    answer = app.test_client().get("/signin", base_url="https://localhost")
    cookie = next(value for name, value in answer.headers if name == "Set-Cookie")
    assert cookie.startswith("__Host-busops=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


def test_without_tls_no_hsts_is_promised(client: FlaskClient) -> None:
    """A LAN without TLS must not lock its browsers out."""
    assert "Strict-Transport-Security" not in client.get("/signin").headers


def test_a_request_from_a_foreign_site_is_refused(sign_in: SignIn) -> None:
    """Even with a token: what the browser itself calls cross-site changes nothing."""
    browser = sign_in(Role.ADMIN)
    form = {"csrf_token": token(browser, "/account")}
    answer = browser.post("/signout", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert browser.get("/account").status_code == 200


def test_a_token_of_another_session_is_worth_nothing(app: Flask, sign_in: SignIn) -> None:
    """The token belongs to one session."""
    stolen = token(app.test_client(), "/signin")
    answer = sign_in(Role.ADMIN).post("/signout", data={"csrf_token": stolen})
    assert answer.status_code == 400
    assert "表单已失效" in answer.text


def test_only_named_hosts_are_answered(web_settings: Settings, clock: FixedClock, ids: CountingIds) -> None:
    """With trusted hosts set, a forged Host header gets nothing that could be cached or mailed."""
    app = create_app(replace(web_settings, trusted_hosts=("bus.school",)), clock=clock, ids=ids)
    assert app.test_client().get("/signin", base_url="http://bus.school").status_code == 200
    assert app.test_client().get("/signin", base_url="http://evil.example").status_code == 400


def test_a_large_body_is_refused_in_words(client: FlaskClient, people: dict[Role, Actor]) -> None:
    """The door takes no megabytes."""
    answer = send(client, "/signin", "/signin", account="a" * 300_000, password="x")
    assert answer.status_code == 413
    assert "文件太大" in answer.text


@pytest.mark.parametrize("good", ["/", "/runs/", "/runs/R-1?x=1&y=%2F", "/plans/a//b"])
def test_own_addresses_are_kept(good: str) -> None:
    """A path of ours, with its query, is where one goes on to."""
    assert safe_next(good) == good


@pytest.mark.parametrize(
    "evil", [None, "", "runs", "//x", "/\\x", "\\\\x", "https://x", "javascript:1", "/\n/x", "/a\\b", "/\x00"]
)
def test_foreign_addresses_are_dropped(evil: str | None) -> None:
    """Everything that a browser could read as another host is refused."""
    assert safe_next(evil) is None


def test_a_disabled_person_is_out_at_once(app: Flask, sign_in: SignIn, people: dict[Role, Actor]) -> None:
    """Disabling ends the sessions and the password opens nothing."""
    browser, admin = sign_in(Role.FINANCE), sign_in(Role.ADMIN)
    user_id = people[Role.FINANCE].user_id
    assert send(admin, f"/manage/people/{user_id}/disable").status_code == 302
    assert browser.get("/account").status_code == 302
    fresh = app.test_client()
    assert send(fresh, "/signin", "/signin", account="finance", password=PASSWORD).status_code == 401


class Unread(io.RawIOBase):
    """A body that tells when somebody reads it."""

    def readinto(self, _: object) -> int:
        """Nobody should come here."""
        raise AssertionError("a stranger's body was read")

    def readable(self) -> bool:
        """It could be."""
        return True


@pytest.mark.parametrize("path", ["/finance/receipts", "/register/imports/"])
@pytest.mark.parametrize("role", [None, Role.ATTENDANT])
def test_what_a_stranger_uploads_is_not_read(
    client: FlaskClient, sign_in: SignIn, role: Role | None, path: str
) -> None:
    """Nobody signed in, or a role that may not: sent away before the first byte of five megabytes."""
    browser = sign_in(role) if role else client
    answer = browser.open(
        path,
        method="POST",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"wsgi.input": Unread(), "CONTENT_LENGTH": str(5 * 1024 * 1024)},
    )
    assert answer.status_code == (403 if role else 302)


def test_uploads_have_a_limit_of_their_own(sign_in: SignIn) -> None:
    """One byte above it, from who may upload: refused unread."""
    answer = sign_in(Role.FINANCE).open(
        "/finance/receipts",
        method="POST",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"wsgi.input": Unread(), "CONTENT_LENGTH": str(10 * 1024 * 1024 + 1)},
    )
    assert answer.status_code == 413
