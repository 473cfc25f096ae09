"""Delivery on both databases: every alarm once to every channel of its level, again until taken, no names."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from busops import i18n
from busops.domain.errors import Conflict, InvalidInput, NotFound
from busops.domain.notices import ChannelKind, NoticeMeans
from busops.services import notice_channels, notices, runs, watch
from busops.services.notice_channels import Given
from busops.services.notices import TAKEN, Post
from busops.storage import alarm_store, audit_store, notice_store
from busops.storage.database import Database
from busops.storage.notice_store import Channel, NoticeState
from tests.builders import DEPARTS_AT, Tablet, a_run
from tests.machine import CountingIds, FixedClock
from tests.run_kit import send, store_run
from tests.unit.services.notice_sinks import Sink, web_sink


class School:
    """A run whose bus nobody checks, channels that lead to a sink, and a clock that is moved by hand."""

    def __init__(self, database: Database, sink: Sink) -> None:
        self.database = database
        self.sink = sink
        self.plan = a_run()
        store_run(database, self.plan)
        self.tablet = Tablet(plan=self.plan)
        self.tablet.set_out()
        self.tablet.drive()
        self.off_at = DEPARTS_AT + timedelta(seconds=self.tablet.now_s)
        self.clock = FixedClock(self.off_at)
        send(database, self.tablet, clock=self.clock)
        self.ids = CountingIds()
        means = NoticeMeans(hosts=(sink.host,), pages="https://bus.school.example/", timeout_s=2)
        self.post = Post(database=database, clock=self.clock, ids=self.ids, means=means, speak=i18n.words)

    def add(self, name: str, /, *levels: int, **changed: str) -> Channel:
        """A webhook for these levels, leading to a path of that name."""
        given = Given(
            kind=ChannelKind.WEBHOOK,
            name=name,
            target=f"http://{self.sink.host}/{name}",
            secret="s" * 16,
            levels=levels,
            language="zh_Hans",
        )
        return notice_channels.add_channel(
            self.database,
            replace(given, **changed),  # type: ignore[arg-type]
            means=self.post.means,
            by="u1",
            clock=self.clock,
            ids=self.ids,
        )

    def at(self, **after: float) -> list[str]:
        """Watch and delivery do their round, so long after the last rider got off; what came of each try."""
        self.clock.moment = self.off_at + timedelta(**after)
        watch.raise_due_alarms(self.database, self.clock, self.ids)
        return [each.result for each in notices.deliver(self.post)]

    def told(self, name: str) -> list[int]:
        """The levels that a channel was told of, in order."""
        return [asked.said["level"] for asked in self.sink.taken if asked.path == f"/{name}"]

    def states(self) -> list[tuple[str, int]]:
        """State and tries of every notice, the first made first."""
        with self.database.reading() as tx:
            found = [notice for notice, _ in notice_store.list_notices(tx)]
        return [(each.state.value, each.tries) for each in sorted(found, key=lambda each: each.notice_id)]


@pytest.fixture
def school(database: Database) -> Iterator[School]:
    """The school and its sink."""
    with web_sink() as sink:
        yield School(database, sink)


def test_a_bus_that_nobody_checks_calls_further_and_further(school: School) -> None:
    """The dispatcher's channel hears 1 to 5, the responsible's 3, the supervisor's 4 and 5: each once."""
    school.add("dispatcher", 1, 2, 3, 4, 5)
    school.add("responsible", 3)
    school.add("supervisor", 4, 5)
    when: dict[tuple[str, int], int] = {}
    for second in range(0, 31 * 60, 30):
        before = len(school.sink.taken)
        school.at(seconds=second)
        for asked in school.sink.taken[before:]:
            key = (asked.path, asked.said["level"])
            assert key not in when
            when[key] = second
    assert when == {
        ("/dispatcher", 1): 180,
        ("/dispatcher", 2): 300,
        ("/dispatcher", 3): 600,
        ("/responsible", 3): 600,
        ("/dispatcher", 4): 900,
        ("/supervisor", 4): 900,
        ("/dispatcher", 5): 1800,
        ("/supervisor", 5): 1800,
    }


def test_an_acknowledgement_stops_nothing_and_the_checks_stop_everything(school: School) -> None:
    """L1 acknowledged: L2 is told; the bus proved empty at eight minutes: L3 never is."""
    school.add("dispatcher", 1, 2, 3)
    school.at(minutes=3)
    with school.database.reading() as tx:
        (alarm,) = alarm_store.load_alarms(tx)
    watch.acknowledge(school.database, alarm.alarm_id, by="u1", clock=school.clock)
    school.at(minutes=5)
    assert school.told("dispatcher") == [1, 2]
    school.tablet.now_s += 360
    school.tablet.prove_empty()
    school.clock.moment = DEPARTS_AT + timedelta(seconds=school.tablet.now_s)
    send(school.database, school.tablet, only=school.tablet.log[-3:], clock=school.clock)
    for minute in (10, 15, 30):
        assert school.at(minutes=minute) == []
    assert school.told("dispatcher") == [1, 2]


def test_a_notice_says_run_vehicle_level_and_what_to_do_and_names_nobody(school: School) -> None:
    """Text and facts hold no rider, no stop, no crew; the link leads to the run."""
    school.add("dispatcher", 1)
    school.at(minutes=3)
    (asked,) = school.sink.taken
    assert asked.said["plate"] == "川F00001"
    assert asked.said["link"] == "https://bus.school.example/runs/run-1"
    for words in ("01 趟", "川F00001", "清车检查超时", "1 级", "派人走到车上"):
        assert words in asked.said["text"] + asked.said["kind"]
    body = asked.body.decode()
    hidden = [*school.plan.riders, *school.plan.stop_ids, *school.plan.crew]
    assert not [name for name in hidden if f'"{name}"' in body or f" {name}" in body]


def test_five_tries_with_pauses_then_a_person_must_look(school: School) -> None:
    """A server that fails is asked at 0, 10, 40, 160 and 460 seconds, then the notice is given up; once."""
    school.add("dispatcher", 1)
    school.sink.stumbles += [(503, {}, b"")] * 5
    tried = []
    for second in range(180, 1200, 5):
        tried += [second - 180 for result in school.at(seconds=second) if result == "notice_http_5xx"]
        if second < 300:
            assert school.states()[0][0] == "waiting"
    assert tried == [0, 10, 40, 160, 460]
    assert school.states() == [("dead", 5)]
    page = notice_channels.overview(school.database)
    (dead,) = page.dead
    assert (dead[0].why, page.name_of(dead[0])) == ("notice_http_5xx", "dispatcher")
    assert page.channels[0].result == "notice_http_5xx"
    notices.send_again(school.database, dead[0].notice_id, by="u1", clock=school.clock)
    assert school.at(seconds=1200) == [TAKEN]
    assert school.states() == [("sent", 1)]
    with pytest.raises(NotFound, match="no_such_dead_notice"):
        notices.send_again(school.database, dead[0].notice_id, by="u1", clock=school.clock)


def test_what_is_over_before_it_left_does_not_leave(school: School) -> None:
    """The first try failed, the bus was checked meanwhile: no second try."""
    school.add("dispatcher", 1)
    school.sink.stumbles.append((503, {}, b""))
    assert school.at(minutes=3) == ["notice_http_5xx"]
    school.tablet.now_s += 200
    school.tablet.prove_empty()
    send(school.database, school.tablet, only=school.tablet.log[-3:], clock=school.clock)
    assert school.at(minutes=4) == []
    assert school.states() == [("dropped", 1)]


def test_one_dead_channel_does_not_hold_up_the_others(school: School) -> None:
    """Its first notice fails, its second waits for the next round; the other channel hears both at once."""
    with web_sink() as gone:
        pass
    school.post = replace(school.post, means=replace(school.post.means, hosts=(school.sink.host, gone.host)))
    school.add("broken", 1, 2, target=f"http://{gone.host}/x")
    school.add("fine", 1, 2)
    assert sorted(school.at(minutes=5)) == [TAKEN, TAKEN, "notice_unreachable"]
    assert sorted(school.told("fine")) == [1, 2]
    assert school.at(minutes=5, seconds=1) == ["notice_unreachable"]


def test_two_workers_tell_a_channel_once(school: School) -> None:
    """Both saw the same notice; the second finds it claimed, and a crashed claim comes back by itself."""
    channel = school.add("dispatcher", 1)
    school.clock.moment = school.off_at + timedelta(minutes=3)
    watch.raise_due_alarms(school.database, school.clock, school.ids)
    notices.deliver(replace(school.post, means=replace(school.post.means, hosts=())))
    with school.database.reading() as tx:
        (waiting,) = notice_store.list_notices(tx, NoticeState.WAITING)
    assert waiting[0].channel_id == channel.channel_id
    school.clock.advance(10)
    with school.database.transaction() as tx:
        (seen,) = notice_store.due_notices(tx, school.clock.now())
        assert notice_store.claim(tx, seen, until=school.clock.now() + notices.CLAIM)
    assert notices.deliver(school.post) == ()
    school.clock.moment += notices.CLAIM
    assert [each.result for each in notices.deliver(school.post)] == [TAKEN]
    assert school.told("dispatcher") == [1]


def test_a_new_channel_is_not_told_of_old_alarms(school: School) -> None:
    """Made, or switched on again, at six minutes: it hears level 3 and not the two before."""
    school.at(minutes=5)
    school.clock.moment = school.off_at + timedelta(minutes=6)
    late = school.add("late", 1, 2, 3, 4)
    school.at(minutes=10)
    assert school.told("late") == [3]
    notice_channels.switch(school.database, late.channel_id, is_on=False, by="u1", clock=school.clock)
    school.at(minutes=15)
    school.clock.advance(1)
    notice_channels.switch(school.database, late.channel_id, is_on=True, by="u1", clock=school.clock)
    school.at(minutes=16)
    assert school.told("late") == [3]


def test_alarms_that_no_watch_raised_are_told_too(school: School) -> None:
    """A late boarding after the close: the database's own trigger raised the alarm, delivery finds it."""
    school.add("supervisor", 4)
    school.tablet.prove_empty()
    school.tablet.seal()
    send(school.database, school.tablet, only=school.tablet.log[-4:], clock=school.clock)
    closing = {"by": "u1", "clock": school.clock, "ids": school.ids}
    runs.close_run(school.database, school.plan.run_id, **closing)
    late = Tablet(plan=school.plan, dev=2, now_s=school.tablet.now_s)
    late.board("r1", stop_id=school.plan.terminal)
    send(school.database, late, clock=school.clock)
    notices.deliver(school.post)
    assert [asked.said["kind"] for asked in school.sink.taken] == ["reopened"]


def test_the_test_button_says_what_came_of_it(school: School) -> None:
    """Taken, then refused; each stands beside the channel and in the audit; no alarm is needed."""
    channel = school.add("dispatcher", 1)
    assert notices.test_channel(school.post, channel.channel_id, by="u1") == TAKEN
    assert school.sink.taken[0].said["kind"] == "test"
    school.sink.stumbles.append((403, {}, b""))
    assert notices.test_channel(school.post, channel.channel_id, by="u1") == "notice_http_4xx"
    with school.database.reading() as tx:
        kept = notice_store.load_channel(tx, channel.channel_id)
        acts = [entry.act for entry in audit_store.each_entry(tx)]
    assert (kept.result, kept.tried_at) == ("notice_http_4xx", school.clock.now())
    assert acts.count("notice_tested") == 2


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"kind": "fax"}, "notice_kind_unknown"),
        ({"name": " "}, "notice_name_wrong"),
        ({"name": "x" * 81}, "notice_name_wrong"),
        ({"target": "https://elsewhere.example/"}, "notice_host_not_allowed"),
        ({"target": ""}, "notice_url_wrong"),
        ({"secret": "short"}, "notice_secret_short"),
        ({"language": "fr"}, "notice_language_unknown"),
    ],
)
def test_a_channel_that_would_not_do_is_refused(school: School, changed: dict[str, str], code: str) -> None:
    """With the reason, before anything is stored."""
    with pytest.raises(InvalidInput, match=code):
        school.add("duty", 1, **changed)
    for levels in ((), (6,), (-1, 2)):
        with pytest.raises(InvalidInput, match="notice_levels_wrong"):
            school.add("duty", *levels)
    school.add("duty", 1)
    with pytest.raises(Conflict, match="notice_channel_stands"):
        school.add("duty", 2)


def test_a_demo_sends_nothing(school: School) -> None:
    """No notice is even made."""
    school.add("dispatcher", 1)
    school.clock.moment = school.off_at + timedelta(minutes=3)
    watch.raise_due_alarms(school.database, school.clock, school.ids)
    assert notices.deliver(replace(school.post, means=replace(school.post.means, is_off=True))) == ()
    assert school.states() == []
