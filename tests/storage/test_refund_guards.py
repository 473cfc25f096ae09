"""Refunds against raw SQL, on both databases: order, hands, money that is really booked, never too much."""

import pytest

from busops.storage.database import Database
from tests.storage import test_ledger_guards as books_of
from tests.storage.test_ledger_guards import NOW, an_account, into, is_refused, new_txn, post, posting

SEEN = books_of.RECEIPT.replace("'r1'", "'r9'").replace("'k'", "'k9'").replace("1600", "-1600")


def asked(
    refund_id: str, fen: int = 1600, *, key: str = "", by: str = "ann", charge_fen: int = 0, of: str = "r1"
) -> str:
    """The SQL that asks for a refund of the receipt of 16.00."""
    values = f"'t1', '{refund_id}', '001', 'u1', '{of}', 'OVERPAID', {fen}, {charge_fen}"
    return into("refund", f"{values}, '{key or refund_id}', '', '{by}', {NOW}")


def step(n: int, state: str, by: str, *, refund_id: str = "f1", **changed: str) -> str:
    """The SQL that takes a step of a refund."""
    facts = {"note": "''", "reference": "''", "txn": "NULL", "seen": "NULL"} | changed
    return into(
        "refund_step", f"'t1', '{refund_id}', {n}, '{state}', {', '.join(facts.values())}, '{by}', {NOW}"
    )


def booked(number: int, debit: str, credit: str, fen: int = 1600) -> list[str]:
    """The SQL that books money from one account to another."""
    return [new_txn(number), posting(number, 1, fen, debit), posting(number, 2, -fen, credit), post(number)]


CHECKED = step(1, "CHECKED", "bob")
APPROVED = [*booked(11, "4201", "2242"), step(2, "APPROVED", "lea", txn="'t11'")]
PAID = [*booked(12, "2242", "1012"), step(3, "PAID", "fay", txn="'t12'", reference="'W1'")]
RECONCILED = [SEEN, *booked(13, "1012", "2241"), step(4, "RECONCILED", "fay", txn="'t13'", seen="'r9'")]
TO_CHECKED = [CHECKED]
TO_APPROVED = [*TO_CHECKED, *APPROVED]
TO_PAID = [*TO_APPROVED, *PAID]
RETURNING = step(3, "RETURNING", "fay", note="'closed account'")
REVERSED = [
    new_txn(14, reverses="'t11'"),
    posting(14, 1, -1600, "4201"),
    posting(14, 2, 1600, "2242"),
    post(14),
]
RETURNED = [RETURNING, *REVERSED, step(4, "RETURNED", "lea", txn="'t14'")]


def a_line(receipt_id: str, fen: int, *, reference: str = "", back: str = "", channel: str = "SHEET") -> str:
    """The SQL that takes in a line of a bill."""
    row = books_of.RECEIPT.replace("row_key, channel", "row_key, refund_of, channel")
    row = row.replace("1600,'','',''", f"{fen},'','','{reference}'").replace(
        "'k'", f"'k{receipt_id}','{back}'"
    )
    return row.replace("'r1'", f"'{receipt_id}'").replace("'SHEET'", f"'{channel}'")


PAYMENT = a_line("r7", 1600, reference="TX7")
GONE = a_line("r8", -1000, back="TX7")  # 10.00 of it went back by the channel itself
# Another refund of another receipt, through other hands: who checked the first approves it, and so on.
OTHER = [
    books_of.RECEIPT.replace("'r1'", "'r5'").replace("'k'", "'k5'"),
    asked("f2", by="zoe", of="r5"),
    step(1, "CHECKED", "ann", refund_id="f2"),
    *booked(21, "4201", "2242"),
    step(2, "APPROVED", "bob", refund_id="f2", txn="'t21'"),
    *booked(22, "2242", "1012"),
    step(3, "PAID", "lea", refund_id="f2", txn="'t22'", reference="'W2'"),
]

ATTACKS = {
    "more than came in": [asked("f2", 1)],
    "more than came in, in parts": [asked("f2", 1600, key="x")],
    "more than came in beside one that was refused": [
        step(1, "REFUSED", "lea", note="'no'"), asked("f2"), asked("f3", 1),
    ],
    "more than came in beside one that was checked": [CHECKED, asked("f2", 1)],
    "nothing": [step(1, "REFUSED", "lea", note="'no'"), asked("f2", 0)],
    "more of the charge than of the money": [
        step(1, "REFUSED", "lea", note="'no'"), asked("f2", 100, charge_fen=101),
    ],
    "nobody asks": [step(1, "REFUSED", "lea", note="'no'"), asked("f2", 100, by="")],
    "the same proposal twice": [step(1, "REFUSED", "lea", note="'no'"), asked("f2", key="f1")],
    "approve unchecked": [*booked(11, "4201", "2242"), step(1, "APPROVED", "lea", txn="'t11'")],
    "pay unapproved": [CHECKED, *booked(12, "2242", "1012"),
                       step(2, "PAID", "fay", txn="'t12'", reference="'W1'")],
    "check twice": [CHECKED, step(2, "CHECKED", "bob")],
    "skip a number": [step(2, "CHECKED", "bob")],
    "step after the end": [step(1, "REFUSED", "lea", note="'no'"), step(2, "CHECKED", "bob")],
    "reconcile unpaid": [*TO_APPROVED, SEEN, *booked(13, "1012", "2241"),
                         step(3, "RECONCILED", "fay", txn="'t13'", seen="'r9'")],
    "approve one's own": [CHECKED, *booked(11, "4201", "2242"), step(2, "APPROVED", "ann", txn="'t11'")],
    "approve what one checked": [CHECKED, *booked(11, "4201", "2242"),
                                 step(2, "APPROVED", "bob", txn="'t11'")],
    "pay one's own": [*TO_APPROVED, *booked(12, "2242", "1012"),
                      step(3, "PAID", "ann", txn="'t12'", reference="'W1'")],
    "pay what one approved": [*TO_APPROVED, *booked(12, "2242", "1012"),
                              step(3, "PAID", "lea", txn="'t12'", reference="'W1'")],
    "approve without booking": [CHECKED, step(2, "APPROVED", "lea")],
    "approve on another sum": [CHECKED, *booked(11, "4201", "2242", 1500),
                               step(2, "APPROVED", "lea", txn="'t11'")],
    "approve on what is not posted": [CHECKED, *booked(11, "4201", "2242")[:-1],
                                      step(2, "APPROVED", "lea", txn="'t11'")],
    "approve on a payment": [CHECKED, *booked(11, "2242", "4201"), step(2, "APPROVED", "lea", txn="'t11'")],
    "pay on an approval": [*TO_APPROVED, *booked(12, "4201", "2242"),
                           step(3, "PAID", "fay", txn="'t12'", reference="'W1'")],
    "pay on the approval's own": [*TO_APPROVED, step(3, "PAID", "fay", txn="'t11'", reference="'W1'")],
    "pay without a number": [*TO_APPROVED, *booked(12, "2242", "1012"), step(3, "PAID", "fay", txn="'t12'")],
    "see it in a line of another sum": [
        *TO_PAID, SEEN.replace("-1600", "-1500"), *booked(13, "1012", "2241"),
        step(4, "RECONCILED", "fay", txn="'t13'", seen="'r9'"),
    ],
    "see it in the receipt itself": [*TO_PAID, *booked(13, "1012", "2241"),
                                     step(4, "RECONCILED", "fay", txn="'t13'", seen="'r1'")],
    "see it nowhere": [*TO_PAID, *booked(13, "1012", "2241"), step(4, "RECONCILED", "fay", txn="'t13'")],
    "take back what is only checked": [CHECKED, step(2, "RETURNING", "fay", note="'x'")],
    "take back without a second person": [*TO_APPROVED, RETURNING, *REVERSED,
                                          step(4, "RETURNED", "fay", txn="'t14'")],
    "take back without being asked": [*TO_APPROVED, *REVERSED, step(3, "RETURNED", "lea", txn="'t14'")],
    "take back without a reason": [*TO_APPROVED, step(3, "RETURNING", "fay")],
    "take back and book nothing": [*TO_APPROVED, RETURNING, step(4, "RETURNED", "lea")],
    "take back on another entry": [*TO_APPROVED, RETURNING, *booked(14, "2242", "4201"),
                                   step(4, "RETURNED", "lea", txn="'t14'")],
    "take back on the reversal of another": [
        *TO_APPROVED, RETURNING, *OTHER[:8], new_txn(14, reverses="'t21'"), posting(14, 1, -1600, "4201"),
        posting(14, 2, 1600, "2242"), post(14), step(4, "RETURNED", "lea", txn="'t14'"),
    ],
    "take back on what is not posted": [*TO_APPROVED, RETURNING, *REVERSED[:-1],
                                        step(4, "RETURNED", "lea", txn="'t14'")],
    "take back what was paid": [*TO_PAID, step(4, "RETURNING", "fay", note="'x'")],
    "pay what was taken back": [*TO_APPROVED, *RETURNED, *booked(15, "2242", "1012"),
                                step(5, "PAID", "fay", txn="'t15'", reference="'W1'")],
    "more than came in while a wish waits": [*TO_APPROVED, RETURNING, asked("f2", 1)],
    "more than is left beside a line of the bill": [
        PAYMENT, GONE, asked("f2", 601, of="r7"),
    ],
    "more than is left while another refund is on its way": [
        CHECKED, PAYMENT, GONE, asked("f2", 601, of="r7"),
    ],
    "more than came in beside a payment that names it": [
        PAYMENT, a_line("r8", 1000, back="TX7"), asked("f2", 1601, of="r7"),
    ],
    "refuse without a reason": [step(1, "REFUSED", "lea")],
    "a step by nobody": [step(1, "CHECKED", "")],
    "a step nobody knows": [step(1, "LOST", "bob")],
    "change a refund": ["UPDATE refund SET fen = 1"],
    "delete a refund": ["DELETE FROM refund"],
    "change a step": [CHECKED, "UPDATE refund_step SET by_user = 'x'"],
    "delete a step": [CHECKED, "DELETE FROM refund_step"],
    "a policy out of turn": [into("refund_policy", f"'t1', 3, '{{}}', 'why', 'lea', {NOW}")],
    "a policy without a reason": [into("refund_policy", f"'t1', 2, '{{}}', '', 'lea', {NOW}")],
    "change a policy": ["UPDATE refund_policy SET reason = 'x'"],
    "delete a policy": ["DELETE FROM refund_policy"],
}  # fmt: skip
HONEST = {
    "the whole way": [*TO_PAID, *RECONCILED],
    "taken back, then asked for anew": [*TO_APPROVED, *RETURNED, asked("f2")],
    "taken back beside another": [*OTHER, *TO_APPROVED, *RETURNED],
    "paid after all": [*TO_APPROVED, RETURNING, *booked(12, "2242", "1012"),
                       step(4, "PAID", "fay", txn="'t12'", reference="'W1'")],
    "what is left beside a line of the bill": [
        PAYMENT, GONE, asked("f2", 600, of="r7"),
    ],
    "a line of the bill that goes back on another": [
        PAYMENT, a_line("r8", -1000, back="TX8"), a_line("r6", -1000), asked("f2", of="r7"),
    ],
    "a line of another channel": [
        PAYMENT, a_line("r8", -1000, back="TX7", channel="BANK"), asked("f2", of="r7"),
    ],
    "a line that was a refund of ours": [
        PAYMENT, asked("f2", 1000, of="r7", by="zoe"), step(1, "CHECKED", "ann", refund_id="f2"),
        *booked(21, "4201", "2242", 1000), step(2, "APPROVED", "bob", refund_id="f2", txn="'t21'"),
        *booked(22, "2242", "1012", 1000),
        step(3, "PAID", "lea", refund_id="f2", txn="'t22'", reference="'W2'"), GONE,
        *booked(23, "1012", "2241", 1000),
        step(4, "RECONCILED", "lea", refund_id="f2", txn="'t23'", seen="'r8'"), asked("f3", 600, of="r7"),
    ],
    "a payment that names another": [
        PAYMENT, a_line("r8", 1000, back="TX7"), asked("f2", of="r7"),
    ],
    "money of a receipt without a number beside any line": [
        step(1, "REFUSED", "lea", note="'no'"), a_line("r8", -1000), asked("f2"),
    ],
    "refused, then asked for anew": [step(1, "REFUSED", "lea", note="'no'"), asked("f2")],
    "refused after the check": [CHECKED, step(2, "REFUSED", "lea", note="'no'")],
    "whoever checked pays": [*TO_APPROVED, *booked(12, "2242", "1012"),
                             step(3, "PAID", "bob", txn="'t12'", reference="'W1'")],
    "whoever asked checks": [step(1, "CHECKED", "ann")],
    "two refunds beside each other": [*TO_PAID, *OTHER],
    "one refused, another given": [step(1, "REFUSED", "lea", note="'no'"), *OTHER],
    "whoever asked for one pays another": [
        *TO_PAID, *(statement.replace("'lea'", "'ann'") for statement in OTHER),
    ],
    "whoever approved sees it in the bill": [
        *TO_PAID, *(statement.replace("'fay'", "'lea'") for statement in RECONCILED),
    ],
    "the next policy": [into("refund_policy", f"'t1', 2, '{{}}', 'why', 'lea', {NOW}")],
}  # fmt: skip
REPLACEMENTS = [
    [asked("f1", 1600).replace("INSERT", "INSERT OR REPLACE", 1)],
    [
        step(1, "REFUSED", "lea", note="'no'"),
        asked("f2", 100, key="f1").replace("INSERT", "INSERT OR REPLACE", 1),
    ],
    [CHECKED, CHECKED.replace("INSERT", "INSERT OR REPLACE", 1)],
    [
        *TO_PAID, *RECONCILED, *OTHER, *booked(23, "1012", "2241"),
        step(4, "RECONCILED", "fay", refund_id="f2", txn="'t23'", seen="'r9'").replace(
            "INSERT", "INSERT OR REPLACE", 1),
    ],
    [into("refund_policy", f"'t1', 1, '{{}}', 'w', 'lea', {NOW}").replace("INSERT", "INSERT OR REPLACE", 1)],
]  # fmt: skip
TRUNCATIONS = [[f"TRUNCATE {name} CASCADE"] for name in ("refund", "refund_step", "refund_policy")]


def fill_refunds(database: Database) -> None:
    """The books with one refund of the whole receipt asked for by ann, and a policy."""
    books_of.fill_books(database)
    with database.transaction() as tx:
        execute = tx.session.connection().exec_driver_sql
        for user_id, role in (("ann", "dispatcher"), ("fay", "finance")):
            execute(an_account(user_id, role))
        execute(asked("f1"))
        execute(into("refund_policy", f"'t1', 1, '{{}}', 'why', 'lea', {NOW}"))


@pytest.fixture
def books(database: Database) -> Database:
    """The books that are attacked."""
    fill_refunds(database)
    return database


def test_raw_sql_cannot_pay_what_was_not_agreed(books: Database) -> None:
    """Every attack of the table is refused by the database; every honest way is open."""
    assert [name for name, statements in ATTACKS.items() if not is_refused(books, statements)] == []
    assert [name for name, statements in HONEST.items() if is_refused(books, statements)] == []


def test_replacing_or_truncating_refunds_is_refused(books: Database) -> None:
    """SQLite's REPLACE and PostgreSQL's TRUNCATE ask no row trigger: both are refused nevertheless."""
    ways = REPLACEMENTS if books.engine.dialect.name == "sqlite" else TRUNCATIONS
    assert [statements for statements in ways if not is_refused(books, statements)] == []
