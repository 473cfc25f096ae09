"""The plans: order one as a job, look at it on map and table, approve, release, discard."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, InvalidInput, Refused
from busops.domain.people import Role
from busops.domain.values import Direction, school_date
from busops.i18n import has_words
from busops.services import plan_proving, plan_view, planning, rosters, runs
from busops.services.plan_view import PlanView, TripView
from busops.web import formats, tables
from busops.web.context import current
from busops.web.course_chart import course_plot, phase_words
from busops.web.language import code_words, say
from busops.web.security import OFFICE, allow
from busops.web.tables import Column, Filter, Listing

bp = Blueprint("planning", __name__, url_prefix="/plans")

PLANNERS: Final = (Role.DISPATCHER, Role.ADMIN)
NEAR_CAP_S: Final = 5 * 60
EMPTY_SHARE: Final = 2  # fewer riders than half the seats
DEFAULT_SEED: Final = 1


@bp.get("/")
@allow(*OFFICE)
def index() -> ResponseReturnValue:
    """Every weekend with its plans, and the form that orders one."""
    return _index_page(None)


@bp.post("/")
@allow(*PLANNERS)
def order() -> ResponseReturnValue:
    """A planning job is under way for each direction that was asked for."""
    here, form = current(), request.form
    wanted = [way.value for way in Direction if form.get("direction") in (way.value, "both")]
    try:
        if not wanted:
            raise InvalidInput("plan_order_invalid")
        orders = [
            {
                "weekend_on": form.get("weekend_on", ""),
                "direction": way,
                "seconds": form.get("seconds", ""),
                "seed": form.get("seed") or DEFAULT_SEED,
                "fair_milli": form.get("fair_milli") or 0,
                "by": here.actor.user_id,
            }
            for way in wanted
        ]
        for one in orders:
            planning.read_order(one)
    except InvalidInput as error:
        return _index_page(error), 400
    job_ids = [here.jobs.submit("plan", one, by=here.actor.user_id) for one in orders]
    return redirect(url_for("jobs.show", job_id=job_ids[0], then=job_ids[1:]))


@bp.get("/<plan_id>")
@allow(*OFFICE)
def show(plan_id: str) -> ResponseReturnValue:
    """One plan: what is wrong, the picture, the trips, the forecast."""
    shown = plan_view.view(current().database, plan_id)
    listing = _listing(shown)
    if tables.wants_csv():
        return tables.csv_of(listing, f"plan-{shown.summary.on}-{shown.summary.direction.value}.csv")
    return _plan_page(shown, listing, None)


@bp.get("/<plan_id>/map.json")
@allow(*OFFICE)
def map_json(plan_id: str) -> Response:
    """The trips for the map."""
    return jsonify(plan_view.map_data(plan_view.view(current().database, plan_id)))


@bp.get("/<plan_id>/proof")
@allow(*OFFICE, polled=True)
def proof(plan_id: str) -> ResponseReturnValue:
    """What is proved by now: the part of the plan page that changes while somebody proves on."""
    here = current()
    shown = plan_view.view(here.database, plan_id)
    return render_template("planning/proof.html", is_part=True, **_proved(shown))


@bp.get("/<plan_id>/plan.json")
@allow(*PLANNERS, Role.SUPERVISOR)
def document(plan_id: str) -> Response:
    """The plan as the document of the file contract."""
    answer = jsonify(planning.document(current().database, plan_id))
    answer.headers["Content-Disposition"] = "attachment; filename=plan.json"
    return answer


@bp.post("/<plan_id>/<act>")
@allow(*PLANNERS)
def decide(plan_id: str, act: str) -> ResponseReturnValue:
    """The plan is approved, released or discarded, or the page says every reason why not."""
    here = current()
    try:
        match act:
            case "approve":
                seen = _number(request.form.get("unserved", ""))
                planning.approve(here.database, plan_id, by=here.actor, clock=here.clock, unserved_seen=seen)
            case "discard":
                planning.discard(here.database, plan_id, by=here.actor, clock=here.clock)
            case "release":
                runs.release_plan(here.database, plan_id, by=here.actor, clock=here.clock, ids=here.ids)
            case _:
                abort(404)
    except Refused as error:
        shown = plan_view.view(here.database, plan_id)
        return _plan_page(shown, _listing(shown), error), 409
    flash(say(_DONE[act]))
    return redirect("/dispatch" if act == "release" else url_for("planning.show", plan_id=plan_id))


_DONE: Final = {"approve": "方案已批准", "discard": "方案已作废", "release": "已发布，车组可以领取"}


def _index_page(error: BusopsError | None) -> str:
    here = current()
    today = school_date(here.clock.now())
    chosen = request.values.get("weekend") or request.values.get("weekend_on") or ""
    weekends = rosters.weekends(here.database)
    usual = next((one.weekend_on for one in weekends), rosters.weekend_ahead(today))
    return render_template(
        "planning/index.html",
        weekends=weekends,
        plans=planning.plans_of(here.database),
        chosen=_day(chosen) or usual,
        seconds=request.form.get("seconds") or here.settings.planning_seconds,
        fair_milli=request.form.get("fair_milli", here.settings.planning_fairness_milli),
        may_plan=here.actor.role in PLANNERS,
        error=error,
    )


def _plan_page(shown: PlanView, listing: Listing, error: Refused | None) -> str:
    cap = next((at for at, (minutes, _) in enumerate(shown.rides) if 60 * minutes >= shown.cap_s), None)
    return render_template(
        "planning/plan.html",
        listing=listing,
        **_proved(shown),
        course=course_plot(shown.course),
        phase_words=phase_words,
        left_ways=_ways_out(shown),
        cause_words=cause_words,
        rides=[(str(minutes), riders) for minutes, riders in shown.rides],
        spans=[(f"{minutes}–{minutes + 15}", riders) for minutes, riders in shown.rides],
        rides_cap_at=cap,
        near_cap=_is_near_cap(shown),
        departure=departure,
        may_plan=current().actor.role in PLANNERS,
        settings=current().settings,
        error=error,
    )


def _proved(shown: PlanView) -> dict[str, Any]:
    """What the page says about the bound, and whether a job still raises it."""
    proving = plan_proving.proof_under_way(current().database, shown.summary.plan_id)
    words = bound_words(shown.bound_model)
    return {"plan": shown, "summary": shown.summary, "proving": proving, "bound_words": words}


def bound_words(model: str) -> str:
    """For what a bound of this model holds; a sentence for models that this page does not know."""
    if not model:
        return ""
    code = f"bound_model.{model}"
    return code_words(code) if has_words(code) else code_words("bound_model_other", {"name": model})


def cause_words(reason: str, kind: str) -> str:
    """Why riders are left over (``kind`` left_cause), or what can be done about it (left_way)."""
    code = f"{kind}.{reason}"
    return code_words(code if has_words(code) else f"{kind}.other")


def _ways_out(shown: PlanView) -> dict[str, str]:
    """The page where a reason can be mended."""
    return {**_WAYS_OUT, "roster_unreadable": f"/rosters/{shown.summary.weekend_on}"}


_WAYS_OUT: Final = {
    "no_stop": "/register/riders",
    "not_registered": "/register/riders",
    "no_vehicle_for_stop": "/register/lines",
    "ride_cap": "/register/vehicles",
    "stop_limit": "/register/riders",
    "no_seat": "/register/vehicles",
}


def _is_near_cap(shown: PlanView) -> frozenset[int]:
    return frozenset(trip.number for trip in shown.trips if trip.longest_s > shown.cap_s - NEAR_CAP_S)


def _listing(shown: PlanView) -> Listing:
    near = _is_near_cap(shown)

    def hint(trip: TripView) -> str:
        if trip.number in near:
            return "long"
        return "empty" if trip.riders * EMPTY_SHARE < trip.capacity else ""

    columns = (
        Column(key="number", word=say("趟号"), of=lambda trip: trip.number, searched=True),
        Column(key="towards", word=say("方向"), of=lambda trip: trip.towards, searched=True, text=True),
        Column(key="plate", word=say("车牌"), of=lambda trip: trip.plate, searched=True),
        Column(key="wave", word=say("波次"), of=lambda trip: trip.wave, numeric=True),
        Column(key="depart", word=say("出发"), of=lambda trip: departure(shown, trip), numeric=True),
        Column(key="stops", word=say("站"), of=lambda trip: len(trip.halts), numeric=True),
        Column(key="riders", word=say("人 / 座"), of=lambda trip: trip.riders, numeric=True),
        Column(
            key="longest", word=say("最长乘车(分)"), of=lambda trip: -(-trip.longest_s // 60), numeric=True
        ),
        Column(key="km", word=say("公里"), of=lambda trip: Decimal(trip.distance_m) / 1000, numeric=True),
        Column(key="cost", word=say("费用(元)"), of=lambda trip: Decimal(trip.cost_fen) / 100, numeric=True),
        Column(key="hint", word=say("提示"), of=hint),
    )
    choices = (("long", say("接近或超过时间上限")), ("empty", say("空座过半")))
    filters = (Filter(key="hint", word=say("提示"), choices=choices, of=hint),)
    return tables.arrange(shown.trips, columns, filters=filters, sort="number")


def departure(shown: PlanView, trip: TripView) -> str:
    """When a trip leaves: the time of day, with the day where it is not the plan's."""
    leaves_on = school_date(trip.departs_at)
    return (
        formats.clock_time(trip.departs_at)
        if leaves_on == shown.summary.on
        else formats.moment(trip.departs_at)
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else -1


def _longest_min(trip: TripView) -> int:
    return -(-trip.longest_s // 60)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
