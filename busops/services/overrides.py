"""
Overrides: one asks to let a gate pass, another of another role agrees in his own session.

What is let pass is settled in the run's log by the two; what nobody may let pass is refused when
it is asked for. A lost tablet needs a third one who searched the bus and says so himself; what was
kept apart is asked for and agreed to the same way.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from busops.domain.errors import InvalidInput, Refused
from busops.domain.events import FindingSettled
from busops.domain.findings import Finding
from busops.domain.overrides import (
    GATES,
    Override,
    OverrideKind,
    OverrideReason,
    OverrideVerdict,
    admission,
    counted,
    lost_devices,
    reasons_not_to_ask,
    reasons_not_to_decide,
    reasons_not_to_search,
)
from busops.domain.people import Actor
from busops.domain.values import Clock, Ids, RunId
from busops.services.acting import record_act
from busops.services.left_open import gate_of
from busops.services.quarantine import admit_quarantine, lock_concerned, reasons_against_admitting
from busops.services.run_acts import release_device
from busops.services.run_deciding import decide, lock, need_text, need_third
from busops.services.run_state import state_of
from busops.services.vehicle_swaps import swap_gate
from busops.storage import board_store, override_store, run_store, safety_policy_store
from busops.storage.database import Database, Transaction
from busops.storage.run_store import RunSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedOverride:
    """An override with the run it was asked for."""

    override: Override
    run: RunSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideReport:
    """Every override there was, how often each gate was let pass, and of how many runs."""

    overrides: tuple[ReportedOverride, ...]
    passed: Mapping[OverrideKind, int]
    runs: int
    people: Mapping[str, str]


def ask_override(
    database: Database,
    run_id: RunId,
    key: str,
    *,
    reason: OverrideReason,
    note: str,
    by: Actor,
    clock: Clock,
    ids: Ids,
) -> Override:
    """The request waits ten minutes for a second person; Refused for what nobody may let pass."""
    need_text(note)
    with database.transaction() as tx:
        lock(tx, run_id)
        state = state_of(tx, run_id)
        gates = (*lost_devices(state), *_office_gates(tx, run_id, clock.now()))
        finding = {each.key: each for each in (*state.open_findings, *gates)}.get(key)
        if (reasons := reasons_not_to_ask(finding, key, by.role)) or finding is None:
            raise Refused("override_refused", reasons=reasons, run_id=run_id)
        return _ask(tx, run_id, finding, reason=reason, note=note, by=by, clock=clock, ids=ids)


def ask_admission(
    database: Database,
    run_id: RunId,
    records: Collection[str],
    *,
    reason: OverrideReason,
    note: str,
    by: Actor,
    clock: Clock,
    ids: Ids,
) -> Override:
    """The request that all of this becomes a fact of the run waits; Refused where it cannot be one."""
    if not records:
        raise InvalidInput("quarantine_none_chosen")
    need_text(note)
    finding = admission(records)
    with database.transaction() as tx:
        lock_concerned(tx, run_id, records)
        if reasons := reasons_against_admitting(tx, run_id, records):
            raise Refused("quarantine_not_of_this_run", reasons=reasons, run_id=run_id)
        if reasons := reasons_not_to_ask(finding, finding.key, by.role):
            raise Refused("override_refused", reasons=reasons, run_id=run_id)
        own: dict[str, Any] = {"reason": reason, "note": note, "by": by, "clock": clock, "ids": ids}
        return _ask(tx, run_id, finding, records=records, **own)


def sign_search(database: Database, run_id: RunId, override_id: str, *, by: Actor, clock: Clock) -> None:
    """A third person has walked through the bus of a lost tablet; Refused for the crew and for the asker."""
    with database.transaction() as tx:
        lock(tx, run_id)
        asked = _asked(tx, run_id, override_id)
        now_ms = _ms(clock)
        if reasons := reasons_not_to_search(asked, now_ms):
            raise Refused("override_refused", reasons=reasons, run_id=run_id)
        need_third(tx, run_id, by, others=(asked.asked_by, None))
        override_store.insert_search(tx, override_id, by=by.user_id, at_ms=now_ms)
        facts = {"override_id": override_id, "dev": asked.place}
        record_act(tx, by, "bus_searched", run_id, facts=facts, clock=clock)


def decide_override(
    database: Database, run_id: RunId, override_id: str, *, approves: bool, by: Actor, clock: Clock, ids: Ids
) -> None:
    """The second person agrees, and the gate lets it pass; or refuses, and it stays shut."""
    with database.transaction() as tx:
        asked = _asked(tx, run_id, override_id)
        lock_concerned(tx, run_id, asked.records)
        asked = _asked(tx, run_id, override_id)  # as it is by now
        now_ms = _ms(clock)
        if reasons := reasons_not_to_decide(asked, by.user_id, by.role, now_ms, approves=approves):
            raise Refused("override_refused", reasons=reasons, run_id=run_id)
        verdict = OverrideVerdict.APPROVED if approves else OverrideVerdict.REFUSED
        override_store.insert_verdict(tx, override_id, verdict, by=by.user_id, role=by.role, at_ms=now_ms)
        if approves:
            _let_pass(tx, asked, second=by, clock=clock, ids=ids)
        facts = {"override_id": override_id, "verdict": verdict.value}
        record_act(tx, by, "override_decided", run_id, facts=facts, clock=clock)


def overrides_of(database: Database, run_id: RunId) -> tuple[Override, ...]:
    """The overrides of a run, newest first."""
    with database.reading() as tx:
        return _timed(tx, override_store.load_overrides(tx, run_id))


def searches(database: Database, now: datetime) -> tuple[ReportedOverride, ...]:
    """The lost tablets whose bus somebody is to search, the oldest request first."""
    now_ms = round(now.timestamp() * 1000)
    with database.reading() as tx:
        found = _timed(tx, override_store.load_overrides(tx, kind=OverrideKind.DEVICE))
        waiting = [each for each in reversed(found) if each.waits(now_ms)]
        return tuple(
            ReportedOverride(override=each, run=run_store.load_summary(tx, each.run_id)) for each in waiting
        )


def office_gates(database: Database, run_id: RunId, now: datetime) -> tuple[Finding, ...]:
    """The gates of a run that no tablet knows of and that two people may open."""
    with database.reading() as tx:
        return _office_gates(tx, run_id, now)


def override_report(database: Database) -> OverrideReport:
    """Every override there was, for the report and the number of a hundred runs."""
    with database.reading() as tx:
        runs = {run.run_id: run for run in run_store.list_runs(tx)}
        overrides = override_store.load_overrides(tx)
        people = board_store.people_names(tx)
    return OverrideReport(
        overrides=tuple(ReportedOverride(override=each, run=runs[each.run_id]) for each in overrides),
        passed=counted(overrides),
        runs=len(runs),
        people=people,
    )


def _ask(
    tx: Transaction,
    run_id: RunId,
    finding: Finding,
    *,
    reason: OverrideReason,
    note: str,
    by: Actor,
    clock: Clock,
    ids: Ids,
    records: Collection[str] = (),
) -> Override:
    now_ms = _ms(clock)
    known = _timed(tx, override_store.load_overrides(tx, run_id))
    if any(each.finding_key == finding.key and each.waits(now_ms) for each in known):
        raise Refused("override_waits", run_id=run_id)
    asked = Override(
        override_id=ids.new(),
        run_id=run_id,
        kind=GATES[finding.code],
        finding_key=finding.key,
        reason=reason,
        note=note.strip(),
        asked_by=by.user_id,
        asked_role=by.role,
        asked_ms=now_ms,
        records=tuple(sorted(set(records))),
    )
    override_store.insert_request(tx, asked)
    facts = {"override_id": asked.override_id, "kind": asked.kind.value, "reason": reason.value}
    record_act(tx, by, "override_asked", run_id, facts=facts, clock=clock)
    return asked


def _asked(tx: Transaction, run_id: RunId, override_id: str) -> Override:
    """The request of this run, valid as long as the school says."""
    (asked,) = _timed(tx, (override_store.load_override(tx, override_id),))
    if asked.run_id != run_id:
        raise InvalidInput("override_of_another_run", run_id=run_id)
    return asked


def _let_pass(tx: Transaction, asked: Override, *, second: Actor, clock: Clock, ids: Ids) -> None:
    """What was asked for is so, by the word of everybody who signed."""
    here: dict[str, Any] = {"by": asked.asked_by, "second": second, "clock": clock, "ids": ids}
    match asked.kind:
        case OverrideKind.DEVICE:
            third = asked.searched_by
            release_device(tx, asked.run_id, int(asked.place), third=third, reason=asked.note, **here)
        case OverrideKind.ADMISSION:
            admit_quarantine(tx, asked.run_id, asked.records, note=asked.note, **here)
        case _:
            key = asked.finding_key
            decide(tx, FindingSettled, asked.run_id, reason=asked.note, finding_key=key, **here)


def _office_gates(tx: Transaction, run_id: RunId, now: datetime) -> tuple[Finding, ...]:
    return tuple(gate for gate in (gate_of(tx, run_id, now), swap_gate(tx, run_id)) if gate is not None)


def _timed(tx: Transaction, overrides: Iterable[Override]) -> tuple[Override, ...]:
    """The overrides, each valid as long as the school's policy says."""
    valid_ms = safety_policy_store.load_policy(tx).override_ms
    return tuple(replace(each, valid_ms=valid_ms) for each in overrides)


def _ms(clock: Clock) -> int:
    return round(clock.now().timestamp() * 1000)
