"""Signing in and out, the reader's language, the own account. Rules of accounts: services/people.py."""

from flask import Blueprint, Flask, make_response, redirect, render_template, request
from flask_login import LoginManager, UserMixin
from werkzeug.wrappers import Response

from busops.domain.people import Actor
from busops.web import language
from busops.web.security import public, safe_next

bp = Blueprint("auth", __name__)


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


def _find(session_key: str) -> SignedIn | None:
    return None


@bp.get("/signin")
@public
def sign_in() -> str:
    """The door."""
    return render_template("errors/error.html", status=401, code="sign_in_needed", shown="sign_in_needed", reasons=())


@bp.get("/language/<code>")
@public
def switch_language(code: str) -> Response:
    """The pages go on in the other language, where the reader was."""
    answer = make_response(redirect(safe_next(request.args.get("next")) or "/"))
    if code in language.TAGS:
        language.remember(answer, code)
    return answer
