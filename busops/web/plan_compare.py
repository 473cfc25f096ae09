"""Two plans on one page: one map, the figures, the trips, and who rides differently."""

from typing import Final, TypeAlias

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import InvalidInput, Refused
from busops.services import plan_compare
from busops.services.plan_compare import ComparedPlans, Ride, RideChange
from busops.storage.plan_store import PlanSummary
from busops.web import tables
from busops.web.context import current
from busops.web.language import say
from busops.web.planning import PLANNERS
from busops.web.security import OFFICE, allow
from busops.web.tables import Column, Filter, Listing

bp = Blueprint("plan_compare", __name__, url_prefix="/plans/compare")

Peers: TypeAlias = tuple[PlanSummary, ...]

BOTH: Final = 2
ROWS: Final = 50
MINUTE_S: Final = 60


@bp.get("")
@allow(*OFFICE)
def show() -> ResponseReturnValue:
    """Both plans; with one named only, beside the latest other one of its weekend and direction."""
    ticked, a_id, b_id = request.args.getlist("plan"), request.args.get("a", ""), request.args.get("b", "")
    if len(ticked) == BOTH:
        return redirect(url_for("plan_compare.show", a=ticked[0], b=ticked[1]))
    if not a_id:
        return _page(error=InvalidInput("compare_needs_two", found=len(ticked))), 400
    peers = plan_compare.peers_of(current().database, a_id)
    if b_id:
        return _both(peers, a_id, b_id)
    other = next((one.plan_id for one in peers if one.plan_id != a_id), "")
    return redirect(url_for("plan_compare.show", a=a_id, b=other)) if other else _page(peers=peers, a=a_id)


@bp.get("/map.json")
@allow(*OFFICE)
def map_json() -> Response:
    """The trips of both for the map."""
    compared = plan_compare.view(current().database, request.args.get("a", ""), request.args.get("b", ""))
    return jsonify(plan_compare.map_data(compared))


def _both(peers: Peers, a_id: str, b_id: str) -> ResponseReturnValue:
    try:
        compared = plan_compare.view(current().database, a_id, b_id)
    except Refused as error:
        return _page(peers=peers, a=a_id, b=b_id, error=error), 409
    listing = riders_listing(compared)
    if tables.wants_csv():
        summary = compared.a.summary
        return tables.csv_of(listing, f"plans-{summary.on}-{summary.direction.value}.csv")
    return _page(peers=peers, a=a_id, b=b_id, compared=compared, listing=listing)


def _page(
    *,
    peers: Peers = (),
    a: str = "",
    b: str = "",
    compared: ComparedPlans | None = None,
    listing: Listing | None = None,
    error: InvalidInput | Refused | None = None,
) -> str:
    same = compared.found.same_trips if compared else ()
    return render_template(
        "planning/compare.html",
        peers=peers,
        a=a,
        b=b,
        compared=compared,
        listing=listing,
        error=error,
        movers=plan_compare.movers,
        same_a={one.number_a for one in same},
        same_b={one.number_b for one in same},
        may_plan=current().actor.role in PLANNERS,
        settings=current().settings,
    )


def riders_listing(compared: ComparedPlans) -> Listing:
    """Everybody who rides differently, with what differs."""

    def name(change: RideChange) -> str:
        rider = compared.riders.get(change.rider_id)
        return rider.name if rider else ""

    def school_class(change: RideChange) -> str:
        rider = compared.riders.get(change.rider_id)
        return f"{rider.grade}{rider.class_name}" if rider else ""

    def bus(ride: Ride | None) -> str:
        return f"{ride.trip}" if ride else "–"

    def stop(ride: Ride | None) -> str:
        return compared.stop_names.get(ride.stop_id, ride.stop_id) if ride else "–"

    def minutes(ride: Ride | None) -> int | None:
        return -(-ride.ride_s // MINUTE_S) if ride else None

    columns = (
        Column(key="rider", word=say("学号"), of=lambda one: one.rider_id, searched=True),
        Column(key="name", word=say("姓名"), of=name, searched=True),
        Column(key="class", word=say("班级"), of=school_class, searched=True),
        Column(key="stop", word=say("站点 A → B"), of=lambda one: _pair(stop(one.a), stop(one.b)), text=True),
        Column(key="trip", word=say("趟 A → B"), of=lambda one: f"{bus(one.a)} → {bus(one.b)}"),
        Column(key="ride_a", word=say("A 乘车(分)"), of=lambda one: minutes(one.a), numeric=True),
        Column(key="ride_b", word=say("B 乘车(分)"), of=lambda one: minutes(one.b), numeric=True),
        Column(key="more", word=say("B 多(分)"), of=more_min, shows=_signed, numeric=True),
    )
    kinds = (("seat", say("只在一份里有座位")), ("stop", say("换站点")), ("bus", say("换车或换趟")))
    lengths = (("longer", say("更久")), ("shorter", say("更短")))
    filters = (
        Filter(key="what", word=say("变化"), choices=kinds, of=what_changes),
        Filter(key="ride", word=say("乘车时间"), choices=lengths, of=how_long),
    )
    return tables.arrange(compared.found.changes, columns, filters=filters, sort="-more", page_rows=ROWS)


def more_min(change: RideChange) -> int | None:
    """Whole minutes that the ride is longer in B, towards zero; None for one plan's rider only."""
    return None if change.more_s is None else int(change.more_s / MINUTE_S)


def what_changes(change: RideChange) -> str:
    """The weightiest of what changes: the seat, the stop, the bus; empty when only the time does."""
    if change.a is None or change.b is None:
        return "seat"
    if change.changes_stop:
        return "stop"
    return "bus" if change.changes_bus else ""


def how_long(change: RideChange) -> str:
    """Whether the ride is noticeably longer or shorter in B."""
    more_s = change.more_s or 0
    if abs(more_s) < plan_compare.NOTICED_S:
        return ""
    return "longer" if more_s > 0 else "shorter"


def _signed(change: RideChange) -> str:
    minutes = more_min(change)
    return "–" if minutes is None else f"{minutes:+d}".replace("-", "−") if minutes else "0"


def _pair(a: str, b: str) -> str:
    return a if a == b else f"{a} → {b}"
