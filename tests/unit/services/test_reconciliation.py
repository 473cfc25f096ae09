"""Reconciliation of a weekend: statuses, sums, proofs, the document, closing a month."""

from dataclasses import replace
from datetime import date

import pytest

from busops.domain.errors import Refused
from busops.finance.costs import CostLine
from busops.finance.invariants import (
    every_receipt_is_somewhere,
    files_agree,
    ledger_agrees,
    none_twice,
    rows_hold_every_allocation,
    runs_agree,
    totals_agree,
)
from busops.finance.statement import Reconciliation
from busops.services import costs, fares, receipts, reconciliation
from tests.sim import world
from tests.unit.services.money_scene import HOME, MoneyScene, a_bill, a_closed_run

FRIDAY = date(2026, 3, 13)
BILL = a_bill(
    "2026-03-14,10.00,甲,校车费,TX1,20230002",
    "2026-03-14,10.00,丙,谢谢,TX3,",
    "2026-03-14,7.00,丁,,TX4,20230007",
    "2026-03-14,12.00,戊,,TX5,20230008",
    "2026-03-15,10.00,甲,校车费,TX6,20230002",
    "2026-03-15,320.00,庚,伙食费,TX7,",
)


@pytest.fixture
def scene(sqlite_database, settings, ids) -> MoneyScene:
    """The closed run charged, a bill with the usual faults, two costs."""
    made = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(made.database, **made.acting)
    preview = receipts.preview(made.database, file_name="bill.csv", content=BILL, **made.acting)
    receipts.accept(made.database, preview.batch_id, **made.acting)
    lines = [CostLine(on=FRIDAY, code="C01", fen=9_000), CostLine(on=FRIDAY, code="C90", fen=500)]
    costs.add_costs(made.database, lines, **made.acting)
    return made


def reconciled(scene: MoneyScene) -> Reconciliation:
    """The weekend as the books stand."""
    return reconciliation.reconcile(scene.database, weekend_on=FRIDAY, clock=scene.clock)


def test_the_weekend_with_its_usual_faults(scene):
    """
    due 110.00 (11 × 10.00, one waived)     paid 29.00     waiting 10.00     cost 90.00
    20230002 twice → 相符, 重复缴费   20230007 7.00 → 少缴   20230008 12.00 → 多缴   8 others → 已乘未缴
    """
    document = reconciliation.document(reconciled(scene))
    sums = {"charged": 11_000, "receipts": 2_900, "refunds": 0, "unidentified": 1_000, "earned": 11_000}
    assert document["sums_fen"] == sums | {"costs": 9_000, "base": 11_000, "net": 2_000}
    assert document["verdict"] == "MET"
    assert list(document) == [
        *("period", "basis", "verdict", "sums_fen", "bases", "rows", "receipts", "status_counts"),
    ]
    assert set(document["rows"][0]) == {
        *("rider_id", "unit", "due_fen", "paid_fen", "registered", "rides", "leave", "status", "flags"),
    }
    rows = {row["rider_id"]: row for row in document["rows"] if row["unit"] == HOME}
    assert (rows["20230002"]["status"], rows["20230002"]["flags"]) == ("OK", ["DUPLICATE_PAYMENT"])
    assert (rows["20230007"]["status"], rows["20230008"]["status"]) == ("UNDERPAID", "OVERPAID")
    assert rows["20230001"]["status"] == "WAIVED"
    assert sum(row["status"] == "RODE_UNPAID" for row in rows.values()) == 8
    lines = {item["line"]: (item["status"], item["tier"]) for item in document["receipts"]}
    assert list(lines.values()) == [
        ("MATCHED", "T1"),
        ("UNIDENTIFIED", None),
        ("MATCHED", "T1"),
        ("MATCHED", "T1"),
        ("DUPLICATE", "T1"),
        ("NOT_BUS_FEE", None),
    ]
    assert sum(document["status_counts"].values()) == len(document["rows"])
    for result in document["bases"].values():
        assert result["met"] == (10 * result["net"] >= result["base"] and result["base"] > 0)


def test_what_a_person_must_see_is_found_by_kind(scene):
    """Unidentified money and each kind of difference, with how many; no proof is broken."""
    result = reconciled(scene)
    codes = [finding.code for finding in result.findings]
    assert "receipts_unidentified" in codes
    assert not [code for code in codes if code.startswith("invariant")]
    differ = {
        str(item.facts["status"]): item.facts["count"]
        for item in result.findings
        if item.code == "rows_differ"
    }
    assert differ == {"RODE_UNPAID": 8, "UNDERPAID": 1, "OVERPAID": 1}


def test_an_open_run_makes_the_verdict_provisional(scene):
    """A second run of the weekend is released and not closed: nothing of it is charged, nothing is final."""
    world.release(scene.database, run_id="run-2", departs_at=world.DEPARTS_AT, stops=("S004",), trip_no=2)
    statement = reconciled(scene).statement
    assert (str(statement.judgement.verdict), statement.open_runs) == ("PROVISIONAL", ("run-2",))
    assert statement.charged_fen == 11_000
    assert any("RUN_NOT_CLOSED" in row.flags for row in statement.rows)


def test_fn08_each_invariant_notices_when_it_is_broken(scene):
    """FN08. I1 … I7 hold on the books, and each finds the one thing that was falsified for it."""
    statement = reconciled(scene).statement
    first = statement.receipts[0]
    halved = replace(first, shares=(replace(first.shares[0], fen=500),))
    assert every_receipt_is_somewhere(statement.receipts) == ()
    assert [item.code for item in every_receipt_is_somewhere([halved])] == ["invariant_i1"]
    assert [item.code for item in rows_hold_every_allocation(statement.rows, ())] == ["invariant_i2"]
    assert [item.place for item in ledger_agrees({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4})] == ["b", "c"]
    assert ledger_agrees({"a": 0}, {}) == ()
    sets = {"r1": frozenset({"a", "b"})}
    assert runs_agree(sets, sets) == ()
    assert [item.place for item in runs_agree(sets, {"r1": frozenset({"a"}), "r2": frozenset({"c"})})] == [
        "r1",
        "r2",
    ]
    (source,) = statement.sources
    assert files_agree([source]) == ()
    assert [item.code for item in files_agree([replace(source, stated_total_fen=1)])] == ["invariant_i5"]
    assert [item.code for item in none_twice({first.line.row_key: 2, "other": 1})] == ["invariant_i6"]
    assert totals_agree(statement, {"due": 11_000, "unidentified": 1_000}) == ()
    assert [item.place for item in totals_agree(statement, {"due": 11_001})] == ["due"]


def test_the_same_costs_again_change_nothing(scene):
    """A line of a sheet is one cost; two equal lines in one sheet are two; entered by hand it is another."""
    line = CostLine(on=FRIDAY, code="C01", fen=9_000)
    assert costs.add_costs(scene.database, [line], **scene.acting).added == 0
    assert costs.add_costs(scene.database, [line, line], **scene.acting).added == 1
    cost_id = costs.enter_cost(scene.database, line, **scene.acting).cost_id
    assert reconciled(scene).statement.sums.costs_fen == 27_000
    costs.take_back_cost(scene.database, cost_id, note="记错", **scene.acting)
    assert reconciled(scene).statement.sums.costs_fen == 18_000
    with pytest.raises(Refused, match="cost_taken_back"):
        costs.take_back_cost(scene.database, cost_id, note="记错", **scene.acting)
