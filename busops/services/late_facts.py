"""
Closed runs that later facts contradict: what the closure says of a rider and what the log says now.

Money rests on closures. A fact that comes after one and clears nobody leaves the run closed
(an addendum), so the charge stays as it was until somebody opens the run and closes it anew. That
must not be forgotten: every such run is a finding for the people of the money.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from busops.domain.events import Voided
from busops.domain.findings import Finding, Severity
from busops.domain.run import Phase, RunState
from busops.domain.values import RunId
from busops.services.run_state import state_of
from busops.storage import closure_store, event_store
from busops.storage.database import Transaction
from busops.storage.run_store import RunSummary

CLEAN: Final = "clean"


def contradicted(tx: Transaction, runs: Iterable[RunSummary]) -> tuple[Finding, ...]:
    """A finding for every closed run about whose riders something else is known, or meant, than it says."""
    found = []
    for run in runs:
        if run.phase is not Phase.CLOSED or run.integrity == CLEAN:
            continue
        latest = closure_store.load_closures(tx, run.run_id)[-1]
        riders = _otherwise(latest.snapshot["riders"], state_of(tx, run.run_id))
        riders |= _taken_back(tx, run.run_id, latest.version)
        if riders:
            facts = {"run_id": run.run_id, "plate": run.plate, "on": run.on, "riders": sorted(riders)}
            found.append(
                Finding(code="closure_contradicted", severity=Severity.WARN, place=run.run_id, facts=facts)
            )
    return tuple(found)


def _otherwise(told: Mapping[str, Mapping[str, Any]], state: RunState) -> set[str]:
    """The riders whose ride, or whose reason for staying away, is another now."""
    now = {
        str(rider_id): (account.rode, account.reason.value if account.reason else None)
        for rider_id, account in state.accounts.items()
    }
    then = {rider_id: (bool(one["rode"]), one["reason"]) for rider_id, one in told.items()}
    nothing = (False, None)
    return {name for name in now.keys() | then.keys() if now.get(name, nothing) != then.get(name, nothing)}


def _taken_back(tx: Transaction, run_id: RunId, version: int) -> set[str]:
    """The riders of marks that somebody took back after this closure: too late to count, but meant."""
    added = closure_store.load_addenda(tx, run_id)
    late = {one.event_id for one in added if one.version == version}
    events = {event.event_id: event for event in event_store.load_observations(tx, run_id)}
    voids = [event for event in events.values() if event.event_id in late and isinstance(event, Voided)]
    marks = [events[ref] for void in voids for ref in void.refs if ref in events]
    riders = (getattr(mark, "rider_id", None) for mark in marks)
    return {str(rider_id) for rider_id in riders if rider_id is not None}
