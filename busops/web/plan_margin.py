"""The 10 % page of a plan: verdict and certificate, levers, and the frontier to pick a plan from."""

from typing import Final

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, InvalidInput, NotFound, Refused
from busops.services import plan_margin, plan_margin_view
from busops.services.plan_margin import JOB, Part
from busops.services.plan_margin_view import LeverRow, MarginView, PointRow
from busops.storage.job_store import Job
from busops.web import formats
from busops.web.context import current
from busops.web.frontier_chart import FrontierChart, frontier_chart
from busops.web.language import code_words, say
from busops.web.planning import PLANNERS
from busops.web.security import OFFICE, allow

bp = Blueprint("plan_margin", __name__, url_prefix="/plans/<plan_id>/margin")

PEOPLE_SHOWN: Final = 40


@bp.get("")
@allow(*OFFICE)
def show(plan_id: str) -> ResponseReturnValue:
    """Where the plan stands to the goal, and what was found out."""
    return _page(plan_id, None)


@bp.post("/<part>")
@allow(*PLANNERS)
def order(plan_id: str, part: str) -> ResponseReturnValue:
    """The frontier or the levers are being found out."""
    here = current()
    asked = {"plan_id": plan_id, "part": part, "seconds": request.form.get("seconds", "")}
    try:
        plan_margin.read_order(asked)
        changed = plan_margin.current_of(here.database, plan_id, here.roads()).changed
        if changed:
            raise Refused("margin_plan_stale", changed, plan_id=plan_id)
    except NotFound:
        raise
    except InvalidInput as error:
        return _page(plan_id, error), 400
    except Refused as error:
        return _page(plan_id, error), 409
    here.jobs.submit(JOB, asked, by=here.actor.user_id)
    return redirect(url_for("plan_margin.show", plan_id=plan_id, _anchor=part))


@bp.get("/jobs/<job_id>/part")
@allow(*OFFICE, polled=True)
def part(plan_id: str, job_id: str) -> ResponseReturnValue:
    """How far the work is; at its end it sends the browser to the page anew."""
    job = _job_of(plan_id, job_id)
    answer = make_response(render_template("planning/margin_work.html", job=job, plan_id=plan_id))
    if job.is_over:
        answer.headers["HX-Redirect"] = url_for("plan_margin.show", plan_id=plan_id)
    return answer


@bp.post("/jobs/<job_id>/cancel")
@allow(*PLANNERS)
def cancel(plan_id: str, job_id: str) -> ResponseReturnValue:
    """The work is asked to stop; what it had found is not kept."""
    current().jobs.cancel(_job_of(plan_id, job_id).job_id)
    return redirect(url_for("plan_margin.show", plan_id=plan_id))


@bp.post("/jobs/<job_id>/points/<int:number>")
@allow(*PLANNERS)
def use(plan_id: str, job_id: str, number: int) -> ResponseReturnValue:
    """The point stands as a draft, or the page says why not."""
    here = current()
    try:
        made = plan_margin.use_point(
            here.database,
            plan_id,
            job_id,
            number,
            by=here.actor,
            clock=here.clock,
            ids=here.ids,
            roads=here.roads(),
        )
    except Refused as error:
        return _page(plan_id, error), 409
    flash(say("已存为新方案，可以批准"))
    return redirect(url_for("planning.show", plan_id=made))


@bp.get("/certificate")
@allow(*OFFICE)
def certificate(plan_id: str) -> ResponseReturnValue:
    """The certificate as a sheet of paper."""
    here = current()
    shown = plan_margin_view.view(here.database, plan_id, here.roads())
    return render_template("print/certificate.html", shown=shown, printed_at=here.clock.now())


@bp.app_template_filter("point_words")
def point_words(point: PointRow) -> str:
    """A point of the frontier in a sentence."""
    return say(
        "第 %(number)s 点：最长 %(longest)s 分，费用 %(cost)s 元",
        number=point.number,
        longest=-(-point.longest_s // 60),
        cost=formats.money(point.margin.cost_fen),
    )


@bp.app_template_filter("lever_words")
def lever_words(lever: LeverRow) -> str:
    """A lever in a sentence, with its figures."""
    mix = [
        code_words("lever_mix_part", {"seats": seats, "now": now, "then": then})
        for seats, now, then in lever.mix
    ]
    return code_words(f"lever.{lever.kind.value}", {**lever.facts, "mix": mix})


def _page(plan_id: str, error: BusopsError | None) -> str:
    here = current()
    shown = plan_margin_view.view(here.database, plan_id, here.roads())
    points = shown.frontier.points
    chosen = _chosen(points, request.args.get("point", ""))
    return render_template(
        "planning/margin.html",
        shown=shown,
        summary=shown.summary,
        chosen=chosen,
        chart=_chart(shown, chosen),
        seconds=request.form.get("seconds") or plan_margin.USUAL_SECONDS,
        people_shown=PEOPLE_SHOWN,
        may_plan=here.actor.role in PLANNERS,
        error=error,
    )


def _chart(shown: MarginView, chosen: PointRow | None) -> FrontierChart | None:
    points = shown.frontier.points
    if not points:
        return None
    return frontier_chart(
        [(point.longest_s, point.margin.cost_fen) for point in points],
        chosen=chosen.number if chosen else None,
        goal_fen=shown.certificate.may_cost_fen,
    )


def _chosen(points: tuple[PointRow, ...], number: str) -> PointRow | None:
    """The point that was asked for, else the plan itself, else the cheapest."""
    asked = [point for point in points if str(point.number) == number]
    return next(iter([*asked, *(point for point in points if point.is_stored), *points[::-1]]), None)


def _job_of(plan_id: str, job_id: str) -> Job:
    """The job, when it is about this plan; else 404."""
    job = current().jobs.look(job_id)
    if (
        job.kind != JOB
        or job.arguments.get("plan_id") != plan_id
        or job.arguments.get("part") not in set(Part)
    ):
        abort(404)
    return job
