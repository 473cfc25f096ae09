"""
How values look on a page: money, days, times, clocks, counts. Filters of the templates.

Inside everything is integer fen and aware UTC; only here it takes the form a person reads.
The forms themselves are ``busops.i18n``'s, so that pages, files and sentences agree.
"""

import re
from datetime import date, datetime
from typing import Final

from flask import Flask

from busops import i18n
from busops.domain.errors import BusopsError
from busops.domain.findings import Finding
from busops.domain.values import SCHOOL_TIME
from busops.services.crew_tablets import SIMULATED
from busops.web import language

NOTHING: Final = i18n.MISSING
CODE: Final = re.compile(r"[A-Z]+(_[A-Z]+)*")
HAN: Final = re.compile(r"[\u3400-\u9fff]")
HOUR_S: Final = 3600
MINUTE_S: Final = 60


def install(app: Flask) -> None:
    """Templates of ``app`` have every filter of this module."""
    app.jinja_env.filters.update(
        money=money,
        signed_money=signed_money,
        number=number,
        percent=percent,
        day=day,
        day_short=day_short,
        weekday=weekday,
        clock_time=clock_time,
        moment=moment,
        tablet_name=tablet_name,
        stopwatch=stopwatch,
        minutes=minutes,
        place=place,
    )
    app.jinja_env.tests["chinese"] = is_chinese


def money(fen: int | None) -> str:
    """Yuan with two digits, grouped: 1234560 → 12,345.60; the unit stands in the head."""
    return NOTHING if fen is None else i18n.format_fen(fen)


def signed_money(fen: int | None) -> str:
    """Like :func:`money` with a plus before what is more than nothing: for differences."""
    return NOTHING if fen is None else i18n.format_fen(fen, signed=True)


def number(value: int | None) -> str:
    """A whole number, grouped by thousands."""
    return NOTHING if value is None else f"{value:,}".replace("-", i18n.MINUS)


def percent(basis_points: int | None) -> str:
    """Hundredths of a per cent as per cent, floored: 1035 → 10.35 %."""
    return NOTHING if basis_points is None else i18n.format_ratio_bp(basis_points)


def day(value: date | datetime | None) -> str:
    """A day with its weekday: 3月15日 周五 / Fri 15 Mar."""
    return NOTHING if value is None else i18n.format_date(_school_day(value), language.chosen())


def day_short(value: date | datetime | None) -> str:
    """A day without its weekday: 3月15日 / 15 Mar."""
    before, _, after = day(value).partition(" ")
    return after if language.chosen() == language.ENGLISH and after else before


def weekday(value: date | datetime | None) -> str:
    """The day's name: 周五 / Fri."""
    before, _, after = day(value).partition(" ")
    return before if language.chosen() == language.ENGLISH or not after else after


def clock_time(value: datetime | None) -> str:
    """The school's time of day: 16:45."""
    return NOTHING if value is None else i18n.format_time(value)


def moment(value: datetime | None) -> str:
    """Day and time together: 3月15日 周五 16:45 / Fri 15 Mar 16:45."""
    return NOTHING if value is None else i18n.format_moment(value, language.chosen())


def stopwatch(seconds: int | None) -> str:
    """A running clock: 187 → 3:07, 3720 → 1:02:00."""
    if seconds is None:
        return NOTHING
    hours, rest = divmod(abs(seconds), HOUR_S)
    lead = f"{hours}:{rest // MINUTE_S:02d}" if hours else f"{rest // MINUTE_S}"
    return f"{i18n.MINUS if seconds < 0 else ''}{lead}:{rest % MINUTE_S:02d}"


def minutes(seconds: int | None) -> str:
    """A length of time in words: 45 分 / 45 min, 1 小时 5 分 / 1 h 5 min."""
    if seconds is None:
        return NOTHING
    hours, rest = divmod(seconds // MINUTE_S, MINUTE_S)
    if hours:
        return language.say("%(hours)s 小时 %(minutes)s 分", hours=hours, minutes=rest)
    return language.say("%(minutes)s 分", minutes=rest)


def words(problem: Finding | BusopsError | str | None) -> str:
    """The sentence of a finding, an error or a code, in the reader's language."""
    match problem:
        case None:
            return NOTHING
        case Finding():
            return i18n.finding_words(problem, language.chosen())
        case BusopsError():
            return i18n.error_words(problem, language.chosen())
        case _:
            return language.code_words(problem)


def place(finding: Finding) -> str:
    """Where a finding was found, as far as its sentence does not say it; never an internal code."""
    told = finding.place in words(finding) or CODE.fullmatch(finding.place)
    return "" if told else finding.place


def tablet_name(name: str) -> str:
    """What a tablet is called; a simulated one is called that."""
    return language.say("模拟平板") if name.startswith(SIMULATED) else name


def is_chinese(text: object) -> bool:
    """True when the text holds Chinese characters: data that needs ``lang`` on an English page."""
    return HAN.search(str(text)) is not None


def _school_day(value: date | datetime) -> date:
    return value.astimezone(SCHOOL_TIME).date() if isinstance(value, datetime) else value
