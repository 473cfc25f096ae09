"""People, the audit and the settings: what an administrator looks after."""

from dataclasses import fields
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from busops.config import Settings
from busops.domain.errors import BusopsError, Conflict, InvalidInput, Refused
from busops.domain.people import Role
from busops.domain.values import CrewId
from busops.services import audit, people
from busops.services.audit import ShownEntry
from busops.services.credentials import one_time_password
from busops.services.people import Person
from busops.web import audit_words, formats, manage_devices, tables
from busops.web.context import current, runtime
from busops.web.language import code_words, say
from busops.web.security import allow
from busops.web.settings_shown import meaning
from busops.web.tables import Column, Filter

bp = Blueprint("manage", __name__, url_prefix="/manage")

bp.register_blueprint(manage_devices.bp)

ENTRIES_SHOWN: Final = 5000


@bp.get("/people")
@allow(Role.ADMIN)
def list_people() -> ResponseReturnValue:
    """Every account."""
    listing = tables.arrange(
        people.list_people(current().database), _people_columns(), filters=_people_filters(), sort="username"
    )
    if tables.wants_csv():
        return tables.csv_of(listing, "people.csv")
    return render_template("manage/people.html", listing=listing)


@bp.get("/people/new")
@allow(Role.ADMIN)
def new_person() -> str:
    """The form of a new account."""
    return render_template("manage/new_person.html", form={}, error=None, findings=())


@bp.post("/people/new")
@allow(Role.ADMIN)
def create_person() -> ResponseReturnValue:
    """The account is there; its one-time password is shown once, on this answer only."""
    here, form = current(), request.form
    password = one_time_password()
    try:
        person = people.create_person(
            here.database,
            name=form.get("name", ""),
            username=form.get("username", ""),
            role=_role(form.get("role", "")),
            crew_id=_crew(form.get("crew_id", "")),
            password=password,
            must_change=True,
            by=here.actor,
            clock=here.clock,
            ids=here.ids,
            hasher=runtime().hasher,
        )
    except (InvalidInput, Conflict) as error:
        return _refused("manage/new_person.html", error, form=form)
    return render_template("manage/password.html", person=person, password=password)


@bp.get("/people/<user_id>")
@allow(Role.ADMIN)
def show_person(user_id: str) -> str:
    """One account, to change."""
    person = people.find_person(current().database, user_id)
    return render_template("manage/person.html", person=person, error=None, findings=())


@bp.post("/people/<user_id>")
@allow(Role.ADMIN)
def change_person(user_id: str) -> ResponseReturnValue:
    """The account has its new name, role and crew member."""
    here, form = current(), request.form
    try:
        people.change_person(
            here.database,
            user_id,
            name=form.get("name", ""),
            role=_role(form.get("role", "")),
            crew_id=_crew(form.get("crew_id", "")),
            by=here.actor,
            clock=here.clock,
        )
    except (InvalidInput, Refused) as error:
        return _refused("manage/person.html", error, person=people.find_person(here.database, user_id))
    flash(say("账号已存"))
    return redirect(url_for("manage.list_people"))


@bp.post("/people/<user_id>/disable")
@allow(Role.ADMIN)
def disable_person(user_id: str) -> ResponseReturnValue:
    """Nobody can use the account."""
    people.disable_person(current().database, user_id, by=current().actor, clock=current().clock)
    flash(say("账号已停用，它的登录已全部结束"))
    return redirect(url_for("manage.list_people"))


@bp.post("/people/<user_id>/enable")
@allow(Role.ADMIN)
def enable_person(user_id: str) -> ResponseReturnValue:
    """The account can be used again."""
    people.enable_person(current().database, user_id, by=current().actor, clock=current().clock)
    flash(say("账号已恢复"))
    return redirect(url_for("manage.list_people"))


@bp.post("/people/<user_id>/password")
@allow(Role.ADMIN)
def reset_password(user_id: str) -> str:
    """A new one-time password, shown once."""
    here = current()
    password = people.reset_password(
        here.database, user_id, by=here.actor, clock=here.clock, hasher=runtime().hasher
    )
    person = people.find_person(here.database, user_id)
    return render_template("manage/password.html", person=person, password=password)


@bp.get("/audit")
@allow(Role.ADMIN, Role.SUPERVISOR)
def show_audit() -> ResponseReturnValue:
    """Who did what, newest first; and whether the chain holds."""
    here = current()
    entries = audit.newest(here.database, limit=ENTRIES_SHOWN)
    listing = tables.arrange(entries, _audit_columns(), filters=_audit_filters(entries))
    if tables.wants_csv():
        return tables.csv_of(listing, "audit.csv")
    verdict = audit.verify(here.database) if request.args.get("verify") else None
    return render_template("manage/audit.html", listing=listing, verdict=verdict, said=audit_words)


@bp.get("/settings")
@allow(Role.ADMIN)
def show_settings() -> str:
    """How this installation runs: every setting with its value, its default and what it means."""
    shown = current().settings.shown()
    defaults = Settings().shown()
    rows = tuple(
        (item.name, shown[item.name], defaults[item.name], meaning(item.name)) for item in fields(Settings)
    )
    return render_template("manage/settings.html", rows=rows)


def _refused(template: str, error: BusopsError, **values: object) -> ResponseReturnValue:
    findings = error.findings if isinstance(error, InvalidInput) else ()
    page = render_template(template, error=error, findings=findings, **values)
    return page, 400 if isinstance(error, InvalidInput) else 409


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise InvalidInput("role_unknown", role=text) from None


def _crew(text: str) -> CrewId | None:
    return CrewId(text.strip()) if text.strip() else None


def _role_word(person: Person) -> str:
    return code_words(f"role.{person.role.value}")


def _people_columns() -> tuple[Column, ...]:
    return (
        Column(key="username", word=say("工号"), of=lambda row: row.username, searched=True),
        Column(key="name", word=say("姓名"), of=lambda row: row.name, searched=True, text=True),
        Column(key="role", word=say("角色"), of=_role_word, searched=True),
        Column(key="crew", word=say("随车编号"), of=lambda row: row.crew_id or "", searched=True),
        Column(
            key="last",
            word=say("上次登录"),
            of=lambda row: row.last_signin_at,
            shows=lambda row: formats.moment(row.last_signin_at),
        ),
        Column(key="state", word=say("状态"), of=lambda row: say("停用") if row.is_disabled else say("可用")),
    )


def _people_filters() -> tuple[Filter, ...]:
    roles = tuple((role.value, code_words(f"role.{role.value}")) for role in Role)
    states = (("open", say("可用")), ("off", say("停用")))
    return (
        Filter(key="role", word=say("角色"), choices=roles, of=lambda row: row.role.value),
        Filter(
            key="state", word=say("状态"), choices=states, of=lambda row: "off" if row.is_disabled else "open"
        ),
    )


def _audit_columns() -> tuple[Column, ...]:
    return (
        Column(key="no", word=say("编号"), of=lambda row: row.entry.entry_no, numeric=True),
        Column(key="at", word=say("时间"), of=lambda row: row.entry.at, shows=_at),
        Column(key="who", word=say("谁"), of=audit_words.who, searched=True),
        Column(key="role", word=say("角色"), of=_role_of, searched=True),
        Column(key="act", word=say("做了什么"), of=_act, searched=True, text=True),
        Column(key="subject", word=say("对象"), of=_about, searched=True),
        Column(key="facts", word=say("细节"), of=audit_words.plain, searched=True, sortable=False, text=True),
    )


def _audit_filters(entries: tuple[ShownEntry, ...]) -> tuple[Filter, ...]:
    acts = sorted({row.entry.act for row in entries})
    choices = tuple((act, code_words(f"act.{act}")) for act in acts)
    people_named = tuple((name, name) for name in sorted({audit_words.who(row) for row in entries}))
    return (
        Filter(key="act", word=say("做了什么"), choices=choices, of=lambda row: row.entry.act),
        Filter(key="who", word=say("谁"), choices=people_named, of=audit_words.who),
    )


def _at(row: ShownEntry) -> str:
    return formats.moment(row.entry.at)


def _role_of(row: ShownEntry) -> str:
    return code_words(f"role.{row.entry.role}") if row.entry.role else ""


def _about(row: ShownEntry) -> str:
    said = audit_words.about(row)
    return f"{said.label} {said.whole or said.text}".strip()


def _act(row: ShownEntry) -> str:
    return code_words(f"act.{row.entry.act}")
