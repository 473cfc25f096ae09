"""
The ledger's tables: transactions and their postings; the periods are ``period_store``'s.

Only ever inserted into. The guards (``guards/ledger_*.sql``) hold that without this module:
a transaction counts once it balances, and what counts is never changed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    func,
    insert,
    select,
    text,
)
from sqlalchemy import update as update_rows
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import NotFound
from busops.domain.values import RiderId
from busops.finance.ledger import Account, LedgerTxn, Posting, TxnKind, checked, period_of
from busops.finance.money import MAX_FEN
from busops.storage import period_store
from busops.storage.database import Base, Transaction
from busops.storage.upsert import table_of

_ACCOUNTS = ", ".join(f"'{account}'" for account in Account)


class LedgerTxnRow(Base):
    """One transaction; ``(source, row_key)`` is what it was made for."""

    __tablename__ = "ledger_txn"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "period"], ["period.school_id", "period.period"]),
        ForeignKeyConstraint(["school_id", "reverses"], ["ledger_txn.school_id", "ledger_txn.txn_id"]),
        ForeignKeyConstraint(["school_id", "adjusts"], ["period.school_id", "period.period"]),
        UniqueConstraint("school_id", "source", "row_key"),
        UniqueConstraint("school_id", "reverses"),
        CheckConstraint("approved_by IS NULL OR approved_by <> made_by", name="two_people"),
        CheckConstraint("adjusts IS NULL OR adjusts <> period", name="adjusts"),
        Index(
            "ix_ledger_txn_unposted",
            "school_id",
            sqlite_where=text("NOT posted"),
            postgresql_where=text("NOT posted"),
        ),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    txn_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    period: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(32))
    booked_on: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(String(64))
    row_key: Mapped[str] = mapped_column(String(200))
    made_by: Mapped[str] = mapped_column(String(64))
    approved_by: Mapped[str | None] = mapped_column(String(64))
    reverses: Mapped[str | None] = mapped_column(String(64))
    adjusts: Mapped[str | None] = mapped_column(String(16))
    posted: Mapped[bool] = mapped_column(Boolean)


class PostingRow(Base):
    """One line of a transaction: debits positive, credits negative."""

    __tablename__ = "posting"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "txn_id"], ["ledger_txn.school_id", "ledger_txn.txn_id"]),
        CheckConstraint(f"fen <> 0 AND abs(fen) <= {MAX_FEN}", name="fen"),
        CheckConstraint(f"account IN ({_ACCOUNTS})", name="account"),
        Index(
            "ix_posting_rider",
            "school_id",
            "rider_id",
            sqlite_where=text("rider_id IS NOT NULL"),
            postgresql_where=text("rider_id IS NOT NULL"),
        ),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    txn_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    account: Mapped[str] = mapped_column(String(16))
    fen: Mapped[int] = mapped_column(BigInteger)
    rider_id: Mapped[str | None] = mapped_column(String(64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A transaction of one source with what it moved on one account, and whether it was undone."""

    txn_id: str
    row_key: str
    fen: int
    is_reversed: bool


def post(tx: Transaction, txns: Iterable[LedgerTxn]) -> None:
    """
    The transactions are posted; raises InvalidInput for a broken rule, Refused in a locked period.

    Whatever belongs to a month that is closed says from its later one which month it adjusts.
    """
    batch = [_placed(tx, checked(txn)) for txn in txns]
    if not batch:
        return
    period_store.open_periods(tx, {txn.period for txn in batch})
    tx.session.execute(insert(table_of(LedgerTxnRow)), [_txn_row(tx, txn) for txn in batch])
    tx.session.execute(
        insert(table_of(PostingRow)),
        [
            {
                "school_id": tx.school_id,
                "txn_id": txn.txn_id,
                "n": n,
                "account": str(posting.account),
                "fen": posting.fen,
                "rider_id": posting.rider_id,
            }
            for txn in batch
            for n, posting in enumerate(txn.postings, start=1)
        ],
    )
    table = table_of(LedgerTxnRow)
    mine = (table.c.school_id == tx.school_id) & table.c.posted.is_(False)
    tx.session.execute(update_rows(table).where(mine).values(posted=True))


def load_txn(tx: Transaction, txn_id: str) -> LedgerTxn:
    """The transaction with its postings; raises NotFound."""
    table = table_of(LedgerTxnRow)
    query = select(table).where(table.c.school_id == tx.school_id, table.c.txn_id == txn_id)
    row = tx.session.execute(query).first()
    if row is None:
        raise NotFound("ledger_txn_not_found", txn_id=txn_id)
    return _txn(row, _postings(tx, [txn_id])[txn_id])


def load_made_for(tx: Transaction, source: str, row_key: str) -> LedgerTxn:
    """The transaction that was made for this thing of this source; raises NotFound."""
    table = table_of(LedgerTxnRow)
    query = select(table.c.txn_id).where(
        table.c.school_id == tx.school_id, table.c.source == source, table.c.row_key == row_key
    )
    return load_txn(tx, str(tx.session.execute(query).scalar()))


def load_txns(tx: Transaction, txn_ids: Sequence[str]) -> tuple[LedgerTxn, ...]:
    """The transactions with these ids, in the order of their ids."""
    table = table_of(LedgerTxnRow)
    found: list[LedgerTxn] = []
    for start in range(0, len(txn_ids), 500):
        some = txn_ids[start : start + 500]
        postings = _postings(tx, some)
        query = select(table).where(table.c.school_id == tx.school_id, table.c.txn_id.in_(some))
        found += [_txn(row, postings[row.txn_id]) for row in tx.session.execute(query)]
    return tuple(sorted(found, key=lambda txn: txn.txn_id))


def load_all(tx: Transaction) -> tuple[LedgerTxn, ...]:
    """Every posted transaction with its postings, in the order of the ids."""
    table = table_of(LedgerTxnRow)
    query = select(table.c.txn_id).where(table.c.school_id == tx.school_id, table.c.posted.is_(True))
    return load_txns(tx, list(tx.session.scalars(query)))


def load_of_periods(tx: Transaction, first: str, last: str) -> tuple[LedgerTxn, ...]:
    """Every posted transaction of these months (``2024-03``), both included, in the order of the ids."""
    table = table_of(LedgerTxnRow)
    query = select(table.c.txn_id).where(
        table.c.school_id == tx.school_id, table.c.posted.is_(True), table.c.period.between(first, last)
    )
    return load_txns(tx, list(tx.session.scalars(query)))


def load_standing(tx: Transaction, source: str, account: Account, *, of: str = "") -> tuple[Standing, ...]:
    """Every posted transaction of a source whose key begins with ``of``, and its sum on the account, fen."""
    posting, txn = table_of(PostingRow), table_of(LedgerTxnRow)
    undo = txn.alias("undo")
    is_reversed = (
        select(undo.c.txn_id)
        .where(undo.c.school_id == txn.c.school_id, undo.c.reverses == txn.c.txn_id)
        .exists()
    )
    query = (
        select(txn.c.txn_id, txn.c.row_key, func.sum(posting.c.fen).label("fen"), is_reversed.label("undone"))
        .join(posting, (posting.c.school_id == txn.c.school_id) & (posting.c.txn_id == txn.c.txn_id))
        .where(txn.c.school_id == tx.school_id, txn.c.source == source, txn.c.posted.is_(True))
        .where(posting.c.account == str(account), txn.c.row_key.startswith(of, autoescape=True))
        .group_by(txn.c.school_id, txn.c.txn_id, txn.c.row_key)
        .order_by(txn.c.row_key)
    )
    return tuple(
        Standing(txn_id=row.txn_id, row_key=row.row_key, fen=int(row.fen), is_reversed=bool(row.undone))
        for row in tx.session.execute(query)
    )


def account_balances(tx: Transaction) -> dict[Account, int]:
    """The balance of each account over all posted transactions, fen, debits positive."""
    posting, txn = table_of(PostingRow), table_of(LedgerTxnRow)
    query = (
        select(posting.c.account, func.sum(posting.c.fen))
        .join(txn, (txn.c.school_id == posting.c.school_id) & (txn.c.txn_id == posting.c.txn_id))
        .where(posting.c.school_id == tx.school_id, txn.c.posted.is_(True))
        .group_by(posting.c.account)
        .order_by(posting.c.account)
    )
    return {Account(account): int(fen) for account, fen in tx.session.execute(query)}


def owed_by_rider(tx: Transaction, rider_id: RiderId | None = None) -> dict[RiderId, int]:
    """What each rider (or one) owes by the ledger, fen; those whose balance is nought are left out."""
    posting, txn = table_of(PostingRow), table_of(LedgerTxnRow)
    query = (
        select(posting.c.rider_id, func.sum(posting.c.fen))
        .join(txn, (txn.c.school_id == posting.c.school_id) & (txn.c.txn_id == posting.c.txn_id))
        .where(posting.c.school_id == tx.school_id, txn.c.posted.is_(True))
        .where(posting.c.account == str(Account.RECEIVABLE), posting.c.rider_id.is_not(None))
        .group_by(posting.c.rider_id)
    )
    if rider_id is not None:
        query = query.where(posting.c.rider_id == rider_id)
    return {RiderId(found): int(fen) for found, fen in tx.session.execute(query) if fen}


def open_period_from(tx: Transaction, period: str, *, by: str = "") -> str:
    """The period itself while ``by`` may post in it, else the first month after it where he may."""
    while not period_store.is_open_to(tx, period, by):
        year, month = int(period[:4]), int(period[5:7])
        period = f"{year + month // 12}-{month % 12 + 1:02d}"
    return period


def load_adjustments(tx: Transaction, period: str) -> tuple[LedgerTxn, ...]:
    """What later periods booked to correct this one, in the order of their ids."""
    table = table_of(LedgerTxnRow)
    query = select(table.c.txn_id).where(table.c.school_id == tx.school_id, table.c.adjusts == period)
    return load_txns(tx, list(tx.session.scalars(query)))


def count_unposted(tx: Transaction, period: str) -> int:
    """How many transactions of the period were begun and not posted."""
    table = table_of(LedgerTxnRow)
    query = select(func.count()).where(
        table.c.school_id == tx.school_id, table.c.period == period, table.c.posted.is_(False)
    )
    return int(tx.session.execute(query).scalar() or 0)


def _placed(tx: Transaction, txn: LedgerTxn) -> LedgerTxn:
    """The transaction with the period it adjusts: its own month, where that takes no more of him."""
    own = period_of(txn.on)
    if txn.adjusts is not None or own >= txn.period or period_store.is_open_to(tx, own, txn.made_by):
        return txn
    return replace(txn, adjusts=own)


def _txn_row(tx: Transaction, txn: LedgerTxn) -> dict[str, Any]:
    return {
        "school_id": tx.school_id,
        "txn_id": txn.txn_id,
        "period": txn.period,
        "kind": str(txn.kind),
        "booked_on": txn.on,
        "source": txn.source,
        "row_key": txn.row_key,
        "made_by": txn.made_by,
        "approved_by": txn.approved_by,
        "reverses": txn.reverses,
        "adjusts": txn.adjusts,
        "posted": False,
    }


def _postings(tx: Transaction, txn_ids: Sequence[str]) -> dict[str, tuple[Posting, ...]]:
    table = table_of(PostingRow)
    query = select(table).where(table.c.school_id == tx.school_id, table.c.txn_id.in_(txn_ids))
    found: dict[str, list[Posting]] = defaultdict(list)
    for row in tx.session.execute(query.order_by(table.c.txn_id, table.c.n)):
        rider_id = None if row.rider_id is None else RiderId(row.rider_id)
        found[row.txn_id].append(Posting(account=Account(row.account), fen=row.fen, rider_id=rider_id))
    return {txn_id: tuple(postings) for txn_id, postings in found.items()}


def _txn(row: Any, postings: tuple[Posting, ...]) -> LedgerTxn:
    return LedgerTxn(
        txn_id=row.txn_id,
        kind=TxnKind(row.kind),
        period=row.period,
        on=row.booked_on,
        source=row.source,
        row_key=row.row_key,
        made_by=row.made_by,
        approved_by=row.approved_by,
        reverses=row.reverses,
        adjusts=row.adjusts,
        postings=postings,
    )
