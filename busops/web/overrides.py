"""
Overrides on a run's page and in the report: one asks, another of another role agrees or refuses.

Both act in sessions of their own: nobody types another's password here.
"""

from datetime import UTC, datetime
from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for

from busops.domain.errors import Refused
from busops.domain.overrides import OverrideReason
from busops.domain.people import Role
from busops.domain.values import RunId
from busops.services import overrides
from busops.services.overrides import ReportedOverride
from busops.web import formats
from busops.web.context import current
from busops.web.language import code_words, say
from busops.web.runs import CONFLICT, Answer, decide, one_of, typed_reason
from busops.web.security import allow
from busops.web.tables import Column, arrange, csv_of, wants_csv

bp = Blueprint("overrides", __name__, url_prefix="/runs")
SEARCHERS: Final = (Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN, Role.ATTENDANT, Role.DRIVER)


@bp.get("/overrides")
@allow(Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN)
def index() -> Answer:
    """Every override ever asked for, and how often each gate was let pass."""
    report = overrides.override_report(current().database)
    listing = arrange(report.overrides, _columns(report.people), filters=[], sort="-asked")
    if wants_csv():
        return csv_of(listing, "overrides.csv")
    passed = [(code_words(f"override_kind.{kind}"), count) for kind, count in report.passed.items()]
    return render_template("runs/override_report.html", listing=listing, report=report, passed=passed)


@bp.post("/<run_id>/overrides")
@allow(Role.DISPATCHER, Role.ADMIN)
def ask(run_id: str) -> Answer:
    """Somebody asks that a gate lets this pass."""

    def act(here: dict[str, Any]) -> None:
        overrides.ask_override(
            **here,
            key=request.form.get("key", ""),
            reason=one_of(OverrideReason, request.form.get("override_reason", "")),
            note=typed_reason(),
        )

    return decide(run_id, say("已申请放行，由另一种职务的人在时限内批准"), act)


@bp.get("/searches")
@allow(*SEARCHERS)
def searches() -> str:
    """The buses that somebody is to walk through, because a tablet of theirs is lost."""
    return _searches()


@bp.post("/<run_id>/overrides/<override_id>/search")
@allow(*SEARCHERS)
def search(run_id: str, override_id: str) -> Answer:
    """A third person has walked through the bus."""
    here = current()
    own: dict[str, Any] = {"by": here.actor, "clock": here.clock}
    try:
        overrides.sign_search(here.database, RunId(run_id), override_id, **own)
    except Refused as refusal:
        return _searches(refusal), CONFLICT
    flash(say("已记录：您到车上查过"))
    return redirect(url_for("overrides.searches"))


@bp.post("/<run_id>/overrides/<override_id>/approve")
@allow(Role.SUPERVISOR, Role.ADMIN)
def approve(run_id: str, override_id: str) -> Answer:
    """The second person agrees."""
    own: dict[str, Any] = {"override_id": override_id, "approves": True}
    return decide(run_id, say("已批准放行"), lambda here: overrides.decide_override(**here, **own))


@bp.post("/<run_id>/overrides/<override_id>/refuse")
@allow(Role.SUPERVISOR, Role.ADMIN)
def refuse(run_id: str, override_id: str) -> Answer:
    """The second person does not agree."""
    own: dict[str, Any] = {"override_id": override_id, "approves": False}
    return decide(run_id, say("已拒绝放行"), lambda here: overrides.decide_override(**here, **own))


def _searches(refusal: Refused | None = None) -> str:
    here = current()
    found = overrides.searches(here.database, here.clock.now())
    return render_template("runs/searches.html", searches=found, refusal=refusal)


def _columns(people: Any) -> list[Column]:
    def name(user_id: str) -> str:
        return str(people.get(user_id, user_id))

    return [
        Column(
            key="asked",
            word=say("申请时间"),
            of=lambda row: row.override.asked_ms,
            shows=lambda row: formats.moment(_at(row.override.asked_ms)),
        ),
        Column(key="plate", word=say("车牌"), of=lambda row: row.run.plate, searched=True),
        Column(key="kind", word=say("放行事项"), of=_kind),
        Column(key="reason", word=say("原因"), of=_reason),
        Column(key="note", word=say("说明"), of=lambda row: row.override.note, searched=True, text=True),
        Column(key="asked_by", word=say("申请人"), of=lambda row: name(row.override.asked_by), text=True),
        Column(key="decided_by", word=say("批准人"), of=lambda row: name(row.override.decided_by), text=True),
        Column(key="verdict", word=say("结果"), of=_verdict),
    ]


def _kind(row: ReportedOverride) -> str:
    return code_words(f"override_kind.{row.override.kind}")


def _reason(row: ReportedOverride) -> str:
    return code_words(f"override_reason.{row.override.reason}")


def _at(moment_ms: int) -> datetime:
    return datetime.fromtimestamp(moment_ms / 1000, UTC)


def _verdict(row: ReportedOverride) -> str:
    return code_words(f"override_verdict.{row.override.verdict or 'open'}")
