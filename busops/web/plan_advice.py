"""Why a plan is as it is: other places and their prices, one more rider, and what would be enough."""

from typing import Any, Final

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import Refused
from busops.domain.people import Role
from busops.services import plan_advice, plan_enough, plan_prices
from busops.services.plan_advice import PlanCase
from busops.services.plan_prices import StopPriceRow
from busops.storage.job_store import Job, JobState
from busops.web import tables
from busops.web.context import current
from busops.web.language import say
from busops.web.security import OFFICE, allow
from busops.web.tables import Column, Listing

bp = Blueprint("plan_advice", __name__, url_prefix="/plans/<plan_id>/why")

PLANNERS: Final = (Role.DISPATCHER, Role.ADMIN)
QUERY_MOST: Final = 80
DIGITS_MOST: Final = 5


@bp.get("")
@allow(*OFFICE)
def show(plan_id: str) -> ResponseReturnValue:
    """A rider, stop or trip is looked for and asked about."""
    case = _case(plan_id)
    asked = {name: request.args.get(name, "") for name in ("rider", "stop")}
    trip = _number(request.args.get("trip", ""))
    query = request.args.get("q", "").strip()[:QUERY_MOST]
    is_asked = bool(any(asked.values()) or trip)
    return render_template(
        "planning/why.html",
        **_common(case, "why"),
        query=query,
        hits=plan_advice.find(case, query),
        trips=plan_advice.trip_hits(case),
        halts=plan_advice.stops_of_trip(case, trip),
        answer=plan_advice.answer_about(case, **asked, trip=trip) if is_asked else None,
    )


@bp.get("/prices")
@allow(*OFFICE)
def prices(plan_id: str) -> ResponseReturnValue:
    """What one more rider costs and what trips earn; figured out by the part that the page asks for."""
    case = _case(plan_id)
    if tables.wants_csv():
        shown = plan_prices.prices_of(case)
        return tables.csv_of(_price_listing(shown.stops), f"prices-{case.summary.on}.csv")
    is_now = "now" in request.args
    return render_template(
        "planning/prices.html",
        **_common(case, "prices"),
        **(_price_words(case) if is_now else {}),
        is_now=is_now,
        asked=request.query_string.decode("utf-8", "replace"),
    )


@bp.get("/prices/part")
@allow(*OFFICE)
def prices_part(plan_id: str) -> ResponseReturnValue:
    """The figures alone."""
    case = _case(plan_id)
    return render_template("planning/prices_part.html", **_common(case, "prices"), **_price_words(case))


@bp.get("/enough")
@allow(*OFFICE)
def enough(plan_id: str) -> ResponseReturnValue:
    """The latest certificate, a search that runs, or the button that begins one."""
    case = _case(plan_id)
    job = plan_enough.latest(current().database, plan_id)
    is_done = job is not None and job.state is JobState.DONE and isinstance(job.result, dict)
    return render_template(
        "planning/enough.html",
        **_common(case, "enough"),
        job=job,
        certificate=plan_enough.certificate_view(case, job.result) if job and is_done else None,
        may_ask=current().actor.role in PLANNERS,
        seconds=plan_enough.USUAL_SECONDS,
        most=plan_enough.MOST_SECONDS,
    )


@bp.post("/enough")
@allow(*PLANNERS)
def ask_enough(plan_id: str) -> ResponseReturnValue:
    """A search for what would be enough is under way."""
    here = current()
    order = {"plan_id": plan_id, "seconds": request.form.get("seconds", ""), "by": here.actor.user_id}
    plan_enough.read_order(order)
    _case(plan_id)
    here.jobs.submit(plan_enough.JOB, order, by=here.actor.user_id)
    return redirect(url_for("plan_advice.enough", plan_id=plan_id))


@bp.get("/enough/<job_id>/part")
@allow(*OFFICE, polled=True)
def enough_part(plan_id: str, job_id: str) -> Response:
    """How far the search is; at its end the page is asked anew."""
    job = _job(plan_id, job_id)
    answer = make_response(render_template("planning/enough_part.html", job=job, plan_id=plan_id))
    if job.is_over:
        answer.headers["HX-Refresh"] = "true"
    return answer


@bp.post("/enough/<job_id>/cancel")
@allow(*PLANNERS)
def cancel_enough(plan_id: str, job_id: str) -> ResponseReturnValue:
    """The search is asked to stop; what it has found until then is kept."""
    current().jobs.cancel(_job(plan_id, job_id).job_id)
    return redirect(url_for("plan_advice.enough", plan_id=plan_id))


@bp.errorhandler(Refused)
def outdated(error: Refused) -> ResponseReturnValue:
    """Register or roster have changed since: the page says so instead of wrong prices."""
    plan_id = (request.view_args or {}).get("plan_id", "")
    return render_template("planning/why_outdated.html", plan_id=plan_id, error=error), 409


def _case(plan_id: str) -> PlanCase:
    here = current()
    return plan_advice.open_case(here.database, plan_id, here.roads())


def _job(plan_id: str, job_id: str) -> Job:
    return plan_enough.job_of(current().jobs.look(job_id), plan_id)


def _common(case: PlanCase, tab: str) -> dict[str, Any]:
    return {
        "plan_id": case.summary.plan_id,
        "summary": case.summary,
        "tab": tab,
        "left_count": len(case.plan.unserved),
    }


def _price_words(case: PlanCase) -> dict[str, Any]:
    shown = plan_prices.prices_of(case)
    return {"prices": shown, "listing": _price_listing(shown.stops)}


def _price_listing(rows: tuple[StopPriceRow, ...]) -> Listing:
    columns = (
        Column(key="name", word=say("站点"), of=lambda row: row.name, searched=True, text=True),
        Column(key="riders", word=say("人"), of=lambda row: row.riders, numeric=True),
        Column(key="price", word=say("再多一人(元)"), of=lambda row: _yuan(row.price_fen), numeric=True),
        Column(
            key="estimate",
            word=say("每人边际(元，估计)"),
            of=lambda row: _yuan(row.estimate_fen),
            numeric=True,
        ),
        Column(
            key="how", word=say("怎样安排"), of=lambda row: row.trip or "", sortable=False, exported=False
        ),
    )
    return tables.arrange(rows, columns, sort="")


def _yuan(fen: int | None) -> float | None:
    return None if fen is None else fen / 100


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS_MOST else 0
