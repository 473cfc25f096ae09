"""
A filled-in manifest: typed by one person beside its scan, confirmed by another in his own session.

How it becomes facts is ``services/paper_entry.py``'s to say; here stand the form, the scan and who
may see them.
"""

import re
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from busops.domain.errors import BusopsError, InvalidInput, Refused
from busops.domain.evidence import REAR
from busops.domain.handover import HandedBy
from busops.domain.paper import PaperCheck, PaperHandover, PaperRider, PaperStop, Sheet
from busops.domain.people import Role
from busops.domain.roster import NotRidingReason
from busops.domain.values import CrewId, RiderId, RunId, StopId
from busops.services import paper_entry, paper_scan, run_list, sheets_on_paper
from busops.services.paper_scan import MOST_BYTES, Scan
from busops.storage.paper_store import PaperEntry
from busops.web.context import current
from busops.web.language import say
from busops.web.runs import ABSENCES
from busops.web.security import allow

bp = Blueprint("paper", __name__)
FORM_BYTES: Final = MOST_BYTES + 1024 * 1024
FOLDER: Final = "paper"
CLOCK: Final = re.compile(r"([01]?\d|2[0-3])[:：]?([0-5]\d)")
CODE: Final = re.compile(r"\d{1,12}")
EXTRA: Final = 3  # lines for children who are not on the printed list
CONFLICT: Final = 409
MOST_DIGITS: Final = 6  # of a person's number with a rider


@bp.get("/runs/<run_id>/paper")
@allow(Role.DISPATCHER, Role.ADMIN)
def form(run_id: str) -> str:
    """The run's manifest as a form: nothing is ticked before somebody has read it."""
    return _form(RunId(run_id))


@bp.post("/runs/<run_id>/paper")
@allow(Role.DISPATCHER, Role.ADMIN, upload_bytes=FORM_BYTES)
def type_sheet(run_id: str) -> Any:
    """What was typed waits for a second person; or the form comes back with everything that is wrong."""
    here = current()
    try:
        sheet = _sheet(RunId(run_id))
        digits = {each.rider_id: _typed(f"handed_code:{each.rider_id}") for each in sheet.handovers}
        file = request.files.get("scan")
        scan = paper_scan.keep(_folder(), file.read(MOST_BYTES + 1) if file else b"")
        own: dict[str, Any] = {"by": here.actor, "clock": here.clock, "ids": here.ids}
        entry_id = paper_entry.type_sheet(
            here.database, RunId(run_id), sheet, scan, **own, pickup_codes=digits
        )
    except InvalidInput as fault:
        return _form(RunId(run_id), fault), 400
    except Refused as refusal:
        return _form(RunId(run_id), refusal), CONFLICT
    flash(say("已录入，等另一个人对照扫描件核对"))
    return redirect(url_for("paper.show", entry_id=entry_id))


@bp.get("/paper/<entry_id>")
@allow(Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN)
def show(entry_id: str) -> str:
    """The sheet beside its scan, and what the second person has to say."""
    return _show(entry_id)


@bp.get("/paper/<entry_id>/scan")
@allow(Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN)
def scan(entry_id: str) -> Response:
    """The scan itself; a PDF is handed out as a file, never shown inside a page."""
    entry = paper_entry.load_sheet(current().database, entry_id)
    kept = Scan(sha256=entry.scan_sha256, media_type=entry.scan_type)
    answer = make_response(paper_scan.load(_folder(), kept))
    is_picture = entry.scan_type == paper_scan.JPEG
    answer.headers["Content-Type"] = entry.scan_type
    name = f"{entry.run_id}-{entry.scan_sha256[:8]}.{'jpg' if is_picture else 'pdf'}"
    answer.headers["Content-Disposition"] = f'{"inline" if is_picture else "attachment"}; filename="{name}"'
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@bp.post("/paper/<entry_id>/confirm")
@allow(Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN)
def confirm(entry_id: str) -> Any:
    """The second person counted the same: the sheet's facts stand in the log."""
    here = current()
    try:
        sums = (_count("boarded"), _count("alighted"), _count("absent"), _count("handed"))
        paper_entry.confirm(here.database, entry_id, sums=sums, by=here.actor, clock=here.clock, ids=here.ids)
    except (Refused, InvalidInput) as fault:
        return _show(entry_id, fault), CONFLICT
    flash(say("纸质名单已核对，记录已写入"))
    return _to_run(entry_id)


@bp.post("/paper/<entry_id>/reject")
@allow(Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN)
def reject(entry_id: str) -> Any:
    """The sheet was typed wrongly: nothing of it is taken, and it stays to be read."""
    here = current()
    reason = request.form.get("reason", "")
    try:
        paper_entry.reject(
            here.database, entry_id, reason=reason, by=here.actor, clock=here.clock, ids=here.ids
        )
    except (Refused, InvalidInput) as fault:
        return _show(entry_id, fault), CONFLICT
    flash(say("这份录入已作废，可以重新录入"))
    return _to_run(entry_id)


@bp.app_template_global("paper_of_run")
def paper_of_run(run_id: str) -> tuple[PaperEntry, ...]:
    """The sheets typed for a run, for its page."""
    return paper_entry.sheets_of_run(current().database, RunId(run_id))


def _form(run_id: RunId, fault: BusopsError | None = None) -> str:
    here = current()
    sheet = sheets_on_paper.manifest_sheet(here.database, run_id)
    return render_template(
        "paper/form.html",
        run=sheet.document,
        short_hash=sheet.short_hash,
        fault=fault,
        typed=request.form,
        absences=ABSENCES,
        extra=range(1, EXTRA + 1),
        rear=REAR,
    )


def _show(entry_id: str, fault: BusopsError | None = None) -> str:
    here = current()
    entry = paper_entry.load_sheet(here.database, entry_id)
    return render_template(
        "paper/show.html",
        entry=entry,
        sheet=paper_entry.sheet_of(entry.sheet),
        run=run_list.listed_run(here.database, entry.run_id),
        names=run_list.names(here.database),
        fault=fault,
        is_own=here.actor.user_id == entry.typed_by,
        is_picture=entry.scan_type == paper_scan.JPEG,
    )


def _sheet(run_id: RunId) -> Sheet:
    """The typed form as a sheet; InvalidInput where a time or a number is none."""
    document = sheets_on_paper.manifest_sheet(current().database, run_id).document
    extra = [_typed(f"extra:{number}") for number in range(1, EXTRA + 1)]
    riders = [each["rider"] for each in document["riders"]] + [each for each in extra if each]
    lines = (
        _line(rider, _typed(f"extra:{k}:on"), _typed(f"extra:{k}:off"), "")
        for k, rider in enumerate(extra, start=1)
        if rider
    )
    listed = (
        _line(each, _typed(f"on:{each}"), _typed(f"off:{each}"), _typed(f"absent:{each}"))
        for each in riders[: len(document["riders"])]
    )
    return Sheet(
        roster_v=document["roster_v"],
        attendant_id=CrewId(_typed("attendant_id")),
        driver_id=CrewId(_typed("driver_id")),
        is_signed_by_attendant=_typed("signed_attendant") == "1",
        is_signed_by_driver=_typed("signed_driver") == "1",
        stops=tuple(_stop(each["stop"]) for each in document["stops"]),
        riders=tuple(each for each in (*listed, *lines) if each is not None),
        attendant_check=_check("check_attendant"),
        driver_check=_check("check_driver"),
        parked=_check("parked"),
        handovers=tuple(each for rider in document["handover"] if (each := _handover(rider)) is not None),
    )


def _line(rider: str, on_at: str, off_at: str, absence: str) -> PaperRider | None:
    if not (on_at or off_at or absence):
        return None
    try:
        reason = NotRidingReason(absence) if absence else None
    except ValueError:
        raise InvalidInput("run_choice_unknown", choice=absence[:40]) from None
    return PaperRider(
        rider_id=RiderId(rider[:64]),
        on_at=StopId(on_at) if on_at else None,
        off_at=StopId(off_at) if off_at else None,
        absence=reason,
    )


def _stop(stop_id: str) -> PaperStop:
    count = _typed(f"count:{stop_id}")
    return PaperStop(
        stop_id=StopId(stop_id),
        arrived_min=_minute(f"arrived:{stop_id}"),
        left_min=_minute(f"left:{stop_id}"),
        count=_count(f"count:{stop_id}") if count else None,
    )


def _handover(rider: str) -> PaperHandover | None:
    """How the form says that the rider was handed over: by a word, or by the number of a listed person."""
    how, at_min = _typed(f"handed:{rider}"), _minute(f"handed_at:{rider}")
    if not how and at_min is None:
        return None
    if not how or at_min is None:
        raise InvalidInput("paper_handed_half", rider_id=rider)
    person_no = int(how) if how.isascii() and how.isdecimal() and len(how) <= MOST_DIGITS else None
    try:
        by = HandedBy(how) if person_no is None else HandedBy.LISTED
    except ValueError:
        raise InvalidInput("run_choice_unknown", choice=how[:40]) from None
    return PaperHandover(rider_id=RiderId(rider), at_min=at_min, how=by, person_no=person_no)


def _check(name: str) -> PaperCheck | None:
    at_min = _minute(f"{name}_at")
    codes = tuple(sorted(set(CODE.findall(_typed(f"{name}_codes")))))
    if at_min is None and not codes:
        return None
    if at_min is None:
        raise InvalidInput("paper_check_without_time")
    return PaperCheck(at_min=at_min, codes=codes)


def _minute(name: str) -> int | None:
    text = _typed(name)
    if not text:
        return None
    read = CLOCK.fullmatch(text)
    if read is None:
        raise InvalidInput("paper_time_unreadable", typed=text[:20])
    return int(read[1]) * 60 + int(read[2])


def _count(name: str) -> int:
    text = _typed(name)
    if not text.isascii() or not text.isdecimal() or len(text) > len("9999"):
        raise InvalidInput("paper_count_unreadable", typed=text[:20])
    return int(text)


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()


def _folder() -> Path:
    return current().settings.instance_path / FOLDER


def _to_run(entry_id: str) -> Response:
    run_id = paper_entry.load_sheet(current().database, entry_id).run_id
    return redirect(url_for("runs.run", run_id=run_id))
