"""Grades and classes come out in one spelling, however the school writes them."""

import pytest

from busops.sheets.tables.class_names import read_class, read_grade

YEAR = 2026


@pytest.mark.parametrize(
    ("written", "grade"),
    [
        ("初一", "初一"), ("七年级", "初一"), ("7年级", "初一"), ("７年级", "初一"), ("七", "初一"),
        ("初中一年级", "初一"), ("初2026级", "初一"), ("初2024级", "初三"), ("高2025级", "高二"),
        ("高三", "高三"), ("十二年级", "高三"), ("高 一", "高一"), ("小学三年级", "三年级"), ("初七", "初一"),
    ],
)  # fmt: skip
def test_a_grade_in_every_spelling(written: str, grade: str) -> None:
    """Number, stage and cohort of a grade mean the grade of this school year."""
    assert read_grade(written, YEAR) == grade


@pytest.mark.parametrize("written", ["2023级", "初四", "高2020级", "十三年级", "特长", ""])
def test_what_is_no_grade(written: str) -> None:
    """A cohort without its stage, or one that has left, is nobody's grade."""
    assert read_grade(written, YEAR) is None


@pytest.mark.parametrize(
    ("written", "grade", "class_name"),
    [
        ("3班", None, "3班"), ("(3)班", None, "3班"), ("（３）班", None, "3班"), ("三班", None, "3班"),
        ("3", None, "3班"), ("７.3", "初一", "3班"), ("初一(3)班", "初一", "3班"),
        ("高2024级12班", "高三", "12班"), ("七年级（2）班", "初一", "2班"), ("高三十一班", "高三", "11班"),
        ("火箭班", None, "火箭班"), ("A班", None, "A班"),
    ],
)  # fmt: skip
def test_a_class_in_every_spelling(written: str, grade: str | None, class_name: str) -> None:
    """A class cell may repeat the grade; a class with a name of its own keeps it."""
    assert read_class(written, YEAR) == (grade, class_name)
