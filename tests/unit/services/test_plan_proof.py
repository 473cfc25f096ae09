"""The proof that goes on after the plan: the bound rises, the plan stays, and only for the same problem."""

from dataclasses import replace

import pytest

from busops.config import Settings
from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.values import Direction, PlanId
from busops.jobs import HANDLERS, JobContext
from busops.planner.document import read_plan_document
from busops.planner.verify import verify
from busops.services import plan_proof, planning
from busops.services.planning_input import load_input, prepare
from busops.storage import plan_store, register_store
from busops.storage.database import Database
from busops.storage.plan_store import LaterProof, StoredPlan
from tests.machine import CountingIds, FixedClock
from tests.small_school import FRIDAY, fill


def made(database: Database) -> PlanId:
    """A plan of the small weekend that only greedy insertion has seen: nothing useful is proved."""
    return planning.plan_weekend(
        database,
        weekend_on=FRIDAY,
        direction=Direction.HOMEWARD,
        seconds=0.01,
        seed=1,
        clock=FixedClock(),
        ids=CountingIds(),
    )


def stored(database: Database, plan_id: str) -> StoredPlan:
    """The plan as it stands."""
    with database.reading() as tx:
        return plan_store.load_plan(tx, plan_id)


def test_the_bound_rises_and_nothing_else_moves(sqlite_database: Database) -> None:
    """Bound, its model and the gap change together; trips, cost and the check stay as they were."""
    fill(sqlite_database)
    plan_id = made(sqlite_database)
    before = stored(sqlite_database, plan_id)
    assert before.summary.lower_bound_fen < before.summary.cost_fen
    heard: list[tuple[int, int]] = []
    fen = plan_proof.prove_plan(
        sqlite_database,
        plan_id,
        clock=FixedClock(),
        rounds=40,
        on_bound=lambda cost, bound: heard.append((cost, bound)),
    )
    after = stored(sqlite_database, plan_id)
    assert before.summary.lower_bound_fen < fen == after.summary.lower_bound_fen <= after.summary.cost_fen
    assert heard[-1] == (after.summary.cost_fen, fen)
    assert after.document["lower_bound_fen"] == fen
    assert after.document["bound_model"] != ""
    share = (after.document["cost_fen"] - fen) / fen
    assert after.document["gap"] == pytest.approx(share, abs=1e-6)
    moved = {"lower_bound_fen", "bound_model", "gap"}
    assert {name: before.document[name] for name in before.document.keys() - moved} == {
        name: after.document[name] for name in after.document.keys() - moved
    }
    with sqlite_database.reading() as tx:
        problem = prepare(load_input(tx, FRIDAY), Direction.HOMEWARD).problem
    assert verify(problem, read_plan_document(after.document)) == ()


def test_a_lower_bound_never_takes_the_place_of_a_higher_one(sqlite_database: Database) -> None:
    """Neither lower, nor equal, nor above the plan's own cost."""
    fill(sqlite_database)
    plan_id = made(sqlite_database)
    fen = plan_proof.prove_plan(sqlite_database, plan_id, clock=FixedClock(), rounds=40)
    cost_fen = stored(sqlite_database, plan_id).summary.cost_fen
    with sqlite_database.transaction() as tx:
        for wrong in (0, fen - 1, fen, cost_fen + 1):
            later = LaterProof(lower_bound_fen=wrong, bound_model="x", proved_at=FixedClock().now())
            assert not plan_store.add_proof(tx, plan_id, later)
    assert stored(sqlite_database, plan_id).summary.lower_bound_fen == fen


def test_groups_that_were_cut_anew_are_proved_no_further(sqlite_database: Database) -> None:
    """What would be proved for the groups as made is not even looked for; the stored bound is the answer."""
    fill(sqlite_database)
    whole = stored(sqlite_database, made(sqlite_database))
    cut = replace(
        whole,
        summary=replace(whole.summary, plan_id=PlanId("cut")),
        document={**whole.document, "stats": {**whole.document["stats"], "recut": 1}},
    )
    with sqlite_database.transaction() as tx:
        plan_store.save_plan(tx, cut)
    heard: list[int] = []
    fen = plan_proof.prove_plan(
        sqlite_database,
        "cut",
        clock=FixedClock(),
        rounds=40,
        on_bound=lambda _cost, bound: heard.append(bound),
    )
    assert (fen, heard) == (whole.summary.lower_bound_fen, [])
    assert stored(sqlite_database, "cut") == cut
    assert plan_proof.is_worth_proving(whole.document)
    assert not plan_proof.is_worth_proving(cut.document)


def test_another_roster_is_another_problem(sqlite_database: Database) -> None:
    """When the limits have changed the plan no longer verifies, and its proof is refused."""
    fill(sqlite_database)
    plan_id = made(sqlite_database)
    with sqlite_database.transaction() as tx:
        given = load_input(tx, FRIDAY)
        changed = replace(given.school, planning=replace(given.school.planning, dwell_base_s=77))
        register_store.save_school(tx, changed)
    with pytest.raises(Refused, match="plan_problem_changed"):
        plan_proof.prove_plan(sqlite_database, plan_id, clock=FixedClock(), rounds=4)


def test_orders_that_name_nothing_are_refused(sqlite_database: Database) -> None:
    """A plan that is not there, and arguments that are none."""
    with pytest.raises(NotFound):
        plan_proof.prove_plan(sqlite_database, "nowhere", clock=FixedClock(), rounds=1)
    with pytest.raises(InvalidInput):
        plan_proof.read_proof_order({"seconds": 1})
    assert plan_proof.read_proof_order({"plan_id": "p"}) == ("p", plan_proof.PROOF_S)


def test_only_plans_with_a_gap_are_worth_it(sqlite_database: Database) -> None:
    """A plan without a bound is, one that is proved to the fen is not, nor one that leaves riders over."""
    fill(sqlite_database)
    document = dict(stored(sqlite_database, made(sqlite_database)).document)
    assert plan_proof.is_worth_proving({**document, "lower_bound_fen": 0})
    assert not plan_proof.is_worth_proving({**document, "lower_bound_fen": document["cost_fen"]})
    left = [{"rider_id": "x", "reason": "no_seat"}]
    assert not plan_proof.is_worth_proving({**document, "lower_bound_fen": 0, "unserved": left})


@pytest.mark.parametrize(("seconds", "jobs"), [(7, 1), (0, 0)])
def test_a_plan_job_is_followed_by_its_proof(
    sqlite_database: Database, settings: Settings, seconds: int, jobs: int
) -> None:
    """The job that made a plan with a gap queues its proof, if the settings give it time; the proof runs."""
    fill(sqlite_database)
    queued: list[tuple[str, dict[str, object]]] = []
    context = JobContext(
        database=sqlite_database,
        settings=replace(settings, planning_proof_seconds=seconds),
        clock=FixedClock(),
        ids=CountingIds(),
        follow=lambda kind, arguments: queued.append((kind, dict(arguments))) or "j",
    )
    order = {"weekend_on": FRIDAY.isoformat(), "direction": "homeward", "seconds": 0.01}
    plan_id = HANDLERS["plan"](context, **order)["plan_id"]
    assert queued == [("prove", {"plan_id": plan_id, "seconds": seconds})] * jobs
    for kind, arguments in queued:
        proved = HANDLERS[kind](context, **{**arguments, "seconds": 2})
        assert proved["lower_bound_fen"] == stored(sqlite_database, plan_id).summary.lower_bound_fen > 0
