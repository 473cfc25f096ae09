"""
What the office decides about a run: close, cancel, open again, and clear up by name what is open.

Each act is checked and may be refused, with every reason. Where two people are needed they
are two different ones. Nothing here changes a fact.
"""

from datetime import datetime
from typing import Any

from busops.domain.errors import InvalidInput, Refused
from busops.domain.events import (
    Cancelled,
    DeviceReleased,
    FindingSettled,
    Observation,
    Reopened,
    Resolved,
    Whereabouts,
)
from busops.domain.findings import Finding, Severity
from busops.domain.gate import reasons_not_to_cancel, reasons_not_to_close
from busops.domain.overrides import GATES
from busops.domain.roster import NotRidingReason
from busops.domain.run import Phase, RunState
from busops.domain.values import Clock, Ids, RiderId, RunId
from busops.services.acting import By, record_act, user_of
from busops.services.run_deciding import decide, lock, need_text, need_third
from busops.services.run_state import facts_arrived, state_of
from busops.storage import closure_store, event_store, paper_store, run_store
from busops.storage.closure_store import Closure
from busops.storage.database import Database, Transaction


def close_run(database: Database, run_id: RunId, *, by: By, clock: Clock, ids: Ids) -> Closure:
    """The run is closed and its closure written; Refused with every reason while there is one."""
    with database.transaction() as tx:
        lock(tx, run_id)
        state = state_of(tx, run_id)
        if reasons := reasons_not_to_close(state):
            raise Refused("close_refused", reasons=reasons, run_id=run_id)
        closure = _closure(tx, state, by=by, at=clock.now())
        closure_store.insert_closure(tx, closure)
        run_store.mark_closed(tx, run_id, version=closure.version, closed_at=closure.closed_at)
        facts_arrived(tx, run_id, clock=clock, ids=ids)
        facts = {"version": closure.version, "digest": closure.digest}
        record_act(tx, by, "run_closed", run_id, facts=facts, clock=clock)
    return closure


def reasons_against_closing(database: Database, run_id: RunId) -> tuple[Finding, ...]:
    """Why the run may not be closed now; empty when it may."""
    with database.reading() as tx:
        return reasons_not_to_close(state_of(tx, run_id))


def cancel_run(database: Database, run_id: RunId, *, by: By, reason: str, clock: Clock, ids: Ids) -> None:
    """The run does not take place; only while nobody was ever aboard."""
    need_text(reason)
    with database.transaction() as tx:
        lock(tx, run_id)
        if reasons := reasons_not_to_cancel(state_of(tx, run_id)):
            raise Refused("cancel_refused", reasons=reasons, run_id=run_id)
        decide(tx, Cancelled, run_id, by=by, reason=reason, clock=clock, ids=ids)


def reopen_run(database: Database, run_id: RunId, *, by: By, reason: str, clock: Clock, ids: Ids) -> None:
    """The closed run is open again: its checks are void and it needs a new closure."""
    need_text(reason)
    with database.transaction() as tx:
        lock(tx, run_id)
        if state_of(tx, run_id).phase is not Phase.CLOSED:
            raise Refused("not_closed", run_id=run_id)
        run_store.mark_reopened(tx, run_id, reopened_ms=_ms(clock.now()))
        decide(tx, Reopened, run_id, by=by, reason=reason, clock=clock, ids=ids)


def resolve_rider(
    database: Database,
    run_id: RunId,
    rider_id: RiderId,
    *,
    says: Whereabouts,
    by: By,
    second: By,
    reason: str,
    clock: Clock,
    ids: Ids,
    absence: NotRidingReason | None = None,
    marks_seen: frozenset[str] | None = None,
) -> None:
    """
    Two people have found out where the rider is; it stands until something new is marked.

    ``marks_seen`` are the marks of the rider that they looked at: Refused when there are others by now.
    """
    need_text(reason)
    if says is Whereabouts.NEVER_ABOARD and absence in (None, NotRidingReason.UNSPECIFIED):
        raise InvalidInput("absence_needs_reason", rider_id=rider_id)
    with database.transaction() as tx:
        lock(tx, run_id)
        if marks_seen not in (None, _marks_of(state_of(tx, run_id), rider_id)):
            raise Refused("marked_since", run_id=run_id, rider_id=rider_id)
        seen = frozenset(each.event_id for each in event_store.load_observations(tx, run_id))
        own = {"rider_id": rider_id, "says": says, "covers": seen, "absence": absence}
        decide(tx, Resolved, run_id, by=by, second=second, reason=reason, clock=clock, ids=ids, **own)


def release_device(
    tx: Transaction,
    run_id: RunId,
    dev: int,
    *,
    by: By,
    second: By,
    third: By,
    reason: str,
    clock: Clock,
    ids: Ids,
) -> None:
    """
    Two people give the device up for this run, after a third one has searched the bus himself.

    Each has said so in a session of his own (``overrides.py``); the run is locked. Whatever the device
    still sends opens the question again. A sheet of paper that waits is no lost device: somebody
    confirms or rejects it.
    """
    device = state_of(tx, run_id).devices.get(dev)
    if device is None:
        raise Refused("device_not_of_run", run_id=run_id, dev=dev)
    if dev in paper_store.waiting_devices(tx, run_id):
        raise Refused("paper_waits", run_id=run_id)
    need_third(tx, run_id, third, others=(by, second))
    own: dict[str, Any] = {"dev": dev, "upto_seq": device.last_seq, "checked_by": user_of(third)}
    decide(tx, DeviceReleased, run_id, by=by, second=second, reason=reason, clock=clock, ids=ids, **own)


def settle_finding(
    database: Database, run_id: RunId, key: str, *, by: By, second: By, reason: str, clock: Clock, ids: Ids
) -> None:
    """Two people have looked into what happened and written what came of it; a gate needs an override."""
    need_text(reason)
    with database.transaction() as tx:
        lock(tx, run_id)
        finding = next((each for each in state_of(tx, run_id).findings if each.key == key), None)
        if finding is None:
            raise Refused("no_such_finding", run_id=run_id, finding_key=key)
        if finding.code in GATES and finding.severity is Severity.GATE:
            raise Refused("override_needed", run_id=run_id)
        own = {"finding_key": key}
        decide(tx, FindingSettled, run_id, by=by, second=second, reason=reason, clock=clock, ids=ids, **own)


def _closure(tx: Transaction, state: RunState, *, by: By, at: datetime) -> Closure:
    """The next closure of a run that may be closed."""
    checks, plan = state.checks, state.plan
    if checks.attendant is None or checks.driver is None or checks.parked is None:
        raise AssertionError("the gate let a run through without its checks")
    events = event_store.load_observations(tx, plan.run_id)
    return Closure(
        run_id=plan.run_id,
        version=1 + max((each.version for each in closure_store.load_closures(tx, plan.run_id)), default=0),
        closed_at=at,
        closed_by=user_of(by),
        attendant_id=checks.attendant.by,
        driver_id=checks.driver.by,
        attendant_check=checks.attendant.event_id,
        driver_check=checks.driver.event_id,
        parked=checks.parked.event_id,
        snapshot=snapshot_of(state, events),
    )


def snapshot_of(state: RunState, events: tuple[Observation, ...]) -> dict[str, Any]:
    """What a closure keeps: who rode and who did not and why, who was responsible, every event's hash."""
    plan = state.plan
    return {
        "run_id": plan.run_id,
        "on": plan.on.isoformat(),
        "direction": plan.direction.value,
        "plate": plan.plate,
        "roster_v": plan.roster_v,
        "driver_id": plan.driver_id,
        "attendant_ids": list(plan.attendant_ids),
        "riders": {
            rider_id: {
                "state": account.state.value,
                "rode": account.rode,
                "on_manifest": rider_id in plan.riders,
                "reason": account.reason.value if account.reason else None,
                "boarded_at": [mark.stop_id for mark in account.boards],
                "alighted_at": [mark.stop_id for mark in account.alights],
            }
            for rider_id, account in sorted(state.accounts.items())
        },
        "findings": sorted(finding.key for finding in state.findings),
        "events": [event.digest for event in sorted(events, key=lambda event: (event.dev, event.seq))],
    }


def _marks_of(state: RunState, rider_id: RiderId) -> frozenset[str]:
    account = state.accounts.get(rider_id)
    return (
        frozenset(mark.event_id for mark in (*account.boards, *account.alights)) if account else frozenset()
    )


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
