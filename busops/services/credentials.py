"""
Passwords and keys: what is good enough, how it is hashed, what is kept of it.

Argon2id with at most two hashes at once. Whose password it is, is not known here.
"""

import hashlib
import secrets
import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from busops.domain.findings import Finding

STRONG: Final = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)
# For tests and the demo, whose passwords are public anyway.
CHEAP: Final = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
HASHING_AT_ONCE: Final = 2  # more would let fifty sign-ins at once starve the marks from the buses

PASSWORD_LEAST: Final = 12
PASSWORD_MOST: Final = 128
USERNAME_MOST: Final = 64
# Enough to refuse what everybody tries first; length does the rest.
COMMON: Final = frozenset(
    (
        "password1234",
        "123456789012",
        "1234567890ab",
        "qwertyuiop12",
        "qwertyuiop123",
        "abcdefghijkl",
        "abc123456789",
        "administrator",
        "adminadmin12",
        "admin1234567",
        "iloveyou1234",
        "schoolbus123",
        "busops123456",
        "woaini520131",
        "woaini1314520",
        "a12345678910",
        "asdfghjkl123",
        "1qaz2wsx3edc",
        "qazwsxedcrfv",
        "112233445566",
    )
)
# No look-alikes: these are read out and typed by hand.
ONE_TIME_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
ONE_TIME_GROUPS: Final = 4

_turns = threading.BoundedSemaphore(HASHING_AT_ONCE)
_nobody: dict[int, str] = {}


def fold_username(username: str) -> str:
    """The user name as it is stored and compared: without case and outer spaces."""
    return username.strip().casefold()[:USERNAME_MOST]


def password_faults(password: str, username: str) -> tuple[Finding, ...]:
    """Why the password is not good enough; length counts, composition does not."""
    faults = []
    if len(password) < PASSWORD_LEAST:
        faults.append(Finding(code="password_short", facts={"least": PASSWORD_LEAST}))
    if len(password) > PASSWORD_MOST:
        faults.append(Finding(code="password_long", facts={"most": PASSWORD_MOST}))
    folded = password.casefold()
    if folded in COMMON or len(set(folded)) < PASSWORD_LEAST // 3:
        faults.append(Finding(code="password_common"))
    if username and folded.strip("0123456789") == username.strip("0123456789"):
        faults.append(Finding(code="password_is_name"))
    return tuple(faults)


def one_time_password() -> str:
    """A random password that can be read out: four groups of four, 79 bits."""
    groups = ("".join(secrets.choice(ONE_TIME_LETTERS) for _ in range(4)) for _ in range(ONE_TIME_GROUPS))
    return "-".join(groups)


def hash_password(password: str, hasher: PasswordHasher = STRONG) -> str:
    """The argon2id hash of the password; at most two are computed at once."""
    with _turns:
        return hasher.hash(password)


def matches(password: str, password_hash: str, hasher: PasswordHasher = STRONG) -> bool:
    """True when the password has this hash."""
    with _turns:
        try:
            return hasher.verify(password_hash, password)
        except (Argon2Error, InvalidHashError):
            return False


def hash_of_nobody(hasher: PasswordHasher) -> str:
    """A hash that no password has: checking against it takes as long as against a real one."""
    if id(hasher) not in _nobody:
        _nobody[id(hasher)] = hash_password(secrets.token_urlsafe(24), hasher)
    return _nobody[id(hasher)]


def attempt_subject(kind: str, value: str) -> str:
    """The name of a counter of failed sign-ins: of an account or of an address."""
    # A digest: what was typed as a user name may have been a password.
    return f"{kind}:{digest(value)}"


def digest(text: str) -> str:
    """What is stored of a key that only its cookie knows."""
    return hashlib.sha256(text.encode()).hexdigest()
