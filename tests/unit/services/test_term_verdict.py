"""The term's verdict from a driven run: its line, its empty way, its weekends, the outlook."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from busops.domain.network import TravelTime
from busops.domain.school import Basis, FinancePolicy
from busops.domain.values import CAMPUS, StopId
from busops.finance.costs import CostLine
from busops.finance.net_revenue import Verdict
from busops.services import costs, fares, reconciliation, term_goal, term_verdict
from busops.services.line_money import counted_costs, load_driven, results_of_lines
from busops.storage import network_store, register_store, run_ends
from tests.unit.services.money_scene import MoneyScene, a_closed_run

FRIDAY = date(2026, 3, 13)


@pytest.fixture
def scene(sqlite_database, settings, ids) -> MoneyScene:
    """The closed run, charged: eleven riders at ten yuan."""
    made = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(made.database, **made.acting)
    return made


def spend(scene: MoneyScene, *lines: CostLine) -> None:
    """The costs are on record."""
    costs.add_costs(scene.database, lines, clock=scene.clock, ids=scene.ids)


def a_cost(code: str, fen: int, on: date = FRIDAY) -> CostLine:
    """A cost of the weekend."""
    return CostLine(on=on, code=code, fen=fen)


def seen(scene: MoneyScene) -> term_verdict.TermVerdict:
    """The verdict now."""
    return term_verdict.term_verdict(scene.database, clock=scene.clock)


def driven(scene: MoneyScene):
    """The runs of the term with their empty ways."""
    with scene.database.reading() as tx:
        term = register_store.load_school(tx).term
        books = reconciliation.load_books(tx, term.starts_on, term.ends_on)
        return load_driven(tx, books, today=FRIDAY), books


def test_lines_and_books_agree_to_the_fen(scene):
    """Σ lines + none = the official base and costs, on each basis."""
    spend(scene, a_cost("C01", 9_001), a_cost("C10", 77), a_cost("C90", 5_000))
    for number, basis in enumerate(Basis, start=1):
        wanted = FinancePolicy(basis=basis)
        term_goal.ask_change(scene.database, wanted, reason="x", by="u1", clock=scene.clock)
        if number > 1:
            term_goal.agree(scene.database, number, by="u2", clock=scene.clock)
        shown = seen(scene)
        official, lines = shown.result.statement.judgement.official, shown.lines
        assert official.basis is basis
        assert sum(line.fares_fen for line in lines.lines) + lines.fares_of_none_fen == official.base_fen
        assert sum(line.costs_fen for line in lines.lines) + lines.costs_of_none_fen == official.costs_fen


def test_on_the_gross_basis_what_was_paid_back_is_a_cost_of_no_line(scene):
    """As in the verdict: receipts are the base, refunds a cost."""
    found, books = driven(scene)
    gross = replace(books.facts.school, finance=FinancePolicy(basis=Basis.CASH_GROSS))
    books = replace(books, facts=replace(books.facts, school=gross))
    (row, *_) = reconciliation.reconciled(books, today=FRIDAY).statement.rows
    lines = results_of_lines(books, found, [replace(row, received_fen=1_000, refunded_fen=300)])
    assert lines.costs_of_none_fen == 300
    assert sum(line.fares_fen for line in lines.lines) + lines.fares_of_none_fen == 1_000


def test_the_line_is_named_by_where_it_goes(scene):
    """Plate and wave, towards the name of the farthest stop; eleven riders and the waived one rode."""
    shown = seen(scene)
    (line,) = shown.lines.lines
    assert shown.towards[line.line].endswith("号站")
    assert line.runs == 1
    assert line.fares_fen == 11_000


def test_the_empty_way_is_the_travel_files_or_an_estimate(scene):
    """Without a travel file it is estimated; with one it is the way there from the far end to the campus."""
    (found, _) = driven(scene)
    (run,) = found.runs
    assert 0 < found.empty_m[run.run_id] <= run.distance_m or run.distance_m == 0
    way = TravelTime(
        origin=found.far_ends[run.run_id], destination=StopId(CAMPUS), distance_m=1, duration_s=60
    )
    with scene.database.transaction() as tx:
        network_store.save_travel(tx, [way])
    (found, _) = driven(scene)
    assert found.empty_m[run.run_id] == min(1, run.distance_m)


def test_a_school_whose_buses_do_not_come_back_drives_no_empty_way(scene):
    """The policy says so."""
    with scene.database.transaction() as tx:
        school = register_store.load_school(tx)
        register_store.save_school(
            tx, replace(school, planning=replace(school.planning, returns_to_campus=False))
        )
    assert driven(scene)[0].empty_m == {}


def test_the_ends_of_a_run_are_its_first_and_last_stop(scene):
    """A homeward run begins at the campus."""
    with scene.database.reading() as tx:
        ((first, last),) = run_ends.load_ends(tx, FRIDAY, FRIDAY).values()
        assert run_ends.load_ends(tx, FRIDAY + timedelta(days=1), FRIDAY + timedelta(days=9)) == {}
    assert first == CAMPUS
    assert last != CAMPUS


def test_what_the_forecast_rests_on(scene):
    """One weekend over with eleven fares; insurance after it is known; every Friday left is to come."""
    spend(scene, a_cost("C01", 9_000), a_cost("C07", 400), a_cost("C07", 700, date(2026, 5, 1)))
    found, books = driven(scene)
    facts = term_verdict.forecast_facts(books, found, today=FRIDAY + timedelta(days=3))
    (past,) = facts.past
    assert (past.on, past.runs, past.short_fen, past.costs_fen) == (FRIDAY, 1, 11_000, 9_400)
    assert (facts.earned_fen, facts.costs_fen, facts.run_costs_fen) == (11_000, 9_400, 9_000)
    assert [one.on for one in facts.coming] == [FRIDAY + timedelta(weeks=week) for week in range(1, 17)]
    assert {one.on: one.fixed_fen for one in facts.coming if one.fixed_fen} == {date(2026, 5, 1): 700}


def test_a_weekend_is_over_on_its_monday(scene):
    """On its Sunday it is still to come: its costs are not yet a rate, its rides no sample."""
    spend(scene, a_cost("C01", 9_000), a_cost("C07", 400))
    found, books = driven(scene)
    facts = term_verdict.forecast_facts(books, found, today=FRIDAY + timedelta(days=2))
    assert (facts.past, facts.costs_fen) == ((), 0)
    later = term_verdict.forecast_facts(books, found, today=FRIDAY + timedelta(days=3))
    assert [one.on for one in later.past] == [FRIDAY]


def test_fuel_for_the_weekend_to_come_is_what_the_rate_stands_for(scene):
    """Entered early it is not counted twice; an insurance of then is known."""
    spend(scene, a_cost("C01", 9_000), *(a_cost(code, 50, date(2026, 3, 20)) for code in ("C01", "C07")))
    found, books = driven(scene)
    facts = term_verdict.forecast_facts(books, found, today=date(2026, 3, 21))
    assert (facts.costs_fen, facts.run_costs_fen) == (9_000, 9_000)
    assert {one.on: one.fixed_fen for one in facts.coming if one.fixed_fen} == {date(2026, 3, 20): 50}


def test_without_any_cost_runs_are_reckoned_at_their_plans_cost(scene):
    """The outlook says that it is so."""
    assert seen(scene).outlook.is_planned_rate
    spend(scene, a_cost("C01", 9_000))
    assert not seen(scene).outlook.is_planned_rate


def test_every_other_week_goes_on_every_other_week():
    """Weekends two weeks apart, with a gap of four: the next are two weeks apart."""
    over = [FRIDAY, FRIDAY + timedelta(weeks=2), FRIDAY + timedelta(weeks=6)]
    last = FRIDAY + timedelta(weeks=11)
    assert term_verdict._coming(over, last, FRIDAY) == [
        FRIDAY + timedelta(weeks=8),
        FRIDAY + timedelta(weeks=10),
    ]


def test_costs_count_with_the_weekend_that_ends_after_them():
    """A fuel bill of Tuesday is the weekend's before it; one from before the first weekend is the first's."""
    weekends = [FRIDAY, FRIDAY + timedelta(weeks=1)]
    days = ((-9, 1), (4, 2), (7, 4), (70, 8))
    lines = [a_cost("C01", fen, FRIDAY + timedelta(days=after)) for after, fen in days]
    assert term_verdict._by_weekend(lines, weekends) == [3, 12]
    assert term_verdict._by_weekend(lines, []) == []


def test_depreciation_and_overhead_count_where_they_do():
    """Overhead never; depreciation on accrual only."""
    lines = [a_cost(code, 1) for code in ("C01", "C10", "C90")]
    assert [line.code for line in counted_costs(lines, Basis.ACCRUAL)] == ["C01", "C10"]
    assert [line.code for line in counted_costs(lines, Basis.CASH_NET)] == ["C01"]


def test_the_verdict_itself_is_the_reconciliations(scene):
    """One judgement, not two: page and workbook say the same."""
    spend(scene, a_cost("C01", 9_000))
    alone = reconciliation.reconcile(scene.database, clock=scene.clock)
    shown = seen(scene).result.statement
    assert (shown.judgement, shown.sums) == (alone.statement.judgement, alone.statement.sums)
    assert (shown.rows, shown.findings) == (alone.statement.rows, alone.statement.findings)
    assert alone.statement.judgement.verdict is Verdict.MET
