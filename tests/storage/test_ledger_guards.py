"""The ledger's guards: raw SQL, on both databases, against everything the books must withstand."""

import hashlib
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from busops.finance.ledger import Account, LedgerTxn, TxnKind, moves, reversal
from busops.storage import ledger_store, period_store
from busops.storage.database import Database

AT = datetime(2024, 3, 10, 12, tzinfo=UTC)


def a_txn(number: int, period: str = "2024-03", fen: int = 1600) -> LedgerTxn:
    """
    tN  Dr 应收 001  16.00    Cr 收入  16.00
    """
    return LedgerTxn(
        txn_id=f"t{number}",
        kind=TxnKind.CHARGE,
        period=period,
        on=date(2024, 3, 10),
        source="test",
        row_key=f"k{number}",
        made_by="finance",
        postings=moves(Account.RECEIVABLE, Account.INCOME, fen, debit_of="001"),
    )


NOW = "'2024-03-10 12:00:00+00:00'"
RECEIPT = (
    "INSERT INTO receipt (school_id, receipt_id, file_id, line, cell, paid_on, amount_fen, payer, remark,"
    " reference, rider_hint, row_key, channel, txn_id, status, tier, rider_id, unit_key, flags, note,"
    " decided_by, decided_at) VALUES ('t1','r1','f1',2,'A2','2024-03-08',1600,'','','','','k','SHEET',NULL,"
    "'MATCHED','T1','001','u1','','','u',NULL)"
)


def into(table: str, values: str) -> str:
    """The SQL that inserts a row."""
    return " ".join(("INSERT INTO", table, "VALUES", f"({values})"))


def a_file(file_id: str, sha256: str, is_whole: str = "true") -> str:
    """The SQL that takes in a file, or begins to."""
    values = f"'t1','{file_id}','a.csv','{sha256}','SHEET',1,1600,NULL,0,0,'r','u',{NOW},{is_whole}"
    return into("receipt_file", values)


def an_allocation(allocation_id: str, fen: int) -> str:
    """The SQL that gives money of the receipt to a rider."""
    values = f"'t1','{allocation_id}','r1','001','u1',{fen},'T1','','t1',NULL,'u',{NOW}"
    return into("allocation", values)


def a_charge(revision: int, waived_fen: int) -> str:
    """The SQL that charges rider 001 16.00 for the weekend."""
    span = "'2024-03-08','2024-03-10'"
    values = (
        f"'t1','c{revision}','001','u1',{revision},'WEEKEND',{span},'A',1600,{waived_fen},'x','t1',{NOW},NULL"
    )
    return into("charge", values)


def a_cost(code: str, cost_id: str = "e1") -> str:
    """The SQL that enters a cost of 1.00."""
    names = "school_id, cost_id, cost_on, code, fen, plate, run, note, document, is_estimate, row_key"
    values = f"'t1','{cost_id}','2024-03-08','{code}',100,'','','','',false,'{cost_id}','t1','u',{NOW}"
    return into(f"cost_line ({names}, txn_id, made_by, made_at)", values)


def an_account(user_id: str, role: str) -> str:
    """The SQL that makes an account."""
    names = "school_id, user_id, username, name, role, password_hash, must_change, created_at"
    return into(f"app_user ({names})", f"'t1', '{user_id}', '{user_id}', 'x', '{role}', '', false, {NOW}")


def digest_of(said: str) -> str:
    """The digest that a period is signed under."""
    return hashlib.sha256(said.encode()).hexdigest()


def said_of(period: str, said: str = "December") -> str:
    """The SQL that keeps what a period says."""
    return into("period_statement", f"'t1', '{period}', '{digest_of(said)}', '{said}'")


def sign(period: str, by: str) -> str:
    """The SQL that signs a period the first time."""
    changed = f"SET prepared_by = '{by}', digest = '{digest_of('December')}' WHERE period = '{period}'"
    return " ".join(("UPDATE period", changed))


DISPOSAL = into("disposal", f"'t1', '2023-12', 'row 001 u1', 'UNDERPAID -1', 'why', 'u', {NOW}")


def lock(period: str, by: str) -> str:
    """The SQL that signs a period the second time."""
    return " ".join(("UPDATE period SET locked = true, locked_by =", f"'{by}' WHERE period = '{period}'"))


def fill_books(database: Database) -> None:
    """
    One posted transaction in March, one in the locked February, one receipt with an allocation.

    December is signed once; a clerk and a dispatcher have accounts.
    """
    with database.transaction() as tx:
        tx.session.execute(text(an_account("clerk", "finance")))
        tx.session.execute(text(an_account("bus", "dispatcher")))
        ledger_store.post(tx, [a_txn(1), a_txn(2, "2024-02"), a_txn(3, "2023-12")])
        said = digest_of("December")
        period_store.prepare_period(tx, "2023-12", digest=said, content="December", by="clerk", at=AT)
        said = digest_of("February")
        period_store.prepare_period(tx, "2024-02", digest=said, content="February", by="clerk", at=AT)
        period_store.lock_period(tx, "2024-02", by="lead", at=AT)
        rows = (a_file("f1", "aa"), RECEIPT, an_allocation("a1", 1600), a_charge(1, 0), a_cost("C01"))
        for statement in (*rows, DISPOSAL.replace("001", "002")):
            tx.session.execute(text(statement))


@pytest.fixture
def books(database: Database) -> Database:
    """The books that are attacked."""
    fill_books(database)
    return database


def new_txn(number: int, *, period: str = "2024-03", posted: str = "false", **changed: str) -> str:
    """The SQL that makes a transaction by hand."""
    values = {
        "row_key": f"'k{number}'",
        "made_by": "'u'",
        "approved_by": "NULL",
        "reverses": "NULL",
        "adjusts": "NULL",
    } | changed
    names = (
        "school_id, txn_id, period, kind, booked_on, source, row_key, made_by, approved_by, reverses, adjusts"
    )
    first = f"'t1', 't{number}', '{period}', 'charge', '2024-03-10', 'test'"
    return into(f"ledger_txn ({names}, posted)", f"{first}, {', '.join(values.values())}, {posted}")


def posting(number: int, n: int, fen: object, account: str = "1002") -> str:
    """The SQL that makes a posting by hand."""
    return into("posting", f"'t1', 't{number}', {n}, '{account}', {fen}, NULL")


def post(number: int) -> str:
    """The SQL that posts a transaction."""
    return " ".join(("UPDATE ledger_txn SET posted = true WHERE txn_id =", f"'t{number}'"))


ATTACKS = {
    "change a posted amount": ["UPDATE posting SET fen = 1 WHERE txn_id = 't1'"],
    "delete a posting": ["DELETE FROM posting WHERE txn_id = 't1'"],
    "add to a posted transaction": [posting(1, 3, 5)],
    "unpost": ["UPDATE ledger_txn SET posted = false WHERE txn_id = 't1'"],
    "change the day of a posted transaction": ["UPDATE ledger_txn SET booked_on = '2024-01-01'"],
    "delete a transaction": [new_txn(9), "DELETE FROM ledger_txn WHERE txn_id = 't9'"],
    "born posted": [new_txn(9, posted="true")],
    "the same thing twice": [new_txn(9, row_key="'k1'")],
    "post one-sided": [new_txn(9), posting(9, 1, 5), post(9)],
    "post nothing": [new_txn(9), post(9)],
    "post unbalanced": [new_txn(9), posting(9, 1, 10), posting(9, 2, -9), post(9)],
    "a posting of nothing": [new_txn(9), posting(9, 1, 0)],
    "a posting beyond measure": [new_txn(9), posting(9, 1, 100_000_000_001)],
    "an account nobody knows": [new_txn(9), posting(9, 1, 5, "9999")],
    "approve one's own": [new_txn(9, approved_by="'u'")],
    "book in a locked period": [new_txn(9, period="2024-02")],
    "book in a locked period as a bookkeeper": [new_txn(9, period="2024-02", made_by="'clerk'")],
    "book in no period": [new_txn(9, period="1999-01")],
    "move into a locked period": [new_txn(9), "UPDATE ledger_txn SET period = '2024-02' WHERE txn_id = 't9'"],
    "rename while posting": [
        new_txn(9), posting(9, 1, 5), posting(9, 2, -5),
        "UPDATE ledger_txn SET posted = true, row_key = 'other' WHERE txn_id = 't9'",
    ],
    "change who made it": [new_txn(9), "UPDATE ledger_txn SET made_by = 'v' WHERE txn_id = 't9'"],
    "unlock a period": ["UPDATE period SET locked = false WHERE period = '2024-02'"],
    "change a locked period": ["UPDATE period SET digest = 'x' WHERE period = '2024-02'"],
    "delete a period": ["DELETE FROM period WHERE period = '2024-02'"],
    "a period born locked": ["INSERT INTO period VALUES ('t1', '2025-01', true, '', NULL, '', '', NULL)"],
    "rename a period nobody booked in": [
        into("period", "'t1', '2025-01', false, '', NULL, '', '', NULL"),
        "UPDATE period SET period = '2025-02' WHERE period = '2025-01'",
    ],
    "delete a period nobody booked in": [
        into("period", "'t1', '2025-01', false, '', NULL, '', '', NULL"),
        "DELETE FROM period WHERE period = '2025-01'",
    ],
    "delete a file without receipts": [a_file("f3", "cc"), "DELETE FROM receipt_file WHERE file_id = 'f3'"],
    "delete a receipt nobody was given": [
        RECEIPT.replace("'r1'", "'r2'").replace("'k'", "'k2'"), "DELETE FROM receipt WHERE receipt_id = 'r2'",
    ],
    "rename a period": ["UPDATE period SET period = '2024-05' WHERE period = '2024-03'"],
    "lock with something unposted": [
        new_txn(9, period="2023-12", made_by="'clerk'"), lock("2023-12", "lead"),
    ],
    "reverse what is not there": [new_txn(9, reverses="'t7'")],
    "reverse what is not posted": [new_txn(8), new_txn(9, reverses="'t8'")],
    "reverse twice": [
        new_txn(8, reverses="'t1'"), posting(8, 1, -1600, "1122"), new_txn(9, reverses="'t1'")],
    "a reversal that is none": [
        new_txn(9, reverses="'t1'"), posting(9, 1, 5), posting(9, 2, -5), post(9)],
    "book in a signed period for the bus team": [new_txn(9, period="2023-12", made_by="'bus'")],
    "book in a signed period as nobody": [new_txn(9, period="2023-12")],
    "take a signature back": ["UPDATE period SET prepared_by = '' WHERE period = '2023-12'"],
    "sign what is not kept": ["UPDATE period SET digest = 'x' WHERE period = '2023-12'"],
    "sign and close at once": [
        said_of("2024-03"),
        sign("2024-03", "clerk").replace("SET", "SET locked = true, locked_by = 'lead',"),
    ],
    "close what one signed": [lock("2023-12", "clerk")],
    "close in nobody's name": [lock("2023-12", "")],
    "close what nobody signed": [lock("2024-03", "lead")],
    "close under another name": [lock("2023-12", "lead").replace("SET", "SET prepared_by = 'x',")],
    "close under other words": [
        said_of("2023-12", "March"),
        lock("2023-12", "lead").replace("SET", f"SET digest = '{digest_of('March')}',"),
    ],
    "a period born signed": [into("period", "'t1', '2025-01', false, '', NULL, '', 'u', NULL")],
    "adjust an open period": [new_txn(9, adjusts="'2024-03'", period="2023-12", made_by="'clerk'")],
    "adjust its own period": [new_txn(9, adjusts="'2024-03'")],
    "adjust no period": [new_txn(9, adjusts="'1999-01'")],
    "change what is adjusted": [new_txn(9), "UPDATE ledger_txn SET adjusts = '2024-02' WHERE txn_id = 't9'"],
    "reverse a closed month without a word": [new_txn(9, reverses="'t2'")],
    "reverse and name another month": [new_txn(9, reverses="'t2'", adjusts="'2023-12'")],
    "change what was signed": ["UPDATE period_statement SET content = 'x'"],
    "delete what was signed": ["DELETE FROM period_statement WHERE period = '2023-12'"],
    "change a disposal": [DISPOSAL, "UPDATE disposal SET note = 'x'"],
    "delete a disposal": [DISPOSAL, "DELETE FROM disposal"],
    "dispose without a reason": [DISPOSAL.replace("'why'", "''")],
    "change a receipt's amount": ["UPDATE receipt SET amount_fen = 1"],
    "change a receipt's kind": ["UPDATE receipt SET kind = 'REFUND'"],
    "change a receipt's order code": ["UPDATE receipt SET code = 'x'"],
    "change whose account it was": ["UPDATE receipt SET payer_key = 'x'"],
    "change a fee": ["UPDATE receipt SET fee_fen = 1"],
    "change what a refund is of": ["UPDATE receipt SET refund_of = 'x'"],
    "a receipt of a kind nobody knows": [
        RECEIPT.replace("'r1'", "'r2'").replace("'k'", "'k2'"), "UPDATE receipt SET kind = 'GIFT'",
    ],
    "change a receipt's remark": ["UPDATE receipt SET remark = 'x'"],
    "delete a receipt": ["DELETE FROM receipt"],
    "change an allocation": ["UPDATE allocation SET rider_id = '002'"],
    "delete an allocation": ["DELETE FROM allocation"],
    "give more than came": [
an_allocation("a2", 1)],
    "change a charge": ["UPDATE charge SET list_fen = 1"],
    "delete a charge": ["DELETE FROM charge"],
    "waive more than the price": [a_charge(2, 1700)],
    "the same file again": [a_file("f2", "aa")],
    "change a file's name": ["UPDATE receipt_file SET name = 'x'"],
    "change a cost": ["UPDATE cost_line SET fen = 1"],
    "delete a cost": ["DELETE FROM cost_line"],
    "a cost of no catalogue": [a_cost("C99", "e2")],
}  # fmt: skip


def is_refused(database: Database, statements: list[str]) -> bool:
    """Whether the database itself refuses the statements; whatever they did is undone."""
    try:
        with database.transaction() as tx:
            for statement in statements:
                tx.session.execute(text(statement))
            raise LookupError
    except IntegrityError:
        return True
    except LookupError:
        return False


def test_raw_sql_cannot_change_the_books(books: Database) -> None:
    """Every attack of the table is refused by the database, and the balances are as before."""
    with books.reading() as tx:
        before = ledger_store.account_balances(tx)
    assert [name for name, statements in ATTACKS.items() if not is_refused(books, statements)] == []
    with books.reading() as tx:
        assert ledger_store.account_balances(tx) == before


def test_an_honest_statement_is_not_refused(books: Database) -> None:
    """The attacks fail because of what they attempt, not because nothing can be written."""
    assert not is_refused(books, [new_txn(9), posting(9, 1, 5), posting(9, 2, -5), post(9)])
    assert not is_refused(books, ["UPDATE receipt SET status = 'DUPLICATE', note = 'x'"])
    assert not is_refused(books, [new_txn(9, period="2024-03")])
    assert not is_refused(books, [new_txn(9, period="2023-12", made_by="'clerk'")])
    assert not is_refused(books, [new_txn(9, adjusts="'2024-02'")])
    assert not is_refused(books, [new_txn(9, reverses="'t2'", adjusts="'2024-02'")])
    assert not is_refused(books, [lock("2023-12", "lead")])
    assert not is_refused(books, [said_of("2024-03"), sign("2024-03", "clerk"), lock("2024-03", "lead")])
    assert not is_refused(books, [sign("2023-12", "other")])
    assert not is_refused(books, [DISPOSAL])


def test_a_receipt_of_no_file_is_refused_at_the_end(books: Database) -> None:
    """A file's row may come after its lines, but not never: the transaction as a whole does not stand."""
    lost = RECEIPT.replace("'r1'", "'r2'").replace("'k'", "'k2'").replace("'f1'", "'f9'")
    with pytest.raises(IntegrityError), books.transaction() as tx:
        tx.session.execute(text(lost))
    with books.transaction() as tx:
        tx.session.execute(text(lost))
        tx.session.execute(text(a_file("f9", "dd")))


TABLES = (
    "ledger_txn", "posting", "period", "receipt", "receipt_file", "allocation", "charge", "cost_line",
    "period_statement", "disposal",
)  # fmt: skip


def replacing(statement: str) -> str:
    """The same insert, replacing what stands in its way."""
    return statement.replace("INSERT", "INSERT OR REPLACE", 1)


REPLACEMENTS = [
    *([f"INSERT OR REPLACE INTO {name} SELECT * FROM {name}"] for name in TABLES),  # noqa: S608
    [new_txn(9), replacing(new_txn(9, made_by="'v'"))],
    [new_txn(9), posting(9, 1, 5), replacing(posting(9, 1, 7))],
]
TRUNCATIONS = [[f"TRUNCATE {name} CASCADE"] for name in TABLES]


def test_replacing_or_truncating_is_refused(books: Database) -> None:
    """SQLite's REPLACE and PostgreSQL's TRUNCATE ask no row trigger: both are refused nevertheless."""
    ways = REPLACEMENTS if books.engine.dialect.name == "sqlite" else TRUNCATIONS
    assert [statements for statements in ways if not is_refused(books, statements)] == []


def test_a_reversal_is_posted_in_an_open_period(books: Database) -> None:
    """
    t2  2024-02 (locked)  Dr 应收 001 16.00  Cr 收入 16.00
    t9  2024-03           Cr 应收 001 16.00  Dr 收入 16.00   reverses t2
    """
    with books.transaction() as tx:
        locked = ledger_store.load_txn(tx, "t2")
        period = ledger_store.open_period_from(tx, "2024-02")
        undone = reversal(locked, txn_id="t9", period=period, on=date(2024, 3, 10), made_by="lead")
        ledger_store.post(tx, [undone])
    with books.reading() as tx:
        assert period == "2024-03"
        assert ledger_store.load_txn(tx, "t9") == undone
        assert ledger_store.account_balances(tx) == {Account.RECEIVABLE: 3200, Account.INCOME: -3200}
        assert ledger_store.owed_by_rider(tx) == {"001": 3200}
