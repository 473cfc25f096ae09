"""The weekend rosters: who rides, why others do not, changes, locks and their differences."""

from datetime import date
from typing import Any, Final

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, Conflict, Refused
from busops.domain.people import Role
from busops.domain.roster import NotRidingReason
from busops.domain.values import Direction, school_date
from busops.services import refund_job, roster_marks, rosters
from busops.services.acting import SYSTEM
from busops.services.rosters import GIVEN_REASONS, EntryChange, RosterLine, WeekendView
from busops.web import tables
from busops.web.context import current
from busops.web.language import code_words, say
from busops.web.security import OFFICE, allow
from busops.web.tables import Column, Filter, Listing

bp = Blueprint("rosters", __name__, url_prefix="/rosters")

EDITORS: Final = (Role.DISPATCHER, Role.ADMIN)
LINES_A_PAGE: Final = 100


@bp.get("/")
@allow(*OFFICE)
def index() -> str:
    """Every weekend with a roster, the latest first."""
    here = current()
    return render_template(
        "rosters/index.html",
        weekends=rosters.weekends(here.database),
        this_friday=rosters.weekend_ahead(school_date(here.clock.now())),
        may_edit=here.actor.role in EDITORS,
    )


@bp.get("/<on>")
@allow(*OFFICE)
def show(on: str) -> ResponseReturnValue:
    """One weekend: numbers, what is odd, the list, the versions."""
    view = rosters.weekend_view(current().database, _day(on))
    listing = _listing(view)
    if tables.wants_csv():
        return tables.csv_of(listing, f"roster-{view.weekend_on}.csv")
    return _weekend_page(view, listing)


@bp.get("/<on>/riders/<rider_id>")
@allow(*EDITORS)
def show_entry(on: str, rider_id: str) -> str:
    """One rider's weekend as a form."""
    return _entry_page(_day(on), rider_id)


@bp.post("/<on>/riders/<rider_id>")
@allow(*EDITORS)
def change_entry(on: str, rider_id: str) -> ResponseReturnValue:
    """The draft says what was decided for this rider, or why it cannot."""
    here, weekend_on = current(), _day(on)
    change = rosters.read_change(request.form)
    try:
        rosters.change_entry(
            here.database,
            weekend_on,
            rider_id,
            change,
            clock=here.clock,
            by=here.actor,
            seen=request.form.get("seen"),
        )
    except (Refused, Conflict) as error:
        return _entry_page(weekend_on, rider_id, error, change), 409
    flash(say("名单已改；锁定新版本后生效"))
    return redirect(url_for("rosters.show", on=on))


@bp.get("/<on>/lock")
@allow(*EDITORS)
def show_lock(on: str) -> str:
    """What locking would freeze, what it changes, and the decision."""
    return _lock_page(_day(on), "", None)


@bp.post("/<on>/lock")
@allow(*EDITORS)
def lock(on: str) -> ResponseReturnValue:
    """The draft is frozen as the next version, or the page says everything that forbids it."""
    here, weekend_on = current(), _day(on)
    approval = request.form.get("approval", "")
    try:
        version = rosters.lock(
            here.database,
            weekend_on,
            by=here.actor,
            clock=here.clock,
            approval=approval,
            seen=request.form.get("seen"),
        )
    except (Refused, Conflict) as error:
        return _lock_page(weekend_on, approval, error), 409
    here.jobs.submit(refund_job.JOB, {"weekend_on": str(weekend_on)}, by=SYSTEM)
    flash(say("已锁定为第 %(version)s 版", version=version.version))
    return redirect(url_for("rosters.show", on=on))


@bp.get("/<on>/difference")
@allow(*OFFICE)
def show_difference(on: str) -> str:
    """What changed from one version to another."""
    weekend_on = _day(on)
    before, after = _number("from"), _number("to")
    return render_template(
        "rosters/difference.html",
        weekend_on=weekend_on,
        before=before,
        after=after,
        changes=rosters.differences(current().database, weekend_on, before, after),
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        abort(404)


def _number(name: str) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _lock_page(weekend_on: date, approval: str, error: BusopsError | None) -> str:
    here = current()
    view = rosters.weekend_view(here.database, weekend_on)
    return render_template(
        "rosters/lock.html",
        view=view,
        directions=tuple(Direction),
        changes=rosters.changes_since_lock(here.database, weekend_on),
        seen=roster_marks.of_draft((line.entry for line in view.lines), _version(view)),
        approval=approval,
        error=error,
    )


def _version(view: WeekendView) -> int:
    return view.latest.version if view.latest else 0


def _weekend_page(view: WeekendView, listing: Listing) -> str:
    return render_template(
        "rosters/weekend.html",
        view=view,
        listing=listing,
        directions=tuple(Direction),
        may_edit=current().actor.role in EDITORS,
    )


def _entry_page(
    weekend_on: date, rider_id: str, error: BusopsError | None = None, change: EntryChange | None = None
) -> str:
    view = rosters.weekend_view(current().database, weekend_on)
    line = next((line for line in view.lines if line.rider.rider_id == rider_id), None)
    if line is None:
        abort(404)
    return render_template(
        "rosters/entry.html",
        view=view,
        line=line,
        shown=change or line.entry,
        seen=roster_marks.of_entry(line.entry, _version(view)),
        reasons=tuple((reason.value, code_words(f"reason.{reason.value}")) for reason in GIVEN_REASONS),
        stops=tuple((stop.stop_id, f"{stop.stop_id} {stop.name}") for stop in view.stops),
        error=error,
    )


def _listing(view: WeekendView) -> Listing:
    columns = (
        Column(key="rider_id", word=say("学号"), of=lambda line: line.rider.rider_id, searched=True),
        Column(key="name", word=say("姓名"), of=lambda line: line.rider.name, searched=True),
        Column(key="class", word=say("班级"), of=_class, searched=True),
        Column(key="homeward", word=say("离校"), of=lambda line: _yes_no(line.entry.rides_homeward)),
        Column(key="return", word=say("返校"), of=lambda line: _yes_no(line.entry.rides_return)),
        Column(key="stop", word=say("站点"), of=_stop, searched=True, text=True),
        Column(key="reason", word=say("原因"), of=_reason),
        Column(key="note", word=say("备注"), of=lambda line: line.entry.note, searched=True, text=True),
    )
    return tables.arrange(view.lines, columns, filters=_filters(view), page_rows=LINES_A_PAGE)


def _filters(view: WeekendView) -> tuple[Filter, ...]:
    reasons = sorted({line.entry.reason for line in view.lines if line.entry.reason})
    grades = sorted({line.rider.grade for line in view.lines})
    rides = (
        ("both", say("两程都乘")),
        ("homeward", say("只离校")),
        ("return", say("只返校")),
        ("none", say("都不乘")),
    )
    return (
        Filter(key="rides", word=say("乘车"), choices=rides, of=_rides),
        Filter(
            key="why",
            word=say("原因"),
            choices=tuple((reason.value, code_words(f"reason.{reason.value}")) for reason in reasons),
            of=lambda line: line.entry.reason.value if line.entry.reason else "",
        ),
        Filter(
            key="grade",
            word=say("年级"),
            choices=tuple((grade, grade) for grade in grades),
            of=lambda line: line.rider.grade,
        ),
        Filter(
            key="odd",
            word=say("提醒"),
            choices=(("yes", say("要看一眼")),),
            of=lambda line: "yes" if line.findings else "",
        ),
    )


def _rides(line: RosterLine) -> str:
    entry = line.entry
    if entry.rides_homeward and entry.rides_return:
        return "both"
    return "homeward" if entry.rides_homeward else "return" if entry.rides_return else "none"


def _class(line: RosterLine) -> str:
    return f"{line.rider.grade}{line.rider.class_name}"


def _stop(line: RosterLine) -> str:
    stop_id = line.entry.stop_id or line.rider.stop_id
    return f"{stop_id} {line.stop.name}" if line.stop else stop_id


def _yes_no(rides: Any) -> str:
    return say("乘") if rides else say("不乘")


def _reason(line: RosterLine) -> str:
    reason = line.entry.reason
    return code_words(f"reason.{reason.value}") if isinstance(reason, NotRidingReason) else ""
