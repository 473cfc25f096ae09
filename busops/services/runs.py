"""
Runs, as the rest of the house asks for them: release, look, decide, close, rebuild.

The stories are told in ``run_release`` (from plan to run), ``run_acts`` (decisions),
``run_views`` (pages) and ``run_state`` (log to state); this is their front door.
"""

from busops.domain.findings import Finding, Severity
from busops.domain.fleet import CrewMember, crew_papers
from busops.domain.run import Phase
from busops.domain.run_plan import RunPlan
from busops.domain.values import Clock, Ids, RunId
from busops.services.run_acts import (
    cancel_run,
    change_crew,
    change_manifest,
    close_run,
    reasons_against_closing,
    release_device,
    reopen_run,
    resolve_rider,
    settle_finding,
    settle_quarantine,
)
from busops.services.run_release import release_document, release_plan
from busops.services.run_state import facts_arrived, state_of
from busops.services.run_views import BoardRow, RunView, find_rider, run_board, run_view
from busops.storage import fleet_store, run_store
from busops.storage.database import Database, Transaction

__all__ = [
    "BoardRow",
    "RunView",
    "cancel_run",
    "change_crew",
    "change_manifest",
    "close_run",
    "crew_of",
    "departure_reasons",
    "facts_arrived",
    "find_rider",
    "reasons_against_closing",
    "rebuild",
    "release_device",
    "release_document",
    "release_plan",
    "reopen_run",
    "resolve_rider",
    "run_board",
    "run_view",
    "settle_finding",
    "settle_quarantine",
    "state_of",
]


def departure_reasons(database: Database, run_id: RunId) -> tuple[Finding, ...]:
    """What forbids this run to leave today: papers of vehicle and crew, and its vehicle's earlier runs."""
    with database.reading() as tx:
        plan = run_store.load_run_plan(tx, run_id)
        crew = {member.crew_id: member for member in crew_of(tx, plan)}
        vehicles = [each for each in fleet_store.load_vehicles(tx) if each.plate == plan.plate]
        earlier = [
            run
            for run in run_store.list_runs(tx, plate=plan.plate)
            if run.arrives_at <= plan.departs_at and run.run_id != run_id
        ]
    if not vehicles:
        missing = {"plate": plan.plate}
        return (Finding(code="no_such_vehicle", severity=Severity.BLOCK, place=plan.plate, facts=missing),)
    attendants = [crew[each] for each in plan.attendant_ids if each in crew]
    reasons = list(crew_papers(vehicles[0], crew.get(plan.driver_id), attendants, plan.on))
    for run in earlier:
        if run.phase not in (Phase.CHECKED, Phase.CLOSED, Phase.CANCELLED):
            facts: dict[str, str] = {"plate": plan.plate, "run_id": run.run_id}
            reasons.append(
                Finding(code="earlier_run_unchecked", severity=Severity.BLOCK, place=run.run_id, facts=facts)
            )
    return tuple(reasons)


def crew_of(tx: Transaction, plan: RunPlan) -> tuple[CrewMember, ...]:
    """The crew of record of a run, the driver first."""
    members = {member.crew_id: member for member in fleet_store.load_crew(tx, include_retired=True)}
    return tuple(members[each] for each in (plan.driver_id, *plan.attendant_ids) if each in members)


def rebuild(database: Database, *, clock: Clock, ids: Ids) -> int:
    """What lists show of every run is made anew from the logs; how many runs there are."""
    with database.transaction() as tx:
        run_ids = [run.run_id for run in run_store.list_runs(tx)]
        for run_id in run_ids:
            facts_arrived(tx, run_id, clock=clock, ids=ids)
    return len(run_ids)
