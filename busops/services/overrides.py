"""
Overrides: one asks to let a gate pass, another of another role agrees in his own session.

What is let pass is settled in the run's log by the two; what nobody may let pass is refused when
it is asked for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from busops.domain.errors import InvalidInput, Refused
from busops.domain.events import FindingSettled
from busops.domain.findings import Finding
from busops.domain.overrides import (
    GATES,
    Override,
    OverrideKind,
    OverrideReason,
    OverrideVerdict,
    counted,
    reasons_not_to_approve,
    reasons_not_to_ask,
)
from busops.domain.people import Actor
from busops.domain.values import Clock, Ids, RunId
from busops.services.acting import By, record_act
from busops.services.left_open import gate_of
from busops.services.run_deciding import decide, lock, need_text
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
        open_now = {finding.key: finding for finding in state_of(tx, run_id).open_findings}
        open_now |= {gate.key: gate for gate in _office_gates(tx, run_id, clock.now())}
        finding = open_now.get(key)
        reasons = reasons_not_to_ask(finding, key, by.role)
        now_ms = _ms(clock)
        known = override_store.load_overrides(tx, run_id)
        waiting = [each for each in _timed(tx, known) if each.waits(now_ms)]
        if finding is None or reasons:
            raise Refused("override_refused", reasons=reasons, run_id=run_id)
        if any(each.finding_key == key for each in waiting):
            raise Refused("override_waits", run_id=run_id)
        asked = Override(
            override_id=ids.new(),
            run_id=run_id,
            kind=GATES[finding.code],
            finding_key=key,
            reason=reason,
            note=note.strip(),
            asked_by=by.user_id,
            asked_role=by.role,
            asked_ms=now_ms,
        )
        override_store.insert_request(tx, asked)
        facts = {"override_id": asked.override_id, "kind": asked.kind.value, "reason": reason.value}
        record_act(tx, by, "override_asked", run_id, facts=facts, clock=clock)
    return asked


def decide_override(
    database: Database, run_id: RunId, override_id: str, *, approves: bool, by: Actor, clock: Clock, ids: Ids
) -> None:
    """The second person agrees, and the gate lets it pass; or refuses, and it stays shut."""
    with database.transaction() as tx:
        lock(tx, run_id)
        (asked,) = _timed(tx, (override_store.load_override(tx, override_id),))
        if asked.run_id != run_id:
            raise InvalidInput("override_of_another_run", run_id=run_id)
        now_ms = _ms(clock)
        if reasons := reasons_not_to_approve(asked, by.user_id, by.role, now_ms):
            raise Refused("override_refused", reasons=reasons, run_id=run_id)
        verdict = OverrideVerdict.APPROVED if approves else OverrideVerdict.REFUSED
        override_store.insert_verdict(tx, override_id, verdict, by=by.user_id, role=by.role, at_ms=now_ms)
        if approves:
            own = {"finding_key": asked.finding_key}
            who: dict[str, By] = {"by": asked.asked_by, "second": by}
            decide(tx, FindingSettled, run_id, reason=asked.note, clock=clock, ids=ids, **who, **own)
        facts = {"override_id": override_id, "verdict": verdict.value}
        record_act(tx, by, "override_decided", run_id, facts=facts, clock=clock)


def overrides_of(database: Database, run_id: RunId) -> tuple[Override, ...]:
    """The overrides of a run, newest first."""
    with database.reading() as tx:
        return _timed(tx, override_store.load_overrides(tx, run_id))


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


def _office_gates(tx: Transaction, run_id: RunId, now: datetime) -> tuple[Finding, ...]:
    return tuple(gate for gate in (gate_of(tx, run_id, now), swap_gate(tx, run_id)) if gate is not None)


def _timed(tx: Transaction, overrides: Iterable[Override]) -> tuple[Override, ...]:
    """The overrides, each valid as long as the school's policy says."""
    valid_ms = safety_policy_store.load_policy(tx).override_ms
    return tuple(replace(each, valid_ms=valid_ms) for each in overrides)


def _ms(clock: Clock) -> int:
    return round(clock.now().timestamp() * 1000)
