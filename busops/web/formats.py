"""
How values look on a page: money, days, times, clocks, counts. Filters of the templates.

Inside everything is integer fen and aware UTC; only here it takes the form a person reads,
at the school's own time. No arithmetic of the domain happens here.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import Flask

from busops.domain.errors import BusopsError
from busops.domain.findings import Finding
from busops.web import language

SCHOOL_ZONE: Final = ZoneInfo("Asia/Shanghai")
MINUS: Final = "−"
NOTHING: Final = "–"
FEN_A_YUAN: Final = 100
HOUR_S: Final = 3600
MINUTE_S: Final = 60
ONE_PER_MILLE_BP: Final = 100  # basis points in one per cent
DAYS: Final = {
    language.CHINESE: ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    language.ENGLISH: ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


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
        stopwatch=stopwatch,
        minutes=minutes,
    )


def money(fen: int | None) -> str:
    """Yuan with two digits, grouped: 1234560 → 12,345.60; the unit stands in the head."""
    if fen is None:
        return NOTHING
    yuan, rest = divmod(abs(fen), FEN_A_YUAN)
    return f"{MINUS if fen < 0 else ''}{yuan:,}.{rest:02d}"


def signed_money(fen: int | None) -> str:
    """Like :func:`money` with a plus before what is more than nothing: for differences."""
    return f"+{money(fen)}" if fen is not None and fen > 0 else money(fen)


def number(value: int | None) -> str:
    """A whole number, grouped by thousands."""
    if value is None:
        return NOTHING
    return f"{MINUS if value < 0 else ''}{abs(value):,}"


def percent(basis_points: int | None) -> str:
    """Hundredths of a per cent as per cent: 1035 → 10.35 %."""
    if basis_points is None:
        return NOTHING
    whole, rest = divmod(abs(basis_points), ONE_PER_MILLE_BP)
    return f"{MINUS if basis_points < 0 else ''}{whole}.{rest:02d} %"


def day(value: date | datetime | None) -> str:
    """A day with its weekday: 3月15日 周五 / Fri 15 Mar."""
    if value is None:
        return NOTHING
    on = _school_day(value)
    if language.chosen() == language.ENGLISH:
        return f"{weekday(on)} {day_short(on)}"
    return f"{day_short(on)} {weekday(on)}"


def day_short(value: date | datetime | None) -> str:
    """A day without its weekday: 3月15日 / 15 Mar."""
    if value is None:
        return NOTHING
    on = _school_day(value)
    if language.chosen() == language.ENGLISH:
        return f"{on.day} {MONTHS[on.month - 1]}"
    return f"{on.month}月{on.day}日"


def weekday(value: date | datetime | None) -> str:
    """The day's name: 周五 / Fri."""
    return NOTHING if value is None else DAYS[language.chosen()][_school_day(value).weekday()]


def clock_time(value: datetime | None) -> str:
    """The school's time of day: 16:45."""
    return NOTHING if value is None else value.astimezone(SCHOOL_ZONE).strftime("%H:%M")


def moment(value: datetime | None) -> str:
    """Day and time together: 3月15日 周五 16:45 / Fri 15 Mar, 16:45."""
    if value is None:
        return NOTHING
    comma = "," if language.chosen() == language.ENGLISH else ""
    return f"{day(value)}{comma} {clock_time(value)}"


def stopwatch(seconds: int | None) -> str:
    """A running clock: 187 → 3:07, 3720 → 1:02:00."""
    if seconds is None:
        return NOTHING
    hours, rest = divmod(abs(seconds), HOUR_S)
    lead = f"{hours}:{rest // MINUTE_S:02d}" if hours else f"{rest // MINUTE_S}"
    return f"{MINUS if seconds < 0 else ''}{lead}:{rest % MINUTE_S:02d}"


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
    if problem is None:
        return NOTHING
    if isinstance(problem, str):
        return language.code_words(problem)
    return language.code_words(problem.code, _shown_facts(problem.facts))


def _shown_facts(facts: Mapping[str, Any]) -> dict[str, str]:
    return {name: _shown(name, value) for name, value in facts.items()}


def _shown(name: str, value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, int) and name.endswith("_fen"):
        return money(value)
    if isinstance(value, Iterable) and not isinstance(value, str):
        return "、".join(str(item) for item in value)
    return str(value)


def _school_day(value: date | datetime) -> date:
    return value.astimezone(SCHOOL_ZONE).date() if isinstance(value, datetime) else value
