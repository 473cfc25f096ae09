"""The clocks of the interlock on a page: seen by the office, changed by the responsible with a reason."""

from typing import Final

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, InvalidInput
from busops.domain.people import Role
from busops.domain.safety_policy import DEFAULT, LEAST, MOST, NAMES, SafetyPolicy
from busops.services import safety_policy
from busops.web.context import current
from busops.web.language import say
from busops.web.security import allow

bp = Blueprint("safety_policy", __name__, url_prefix="/manage/safety")
CHANGERS: Final = (Role.ADMIN,)


@bp.get("")
@allow(Role.DISPATCHER, Role.SUPERVISOR, *CHANGERS)
def index() -> ResponseReturnValue:
    """Every clock with what is allowed, and every change there was."""
    return _page({}, None)


@bp.post("")
@allow(*CHANGERS)
def change() -> ResponseReturnValue:
    """The clocks run so from now on, or the page says everything that is wrong."""
    here, form = current(), request.form
    try:
        policy = SafetyPolicy(**{name: _minutes(form.get(name, "")) for name in NAMES})
        reason = form.get("reason", "")
        safety_policy.change_policy(here.database, policy, reason=reason, by=here.actor, clock=here.clock)
    except BusopsError as error:
        return _page(dict(form), error), 400 if isinstance(error, InvalidInput) else 409
    flash(say("报警时限已改"))
    return redirect("/manage/safety")


def _page(given: dict[str, str], error: BusopsError | None) -> str:
    here = current()
    policy = safety_policy.policy_of(here.database)
    rows = [
        (name, given.get(name, getattr(policy, name)), getattr(DEFAULT, name), LEAST[name], MOST[name])
        for name in NAMES
    ]
    return render_template(
        "manage/safety_policy.html",
        rows=rows,
        changes=safety_policy.changes_of(here.database),
        default=DEFAULT,
        error=error,
        findings=error.findings if isinstance(error, InvalidInput) else (),
        may_change=here.actor.role in CHANGERS,
        given=given,
    )


def _minutes(text: str) -> int:
    """A whole number as typed; 0, which no clock may be, for anything else."""
    typed = text.strip()
    return (
        int(typed)
        if typed.isascii() and typed.isdecimal() and len(typed) <= len(str(max(MOST.values())))
        else 0
    )
