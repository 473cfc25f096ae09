"""
The channels of notices as an administrator keeps them: added, given levels, switched on and off, never lost.

A target and a secret are never shown again and never changed: another address is another channel.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from busops.domain.errors import InvalidInput, NotFound
from busops.domain.notices import LEVELS, ChannelKind, NoticeMeans, target_fault
from busops.domain.values import Clock, Ids
from busops.services.acting import By, record_act, user_of
from busops.storage import notice_store
from busops.storage.alarm_store import Alarm
from busops.storage.database import Database
from busops.storage.notice_store import Channel, Notice, NoticeState

LONGEST_NAME: Final = 80
LONGEST_TARGET: Final = 500
LANGUAGES: Final = ("zh_Hans", "en")
SECRET_MIN: Final = 16  # a shorter one could be guessed from one signed notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a form says of a channel."""

    kind: str
    name: str
    target: str
    secret: str
    levels: Iterable[int]
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Every channel, the notices that were given up, and the last ones."""

    channels: tuple[Channel, ...]
    dead: tuple[tuple[Notice, Alarm], ...]
    last: tuple[tuple[Notice, Alarm], ...]

    def name_of(self, notice: Notice) -> str:
        """The name of a notice's channel."""
        return next(each.name for each in self.channels if each.channel_id == notice.channel_id)


def overview(database: Database) -> Overview:
    """What the page of notices shows."""
    with database.reading() as tx:
        return Overview(
            channels=notice_store.load_channels(tx),
            dead=notice_store.list_notices(tx, NoticeState.DEAD),
            last=notice_store.list_notices(tx, most=20),
        )


def add_channel(
    database: Database, given: Given, *, means: NoticeMeans, by: By, clock: Clock, ids: Ids
) -> Channel:
    """The channel stands and takes what is raised from now on; raises InvalidInput, Conflict for its name."""
    now = clock.now()
    channel = Channel(
        channel_id=ids.new(),
        kind=_kind(given.kind),
        name=_short(given.name, "notice_name_wrong", LONGEST_NAME),
        target=_short(given.target, "notice_url_wrong", LONGEST_TARGET),
        secret=given.secret.strip(),
        levels=_levels(given.levels),
        language=_language(given.language),
        since_at=now,
        made_by=user_of(by),
        made_at=now,
    )
    fault = target_fault(channel.kind, channel.target, means)
    if fault is not None:
        raise InvalidInput(fault)
    if channel.kind is ChannelKind.WEBHOOK and len(channel.secret) < SECRET_MIN:
        raise InvalidInput("notice_secret_short", least=SECRET_MIN)
    with database.transaction() as tx:
        notice_store.insert_channel(tx, channel)
        facts = {"name": channel.name, "kind": channel.kind.value, "levels": sorted(channel.levels)}
        record_act(tx, by, "notice_channel_added", channel.channel_id, facts=facts, clock=clock)
    return channel


def set_levels(
    database: Database, channel_id: str, levels: Iterable[int], language: str, *, by: By, clock: Clock
) -> None:
    """The channel is told of alarms of these levels, in that language."""
    chosen, spoken = _levels(levels), _language(language)
    with database.transaction() as tx:
        name = notice_store.load_channel(tx, channel_id).name
        notice_store.change_channel(tx, channel_id, levels=chosen, language=spoken)
        facts = {"name": name, "levels": sorted(chosen)}
        record_act(tx, by, "notice_levels_set", channel_id, facts=facts, clock=clock)


def switch(database: Database, channel_id: str, *, is_on: bool, by: By, clock: Clock) -> None:
    """The channel is on, for what is raised from now on, or off, with what waits for it dropped."""
    with database.transaction() as tx:
        channel = notice_store.load_channel(tx, channel_id)
        since_at = clock.now() if is_on and not channel.is_on else channel.since_at
        notice_store.change_channel(tx, channel_id, is_on=is_on, since_at=since_at)
        act = "notice_channel_on" if is_on else "notice_channel_off"
        record_act(tx, by, act, channel_id, facts={"name": channel.name}, clock=clock)


def channel_named(database: Database, name: str) -> Channel:
    """The channel with that name; NotFound when there is none."""
    with database.reading() as tx:
        found = next((each for each in notice_store.load_channels(tx) if each.name == name), None)
    if found is None:
        raise NotFound("no_such_channel", channel_id=name)
    return found


def _kind(said: str) -> ChannelKind:
    if said not in list(ChannelKind):
        raise InvalidInput("notice_kind_unknown", kind=said)
    return ChannelKind(said)


def _short(said: str, code: str, most: int) -> str:
    text = said.strip()
    if not text or len(text) > most or not text.isprintable():
        raise InvalidInput(code)
    return text


def _levels(said: Iterable[int]) -> frozenset[int]:
    levels = frozenset(said)
    if not levels or not levels <= set(LEVELS):
        raise InvalidInput("notice_levels_wrong")
    return levels


def _language(said: str) -> str:
    if said not in LANGUAGES:
        raise InvalidInput("notice_language_unknown")
    return said
