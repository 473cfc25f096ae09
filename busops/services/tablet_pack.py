"""
What a tablet knows of a run: its pack (manifest, stops, rows to check) and the news about it.

The pack holds what boarding and handing over need and nothing else: no phone, no tag codes, of who
may fetch a rider the name and what he is to him. It changes seldom, so it is asked for with its ETag.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from busops.domain import transfers
from busops.domain.defects import Defect, read_on, to_read
from busops.domain.envelope import canonical_json, envelope_of
from busops.domain.events import Checked, Decision, Departed, HandedOver, Observation, Parked
from busops.domain.findings import Finding, blocking
from busops.domain.fleet import CrewRole
from busops.domain.gate import reasons_not_to_close
from busops.domain.network import StopPlace
from busops.domain.roster import Rider, class_of
from busops.domain.run import Phase, RunState, fold
from busops.domain.run_plan import ManifestRider, RunPlan
from busops.domain.timeline import decisions
from busops.domain.values import CrewId, RiderId, RunId, StopId
from busops.domain.whereabouts import RiderState
from busops.services import handovers, rider_cards, watch
from busops.services.crew_runs import run_no, stop_names
from busops.services.evidence import asks_of
from busops.services.runs import departure_reasons
from busops.storage import (
    closure_store,
    day_store,
    defect_store,
    event_store,
    fleet_store,
    held_events,
    other_runs,
    register_store,
    run_store,
    safety_policy_store,
)
from busops.storage.database import Database, Transaction

TAIL: Final = 4  # digits of the student number that a crew sees
KEPT_BACK: Final = frozenset({"codes", "prev", "app", "lat6", "lon6", "acc", "v", "run"})
PLACES: Final = {
    RiderState.ABOARD: "aboard",
    RiderState.DISPUTED: "aboard",
    RiderState.OFF: "alighted",
    RiderState.ABSENT: "absent",
    RiderState.EXPECTED: "expected",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What the server knows of a run that the tablet cannot know alone."""

    document: Mapping[str, Any]
    reasons: tuple[Finding, ...]
    faults: tuple[Finding, ...]
    departure: tuple[Finding, ...]  # what forbids to leave the first stop


def pack(database: Database, run_id: RunId) -> dict[str, Any]:
    """The run as a tablet carries it; ``hash`` names this version of the manifest, ``whole`` all of it."""
    with database.reading() as tx:
        plan = run_store.load_run_plan(tx, run_id)
        summary = run_store.load_summary(tx, run_id)
        riders = {rider.rider_id: rider for rider in register_store.load_riders(tx, include_retired=True)}
        names = stop_names(tx)
        crew = {member.crew_id: member.name for member in fleet_store.load_crew(tx, include_retired=True)}
        policy = safety_policy_store.load_policy(tx)
        decided = event_store.load_decisions(tx, run_id)
        others = _others(tx, plan, decided)
        beside = handovers.for_tablet(tx, plan, riders, decided)
        beside["cards"] = rider_cards.for_tablet(tx, run_id, plan.riders)
    beside |= {"ladder_min": list(policy.ladder_min), "short_pct": policy.short_pct}
    beside["moves"] = _moves(decided, others)
    shown = [
        _rider(each, riders.get(each.rider_id)) | {"from": others.get(each.from_run_id)}
        for each in plan.manifest
    ]
    twins = Counter(each["name"] for each in shown)
    shown = [each | {"twin": twins[each["name"]] > 1} for each in shown]
    document: dict[str, Any] = {
        "v": 1,
        "run": run_id,
        "name": run_no(summary.trip_no),
        "on": plan.on.isoformat(),
        "direction": plan.direction.value,
        "plate": plan.plate,
        "seats": plan.approved_students,
        "rows": plan.rows,
        "roster_v": plan.roster_v,
        "departs_ms": _ms(plan.departs_at),
        "stops": _stops(plan, names),
        "riders": sorted(shown, key=lambda each: (each["class"], each["name"], each["rider"])),
        "crew": _crew(plan, crew),
        "challenge": {
            role.value.lower(): list(plan.asked_rows[role]) for role in (CrewRole.ATTENDANT, CrewRole.DRIVER)
        },
        "asks": asks_of(plan),
        "transfer": _goes_to(decided, others),
    }
    document["hash"] = _hash(document)  # of the manifest alone: paper names its version by it
    document |= beside
    return document | {"whole": _hash(document)}


def news(database: Database, run_id: RunId, *, now: datetime, crew_id: CrewId) -> News:
    """What the server adds to a tablet: the events of others, checks, reasons, faults; never a tag code."""
    with database.reading() as tx:
        plan = run_store.load_run_plan(tx, run_id)
        events = event_store.load_events(tx, run_id)
        state = fold(plan, events, held_events.holdings(tx, plan, events))
        observations = event_store.load_observations(tx, run_id)
        closures = closure_store.load_closures(tx, run_id)
        is_short = plan.on in day_store.short_days(tx)
        defects = defect_store.load_defects(tx, plan.plate)
        decided = [event for event in events if isinstance(event, Decision)]
        others = _others(tx, plan, decided)
        aside = handovers.aside_of(tx, run_id, decisions(events))
        policy = safety_policy_store.load_policy(tx)
    is_closed = state.phase is Phase.CLOSED and bool(closures)
    due_at = watch.check_due_at(state, events, now, policy)
    document = {
        "now": _ms(now),
        "phase": state.phase.value,
        "roster_v": plan.roster_v,
        "aside": aside,
        "events": [_shown(event) for event in observations],
        "resolved": {
            rider_id: PLACES[account.state]
            for rider_id, account in state.accounts.items()
            if account.resolved is not None
        },
        "checks": {
            "attendant": _check(state.checks.attendant),
            "driver": _check(state.checks.driver),
            "parked": _check(state.checks.parked),
        },
        "t0_ms": _ms(due_at) if due_at else None,
        "is_short": is_short,
        "ladder_min": list(policy.ladder_min),
        "short_pct": policy.short_pct,
        "defects": [_report(each, read_on(observations)) for each in _told(defects, run_id)],
        "transfer": _goes_to(decided, others),
        "moves": _moves(decided, others),
        "closed": (
            {"version": closures[-1].version, "at_ms": _ms(closures[-1].closed_at)} if is_closed else None
        ),
    }
    has_left = any(isinstance(event, Departed) for event in observations)
    return News(
        document=document,
        reasons=() if is_closed else reasons_not_to_close(state),
        faults=_faults(state, crew_id),
        departure=() if has_left else blocking(departure_reasons(database, run_id)),
    )


def _rider(entry: ManifestRider, rider: Rider | None) -> dict[str, Any]:
    return {
        "rider": entry.rider_id,
        "name": rider.name if rider else entry.rider_id,
        "class": class_of(rider) if rider else "",
        "last4": entry.rider_id[-TAIL:],
        "stop": entry.stop_id,
    }


def _others(
    tx: Transaction, plan: RunPlan, decided: Iterable[Decision]
) -> dict[RunId | None, dict[str, str]]:
    """The runs that riders come from or go to, as the tablet names them."""
    decided = tuple(decided)
    opened = transfers.opened(decided)
    run_ids = {rider.from_run_id for rider in plan.manifest if rider.from_run_id}
    run_ids |= {*transfers.targets(decided).values(), *({opened.to_run_id} if opened else ())}
    names = other_runs.run_names(tx, run_ids)
    return {run_id: {"run": run_id, "name": name} for run_id, name in names.items()}


def _goes_to(
    decided: Iterable[Decision], others: Mapping[RunId | None, dict[str, str]]
) -> dict[str, str] | None:
    """Where the riders of a bus that goes no further are awaited."""
    opened = transfers.opened(decided)
    return others.get(opened.to_run_id) if opened else None


def _moves(
    decided: Iterable[Decision], others: Mapping[RunId | None, dict[str, str]]
) -> dict[RiderId, dict[str, str]]:
    """To which bus each rider goes over whom the office named."""
    return {rider: others[run_id] for rider, run_id in transfers.targets(decided).items() if run_id in others}


def _stops(plan: RunPlan, names: Mapping[StopId, str]) -> list[dict[str, Any]]:
    return [
        {
            "stop": stop.stop_id,
            "name": names.get(stop.stop_id, stop.stop_id),
            "arrive_ms": _ms(stop.arrives_at),
            "leave_ms": _ms(stop.leaves_at),
            **_place(plan.places.get(stop.stop_id)),
        }
        for stop in plan.stops
    ]


def _place(place: StopPlace | None) -> dict[str, int | None]:
    """Where a stop is, for the tablet to compare with its own position; nothing where a run knows none."""
    names = ("lat6", "lon6", "radius_m")
    return {name: getattr(place, name) if place is not None else None for name in names}


def _crew(plan: RunPlan, names: Mapping[CrewId, str]) -> list[dict[str, str]]:
    people = [(each, CrewRole.ATTENDANT) for each in plan.attendant_ids] + [(plan.driver_id, CrewRole.DRIVER)]
    return [{"crew": each, "role": role.value, "name": names.get(each, each)} for each, role in people]


def _shown(event: Observation) -> dict[str, Any]:
    envelope = {name: value for name, value in envelope_of(event).items() if name not in KEPT_BACK}
    told = {"codes": envelope_of(event)["codes"]} if isinstance(event, HandedOver) else {}
    return envelope | told | {"received_ms": event.received_ms}


def _check(check: Checked | Parked | None) -> dict[str, Any] | None:
    if check is None:
        return None
    return {"at_ms": check.at_ms, "by": check.by, "n": check.n if isinstance(check, Checked) else None}


def _told(defects: tuple[Defect, ...], run_id: RunId) -> Iterable[Defect]:
    """What this run's driver must read of earlier runs, then what he reported himself."""
    return (*to_read(defects, run_id), *(each for each in defects if each.run_id == run_id))


def _report(defect: Defect, read: frozenset[str]) -> dict[str, Any]:
    return {
        "id": defect.defect_id,
        "run": defect.run_id,
        "text": defect.text,
        "items": list(defect.items),
        "critical": defect.is_critical,
        "at_ms": defect.reported_ms,
        "how": None if defect.is_open else defect.how,
        "read": defect.defect_id in read,
    }


def _faults(state: RunState, crew_id: CrewId) -> tuple[Finding, ...]:
    """What is wrong with the newest check this person made, if that one does not stand."""
    own = [fault for fault in state.checks.faults if fault.check.by == crew_id]
    standing = {state.checks.attendant, state.checks.driver, state.checks.parked} - {None}
    made = [*(fault.check for fault in own), *(check for check in standing if check and check.by == crew_id)]
    newest = max(made, key=lambda check: (check.at_ms, check.seq), default=None)
    codes = {fault.code for fault in own if fault.check == newest}
    return tuple(
        finding
        for finding in state.findings
        if newest is not None and finding.place == newest.event_id and finding.code in codes
    )


def _hash(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def manifest_by_stop(
    document: Mapping[str, Any],
) -> Iterable[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
    """The pack's riders by stop, in the order of the way."""
    for stop in document["stops"]:
        mine = [rider for rider in document["riders"] if rider["stop"] == stop["stop"]]
        if mine:
            yield stop, mine


def day_of(document: Mapping[str, Any]) -> date:
    """The day a pack is for."""
    return date.fromisoformat(document["on"])
