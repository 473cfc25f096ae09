"""
The ledger played with: charges, receipts, reversals, refunds and closes in any order, on a real SQLite file.

A model of plain sums stands beside it. Free play rarely gets a refund paid or a month closed, so two
rules drive one to its end each; how often every goal was reached is counted and has a floor.
"""

import shutil
import tempfile
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from busops.domain.errors import Refused
from busops.finance.ledger import Account, LedgerTxn, Posting, TxnKind, moves, reversal
from busops.services import books_audit
from busops.storage import ledger_store, period_store
from busops.storage.database import Database, open_engine
from tests.conftest import create_schema
from tests.storage import test_refund_guards as refunds_of
from tests.storage.test_ledger_guards import digest_of

AT = datetime(2024, 3, 10, 12, tzinfo=UTC)
RIDERS = st.sampled_from(["001", "002", "003"])
REACHED: Counter[str] = Counter()
FLOORS = {"reversed": 8, "closed": 5, "refund_paid": 4, "refused_closed": 5, "refused_second": 8}


def template() -> Path:
    """An empty school's file, made once."""
    path = Path(tempfile.mkdtemp()) / "empty.sqlite3"
    create_schema(f"sqlite:///{path}")
    return path


EMPTY = template()


class Ledger(RuleBasedStateMachine):
    """One school's books and what they must add up to."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(EMPTY, self.folder / "books.sqlite3")
        self.engine = open_engine(f"sqlite:///{self.folder / 'books.sqlite3'}")
        self.database = Database(engine=self.engine, school_id="t1")
        self.sums: Counter[Account] = Counter()
        self.frozen: dict[str, int] = {}
        self.txns: list[LedgerTxn] = []
        self.reversed: set[str] = set()
        self.month = 3
        self.number = 0

    def teardown(self) -> None:
        """The audit finds nothing; the file is gone."""
        assert books_audit.verify_books(self.database).findings == ()
        self.engine.dispose()
        shutil.rmtree(self.folder)

    @property
    def period(self) -> str:
        """The month that is booked in."""
        return f"2024-{self.month:02d}"

    def post(self, kind: TxnKind, postings: tuple[Posting, ...]) -> LedgerTxn:
        """A transaction of this month, in the books and in the model."""
        self.number += 1
        txn = LedgerTxn(
            txn_id=f"t{self.number:04d}", kind=kind, period=self.period, on=date(2024, self.month, 10),
            source="play", row_key=str(self.number), made_by="system", postings=postings,
        )  # fmt: skip
        with self.database.transaction() as tx:
            ledger_store.post(tx, [txn])
        self.take(txn)
        return txn

    def take(self, txn: LedgerTxn) -> None:
        """The model has it too."""
        self.txns.append(txn)
        for posting in txn.postings:
            self.sums[posting.account] += posting.fen

    @rule(rider_id=RIDERS, fen=st.integers(1, 10**6))
    def charge(self, rider_id: str, fen: int) -> None:
        """A rider owes more."""
        self.post(TxnKind.CHARGE, moves(Account.RECEIVABLE, Account.INCOME, fen, debit_of=rider_id))

    @rule(fen=st.integers(1, 10**6))
    def receive(self, fen: int) -> None:
        """Money of nobody yet."""
        self.post(TxnKind.RECEIPT, moves(Account.BANK, Account.SUSPENSE, fen))

    @precondition(lambda self: any(self.may_reverse()))
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        """Any transaction is undone, in the month that is booked in; a second time it is refused."""
        txn = data.draw(st.sampled_from(self.may_reverse()))
        self.number += 1
        undone = reversal(
            txn, txn_id=f"t{self.number:04d}", period=self.period, on=date(2024, self.month, 11), made_by="u"
        )
        with self.database.transaction() as tx:
            ledger_store.post(tx, [undone])
        self.take(undone)
        self.reversed.add(txn.txn_id)
        REACHED["reversed"] += 1
        REACHED["adjusted"] += undone.adjusts is not None
        if self.is_refused(lambda tx: ledger_store.post(tx, [again_of(undone)])):
            REACHED["refused_second"] += 1
        else:
            raise AssertionError("reversed twice")

    def may_reverse(self) -> list[LedgerTxn]:
        """What was not undone and undoes nothing."""
        return [txn for txn in self.txns if txn.reverses is None and txn.txn_id not in self.reversed]

    @precondition(lambda self: self.txns and self.month < 12)
    @rule(one=st.booleans())
    def close(self, one: bool) -> None:
        """The month is signed and closed by another, never by the same; what follows is refused."""
        content = f"{self.period} {sum(self.sums.values())}"
        with self.database.transaction() as tx:
            period_store.prepare_period(
                tx, self.period, digest=digest_of(content), content=content, by="clerk", at=AT
            )
        if one:
            assert self.is_refused(lambda tx: period_store.lock_period(tx, self.period, by="clerk", at=AT))
        with self.database.transaction() as tx:
            period_store.lock_period(tx, self.period, by="lead", at=AT)
        closed, self.month = self.period, self.month + 1
        self.frozen[closed] = self.debits_of(closed)
        late = LedgerTxn(
            txn_id="late", kind=TxnKind.COST, period=closed, on=AT.date(), source="late", row_key="late",
            made_by="clerk", postings=moves(Account.COSTS, Account.PAYABLE, 1),
        )  # fmt: skip
        assert self.is_refused(lambda tx: ledger_store.post(tx, [late]))
        assert self.is_refused(lambda tx: reopen(tx, closed))
        REACHED["closed"] += 1
        REACHED["refused_closed"] += 1

    @precondition(lambda self: not self.number % 3)
    @rule()
    def refund(self) -> None:
        """A receipt and its whole refund in raw SQL: approved, paid and seen; 2242 is nought again."""
        self.number += 100
        marks = {"r1": f"r{self.number}", "r9": f"s{self.number}", "f1": f"f{self.number}"}
        marks |= {f"t{n}": f"w{self.number}-{n}" for n in (11, 12, 13)}
        marks |= {"k11": f"k{self.number}a", "k12": f"k{self.number}b", "k13": f"k{self.number}c"}
        receipt = refunds_of.books_of.RECEIPT.replace("'k'", f"'q{self.number}'")
        seen = refunds_of.SEEN.replace("'k9'", f"'p{self.number}'")
        way = [*refunds_of.TO_PAID, seen, *refunds_of.RECONCILED[1:]]
        file = refunds_of.books_of.a_file("f1", "aa").replace("'f1'", f"'b{self.number}'")
        file = file.replace("'aa'", f"'{self.number}'")
        with self.database.transaction() as tx:
            period_store.open_periods(tx, {self.period})
            for statement in [receipt, refunds_of.asked("f1"), *way]:
                own = statement.replace("'2024-03'", f"'{self.period}'")
                for old, new in marks.items():
                    own = own.replace(f"'{old}'", f"'{new}'")
                if "INTO receipt " in own:
                    own = own.replace(f"'f{self.number}'", f"'b{self.number}'")
                    if statement is receipt:
                        tx.session.execute(text(file))
                tx.session.execute(text(own))
            for n in (11, 12, 13):
                self.take(ledger_store.load_txn(tx, marks[f"t{n}"]))
        self.reversed |= {marks[f"t{n}"] for n in (11, 12, 13)}
        REACHED["refund_paid"] += 1

    def is_refused(self, act) -> bool:  # type: ignore[no-untyped-def]
        """Whether the books refuse the act; nothing of it is kept."""
        try:
            with self.database.transaction() as tx:
                act(tx)
        except (IntegrityError, Refused):
            return True
        return False

    def debits_of(self, period: str) -> int:
        """The debits that a month was booked with."""
        with self.database.reading() as tx:
            txns = ledger_store.load_all(tx)
        return sum(max(posting.fen, 0) for txn in txns if txn.period == period for posting in txn.postings)

    @invariant()
    def the_books_are_the_models(self) -> None:
        """Balances are the model's and add up to nought; closed months are as they were."""
        with self.database.reading() as tx:
            shown = ledger_store.account_balances(tx)
        assert {account: fen for account, fen in shown.items() if fen} == {
            account: fen for account, fen in self.sums.items() if fen
        }
        assert sum(shown.values()) == 0
        assert {period: self.debits_of(period) for period in self.frozen} == self.frozen


def again_of(txn: LedgerTxn) -> LedgerTxn:
    """The same reversal under another name."""
    return LedgerTxn(
        txn_id=f"{txn.txn_id}x", kind=txn.kind, period=txn.period, on=txn.on, source=txn.source,
        row_key=f"{txn.row_key}x", made_by=txn.made_by, postings=txn.postings, reverses=txn.reverses,
        adjusts=txn.adjusts,
    )  # fmt: skip


def reopen(tx, period: str) -> None:  # type: ignore[no-untyped-def]
    """The closed month is opened in raw SQL."""
    tx.session.execute(text("UPDATE period SET locked = false WHERE period = :period"), {"period": period})


def test_the_ledger_holds_whatever_is_played_with_it() -> None:
    """Eight games of up to 25 acts; closes, reversals, refunds and refusals each reach their floor."""
    REACHED.clear()
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Ledger, settings=settings(max_examples=8, stateful_step_count=25, deadline=None, derandomize=True)
    )
    assert {name: count for name, count in FLOORS.items() if REACHED[name] < count} == {}, REACHED
