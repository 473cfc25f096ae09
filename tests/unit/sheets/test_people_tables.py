"""Class lists and rosters with the traps of real schools: each undone or told, with its cell."""

from datetime import date

import pytest

from busops.domain.findings import Severity
from busops.domain.roster import HandoverMode, NotRidingReason
from busops.domain.school import Term
from busops.domain.values import RiderId
from busops.sheets.school_sheets import TableImport, read_table
from busops.sheets.tables.context import TableContext
from tests.unit.sheets.sheet_files import RIDERS, ROSTER, csv_bytes, xlsx_bytes

AUTUMN = Term(term_id="a", starts_on=date(2026, 9, 1), ends_on=date(2027, 1, 22))
CONTEXT = TableContext(term=AUTUMN)
HEADER = RIDERS[0]


def rider(rider_id: object, name: str = "张伟", **changed: str) -> tuple[object, ...]:
    """A row of the class list."""
    cells = {
        "grade": "初一",
        "class": "3班",
        "stop": "S001",
        "others": "",
        "guardian": "",
        "handover": "SELF",
    }
    cells |= changed
    return (rider_id, name, *cells.values(), "")


def read_riders(*rows: tuple[object, ...], context: TableContext = CONTEXT) -> TableImport:
    """The rows as a workbook, read."""
    return read_table("riders", "riders.xlsx", xlsx_bytes([HEADER, *rows]), context)


def read_roster(*rows: tuple[object, ...], context: TableContext = CONTEXT) -> TableImport:
    """The rows as a roster of a Friday, read."""
    return read_table("roster", "roster-2026-11-13.csv", csv_bytes([ROSTER[0], *rows]), context)


def found(result: TableImport) -> list[tuple[str, Severity, object]]:
    """Code, severity and cell of each finding."""
    return [(finding.code, finding.severity, finding.facts.get("cell")) for finding in result.findings]


def test_lost_leading_zeros_come_back_by_the_width_of_the_column() -> None:
    """A number among texts has lost its zeros: it gets them back, with a WARN at its cell."""
    result = read_riders(rider("00230001"), rider("00230002", "李娜"), rider(230003, "王芳"))
    assert [one.rider_id for one in result.rows] == ["00230001", "00230002", "00230003"]
    assert found(result) == [("leading_zeros_restored", Severity.WARN, "A4")]
    assert result.findings[0].facts["found"] == "230003"
    assert result.findings[0].facts["used"] == "00230003"


def test_numbers_that_count_upwards_have_lost_nothing() -> None:
    """Where longer numbers exist, shorter ones are not filled up."""
    rows = [rider(number, f"学生{number}") for number in range(990, 1003)]
    result = read_riders(*rows)
    assert [one.rider_id for one in result.rows] == [str(number) for number in range(990, 1003)]
    assert result.findings == ()


def test_a_roster_gets_its_zeros_back_from_the_registered_numbers() -> None:
    """A roster whose numbers have all lost their zeros still finds its riders."""
    riders = {
        RiderId(one.rider_id): one for one in read_riders(rider("00230001"), rider("00230002", "李娜")).rows
    }
    known = TableContext(term=AUTUMN, riders=riders)
    result = read_roster(
        ("230001", "张伟", "乘", "乘", "", "", ""), ("230002", "李娜", "乘", "乘", "", "", ""), context=known
    )
    assert [entry.rider_id for entry in result.rows] == ["00230001", "00230002"]
    assert {finding.code for finding in result.findings} == {"leading_zeros_restored"}


def test_an_id_that_lost_its_digits_blocks_and_one_that_may_have_warns() -> None:
    """18 digits as a number are gone for good; 18 digits that end in 000 are asked about."""
    result = read_riders(rider(510603199901011234), rider("510603199901011000", "李娜"))
    assert found(result) == [
        ("id_lost_digits", Severity.BLOCK, "A2"),
        ("id_maybe_lost_digits", Severity.WARN, "A3"),
    ]
    assert result.findings[0].facts["found"] == "5.10603199901011E+17"
    assert [one.name for one in result.rows] == ["李娜"]


def test_names_grades_and_classes_come_in_one_spelling() -> None:
    """Blanks in names, cohorts and full-width classes are normalised; a contradiction blocks."""
    result = read_riders(
        rider("１０００１", "张　伟", grade="初2026级", **{"class": "(3)班"}),
        rider("10002", "李 娜", grade="七年级", **{"class": "７.3"}),
        rider("10003", "王芳", grade="初一", **{"class": "初二(3)班"}),
        rider("10004", "赵敏", grade="国际部", **{"class": "A班"}),
    )
    assert [(one.rider_id, one.name, one.grade, one.class_name) for one in result.rows] == [
        ("10001", "张伟", "初一", "3班"),
        ("10002", "李娜", "初一", "3班"),
        ("10004", "赵敏", "国际部", "A班"),
    ]
    assert found(result) == [
        ("grade_differs", Severity.BLOCK, "D4"),
        ("grade_unusual", Severity.WARN, "C5"),
    ]


def test_a_rider_listed_twice_names_both_cells() -> None:
    """The same row again is told; the same number with another class (moved) blocks with both cells."""
    result = read_riders(rider("10001"), rider("10001"), rider("10001", **{"class": "5班"}))
    assert found(result) == [("row_repeated", Severity.WARN, "A3"), ("rider_twice", Severity.BLOCK, "A4")]
    assert {finding.facts["first_cell"] for finding in result.findings} == {"A2"}
    assert len(result.rows) == 1


def test_one_child_under_two_numbers_is_asked_about() -> None:
    """The same name and guardian under another number is a move between classes, perhaps."""
    result = read_riders(rider("10001", guardian="张大"), rider("10002", guardian="张大", **{"class": "5班"}))
    assert found(result) == [("rider_maybe_moved", Severity.WARN, "A3")]
    assert len(result.rows) == 2


def test_other_stops_handover_and_waiver() -> None:
    """Stops may be parted by either semicolon; the own stop is none of the others; no handover = by list."""
    result = read_riders(
        rider("10001", others="S002；S003;S001", handover=""), rider("10002", "李娜", handover="监护人接领")
    )
    first, second = result.rows
    assert first.other_stops == ("S002", "S003")
    assert first.handover is HandoverMode.LISTED
    assert second.handover is HandoverMode.LISTED
    assert found(result) == [("handover_missing", Severity.WARN, "H2")]


def test_every_bad_row_is_told_at_once() -> None:
    """Three bad rows give three findings with their cells; the good row is read."""
    result = read_riders(
        rider("", "甲"), rider("10002", ""), rider("10003", "丙", stop=""), rider("10004", "丁")
    )
    assert found(result) == [
        ("value_missing", Severity.BLOCK, "A2"),
        ("value_missing", Severity.BLOCK, "B3"),
        ("value_missing", Severity.BLOCK, "E4"),
    ]
    assert [one.name for one in result.rows] == ["丁"]
    assert result.counts == {"rows": 4, "good": 1, "left_out": 3, "sheets": 1}


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("请假", NotRidingReason.LEAVE), ("请假（感冒）", NotRidingReason.LEAVE),
        ("生病", NotRidingReason.ILL),
        ("家长到校自接", NotRidingReason.GUARDIAN_PICKUP), ("留校", NotRidingReason.STAYS_AT_SCHOOL),
        ("转乘其他车", NotRidingReason.OTHER_VEHICLE), ("未到(失联)", NotRidingReason.MISSING),
        ("未到（失联）", NotRidingReason.MISSING), ("拒乘", NotRidingReason.REFUSED),
        ("班级已离校", NotRidingReason.CLASS_LEFT), ("leave", NotRidingReason.LEAVE),
    ],
)  # fmt: skip
def test_reasons_in_the_words_of_the_school(written: str, reason: NotRidingReason) -> None:
    """Each reason of the rules is known by its Chinese word and by its code."""
    result = read_roster(("10001", "张伟", "不乘", "不乘", "", written, ""))
    assert result.rows[0].reason is reason
    assert result.findings == ()


def test_a_missing_or_unknown_reason_is_asked_for_and_a_needless_one_dropped() -> None:
    """Not riding without a known reason is UNSPECIFIED with a WARN; riding both ways needs none."""
    result = read_roster(
        ("10001", "甲", "不乘", "乘", "", "", ""),
        ("10002", "乙", "不乘", "不乘", "", "去外婆家", ""),
        ("10003", "丙", "乘", "乘", "", "请假", ""),
    )
    assert [entry.reason for entry in result.rows] == [
        NotRidingReason.UNSPECIFIED, NotRidingReason.UNSPECIFIED, None,
    ]  # fmt: skip
    assert found(result) == [
        ("reason_missing", Severity.WARN, "F2"),
        ("reason_unknown", Severity.WARN, "F3"),
        ("reason_not_needed", Severity.WARN, "F4"),
    ]


def test_an_empty_box_is_a_no_only_among_ticks() -> None:
    """In a column of ticks an empty cell says no; in a column of words it blocks."""
    ticks = read_roster(("10001", "甲", "√", "", "", "请假", ""), ("10002", "乙", "√", "√", "", "", ""))
    assert [(entry.rides_homeward, entry.rides_return) for entry in ticks.rows] == [
        (True, False),
        (True, True),
    ]
    assert ticks.findings == ()
    mixed = read_roster(("10001", "甲", "乘", "", "", "", ""), ("10002", "乙", "乘", "乘", "", "", ""))
    assert found(mixed) == [
        ("value_missing", Severity.BLOCK, "D2"),
        ("roster_row_unreadable", Severity.WARN, "A2"),
    ]


def test_a_row_that_cannot_be_read_stays_on_the_list_as_not_riding() -> None:
    """Every rider named is an entry: unclear ways are no ride, with that reason; a clear way counts."""
    result = read_roster(
        ("10001", "甲", "也许", "乘", "", "", ""),
        ("10002", "乙", "乘", "", "", "", ""),
        ("10003", "", "乘", "乘", "", "", ""),
        ("10004", "丁", "乘", "乘", "", "", ""),
        ("10005", "戊", "?", "?", "", "", ""),
        ("10005", "戊", "乘", "乘", "", "", ""),
    )
    unclear = NotRidingReason.ROSTER_UNREADABLE
    read = {one.rider_id: (one.rides_homeward, one.rides_return, one.reason) for one in result.rows}
    assert read == {
        "10001": (False, True, unclear),
        "10002": (True, False, unclear),
        "10003": (False, False, unclear),
        "10004": (True, True, None),
        "10005": (True, True, None),
    }
    warned = [finding.facts["rider_id"] for finding in result.findings if finding.severity is Severity.WARN]
    assert warned == ["10001", "10002", "10003"]


def test_a_roster_against_the_register() -> None:
    """Nobody is put on a bus who is not registered; another name, and who is missing, is told."""
    riders = {one.rider_id: one for one in read_riders(rider("10001"), rider("10002", "李娜")).rows}
    known = TableContext(term=AUTUMN, riders=riders, stop_ids=frozenset({"S001", "S002"}))
    result = read_roster(
        ("10001", "张炜", "乘", "乘", "s002", "", ""),
        ("10009", "外人", "乘", "乘", "", "", ""),
        context=known,
    )
    assert found(result) == [
        ("stop_spelled_otherwise", Severity.BLOCK, "E2"),
        ("roster_name_differs", Severity.WARN, "B2"),
        ("roster_rider_unregistered", Severity.WARN, "A3"),
        ("riders_not_on_roster", Severity.WARN, None),
    ]
    assert [entry.rider_id for entry in result.rows] == ["10001"]
    assert result.findings[-1].facts["riders"] == ["李娜 10002"]


def test_a_roster_of_another_day_than_friday_is_told() -> None:
    """The weekend begins on a Friday; a file of another day is read with a WARN."""
    content = csv_bytes([ROSTER[0], ("10001", "张伟", "乘", "乘", "", "", "")])
    result = read_table("roster", "roster-2026-11-12.csv", content, CONTEXT)
    assert [finding.code for finding in result.findings] == ["roster_not_friday"]


@pytest.mark.parametrize(
    ("written", "read", "is_told"),
    [
        ("", (), False),
        ("王某（祖母）；李某 姨", (("王某", "祖母"), ("李某", "姨")), False),
        ("王某;王某", (("王某", ""),), False),
        ("王某(祖母)13800000000", (), True),  # no telephone belongs here
        ("李某;(姨)", (("李某", ""),), True),
        (";".join("甲乙丙丁戊己庚辛壬"), tuple((name, "") for name in "甲乙丙丁戊己庚辛"), True),
    ],
)
def test_who_may_fetch_a_rider_is_a_name_and_a_relation_and_no_telephone(
    written: str, read: tuple[tuple[str, str], ...], is_told: bool
) -> None:
    """What cannot be read is told and left out; the rider keeps his place in the register."""
    rows = [(*HEADER, "接领人"), (*rider("10001"), written)]
    result = read_table("riders", "riders.xlsx", xlsx_bytes(rows), CONTEXT)
    assert tuple((one.name, one.relation) for one in result.rows[0].persons) == read
    assert ("persons_unreadable" in {each.code for each in result.findings}) == is_told
