"""Term schemes: ordered as a job, looked at with their replay, submitted, approved, printed, retired."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, InvalidInput, Refused
from busops.domain.people import Role
from busops.domain.values import Direction, school_date
from busops.services import rosters, term_making, term_scheme, term_view, term_weekly
from busops.services.line_form import clock_text
from busops.services.term_view import LineShown, SchemeShown
from busops.web import formats, tables
from busops.web.context import current
from busops.web.language import code_words, say
from busops.web.security import OFFICE, allow
from busops.web.tables import Column, Filter, Listing

bp = Blueprint("term", __name__, url_prefix="/plans/term")

PLANNERS: Final = (Role.DISPATCHER, Role.ADMIN)
APPROVERS: Final = (Role.SUPERVISOR, Role.ADMIN)
REPLAY: Final = "r-"
SCHEME: Final = "scheme.json"
_DONE: Final = {
    "submit": "已标为已报批，等批复",
    "approve": "批复已登记",
    "adopt": "已写入批准线路，下一次排线路就按它",
    "retire": "方案已停用",
}


@bp.get("/")
@allow(*OFFICE)
def index() -> ResponseReturnValue:
    """Every scheme, and the form that orders one."""
    return _index_page(None)


@bp.post("/")
@allow(*PLANNERS)
def order() -> ResponseReturnValue:
    """A job that makes a scheme is under way."""
    here, form = current(), request.form
    roles = {name.removeprefix("use-"): value for name, value in form.items() if name.startswith("use-")}
    wanted = {
        "weekends": sorted(on for on, use in roles.items() if use == "train"),
        "tested": sorted(on for on, use in roles.items() if use == "test"),
        "percentile": form.get("percentile", ""),
        "seconds": form.get("seconds", ""),
        "free_seconds": form.get("free_seconds", ""),
        "seed": form.get("seed") or 1,
        "by": here.actor.user_id,
    }
    try:
        term_making.read_order(wanted)
    except InvalidInput as error:
        return _index_page(error), 400
    job_id = here.jobs.submit("term", wanted, by=here.actor.user_id)
    return redirect(url_for("jobs.show", job_id=job_id))


@bp.get("/<scheme_id>")
@allow(*OFFICE)
def show(scheme_id: str) -> ResponseReturnValue:
    """One scheme: what it costs, its lines, what it would have done, and the next step."""
    shown = term_view.view(current().database, scheme_id)
    number = shown.summary.number
    if tables.wants_csv():
        return tables.csv_of(_lines(shown, exported=True), f"term-{number}-lines.csv")
    if tables.wants_csv(REPLAY):
        return tables.csv_of(_replay(shown), f"term-{number}-replay.csv")
    return _scheme_page(shown, None)


@bp.get("/<scheme_id>/print")
@allow(*OFFICE)
def paper(scheme_id: str) -> str:
    """The scheme for the authority: vehicles, routes, stops, departure times."""
    shown = term_view.view(current().database, scheme_id)
    return render_template("term/print.html", scheme=shown, clock=clock_text)


@bp.get("/<scheme_id>/scheme.json")
@allow(*PLANNERS, Role.SUPERVISOR)
def document(scheme_id: str) -> Response:
    """The scheme as the document of the file contract."""
    answer = jsonify(term_view.document(current().database, scheme_id))
    answer.headers["Content-Disposition"] = f"attachment; filename={SCHEME}"
    return answer


@bp.post("/<scheme_id>/weekend")
@allow(*PLANNERS)
def weekend(scheme_id: str) -> ResponseReturnValue:
    """A job that plans a weekend on the scheme is under way for each direction that was asked for."""
    here, form = current(), request.form
    wanted = [
        {
            "scheme_id": scheme_id,
            "weekend_on": form.get("weekend_on", ""),
            "direction": way.value,
            "by": here.actor.user_id,
        }
        for way in Direction
        if form.get("direction") in (way.value, "both")
    ]
    shown = term_view.view(here.database, scheme_id)
    try:
        if not wanted:
            raise InvalidInput("plan_order_invalid")
        for one in wanted:
            term_weekly.read_weekend(one)
    except InvalidInput as error:
        return _scheme_page(shown, error), 400
    job_ids = [here.jobs.submit("term", one, by=here.actor.user_id) for one in wanted]
    return redirect(url_for("jobs.show", job_id=job_ids[0], then=job_ids[1:]))


@bp.post("/<scheme_id>/approve")
@allow(*APPROVERS)
def approve(scheme_id: str) -> ResponseReturnValue:
    """The authority's approval is recorded, or the page says why not."""
    return _decided(scheme_id, "approve")


@bp.post("/<scheme_id>/<act>")
@allow(*PLANNERS)
def decide(scheme_id: str, act: str) -> ResponseReturnValue:
    """The scheme is submitted, put into the register or retired, or the page says every reason why not."""
    if act not in _DONE:
        abort(404)
    return _decided(scheme_id, act)


def _decided(scheme_id: str, act: str) -> ResponseReturnValue:
    here = current()
    try:
        _act(scheme_id, act, request.form)
    except (Refused, InvalidInput) as error:
        return _scheme_page(term_view.view(here.database, scheme_id), error), 409
    flash(say(_DONE[act]))
    return redirect(url_for("term.show", scheme_id=scheme_id))


def _act(scheme_id: str, act: str, form: Mapping[str, str]) -> None:
    here = current()
    who: dict[str, Any] = {"by": here.actor, "clock": here.clock}
    match act:
        case "submit":
            seen = form.get("left_out", "")
            count = int(seen) if seen.isascii() and seen.isdigit() else -1
            term_scheme.submit(here.database, scheme_id, left_out_seen=count, **who)
        case "approve":
            try:
                on = date.fromisoformat(form.get("approved_on", ""))
            except ValueError as fault:
                raise InvalidInput("term_approved_on_missing") from fault
            number = form.get("document_no", "")
            term_scheme.approve(here.database, scheme_id, document_no=number, approved_on=on, **who)
        case "adopt":
            term_scheme.adopt(here.database, scheme_id, **who)
        case _:
            term_scheme.retire(here.database, scheme_id, why=form.get("why", ""), **who)


def _index_page(error: BusopsError | None) -> str:
    here = current()
    today = school_date(here.clock.now())
    weekends = rosters.weekends(here.database)
    uses = {
        str(one.weekend_on): request.form.get(f"use-{one.weekend_on}", "train" if one.version else "")
        for one in weekends
    }
    return render_template(
        "term/index.html",
        weekends=weekends,
        uses=uses,
        schemes=term_view.schemes(here.database),
        today=today,
        given=request.form,
        may_plan=here.actor.role in PLANNERS,
        error=error,
    )


def _scheme_page(shown: SchemeShown, error: BusopsError | None) -> str:
    here = current()
    return render_template(
        "term/scheme.html",
        scheme=shown,
        summary=shown.summary,
        lines=_lines(shown),
        replay=_replay(shown),
        totals=shown.document["replay"]["totals"],
        bars=_bars(shown),
        clock=clock_text,
        today=school_date(here.clock.now()),
        may_plan=here.actor.role in PLANNERS,
        may_approve=here.actor.role in APPROVERS,
        weekends=[one.weekend_on for one in rosters.weekends(here.database)],
        is_own=here.actor.user_id == shown.summary.submitted_by,
        error=error,
    )


def _bars(shown: SchemeShown) -> list[tuple[str, float, str, str]]:
    """Each weekend's cost on the scheme, and below it what a free plan would have cost."""
    rows: list[tuple[str, float, str, str]] = []
    for weekend in shown.weekends:
        cost = weekend.cost_fen
        rows.append((formats.day_short(weekend.weekend_on), cost, formats.money(cost), "f-1"))
        if weekend.extra_fen is not None:
            free = cost - weekend.extra_fen
            rows.append(("", free, formats.money(free), "f-idle"))
    return rows


def _lines(shown: SchemeShown, *, exported: bool = False) -> Listing:
    def kind(line: LineShown) -> str:
        return "licensed" if line.is_licensed else "charter"

    columns: tuple[Column, ...] = (
        Column(key="line", word=say("线路"), of=lambda line: line.line_id, searched=True),
        Column(key="towards", word=say("终点"), of=lambda line: line.towards, searched=True, text=True),
        Column(key="plate", word=say("车牌"), of=lambda line: line.plate, searched=True),
        Column(key="kind", word=say("种类"), of=lambda line: code_words(f"term_kind.{kind(line)}")),
        Column(
            key="departs",
            word=say("离校发车"),
            of=lambda line: clock_text(line.homeward.departs_min),
            numeric=True,
        ),
        Column(
            key="back",
            word=say("返校到校"),
            of=lambda line: clock_text(line.back.campus_min),
            numeric=True,
        ),
        Column(key="stops", word=say("站"), of=lambda line: len(line.homeward.halts), numeric=True),
        Column(key="riders", word=say("计划 / 座"), of=lambda line: line.riders, numeric=True),
        Column(key="longest", word=say("最长(分)"), of=lambda line: -(-line.longest_s // 60), numeric=True),
        Column(key="cost", word=say("费用(元)"), of=lambda line: Decimal(line.cost_fen) / 100, numeric=True),
    )
    if exported:
        columns += (Column(key="seats", word=say("座"), of=lambda line: line.seats),)
    choices = tuple((one, code_words(f"term_kind.{one}")) for one in ("licensed", "charter"))
    filters = (Filter(key="kind", word=say("种类"), choices=choices, of=kind),)
    return tables.arrange(shown.lines, columns, filters=filters, sort="line")


def _replay(shown: SchemeShown) -> Listing:
    def yuan(key: str) -> Any:
        return lambda row: None if row[key] is None else Decimal(row[key]) / 100

    def minutes(key: str) -> Any:
        return lambda row: -(-row[key] // 60)

    columns = (
        Column(key="weekend", word=say("周末"), of=lambda row: row["weekend"]),
        Column(key="way", word=say("方向"), of=lambda row: code_words(f"direction.{row['direction']}")),
        Column(
            key="use",
            word=say("用途"),
            of=lambda row: code_words("term_use.train" if row["training"] else "term_use.test"),
        ),
        Column(key="riders", word=say("人"), of=lambda row: row["riders"], numeric=True),
        Column(key="unserved", word=say("无座"), of=lambda row: row["unserved"], numeric=True),
        Column(key="trips", word=say("趟次"), of=lambda row: row["trips"], numeric=True),
        Column(key="mean", word=say("平均满(%)"), of=lambda row: row["mean_load_bp"] // 100, numeric=True),
        Column(key="max", word=say("最满(%)"), of=lambda row: row["max_load_bp"] // 100, numeric=True),
        Column(key="longest", word=say("最长(分)"), of=minutes("longest_ride_s"), numeric=True),
        Column(key="p95", word=say("95%以内(分)"), of=minutes("p95_ride_s"), numeric=True),
        Column(key="cost", word=say("费用(元)"), of=yuan("cost_fen"), numeric=True),
        Column(key="free", word=say("自由排(元)"), of=yuan("free_cost_fen"), numeric=True),
        Column(key="extra", word=say("多花(元)"), of=yuan("extra_fen"), numeric=True),
    )
    return tables.arrange(shown.rows, columns, sort="weekend", prefix=REPLAY)
