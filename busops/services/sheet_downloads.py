"""
Sheets as they are taken away: stamped with who and when, written down, and the same when taken again.

The stamp is the moment at which this person first took these very contents, so that taking them again gives
the same bytes; the audit keeps the SHA-256 of each file. ``take_again`` makes a file that anybody took anew,
under its own stamp, and hands it out only when it is that file to the last byte.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from busops.domain.errors import Conflict, InvalidInput, NotFound
from busops.domain.people import Actor
from busops.domain.values import Clock
from busops.services.acting import record_act
from busops.services.audit import ShownEntry
from busops.services.sheet_papers import Wanted, make
from busops.sheets.papers import files, pdf
from busops.sheets.papers.document import Document, SheetKind, Stamp
from busops.storage import audit_store, people_store
from busops.storage.audit_store import AuditEntry
from busops.storage.database import Database

ACT: Final = "sheet_downloaded"
SHOWN: Final = 50


class SheetForm(StrEnum):
    """The forms that a sheet can be taken in."""

    XLSX = "xlsx"
    CSV = "csv"
    PDF = "pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A file to be handed out: ``suffix`` says what it is (a zip where CSV are several)."""

    content: bytes
    suffix: str
    stem: str


def take(database: Database, wanted: Wanted, form: SheetForm, *, clock: Clock, by: Actor) -> Taken:
    """The sheet as the books stand, under this person's stamp; that it was taken is in the audit."""
    document = make(database, wanted, clock=clock)
    contents = document.contents()
    with database.reading() as tx:
        mine = [
            entry
            for entry in audit_store.newest_of_act(tx, ACT)
            if entry.user_id == by.user_id and entry.facts.get("contents") == contents
        ]
    first_at = min((_stamped_at(entry) for entry in mine), default=clock.now())
    stamp = Stamp(name=by.name, at=first_at)
    taken = _written(document, form, stamp)
    facts = _facts(wanted, form, contents, taken) | {"stamp_at": stamp.at, "stamp_user": by.user_id}
    with database.transaction() as tx:
        record_act(tx, by, ACT, str(wanted.kind), facts=facts, clock=clock)
    return taken


def take_again(database: Database, entry_no: int, *, clock: Clock, by: Actor) -> Taken:
    """
    The file of an earlier download, byte for byte, whoever took it; raises NotFound, or Conflict where
    the books have moved on since, so that it would be another one.
    """
    with database.reading() as tx:
        entry = next((one for one in audit_store.newest_of_act(tx, ACT) if one.entry_no == entry_no), None)
        if entry is None:
            raise NotFound("sheet_download_not_found")
        names = {person.user_id: person.name for person in people_store.load_people(tx)}
    wanted, form, facts = _wanted(entry.facts), SheetForm(entry.facts["form"]), entry.facts
    document = make(database, wanted, clock=clock)
    owner = str(facts["stamp_user"])
    taken = _written(document, form, Stamp(name=names.get(owner, owner), at=_stamped_at(entry)))
    if hashlib.sha256(taken.content).hexdigest() != facts["sha256"]:
        raise Conflict("sheet_changed")
    again = {**facts, "again_of": entry_no}
    with database.transaction() as tx:
        record_act(tx, by, ACT, entry.subject, facts=again, clock=clock)
    return taken


def list_taken(database: Database, *, limit: int = SHOWN) -> tuple[ShownEntry, ...]:
    """The newest downloads first, with the names of those who took them."""
    with database.reading() as tx:
        names = {person.user_id: person.name for person in people_store.load_people(tx)}
        entries = audit_store.newest_of_act(tx, ACT, limit=limit)
    return tuple(ShownEntry(entry=entry, names=names) for entry in entries)


def record_file(database: Database, name: str, content: bytes, *, clock: Clock, by: Actor) -> None:
    """A file that is no sheet of the set was handed out: its name and SHA-256 are in the audit."""
    facts = {"file": name, "sha256": hashlib.sha256(content).hexdigest()}
    with database.transaction() as tx:
        record_act(tx, by, "file_downloaded", name, facts=facts, clock=clock)


def form_of(name: str) -> SheetForm:
    """The form of this name; raises InvalidInput."""
    try:
        return SheetForm(name)
    except ValueError as fault:
        raise InvalidInput("sheet_unknown") from fault


def kind_of(name: str) -> SheetKind:
    """The sheet of this name; raises NotFound."""
    try:
        return SheetKind(name)
    except ValueError as fault:
        raise NotFound("sheet_unknown") from fault


def _written(document: Document, form: SheetForm, stamp: Stamp) -> Taken:
    stem = f"{document.kind}-{document.period_from}"
    if form is SheetForm.CSV:
        content, suffix = files.as_csv(document, stamp)
        return Taken(content=content, suffix=suffix, stem=stem)
    write = files.as_workbook if form is SheetForm.XLSX else pdf.as_pdf
    return Taken(content=write(document, stamp), suffix=str(form), stem=stem)


def _facts(wanted: Wanted, form: SheetForm, contents: str, taken: Taken) -> dict[str, Any]:
    return {
        "sheet": str(wanted.kind),
        "form": str(form),
        "from_on": wanted.from_on,
        "to_on": wanted.to_on,
        "class_name": wanted.class_name,
        "locale": wanted.locale,
        "contents": contents,
        "sha256": hashlib.sha256(taken.content).hexdigest(),
    }


def _wanted(facts: Mapping[str, Any]) -> Wanted:
    return Wanted(
        kind=SheetKind(facts["sheet"]),
        from_on=date.fromisoformat(facts["from_on"]),
        to_on=date.fromisoformat(facts["to_on"]),
        locale=str(facts["locale"]),
        class_name=str(facts["class_name"]),
    )


def _stamped_at(entry: AuditEntry) -> datetime:
    return datetime.fromisoformat(entry.facts["stamp_at"])
