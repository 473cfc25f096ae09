"""
Every error that busops raises on purpose: a code and facts, never a sentence.

    BusopsError
    ├── InvalidInput    the input cannot be read or breaks its contract (400)
    ├── Refused         a decision that may not be taken, with all reasons (409)
    ├── Conflict        somebody else changed the same thing meanwhile (409)
    └── NotFound        no such thing in this school, or not for this person (404)

Words are made at the edge, in the reader's language (``busops/i18n.py``). Problems that
come in collections are not raised but returned as findings (``busops/domain/findings.py``).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from busops.domain.findings import Finding


class BusopsError(Exception):
    """A failure with a code that has words in both languages, and the facts to fill them."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts: Mapping[str, Any] = facts

    def __str__(self) -> str:
        return f"{self.code} {dict(self.facts)}" if self.facts else self.code


class InvalidInput(BusopsError):
    """The input cannot be used; ``findings`` name every fault with its place."""

    def __init__(self, code: str, findings: Iterable[Finding] = (), **facts: Any) -> None:
        super().__init__(code, **facts)
        self.findings = tuple(findings)


class Refused(BusopsError):
    """A decision that may not be taken now; ``reasons`` are all of them, at once."""

    def __init__(self, code: str, reasons: Iterable[Finding] = (), **facts: Any) -> None:
        super().__init__(code, **facts)
        self.reasons = tuple(reasons)


class Conflict(BusopsError):
    """What the decision was based on has changed; look again and decide again."""


class NotFound(BusopsError):
    """There is no such thing in this school, or it is not this person's to see."""
