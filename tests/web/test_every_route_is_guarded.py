"""Every address times every role: who gets in, who is refused, and nothing changes without a token."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from busops.domain.people import Role
from busops.web.security import OFFICE, Undeclared, access_of, allow, public, refuse_undeclared
from tests.web.conftest import SignIn

# Reviewed by hand: open to everybody without signing in. Device addresses carry their own token.
OPEN_TO_ALL = {
    "static",
    "auth.sign_in",
    "auth.enter",
    "auth.sign_out",
    "auth.switch_language",
    "ca.show",
    "ca.der",
    "ca.pem",
    "health.alive",
    "health.ready",
    "health.metrics",
    "enrolment.page",
    "rollcall.show",
    "rollcall.answer",
}
OPEN_BY_DEVICE = ("api.", "tablet.app_file", "tablet_shell.")
# Reviewed by hand: nobody else ever gets these pages.
AT_MOST = {
    "/manage": {Role.ADMIN, Role.SUPERVISOR, Role.DISPATCHER},
    "/manage/audit": {Role.ADMIN, Role.SUPERVISOR},
    "/manage/devices": {Role.ADMIN, Role.DISPATCHER},
    "/manage/notices": {Role.ADMIN},
    "/manage/people": {Role.ADMIN},
    "/manage/settings": {Role.ADMIN},
    "/finance": {Role.FINANCE, Role.FINANCE_LEAD, Role.SUPERVISOR, Role.DISPATCHER},
    "/other-use": {Role.FINANCE, Role.FINANCE_LEAD, Role.SUPERVISOR, Role.DISPATCHER},
    "/register": OFFICE,
    "/rosters": OFFICE,
    "/plans": OFFICE,
}
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


def rules(app: Flask) -> Iterator[Rule]:
    """Every rule but the files that everybody may have."""
    return (rule for rule in app.url_map.iter_rules() if rule.endpoint != "static")


def address(rule: Rule) -> str:
    """An address that the rule answers, with something in every place."""
    path = rule.rule
    for name in rule.arguments:
        converter = type(rule._converters[name]).__name__
        value = {"IntegerConverter": "1", "DateConverter": "2026-03-13"}.get(converter, "2026-03-13")
        path = path.replace(f"<{name}>", value)
        for prefix in ("int", "path", "string", "uuid", "date"):
            path = path.replace(f"<{prefix}:{name}>", value)
    return path


def methods(rule: Rule) -> Iterator[str]:
    """The methods that the rule's view answers itself."""
    return iter(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))


def is_public(app: Flask, rule: Rule) -> bool:
    """True when the endpoint says that everybody may come."""
    access = access_of(app, rule.endpoint)
    return access is not None and access.is_public


def test_only_the_reviewed_addresses_are_open(app: Flask) -> None:
    """No endpoint is public that was not looked at and listed here."""
    public_endpoints = {rule.endpoint for rule in rules(app) if is_public(app, rule)}
    unknown = {name for name in public_endpoints - OPEN_TO_ALL if not name.startswith(OPEN_BY_DEVICE)}
    assert not unknown


def test_no_page_is_open_to_more_roles_than_reviewed(app: Flask) -> None:
    """The reviewed ceilings hold for every address below them."""
    for rule in rules(app):
        access = access_of(app, rule.endpoint)
        assert access is not None, rule
        for prefix, most in AT_MOST.items():
            if rule.rule.startswith(prefix):
                assert set(access.roles) <= most, rule


def test_strangers_see_nothing(app: Flask, client: FlaskClient) -> None:
    """Without a session every page sends to the door and every API call is refused."""
    for rule in rules(app):
        if is_public(app, rule):
            continue
        answer = client.get(address(rule)) if "GET" in methods(rule) else None
        if answer is None:
            continue
        if rule.rule.startswith("/api/"):
            assert answer.status_code == 401, rule
        else:
            assert answer.status_code == 302, rule
            assert answer.headers["Location"].startswith("/signin"), rule


@pytest.mark.parametrize("role", [None, *Role])
def test_nothing_changes_without_the_token(
    app: Flask, client: FlaskClient, sign_in: SignIn, role: Role | None
) -> None:
    """Every unsafe request without its token ends before its view: at the door, at the role, at the token."""
    browser = sign_in(role) if role else client
    for rule in rules(app):
        access = access_of(app, rule.endpoint)
        assert access is not None
        for method in methods(rule):
            if rule.rule.startswith("/api/") or method not in UNSAFE:
                continue
            answer = browser.open(address(rule), method=method)
            may_come = access.is_public or role in access.roles
            expected = 400 if may_come else 403 if role else 302
            assert answer.status_code == expected, (method, rule)
            assert may_come or role or answer.headers["Location"].startswith("/signin"), rule


@pytest.mark.parametrize("role", list(Role))
def test_each_role_gets_what_is_declared_and_nothing_else(app: Flask, sign_in: SignIn, role: Role) -> None:
    """The declared roles get past the gate; every other role is refused with 403."""
    browser = sign_in(role)
    seen = {"in": 0, "out": 0}
    for rule in rules(app):
        access = access_of(app, rule.endpoint)
        assert access is not None
        if access.is_public or "GET" not in methods(rule):
            continue
        answer = browser.get(address(rule))
        assert answer.status_code != 401, rule
        assert not answer.headers.get("Location", "").startswith("/signin"), rule
        if role in access.roles:
            seen["in"] += 1
            assert answer.status_code < 500, rule
        else:
            seen["out"] += 1
            assert answer.status_code == 403, rule
    assert seen["in"] >= 3
    assert seen["out"] >= 3 or role is Role.ADMIN


def test_an_endpoint_that_declares_nothing_stops_the_start() -> None:
    """Forgetting to say who may call a page is found before the first request."""
    app = Flask("probe", static_folder=None)

    @app.get("/said")
    @allow(Role.ADMIN)
    def said() -> str:
        return ""

    @app.get("/open")
    @public
    def everybody() -> str:
        return ""

    refuse_undeclared(app)

    @app.get("/forgotten")
    def forgotten() -> str:
        return ""

    with pytest.raises(Undeclared, match="forgotten"):
        refuse_undeclared(app)
