"""Signing in and out, the reader's language, the own account. The rules are in services/signin.py."""

from typing import Final

from flask import Blueprint, Flask, flash, make_response, redirect, render_template, request, session, url_for
from flask_login import LoginManager, UserMixin, login_user, logout_user
from werkzeug.wrappers import Response

from busops import i18n
from busops.config import Settings
from busops.domain.errors import BusopsError, InvalidInput, Refused
from busops.domain.people import Actor, Role
from busops.services import demo_school, people, signin
from busops.services.signin import Limits
from busops.web import formats, language
from busops.web.context import current, runtime, signed_in
from busops.web.language import say
from busops.web.problem import problem
from busops.web.security import IN_A_BUS, allow, asks_by_itself, bearer_token, is_api, public, safe_next

bp = Blueprint("auth", __name__)

MUST_CHANGE: Final = "must_change"
OPEN_BEFORE_CHANGE: Final = frozenset({"static", "auth.account", "auth.change_password", "auth.sign_out"})


class SignedIn(UserMixin):
    """The person behind a session, as Flask-Login wants it."""

    def __init__(self, actor: Actor, session_key: str) -> None:
        self.actor = actor
        self.session_key = session_key

    def get_id(self) -> str:
        """What the cookie carries: the session's key, never the person's id."""
        return self.session_key


def install(app: Flask) -> None:
    """``app`` knows who asks."""
    login = LoginManager()
    login.session_protection = None
    login.init_app(app)
    login.user_loader(_find)
    app.before_request(_ask_for_new_password)


def limits(settings: Settings) -> dict[Role, Limits]:
    """How long a session of each role lives; a tablet may lie untouched for a whole run."""
    office = Limits(whole_s=settings.session_office_s, idle_s=settings.session_idle_s)
    bus = Limits(whole_s=settings.session_tablet_s, idle_s=settings.session_tablet_s)
    return {role: bus if role in IN_A_BUS else office for role in Role}


@bp.get("/signin")
@public
def sign_in() -> str | Response:
    """The door; who is in already goes on."""
    if signed_in() is not None:
        return redirect(safe_next(request.args.get("next")) or "/")
    return _door(request.args.get("account", ""))


@bp.post("/signin")
@public
def enter() -> str | Response | tuple[str, int]:
    """A new session for who knows the password, then on to where they wanted."""
    made = runtime()
    username, password = request.form.get("account", ""), request.form.get("password", "")
    try:
        entered = signin.enter(
            made.database,
            username=username,
            password=password,
            address=request.remote_addr or "?",
            clock=made.machine_clock,
            audit_clock=made.clock,
            hasher=made.hasher,
        )
    except Refused as refusal:
        return _door(username, formats.words(refusal)), 401
    chosen = language.chosen()
    session.clear()
    session["language"] = chosen
    login_user(SignedIn(entered.actor, entered.session_key))
    if entered.must_change:
        session[MUST_CHANGE] = True
        return redirect(url_for("auth.account"))
    return redirect(safe_next(request.form.get("next")) or "/")


@bp.post("/signout")
@public
def sign_out() -> Response:
    """The session is over, here and in the database."""
    person, key = signed_in(), session.get("_user_id")
    chosen = language.chosen()
    if person is not None and key:
        made = runtime()
        signin.leave(made.database, key, actor=person, clock=made.machine_clock, audit_clock=made.clock)
    logout_user()
    session.clear()
    session["language"] = chosen
    return redirect(url_for("auth.sign_in"))


@bp.get("/account")
@allow(*Role)
def account() -> str:
    """Who I am here, my password, the way out."""
    return _account()


@bp.post("/account/password")
@allow(*Role)
def change_password() -> Response | tuple[str, int]:
    """My password is the new one; every browser signs in again."""
    made, form = runtime(), request.form
    try:
        if form.get("new", "") != form.get("again", ""):
            raise InvalidInput("passwords_differ")
        people.change_own_password(
            made.database,
            current().actor,
            old=form.get("old", ""),
            new=form.get("new", ""),
            clock=made.machine_clock,
            audit_clock=made.clock,
            hasher=made.hasher,
        )
    except (InvalidInput, Refused) as error:
        return _account(error), 400
    logout_user()
    chosen = language.chosen()
    session.clear()
    session["language"] = chosen
    flash(say("密码已改，请用新密码登录"))
    return redirect(url_for("auth.sign_in"))


@bp.get("/language/<code>")
@public
def switch_language(code: str) -> Response:
    """The pages go on in the other language, where the reader was."""
    answer = make_response(redirect(safe_next(request.args.get("next")) or "/"))
    language.remember(answer, i18n.locale_of(code), over_tls=runtime().settings.secure_cookies)
    return answer


def _door(username: str = "", error: str = "") -> str:
    wanted = safe_next(request.values.get("next")) or ""
    is_demo = runtime().settings.demo
    return render_template(
        "auth/signin.html",
        username=username,
        error=error,
        wanted=wanted,
        demo_password=demo_school.PASSWORD if is_demo else "",
        roles=[role.value for role in Role],
    )


def _account(error: BusopsError | None = None) -> str:
    findings = error.findings if isinstance(error, InvalidInput) else ()
    return render_template(
        "auth/account.html", error=error, findings=findings, must_change=bool(session.get(MUST_CHANGE))
    )


def _find(session_key: str) -> SignedIn | None:
    if is_api() and bearer_token() is not None:
        return None
    made = runtime()
    actor = signin.resume(
        made.database,
        session_key,
        limits=limits(made.settings),
        clock=made.machine_clock,
        is_use=not asks_by_itself(),
    )
    return None if actor is None else SignedIn(actor, session_key)


def _ask_for_new_password() -> Response | None:
    if session.get(MUST_CHANGE) and request.endpoint not in OPEN_BEFORE_CHANGE and signed_in() is not None:
        if is_api():
            return problem(403, "password_change_first")
        if request.endpoint == "auth.switch_language":
            return None
        return redirect(url_for("auth.account"))
    return None
