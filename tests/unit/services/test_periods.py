"""A month's close: the checklist with its reasons, two people, and what comes later."""

from dataclasses import replace
from datetime import date

import pytest

from busops.domain.errors import Refused
from busops.domain.people import Role
from busops.finance.closing import CheckItem
from busops.finance.costs import CostLine
from busops.services import costs, fares, people, periods, receipts
from busops.services.acting import By
from busops.storage import ledger_store, period_store
from busops.storage.period_store import PeriodState
from tests.unit.services.money_scene import CLERK, LEAD, MoneyScene, a_bill, a_closed_run

FRIDAY = date(2026, 3, 13)
MARCH = "2026-03"
BILL = a_bill("2026-03-14,10.00,甲,校车费,TX1,20230002", "2026-03-14,10.00,丙,谢谢,TX3,")


@pytest.fixture
def scene(sqlite_database, settings, ids) -> MoneyScene:
    """The closed run charged, a bill of which one payment is nobody's, a cost; it is late in April."""
    made = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(made.database, **made.acting)
    preview = receipts.preview(made.database, file_name="bill.csv", content=BILL, **made.acting)
    receipts.accept(made.database, preview.batch_id, **made.acting)
    costs.add_costs(made.database, [CostLine(on=FRIDAY, code="C01", fen=9_000)], **made.acting)
    made.clock.advance(40 * 24 * 3600)
    return made


def reasons(scene: MoneyScene) -> dict[str, list[str]]:
    """What the checklist says against each item that is not met."""
    view = periods.show_period(scene.database, MARCH, clock=scene.clock)
    return {str(item): [each.code for each in found] for item, found in view.checks.items() if found}


def settle(scene: MoneyScene) -> None:
    """Everything that waits for a word gets one."""
    kinds = {item.kind for item in periods.show_period(scene.database, MARCH, clock=scene.clock).waiting}
    for kind in sorted(kinds):
        periods.dispose(scene.database, MARCH, kind, note="已提醒", clock=scene.clock, by=CLERK)


def refused_codes(scene: MoneyScene, act, by: By) -> set[str]:
    """Why the act is refused."""
    more = {"ids": scene.ids} if act is periods.prepare_period else {}
    with pytest.raises(Refused, match="period_not_closable") as caught:
        act(scene.database, MARCH, clock=scene.clock, by=by, **more)
    return {reason.code for reason in caught.value.reasons}


def test_the_checklist_names_every_reason_at_once(scene):
    """Ten riders unpaid, one payment nobody's for 38 days: both wait for a word; the month is over."""
    found = reasons(scene)
    assert found == {"money_aged": ["money_aged"], "differences": ["differences_undisposed"]}
    assert refused_codes(scene, periods.prepare_period, CLERK) == {"money_aged", "differences_undisposed"}
    settle(scene)
    assert reasons(scene) == {}


def test_a_word_holds_only_while_the_difference_stands_so(scene):
    """A disposed difference that changes is asked for anew: 20230007 owed 10.00, now 3.00."""
    settle(scene)
    late = a_bill("2026-03-16,7.00,丁,,TX4,20230007")
    preview = receipts.preview(scene.database, file_name="late.csv", content=late, **scene.acting)
    receipts.accept(scene.database, preview.batch_id, **scene.acting)
    assert reasons(scene) == {"differences": ["differences_undisposed"]}
    (waiting,) = periods.show_period(scene.database, MARCH, clock=scene.clock).waiting
    assert (waiting.kind, waiting.fen) == ("UNDERPAID", -300)


def test_open_runs_uncharged_runs_and_an_unfinished_month_stand_against_it(scene):
    """A month that still runs is not over; an earlier one that is open comes first."""
    with scene.database.transaction() as tx:
        period_store.open_periods(tx, {"2026-02"})
    assert reasons(scene)["earlier_closed"] == ["earlier_periods_open"]
    view = periods.show_period(scene.database, "2026-04", clock=scene.clock)
    assert [each.code for each in view.checks[CheckItem.PERIOD_OVER]] == ["period_not_over"]


def test_two_different_people_sign_and_the_importer_does_not_close(scene):
    """Nobody closes what nobody prepared, the preparer never, the importer never; the lead does."""
    settle(scene)
    assert refused_codes(scene, periods.close_period, LEAD) == {"period_not_prepared"}
    assert refused_codes(scene, periods.prepare_period, "a tool") == {"person_needed"}
    said = periods.prepare_period(scene.database, MARCH, clock=scene.clock, ids=scene.ids, by=CLERK)
    turned = replace(CLERK, role=Role.FINANCE_LEAD)
    assert refused_codes(scene, periods.close_period, turned) == {"signer_prepared", "closer_imported"}
    other = replace(CLERK, user_id="clerk-2")
    periods.prepare_period(scene.database, MARCH, clock=scene.clock, ids=scene.ids, by=other)
    assert "closer_imported" in refused_codes(scene, periods.close_period, CLERK)
    assert periods.close_period(scene.database, MARCH, clock=scene.clock, by=LEAD) == said
    assert next(item.state for item in periods.list_periods(scene.database)) is PeriodState.CLOSED
    assert refused_codes(scene, periods.close_period, LEAD) == {"period_locked_before"}
    with pytest.raises(Refused, match="period_locked"):
        periods.prepare_period(scene.database, MARCH, clock=scene.clock, ids=scene.ids, by=CLERK)
    with pytest.raises(Refused, match="nothing_to_dispose"):
        periods.dispose(scene.database, MARCH, "OVERPAID", note="x", clock=scene.clock, by=CLERK)


def test_what_changed_since_the_first_signature_must_be_signed_again(scene):
    """A cost of March entered by finance after the first signature: the lead cannot close under old words."""
    settle(scene)
    people_of(scene)
    periods.prepare_period(scene.database, MARCH, clock=scene.clock, ids=scene.ids, by=clerk_of(scene))
    by = clerk_of(scene)
    costs.enter_cost(
        scene.database, CostLine(on=FRIDAY, code="C02", fen=700), clock=scene.clock, ids=scene.ids, by=by
    )
    assert refused_codes(scene, periods.close_period, LEAD) == {"changed_since_signed"}
    periods.prepare_period(scene.database, MARCH, clock=scene.clock, ids=scene.ids, by=by)
    periods.close_period(scene.database, MARCH, clock=scene.clock, by=LEAD)
    with scene.database.reading() as tx:
        assert ledger_store.load_adjustments(tx, MARCH) == ()


def test_soft_closed_the_bus_team_books_later_and_finance_still_there(scene):
    """March signed once: a cost by a bookkeeper lands in March, one by a tool in April, naming March."""
    settle(scene)
    people_of(scene)
    by = clerk_of(scene)
    periods.prepare_period(scene.database, MARCH, clock=scene.clock, ids=scene.ids, by=by)
    acting = {"clock": scene.clock, "ids": scene.ids}
    costs.enter_cost(scene.database, CostLine(on=FRIDAY, code="C02", fen=700), **acting, by=by)
    costs.add_costs(scene.database, [CostLine(on=FRIDAY, code="C02", fen=300)], **acting, by="bus")
    with scene.database.reading() as tx:
        (late,) = ledger_store.load_adjustments(tx, MARCH)
    assert (late.period, late.adjusts, late.postings[0].fen) == ("2026-04", MARCH, 300)


def test_i8_a_closed_month_stays_and_later_entries_name_it(scene):
    """FN15, I8. What was signed is kept to the byte; a cost of March is booked in April and names March."""
    settle(scene)
    said = periods.prepare_period(scene.database, MARCH, clock=scene.clock, ids=scene.ids, by=CLERK)
    kept = periods.closed_statement(scene.database, MARCH)
    periods.close_period(scene.database, MARCH, clock=scene.clock, by=LEAD)
    costs.add_costs(scene.database, [CostLine(on=FRIDAY, code="C02", fen=700)], **scene.acting)
    assert periods.closed_statement(scene.database, MARCH) == kept
    assert periods.check_closed(scene.database) == ()
    assert {item.period: item.digest for item in periods.list_periods(scene.database)}[MARCH] == said
    view = periods.show_period(scene.database, MARCH, clock=scene.clock)
    assert [(txn.period, txn.adjusts) for txn in view.adjustments] == [("2026-04", MARCH)]


def test_a_late_closure_of_a_closed_month_becomes_an_adjusting_entry(scene, monkeypatch):
    """
    03 closed   Dr 应收 20230008 10.00   Cr 收入 10.00
    04          Cr 应收 20230008 10.00   Dr 收入 10.00   reverses, adjusts 2026-03
    """
    settle(scene)
    periods.prepare_period(scene.database, MARCH, clock=scene.clock, ids=scene.ids, by=CLERK)
    periods.close_period(scene.database, MARCH, clock=scene.clock, by=LEAD)
    known = fares.load_facts

    def without_one(tx):
        facts = known(tx)
        rest = tuple(fact for fact in facts.charge_facts if fact.rider_id != "20230008")
        return replace(facts, charge_facts=rest)

    monkeypatch.setattr(fares, "load_facts", without_one)
    outcome = fares.charge_closed_runs(scene.database, **scene.acting)
    assert (outcome.added, outcome.reversed) == (0, 1)
    with scene.database.reading() as tx:
        (entry,) = ledger_store.load_adjustments(tx, MARCH)
    assert (entry.period, entry.adjusts, str(entry.kind)) == ("2026-04", MARCH, "reversal")
    assert [posting.fen for posting in entry.postings] == [-1_000, 1_000]


def people_of(scene: MoneyScene) -> None:
    """A bookkeeper has an account."""
    people.create_person(
        scene.database, name="出纳", username="cashier", role=Role.FINANCE, password="correct-horse-9",
        clock=scene.clock, ids=scene.ids, hasher=people.CHEAP,
    )  # fmt: skip


def clerk_of(scene: MoneyScene):
    """The bookkeeper as the one who acts."""
    found = {person.username: person for person in people.list_people(scene.database)}
    return people.actor_of(found["cashier"])
