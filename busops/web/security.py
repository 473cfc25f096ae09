"""
Who may call what, and the headers every answer carries. Deny by default.

A view says ``@allow(Role.DISPATCHER, …)`` or ``@public``; an application with an endpoint
that says neither does not start. Sign-in itself is in ``auth.py``; rules about single
things (whose run, whose device) belong to the services.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, redirect, request, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response as AnyResponse

from busops.config import Settings
from busops.domain.people import Role
from busops.web.context import runtime, signed_in

View = TypeVar("View", bound=Callable[..., Any])
ATTRIBUTE: Final = "busops_access"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
EVERYBODY: Final = frozenset(Role)
OFFICE: Final = frozenset({Role.DISPATCHER, Role.FINANCE, Role.FINANCE_LEAD, Role.SUPERVISOR, Role.ADMIN})
IN_A_BUS: Final = frozenset({Role.ATTENDANT, Role.DRIVER})
YEAR_S: Final = 365 * 24 * 3600
API: Final = "/api/"
TOKEN_KINDS: Final = frozenset({"bearer", "device"})

csrf = CSRFProtect()


class Undeclared(RuntimeError):
    """An endpoint that does not say who may call it: a programmer's slip, found at start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may call an endpoint."""

    roles: frozenset[Role]
    is_public: bool = False
    keeps: bool = False  # the answer may be kept by the browser: it holds nothing personal
    upload_bytes: int | None = None  # the largest body, where it differs from the default
    is_public_in_demo: bool = False
    is_polled: bool = False  # open pages ask it anew by themselves: that is no use of the session


def allow(
    *roles: Role, upload_bytes: int | None = None, public_in_demo: bool = False, polled: bool = False
) -> Callable[[View], View]:
    """The view is open to these roles, and only when signed in."""
    access = Access(
        roles=frozenset(roles),
        upload_bytes=upload_bytes,
        is_public_in_demo=public_in_demo,
        is_polled=polled,
    )

    def declare(view: View) -> View:
        setattr(view, ATTRIBUTE, access)
        return view

    return declare


def public(view: View) -> View:
    """The view is open to everybody, signed in or not."""
    setattr(view, ATTRIBUTE, Access(roles=EVERYBODY, is_public=True))
    return view


def access_of(app: Flask, endpoint: str) -> Access | None:
    """What the endpoint declares; None where it declares nothing."""
    declared: Access | None = getattr(app.view_functions.get(endpoint), ATTRIBUTE, None)
    return declared


def asks_by_itself() -> bool:
    """True when an open page refreshes itself by a view made for it: nobody need be sitting there."""
    access = access_of(current_app, request.endpoint) if request.endpoint else None
    by_script = "X-Refresh" in request.headers or "HX-Request" in request.headers
    return access is not None and access.is_polled and by_script


def guard(app: Flask, settings: Settings) -> None:
    """Every request of ``app`` passes the gate and every answer carries the headers."""
    setattr(app.view_functions["static"], ATTRIBUTE, Access(roles=EVERYBODY, is_public=True, keeps=True))
    csrf.init_app(app)
    app.before_request(_refuse_strangers)
    policy = content_policy(settings)

    @app.after_request
    def _headers(response: Response) -> Response:
        return _with_headers(response, policy, over_tls=settings.secure_cookies)


def refuse_undeclared(app: Flask) -> None:
    """Raises :class:`Undeclared` when any endpoint does not say who may call it."""
    silent = sorted(rule.endpoint for rule in app.url_map.iter_rules() if not access_of(app, rule.endpoint))
    if silent:
        raise Undeclared(f"these endpoints declare no access: {', '.join(silent)}")


def content_policy(settings: Settings) -> str:
    """The content security policy; the only foreign host is the one of the map tiles."""
    images = "img-src 'self' data: blob:"
    if settings.tile_url:
        parts = urlsplit(settings.tile_url)
        host = parts.netloc.replace("{s}", "*")
        images += f" {parts.scheme}://{host}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            images,
            "connect-src 'self'",
            "font-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def safe_next(target: str | None) -> str | None:
    """The path to go on to after signing in, when it is one of ours; else None."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    if any(character < " " or character == "\\" for character in target):
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target


def is_api() -> bool:
    """True for a request that speaks JSON with a program, not pages with a person."""
    return request.path.startswith(API)


def logged_path() -> str:
    """The path of this request as logs may keep it: a link that opens a page by itself is left out."""
    rule = request.url_rule
    return rule.rule if rule is not None and "token" in rule.arguments else request.path


def bearer_token() -> str | None:
    """The device's token of this request, or None."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() in {"device", "bearer"} and token.strip() else None


def _refuse_strangers() -> AnyResponse | None:
    if request.endpoint is None:
        return None
    access = access_of(current_app, request.endpoint)
    if access is None:
        abort(403)
    # Who may not come in is sent away before a byte of what he sends is read.
    if not (access.is_public or (access.is_public_in_demo and runtime().settings.demo)):
        person = signed_in()
        if person is None:
            return _ask_to_sign_in()
        if person.role not in access.roles:
            abort(403)
    if access.upload_bytes is not None:
        request.max_content_length = access.upload_bytes
    if request.method not in SAFE_METHODS:
        _refuse_forgery()
    return None


def _refuse_forgery() -> None:
    # A device proves itself by its own token, which a foreign page cannot send: no cookie, no forgery.
    if is_api() and (bearer_token() is not None or signed_in() is None):
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        abort(403)
    csrf.protect()


def _ask_to_sign_in() -> AnyResponse:
    if is_api():
        abort(401)
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    if "X-Refresh" in request.headers:  # the page leaves by itself: see refresh.js
        return Response(status=401)
    if request.headers.get("HX-Request"):
        answer: AnyResponse = Response(status=401)
        answer.headers["HX-Redirect"] = url_for("auth.sign_in")
        return answer
    return redirect(url_for("auth.sign_in", next=wanted) if wanted != "/" else url_for("auth.sign_in"))


def _with_headers(response: Response, policy: str, *, over_tls: bool) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", policy)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()"
    if over_tls:
        headers["Strict-Transport-Security"] = f"max-age={YEAR_S}; includeSubDomains"
    access = access_of(current_app, request.endpoint) if request.endpoint else None
    if access is None or not access.keeps:
        headers.setdefault("Cache-Control", "no-store")
    elif "v" not in request.args:
        headers["Cache-Control"] = "no-cache"  # an address that does not change with its content
    return response
