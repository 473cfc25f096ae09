"""The page of notices: an administrator's alone, both languages, and nothing secret ever comes back."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from busops import i18n
from busops.cli.watching import WatchKept, alarm_line
from busops.domain.notices import NoticeMeans
from busops.domain.people import Role
from busops.services import notice_channels, notices, watch
from busops.services.notices import Post
from busops.storage.database import Database
from tests.machine import CountingIds, FixedClock
from tests.unit.services.notice_sinks import Sink, web_sink
from tests.unit.services.test_watch import arrived
from tests.web.conftest import SignIn, send

PAGE = "/manage/notices"
SECRET = "a-secret-that-nobody-sees"


@pytest.fixture
def sink(app: Flask) -> Iterator[Sink]:
    """A server that takes notices, and an installation that allows it."""
    with web_sink() as running:
        here = app.extensions["busops"]
        settings = replace(here.settings, notice_hosts=(running.host,))
        app.extensions["busops"] = replace(here, settings=settings)
        yield running


def form(sink: Sink, **changed: str) -> dict[str, str]:
    """A webhook for level 3."""
    filled = {
        "kind": "webhook",
        "name": "责任人",
        "target": f"http://{sink.host}/hook/0123456789",
        "secret": SECRET,
        "levels": "3",
        "language": "zh_Hans",
    }
    return filled | changed


def test_an_administrator_adds_tests_and_switches_a_channel(
    sign_in: SignIn, sink: Sink, sqlite_database: Database
) -> None:
    """Each act is told; the target's key and the secret stand on no page."""
    browser = sign_in(Role.ADMIN)
    assert "还没有通知渠道" in browser.get(PAGE).text
    assert send(browser, PAGE, PAGE, **form(sink)).status_code == 302
    page = browser.get(PAGE).text
    assert "已增加渠道“责任人”" in page
    assert "127.0.0.1…6789" in page
    assert SECRET not in page
    assert "0123456789" not in page
    (channel,) = notice_channels.overview(sqlite_database).channels
    own = f"{PAGE}/{channel.channel_id}"
    assert send(browser, f"{own}/test", PAGE).status_code == 302
    assert "已送达对方" in browser.get(PAGE).text
    assert [asked.said["kind"] for asked in sink.taken] == ["test"]
    assert send(browser, f"{own}/levels", PAGE, levels="5", language="en").status_code == 302
    assert send(browser, f"{own}/switch", PAGE, is_on="0").status_code == 302
    (channel,) = notice_channels.overview(sqlite_database).channels
    assert (channel.levels, channel.language, channel.is_on) == (frozenset({5}), "en", False)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"target": "http://169.254.169.254/"}, "只能发往 https:// 的地址"),
        ({"target": "https://elsewhere.example/"}, "notice_hosts"),
        ({"kind": "smtp", "target": "a@b.example"}, "没有设置邮件服务器"),
        ({"levels": "9"}, "至少选一个级别"),
        ({"levels": "x"}, "至少选一个级别"),
        ({"secret": "short"}, "密钥至少 16 个字符"),
    ],
)
def test_what_would_not_do_comes_back_with_its_reason(
    sign_in: SignIn, sink: Sink, sqlite_database: Database, changed: dict[str, str], words: str
) -> None:
    """409, what was typed stands there still, but for the secret; nothing is stored."""
    answer = send(sign_in(Role.ADMIN), PAGE, PAGE, **form(sink, **changed))
    assert answer.status_code == 409
    assert words in answer.text
    assert 'value="责任人"' in answer.text
    assert SECRET not in answer.text
    assert notice_channels.overview(sqlite_database).channels == ()


def test_a_notice_given_up_is_shown_and_sent_again(
    sign_in: SignIn, sink: Sink, sqlite_database: Database
) -> None:
    """Five tries fail; the page says so in both languages, and one press queues it anew."""
    browser = sign_in(Role.ADMIN)
    _, off_at = arrived(sqlite_database)
    assert send(browser, PAGE, PAGE, **form(sink)).status_code == 302
    clock, ids = FixedClock(off_at), CountingIds()
    means = NoticeMeans(hosts=(sink.host,))
    post = Post(database=sqlite_database, clock=clock, ids=ids, means=means, speak=i18n.words)
    settings = browser.application.extensions["busops"].settings
    watched = WatchKept(sqlite_database, settings, clock=clock, ids=ids, machine_clock=clock)
    sink.stumbles += [(500, {}, b"")] * 5
    clock.advance(600)
    watched.look()
    for _ in range(5):
        notices.deliver(post)
        clock.advance(300)
    page = browser.get(PAGE).text
    assert "发不出的通知" in page
    assert "对方出错（5xx）" in page
    assert "Notices given up" in sign_in(Role.ADMIN, "en").get(PAGE).text
    found = re.search(r"/manage/notices/again/[\w-]+", page)
    assert found is not None
    assert send(browser, found[0], PAGE).status_code == 302
    watched.deliver()
    assert [asked.said["level"] for asked in sink.taken][-1] == 3
    assert "发不出的通知" not in browser.get(PAGE).text
    assert send(browser, found[0], PAGE).status_code == 302
    assert "没有这条发不出的通知" in browser.get(PAGE).text


def test_the_terminal_speaks_in_words(sqlite_database: Database) -> None:
    """What `busops watch` prints of an alarm holds no code, in either language."""
    _, off_at = arrived(sqlite_database)
    clock = FixedClock(off_at)
    clock.advance(180)
    (alarm,) = watch.raise_due_alarms(sqlite_database, clock, CountingIds())
    assert alarm_line(alarm, "zh_Hans") == "run-1：清车检查超时，1 级：通知调度"
    assert alarm_line(alarm, "en") == "run-1: Empty-vehicle check overdue, level 1: Dispatcher told"


@pytest.mark.parametrize("role", [Role.DISPATCHER, Role.SUPERVISOR, Role.FINANCE])
def test_nobody_else_gets_there(sign_in: SignIn, role: Role) -> None:
    """The addresses that alarms go to are the administrator's."""
    assert sign_in(role).get(PAGE).status_code == 403
