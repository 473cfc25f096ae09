"""
A run's history in words: its phases on a line, and what happened, one sentence an event.

It reads a RunView and decides nothing. Riders one by one are told only when everything is
asked for; else the way of the bus, the counts, the checks and the decisions.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from busops.domain.departures import LEGAL_ITEMS
from busops.domain.events import (
    Alighted,
    Arrived,
    Boarded,
    Checked,
    Closed,
    Decision,
    Departed,
    DepartureForbidden,
    DeviceReleased,
    FindingSettled,
    HandedOver,
    HeadCounted,
    Kind,
    MarkedAbsent,
    MovedIn,
    MovedOut,
    Noted,
    Observation,
    PreChecked,
    Resolved,
    TransferOpened,
)
from busops.domain.findings import Severity
from busops.domain.handover import HandedBy, person_no
from busops.domain.kept_apart import Admitted
from busops.domain.people import Role
from busops.domain.run import Phase
from busops.domain.stop_changes import StopChanged, StopChangeWithdrawn
from busops.domain.transfers import RidersSent
from busops.domain.values import RunId
from busops.services.acting import SYSTEM
from busops.services.run_list import Names
from busops.services.run_views import RunView
from busops.web import formats
from busops.web.language import code_words, say

KEY: Final = frozenset(
    {Kind.PRECHECK, Kind.ACK, Kind.DEPART, Kind.ARRIVE, Kind.HEADCOUNT, Kind.CHECK, Kind.PARKED, Kind.NOTE}
)
FILLED: Final = frozenset({Kind.PRECHECK, Kind.DEPART, Kind.CHECK, Kind.PARKED})
LATE_MS: Final = 120_000
ROLES: Final = frozenset(Role)


def story(view: RunView, names: Names, *, shows_all: bool) -> list[dict[str, Any]]:
    """The events and decisions in their likely order, as the timeline draws them."""
    faults = {f.place for f in view.state.findings if f.severity is not Severity.LOG}
    told = [
        (fact.at_ms, _fact(fact, view, names, faults)) for fact in view.facts if shows_all or fact.kind in KEY
    ]
    told += [(decision.made_ms, _decision(decision, view, names)) for decision in view.decisions]
    told += [
        (round(closure.closed_at.timestamp() * 1000), _closure(closure.version, closure.closed_by, names))
        for closure in view.closures
        if not any(isinstance(each, Closed) and each.version == closure.version for each in view.decisions)
    ]
    return [item for _, item in sorted(told, key=lambda pair: pair[0])]


def phase_line(view: RunView) -> list[dict[str, Any]]:
    """The phases as the line draws them: done, here, to come."""
    phase = view.state.phase
    if phase is Phase.CANCELLED:
        return [_stop("done", "phase.ready"), _stop("bad", "phase.cancelled")]
    order = [Phase.READY, Phase.UNDERWAY, Phase.ARRIVED, Phase.CHECKED, Phase.CLOSED]
    at = {Phase.REOPENED: 2, Phase.PLANNED: 0}.get(phase, order.index(phase) if phase in order else 0)
    moments = _moments(view)
    line = []
    for place, each in enumerate(order):
        state = "next"
        if place < at or phase is Phase.CLOSED:
            state = "done"
        elif place == at:
            state = "bad" if phase is Phase.REOPENED else "here"
        shown = "phase.reopened" if state == "bad" else f"phase.{each.value}"
        line.append(_stop(state, shown, moments.get(each, "")))
    return line


def _moments(view: RunView) -> Mapping[Phase, str]:
    departs = [fact.at_ms for fact in view.facts if isinstance(fact, Departed)]
    found = {
        Phase.READY: say("计划 %(at)s", at=formats.clock_time(view.run.departs_at)),
        Phase.UNDERWAY: _clock(min(departs)) if departs else "",
        Phase.ARRIVED: _clock(view.state.arrived_ms) if view.state.arrived_ms else "",
        Phase.CHECKED: _clock(view.state.checked_at_ms) if view.state.checked_at_ms else "",
        Phase.CLOSED: say("，").join(
            f"{formats.clock_time(each.closed_at)} v{each.version}" for each in view.closures
        ),
    }
    return {phase: text for phase, text in found.items() if text}


def _fact(fact: Observation, view: RunView, names: Names, faults: set[str]) -> dict[str, Any]:
    late_ms = fact.received_ms - fact.at_ms if fact.received_ms else 0
    is_late = late_ms > LATE_MS
    is_void = fact.event_id in view.voided
    state = "key" if fact.kind in FILLED else ""
    if is_late:
        state = "off"
    if fact.event_id in faults:
        state = "bad"
    meta = say("晚到 %(n)s 分", n=late_ms // 60_000) if is_late else say("设备 %(dev)s", dev=fact.dev)
    if fact.told_run_id:
        meta = f"{meta}{say('，')}{say('原记在别的趟次')}"
    return {
        "at": _clock(fact.at_ms),
        "s": state,
        "t": fact_words(fact, names, view.state.run_names) + (say("（已撤销）") if is_void else ""),
        "who": names.crew.get(fact.by, fact.by),
        "meta": meta,
    }


def fact_words(fact: Observation, names: Names, run_names: Mapping[RunId, str]) -> str:
    """What was recorded, in one line."""
    own = ""
    match fact:
        case MovedIn() | MovedOut():
            other = run_names.get(fact.other_run_id, fact.other_run_id)
            own = f"{names.riders.get(fact.rider_id, fact.rider_id)}{say('，')}{other}"
        case Boarded() | Alighted():
            place = names.stops.get(fact.stop_id or "", fact.stop_id or "–")
            own = f"{names.riders.get(fact.rider_id, fact.rider_id)}{say('，')}{place}"
        case MarkedAbsent():
            reason = code_words(f"reason.{fact.reason.value}")
            own = f"{names.riders.get(fact.rider_id, fact.rider_id)}{say('，')}{reason}"
        case Arrived() | Departed():
            own = names.stops.get(fact.stop_id or "", fact.stop_id or "–")
        case HandedOver():
            own = f"{names.riders.get(fact.rider_id, fact.rider_id)}{say('，')}{_handed(fact, names)}"
        case HeadCounted() | Checked():
            own = say("%(n)s 人", n=fact.n)
        case PreChecked():
            own = f"{len(fact.items_ok & LEGAL_ITEMS)} / 7{say('：') + fact.defect if fact.defect else ''}"
        case Noted():
            own = fact.text
    return f"{code_words(f'event_kind.{fact.kind.value}')} {own}".strip()


def _handed(fact: HandedOver, names: Names) -> str:
    """How, and to whom while he stands in the register; else by his number, or as it was written."""
    how = next((code_words(f"handed_by.{way.value}") for way in HandedBy if way in fact.codes), fact.text)
    no = person_no(fact)
    return how if no is None else f"{how} {names.persons.get((fact.rider_id, no), no)}"


def _decision(decision: Decision, view: RunView, names: Names) -> dict[str, Any]:
    text = code_words(f"decision_kind.{decision.kind}")
    match decision:
        case Resolved():
            where = code_words(f"whereabouts.{decision.says.value}")
            text = f"{text} {names.riders.get(decision.rider_id, decision.rider_id)}{say('：')}{where}"
        case DeviceReleased():
            third = names.people.get(decision.checked_by or "", decision.checked_by)
            text = f"{text} {decision.dev}{say('，车已由 %(c)s 查过', c=third) if third else ''}"
        case TransferOpened():
            text = f"{text}{say('：')}{code_words(f'stranded_{decision.cause.value}')}"
        case RidersSent():
            riders = say("、").join(names.riders.get(each, each) for each in decision.rider_ids)
            text = f"{text}{say('：')}{riders}"
        case FindingSettled():
            text = f"{text} {decision.finding_key}"
        case StopChanged():
            who = names.riders.get(decision.rider_id, decision.rider_id)
            where = names.stops.get(decision.stop_id, decision.stop_id)
            text = f"{text} {decision.change_no}{say('：')}{who}{say('，')}{where}"
        case Admitted():
            fact = view.fact_of(decision.event_id)
            text = f"{text}{say('：')}{fact_words(fact, names, view.state.run_names)}" if fact else text
        case StopChangeWithdrawn():
            text = f"{text} {decision.change_no}"
        case DepartureForbidden():
            papers = say("、").join(formats.words(paper) for paper in decision.papers)
            text = f"{text}{say('：')}{papers}"
    second = names.people.get(decision.second or "", decision.second or "")
    who = _who(decision.by, names)
    return {
        "at": _clock(decision.made_ms),
        "s": "bad" if isinstance(decision, DepartureForbidden) else "key",
        "t": text,
        "who": say("%(a)s、%(b)s", a=who, b=second) if second else who,
        "meta": decision.reason,
    }


def _who(by: str, names: Names) -> str:
    """The person's name; where the server or a role acted without a person, that."""
    if by == SYSTEM:
        return say("系统")
    return names.people.get(by) or (code_words(f"role.{by}") if by in ROLES else by)


def _closure(version: int, by: str, names: Names) -> dict[str, Any]:
    return {
        "at": "",
        "s": "key",
        "t": say("已结束 v%(v)s", v=version),
        "who": _who(by, names),
        "meta": "",
    }


def _stop(state: str, code: str, detail: str = "") -> dict[str, str]:
    return {"s": state, "t": code_words(code), "d": detail}


def _clock(moment_ms: int) -> str:
    return formats.clock_time(datetime.fromtimestamp(moment_ms / 1000, UTC))
