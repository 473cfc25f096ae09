"""
What a cell says: one strict parser for each kind of value, for all tables.

A parser gives the value or raises InvalidInput with a code and what it found; it never
guesses. Money is parsed by ``finance.money`` alone.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final, TypeVar

from busops.domain.errors import InvalidInput
from busops.finance.money import parse_yuan_fen
from busops.sheets.files.raw import squeezed

MAX_INTEGER: Final = 10**9
EXCEL_EPOCH: Final = date(1899, 12, 30)
EMPTY_WORDS: Final = frozenset({"", "-", "--", "—", "——", "/", "\\", "无", "n/a", "na", "null", "none"})
OPEN_END_WORDS: Final = EMPTY_WORDS | frozenset({"长期", "长期有效", "至今", "不限", "永久"})
TICKS: Final = frozenset({"√", "✓", "✔", "☑", "✅", "○", "●"})
YES: Final = frozenset({"乘", "乘车", "坐", "坐车", "是", "1", "y", "yes", "true", "对", "有"}) | TICKS
NO: Final = frozenset(
    {"不乘", "不乘车", "不坐", "不坐车", "否", "0", "n", "no", "false", "无", "×", "x", "✗", "✘", "╳"}
)

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,11})(\.0+)?", re.ASCII)
_DECIMAL: Final = re.compile(r"-?[0-9]{1,6}(\.[0-9]{1,17})?", re.ASCII)
_DAY: Final = re.compile(
    r"(\d{4})(?:[-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})日?(?:[T\s]*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?",
    re.ASCII,
)
_COMPACT_DAY: Final = re.compile(r"(20\d{2}|19\d{2})(\d{2})(\d{2})", re.ASCII)
_SERIAL_DAY: Final = re.compile(r"[2-6]\d{4}", re.ASCII)
_CLOCK: Final = re.compile(r"(?:\d{4}-\d{2}-\d{2}\s+)?(\d{1,2})[:时](\d{2})(?::\d{2}|分)?", re.ASCII)
_SCIENTIFIC: Final = re.compile(r"\d(\.\d+)?e\+?\d+", re.ASCII | re.IGNORECASE)
_IDENTIFIER: Final = re.compile(r"@?[\w.\-/]{1,64}")
_BETWEEN: Final = re.compile(r"[;；,，、\s]+")
_PLATE: Final = re.compile(r"[\u4e00-\u9fff][A-Z][A-Z0-9]{4,6}[\u4e00-\u9fff]?")

Choice = TypeVar("Choice", bound=StrEnum)
Value = TypeVar("Value")
Parser = Callable[[str], Value]


def plain(text: str) -> str:
    """The text in NFKC form (full-width digits and letters become plain), outer blanks off."""
    return unicodedata.normalize("NFKC", text).strip()


def identifier(text: str) -> str:
    """An id without blanks; an id that a spreadsheet has turned into 1.23E+17 is refused."""
    value = re.sub(r"(?<=\d)\.0+\Z", "", "".join(plain(text).split()))
    if _SCIENTIFIC.fullmatch(value):
        raise InvalidInput("id_lost_digits", found=text)
    if not _IDENTIFIER.fullmatch(value):
        raise InvalidInput("id_unreadable", found=text)
    return value


def identifiers(text: str) -> tuple[str, ...]:
    """The ids of a cell, separated by ; or another mark; each once, in their order."""
    parts = (part for part in _BETWEEN.split(plain(text)) if part not in EMPTY_WORDS)
    return tuple(dict.fromkeys(identifier(part) for part in parts))


def plate_number(text: str) -> str:
    """A number plate: upper case, without blanks or the dot after the letter; its form is checked."""
    value = re.sub(r"[\s·•・.\-]", "", plain(text)).upper()
    if not _PLATE.fullmatch(value):
        raise InvalidInput("plate_unreadable", found=text)
    return value


def plate_numbers(text: str) -> tuple[str, ...]:
    """The plates of a cell, separated by ; or another mark."""
    parts = (part for part in re.split(r"[;；,，、]+", plain(text)) if part.strip() not in EMPTY_WORDS)
    return tuple(dict.fromkeys(plate_number(part) for part in parts))


def person_name(text: str) -> str:
    """A name: blanks inside Chinese names are gone, one blank stays between Latin words."""
    value = " ".join(plain(text).split())
    if any(letter >= "\u3400" for letter in value):
        value = "".join(value.split())
    return re.sub("[•・‧．∙]", "·", value)


def words(text: str) -> str:
    """Free text in one line."""
    return " ".join(text.split())


def whole_number(text: str, *, least: int = 0, most: int = MAX_INTEGER) -> int:
    """An integer from ``least`` to ``most``; "5.0" is 5, "5.5", "1e3", "1_000" and "五" are refused."""
    value = plain(text)
    if not _INTEGER.fullmatch(value):
        raise InvalidInput("integer_unreadable", found=text)
    number = int(value.partition(".")[0])
    if not least <= number <= most:
        raise InvalidInput("integer_out_of_range", found=text, least=least, most=most)
    return number


def degrees(text: str) -> float:
    """A coordinate in decimal degrees; a trailing ° is understood, minutes and seconds are refused."""
    value = plain(text).removesuffix("°")
    if not _DECIMAL.fullmatch(value):
        raise InvalidInput("decimal_unreadable", found=text)
    return float(value)


def exact_milli(value: object, *, found: str) -> int:
    """Thousandths of a decimal, exactly: 1.32 → 1320."""
    try:
        milli = Decimal(str(value)) * 1000
    except InvalidOperation as error:
        raise InvalidInput("decimal_unreadable", found=found) from error
    if not milli.is_finite() or milli != milli.to_integral_value():
        raise InvalidInput("decimal_unreadable", found=found)
    return int(milli)


def day(text: str) -> date:
    """A day written 2024-02-19, 2024/2/19, 2024.2.19, 2024年2月19日, 20240219, or as a sheet's serial."""
    value = plain(text)
    if match := _DAY.fullmatch(value) or _COMPACT_DAY.fullmatch(value):
        try:
            return date(int(match.group(1)), int(match.group(2)), int(match.group(3)))
        except ValueError as error:
            raise InvalidInput("date_impossible", found=text) from error
    if _SERIAL_DAY.fullmatch(value):
        return EXCEL_EPOCH + timedelta(days=int(value))
    raise InvalidInput("date_unreadable", found=text)


def day_or_open(text: str) -> date | None:
    """A day, or None where the cell says that there is no end."""
    return None if squeezed(text) in OPEN_END_WORDS else day(text)


def minute_of_day(text: str) -> int:
    """A time of day such as 16:30 or 16时30分, in minutes after midnight."""
    match = _CLOCK.fullmatch(plain(text))
    if match is None or int(match.group(1)) > 23 or int(match.group(2)) > 59:  # noqa: PLR2004
        raise InvalidInput("time_unreadable", found=text)
    return int(match.group(1)) * 60 + int(match.group(2))


def yes_no(text: str) -> bool:
    """Yes or no in the words that schools use: 乘/不乘, 是/否, 1/0, √/×."""
    value = squeezed(text)
    if value in YES:
        return True
    if value in NO:
        return False
    raise InvalidInput("yes_no_unreadable", found=text)


def yuan(text: str) -> int:
    """Fen of an amount in yuan, not negative; the strict money parser decides."""
    fen = signed_yuan(text)
    if fen < 0:
        raise InvalidInput("money_negative", found=text)
    return fen


def signed_yuan(text: str) -> int:
    """Fen of an amount in yuan; a negative one corrects an earlier line."""
    try:
        return parse_yuan_fen(plain(text))
    except InvalidInput as fault:  # the money's own words know no cell
        raise InvalidInput("amount_unreadable", found=text) from fault


def one_of(kind: type[Choice], also: Mapping[str, Choice]) -> Parser[Choice]:
    """A parser for an enum: its codes in any case, and the words in ``also``."""
    table = {squeezed(member.value): member for member in kind}
    table |= {squeezed(word): member for word, member in also.items()}
    allowed = [member.value for member in kind]

    def parse(text: str) -> Choice:
        found = table.get(squeezed(text))
        if found is None:
            raise InvalidInput("choice_unknown", found=text, allowed=allowed)
        return found

    return parse
