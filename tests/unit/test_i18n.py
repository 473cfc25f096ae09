"""Words come in both languages, facts in the reader's form, and nothing unknown breaks a page."""

from datetime import UTC, date, datetime
from enum import StrEnum

import pytest
from structlog.testing import capture_logs

from busops import i18n
from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding

FRIDAY = date(2024, 3, 15)
MOMENT = datetime(2024, 3, 15, 8, 45, tzinfo=UTC)


class JobState(StrEnum):
    """A stand-in with the name of a class that has words."""

    DONE = "done"
    ODD = "odd"


def test_a_code_speaks_both_languages() -> None:
    """One code, two sentences, the same facts; English counts."""
    assert i18n.words("settings_invalid", {"count": 2}) == "设置有 2 处错误，未启动"
    assert i18n.words("settings_invalid", {"count": 2}, "en") == "2 settings are wrong; not started"
    assert i18n.words("settings_invalid", {"count": 1}, "en") == "1 setting is wrong; not started"


def test_missing_facts_show_as_a_dash() -> None:
    """A fact that is not known leaves a readable sentence."""
    assert i18n.words("setting_value_wrong", {"name": "port"}) == "设置 port 不能是 –"
    assert i18n.words("setting_file_missing", {"path": ""}, "en") == "File – does not exist"


def test_an_unknown_code_shows_itself_and_is_logged() -> None:
    """A page never breaks for want of words, but the log tells which are missing."""
    with capture_logs() as logged:
        assert i18n.words("no_such_code", {"a": 1}) == "no_such_code"
        assert i18n.gettext("没有翻译的句子", "en") == "没有翻译的句子"
    assert [entry["event"] for entry in logged] == ["code_without_words", "page_text_without_english"]


def test_findings_and_errors_have_words() -> None:
    """The place of a finding is one of its facts."""
    finding = Finding(code="setting_unknown", place="file", facts={"name": "x"})
    assert i18n.finding_words(finding, "en").startswith("There is no setting named x (from file)")
    assert i18n.error_words(InvalidInput("settings_invalid", [finding], count=1), "en").startswith(
        "1 setting"
    )


@pytest.mark.parametrize(
    ("name", "value", "chinese", "english"),
    [
        ("fare_fen", 1234560, "12,345.60", "12,345.60"),
        ("fare_fen", -5, "−0.05", "−0.05"),
        ("on", FRIDAY, "3月15日 周五", "Fri 15 Mar"),
        ("valid_on", "2024-03-15", "3月15日 周五", "Fri 15 Mar"),
        ("valid_on", "soon", "soon", "soon"),
        ("closed_at", MOMENT, "3月15日 周五 16:45", "Fri 15 Mar 16:45"),
        ("closed_at", "2024-03-15T08:45:00+00:00", "3月15日 周五 16:45", "Fri 15 Mar 16:45"),
        ("margin_bp", 999, "9.99 %", "9.99 %"),
        ("plates", ["川F10001", "川F10002"], "川F10001、川F10002", "川F10001, 川F10002"),
        ("riders", frozenset({"b", "a"}), "a、b", "a, b"),
        ("riders", (), "–", "–"),
        ("is_open", True, "是", "yes"),
        ("count", 0, "0", "0"),
        ("state", JobState.DONE, "完成", "Done"),
        ("state", JobState.ODD, "odd", "odd"),
        ("name", None, "–", "–"),
    ],
)
def test_facts_take_the_readers_form(name: str, value: object, chinese: str, english: str) -> None:
    """The unit in a fact's name says how it is written."""
    assert i18n.format_fact(name, value) == chinese
    assert i18n.format_fact(name, value, "en") == english


def test_facts_are_never_templates() -> None:
    """A name with braces or per-cent signs is shown as it is, not filled in again."""
    assert i18n.fill("{name}", {"name": "{secret} %s", "secret": "x"}) == "{secret} %s"


def test_ratios_are_floored() -> None:
    """A margin just under the goal never shows as the goal."""
    assert i18n.format_ratio_bp(999, decimals=1) == "9.9 %"
    assert i18n.format_ratio_bp(999, decimals=0) == "9 %"
    assert i18n.format_ratio_bp(-1, decimals=1) == "−0.1 %"
    assert i18n.format_ratio_bp(1035) == "10.35 %"


def test_differences_carry_a_sign() -> None:
    """A plus only where it is asked for and true."""
    assert [i18n.format_fen(one, signed=True) for one in (150, 0, -150)] == ["+1.50", "0.00", "−1.50"]


def test_dates_may_carry_the_year() -> None:
    """For papers and files, where the year matters."""
    assert i18n.format_date(FRIDAY, year=True) == "2024年3月15日 周五"
    assert i18n.format_date(FRIDAY, "en", year=True) == "Fri 15 Mar 2024"


def test_a_moment_without_a_zone_is_refused() -> None:
    """Nobody guesses which clock a naive time was read from."""
    with pytest.raises(ValueError, match="time zone"):
        i18n.format_time(MOMENT.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("tag", "locale"),
    [("zh", "zh_Hans"), ("zh-Hans-CN", "zh_Hans"), ("en-GB", "en"), ("fr", "zh_Hans"), (None, "zh_Hans")],
)
def test_tags_become_locales(tag: str | None, locale: str) -> None:
    """Chinese is the language of the house; only English readers get English."""
    assert i18n.locale_of(tag) == locale


def test_numbers_of_things() -> None:
    """Chinese has one form; English falls back on the text itself where it is missing."""
    assert i18n.ngettext("%(num)s 人", "%(num)s 人", 3) == "3 人"
    assert i18n.ngettext("%(num)s 个无译", "%(num)s 个无译", 1, "en") == "1 个无译"
