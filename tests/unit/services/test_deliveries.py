"""Deliveries: months and terms become income month by month, once, and again when something changes."""

from dataclasses import replace
from datetime import date

import pytest

from busops.domain.errors import Refused
from busops.finance.allowances import Allowance, AllowanceKind, AllowanceState
from busops.finance.ledger import Account
from busops.finance.tariff import FareUnit
from busops.services import allowances, books_audit, deliveries, fares, periods
from busops.storage import ledger_store, period_store, register_store
from busops.storage.database import open_engine
from busops.storage.schema import guards
from tests.unit.services.money_scene import CLERK, LEAD, MoneyScene, a_closed_run

MARCH = "2026-03"
KEY = "MONTH:2026-03"


@pytest.fixture
def scene(sqlite_database, settings, ids) -> MoneyScene:
    """The closed run of 13 March, priced 40.00 a month for band A: eleven owe it, one is waived."""
    made = a_closed_run(sqlite_database, settings, ids)
    with made.database.transaction() as tx:
        rates = register_store.load_tariff(tx)
        over = [replace(rate, to_on=rate.from_on) for rate in rates]
        monthly = replace(rates[0], band="A", unit=FareUnit.MONTH, fen=4_000, to_on=None)
        register_store.save_tariff(tx, [*over, monthly])
    fares.charge_closed_runs(made.database, **made.acting)
    return made


def balances(scene: MoneyScene) -> dict[Account, int]:
    """The accounts as they stand."""
    with scene.database.reading() as tx:
        return {account: fen for account, fen in ledger_store.account_balances(tx).items() if fen}


def a_month_later(scene: MoneyScene) -> None:
    """It is late in April, and the closed runs are charged again."""
    scene.clock.advance(40 * 24 * 3600)
    fares.charge_closed_runs(scene.database, **scene.acting)


def test_a_month_that_is_over_becomes_income_once(scene):
    """
    13.3.  Dr 1122 440.00   Cr 2203 440.00;   22.4.  Dr 2203 440.00   Cr 4201 440.00, booked in March.
    """
    assert balances(scene) == {Account.RECEIVABLE: 44_000, Account.PREPAID: -44_000}
    scene.clock.advance(40 * 24 * 3600)
    outcomes = [fares.charge_closed_runs(scene.database, **scene.acting).delivered for _ in range(2)]
    assert outcomes == [11, 0]
    assert balances(scene) == {Account.RECEIVABLE: 44_000, Account.INCOME: -44_000}
    with scene.database.reading() as tx:
        txns = [txn for txn in ledger_store.load_all(tx) if txn.source == deliveries.SOURCE]
    assert {(txn.period, txn.on) for txn in txns} == {(MARCH, date(2026, 3, 31))}
    assert books_audit.verify_books(scene.database).findings == ()


def test_an_allowance_reverses_what_was_delivered_and_delivers_the_rest(scene):
    """
    15.00 off a delivered month:  Cr 1122 15.00  Dr 2203;  −40.00 and +25.00 between 2203 and 4201.
    """
    a_month_later(scene)
    rider_id = "20230002"
    off = Allowance(
        allowance_id="a1", rider_id=rider_id, unit_key=KEY, kind=AllowanceKind.HARDSHIP, fen=1_500,
        state=AllowanceState.PROPOSED, proposed_by=CLERK.user_id,
    )  # fmt: skip
    allowances.propose_allowance(scene.database, off, note="困难", clock=scene.clock, by=CLERK)
    allowances.decide_allowance(
        scene.database, "a1", agree="APPROVED", note="", clock=scene.clock, ids=scene.ids, by=LEAD
    )
    assert balances(scene) == {Account.RECEIVABLE: 42_500, Account.INCOME: -42_500}
    with scene.database.reading() as tx:
        found = ledger_store.load_standing(tx, deliveries.SOURCE, Account.PREPAID, of=f"{rider_id} ")
    assert [(item.fen, item.is_reversed) for item in found] == [(4_000, True), (2_500, False)]
    assert books_audit.verify_books(scene.database).findings == ()


def test_a_price_corrected_after_the_close_adjusts_the_closed_month(scene):
    """March closed with 40.00 each; 30.00 from a later closure: undone and delivered anew in April."""
    scene.clock.advance(40 * 24 * 3600)
    settle_and_close(scene)
    with scene.database.transaction() as tx:
        register_store.save_tariff(
            tx,
            [
                replace(rate, fen=3_000)
                for rate in register_store.load_tariff(tx)
                if rate.unit is FareUnit.MONTH
            ],
        )
    assert fares.charge_closed_runs(scene.database, **scene.acting).delivered == 11
    assert balances(scene) == {Account.RECEIVABLE: 33_000, Account.INCOME: -33_000}
    with scene.database.reading() as tx:
        late = ledger_store.load_adjustments(tx, MARCH)
    assert {txn.period for txn in late} == {"2026-04"}
    assert books_audit.verify_books(scene.database).findings == ()


def test_nobody_closes_while_something_delivered_is_not_booked(scene):
    """The checklist counts what waits; the first signature books it, without it the second is refused."""
    scene.clock.advance(40 * 24 * 3600)
    settle(scene)
    view = periods.show_period(scene.database, MARCH, clock=scene.clock)
    assert [item.facts["count"] for item in view.checks["delivered"]] == [11]
    assert (view.may_be_prepared, view.may_be_signed) == (True, False)
    with pytest.raises(Refused) as caught:
        periods.close_period(scene.database, MARCH, clock=scene.clock, by=LEAD)
    assert "deliveries_waiting" in {reason.code for reason in caught.value.reasons}
    settle_and_close(scene)
    assert balances(scene)[Account.INCOME] == -44_000


def test_the_audit_finds_income_that_nothing_earned(scene):
    """A delivery of 40.00 made 41.00 on both sides balances, and is found."""
    a_month_later(scene)
    engine = open_engine(scene.settings.database_url, guarded=False)
    with engine.begin() as connection:
        guards.remove(connection)
        connection.exec_driver_sql(
            "UPDATE posting SET fen = fen + (CASE WHEN fen > 0 THEN 100 ELSE -100 END) WHERE txn_id ="
            " (SELECT min(txn_id) FROM ledger_txn WHERE source = 'delivery')"
        )
    engine.dispose()
    found = {finding.code for finding in books_audit.verify_books(scene.database).findings}
    assert found == {"delivery_differs"}


def settle(scene: MoneyScene) -> None:
    """Everything that waits for a word gets one; the months before are none."""
    kinds = {item.kind for item in periods.show_period(scene.database, MARCH, clock=scene.clock).waiting}
    for kind in sorted(kinds):
        periods.dispose(scene.database, MARCH, kind, note="已提醒", clock=scene.clock, by=CLERK)


def settle_and_close(scene: MoneyScene) -> None:
    """March is signed by both."""
    settle(scene)
    periods.prepare_period(scene.database, MARCH, clock=scene.clock, ids=scene.ids, by=CLERK)
    periods.close_period(scene.database, MARCH, clock=scene.clock, by=LEAD)
    with scene.database.reading() as tx:
        assert all(item.locked for item in period_store.load_periods(tx) if item.period == MARCH)
