"""Rosters, plans and imports in the database: versions and documents stay, states move one way."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from busops.domain.errors import Conflict, NotFound
from busops.domain.roster import NotRidingReason, RosterEntry, RosterVersion
from busops.domain.values import Direction, PlanId, RiderId, StopId
from busops.storage import import_store, network_store, plan_store, register_store, roster_store
from busops.storage.database import Database
from busops.storage.import_store import BatchState, ImportBatch
from busops.storage.plan_store import PlanState, PlanSummary, StoredPlan
from tests.storage.test_register_store import RIDER, STOP

FRIDAY = date(2026, 3, 13)
AT = datetime(2026, 3, 12, 4, 0, tzinfo=UTC)
RIDES = RosterEntry(rider_id=RIDER.rider_id, name=RIDER.name, rides_homeward=True, rides_return=True)
STAYS = RosterEntry(
    rider_id=RiderId("20230002"),
    name="甲三",
    rides_homeward=False,
    rides_return=True,
    stop_id=StopId("S002"),
    reason=NotRidingReason.ILL,
    note="周日返校",
)


def fill(database: Database) -> None:
    """Two riders and a weekend with both of them stand in the database."""
    with database.transaction() as tx:
        network_store.save_stops(tx, [STOP])
        register_store.save_riders(tx, [RIDER, replace(RIDER, rider_id=STAYS.rider_id)])
        roster_store.open_weekend(tx, FRIDAY, AT)
        roster_store.open_weekend(tx, FRIDAY, AT)
        roster_store.save_roster(tx, FRIDAY, [RIDES, STAYS])


def version(number: int, *entries: RosterEntry) -> RosterVersion:
    """A locked roster of the weekend."""
    return RosterVersion(
        weekend_on=FRIDAY, version=number, locked_at=AT, locked_by="u1", entries=tuple(entries)
    )


def plan(violation_count: int = 0) -> StoredPlan:
    """A draft of the homeward plan."""
    summary = PlanSummary(
        plan_id=PlanId("p1"),
        weekend_on=FRIDAY,
        on=FRIDAY,
        direction=Direction.HOMEWARD,
        state=PlanState.DRAFT,
        roster_version=1,
        cost_fen=100,
        lower_bound_fen=90,
        fares_fen=120,
        trip_count=1,
        served_count=2,
        unserved_count=0,
        violation_count=violation_count,
        made_at=AT,
        made_by="u1",
    )
    return StoredPlan(summary=summary, document={"trips": [], "violations": []}, notices=({"code": "x"},))


def test_a_locked_version_is_not_touched_by_later_changes(database: Database) -> None:
    """After a lock the draft may change; the version keeps what was locked, and the next has its number."""
    fill(database)
    with database.transaction() as tx:
        roster_store.lock_roster(tx, FRIDAY, version(1, RIDES, STAYS))
        assert roster_store.changed_riders(tx, FRIDAY, 1) == ()
        roster_store.replace_roster(tx, FRIDAY, [replace(STAYS, stop_id=None)])
        assert roster_store.changed_riders(tx, FRIDAY, 1) == (RIDES.rider_id, STAYS.rider_id)
        roster_store.replace_roster(tx, FRIDAY, [STAYS])
        roster_store.lock_roster(tx, FRIDAY, version(2, STAYS), approval="家长来电")
    with database.reading() as tx:
        first, second = roster_store.load_versions(tx, FRIDAY)
        assert (first, second) == (version(1, RIDES, STAYS), version(2, STAYS))
        assert roster_store.load_latest_version(tx, FRIDAY) == second
        assert roster_store.load_roster(tx, FRIDAY) == (STAYS,)
        assert [one.approval for one in roster_store.load_locks(tx, FRIDAY)] == ["", "家长来电"]
        (summary,) = roster_store.list_weekends(tx)
        assert (summary.entries, summary.homeward, summary.back, summary.version) == (1, 0, 1, 2)


def test_a_version_number_is_given_once(database: Database) -> None:
    """Two people who lock at the same time do not both write version 1."""
    fill(database)
    with database.transaction() as tx:
        roster_store.lock_roster(tx, FRIDAY, version(1, RIDES))
    with database.transaction() as tx, pytest.raises(Conflict):
        roster_store.lock_roster(tx, FRIDAY, version(1, RIDES))


def test_a_plan_moves_forward_only(database: Database) -> None:
    """Draft → approved → released; a released plan cannot be discarded, an unknown one is not found."""
    with database.transaction() as tx:
        plan_store.save_plan(tx, plan())
        with pytest.raises(Conflict):
            plan_store.save_plan(tx, plan())
        with pytest.raises(Conflict):
            plan_store.move_plan(tx, "p1", PlanState.RELEASED, by="u1", at=AT)
        plan_store.move_plan(tx, "p1", PlanState.APPROVED, by="u1", at=AT)
        plan_store.move_plan(tx, "p1", PlanState.RELEASED, by="u2", at=AT)
        with pytest.raises(Conflict):
            plan_store.move_plan(tx, "p1", PlanState.DISCARDED, by="u1", at=AT)
        with pytest.raises(NotFound):
            plan_store.move_plan(tx, "p9", PlanState.APPROVED, by="u1", at=AT)
    with database.reading() as tx:
        stored = plan_store.load_plan(tx, "p1")
        assert stored.summary.state is PlanState.RELEASED
        assert stored.summary.decided_by == "u2"
        assert stored.document == plan().document
        assert plan_store.list_plans(tx, FRIDAY, direction=Direction.RETURN) == ()
        assert plan_store.list_plans(tx, FRIDAY) == (stored.summary,)


def test_an_import_is_decided_once(database: Database) -> None:
    """An accepted import is found by its digest and cannot be accepted or discarded again."""
    batch = ImportBatch(
        batch_id="b1",
        kind="stops",
        file_name="stops.csv",
        sha256="0" * 64,
        weekend_on=None,
        state=BatchState.PREVIEWED,
        block_count=0,
        warn_count=1,
        row_count=1,
        findings=({"code": "x", "place": "A1"},),
        values=({"stop_id": "S001"},),
        sheet={"header_row": 3},
        counts={"new": 1},
        made_at=AT,
        made_by="u1",
    )
    with database.transaction() as tx:
        import_store.insert_batch(tx, batch)
        assert import_store.load_batch(tx, "b1") == batch
        assert import_store.find_accepted(tx, kind="stops", sha256="0" * 64, weekend_on=None) is None
        import_store.decide_batch(tx, "b1", BatchState.ACCEPTED, by="u1", at=AT)
        with pytest.raises(Conflict):
            import_store.decide_batch(tx, "b1", BatchState.DISCARDED, by="u1", at=AT)
        found = import_store.find_accepted(tx, kind="stops", sha256="0" * 64, weekend_on=None)
        assert found is not None
        assert [entry.batch_id for entry in import_store.list_batches(tx)] == ["b1"]
    with database.reading() as tx, pytest.raises(NotFound):
        import_store.load_batch(tx, "b2")
