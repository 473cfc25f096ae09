"""Fee plans through the services: days of service, consents under a service charge, subsidies as a memo."""

from dataclasses import replace
from datetime import date

import pytest

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.school import FeeRegime
from busops.domain.values import RiderId
from busops.finance.reconcile import RowStatus
from busops.finance.tariff import FareUnit
from busops.services import accounts, books_audit, fares, fee_plans, periods, reconciliation
from busops.storage import register_store
from busops.storage.fee_store import ConsentWay, Subsidy, Told
from tests.unit.services.money_scene import CLERK, LEAD, MoneyScene, a_closed_run

FRIDAY = date(2026, 3, 13)
RIDER = RiderId("20230002")


@pytest.fixture
def scene(sqlite_database, settings, ids) -> MoneyScene:
    """The closed run, not charged yet."""
    return a_closed_run(sqlite_database, settings, ids)


def by_term(scene: MoneyScene) -> None:
    """Band A costs 200.00 a term and nothing else has a price."""
    with scene.database.transaction() as tx:
        rates = register_store.load_tariff(tx)
        over = [replace(rate, to_on=rate.from_on) for rate in rates]
        term = replace(rates[0], band="A", unit=FareUnit.TERM, fen=20_000, to_on=None)
        register_store.save_tariff(tx, [*over, term])
    fares.charge_closed_runs(scene.database, **scene.acting)


def charged(scene: MoneyScene, rider_id: str = RIDER) -> int:
    """What the rider owes by the ledger."""
    return accounts.account_of(scene.database, RiderId(rider_id)).ledger_fen


def keep(scene: MoneyScene, joined_on: date | None = None, left_on: date | None = None) -> None:
    """His days are kept, and the closed runs charged."""
    fee_plans.record_service(
        scene.database, RIDER, joined_on=joined_on, left_on=left_on, note="申请", clock=scene.clock, by=CLERK
    )
    fares.charge_closed_runs(scene.database, **scene.acting)


def agree(scene: MoneyScene, *rider_ids: str, way: ConsentWay = ConsentWay.WRITTEN, on: date = FRIDAY) -> int:
    """Their guardians' words are kept."""
    return fee_plans.record_consents(
        scene.database, rider_ids, way, given_on=on, note="同意书 7 号", clock=scene.clock, by=CLERK
    )


def as_service_charge(scene: MoneyScene) -> None:
    """Fares are a service charge."""
    with scene.database.transaction() as tx:
        school = register_store.load_school(tx)
        finance = replace(school.finance, fee_regime=FeeRegime.SERVICE_CHARGE)
        register_store.save_school(tx, replace(school, finance=finance))


def test_who_joined_in_march_owes_no_month_before_and_sees_why(scene):
    """200.00 by the Fridays of the months; those before March are not owed, as the account shows."""
    by_term(scene)
    assert charged(scene) == 20_000
    keep(scene, joined_on=date(2026, 3, 9))
    account = accounts.account_of(scene.database, RIDER)
    (reckoning,) = account.reckonings
    owed = [part for part in reckoning.months if part.is_owed]
    assert reckoning.price_fen == sum(part.fen for part in reckoning.months) == 20_000
    assert reckoning.owed_fen == sum(part.fen for part in owed) == account.ledger_fen < 20_000
    assert min(part.month for part in owed) == date(2026, 3, 1)
    assert account.service is not None
    keep(scene)
    assert charged(scene) == 20_000
    assert accounts.account_of(scene.database, RIDER).reckonings == ()
    assert books_audit.verify_books(scene.database).findings == ()


def test_who_left_owes_the_months_begun_and_a_ride_afterwards_counts_as_use(scene):
    """Left on 1 March, but rode on the 13th: March is owed; left on 31 March it is the same."""
    by_term(scene)
    keep(scene, left_on=date(2026, 3, 31))
    march = charged(scene)
    keep(scene, left_on=date(2026, 3, 1))
    assert 0 < charged(scene) == march < 20_000
    account = accounts.account_of(scene.database, RIDER)
    assert max(part.month for part in account.reckonings[0].months if part.is_owed) == date(2026, 3, 1)
    with pytest.raises(InvalidInput, match="service_backwards"):
        keep(scene, joined_on=date(2026, 4, 1), left_on=date(2026, 3, 1))


def test_under_a_service_charge_nobody_is_charged_without_a_consent(scene):
    """No consent: no charge, a row 已乘未计费 and a reason on the checklist; agreed to it is charged."""
    as_service_charge(scene)
    outcome = fares.charge_closed_runs(scene.database, **scene.acting)
    assert (outcome.added, {item.code for item in outcome.findings}) == (0, {"price_consent_missing"})
    assert agree(scene, RIDER, RIDER, "20230007") == 2
    assert fares.charge_closed_runs(scene.database, **scene.acting).added == 2
    rows = reconciliation.reconcile(scene.database, weekend_on=FRIDAY, clock=scene.clock).statement.rows
    states = {row.rider_id: row.status for row in rows if row.facts.rides}
    assert states[RIDER] is RowStatus.RODE_UNPAID
    assert states["20230008"] is RowStatus.RODE_NOT_BILLED
    checks = periods.show_period(scene.database, "2026-03", clock=scene.clock).checks
    (missing,) = checks["agreed"]
    assert (missing.facts["count"], "20230008" in missing.facts["riders"]) == (10, True)


def test_a_consent_taken_back_leaves_what_was_ridden_before_charged(scene):
    """Withdrawn on the 14th, the ride of the 13th stays; withdrawn on that day it is charged no more."""
    as_service_charge(scene)
    agree(scene, RIDER)
    fares.charge_closed_runs(scene.database, **scene.acting)
    agree(scene, RIDER, way=ConsentWay.WITHDRAWN, on=date(2026, 3, 14))
    assert fares.charge_closed_runs(scene.database, **scene.acting).reversed == 0
    agree(scene, RIDER)
    agree(scene, RIDER, way=ConsentWay.WITHDRAWN, on=FRIDAY)
    assert fares.charge_closed_runs(scene.database, **scene.acting).reversed == 1
    with pytest.raises(Refused, match="consent_of_nobody"):
        agree(scene, RIDER, way=ConsentWay.WITHDRAWN)
    with pytest.raises(InvalidInput, match="consent_riders_unknown"):
        agree(scene, "nobody")


def test_prices_beyond_the_term_stand_against_a_service_charge_only(scene):
    """An open-ended price is a reminder; under a service charge it is on the checklist."""
    beyond = len(fee_plans.board(scene.database).beyond)
    assert beyond > 0
    assert periods.show_period(scene.database, "2026-03", clock=scene.clock).checks["prices"] == ()
    as_service_charge(scene)
    (found,) = periods.show_period(scene.database, "2026-03", clock=scene.clock).checks["prices"]
    assert found.facts["count"] == beyond


def test_a_subsidy_is_a_memo_and_no_income(scene):
    """500.00 from the town: G, N and the verdict stay, the memo shows it; undone it is gone."""
    fares.charge_closed_runs(scene.database, **scene.acting)
    before = reconciliation.reconcile(scene.database, weekend_on=FRIDAY, clock=scene.clock).statement
    told = Told(note="文件 3 号", by=CLERK.user_id, at=scene.clock.now())
    gift = Subsidy(subsidy_id="s1", received_on=FRIDAY, fen=50_000, giver="镇政府", told=told)
    fee_plans.record_subsidy(scene.database, gift, clock=scene.clock, by=CLERK)
    after = reconciliation.reconcile(scene.database, weekend_on=FRIDAY, clock=scene.clock).statement
    assert after.judgement == before.judgement
    assert (before.sums.subsidies_fen, after.sums.subsidies_fen) == (0, 50_000)
    fee_plans.undo_subsidy(scene.database, "s1", note="记错", clock=scene.clock, ids=scene.ids, by=LEAD)
    undone = reconciliation.reconcile(scene.database, weekend_on=FRIDAY, clock=scene.clock).statement
    assert undone == before
    with pytest.raises(Refused, match="subsidy_not_undone"):
        fee_plans.undo_subsidy(scene.database, "s1", note="x", clock=scene.clock, ids=scene.ids, by=LEAD)
    for wrong in ({"giver": " "}, {"fen": 0}):
        with pytest.raises(InvalidInput):
            fee_plans.record_subsidy(scene.database, replace(gift, **wrong), clock=scene.clock, by=CLERK)
    with pytest.raises(NotFound):
        fee_plans.record_subsidy(
            scene.database, replace(gift, rider_id=RiderId("nobody")), clock=scene.clock, by=CLERK
        )
