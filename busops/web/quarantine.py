"""
What waits apart, on one page: what it says, which tablet sent it, why it waits, where it may belong.

Two people take it in as facts of the run that they choose, or dismiss it; both say why. Nothing is
chosen for them.
"""

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for

from busops.domain.errors import BusopsError, InvalidInput, Refused
from busops.domain.people import Role
from busops.domain.values import RunId
from busops.services import quarantine_list, run_list, runs
from busops.web.context import current
from busops.web.language import say
from busops.web.run_story import fact_words
from busops.web.runs import CONFLICT, Answer, second_person, typed_reason
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
    """What was chosen is a fact of the chosen run."""
    run_id = RunId(request.form.get("run_id", "").strip())

    def act(here: dict[str, Any], chosen: list[str]) -> None:
        if not run_id:
            raise InvalidInput("quarantine_no_run_chosen")
        runs.admit_quarantine(here.pop("database"), run_id, *chosen, **here)

    return _decide(say("留存记录已作为事实补入"), act)


@bp.post("/dismiss")
@allow(*DECIDE)
def dismiss() -> Answer:
    """What was chosen stays what it is: something that was sent, and no fact."""
    return _decide(
        say("已核对留存记录"),
        lambda here, chosen: runs.settle_quarantine(here.pop("database"), *chosen, **here),
    )


def _decide(done: str, act: Callable[[dict[str, Any], list[str]], None]) -> Answer:
    here = current()
    try:
        own: dict[str, Any] = {"database": here.database, "clock": here.clock, "ids": here.ids}
        own |= {"by": here.actor, "second": second_person(), "note": typed_reason()}
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
    )
