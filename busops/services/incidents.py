"""
Incidents of a run: opened and withdrawn as its log goes on, and first reported by a person.

What two people write down of one at the end is the settling of its finding (``run_acts``).
"""

from collections.abc import Sequence

from busops.domain.errors import NotFound, Refused
from busops.domain.events import Observation
from busops.domain.incidents import OPENED_BY, Incident, to_open, to_withdraw
from busops.domain.run import RunState
from busops.domain.values import Clock, Ids, RunId
from busops.services.acting import SYSTEM, By, record_act, user_of
from busops.storage import incident_store, run_store
from busops.storage.database import Database, Transaction


def keep_incidents(
    tx: Transaction, state: RunState, facts: Sequence[Observation], *, are_there: bool, clock: Clock, ids: Ids
) -> None:
    """
    Every thing that happened and that nobody may let pass is an incident, as long as the log says so.

    ``are_there`` is whether the run has incidents already.
    """
    known = incident_store.load_incidents(tx, state.plan.run_id) if are_there else ()
    now_ms = _ms(clock)
    for finding in to_open(state.findings, known):
        kind, severity = OPENED_BY[finding.code]
        incident_store.insert_incident(
            tx,
            Incident(
                incident_id=ids.new(),
                run_id=state.plan.run_id,
                kind=kind,
                severity=severity,
                finding_key=finding.key,
                opened_ms=now_ms,
            ),
        )
    for incident in to_withdraw(state.findings, known):
        newest = max(facts, key=lambda each: (each.received_ms or 0, each.dev, each.seq), default=None)
        if newest is not None:
            incident_store.say_withdrawn(
                tx, incident.incident_id, by=SYSTEM, event_id=newest.event_id, at_ms=now_ms
            )


def report_incident(
    database: Database,
    run_id: RunId,
    incident_id: str,
    *,
    told: str,
    by: By,
    clock: Clock,
    is_outside: bool = False,
) -> None:
    """Somebody of the school was told of it, or of the authorities where ``is_outside``: whom, and when."""
    if not told.strip():
        raise Refused("incident_told_whom")
    with database.transaction() as tx:
        run_store.lock_runs(tx, [run_id])
        found = {each.incident_id: each for each in incident_store.load_incidents(tx, run_id)}
        if incident_id not in found:
            raise NotFound("no_such_incident", incident_id=incident_id)
        known = found[incident_id]
        if (known.authority_ms if is_outside else known.reported_ms) is not None:
            raise Refused("incident_reported_before", run_id=run_id)
        say = incident_store.say_authority if is_outside else incident_store.say_reported
        say(tx, incident_id, by=user_of(by), told=told.strip(), at_ms=_ms(clock))
        facts = {"incident_id": incident_id, "told": told.strip()}
        act = "incident_told_outside" if is_outside else "incident_reported"
        record_act(tx, by, act, run_id, facts=facts, clock=clock)


def incidents_of(database: Database, run_id: RunId) -> tuple[Incident, ...]:
    """The incidents of a run, the first first."""
    with database.reading() as tx:
        return incident_store.load_incidents(tx, run_id)


def _ms(clock: Clock) -> int:
    return round(clock.now().timestamp() * 1000)
