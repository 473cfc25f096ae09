"""Charging: closed runs become charges once, and the books agree."""

import pytest

from busops.finance.ledger import Account
from busops.services import fares, runs
from busops.storage import charge_store, ledger_store
from tests.unit.services.money_scene import CLERK, HOME, MoneyScene, a_closed_run


@pytest.fixture
def scene(sqlite_database, settings, ids) -> MoneyScene:
    """The closed run of twelve."""
    return a_closed_run(sqlite_database, settings, ids)


def test_a_closed_run_is_charged_once(scene):
    """
    12 rode, one waived:  Dr 应收 110.00   Cr 收入 110.00;  a second time changes nothing.
    """
    first = fares.charge_closed_runs(scene.database, **scene.acting)
    again = fares.charge_closed_runs(scene.database, **scene.acting)
    assert (first.added, first.charged_fen, first.reversed) == (12, 11_000, 0)
    assert (again.added, again.charged_fen, again.reversed) == (0, 0, 0)
    with scene.database.reading() as tx:
        assert ledger_store.account_balances(tx) == {Account.RECEIVABLE: 11_000, Account.INCOME: -11_000}
        stored = charge_store.load_charges(tx)
    assert {item.charge.unit_key for item in stored} == {HOME}
    assert all(item.charge.basis == "run-1@1" and item.revision == 1 for item in stored)
    waived = next(item for item in stored if item.charge.rider_id == "20230001")
    assert (waived.charge.list_fen, waived.charge.due_fen, waived.txn_id) == (1000, 0, None)


def test_a_changed_price_reverses_and_charges_again(scene, monkeypatch):
    """
    10.00 charged; the tariff is corrected to 9.00: each of eleven is reversed and charged anew.
    """
    fares.charge_closed_runs(scene.database, **scene.acting)
    with scene.database.transaction() as tx:
        rates = fares.register_store.load_tariff(tx)
        cheaper = [fares_rate(rate, 900) for rate in rates if rate.band == "A"]
        fares.register_store.save_tariff(tx, cheaper)
    moved = fares.charge_closed_runs(scene.database, **scene.acting)
    assert (moved.added, moved.reversed, moved.charged_fen) == (12, 12, -1_100)
    with scene.database.reading() as tx:
        assert ledger_store.account_balances(tx)[Account.RECEIVABLE] == 9_900
        assert {item.revision for item in charge_store.load_charges(tx)} == {2}


def fares_rate(rate, fen):
    """The same rate at another price."""
    return type(rate)(band=rate.band, unit=rate.unit, fen=fen, from_on=rate.from_on, to_on=rate.to_on)


def test_a_price_taken_away_takes_the_charge_back(scene):
    """Without a tariff nothing can be owed: every charge is reversed, and each rider is a finding."""
    fares.charge_closed_runs(scene.database, **scene.acting)
    with scene.database.transaction() as tx:
        late = [
            type(rate)(band=rate.band, unit=rate.unit, fen=rate.fen, from_on=rate.from_on, to_on=rate.from_on)
            for rate in fares.register_store.load_tariff(tx)
        ]
        fares.register_store.save_tariff(tx, late)
    gone = fares.charge_closed_runs(scene.database, **scene.acting)
    again = fares.charge_closed_runs(scene.database, **scene.acting)
    assert (gone.added, gone.reversed, again.reversed) == (0, 12, 0)
    assert {finding.code for finding in gone.findings} == {"no_price"}
    with scene.database.reading() as tx:
        assert ledger_store.account_balances(tx)[Account.RECEIVABLE] == 0
        assert ledger_store.owed_by_rider(tx) == {}


def test_a_run_that_was_opened_again_keeps_its_charges_until_it_is_closed(scene):
    """Reopening moves no money: the next closure will say what changes."""
    fares.charge_closed_runs(scene.database, **scene.acting)
    runs.reopen_run(scene.database, "run-1", reason="核对", by=CLERK, clock=scene.clock, ids=scene.ids)
    assert fares.charge_closed_runs(scene.database, **scene.acting).reversed == 0
