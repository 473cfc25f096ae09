"""
Another designated stop for a rider on a run: allowed by the office, named by a short number, withdrawn.

It changes neither manifest nor fare: it says that getting off there is in order. What the ride costs
then is the finance office's to find out from where the rider got off.
"""

from collections.abc import Iterator

from busops.domain.errors import NotFound, Refused
from busops.domain.findings import Finding
from busops.domain.manifest_changes import run_over
from busops.domain.run import RunState
from busops.domain.stop_changes import AskedBy, StopChanged, StopChangeWithdrawn, standing_changes
from busops.domain.values import CAMPUS, Clock, Direction, Ids, RiderId, RunId, StopId
from busops.domain.whereabouts import RiderState
from busops.services.acting import By
from busops.services.run_deciding import decide, lock, need_text
from busops.services.run_state import state_of
from busops.storage import event_store
from busops.storage.database import Database


def allow_stop(
    database: Database,
    run_id: RunId,
    rider_id: RiderId,
    stop_id: StopId,
    *,
    asked_by: AskedBy,
    by: By,
    reason: str,
    clock: Clock,
    ids: Ids,
) -> int:
    """The rider may get off at this stop of the run; the number that the crew names it by."""
    need_text(reason)
    with database.transaction() as tx:
        lock(tx, run_id)
        if reasons := tuple(_against(state_of(tx, run_id), rider_id, stop_id)):
            raise Refused("stop_change_refused", reasons=reasons, run_id=run_id)
        made = [each for each in event_store.load_decisions(tx, run_id) if isinstance(each, StopChanged)]
        change_no = 1 + max((each.change_no for each in made), default=0)
        decide(
            tx,
            StopChanged,
            run_id,
            by=by,
            reason=reason,
            clock=clock,
            ids=ids,
            rider_id=rider_id,
            stop_id=stop_id,
            change_no=change_no,
            asked_by=asked_by.value,
        )
    return change_no


def withdraw_stop(
    database: Database, run_id: RunId, change_no: int, *, by: By, reason: str, clock: Clock, ids: Ids
) -> None:
    """The change does not hold any more; raises NotFound where none of that number does."""
    need_text(reason)
    with database.transaction() as tx:
        lock(tx, run_id)
        if over := run_over(state_of(tx, run_id)):
            raise Refused("stop_change_refused", reasons=over, run_id=run_id)
        standing = standing_changes(event_store.load_decisions(tx, run_id))
        if change_no not in {each.change_no for each in standing}:
            raise NotFound("no_such_change", change_no=change_no)
        decide(
            tx, StopChangeWithdrawn, run_id, by=by, reason=reason, clock=clock, ids=ids, change_no=change_no
        )


def _against(state: RunState, rider_id: RiderId, stop_id: StopId) -> Iterator[Finding]:
    """Every reason why the rider may not get off there."""
    plan, rider = state.plan, state.plan.riders.get(rider_id)
    yield from run_over(state)
    if plan.direction is not Direction.HOMEWARD:
        yield Finding(code="homeward_only")
    if rider is None:
        yield Finding(code="rider_not_on_manifest", place=rider_id, facts={"rider_id": rider_id})
    if stop_id not in plan.lawful_stops or stop_id not in plan.stop_ids or stop_id == CAMPUS:
        facts = {"rider_id": rider_id, "stop_id": stop_id, "on": plan.on}
        yield Finding(code="stop_not_of_run", place=rider_id, facts=facts)
    elif rider is not None and stop_id == rider.stop_id:
        yield Finding(code="stop_is_own", place=rider_id, facts={"rider_id": rider_id, "stop_id": stop_id})
    account = state.accounts.get(rider_id)
    if rider is not None and account is not None and account.state is RiderState.OFF:
        own = {"rider_id": rider_id, "stop_id": rider.stop_id}
        yield Finding(code="moved_after_mark", place=rider_id, facts=own)
