"""What the verdict makes of costs: spread, worn, shared with others, estimated, late for a month."""

from dataclasses import replace
from datetime import date

import pytest

from busops.domain.errors import InvalidInput, Refused
from busops.domain.school import Basis
from busops.finance.costs import CostLine
from busops.finance.depreciation import DepreciationPlan
from busops.finance.ledger import Account
from busops.finance.net_revenue import Doubt, Verdict
from busops.services import (
    cost_consents,
    cost_views,
    costs,
    depreciation,
    fares,
    other_use,
    periods,
    reconciliation,
)
from busops.services.other_use import UseEntry
from busops.services.term_verdict import term_verdict
from busops.sheets.reconciliation_book import make_book
from busops.storage import ledger_store
from tests.small_school import COACH, FRIDAY
from tests.unit.services.money_scene import CLERK, LEAD, MoneyScene, a_closed_run

MARCH = {"period_from": date(2026, 3, 1), "period_to": date(2026, 3, 31)}


@pytest.fixture
def scene(sqlite_database, settings, ids) -> MoneyScene:
    """The closed run, charged: 110.00 earned."""
    made = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(made.database, **made.acting)
    return made


def march(scene: MoneyScene):
    """The statement of March."""
    return reconciliation.reconcile(scene.database, clock=scene.clock, **MARCH).statement


def a_use(scene: MoneyScene, *, km: int, on: date = FRIDAY):
    """A trip of the bus for others."""
    entry = UseEntry(on=on, plate=str(COACH), distance_m=km * 1000, duration_s=3600, purpose="教职工活动")
    return other_use.log_use(scene.database, entry, **scene.acting)


def test_a_year_s_insurance_counts_by_days_on_accrual_and_whole_in_cash(scene):
    """365.00 for the year from 1 March: 31.00 of it in March on accrual; all of it paid there."""
    line = CostLine(
        on=date(2026, 3, 1), code="C07", fen=36_500, plate=str(COACH),
        covers_from=date(2026, 3, 1), covers_to=date(2027, 2, 28),
    )  # fmt: skip
    costs.enter_cost(scene.database, line, **scene.acting)
    sums = march(scene).sums
    assert (sums.costs_fen, sums.cash_costs_fen) == (3_100, 36_500)
    shown = term_verdict(scene.database, clock=scene.clock)
    assert sum(one.costs_fen for one in shown.lines.lines) == shown.result.statement.sums.costs_fen


def test_what_others_drove_is_left_out_and_told(scene):
    """
    As many hours for others as for the run: of 90.00 wages 45.00 count, on every basis, lines and book alike.
    """
    run = cost_views.cost_form(scene.database).lines[0]
    seen = cost_views.preview(
        scene.database, CostLine(on=FRIDAY, code="C01", fen=1, line=run), clock=scene.clock
    )
    (driven,) = seen.runs.values()
    costs.enter_cost(
        scene.database, CostLine(on=FRIDAY, code="C04", fen=9_000, plate=str(COACH)), **scene.acting
    )
    entry = UseEntry(on=FRIDAY, plate=str(COACH), distance_m=1000, duration_s=driven.duration_s, purpose="x")
    logged = other_use.log_use(scene.database, entry, **scene.acting)
    statement = march(scene)
    assert (statement.sums.costs_fen, statement.sums.cash_costs_fen) == (4_500, 4_500)
    assert (statement.cost_sums.other_use_fen, statement.cost_sums.other_use_cash_fen) == (4_500, 4_500)
    lines = term_verdict(scene.database, clock=scene.clock).lines
    assert (sum(one.costs_fen for one in lines.lines), lines.other_use_fen) == (4_500, 4_500)
    (of_line,) = cost_views.costs_of_line(scene.database, driven.line, clock=scene.clock)
    assert of_line.fen == 4_500
    assert make_book(reconciliation.reconcile(scene.database, clock=scene.clock, **MARCH), "zh")
    other_use.take_back_use(scene.database, logged.use.use_id, **scene.acting)
    assert march(scene).sums.costs_fen == 9_000


def test_depreciation_counts_on_accrual_alone_and_purchases_are_a_memo(scene):
    """2,000.00 a month: over 28 days of February, of which the term has six; nothing in cash; Cr 1602."""
    plan = DepreciationPlan(
        plate=str(COACH), number=1, bought_on=date(2026, 1, 8), cost_fen=24_000_000, residual_fen=0,
        months=120, starts="2026-02",
    )  # fmt: skip
    by = {"clock": scene.clock, "by": CLERK}
    depreciation.add_plan(scene.database, plan, note="", **by)
    with pytest.raises(Refused, match="depreciation_same_person"):
        depreciation.accept(scene.database, COACH, "2026-02", **scene.acting)
    accepted = {"clock": scene.clock, "ids": scene.ids, "by": LEAD}
    depreciation.accept(scene.database, COACH, "2026-02", **accepted)
    with pytest.raises(Refused, match="depreciation_not_due"):
        depreciation.accept(scene.database, COACH, "2026-02", **accepted)
    term = reconciliation.reconcile(scene.database, clock=scene.clock).statement
    assert (term.sums.costs_fen, term.sums.cash_costs_fen) == (200_000 * 6 // 28 + 1, 0)
    with scene.database.reading() as tx:
        assert ledger_store.account_balances(tx)[Account.DEPRECIATION] == -200_000
    year = {"period_from": date(2026, 1, 1), "period_to": date(2026, 3, 31)}
    assert reconciliation.reconcile(scene.database, clock=scene.clock, **year).statement.purchases_fen == (
        24_000_000
    )
    assert term.purchases_fen == 0
    line = CostLine(on=FRIDAY, code="C10", fen=100, plate=str(COACH))
    with pytest.raises(Refused, match="cost_by_register"):
        costs.add_costs(scene.database, [line], **scene.acting)


def test_a_month_taken_back_can_be_accepted_again(scene):
    """Its second posting is n 2; the register says which stands."""
    plan = DepreciationPlan(
        plate=str(COACH), number=1, bought_on=date(2026, 1, 8), cost_fen=1200, residual_fen=0, months=12,
        starts="2026-02",
    )  # fmt: skip
    depreciation.add_plan(scene.database, plan, note="", clock=scene.clock, by=CLERK)
    by = {"clock": scene.clock, "ids": scene.ids, "by": LEAD}
    cost_id = depreciation.accept(scene.database, COACH, "2026-02", **by)
    costs.take_back_cost(scene.database, cost_id, note="记错", **scene.acting)
    depreciation.accept(scene.database, COACH, "2026-02", **by)
    found = depreciation.register(scene.database, clock=scene.clock)
    assert [(one.n, one.stands) for one in found.posted] == [(2, True), (1, False)]
    assert found.written_off_fen(COACH) == 100
    with pytest.raises(Refused, match="depreciation_begun"):
        depreciation.add_plan(scene.database, plan, note="", clock=scene.clock, by=CLERK)


def test_an_estimate_that_could_flip_the_verdict_makes_it_provisional_until_its_bill_comes(scene):
    """
    110.00 earned, 99.00 may be spent.   estimate 100.00 → provisional   bill 100.00 → not met   98.00 → met
    """
    line = CostLine(on=FRIDAY, code="C01", fen=10_000, is_estimate=True)
    estimate = costs.enter_cost(scene.database, line, **scene.acting)
    judgement = march(scene).judgement
    assert judgement.verdict is Verdict.PROVISIONAL
    assert Doubt.ESTIMATED_COSTS in judgement.doubts
    bill = replace(line, is_estimate=False, document="F-1")
    entered = costs.enter_cost(scene.database, bill, replaces=estimate.cost_id, **scene.acting)
    assert march(scene).judgement.verdict is Verdict.NOT_MET
    view = cost_views.cost_view(scene.database, estimate.cost_id, clock=scene.clock)
    assert view.replaced_by == entered.cost_id
    assert view.undone_by is not None
    with pytest.raises(Refused, match="cost_taken_back"):
        costs.enter_cost(scene.database, bill, replaces=estimate.cost_id, **scene.acting)
    cheaper = costs.enter_cost(scene.database, replace(line, fen=1), **scene.acting)
    with pytest.raises(Refused, match="cost_no_estimate"):
        costs.enter_cost(scene.database, line, replaces=cheaper.cost_id, **scene.acting)


def test_a_large_bill_for_an_estimate_books_both_steps_on_two_names(scene):
    """Nothing is booked while it waits; the estimate stays meanwhile; a tool's sheet may book."""
    line = CostLine(on=FRIDAY, code="C06", fen=10_000, is_estimate=True)
    estimate = costs.enter_cost(scene.database, line, **scene.acting)
    bill = replace(line, fen=300_000, is_estimate=False)
    waits = costs.enter_cost(scene.database, bill, replaces=estimate.cost_id, **scene.acting)
    assert waits.waits
    assert march(scene).sums.costs_fen == 10_000
    with pytest.raises(Refused, match="cost_waits_already"):
        costs.take_back_cost(scene.database, estimate.cost_id, note="x", **scene.acting)
    with pytest.raises(Refused, match="not_allowed"):
        cost_consents.agree(scene.database, waits.cost_id, **scene.acting)
    cost_consents.agree(scene.database, waits.cost_id, clock=scene.clock, ids=scene.ids, by=LEAD)
    assert march(scene).sums.costs_fen == 300_000
    view = cost_views.cost_view(scene.database, waits.cost_id, clock=scene.clock)
    assert (view.cost.made_by, view.cost.approved_by, view.txn.approved_by) == ("clerk", "lead", "lead")
    sheet = CostLine(on=FRIDAY, code="C06", fen=500_000)
    by_tool = {**scene.acting, "by": "import"}
    costs.add_costs(scene.database, [sheet], **by_tool)
    costs.add_costs(scene.database, [replace(sheet, note="二")], **scene.acting)
    assert len(cost_consents.waiting(scene.database).waiting) == 1
    assert march(scene).sums.costs_fen == 800_000


def test_a_trip_of_a_signed_month_counts_in_the_next_and_leaves_the_signed_words_alone(scene):
    """February is signed: what was driven there counts on 1 March; in a signed month nothing goes."""
    term = reconciliation.reconcile(scene.database, clock=scene.clock)
    costs.enter_cost(scene.database, CostLine(on=date(2026, 2, 25), code="C02", fen=100), **scene.acting)
    early = a_use(scene, km=5, on=date(2026, 2, 26))
    periods.prepare_period(scene.database, "2026-02", clock=scene.clock, ids=scene.ids, by=CLERK)
    said = periods.closed_statement(scene.database, "2026-02")
    late = a_use(scene, km=5, on=date(2026, 2, 25))
    assert (late.driven_on, late.use.on) == (date(2026, 2, 25), date(2026, 3, 1))
    with pytest.raises(Refused, match="period_locked"):
        other_use.take_back_use(scene.database, early.use.use_id, **scene.acting)
    assert periods.closed_statement(scene.database, "2026-02") == said
    assert term.school.finance.basis is Basis.ACCRUAL


def test_an_entry_without_sense_is_refused_with_every_fault(scene):
    """Two faults at once are two findings."""
    with pytest.raises(InvalidInput, match="amount_needed") as caught:
        costs.enter_cost(scene.database, CostLine(on=FRIDAY, code="C01", fen=0, tax_fen=5), **scene.acting)
    assert [one.code for one in caught.value.findings] == ["amount_needed", "cost_tax_wrong"]
