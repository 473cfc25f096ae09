"""Writing very many rows in one transaction: more memory for it, and a part that may turn out known."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from busops.storage.database import Transaction

CACHE_KIB: Final = 96 * 1024


def expect_many(tx: Transaction) -> None:
    """SQLite keeps what is about to be written in memory, up to 96 MiB, while this connection lives."""
    if tx.session.connection().dialect.name == "sqlite":
        tx.session.execute(text(f"PRAGMA cache_size = -{CACHE_KIB}"))


def unless_known(tx: Transaction, act: Callable[[], None]) -> bool:
    """What ``act`` writes stands; False and nothing of it does where a line of it is on record already."""
    try:
        with tx.session.begin_nested():
            act()
    except IntegrityError:
        return False
    return True
