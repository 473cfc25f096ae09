"""
Runs: the list of all of them, and one run in full with what the office may decide about it.

A decision that needs two people takes the second one's name and password on the same form:
he is looked up as at the door, so that guesses are counted, and never stays signed in.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from busops.domain.errors import InvalidInput, Refused
from busops.domain.events import Whereabouts
from busops.domain.overrides import APPROVERS_OF, GATES, OverrideReason
from busops.domain.people import Actor, Role
from busops.domain.roster import NotRidingReason
from busops.domain.run import Phase
from busops.domain.stop_changes import standing_changes
from busops.domain.values import RiderId, RunId
from busops.services import (
    handovers,
    incidents,
    late_classes,
    overrides,
    quarantine_list,
    refund_job,
    run_list,
    runs,
    signin,
)
from busops.services.acting import SYSTEM
from busops.services.run_list import ListedRun
from busops.web import formats, run_story
from busops.web.context import current, runtime
from busops.web.language import code_words, say
from busops.web.security import OFFICE, allow
from busops.web.tables import Column, Filter, arrange, csv_of, wants_csv

Answer: TypeAlias = str | Response | tuple[str, int]
CONFLICT: Final = 409
bp = Blueprint("runs", __name__, url_prefix="/runs")
SECOND_ROLES: Final = frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN})
SAYS: Final = tuple(each for each in Whereabouts if each is not Whereabouts.ABOARD)
# Of a file that could not be read; nobody says them of a child.
NO_ABSENCE: Final = frozenset({NotRidingReason.UNSPECIFIED, NotRidingReason.ROSTER_UNREADABLE})
ABSENCES: Final = tuple(each for each in NotRidingReason if each not in NO_ABSENCE)


@bp.get("/")
@allow(*OFFICE)
def index() -> Answer:
    """Every run there ever was, newest first."""
    everything = run_list.list_runs(current().database)
    listing = arrange(everything, _columns(), filters=_filters(), sort="-departs_at")
    if wants_csv():
        return csv_of(listing, "runs.csv")
    kept_apart = quarantine_list.waiting_count(current().database)
    return render_template("runs/index.html", listing=listing, kept_apart=kept_apart)


@bp.get("/<run_id>")
@allow(*OFFICE)
def run(run_id: str) -> Answer:
    """One run in full: where everybody is, what happened, what is in the way."""
    return _page(RunId(run_id))


@bp.post("/<run_id>/close")
@allow(Role.DISPATCHER, Role.ADMIN)
def close(run_id: str) -> Answer:
    """The run is closed, or the page shows every reason against it."""
    return decide(run_id, say("趟次已结束"), lambda here: runs.close_run(**here))


@bp.post("/<run_id>/cancel")
@allow(Role.DISPATCHER, Role.ADMIN)
def cancel(run_id: str) -> Answer:
    """The run does not take place; what was paid for it is proposed to go back."""

    def act(here: dict[str, Any]) -> None:
        runs.cancel_run(**here, reason=typed_reason())
        current().jobs.submit(refund_job.JOB, {"run_id": run_id}, by=SYSTEM)

    return decide(run_id, say("趟次已取消"), act)


@bp.post("/<run_id>/reopen")
@allow(Role.DISPATCHER, Role.ADMIN)
def reopen(run_id: str) -> Answer:
    """The closed run is open again."""
    return decide(run_id, say("趟次已重新打开"), lambda here: runs.reopen_run(**here, reason=typed_reason()))


@bp.post("/<run_id>/riders/<rider_id>/resolve")
@allow(Role.DISPATCHER, Role.ADMIN)
def resolve(run_id: str, rider_id: str) -> Answer:
    """Two people have found out where the rider is."""

    def act(here: dict[str, Any]) -> None:
        says, absence = request.form.get("says", ""), request.form.get("absence", "")
        runs.resolve_rider(
            **here,
            rider_id=RiderId(rider_id),
            says=one_of(Whereabouts, says),
            absence=one_of(NotRidingReason, absence) if absence else None,
            marks_seen=frozenset(request.form.get("marks", "").split()),
            second=second_person(),
            reason=typed_reason(),
        )

    return decide(run_id, say("已记录学生去向"), act)


@bp.post("/<run_id>/findings/settle")
@allow(Role.DISPATCHER, Role.ADMIN)
def settle(run_id: str) -> Answer:
    """Two people have looked into a finding."""
    key = request.form.get("key", "")
    return decide(
        run_id,
        say("发现已处理"),
        lambda here: runs.settle_finding(**here, key=key, second=second_person(), reason=typed_reason()),
    )


@bp.post("/<run_id>/quarantine/<quarantine_id>/settle")
@allow(Role.DISPATCHER, Role.ADMIN)
def settle_quarantine(run_id: str, quarantine_id: str) -> Answer:
    """Two people have looked at something kept apart."""

    def act(here: dict[str, Any]) -> None:
        del here["run_id"]
        own: dict[str, Any] = {"second": second_person(), "note": typed_reason()}
        runs.settle_quarantine(here.pop("database"), quarantine_id, **here, **own)

    return decide(run_id, say("已核对留存记录"), act)


@bp.post("/<run_id>/amend")
@allow(Role.DISPATCHER, Role.ADMIN)
def amend(run_id: str) -> Answer:
    """Two people of two roles sign what became known after the close."""

    def act(here: dict[str, Any]) -> None:
        own: dict[str, Any] = {name: here[name] for name in ("database", "run_id", "by", "clock")}
        note = typed_reason()
        if not note:
            raise InvalidInput("reason_needed")
        late_classes.sign_amendment(**own, second=second_person(), note=note)

    return decide(run_id, say("附页已签"), act)


def decide(run_id: str, done: str, act: Callable[[dict[str, Any]], Any]) -> Answer:
    """The decision is taken and told, or the page comes back with every reason against it."""
    here = current()
    try:
        made = act(
            {
                "database": here.database,
                "run_id": RunId(run_id),
                "by": here.actor,
                "clock": here.clock,
                "ids": here.ids,
            }
        )
    except (Refused, InvalidInput) as refusal:
        return _page(RunId(run_id), refusal)
    flash(done)
    goes_to = made if isinstance(made, str) else run_id  # a decision that makes another run leads there
    return redirect(url_for("runs.run", run_id=goes_to))


def _page(run_id: RunId, refusal: Refused | InvalidInput | None = None) -> Answer:
    here = current()
    view = runs.run_view(here.database, run_id)
    listed = run_list.listed_run(here.database, run_id)
    shows_all = request.args.get("events") == "all"
    may_decide = here.actor.role in (Role.DISPATCHER, Role.ADMIN)
    page = render_template(
        "runs/run.html",
        view=view,
        run=listed,
        names=run_list.names(here.database),
        incidents=incidents.incidents_of(here.database, run_id),
        overrides=overrides.overrides_of(here.database, run_id),
        override_reasons=tuple(OverrideReason),
        may_approve=lambda asked: here.actor.role in APPROVERS_OF[asked.kind],
        gates=GATES,
        office_gates=overrides.office_gates(here.database, run_id, here.clock.now()),
        tablets=runs.tablets_of(here.database, run_id),
        story=run_story.story(view, run_list.names(here.database), shows_all=shows_all),
        phases=run_story.phase_line(view),
        shows_all=shows_all,
        refusal=refusal,
        may_decide=may_decide,
        choices=run_list.choices(here.database, view) if may_decide else None,
        stop_changes=standing_changes(view.decisions),
        codes=handovers.codes_of(here.database, run_id),
        says=SAYS,
        absences=ABSENCES,
    )
    return (page, CONFLICT) if refusal else page


def second_person() -> Actor:
    """Another person of a decision, looked up as at the door; Refused when he is not one."""
    made = runtime()
    entered = signin.enter(
        made.database,
        username=request.form.get("second_account", ""),
        password=request.form.get("second_password", ""),
        address=request.remote_addr or "",
        clock=made.machine_clock,
        audit_clock=made.clock,
        hasher=made.hasher,
    )
    clocks = {"clock": made.machine_clock, "audit_clock": made.clock}
    signin.leave(made.database, entered.session_key, actor=entered.actor, **clocks)
    if entered.must_change or entered.actor.role not in SECOND_ROLES:
        raise Refused("second_not_allowed")
    return entered.actor


def typed_reason() -> str:
    return request.form.get("reason", "").strip()


def one_of(kind: Any, value: str) -> Any:
    """The choice of a form as a value of its kind; InvalidInput for another."""
    try:
        return kind(value)
    except ValueError:
        raise InvalidInput("run_choice_unknown", choice=value[:40]) from None


def _columns() -> list[Column]:
    return [
        Column(key="no", word=say("趟次"), of=lambda row: row.no, searched=True),
        Column(
            key="on", word=say("日期"), of=lambda row: row.run.on, shows=lambda row: formats.day(row.run.on)
        ),
        Column(key="direction", word=say("离返"), of=lambda row: _direction(row.run.direction.value)),
        Column(key="towards", word=say("方向"), of=lambda row: row.towards, searched=True, text=True),
        Column(key="plate", word=say("车牌"), of=lambda row: row.run.plate, searched=True),
        Column(key="crew", word=say("驾驶员 / 照管员"), of=lambda row: row.crew, searched=True, text=True),
        Column(
            key="departs_at",
            word=say("发车"),
            of=lambda row: row.run.departs_at,
            shows=lambda row: formats.clock_time(row.run.departs_at),
        ),
        Column(key="expected", word=say("应乘"), of=lambda row: row.expected, numeric=True),
        Column(key="rode", word=say("实乘"), of=lambda row: row.rode, numeric=True),
        Column(key="phase", word=say("阶段"), of=lambda row: _phase(row.run.phase)),
        Column(key="closure_v", word=say("结束版本"), of=lambda row: row.run.closure_v, numeric=True),
    ]


def _filters() -> list[Filter]:
    phases = tuple((phase.value, _phase(phase)) for phase in Phase)
    ways = tuple((way, _direction(way)) for way in ("homeward", "return"))
    return [
        Filter(key="phase", word=say("阶段"), choices=phases, of=lambda row: row.run.phase.value),
        Filter(key="way", word=say("离返"), choices=ways, of=lambda row: row.run.direction.value),
    ]


def _phase(phase: Phase) -> str:
    return code_words(f"phase.{phase.value}")


def _direction(way: str) -> str:
    return code_words(f"direction.{way}")


__all__ = ["ListedRun", "bp"]
