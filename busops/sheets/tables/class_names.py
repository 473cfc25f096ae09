"""
One spelling for grades and classes: 七年级, 初2023级 and 初一 are one grade, (3)班 and ７.3 one class.

A cohort ("2023级") is counted from the school year of the term; what no rule fits stays as it is.
"""

import re
import unicodedata
from datetime import date
from typing import Final

GRADES: Final = (
    "一年级", "二年级", "三年级", "四年级", "五年级", "六年级",
    "初一", "初二", "初三", "高一", "高二", "高三",
)  # fmt: skip
SCHOOL_YEAR_STARTS_MONTH: Final = 8
JUNIOR_FIRST: Final = 6  # index of 初一 in GRADES
SENIOR_FIRST: Final = 9
STAGE_YEARS: Final = 3
PRIMARY_YEARS: Final = 6

_DIGITS: Final = {word: number for number, word in enumerate("零一二三四五六七八九十")}
_NUMBER: Final = r"[0-9]{1,2}|[一二三四五六七八九十]{1,3}"
_GRADE: Final = re.compile(rf"(初中|高中|小学|初|高|小)?({_NUMBER})(?:年级|年)?")
_COHORT: Final = re.compile(r"(初中|高中|小学|初|高|小)?(20[0-9]{2})级?")
_IN_STAGE: Final = re.compile(rf"(初|高|小)(?:中|学)?({_NUMBER})(?:年级|年)?")
_CLASS: Final = re.compile(rf"第?[(\[]?({_NUMBER})[)\]]?班?")
_CLASS_TAIL: Final = re.compile(
    rf"(.+?)(?:年级|年|[.\-]|(?<=[一二三四五六七八九十级]))[(\[]?({_NUMBER})[)\]]?班?"
)


def school_year(on: date) -> int:
    """The year in which the school year of ``on`` began."""
    return on.year if on.month >= SCHOOL_YEAR_STARTS_MONTH else on.year - 1


def read_grade(text: str, year: int) -> str | None:
    """The grade in its one spelling, or None when no rule fits; ``year`` is the school year."""
    value = _plain(text)
    if match := _COHORT.fullmatch(value):
        return _cohort_grade(match.group(1) or "", int(match.group(2)), year)
    if match := _IN_STAGE.fullmatch(value):
        number = _number(match.group(2))
        first, years = _stage(match.group(1))
        # 初七 and 高十 are said too: then the number counts all years of schooling.
        if first <= number - 1 < first + years and number > years:
            return GRADES[number - 1]
        return GRADES[first + number - 1] if 1 <= number <= years else None
    if (match := _GRADE.fullmatch(value)) and not match.group(1):
        number = _number(match.group(2))
        return GRADES[number - 1] if 1 <= number <= len(GRADES) else None
    return None


def read_class(text: str, year: int) -> tuple[str | None, str]:
    """
    The grade named in a class cell (or None) and the class in its one spelling.

    "3班", "(3)班", "三班", "3" → "3班"; "７.3", "初一(3)班" → 初一, "3班"; "火箭班" stays.
    """
    value = _plain(text)
    if match := _CLASS.fullmatch(value):
        return None, f"{_number(match.group(1))}班"
    if (match := _CLASS_TAIL.fullmatch(value)) and (grade := read_grade(match.group(1), year)):
        return grade, f"{_number(match.group(2))}班"
    return None, value


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _number(text: str) -> int:
    if text.isdigit():
        return int(text)
    if "十" in text:
        tens, _, ones = text.partition("十")
        return _DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0)
    return _DIGITS.get(text, 0)


def _stage(word: str) -> tuple[int, int]:
    match word[:1]:
        case "初":
            return JUNIOR_FIRST, STAGE_YEARS
        case "高":
            return SENIOR_FIRST, STAGE_YEARS
        case _:
            return 0, PRIMARY_YEARS


def _cohort_grade(stage: str, cohort: int, year: int) -> str | None:
    if not stage:
        return None  # which school the cohort entered is not said
    first, years = _stage(stage)
    index = year - cohort
    return GRADES[first + index] if 0 <= index < years else None
