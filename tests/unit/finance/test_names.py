"""Names and classes as people write them: spellings that are equal, and those that are not."""

from datetime import date

import pytest

from busops.finance.names import class_key, class_keys, name_key, same_class, school_year, without_noise


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("张　伟", "张伟"),
        ("張偉", "张伟"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("阿依古丽．买买提", "阿依古丽·买买提"),
        ("\u200b张伟", "张伟"),
        ("ｌｉ　Ｌｅｉ", "LI LEI"),
    ],
)
def test_two_spellings_of_one_name(left: str, right: str) -> None:
    """Spaces, script, dots, invisible characters and width do not make another person."""
    assert name_key(left) == name_key(right)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("高一3班张伟", {"10.3"}),
        ("高一（12）班", {"10.12"}),
        ("初二.5班", {"8.5"}),
        ("七年级3班", {"7.3"}),
        ("七(3)班", {"7.3"}),
        ("７.３班", {"7.3"}),
        ("高三十二班", {"12.12"}),
        ("高2023级3班", {"10.3"}),
        ("初2022级（11）班", {"8.11"}),
        ("2023级3班", {"1.3", "7.3", "10.3"}),
        ("张伟 3班", {".3"}),
        ("张伟 11班", {".11"}),
        ("7年级12班", {"7.12"}),
        ("2024年3月8日校车费", set()),
        ("", set()),
    ],
)
def test_classes_are_read_from_remarks(text: str, keys: set[str]) -> None:
    """Stage, grade or entry year and number in the ways schools write them; a date is no class."""
    assert class_keys(text, 2023) == keys


@pytest.mark.parametrize(
    ("grade", "class_name", "key"),
    [
        ("高一", "3班", "10.3"),
        ("高一", "(3)班", "10.3"),
        ("高2023级", "3", "10.3"),
        ("七年级", "七(3)班", "7.3"),
        ("高一", "高一3班", "10.3"),
        ("初一", "七.3班", "7.3"),
        ("高三", "11班", "12.11"),
        ("初二", "10", "8.10"),
        ("国际部", "雅思班", "?.雅思班"),
    ],
)
def test_the_class_of_a_rider(grade: str, class_name: str, key: str) -> None:
    """A class name may repeat the grade; one that no grammar knows keeps its words."""
    assert class_key(grade, class_name, 2023) == key


def test_a_class_without_a_grade_fits_by_its_number() -> None:
    """3班 can be 高一3班 or 七年级3班; 高一3班 is only that."""
    assert same_class(".3", "10.3")
    assert same_class("10.3", "10.3")
    assert not same_class("7.3", "10.3")
    assert not same_class(".3", "10.13")


def test_the_school_year_begins_in_august() -> None:
    """The spring of 2024 belongs to the school year 2023."""
    assert [school_year(date(2024, month, 1)) for month in (2, 7, 8, 12)] == [2023, 2023, 2024, 2024]


def test_noise_leaves_the_name() -> None:
    """What says only that it is bus money goes; a bar keeps the pieces apart."""
    assert without_noise("张伟 同学 校车费").strip("|") == "张伟"
    assert without_noise("张三校车费李四") == "张三|李四"
