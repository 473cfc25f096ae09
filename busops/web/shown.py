"""
What every page shows around its content: navigation by role, the reader, assets, chart shapes.

Only values for the layouts; the layouts themselves are templates.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from flask import Flask, current_app, request, url_for
from flask_wtf.csrf import generate_csrf
from werkzeug.exceptions import HTTPException

from busops.domain.people import Role
from busops.services import front
from busops.web import charts, formats, language
from busops.web.context import current
from busops.web.security import access_of

DIGEST_CHARACTERS: Final = 10
HTMX: Final = "vendor/htmx.org/dist/htmx.min.js"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One entry of the navigation: shown to the roles that its page is open to."""

    key: str
    icon: str
    word: str
    path: str
    group: str = ""
    shortcut: str = ""


# The msgids are collected here and spoken in the layout.
DOORS: Final = (
    Door(key="home", icon="home", word="首页", path="/", shortcut="h"),
    Door(key="dispatch", icon="bus", word="调度看板", path="/dispatch", shortcut="d"),
    Door(key="rosters", icon="users", word="名单", path="/rosters/", shortcut="r"),
    Door(key="plans", icon="route", word="线路方案", path="/plans/", shortcut="p"),
    Door(key="finance", icon="yuan", word="收支核对", path="/finance/", shortcut="f"),
    Door(key="runs", icon="list", word="趟次记录", path="/runs/", group="登记"),
    Door(key="riders", icon="school", word="学生", path="/register/riders", group="登记"),
    Door(key="stops", icon="pin", word="站点", path="/register/stops", group="登记"),
    Door(key="vehicles", icon="shield", word="车辆", path="/register/vehicles", group="登记"),
    Door(key="crew", icon="user", word="随车人员", path="/register/crew", group="登记"),
    Door(key="devices", icon="phone", word="平板", path="/manage/devices", group="管理"),
    Door(key="notices", icon="bell", word="通知", path="/manage/notices", group="管理"),
    Door(key="safety", icon="clock", word="报警时限", path="/manage/safety", group="管理"),
    Door(key="people", icon="key", word="账号", path="/manage/people", group="管理"),
    Door(key="audit", icon="book", word="操作记录", path="/manage/audit", group="管理"),
    Door(key="settings", icon="gear", word="设置", path="/manage/settings", group="管理"),
)


def install(app: Flask) -> None:
    """Templates of ``app`` have what the layouts need."""
    app.jinja_env.globals.update(
        asset=asset,
        may_open=may_open,
        charts_of=charts,
        csrf_token=generate_csrf,
        code_words=language.code_words,
        words=formats.words,
        has_htmx=has_asset(HTMX),
        htmx_file=HTMX,
    )
    app.context_processor(_around)


def asset(name: str) -> str:
    """The address of a static file; it changes with the content, so browsers may keep it for long."""
    return url_for("static", filename=name, v=_digest(name))


def has_asset(name: str) -> bool:
    """True when the static file is there (browser libraries are fetched at build)."""
    return (Path(__file__).parent / "static" / name).is_file()


def open_to(role: Role, path: str) -> bool:
    """True when a page answers at ``path`` and its role list has ``role``."""
    try:
        endpoint, _ = current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return False
    access = access_of(current_app, str(endpoint))
    return access is not None and role in access.roles


def may_open(path: str) -> bool:
    """True when the reader's role may open the page at ``path``: a link to it is shown only then."""
    reader = current().person
    return reader is not None and open_to(reader.role, path)


def doors(role: Role) -> tuple[Door, ...]:
    """The navigation of a role."""
    return tuple(door for door in DOORS if open_to(role, door.path))


def _around() -> dict[str, Any]:
    here = current()
    around = front.surroundings(here.database) if here.person else None
    return {
        "reader": here.person,
        "locale": here.locale,
        "html_lang": language.TAGS[here.locale],
        "other_language": language.ENGLISH if here.locale == language.CHINESE else language.CHINESE,
        "now": here.clock.now(),
        "is_demo": here.settings.demo,
        "school_name": (around and around.school_name) or here.settings.school_id,
        "waiting": {"dispatch": around.alarms} if around else {},
        "navigation": doors(here.person.role) if here.person else (),
        "this_page": request.full_path.rstrip("?") if request.method == "GET" else "/",
    }


@cache
def _digest(name: str) -> str:
    path = Path(__file__).parent / "static" / name
    return hashlib.sha256(path.read_bytes()).hexdigest()[:DIGEST_CHARACTERS] if path.is_file() else "0"
