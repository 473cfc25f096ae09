"""Imports in two steps: upload, look at every finding with its cell, accept or discard."""

from dataclasses import replace
from datetime import date
from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, InvalidInput, Refused
from busops.domain.findings import Finding, Severity
from busops.domain.people import Role
from busops.services import imports
from busops.services.imports import Preview
from busops.services.register_tables import KINDS
from busops.web import formats, tables
from busops.web.context import current
from busops.web.language import code_words, say
from busops.web.security import OFFICE, allow
from busops.web.shown import open_to
from busops.web.tables import Column, Filter, Listing

bp = Blueprint("register_imports", __name__, url_prefix="/register/imports")

MAX_UPLOAD_BYTES: Final = 20 * 1024 * 1024
IMPORTERS: Final = (Role.DISPATCHER, Role.ADMIN)
BILLS: Final = "/finance/receipts"
RANK: Final = {Severity.BLOCK: 0, Severity.GATE: 1, Severity.WARN: 2, Severity.LOG: 3}


@bp.get("/")
@allow(*OFFICE)
def index() -> str:
    """The upload form and the latest imports."""
    return _upload_page(None)


@bp.post("/")
@allow(*IMPORTERS, upload_bytes=MAX_UPLOAD_BYTES)
def upload() -> ResponseReturnValue:
    """The file is read and shown; nothing of it is stored in the register."""
    here, file = current(), request.files.get("file")
    try:
        if file is None or not file.filename:
            raise InvalidInput("file_needed")
        preview = imports.preview(
            here.database,
            kind=request.form.get("kind", ""),
            file_name=file.filename,
            content=file.read(),
            weekend_on=_weekend(request.form.get("weekend_on", "")),
            clock=here.clock,
            ids=here.ids,
            by=here.actor,
        )
    except InvalidInput as error:
        return _upload_page(error), 400
    return redirect(url_for("register_imports.show", batch_id=preview.batch_id))


@bp.get("/<batch_id>")
@allow(*OFFICE)
def show(batch_id: str) -> ResponseReturnValue:
    """Numbers, findings by cell, the cells themselves, and the decision."""
    preview = imports.load(current().database, batch_id)
    listing = _findings(preview)
    if tables.wants_csv():
        return tables.csv_of(listing, f"findings-{preview.kind}.csv")
    return _preview_page(preview, listing, None)


@bp.post("/<batch_id>/accept")
@allow(*IMPORTERS)
def accept(batch_id: str) -> ResponseReturnValue:
    """The good rows are in the register, or the page says everything that forbids it."""
    here = current()
    try:
        count = imports.accept(here.database, batch_id, clock=here.clock, by=here.actor)
    except Refused as error:
        preview = imports.load(here.database, batch_id)
        return _preview_page(preview, _findings(preview), error), 409
    preview = imports.load(here.database, batch_id)
    flash(say("已写入 %(count)s 行", count=count))
    if preview.weekend_on is not None:
        return redirect(url_for("rosters.show", on=preview.weekend_on.isoformat()))
    page = "stops" if preview.kind == "travel" else preview.kind
    return redirect(url_for("register.show_list", kind=page))


@bp.post("/<batch_id>/discard")
@allow(*IMPORTERS)
def discard(batch_id: str) -> ResponseReturnValue:
    """The preview is out; nothing was written."""
    here = current()
    imports.discard(here.database, batch_id, clock=here.clock, by=here.actor)
    flash(say("已放弃，什么都没有写入"))
    return redirect(url_for("register_imports.index"))


def _weekend(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise InvalidInput("weekend_needed", found=text) from fault


def _upload_page(error: BusopsError | None) -> str:
    here = current()
    sees_bills = open_to(here.actor.role, BILLS)
    return render_template(
        "register/imports.html",
        batches=[one for one in imports.recent(here.database) if one.kind in KINDS or sees_bills],
        kinds=tuple((kind, code_words(f"register_kind.{kind}")) for kind in KINDS),
        chosen=request.values.get("kind", "riders"),
        may_import=here.actor.role in IMPORTERS,
        error=error,
    )


def _preview_page(preview: Preview, listing: Listing, error: Refused | None) -> str:
    severities = [finding.severity for finding in preview.findings]
    return render_template(
        "register/preview.html",
        preview=preview,
        listing=listing,
        blocks=severities.count(Severity.BLOCK),
        warnings=severities.count(Severity.WARN),
        may_import=current().actor.role in IMPORTERS,
        error=error,
    )


def _findings(preview: Preview) -> Listing:
    ordered = sorted(preview.findings, key=lambda one: RANK[one.severity])
    columns = (
        Column(key="cell", word=say("单元格"), of=_cell, searched=True),
        Column(key="severity", word=say("性质"), of=lambda one: code_words(f"severity.{one.severity.value}")),
        Column(key="found", word=say("表里写的"), of=lambda one: one.facts.get("found"), searched=True),
        Column(key="words", word=say("问题"), of=_words, searched=True, text=True),
    )
    choices = tuple((kind.value, code_words(f"severity.{kind.value}")) for kind in RANK)
    filters = (Filter(key="kind", word=say("性质"), choices=choices, of=lambda one: one.severity.value),)
    return tables.arrange(ordered, columns, filters=filters)


def _words(finding: Finding) -> str:
    """The sentence, said of the cell: which file it is stands above the list."""
    return formats.words(replace(finding, place=_cell(finding) or finding.place))


def _cell(finding: Finding) -> str:
    sheet: Any = finding.facts.get("sheet")
    cell = str(finding.facts.get("cell", ""))
    return f"{sheet}!{cell}" if sheet and cell else cell or str(finding.facts.get("row", ""))
