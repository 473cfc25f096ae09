"""
Notices: every alarm goes to every channel of its level, once, and again until it was taken.

Alarms are born in the watch, in requests and in the database's own triggers, so delivery asks the
table of alarms and nobody calls it. Only evidence stops a notice that has not left: an alarm that
somebody has merely acknowledged still goes to whoever else is to be called. Nobody's name leaves.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from busops.domain.errors import NotFound
from busops.domain.notices import MOST_TRIES, PAUSES, NoticeMeans
from busops.domain.values import Clock, Ids
from busops.services import notice_senders
from busops.services.acting import By, record_act
from busops.services.crew_runs import run_no
from busops.services.notice_senders import Letter, NotSent
from busops.storage import alarm_store, notice_store, run_store
from busops.storage.alarm_store import Alarm, AlarmState
from busops.storage.database import Database, Transaction
from busops.storage.notice_store import Channel, Notice, NoticeState

Speak = Callable[[str, Mapping[str, Any], str], str]  # a code, its facts, a language
TAKEN: Final = "notice_taken"
CLAIM: Final = timedelta(minutes=2)  # longer than a sender may wait: a crash gives the notice back


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What delivery needs: the database, a clock, ids, what the operator allows, and words."""

    database: Database
    clock: Clock
    ids: Ids
    means: NoticeMeans
    speak: Speak


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of one try."""

    notice: Notice
    channel: Channel
    result: str  # the code of what came of it


def deliver(post: Post) -> tuple[Delivered, ...]:
    """
    Every alarm has its notices, and each that may be tried now was tried once.

    A channel that has just failed is left in peace until the next call, so that one dead mail
    server does not hold up the others for long.
    """
    if post.means.is_off:
        return ()
    _make_notices(post)
    with post.database.reading() as tx:
        waiting = notice_store.due_notices(tx, post.clock.now())
    done: list[Delivered] = []
    failed: set[str] = set()
    for notice in waiting:
        if notice.channel_id not in failed and (tried := _try(post, notice)) is not None:
            done.append(tried)
            if tried.result != TAKEN:
                failed.add(notice.channel_id)
    return tuple(done)


def test_channel(post: Post, channel_id: str, *, by: By) -> str:
    """A letter that says it is a test was tried at once; the code of what came of it."""
    with post.database.reading() as tx:
        channel = notice_store.load_channel(tx, channel_id)
    subject = post.speak("notice.test_subject", {"name": channel.name}, channel.language)
    text = post.speak("notice.test_text", {}, channel.language)
    letter = Letter(
        notice_id=post.ids.new(), level=0, subject=subject, text=text, facts={"v": 1, "kind": "test"}
    )
    result = _send(post, channel, letter)
    with post.database.transaction() as tx:
        notice_store.change_channel(tx, channel_id, tried_at=post.clock.now(), result=result)
        record_act(tx, by, "notice_tested", channel_id, facts={"name": channel.name}, clock=post.clock)
    return result


def send_again(database: Database, notice_id: str, *, by: By, clock: Clock) -> None:
    """A notice that was given up waits anew, with all its tries; NotFound when it was not given up."""
    with database.transaction() as tx:
        dead = [each for each, _ in notice_store.list_notices(tx, NoticeState.DEAD, most=_ALL)]
        if not any(each.notice_id == notice_id for each in dead):
            raise NotFound("no_such_dead_notice", notice_id=notice_id)
        notice_store.move_notice(
            tx,
            notice_id,
            state=NoticeState.WAITING,
            comes_from=NoticeState.DEAD,
            tries=0,
            next_at=clock.now(),
        )
        record_act(tx, by, "notice_sent_again", notice_id, facts={}, clock=clock)


def letter_of(tx: Transaction, post: Post, notice_id: str, alarm: Alarm, language: str) -> Letter:
    """What is said of an alarm: the run, the vehicle, the level, what is to be done, where to look."""
    run = run_store.load_summary(tx, alarm.run_id)
    kind = post.speak(f"alarm_kind.{alarm.kind}", {}, language)
    link = f"{post.means.pages.rstrip('/')}/runs/{alarm.run_id}" if post.means.pages else ""
    facts = {
        "no": run_no(run.trip_no),
        "plate": run.plate,
        "departs_at": run.departs_at,
        "raised_at": alarm.raised_at,
        "level": alarm.level,
        "kind": kind,
        "what": post.speak(f"alarm_todo.{alarm.kind}", {}, language),
        "who": post.speak(f"alarm_level.{alarm.level}", {}, language),
    }
    lines = [post.speak("notice.text", facts, language), link]
    return Letter(
        notice_id=notice_id,
        level=alarm.level,
        subject=post.speak("notice.subject", facts, language),
        text="\n".join(line for line in lines if line),
        facts={
            "v": 1,
            "alarm": alarm.alarm_id,
            "kind": alarm.kind,
            "level": alarm.level,
            "run": alarm.run_id,
            "plate": run.plate,
            "raised_ms": round(alarm.raised_at.timestamp() * 1000),
            "link": link,
        },
    )


_ALL: Final = 10_000


def _make_notices(post: Post) -> None:
    now = post.clock.now()
    with post.database.reading() as tx:
        channels = [channel for channel in notice_store.load_channels(tx) if channel.is_on]
        if not any(notice_store.unnoticed(tx, channel) for channel in channels):
            return
    with post.database.transaction() as tx:
        for channel in channels:
            for alarm in notice_store.unnoticed(tx, channel):
                notice_store.insert_notice(
                    tx,
                    Notice(
                        notice_id=post.ids.new(),
                        alarm_id=alarm.alarm_id,
                        channel_id=channel.channel_id,
                        level=alarm.level,
                        made_at=now,
                        next_at=now,
                    ),
                )


def _try(post: Post, notice: Notice) -> Delivered | None:
    """The notice was tried once, outside of any transaction; None when it is not this caller's or is over."""
    now = post.clock.now()
    with post.database.transaction() as tx:
        channel = notice_store.load_channel(tx, notice.channel_id)
        alarm = alarm_store.load_alarm(tx, notice.alarm_id)
        if alarm.state is AlarmState.RESOLVED or not channel.is_on:
            why = "notice_channel_off" if not channel.is_on else "notice_alarm_over"
            _end(tx, notice, NoticeState.DROPPED, now, why)
            return None
        if not notice_store.claim(tx, notice, until=now + CLAIM):
            return None
        letter = letter_of(tx, post, notice.notice_id, alarm, channel.language)
    result = _send(post, channel, letter)
    _record(post, notice, channel, result)
    return Delivered(notice=notice, channel=channel, result=result)


def _send(post: Post, channel: Channel, letter: Letter) -> str:
    try:
        notice_senders.send(channel, letter, post.means, post.clock.now())
    except NotSent as fault:
        return fault.code
    return TAKEN


def _record(post: Post, notice: Notice, channel: Channel, result: str) -> None:
    """The try stands in the notice and beside its channel; after the last one a person must look."""
    now, tries = post.clock.now(), notice.tries + 1
    with post.database.transaction() as tx:
        notice_store.change_channel(tx, channel.channel_id, tried_at=now, result=result)
        if result == TAKEN:
            _end(tx, notice, NoticeState.SENT, now, "")
        elif tries >= MOST_TRIES:
            _end(tx, notice, NoticeState.DEAD, now, result)
        else:
            waiting = NoticeState.WAITING
            next_at = now + PAUSES[tries - 1]
            notice_store.move_notice(
                tx, notice.notice_id, state=waiting, comes_from=waiting, next_at=next_at, why=result
            )


def _end(tx: Transaction, notice: Notice, state: NoticeState, now: datetime, why: str) -> None:
    notice_store.move_notice(
        tx, notice.notice_id, state=state, comes_from=NoticeState.WAITING, done_at=now, why=why
    )
