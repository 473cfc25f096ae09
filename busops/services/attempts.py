"""
Counters against guessing a password, kept in the database: of an account and of an address.

A failure is counted before the password is looked at, so that a hundred guesses at once are a
hundred failures. Whose password it is and what is right, ``signin.py`` and ``people.py`` say.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from busops.domain.errors import Refused
from busops.services.credentials import attempt_subject
from busops.storage import people_store
from busops.storage.database import Transaction
from busops.storage.people_store import Attempts

ACCOUNT: Final = "account"
ADDRESS: Final = "address"
ENROLMENT: Final = "enrolment"  # of an address: wrong codes of a tablet
FREE_TRIES: Final = {ACCOUNT: 5, ADDRESS: 25, ENROLMENT: 5}
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=15)
FORGOTTEN_AFTER: Final = timedelta(minutes=30)

Counters = Mapping[str, Attempts]


def count_failure(tx: Transaction, values: Mapping[str, str], now: datetime) -> Counters:
    """One more failure of each (kind → whose); what stood before. Refused while one must wait."""
    before = {}
    for kind, value in values.items():
        attempts = people_store.load_attempts(tx, attempt_subject(kind, value))
        if attempts.last_at is not None and now - attempts.last_at > FORGOTTEN_AFTER:
            attempts = Attempts()
        if attempts.locked_until_at is not None and attempts.locked_until_at > now:
            raise Refused("signin_wait", until_at=attempts.locked_until_at)
        before[kind] = attempts
    for kind, value in values.items():
        failures = before[kind].failures + 1
        over = failures - FREE_TRIES[kind]
        wait = min(FIRST_WAIT * 2 ** min(over, 10), LONGEST_WAIT) if over >= 0 else None
        counted = Attempts(failures=failures, last_at=now, locked_until_at=now + wait if wait else None)
        people_store.save_attempts(tx, attempt_subject(kind, value), counted, at=now)
    return before


def tries_left(before: Counters) -> int:
    """How often the account's password may still be tried after this failure before a wait."""
    return max(FREE_TRIES[ACCOUNT] - before[ACCOUNT].failures - 1, 0)


def was_right(tx: Transaction, values: Mapping[str, str], before: Counters, now: datetime) -> None:
    """The account's failures are forgotten; an address only loses the one that was counted in advance."""
    for kind, value in values.items():
        # One right password must not wash an address clean of its guesses at other accounts.
        left = Attempts() if kind == ACCOUNT else replace(before[kind], last_at=now)
        people_store.save_attempts(tx, attempt_subject(kind, value), left, at=now)
