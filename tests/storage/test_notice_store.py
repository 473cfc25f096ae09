"""Channels, notices and marked days on both databases: once, forward only, kept against raw SQL."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from busops.domain.errors import Conflict, NotFound
from busops.domain.notices import ChannelKind
from busops.storage import alarm_store, day_store, notice_store
from busops.storage.alarm_store import Alarm, AlarmState
from busops.storage.database import Database, Transaction
from busops.storage.day_store import DayMark, Weather
from busops.storage.notice_store import Channel, Notice, NoticeState
from tests.builders import a_run
from tests.run_kit import store_run

AT = datetime(2026, 3, 13, 9, tzinfo=UTC)
FRIDAY = date(2026, 3, 13)
CHANNEL = Channel(
    channel_id="c1",
    kind=ChannelKind.WEBHOOK,
    name="值班系统",
    target="https://duty.example.org/alarm",
    secret="s" * 16,
    levels=frozenset({1, 3}),
    language="zh_Hans",
    since_at=AT,
    made_by="u1",
    made_at=AT,
)


def an_alarm(level: int, *, at: datetime = AT) -> Alarm:
    """A check overdue at that level."""
    return Alarm(
        alarm_id=f"a{level}",
        run_id=a_run().run_id,
        kind="check_overdue",
        level=level,
        occasion="v0",
        state=AlarmState.RAISED,
        raised_at=at,
    )


@pytest.fixture
def kept(database: Database) -> Database:
    """A run with alarms of levels 1 to 3, a channel, one notice that waits and one of each end."""
    stand(database)
    return database


def stand(database: Database) -> None:
    """All of it stands."""
    store_run(database, a_run())
    with database.transaction() as tx:
        for level in range(4):
            alarm_store.raise_alarm(tx, an_alarm(level))
        for number, state in enumerate(NoticeState):
            notice_store.insert_channel(
                tx, replace(CHANNEL, channel_id=f"c{number}", name=f"channel {number}")
            )
            notice_store.insert_notice(tx, a_notice(number))
            if state is not NoticeState.WAITING:
                notice_store.move_notice(tx, f"n{number}", state=state, comes_from=NoticeState.WAITING)
        day_store.insert_mark(tx, a_mark(1, Weather.HOT))


def a_notice(number: int) -> Notice:
    """The alarm of level 1 on its way to that channel."""
    return Notice(
        notice_id=f"n{number}", alarm_id="a1", channel_id=f"c{number}", level=1, made_at=AT, next_at=AT
    )


def a_mark(number: int, weather: Weather) -> DayMark:
    """What was said of the Friday."""
    return DayMark(on=FRIDAY, number=number, weather=weather, made_by="u1", made_at=AT)


def test_a_channel_comes_back_as_it_was_stored_and_its_name_is_its_own(database: Database) -> None:
    """Every field; a second one of that name is a conflict; only what may change does."""
    with database.transaction() as tx:
        notice_store.insert_channel(tx, CHANNEL)
        assert notice_store.load_channel(tx, "c1") == CHANNEL
        with pytest.raises(Conflict, match="notice_channel_stands"):
            notice_store.insert_channel(tx, replace(CHANNEL, channel_id="c2"))
        notice_store.change_channel(tx, "c1", levels=frozenset({5}), is_on=False, result="ok", tried_at=AT)
        changed = notice_store.load_channel(tx, "c1")
        assert changed == replace(CHANNEL, levels=frozenset({5}), is_on=False, result="ok", tried_at=AT)
        for act in (notice_store.load_channel, notice_store.change_channel):
            with pytest.raises(NotFound, match="no_such_channel"):
                act(tx, "c9", **({"is_on": True} if act is notice_store.change_channel else {}))


def test_a_channel_is_told_of_its_levels_since_it_was_switched_on(kept: Database) -> None:
    """Not of other levels, not of what is over, not of what was raised before, not twice."""

    def told(tx: Transaction, channel_id: str) -> list[str]:
        channel = replace(CHANNEL, channel_id=channel_id)
        return [alarm.alarm_id for alarm in notice_store.unnoticed(tx, channel)]

    with kept.transaction() as tx:
        assert told(tx, "c9") == ["a1", "a3"]
        assert told(tx, "c0") == ["a3"]
        late = replace(CHANNEL, channel_id="c9", since_at=AT + timedelta(seconds=1))
        assert notice_store.unnoticed(tx, late) == ()
        alarm_store.resolve(tx, "a3", by="u1", at=AT, evidence="checks_complete")
        assert told(tx, "c0") == []


def test_a_notice_is_claimed_by_one_and_waits_out_the_claim(kept: Database) -> None:
    """The second worker, who saw the same row, gets nothing; after the claim it is due again."""
    with kept.transaction() as tx:
        (seen,) = notice_store.due_notices(tx, AT)
        assert notice_store.due_notices(tx, AT - timedelta(seconds=1)) == ()
        until = AT + timedelta(minutes=2)
        assert notice_store.claim(tx, seen, until=until)
        assert not notice_store.claim(tx, seen, until=until)
        assert notice_store.due_notices(tx, AT) == ()
        (again,) = notice_store.due_notices(tx, until)
        assert (again.tries, again.next_at) == (1, until)


def test_a_notice_moves_only_from_where_it_is(kept: Database) -> None:
    """What was sent is not sent again; a dead one may wait anew."""
    with kept.transaction() as tx:
        with pytest.raises(Conflict, match="notice_moved_on"):
            notice_store.move_notice(tx, "n1", state=NoticeState.SENT, comes_from=NoticeState.WAITING)
        notice_store.move_notice(tx, "n2", state=NoticeState.WAITING, comes_from=NoticeState.DEAD, tries=0)
        listed = notice_store.list_notices(tx, NoticeState.WAITING)
        assert {notice.notice_id for notice, _ in listed} == {"n0", "n2"}
        assert {alarm.alarm_id for _, alarm in listed} == {"a1"}


def test_the_last_mark_of_a_day_holds(kept: Database) -> None:
    """Hot, then plain again: the day is no short one any more, and both marks stand."""
    with kept.transaction() as tx:
        assert day_store.short_days(tx) == {FRIDAY}
        day_store.insert_mark(tx, a_mark(2, Weather.PLAIN))
        assert day_store.short_days(tx) == frozenset()
        assert day_store.last_mark(tx, FRIDAY) == a_mark(2, Weather.PLAIN)
        assert day_store.last_mark(tx, date(2026, 3, 14)) is None


ATTACKS = {
    "a mark changed": ("UPDATE day_mark SET weather = 'plain'", "append_only"),
    "a mark removed": ("DELETE FROM day_mark", "append_only"),
    "a mark slipped in between": (
        "INSERT INTO day_mark (school_id, marked_on, number, weather, made_by, made_at) "
        "SELECT school_id, marked_on, 9, 'plain', made_by, made_at FROM day_mark",
        "day_mark_in_turn",
    ),
    "a notice removed": ("DELETE FROM notice", "append_only"),
    "a notice born sent": (
        "INSERT INTO notice (school_id, notice_id, alarm_id, channel_id, level, state, tries, made_at, "
        "next_at, why) SELECT school_id, 'x', 'a3', channel_id, 3, 'sent', 0, made_at, next_at, '' "
        "FROM notice WHERE notice_id = 'n0'",
        "notice_born_waiting",
    ),
    "a sent notice sent again": (
        "UPDATE notice SET state = 'waiting' WHERE notice_id = 'n1'",
        "notice_forward_only",
    ),
    "a dead notice called sent": (
        "UPDATE notice SET state = 'sent' WHERE notice_id = 'n2'",
        "notice_forward_only",
    ),
    "a dropped notice sent": (
        "UPDATE notice SET state = 'sent' WHERE notice_id = 'n3'",
        "notice_forward_only",
    ),
    "a notice for another alarm": (
        "UPDATE notice SET alarm_id = 'a3' WHERE notice_id = 'n0'",
        "notice_forward_only",
    ),
    "a notice of another level": (
        "UPDATE notice SET level = 0 WHERE notice_id = 'n0'",
        "notice_forward_only",
    ),
    "a channel removed": ("DELETE FROM notice_channel", "append_only"),
    "a channel pointed elsewhere": (
        "UPDATE notice_channel SET target = 'https://elsewhere.example.org/'",
        "notice_channel_fixed",
    ),
    "a channel with another secret": ("UPDATE notice_channel SET secret = ''", "notice_channel_fixed"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_raw_sql_neither_unsays_nor_redirects(kept: Database, attack: str) -> None:
    """Each statement is refused by a guard of the database, and named."""
    statement, guard = ATTACKS[attack]
    with pytest.raises(DBAPIError, match=guard), kept.transaction() as tx:
        tx.session.execute(text(statement))


@pytest.mark.parametrize("table", ["day_mark", "notice", "notice_channel"])
def test_nothing_is_emptied_or_replaced(kept: Database, table: str) -> None:
    """TRUNCATE on PostgreSQL, INSERT OR REPLACE on SQLite: refused."""
    is_sqlite = kept.engine.dialect.name == "sqlite"
    replaced = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"  # noqa: S608 - a name of the list
    statement = replaced if is_sqlite else f"TRUNCATE {table} CASCADE"
    with pytest.raises(DBAPIError, match="guard: "), kept.transaction() as tx:
        tx.session.execute(text(statement))
