"""
What waits apart, on one page: what it says, which tablet sent it, why it waits, where it may belong.

Two people of two roles take it in as facts of a run, each in a session of his own: one asks here, the
other agrees on the run's page. Two people dismiss it. Nothing is chosen for them.
"""

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for

from busops.domain.errors import BusopsError, InvalidInput, Refused
from busops.domain.overrides import OverrideReason
from busops.domain.people import Role
from busops.domain.values import RunId
from busops.services import overrides, quarantine_list, run_list, runs
from busops.web.context import current
from busops.web.language import say
from busops.web.run_story import fact_words
from busops.web.runs import CONFLICT, Answer, one_of, second_person, typed_reason
from busops.web.security import allow

bp = Blueprint("quarantine", __name__, url_prefix="/runs/quarantine")
DECIDE: Final = frozenset({Role.DISPATCHER, Role.ADMIN})


@bp.get("")
@allow(Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN)
def index() -> Answer:
    """Everything that waits apart."""
    return _page()


@bp.post("/admit")
@allow(*DECIDE)
def admit() -> Answer:
    """It is asked that what was chosen becomes a fact of the chosen run; another role agrees on its page."""
    run_id = RunId(request.form.get("run_id", "").strip())

    def act(here: dict[str, Any], chosen: list[str]) -> None:
        if not run_id:
            raise InvalidInput("quarantine_no_run_chosen")
        why = one_of(OverrideReason, request.form.get("override_reason", ""))
        overrides.ask_admission(here.pop("database"), run_id, chosen, reason=why, **here)

    return _decide(say("已申请补入，由另一种职务的人在这一趟的页面上批准"), act)


@bp.post("/dismiss")
@allow(*DECIDE)
def dismiss() -> Answer:
    """What was chosen stays what it is: something that was sent, and no fact."""
    return _decide(
        say("已核对留存记录"),
        lambda here, chosen: runs.settle_quarantine(
            here.pop("database"), *chosen, second=second_person(), **here
        ),
    )


def _decide(done: str, act: Callable[[dict[str, Any], list[str]], None]) -> Answer:
    here = current()
    try:
        own: dict[str, Any] = {"database": here.database, "clock": here.clock, "ids": here.ids}
        own |= {"by": here.actor, "note": typed_reason()}
        act(own, list(dict.fromkeys(request.form.getlist("chosen"))))
    except (Refused, InvalidInput) as refusal:
        return _page(refusal), CONFLICT
    flash(done)
    return redirect(url_for("quarantine.index"))


def _page(refusal: BusopsError | None = None) -> str:
    here = current()
    names = run_list.names(here.database)
    return render_template(
        "runs/quarantine.html",
        heaps=quarantine_list.waiting_heaps(here.database),
        names=names,
        says=lambda heap, event: fact_words(event, names, heap.names),
        refusal=refusal,
        may_decide=here.actor.role in DECIDE,
        override_reasons=tuple(OverrideReason),
    )
