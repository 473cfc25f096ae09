"""
Findings: problems that are collected and shown together, never raised one by one.

A finding names *what* (its code), *where* (its place: a cell, a stop, a rider, a run) and
the facts that a sentence needs. It carries no sentence.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """What a finding does to a decision (domain rule tables, enforcement verbs)."""

    BLOCK = "block"  # the decision may not be taken; nobody can override
    GATE = "gate"  # two people may decide otherwise
    WARN = "warn"  # look at it; the decision may be taken
    LOG = "log"  # kept as evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem: its code, how hard it stops, where it is, and the facts for its words."""

    code: str
    severity: Severity = Severity.BLOCK
    place: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """A stable name: the same problem at the same place has the same key."""
        return f"{self.code}:{self.place}" if self.place else self.code


def blocking(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those findings that stop a decision (BLOCK and GATE), in their order."""
    return tuple(finding for finding in findings if finding.severity in (Severity.BLOCK, Severity.GATE))
