"""Large claims and the originals of bills against raw SQL, on both databases."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from sqlalchemy import text

from busops.domain.errors import NotFound
from busops.domain.values import RiderId
from busops.finance.matching import Share
from busops.storage import bill_store, claim_store
from busops.storage.claim_store import Proposal, Verdict
from busops.storage.database import Database
from tests.storage.test_ledger_guards import fill_books, into, is_refused

AT = datetime(2024, 3, 10, 12, tzinfo=UTC)
NOW = "'2024-03-10 12:00:00+00:00'"
IN_BOOKS, UNUSED, LONG = "aa" * 32, "bb" * 32, "dd" * 32
PROPOSAL = Proposal(
    proposal_id="p1",
    receipt_id="r1",
    shares=(Share(rider_id=RiderId("001"), unit_key="u1", fen=60_000),),
    grounds=("T1", "number"),
    note="三个孩子一起交",
    proposed_by="clerk",
    proposed_at=AT,
)


def a_verdict(verdict: str, by: str) -> str:
    """The SQL that decides on the proposal."""
    return into("claim_verdict", f"'t1','p1','{verdict}','','{by}',{NOW}")


@pytest.fixture
def books(database: Database) -> Database:
    """One proposal that waits; two originals, of which the books rest on one."""
    fill_books(database)
    with database.transaction() as tx:
        file = f"'t1','f9','b.csv','{IN_BOOKS}','SHEET',1,1600,NULL,0,0,'r','u',{NOW},true"
        tx.session.execute(text(into("receipt_file", file)))
        claim_store.insert_proposal(tx, PROPOSAL)
        for sha256 in (IN_BOOKS, UNUSED):
            bill_store.keep_original(tx, sha256, name="b.csv", content=b"\x00\xff", by="u", at=AT)
    return database


ATTACKS = {
    "agree to one's own": [a_verdict("approved", "clerk")],
    "refuse one's own": [a_verdict("rejected", "clerk")],
    "withdraw another's": [a_verdict("withdrawn", "lead")],
    "decide on nothing": [a_verdict("approved", "lead").replace("'p1'", "'p2'")],
    "decide twice": [a_verdict("rejected", "lead"), a_verdict("approved", "lead2")],
    "decide otherwise": [a_verdict("rejected", "lead"), "UPDATE claim_verdict SET verdict = 'approved'"],
    "undo a verdict": [a_verdict("rejected", "lead"), "DELETE FROM claim_verdict"],
    "a verdict nobody knows": [a_verdict("perhaps", "lead")],
    "a verdict of nobody": [a_verdict("approved", "")],
    "change whose a proposal is": ["UPDATE claim_proposal SET proposed_by = 'lead'"],
    "change how much": ["UPDATE claim_proposal SET fen = 1"],
    "delete a proposal": ["DELETE FROM claim_proposal"],
    "change an original": ["UPDATE bill_original SET content = '' WHERE kept_by = 'u'"],
    "add to what the books rest on": [
        f"INSERT INTO bill_part SELECT school_id, sha256, 1, content FROM bill_original"  # noqa: S608
        f" WHERE sha256 = '{IN_BOOKS}'"
    ],
    "a piece of nothing": [
        f"INSERT INTO bill_part SELECT school_id, '{'cc' * 32}', 1, content FROM bill_original"  # noqa: S608
        f" WHERE sha256 = '{UNUSED}'"
    ],
    "change a piece": [
        f"INSERT INTO bill_part SELECT school_id, sha256, 1, content FROM bill_original"  # noqa: S608
        f" WHERE sha256 = '{UNUSED}'",
        "UPDATE bill_part SET n = 2",
    ],
    "delete what the books rest on": [f"DELETE FROM bill_original WHERE sha256 = '{IN_BOOKS}'"],  # noqa: S608
}


def test_raw_sql_passes_no_second_person_and_changes_no_original(books: Database) -> None:
    """Every attack is refused by the database itself, and the proposal and the bytes are as before."""
    assert [name for name, statements in ATTACKS.items() if not is_refused(books, statements)] == []
    with books.reading() as tx:
        assert claim_store.load_proposals(tx) == (PROPOSAL,)
        assert bill_store.load_original(tx, IN_BOOKS).content == b"\x00\xff"


def test_replacing_or_truncating_is_refused(books: Database) -> None:
    """SQLite's REPLACE and PostgreSQL's TRUNCATE ask no row trigger: both are refused nevertheless."""
    with books.transaction() as tx:
        claim_store.insert_verdict(tx, "p1", Verdict.REJECTED, note="x", by="lead", at=AT)
    for name in ("claim_proposal", "claim_verdict", "bill_original"):
        replacing = f"INSERT OR REPLACE INTO {name} SELECT * FROM {name}"  # noqa: S608
        way = replacing if books.engine.dialect.name == "sqlite" else f"TRUNCATE {name} CASCADE"
        assert is_refused(books, [way]), name


def test_a_second_person_decides_once(books: Database) -> None:
    """The honest way stands: decided by another, read back with name, day and reason, and not waiting."""
    with books.transaction() as tx:
        assert claim_store.waiting_receipts(tx) == {"r1"}
        claim_store.insert_verdict(tx, "p1", Verdict.REJECTED, note="不是他家的", by="lead", at=AT)
        decided = claim_store.load_proposal(tx, "p1")
        assert (decided.verdict, decided.decided_by, decided.decided_at) == (Verdict.REJECTED, "lead", AT)
        assert (decided.fen, decided.verdict_note) == (60_000, "不是他家的")
        assert claim_store.waiting_receipts(tx) == frozenset()
        with pytest.raises(NotFound):
            claim_store.load_proposal(tx, "p9")


def test_an_original_that_nothing_rests_on_may_go(books: Database) -> None:
    """What a thrown-away preview left behind can be forgotten; what a bill rests on stays."""
    with books.transaction() as tx:
        bill_store.forget_unused(tx, UNUSED)
        bill_store.forget_unused(tx, IN_BOOKS)
        assert bill_store.kept_originals(tx) == {IN_BOOKS}
        with pytest.raises(NotFound):
            bill_store.load_original(tx, UNUSED)


def test_a_long_original_is_kept_piece_by_piece_and_comes_back_whole(database: Database) -> None:
    """Ten mebibytes and a bit: two rows, one answer; thrown away together, kept together."""
    content = bytes(range(256)) * (bill_store.MOST_BYTES // 256) + b"end"
    with database.transaction() as tx:
        bill_store.keep_original(tx, LONG, name="l.csv", content=BytesIO(content), by="u", at=AT)
        assert tx.session.scalar(text("SELECT count(*) FROM bill_part")) == 1
        assert bill_store.load_original(tx, LONG).content == content
        bill_store.forget_unused(tx, LONG)
        assert tx.session.scalar(text("SELECT count(*) FROM bill_part")) == 0
        bill_store.keep_original(tx, LONG, name="l.csv", content=BytesIO(content), by="u", at=AT)
        file = f"'t1','f8','l.csv','{LONG}','SHEET',1,1600,NULL,0,0,'r','u',{NOW},true"
        tx.session.execute(text(into("receipt_file", file)))
    assert is_refused(database, ["DELETE FROM bill_part"])
    assert is_refused(database, ["UPDATE bill_part SET content = ''"])


def test_the_same_bytes_are_kept_once(books: Database) -> None:
    """Keeping them again is nothing new, under whatever name."""
    with books.transaction() as tx:
        bill_store.keep_original(tx, IN_BOOKS, name="c.csv", content=b"\x00\xff", by="v", at=AT)
        assert bill_store.load_original(tx, IN_BOOKS).name == "b.csv"
