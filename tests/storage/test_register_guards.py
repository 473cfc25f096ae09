"""Raw SQL cannot change a locked roster, turn a plan back, or remove what history names."""

import pytest
from sqlalchemy import delete, text
from sqlalchemy.exc import DBAPIError

from busops.storage import plan_store, roster_store
from busops.storage.database import Base, Database
from busops.storage.plan_store import LaterProof, PlanState
from tests.small_school import FRIDAY
from tests.small_school import fill as fill_school
from tests.storage.test_roster_and_plan_store import AT, RIDES, fill, plan, version

PROVED = LaterProof(lower_bound_fen=95, bound_model="m", proved_at=AT)
ATTACKS = {
    "change an entry of a lock": "UPDATE roster_version_entry SET rides_homeward = NOT rides_homeward",
    "remove an entry of a lock": "DELETE FROM roster_version_entry",
    "move a lock": "UPDATE roster_version SET locked_by = 'x'",
    "remove a lock": "DELETE FROM roster_version",
    "skip a version": (
        "INSERT INTO roster_version SELECT school_id, weekend_on, 9, locked_at, locked_by, approval"
        " FROM roster_version"
    ),
    "rewrite a plan": "UPDATE plan SET cost_fen = 1",
    "turn a plan back": "UPDATE plan SET state = 'draft'",
    "release at once": "UPDATE plan SET state = 'released' WHERE state = 'draft'",
    "remove a plan": "DELETE FROM plan",
    "rewrite a later proof": "UPDATE plan_proof SET lower_bound_fen = lower_bound_fen - 1",
    "remove a later proof": "DELETE FROM plan_proof",
    "prove less than before": (
        "INSERT INTO plan_proof SELECT school_id, plan_id, lower_bound_fen - 1, bound_model, proved_at"
        " FROM plan_proof"
    ),
    "prove more than the plan costs": (
        "INSERT INTO plan_proof SELECT school_id, plan_id, 10000 + lower_bound_fen * 1000, bound_model,"
        " proved_at FROM plan_proof"
    ),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_history_of_rosters_and_plans_stands(database: Database, attack: str) -> None:
    """Each statement is refused by the database itself, on both dialects, and what stood still stands."""
    fill(database)
    with database.transaction() as tx:
        roster_store.lock_roster(tx, FRIDAY, version(1, RIDES))
        plan_store.save_plan(tx, plan())
        assert plan_store.add_proof(tx, "p1", PROVED)
        if "SET state = 'draft'" in attack:
            plan_store.move_plan(tx, "p1", PlanState.APPROVED, by="u1", at=AT)

    def strike() -> None:
        with database.transaction() as tx:
            tx.session.execute(text(attack))

    with pytest.raises(DBAPIError):
        strike()
    with database.reading() as tx:
        assert roster_store.load_versions(tx, FRIDAY) == (version(1, RIDES),)
        stored = plan_store.load_plan(tx, "p1")
        proved = {"lower_bound_fen": 95, "bound_model": "m", "gap": round(5 / 95, 6)}
        assert stored.document == {**plan().document, **proved}
        assert (stored.summary.cost_fen, stored.summary.lower_bound_fen) == (100, 95)


@pytest.mark.parametrize("table", ["rider", "stop", "vehicle", "crew_member", "approved_line"])
def test_nothing_of_the_register_is_deleted(database: Database, table: str) -> None:
    """DELETE is refused for everything that retires, also where no foreign key would hold it."""
    fill_school(database)

    def strike() -> None:
        with database.transaction() as tx:
            for child in ("roster_entry", "line_stop", "crew_plate"):
                tx.session.execute(delete(Base.metadata.tables[child]))
            tx.session.execute(delete(Base.metadata.tables[table]))

    with pytest.raises(DBAPIError, match="retire_never_delete"):
        strike()
