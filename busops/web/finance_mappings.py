"""The page on which a person says what the columns of a sheet mean, once for the whole school."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError, InvalidInput, NotFound
from busops.domain.people import Role
from busops.services import column_mappings, receipts
from busops.services.column_mappings import Beginning
from busops.sheets.bills.mapping import FIELDS, NEEDED, ColumnMapping, MoneyUnit
from busops.web.context import current
from busops.web.language import say
from busops.web.security import allow

bp = Blueprint("mappings", __name__)  # a part of the finance pages


@bp.get("/receipts/<batch_id>/columns")
@allow(Role.FINANCE)
def show(batch_id: str) -> str:
    """The first rows of the sheet, and a choice for each column."""
    return _page(batch_id, None)


@bp.post("/receipts/<batch_id>/columns")
@allow(Role.FINANCE)
def save(batch_id: str) -> ResponseReturnValue:
    """The mapping is the school's, and the same file is read again with it."""
    here = current()
    try:
        mapping = _mapping(_beginning(batch_id))
        column_mappings.save(here.database, mapping, clock=here.clock, by=here.actor)
    except BusopsError as error:
        return _page(batch_id, error), 409
    preview = receipts.read_again(here.database, batch_id, clock=here.clock, ids=here.ids, by=here.actor)
    flash(say("已记住，同样的表头以后照此读"))
    return redirect(url_for("finance.receipts.show", batch_id=preview.batch_id))


@bp.post("/mappings/<header_key>/forget")
@allow(Role.FINANCE)
def forget(header_key: str) -> ResponseReturnValue:
    """The header is asked about again."""
    here = current()
    column_mappings.forget(here.database, header_key, clock=here.clock, by=here.actor)
    flash(say("已忘记，下次遇到这种表头再问"))
    return redirect(url_for("finance.receipts.index"))


def _beginning(batch_id: str) -> Beginning:
    preview = receipts.load(current().database, batch_id)
    if not preview.may_be_mapped:
        raise NotFound("import_not_found", batch_id=batch_id)
    return column_mappings.beginning_of(current().database, preview.sha256)


def _mapping(beginning: Beginning) -> ColumnMapping:
    """What the form says; a column whose meaning was said twice counts where it was said last."""
    form = request.form
    header = beginning.header(form.get("header", 0, type=int))
    said = [(form.get(f"column-{index}", ""), index) for index in range(len(header))]
    meanings = [meaning for meaning, _ in said if meaning in FIELDS]
    if len(set(meanings)) != len(meanings):
        raise InvalidInput("mapping_column_twice")
    columns = {meaning: index for meaning, index in said if meaning in FIELDS}
    unit = MoneyUnit.FEN if form.get("unit") == "fen" else MoneyUnit.YUAN
    return ColumnMapping(name=form.get("name", "").strip(), header=header, columns=columns, unit=unit)


def _page(batch_id: str, error: BusopsError | None) -> str:
    beginning = _beginning(batch_id)
    at = request.values.get("header", 0, type=int)
    number = at if at in {row for row, _ in beginning.rows} else beginning.likely_header
    guessed = {index: meaning for meaning, index in beginning.guesses(number).items()} if number else {}
    chosen = {
        index: request.form.get(f"column-{index}", guessed.get(index, "")) for index in range(beginning.width)
    }
    return render_template(
        "finance/columns.html",
        preview=receipts.load(current().database, batch_id),
        beginning=beginning,
        header=number,
        chosen=chosen,
        fields=FIELDS,
        needed=NEEDED,
        error=error,
    )
