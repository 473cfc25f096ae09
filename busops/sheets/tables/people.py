"""Class lists and weekend rosters as schools write them, with their usual traps undone and told."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date
from typing import Final

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.domain.roster import HandoverMode, NotRidingReason, PickupPerson, Rider, RosterEntry
from busops.domain.values import RiderId, StopId
from busops.sheets.files.raw import squeezed
from busops.sheets.table_reader import Sheet, TableText
from busops.sheets.tables import cells
from busops.sheets.tables.class_names import read_class, read_grade, school_year
from busops.sheets.tables.context import TableContext, first_of_each
from busops.sheets.tables.rows import Placed, RowReader

MOST_LOST_ZEROS: Final = 4
LONG_ID_DIGITS: Final = 16  # a spreadsheet keeps 15 digits and writes noughts for the rest
REASON_WORDS: Final = {
    "请假": NotRidingReason.LEAVE,
    "事假": NotRidingReason.LEAVE,
    "家长到校自接": NotRidingReason.GUARDIAN_PICKUP,
    "家长自接": NotRidingReason.GUARDIAN_PICKUP,
    "家长接": NotRidingReason.GUARDIAN_PICKUP,
    "自接": NotRidingReason.GUARDIAN_PICKUP,
    "家长接送": NotRidingReason.GUARDIAN_PICKUP,
    "留校": NotRidingReason.STAYS_AT_SCHOOL,
    "转乘其他车": NotRidingReason.OTHER_VEHICLE,
    "转乘": NotRidingReason.OTHER_VEHICLE,
    "其他车": NotRidingReason.OTHER_VEHICLE,
    "未到": NotRidingReason.MISSING,
    "失联": NotRidingReason.MISSING,
    "未到(失联)": NotRidingReason.MISSING,
    "拒乘": NotRidingReason.REFUSED,
    "生病": NotRidingReason.ILL,
    "病假": NotRidingReason.ILL,
    "因病": NotRidingReason.ILL,
    "班级已离校": NotRidingReason.CLASS_LEFT,
    "未报名": NotRidingReason.NOT_REGISTERED,
}

MOST_PERSONS: Final = 8
# A name and what he is to the child, "王某(祖母)" or "王某 祖母"; no digits: no telephone belongs here.
_PERSON: Final = re.compile(r"([^()\d]{1,40}?)\s*(?:\(([^()\d]{1,20})\)|\s([^()\d\s]{1,20}))?")

_REASON = cells.one_of(NotRidingReason, REASON_WORDS)
_HANDOVER = cells.one_of(
    HandoverMode,
    {
        "自行": HandoverMode.SELF,
        "自行回家": HandoverMode.SELF,
        "自行离开": HandoverMode.SELF,
        "本人": HandoverMode.SELF,
        "名单交接": HandoverMode.LISTED,
        "指定接领人": HandoverMode.LISTED,
        "监护人接领": HandoverMode.LISTED,
        "家长接": HandoverMode.LISTED,
    },
)


def read_riders(
    table: TableText, context: TableContext, findings: list[Finding]
) -> tuple[Placed[Rider], ...]:
    """The registered riders, each student number once, grades and classes in one spelling."""
    widths = _IdWidths(table.sheets, known=())
    rows = []
    for sheet in table.sheets:
        for row in sheet.rows:
            reader = RowReader(sheet=sheet, row=row, findings=findings)
            rider = _rider(reader, widths, _year(context))
            if reader.is_good:
                rows.append(reader.placed(rider))
    _warn_of_moves(rows, findings)
    return first_of_each(rows, "rider_id", "rider_id", "rider_twice", findings)


def read_roster(
    table: TableText, context: TableContext, findings: list[Finding]
) -> tuple[Placed[RosterEntry], ...]:
    """
    The entries of one weekend, each rider once; an empty tick box is a no where the others are ticks.

    Whoever's row has a fault stays on the list as not riding, with that as the reason: he must not
    vanish from the sums, and nobody may guess a ride for him.
    """
    widths = _IdWidths(table.sheets, known=context.riders or ())
    rows: list[Placed[RosterEntry]] = []
    unreadable: dict[RiderId, Placed[RosterEntry]] = {}
    for sheet in table.sheets:
        ticked = {column for column in ("homeward", "return") if _has_only_ticks(sheet, column)}
        for row in sheet.rows:
            reader = RowReader(sheet=sheet, row=row, findings=[])
            entry = _entry(reader, widths, ticked)
            findings += reader.findings
            if reader.is_good:
                rows.append(reader.placed(entry))
            elif entry.rider_id:
                known = (context.riders or {}).get(entry.rider_id)
                entry = replace(entry, name=entry.name or (known.name if known else ""))
                unreadable.setdefault(entry.rider_id, reader.placed(_not_riding(entry, reader)))
    for placed in rows:
        unreadable.pop(placed.value.rider_id, None)
    for placed in unreadable.values():
        facts = {"rider_id": placed.value.rider_id, "name": placed.value.name}
        findings.append(placed.finding("rider_id", "roster_row_unreadable", Severity.WARN, **facts))
    rows += unreadable.values()
    return first_of_each(rows, "rider_id", "rider_id", "roster_rider_twice", findings)


class _IdWidths:
    """Puts back leading zeros that a spreadsheet took off student numbers."""

    def __init__(self, sheets: Iterable[Sheet], known: Collection[str]) -> None:
        self._known = known
        self._known_widths = tuple(sorted({len(rider_id) for rider_id in known}))
        texts = (sheet.cell(row, "rider_id") for sheet in sheets for row in sheet.rows)
        widths = Counter(len(text) for text in texts if text.isascii() and text.isdigit())
        self._width = _majority_width(widths)

    def restored(self, rider_id: str) -> str:
        """The number as the school wrote it; unchanged where nothing speaks for lost zeros."""
        if not rider_id.isdigit() or rider_id in self._known:
            return rider_id
        for width in self._known_widths:
            if rider_id.zfill(width) in self._known:
                return rider_id.zfill(width)
        if self._width and not self._known and 0 < self._width - len(rider_id) <= MOST_LOST_ZEROS:
            return rider_id.zfill(self._width)
        return rider_id


def _majority_width(widths: Counter[int]) -> int:
    """The width of most numbers, or 0 where longer ones exist: those count upwards and lost nothing."""
    if not widths:
        return 0
    width, count = widths.most_common(1)[0]
    return width if 2 * count > widths.total() and width == max(widths) else 0


def _rider_id(reader: RowReader, widths: _IdWidths) -> RiderId:
    written = reader.need("rider_id", cells.identifier, "")
    rider_id = widths.restored(written)
    if rider_id != written:
        reader.report("rider_id", "leading_zeros_restored", Severity.WARN, found=written, used=rider_id)
    if rider_id.isdigit() and len(rider_id) >= LONG_ID_DIGITS and rider_id.endswith("000"):
        reader.report("rider_id", "id_maybe_lost_digits", Severity.WARN, found=rider_id)
    return RiderId(rider_id)


def _rider(reader: RowReader, widths: _IdWidths, year: int) -> Rider:
    grade, class_name = _class(reader, year)
    handover = reader.maybe("handover", _HANDOVER, None)
    if handover is None and "handover" in reader.sheet.columns and reader.is_good:
        reader.report("handover", "handover_missing", Severity.WARN)
    no_stops: tuple[str, ...] = ()
    stop_id = StopId(reader.need("stop_id", cells.identifier, ""))
    others = reader.maybe("other_stops", cells.identifiers, no_stops)
    return Rider(
        rider_id=_rider_id(reader, widths),
        name=reader.need("name", cells.person_name, ""),
        grade=grade,
        class_name=class_name,
        stop_id=stop_id,
        other_stops=tuple(StopId(other) for other in others if other != stop_id),
        guardian=cells.person_name(reader.text("guardian")),
        handover=handover or HandoverMode.LISTED,  # the careful one: somebody named must be there
        waiver=reader.maybe("waiver", cells.words, ""),
        persons=_persons(reader),
    )


def _persons(reader: RowReader) -> tuple[PickupPerson, ...]:
    """To whom the rider may be given; where one cannot be read he is told and left out, the rider is not."""
    parts = [part.strip() for part in re.split(r"[;；\n]+", cells.plain(reader.text("persons")))]
    written = [part for part in parts if part not in cells.EMPTY_WORDS]
    found = [_PERSON.fullmatch(part) for part in written]
    if not all(found) or len(found) > MOST_PERSONS:
        reader.report("persons", "persons_unreadable", Severity.WARN, most=MOST_PERSONS)
    persons = (
        PickupPerson(name=cells.person_name(match[1]), relation=cells.words(match[2] or match[3] or ""))
        for match in found[:MOST_PERSONS]
        if match
    )
    return tuple(dict.fromkeys(persons))


def _class(reader: RowReader, year: int) -> tuple[str, str]:
    grade_text = reader.need("grade", cells.plain, "")
    class_text = reader.need("class", cells.plain, "")
    grade = read_grade(grade_text, year)
    named_grade, class_name = read_class(class_text, year)
    if grade is None and grade_text:
        if named_grade is None:
            reader.report("grade", "grade_unusual", Severity.WARN, found=grade_text)
        grade = named_grade or "".join(grade_text.split())
    elif named_grade is not None and named_grade != grade:
        reader.report("class", "grade_differs", found=class_text, expected=grade)
    return grade or "", class_name


def _entry(reader: RowReader, widths: _IdWidths, ticked: Collection[str]) -> RosterEntry:
    rides_homeward = _rides(reader, "homeward", ticked)
    rides_return = _rides(reader, "return", ticked)
    reason = _reason(reader)
    if not (rides_homeward and rides_return):
        if reason is None and reader.is_good:
            reader.report("reason", "reason_missing", Severity.WARN)
            reason = NotRidingReason.UNSPECIFIED
    elif reason is not None:
        reader.report("reason", "reason_not_needed", Severity.WARN, found=reader.text("reason"))
        reason = None
    stop_id = reader.maybe("stop_id", cells.identifier, "")
    return RosterEntry(
        rider_id=_rider_id(reader, widths),
        name=reader.need("name", cells.person_name, ""),
        rides_homeward=rides_homeward,
        rides_return=rides_return,
        stop_id=StopId(stop_id) if stop_id else None,
        reason=reason,
        note=cells.words(reader.text("note")),
    )


def _not_riding(entry: RosterEntry, reader: RowReader) -> RosterEntry:
    """
    The entry of a row with a fault. Where only 乘/不乘 of one way cannot be read, the other counts;
    with any other fault nobody knows whom to carry where.
    """
    ways = {reader.sheet.facts(reader.row, column)["cell"] for column in ("homeward", "return")}
    faults = {one.facts["cell"] for one in reader.findings if one.severity is Severity.BLOCK}
    if not faults <= ways:
        entry = replace(entry, rides_homeward=False, rides_return=False, stop_id=None)
    return replace(entry, reason=NotRidingReason.ROSTER_UNREADABLE)


def _rides(reader: RowReader, column: str, ticked: Collection[str]) -> bool:
    if column in ticked and not reader.text(column):
        return False
    return reader.need(column, cells.yes_no, False)


def _reason(reader: RowReader) -> NotRidingReason | None:
    """The reason in the words of the rules; "请假（感冒）" is 请假, an unknown word is told and asked for."""
    text = reader.text("reason")
    value = squeezed(text)
    if value in cells.EMPTY_WORDS:
        return None
    try:
        return _REASON(text)
    except InvalidInput:
        starts = [word for word in REASON_WORDS if value.startswith(squeezed(word))]
        if starts:
            return REASON_WORDS[max(starts, key=len)]
        reader.report("reason", "reason_unknown", Severity.WARN, found=text)
        return NotRidingReason.UNSPECIFIED


def _has_only_ticks(sheet: Sheet, column: str) -> bool:
    found = {squeezed(text) for row in sheet.rows if (text := sheet.cell(row, column))}
    return bool(found) and found <= cells.TICKS


def _warn_of_moves(rows: Iterable[Placed[Rider]], findings: list[Finding]) -> None:
    """Tells where one child seems to stand twice under two numbers, as after a change of class."""
    first: dict[tuple[str, str], Placed[Rider]] = {}
    for placed in rows:
        rider = placed.value
        if not rider.guardian:
            continue
        before = first.setdefault((rider.name, rider.guardian), placed)
        if before.value.rider_id != rider.rider_id:
            facts = before.sheet.facts(before.row, "rider_id")
            findings.append(
                placed.finding(
                    "rider_id",
                    "rider_maybe_moved",
                    Severity.WARN,
                    name=rider.name,
                    found=rider.rider_id,
                    first_id=before.value.rider_id,
                    first_cell=facts["cell"],
                )
            )


def _year(context: TableContext) -> int:
    if context.term is not None:
        return school_year(context.term.starts_on)
    return school_year(context.today) if context.today else school_year(date.min)
