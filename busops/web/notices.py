"""Where alarms are told: channels with their levels, a test for each, and what could not be sent."""

from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from busops import i18n
from busops.domain.errors import BusopsError
from busops.domain.notices import LEVELS, ChannelKind
from busops.domain.people import Role
from busops.services import notice_channels, notices
from busops.services.notice_channels import LANGUAGES, Given
from busops.services.notices import Post
from busops.storage.notice_store import Channel
from busops.web.context import current
from busops.web.formats import words
from busops.web.language import code_words, say
from busops.web.security import allow

bp = Blueprint("notices", __name__, url_prefix="/manage/notices")

TAIL: Final = 4


@bp.get("")
@allow(Role.ADMIN)
def index() -> str:
    """Every channel, what was given up, what was sent last."""
    return _page(None)


@bp.post("")
@allow(Role.ADMIN)
def add() -> ResponseReturnValue:
    """The channel is told of alarms from now on."""
    here, form = current(), request.form
    given = Given(
        kind=form.get("kind", ""),
        name=form.get("name", ""),
        target=form.get("target", ""),
        secret=form.get("secret", ""),
        levels=_levels(),
        language=form.get("language", ""),
    )
    try:
        channel = notice_channels.add_channel(
            here.database, given, means=here.settings.notices, by=here.actor, clock=here.clock, ids=here.ids
        )
    except BusopsError as error:
        return _page(error, given), 409
    flash(say("已增加渠道“%(name)s”", name=channel.name))
    return redirect("/manage/notices")


@bp.post("/<channel_id>/levels")
@allow(Role.ADMIN)
def set_levels(channel_id: str) -> ResponseReturnValue:
    """The channel is told of these levels, in that language."""
    here, name = current(), _name(channel_id)
    language = request.form.get("language", "")
    try:
        notice_channels.set_levels(
            here.database, channel_id, _levels(), language, by=here.actor, clock=here.clock
        )
    except BusopsError as error:
        return _page(error), 409
    flash(say("已存下“%(name)s”的级别", name=name))
    return redirect("/manage/notices")


@bp.post("/<channel_id>/switch")
@allow(Role.ADMIN)
def switch(channel_id: str) -> ResponseReturnValue:
    """The channel is on or off."""
    here, name = current(), _name(channel_id)
    is_on = request.form.get("is_on") == "1"
    notice_channels.switch(here.database, channel_id, is_on=is_on, by=here.actor, clock=here.clock)
    if is_on:
        flash(say("已启用“%(name)s”，从现在起的报警会发给它", name=name))
    else:
        flash(say("已停用“%(name)s”", name=name))
    return redirect("/manage/notices")


@bp.post("/<channel_id>/test")
@allow(Role.ADMIN)
def test(channel_id: str) -> ResponseReturnValue:
    """A letter that says it is a test is tried at once."""
    name = _name(channel_id)
    result = notices.test_channel(_post(), channel_id, by=current().actor)
    flash(say("测试“%(name)s”：%(result)s", name=name, result=code_words(result)))
    return redirect("/manage/notices")


@bp.post("/again/<notice_id>")
@allow(Role.ADMIN)
def again(notice_id: str) -> ResponseReturnValue:
    """A notice that was given up waits anew."""
    here = current()
    try:
        notices.send_again(here.database, notice_id, by=here.actor, clock=here.clock)
        flash(say("已重新排队，几秒内再试"))
    except BusopsError as error:
        flash(words(error))
    return redirect("/manage/notices")


def _page(error: BusopsError | None, given: Given | None = None) -> str:
    return render_template(
        "dispatch/notices.html",
        shown=notice_channels.overview(current().database),
        error=error,
        given=given,
        kinds=tuple(ChannelKind),
        levels=LEVELS,
        languages=LANGUAGES,
        taken=notices.TAKEN,
        where=_where,
    )


def _where(channel: Channel) -> str:
    """Enough of a target to tell it from another: its host, or the mail address's; never a key."""
    if channel.kind is ChannelKind.SMTP:
        person, _, host = channel.target.rpartition("@")
        return f"{person[:1]}…@{host}"
    return f"{urlsplit(channel.target).hostname}…{channel.target[-TAIL:]}"


def _levels() -> frozenset[int]:
    said = request.form.getlist("levels")
    return frozenset(int(each) if each.isascii() and each.isdigit() else -1 for each in said)


def _name(channel_id: str) -> str:
    channels = notice_channels.overview(current().database).channels
    return next((each.name for each in channels if each.channel_id == channel_id), "")


def _post() -> Post:
    here = current()
    return Post(
        database=here.database,
        clock=here.clock,
        ids=here.ids,
        means=here.settings.notices,
        speak=i18n.words,
    )
