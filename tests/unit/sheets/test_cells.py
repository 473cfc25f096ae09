"""One strict parser for each kind of cell: what it reads, and what it refuses by which code."""

from datetime import date

import pytest

from busops.domain.errors import InvalidInput
from busops.domain.values import Datum
from busops.sheets.tables import cells


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-19", "2024/2/19", "2024.2.19", "2024年2月19日", "２０２４－０２－１９", "20240219", "45341",
        "2024-02-19 08:30:00", "2024/02/19 8:30", "2024-02-19T00:00:00",
    ],
)  # fmt: skip
def test_a_day_in_every_spelling(text: str) -> None:
    """Every way that schools and spreadsheets write a day gives that day."""
    assert cells.day(text) == date(2024, 2, 19)


@pytest.mark.parametrize(
    ("parse", "text", "code"),
    [
        (cells.day, "2024-02-30", "date_impossible"),
        (cells.day, "19.02.2024", "date_unreadable"),
        (cells.day, "明天", "date_unreadable"),
        (cells.day, "2024-2", "date_unreadable"),
        (cells.whole_number, "5.5", "integer_unreadable"),
        (cells.whole_number, "1e3", "integer_unreadable"),
        (cells.whole_number, "1_000", "integer_unreadable"),
        (cells.whole_number, "五", "integer_unreadable"),
        (cells.whole_number, "-1", "integer_out_of_range"),
        (cells.whole_number, "007", "integer_unreadable"),
        (cells.degrees, "31°7'", "decimal_unreadable"),
        (cells.degrees, "nan", "decimal_unreadable"),
        (cells.degrees, "1e2", "decimal_unreadable"),
        (cells.identifier, "1.23E+17", "id_lost_digits"),
        (cells.identifier, "5.10603199901011E+17", "id_lost_digits"),
        (cells.identifier, "a'; drop", "id_unreadable"),
        (cells.identifier, "=1+1", "id_unreadable"),
        (cells.plate_number, "F12345", "plate_unreadable"),
        (cells.yes_no, "也许", "yes_no_unreadable"),
        (cells.yes_no, "2", "yes_no_unreadable"),
        (cells.minute_of_day, "25:00", "time_unreadable"),
        (cells.yuan, "-3", "money_negative"),
        (cells.yuan, "1e3", "amount_unreadable"),
        (cells.yuan, "1.155", "amount_unreadable"),
        (cells.one_of(Datum, {}), "WGS", "choice_unknown"),
    ],
)
def test_what_is_refused(parse, text: str, code: str) -> None:
    """A refusal carries its code and what was found; nothing is guessed."""
    with pytest.raises(InvalidInput) as refusal:
        parse(text)
    assert refusal.value.code == code
    assert refusal.value.facts["found"] == text


@pytest.mark.parametrize("word", ["乘", "是", "1", "√", "✓", "Y", "yes", "乘车", "１"])
def test_words_for_yes(word: str) -> None:
    """Every word that schools use for riding."""
    assert cells.yes_no(word) is True


@pytest.mark.parametrize("word", ["不乘", "否", "0", "×", "N", "no", "不 乘", "０"])
def test_words_for_no(word: str) -> None:
    """Every word that schools use for not riding."""
    assert cells.yes_no(word) is False


def test_ids_names_and_plates_in_one_spelling() -> None:
    """Blanks, full-width letters, dots and separators do not make another id, name or plate."""
    assert cells.identifier(" Ｓ００１ ") == "S001"
    assert cells.identifier("20240589.0") == "20240589"
    assert cells.identifiers("S001；S002;S001、 S003") == ("S001", "S002", "S003")
    assert cells.person_name("张　伟") == "张伟"
    assert cells.person_name("买买提•吐尔逊") == "买买提·吐尔逊"
    assert cells.person_name("Anna  Müller") == "Anna Müller"
    assert cells.plate_number("川f·１0001") == "川F10001"
    assert cells.plate_numbers("川F10001；川F10002") == ("川F10001", "川F10002")


def test_numbers_and_times() -> None:
    """Whole numbers, coordinates, money and times of day in the forms that a sheet may hold."""
    assert cells.whole_number("５") == 5
    assert cells.whole_number("5.0") == 5
    assert cells.degrees("31.127°") == 31.127
    assert cells.yuan("15.5") == 1550
    assert cells.signed_yuan("-15.50") == -1550
    assert cells.minute_of_day("16:30") == 990
    assert cells.minute_of_day("16:30:00") == 990
    assert cells.minute_of_day("16时05分") == 965
    assert cells.exact_milli("1.32", found="1.32") == 1320
    assert cells.day_or_open("长期") is None
    assert cells.one_of(Datum, {"高德": Datum.GCJ02})("gcj02") is Datum.GCJ02


@pytest.mark.parametrize("value", ["1.00001", "nan", "inf", "x"])
def test_a_factor_must_be_exact(value: str) -> None:
    """A factor that thousandths cannot hold is refused, never rounded."""
    with pytest.raises(InvalidInput):
        cells.exact_milli(value, found=value)
