"""
The roll-call of a class by a signed link, and the office's page of all classes of a day.

A teacher has no account: the link names class, day and number, is signed with the server's secret
and shows that class's children of that day and nothing else. Whoever answers writes his name.
"""

from datetime import date
from typing import Any, Final

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response

from busops.domain.errors import InvalidInput, Refused
from busops.domain.people import Role
from busops.domain.rollcall import Answer
from busops.domain.values import school_date
from busops.services import rollcall
from busops.services.rollcall import ClassRoll
from busops.web.context import current, signed_in
from busops.web.language import say
from busops.web.printing import qr
from busops.web.security import allow, public

bp = Blueprint("rollcall", __name__)
SALT: Final = "busops-rollcall-link"
NAME: Final = "rollcall_name"
GONE, CONFLICT = 410, 409


@bp.get("/rollcall/<token>")
@public
def show(token: str) -> Response:
    """The class's children of that day, each with what is known; nothing without a valid link."""
    on, class_name, number = _read(token)
    try:
        return _page(token, _roll(on, class_name, number))
    except Refused as refusal:
        return _over(refusal)


@bp.post("/rollcall/<token>")
@public
def answer(token: str) -> Response:
    """What was changed on the page stands; whoever must be called is called at once."""
    on, class_name, number = _read(token)
    here = current()
    name = request.form.get("by_name", "")
    try:
        kept = rollcall.answer(
            here.database,
            on,
            class_name,
            link=number,
            answers=_changed(),
            by_name=name,
            by=signed_in(),
            clock=here.clock,
            ids=here.ids,
        )
    except InvalidInput as fault:
        return _page(token, _roll(on, class_name, number), fault, status=400)
    except Refused as refusal:
        if refusal.code == "rollcall_link_over":
            return _over(refusal)
        return _page(token, _roll(on, class_name, number), refusal, status=CONFLICT)
    session[NAME] = name.strip()
    flash(say("已记下 %(n)s 人", n=kept) if kept else say("没有新的答复"))
    return redirect(url_for("rollcall.show", token=token))


@bp.get("/rollcalls")
@allow(Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN)
def day() -> str:
    """Every class of a day: how far it is, and its link for those who may hand it out."""
    here, on = current(), _day()
    rolls = rollcall.day_rolls(here.database, on, here.clock.now())
    may_hand_out = here.actor.role in (Role.DISPATCHER, Role.ADMIN)
    return render_template("rollcall/day.html", on=on, rolls=rolls, link=link_of, may_hand_out=may_hand_out)


@bp.post("/rollcalls/<on>/replace")
@allow(Role.DISPATCHER, Role.ADMIN)
def replace(on: str) -> Response:
    """The class's link opens nothing any more; the page shows its new one."""
    here, day_of_runs = current(), _as_date(on)
    class_name = request.form.get("class_name", "")[:64]
    rollcall.replace_link(here.database, day_of_runs, class_name, by=here.actor, clock=here.clock)
    flash(say("旧链接已失效，请把新链接发给班主任"))
    return redirect(url_for("rollcall.day", on=on))


@bp.get("/print/rollcall/<on>")
@allow(Role.DISPATCHER, Role.ADMIN)
def sheet(on: str) -> str:
    """The links of a day as codes to be cut out, one for each class."""
    here, day_of_runs = current(), _as_date(on)
    rolls = rollcall.day_rolls(here.database, day_of_runs, here.clock.now())
    return render_template("rollcall/sheet.html", on=day_of_runs, rolls=rolls, link=link_of, qr=qr)


@bp.app_template_global("rollcall_of_day")
def rollcall_of_day(on: date) -> tuple[ClassRoll, ...]:
    """How far the classes of a day are, for the board."""
    here = current()
    return rollcall.day_rolls(here.database, on, here.clock.now())


def link_of(roll: ClassRoll) -> str:
    """The class's valid link, with the host that the reader came by."""
    token = _signer().dumps([roll.class_name, roll.on.isoformat(), roll.link_number])
    return url_for("rollcall.show", token=token, _external=True)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=SALT)


def _read(token: str) -> tuple[date, str, int]:
    """The day, class and number of a link that this server signed; nothing else is looked at."""
    try:
        class_name, on, number = _signer().loads(token)
        return date.fromisoformat(on), str(class_name), int(number)
    except (BadSignature, ValueError, TypeError):
        abort(404)


def _roll(on: date, class_name: str, number: int) -> ClassRoll:
    here = current()
    return rollcall.class_roll(here.database, on, class_name, link=number, now=here.clock.now())


def _changed() -> dict[str, Answer]:
    """What differs from what the page had shown: a page left open changes no colleague's answer."""
    changed = {}
    for field, value in request.form.items():
        kind, _, key = field.partition(":")
        if kind == "answer" and value != request.form.get(f"was:{key}", ""):
            try:
                changed[key] = Answer(value)
            except ValueError:
                raise InvalidInput("rollcall_answer_unknown", answer=value[:40]) from None
    return changed


def _page(token: str, roll: ClassRoll, fault: Any = None, status: int = 200) -> Response:
    page = render_template(
        "rollcall/class.html",
        roll=roll,
        token=token,
        fault=fault,
        answers=tuple(Answer),
        typed=dict(request.form),
        by_name=request.form.get("by_name", session.get(NAME, "")),
    )
    return _unlisted(make_response(page, status))


def _over(refusal: Refused) -> Response:
    return _unlisted(make_response(render_template("rollcall/over.html", refusal=refusal), GONE))


def _unlisted(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _day() -> date:
    wanted = request.args.get("on")
    return _as_date(wanted) if wanted else school_date(current().clock.now())


def _as_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        abort(404)
