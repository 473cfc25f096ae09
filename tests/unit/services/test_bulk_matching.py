"""Matching as a job: slice by slice, again and again, while others change the books."""

from pathlib import Path
from typing import Any

import pytest

from busops.domain.errors import Conflict
from busops.domain.values import RiderId
from busops.finance.ledger import Account
from busops.finance.matching import ReceiptStatus
from busops.jobs import JobQueue
from busops.services import bulk_matching, claims, fares, long_bills, receipts
from busops.storage import ledger_store, waiting_store
from busops.storage.job_store import JobState
from tests.unit.services.money_scene import MoneyScene, a_closed_run
from tests.unit.sheets.bill_files import wechat_bill, wechat_paid

RIDERS = ("20230002", "20230006", "20230007", "20230008", "20230012", "20230013", "20230014")


@pytest.fixture
def scene(sqlite_database, settings, ids, tmp_path: Path, monkeypatch) -> MoneyScene:
    """Seven of eleven paid 10.00 with their number by a long bill; an eighth line names nobody."""
    monkeypatch.setattr(bulk_matching, "SLICE", 3)
    monkeypatch.setattr(bulk_matching, "WRITTEN_AT_ONCE", 2)
    made = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(made.database, **made.acting)
    paid = [wechat_paid(n, 1000, 商品名称="校车费", 商户数据包=one) for n, one in enumerate(RIDERS)]
    nobody = wechat_paid(50, 1000, 商品名称="校车费", 商户数据包="")
    path = tmp_path / "long.csv"
    path.write_bytes(wechat_bill(*paid, nobody))
    long_bills.import_long_bill(made.database, path, **made.acting)
    return made


class Desk:
    """What the job is given, and what it tells."""

    def __init__(self, scene: MoneyScene) -> None:
        self.database, self.clock, self.ids = scene.database, scene.clock, scene.ids
        self.told: list[tuple[int, int]] = []
        self.is_stopped = False

    def progress(self, done: int, total: int, **_facts: Any) -> None:
        """Kept."""
        self.told.append((done, total))

    def stop_if_cancelled(self) -> None:
        """Raises when the test says so."""
        if self.is_stopped:
            raise InterruptedError


def matched(scene: MoneyScene) -> list[str]:
    """The riders whose money found its place, as often as it did."""
    found = receipts.list_receipts(scene.database)
    return sorted(str(one.rider_id) for one in found if one.status is ReceiptStatus.MATCHED)


def test_every_line_is_looked_at_and_only_once_booked(scene):
    """
    8 lines of 10.00 in slices of three: seven matched, then none; suspense keeps the one of nobody.

    Dr 微信 80.00  Cr 待认领 80.00;  Dr 待认领 70.00  Cr 应收 70.00
    """
    desk = Desk(scene)
    assert bulk_matching.run_job(desk, {"by": "clerk"}) == {"matched": 7, "looked_at": 8}
    assert desk.told == [(0, 8), (3, 8), (6, 8), (8, 8)]
    assert matched(scene) == list(RIDERS)
    assert bulk_matching.run_job(desk, {}) == {"matched": 0, "looked_at": 1}
    with scene.database.reading() as tx:
        balances = ledger_store.account_balances(tx)
        assert balances[Account.SUSPENSE] == -1000
        assert {ledger_store.owed_by_rider(tx).get(RiderId(one), 0) for one in RIDERS} == {0}


def test_it_ends_at_any_moment_and_goes_on(scene, monkeypatch):
    """Stopped after its first two lines: these stand, and the next run does the rest."""
    desk, record = Desk(scene), bulk_matching.record

    def then_stop(*given: Any, **more: Any) -> int:
        desk.is_stopped = True
        return record(*given, **more)

    monkeypatch.setattr(bulk_matching, "record", then_stop)
    with pytest.raises(InterruptedError):
        bulk_matching.run_job(desk, {})
    assert len(matched(scene)) == 2
    assert bulk_matching.run_job(Desk(scene), {})["matched"] == 5
    assert matched(scene) == list(RIDERS)


def test_what_somebody_gave_meanwhile_is_not_given_again(scene, monkeypatch):
    """
    While the first slice is thought over a clerk gives the line of nobody to 20230002, who paid by it.

    His own line then finds no open charge: it is his second payment, and nobody is credited twice.
    """
    think, done = bulk_matching.match_lines, []

    def disturbed(lines: Any, book: Any) -> Any:
        found = think(lines, book)
        if not done:
            done.append(True)
            waiting = receipts.list_receipts(scene.database)
            nobody = next(one.receipt_id for one in waiting if one.line.remark == "校车费")
            chosen = claims.candidate_for(scene.database, nobody, RIDERS[0])
            claims.accept_candidate(scene.database, nobody, chosen, **scene.acting)
        return found

    monkeypatch.setattr(bulk_matching, "match_lines", disturbed)
    bulk_matching.run_job(Desk(scene), {})
    own = [one for one in receipts.list_receipts(scene.database) if one.rider_id == RIDERS[0]]
    assert sorted(one.status for one in own) == [ReceiptStatus.DUPLICATE, ReceiptStatus.MATCHED]
    with scene.database.reading() as tx:
        assert ledger_store.owed_by_rider(tx).get(RiderId(RIDERS[0]), 0) == 0


def test_books_that_never_stand_still_end_the_job_with_a_word(scene, monkeypatch):
    """A mark that is another each time: nothing is written, and the job says that it was disturbed."""
    marks = iter(range(10_000))
    monkeypatch.setattr(waiting_store, "books_mark", lambda _tx: (next(marks),))
    with pytest.raises(Conflict) as refusal:
        bulk_matching.run_job(Desk(scene), {})
    assert (refusal.value.code, matched(scene)) == ("matching_disturbed", [])


def test_the_queue_does_it(scene):
    """Submitted like any other job, it is done with its progress and result on record."""
    queue = JobQueue(scene.database, scene.settings, clock=scene.clock, ids=scene.ids)
    job_id = queue.submit(bulk_matching.JOB, {"by": "clerk"})
    assert bulk_matching.latest(scene.database).state is JobState.QUEUED
    queue.work(job_id)
    job = queue.look(job_id)
    assert (job.state, job.result, job.done) == (JobState.DONE, {"matched": 7, "looked_at": 8}, 8)
    queue.close()
