"""The cases of a period: in bulk they are the rows of the facts one by one, and the proofs can fail."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from busops.domain.roster import NotRidingReason
from busops.domain.values import Direction, RiderId
from busops.finance.reconcile import RowStatus, counted, status_counts
from busops.finance.row_cases import Agreed, Case, Gathering
from busops.finance.rows import ReconSources, RowTerms, build_rows, differences, judged
from busops.finance.tariff import FareUnit, billing_unit
from busops.services import book_proofs, fares, period_cases, receipts, reconciliation
from busops.services.period_cases import load_cases
from busops.services.ride_facts import load_facts
from busops.storage import (
    charge_store,
    guards,
    intake_store,
    money_sums,
    receipt_store,
    register_store,
    roster_store,
)
from busops.storage.database import Database, open_engine
from tests.sim import world
from tests.unit.services.money_scene import MoneyScene, a_bill, a_closed_run

FRIDAY = date(2026, 3, 13)
PART, WHOLE = RiderId("20230007"), RiderId("20230008")
THURSDAY = FRIDAY + timedelta(days=6)
BILL = a_bill(
    "2026-03-14,10.00,甲,校车费,TX1,20230002",
    "2026-03-14,10.00,丙,谢谢,TX3,",
    "2026-03-14,7.00,丁,,TX4,20230007",
    "2026-03-14,12.00,戊,,TX5,20230008",
    "2026-03-15,10.00,甲,校车费,TX6,20230002",
)


@pytest.fixture
def scene(sqlite_database, settings, ids) -> MoneyScene:
    """A closed run, charged and partly paid, a second run still open, and somebody on leave."""
    made = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(made.database, **made.acting)
    preview = receipts.preview(made.database, file_name="bill.csv", content=BILL, **made.acting)
    receipts.accept(made.database, preview.batch_id, **made.acting)
    world.release(made.database, run_id="run-2", departs_at=world.DEPARTS_AT, stops=("S004",), trip_no=2)
    with made.database.transaction() as tx:
        roster_store.open_weekend(tx, FRIDAY, made.clock.now())
        entries = roster_store.load_roster(tx, FRIDAY)
        away = [
            replace(one, rides_homeward=False, rides_return=False, reason=NotRidingReason.LEAVE)
            for one in entries[:1]
        ]
        roster_store.save_roster(tx, FRIDAY, [*away, *entries[1:]])
    return made


def one_by_one(scene: MoneyScene) -> ReconSources:
    """What the rows rest on, every fact as a value of its own."""
    with scene.database.reading() as tx:
        facts = load_facts(tx, from_on=FRIDAY, to_on=THURSDAY)
        return ReconSources(
            period_from=FRIDAY,
            period_to=THURSDAY,
            term=facts.school.term,
            rates=facts.rates,
            payers=facts.payers,
            seats=facts.seats,
            facts=facts.facts,
            charges=tuple(item.charge for item in charge_store.load_charges(tx) if item.charge.list_fen),
            allocations=receipt_store.load_allocations(tx),
            stop_bands=facts.stop_bands,
            cancelled=facts.cancelled,
            duplicates=frozenset(one[:2] for one in receipt_store.duplicate_payments(tx)),
        )


def in_bulk(scene: MoneyScene):
    """The same period from bare rows."""
    with scene.database.reading() as tx:
        seconds = frozenset(one[:2] for one in receipt_store.duplicate_payments(tx))
        cases = load_cases(tx, FRIDAY, THURSDAY, Agreed(seconds=seconds))
    terms = RowTerms(
        period_from=FRIDAY, period_to=THURSDAY, term=cases.school.term, stop_bands=cases.stop_bands
    )
    return judged(cases.sheet, terms)


def test_in_bulk_the_rows_are_those_of_the_facts_one_by_one(scene):
    """Every column of every row is the same, among them leave, an open run and a second payment."""
    expected, found = build_rows(one_by_one(scene)), in_bulk(scene)
    assert list(found) == list(expected)
    assert {row.status for row in found} >= {RowStatus.RODE_UNPAID, RowStatus.OK, RowStatus.OVERPAID}
    assert any(row.facts.on_leave for row in found)
    assert any("RUN_NOT_CLOSED" in row.flags for row in found)
    assert any("DUPLICATE_PAYMENT" in row.flags for row in found)


def test_equal_rows_share_a_case_and_count_as_many(scene):
    """Fewer cases than rows; sums, counts and differences are those of the plain rows."""
    rows = in_bulk(scene)
    plain = list(rows)
    assert len(list(counted(rows))) < len(rows)
    assert sum(row.earned_fen * times for row, times in counted(rows)) == sum(row.earned_fen for row in plain)
    assert status_counts(rows) == status_counts(plain)
    assert list(differences(rows)) == list(differences(plain))
    assert rows[-1] == plain[-1]
    assert list(rows[1:3]) == plain[1:3]


def test_a_unit_that_is_finished_is_whole_and_a_case_is_told_apart_by_its_parts():
    """Finished on the way or at the end, the same row; another reason for one part is another case."""
    gathering = Gathering(Agreed())
    gathering.unit("WEEKEND:1")["b"].runs += ("r1",)
    gathering.finish({"WEEKEND:1", "WEEKEND:9"})
    gathering.unit("TERM:1")["a"].is_cancelled = True
    gathering.unit("TERM:1")["b"].runs += ("r2",)
    sheet = gathering.sheet()
    assert list(zip(sheet.riders, sheet.units, sheet.runs, strict=True)) == [
        ("a", "TERM:1", ()), ("b", "TERM:1", ("r2",)), ("b", "WEEKEND:1", ("r1",)),
    ]  # fmt: skip
    assert sheet.cases == [Case(is_cancelled=True), Case(), Case()]
    assert sheet.cases[1] is sheet.cases[2]
    assert sheet.place_of("b", "WEEKEND:1") == 2
    assert sheet.place_of("c", "WEEKEND:1") is None


def test_a_page_and_the_record_say_the_same(scene):
    """Sums, rows, findings and proofs are equal; a page has no plainly matched receipt and is not kept."""
    whole = reconciliation.reconcile(scene.database, weekend_on=FRIDAY, clock=scene.clock)
    page = reconciliation.reconcile(scene.database, weekend_on=FRIDAY, clock=scene.clock, is_whole=False)
    assert page.statement.sums == whole.statement.sums
    assert (page.statement.rows, page.findings) == (whole.statement.rows, whole.findings)
    kept = [one for one in whole.statement.receipts if one.status != "MATCHED"]
    assert list(page.statement.receipts) == kept
    odd = {row.rider_id for row in differences(whole.statement.rows)}
    assert page.riders.keys() == odd & whole.riders.keys()
    with pytest.raises(AssertionError, match="not for the record"):
        reconciliation.document(page)


def test_who_owes_a_part_of_a_unit_owes_it_in_all_of_its_time(scene):
    """A part of the term that begins in May is March's row too; a whole charge from May on is not."""
    later, until = date(2026, 5, 1), date(2026, 5, 31)
    with scene.database.transaction() as tx:
        (first, *_) = charge_store.load_charges(tx)
        term = register_store.load_school(tx).term
        span = billing_unit(FareUnit.TERM, FRIDAY, Direction.HOMEWARD, term)
        owed = replace(
            first.charge,
            unit=span.unit,
            unit_key=span.key,
            from_on=later,
            to_on=until,
            list_fen=5_000,
            waived_fen=0,
        )
        part = replace(owed, rider_id=PART, price_fen=20_000)
        other = replace(owed, rider_id=WHOLE)
        stored = [
            replace(first, charge_id=charge.rider_id, charge=charge, txn_id=None) for charge in (part, other)
        ]
        charge_store.insert_charges(tx, stored, made_at=scene.clock.now())
    of_term = [row for row in in_bulk(scene) if row.unit_key == span.key]
    assert [(row.rider_id, row.facts.due_fen, row.earned_fen) for row in of_term] == [(PART, 5_000, 0)]


def test_of_a_bill_still_coming_in_nothing_is_seen(scene):
    """Its line is in no sum, row or proof, of a page or for the record, until the bill is whole."""
    before = [reconciled(scene, is_whole=is_whole) for is_whole in (True, False)]
    line = replace(before[0].statement.receipts[0].line, source="long.csv", row_key="coming", reference="TX9")
    file = receipt_store.NewFile(
        file_id="long", name="long.csv", sha256="0" * 64, channel="wechat", rows=1, total_fen=line.amount_fen,
        stated_total_fen=None, rejected=0, known_rows=0, reader="x", imported_by="clerk",
        imported_at=scene.clock.now(), is_whole=False,
    )  # fmt: skip
    receipt = receipt_store.NewReceipt(receipt_id="long.1", file_id="long", line=line, txn_id=None)
    with scene.database.transaction() as tx:
        lengths = money_sums.book_lengths(tx)
        receipt_store.insert_file(tx, file, [receipt])
    assert [reconciled(scene, is_whole=is_whole) for is_whole in (True, False)] == before
    with scene.database.transaction() as tx:
        intake_store.make_whole(tx, "long", {})
        assert sum(money_sums.book_lengths(tx)) == sum(lengths) + 2
    for was, is_whole in zip(before, (True, False), strict=True):
        left = set(reconciled(scene, is_whole=is_whole).statement.receipts) - set(was.statement.receipts)
        assert [one.receipt_id for one in left] == ["long.1"]


def reconciled(scene: MoneyScene, *, is_whole: bool):
    """The weekend for the record or for a page."""
    return reconciliation.reconcile(scene.database, weekend_on=FRIDAY, clock=scene.clock, is_whole=is_whole)


FALSIFIED = {
    "invariant_i1": "UPDATE receipt SET amount_fen = amount_fen + 1 WHERE status = 'MATCHED'",
    "invariant_i3": "UPDATE posting SET fen = fen + 1 WHERE account = '1122' AND rider_id = '20230007'",
    "invariant_i5": "UPDATE receipt_file SET stated_total_fen = total_fen + 1",
}


@pytest.mark.parametrize("broken", FALSIFIED)
def test_the_proofs_of_a_page_fail_when_the_books_are_false(scene, broken):
    """Whoever changes the file past the guards is found by sums in the database as by single receipts."""
    unguarded = open_engine(str(scene.database.engine.url), guarded=False)
    with unguarded.begin() as connection:
        guards.remove(connection)
        connection.execute(text(FALSIFIED[broken]))
    database = Database(engine=unguarded, school_id=scene.database.school_id)
    for is_whole in (True, False):
        result = reconciliation.reconcile(database, weekend_on=FRIDAY, clock=scene.clock, is_whole=is_whole)
        assert {one.code for one in result.findings if one.code.startswith("invariant")} == {broken}
    unguarded.dispose()


def test_rows_that_lost_a_payment_break_i2(scene):
    """What was given is added up by the database, not by the rows."""
    with scene.database.reading() as tx:
        books = reconciliation.load_books(tx, FRIDAY, THURSDAY)
    assert not [one for one in reconciliation.reconciled(books, today=FRIDAY).findings if "i2" in one.code]
    lost = replace(books, given_fen=books.given_fen + 1)
    assert "invariant_i2" in [one.code for one in reconciliation.reconciled(lost, today=FRIDAY).findings]


def test_a_ride_that_is_gathered_otherwise_than_closed_breaks_i4(scene, monkeypatch):
    """Who boarded is counted from what is gathered, and compared with what the closure says by itself."""
    real = period_cases.ride_of
    monkeypatch.setattr(period_cases, "ride_of", lambda *told: replace(real(*told), boarded=False))
    result = reconciliation.reconcile(scene.database, weekend_on=FRIDAY, clock=scene.clock)
    (broken,) = [one for one in result.findings if one.code.startswith("invariant")]
    assert (broken.code, broken.place) == ("invariant_i4", "run-1")


def test_a_proof_is_kept_only_while_nothing_was_booked(scene, monkeypatch):
    """Asked again it is not added up again; one more charge, and it is."""
    asked = []
    add_up = money_sums.charged_by_rider
    monkeypatch.setattr(money_sums, "charged_by_rider", lambda tx: asked.append(1) or add_up(tx))

    def prove():
        with scene.database.reading() as tx:
            return book_proofs.of_books(tx, (), ())

    assert (prove(), prove(), len(asked)) == ((), (), 1)
    with scene.database.transaction() as tx:
        (first, *_) = charge_store.load_charges(tx)
        more = replace(first.charge, unit_key="WEEKEND:2026-03-20", list_fen=500, waived_fen=0)
        stored = replace(first, charge_id="more", charge=more, txn_id=None)
        charge_store.insert_charges(tx, [stored], made_at=scene.clock.now())
    assert [one.code for one in prove()] == ["invariant_i3"]
    assert len(asked) == 2
