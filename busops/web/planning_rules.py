"""Planning rules on a page: what every plan keeps to, added and ended; and trips kept, the rest replanned."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, InvalidInput, Refused
from busops.domain.people import Role
from busops.domain.planning_rules import PlanningRule, RuleKind
from busops.domain.values import Plate, RiderId, StopId, school_date
from busops.services import plan_view, planning, planning_rules
from busops.services.planning_rules import ShownRule
from busops.web import tables
from busops.web.context import current
from busops.web.language import code_words, say
from busops.web.security import OFFICE, allow
from busops.web.tables import Column, Filter, Listing

bp = Blueprint("planning_rules", __name__, url_prefix="/plans")

PLANNERS: Final = (Role.DISPATCHER, Role.ADMIN)
TONES: Final = {"holds": "ok", "coming": "act", "over": "idle"}
_BETWEEN: Final = re.compile(r"[;；,，、\s]+")
_FORM: Final = ("kind", "rider_ids", "plates", "stop_ids", "ready_min", "from_on", "to_on", "reason")
_REPLAN_SEED: Final = 1


@bp.get("/rules")
@allow(*OFFICE)
def index() -> ResponseReturnValue:
    """Every rule, those in force first, and the form that adds one."""
    if tables.wants_csv():
        return tables.csv_of(_listing(planning_rules.list_rules(current().database)), "rules.csv")
    return _page({}, None)


@bp.post("/rules")
@allow(*PLANNERS)
def add() -> ResponseReturnValue:
    """The rule stands, or the page says everything that is wrong with it."""
    here = current()
    given = {name: request.form.get(name, "") for name in _FORM}
    try:
        planning_rules.add_rule(here.database, _read(given), clock=here.clock, by=here.actor)
    except BusopsError as error:
        return _page(given, error), 400 if isinstance(error, InvalidInput) else 409
    flash(say("规则已加上，下一份方案起算"))
    return redirect(url_for("planning_rules.index"))


@bp.post("/rules/<rule_id>/end")
@allow(*PLANNERS)
def end(rule_id: str) -> ResponseReturnValue:
    """The rule held yesterday, or on the day that was given, for the last time."""
    here = current()
    today = school_date(here.clock.now())
    try:
        last_on = _day(request.form.get("last_on", "")) or planning_rules.day_before(today)
        planning_rules.end_rule(here.database, rule_id, last_on=last_on, clock=here.clock, by=here.actor)
    except BusopsError as error:
        return _page({}, error), 409
    flash(say("规则已结束"))
    return redirect(url_for("planning_rules.index"))


@bp.get("/<plan_id>/keep")
@allow(*PLANNERS)
def choose(plan_id: str) -> ResponseReturnValue:
    """The trips of a plan with a box each: which of them stay."""
    return _keep_page(plan_id, frozenset(), None)


@bp.post("/<plan_id>/keep")
@allow(*PLANNERS)
def keep(plan_id: str) -> ResponseReturnValue:
    """A job plans the rest round the chosen trips, or the page says why they cannot stay."""
    here = current()
    chosen = frozenset(
        int(text) for text in request.form.getlist("trip") if text.isascii() and text.isdigit()
    )
    summary = plan_view.view(here.database, plan_id).summary
    order = {
        "weekend_on": summary.weekend_on.isoformat(),
        "direction": summary.direction.value,
        "seconds": request.form.get("seconds", ""),
        "fair_milli": current().settings.planning_fairness_milli,
        "seed": _REPLAN_SEED,
        "by": here.actor.user_id,
        "keep": {"plan_id": plan_id, "trips": sorted(chosen)},
    }
    try:
        if not chosen:
            raise InvalidInput("nothing_kept")
        read = planning.read_order(order)
        planning.check_keep(
            here.database, weekend_on=read["weekend_on"], direction=read["direction"], keep=read["keep"]
        )
    except (InvalidInput, Refused) as error:
        return _keep_page(plan_id, chosen, error), 400
    job_id = here.jobs.submit("plan", order, by=here.actor.user_id)
    return redirect(url_for("jobs.show", job_id=job_id))


def _read(given: dict[str, str]) -> PlanningRule:
    try:
        ready_min = int(given["ready_min"]) if given["ready_min"].strip() else None
        return PlanningRule(
            kind=RuleKind(given["kind"]),
            rider_ids=tuple(map(RiderId, _names(given["rider_ids"]))),
            plates=tuple(Plate(name.upper()) for name in _names(given["plates"])),
            stop_ids=tuple(map(StopId, _names(given["stop_ids"]))),
            ready_min=ready_min,
            from_on=date.fromisoformat(given["from_on"]),
            to_on=_day(given["to_on"]),
            reason=given["reason"],
        )
    except ValueError as fault:
        raise InvalidInput("planning_rule_form_unreadable") from fault


def _names(text: str) -> Iterable[str]:
    return dict.fromkeys(name for name in _BETWEEN.split(text) if name)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError as fault:
        raise InvalidInput("planning_rule_form_unreadable") from fault


def _page(given: dict[str, str], error: BusopsError | None) -> str:
    here = current()
    today = school_date(here.clock.now())
    return render_template(
        "planning/rules.html",
        listing=_listing(planning_rules.list_rules(here.database)),
        given=given,
        faults=_faults(error),
        kinds=[(kind.value, code_words(f"planning_rule.{kind.value}")) for kind in RuleKind],
        tones=TONES,
        today=today,
        may_plan=here.actor.role in PLANNERS,
        error=error,
    )


def _faults(error: BusopsError | None) -> dict[str, str]:
    """What is wrong with each field, in words."""
    faults: dict[str, list[str]] = {}
    for fault in error.findings if isinstance(error, InvalidInput) else ():
        faults.setdefault(fault.place, []).append(code_words(fault.code, fault.facts))
    return {name: say("；").join(said) for name, said in faults.items()}


def _keep_page(plan_id: str, chosen: frozenset[int], error: BusopsError | None) -> str:
    here = current()
    return render_template(
        "planning/keep.html",
        plan=plan_view.view(here.database, plan_id),
        chosen=chosen,
        seconds=request.form.get("seconds") or here.settings.planning_seconds,
        error=error,
    )


def _listing(rules: Iterable[ShownRule]) -> Listing:
    today = school_date(current().clock.now())

    def state(row: ShownRule) -> str:
        return row.state_on(today)

    kinds = tuple((kind.value, code_words(f"planning_rule.{kind.value}")) for kind in RuleKind)
    states = tuple((one, code_words(f"planning_rule_state.{one}")) for one in TONES)
    columns = (
        Column(key="kind", word=say("规则"), of=lambda row: code_words(f"planning_rule.{row.rule.kind}")),
        Column(key="about", word=say("对谁"), of=_about, searched=True, text=True),
        Column(key="state", word=say("状态"), of=lambda row: code_words(f"planning_rule_state.{state(row)}")),
        Column(key="from", word=say("起"), of=lambda row: row.rule.from_on),
        Column(key="to", word=say("止"), of=lambda row: row.rule.to_on or ""),
        Column(key="reason", word=say("原因"), of=lambda row: row.rule.reason, searched=True, text=True),
        Column(key="who", word=say("谁加的"), of=lambda row: row.made_by, searched=True),
    )
    filters = (
        Filter(key="state", word=say("状态"), choices=states, of=state),
        Filter(key="kind", word=say("规则"), choices=kinds, of=lambda row: row.rule.kind.value),
    )
    return tables.arrange(tuple(rules), columns, filters=filters, sort="-from")


def _about(row: ShownRule) -> str:
    return "；".join("、".join(part) for part in (row.rule.plates, row.stops, row.riders) if part)
