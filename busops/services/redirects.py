"""
A rider on the wrong bus goes over to the right one, while his own bus goes on its way.

Nothing is declared broken: the office names the run that awaits him, and both crews mark him out and
in as always. Until he is in the other bus he is nobody's, and the run that he left stays open.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from busops.domain.errors import Refused
from busops.domain.findings import Finding
from busops.domain.manifest_changes import run_over
from busops.domain.run import RunState
from busops.domain.run_plan import ManifestRider
from busops.domain.transfers import RidersSent
from busops.domain.values import Clock, Ids, RiderId, RunId
from busops.services.acting import By
from busops.services.run_deciding import decide, need_text
from busops.services.run_state import folded, state_of
from busops.services.taking_over import against_taking, take_over
from busops.storage import other_runs, register_store, run_store
from busops.storage.database import Database, Transaction
from busops.storage.run_records import Recall


def send_rider(
    database: Database,
    run_id: RunId,
    rider_id: RiderId,
    to_run_id: RunId,
    *,
    by: By,
    reason: str,
    clock: Clock,
    ids: Ids,
) -> None:
    """
    The rider is awaited on the other run, whose crew acknowledges it; his own bus goes on.

    Refused with every reason: he is not aboard, no seat, a stop that the other bus has passed.
    """
    need_text(reason)
    with database.transaction() as tx:
        if to_run_id == run_id or to_run_id not in run_store.lock_runs(tx, [run_id, to_run_id]):
            raise _refused(run_id, Finding(code="no_such_run"))
        left, takes = state_of(tx, run_id), state_of(tx, to_run_id)
        rider = _as_awaited(tx, left, takes, rider_id)
        if reasons := (*_against_leaving(left, rider_id), *against_taking(tx, left, takes, (rider,))):
            raise _refused(run_id, *reasons)
        take_over(tx, left, takes, (rider,), by=by, reason=reason, clock=clock, ids=ids)
        here: dict[str, Any] = {"by": by, "reason": reason, "clock": clock, "ids": ids}
        decide(tx, RidersSent, run_id, **here, to_run_id=to_run_id, rider_ids=(rider_id,))


def right_runs(database: Database, run_id: RunId) -> Mapping[RiderId, RunId]:
    """Who is aboard and on no list here, and the run of that day and direction whose list has him."""
    with database.reading() as tx:
        record = Recall().record(tx, run_id)
        aboard = folded(tx, record).aboard
        awaited_on = other_runs.elsewhere(tx, record.plan, record.events).awaited_on
    return {rider_id: other for rider_id, other in awaited_on.items() if rider_id in aboard}


def _against_leaving(left: RunState, rider_id: RiderId) -> Iterator[Finding]:
    yield from run_over(left)
    if rider_id not in left.aboard:
        yield Finding(code="rider_not_aboard", place=rider_id, facts={"rider_id": rider_id})


def _as_awaited(tx: Transaction, left: RunState, takes: RunState, rider_id: RiderId) -> ManifestRider:
    """The rider as the other run has him, else as his own has, else with the stop of the register."""
    known = takes.plan.riders.get(rider_id) or left.plan.riders.get(rider_id)
    if known is None:
        riders = {rider.rider_id: rider.stop_id for rider in register_store.load_riders(tx)}
        known = ManifestRider(rider_id=rider_id, stop_id=riders.get(rider_id) or left.plan.terminal)
    return ManifestRider(
        rider_id=rider_id,
        stop_id=known.stop_id,
        other_stops=known.other_stops,
        from_run_id=left.plan.run_id,
    )


def _refused(run_id: RunId, *reasons: Finding) -> Refused:
    return Refused("transfer_refused", reasons=reasons, run_id=run_id)
