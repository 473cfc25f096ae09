"""
Runs, as the rest of the house asks for them: release, look, decide, close, rebuild.

The stories are told in ``run_release`` (from plan to run), ``run_acts`` and ``run_changes``
(decisions), ``run_views`` (pages) and ``run_state`` (log to state); this is their front door.
"""

from busops.domain.fleet import CrewMember
from busops.domain.run_plan import RunPlan
from busops.domain.values import Clock, Ids
from busops.services.departure_papers import departure_reasons
from busops.services.quarantine import settle_quarantine
from busops.services.redirects import send_rider
from busops.services.run_acts import (
    cancel_run,
    close_run,
    reasons_against_closing,
    reopen_run,
    resolve_rider,
    settle_finding,
)
from busops.services.run_changes import (
    add_rider,
    change_crew,
    change_manifest,
    move_rider,
    remove_rider,
    substitute_vehicle,
)
from busops.services.run_devices import bind_tablet, tablets_of
from busops.services.run_release import release_document, release_plan
from busops.services.run_state import facts_arrived, state_of
from busops.services.run_views import BoardRow, RunView, find_rider, run_board, run_view
from busops.services.transfers import open_transfer, send_substitute, split_transfer
from busops.storage import fleet_store, run_store
from busops.storage.database import Database, Transaction

__all__ = [
    "BoardRow",
    "RunView",
    "add_rider",
    "bind_tablet",
    "cancel_run",
    "change_crew",
    "change_manifest",
    "close_run",
    "crew_of",
    "departure_reasons",
    "facts_arrived",
    "find_rider",
    "move_rider",
    "open_transfer",
    "reasons_against_closing",
    "rebuild",
    "release_document",
    "release_plan",
    "remove_rider",
    "reopen_run",
    "resolve_rider",
    "run_board",
    "run_view",
    "send_rider",
    "send_substitute",
    "settle_finding",
    "settle_quarantine",
    "split_transfer",
    "state_of",
    "substitute_vehicle",
    "tablets_of",
]


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
