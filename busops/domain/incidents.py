"""
Incidents: what has happened and nobody could have allowed, from the first report to the disposition.

They open by themselves from what the log says. One ends when two people have written down what
came of it, or by itself when what it rests on was taken back; until then the run stays open.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from busops.domain.findings import Finding
from busops.domain.values import RunId

MINUTE_MS: Final = 60_000


class IncidentKind(StrEnum):
    """What kind of thing happened."""

    OVERLOAD = "overload"
    NON_DESIGNATED = "non_designated"
    PAPERS = "papers"
    DEFECT = "defect"
    STRANDED = "stranded"


class IncidentSeverity(StrEnum):
    """How bad it is; the first two hold the run."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


HOLDING: Final = frozenset({IncidentSeverity.P0, IncidentSeverity.P1})
FIRST_REPORT_MS: Final[Mapping[IncidentSeverity, int]] = MappingProxyType(
    {
        IncidentSeverity.P0: 10 * MINUTE_MS,
        IncidentSeverity.P1: 10 * MINUTE_MS,
        IncidentSeverity.P2: 60 * MINUTE_MS,
        IncidentSeverity.P3: 24 * 60 * MINUTE_MS,
    }
)
"""How long after it opened somebody must have been told (domain §5.5)."""
AUTHORITY_MS: Final = 60 * MINUTE_MS
"""And how long until a grave one is with the authorities, or it is written down why it need not be."""

OPENED_BY: Final[Mapping[str, tuple[IncidentKind, IncidentSeverity]]] = MappingProxyType(
    {
        "over_students": (IncidentKind.OVERLOAD, IncidentSeverity.P1),
        "over_persons": (IncidentKind.OVERLOAD, IncidentSeverity.P1),
        "off_stop_alight": (IncidentKind.NON_DESIGNATED, IncidentSeverity.P1),
        "off_stop_board": (IncidentKind.NON_DESIGNATED, IncidentSeverity.P2),
        "departed_forbidden": (IncidentKind.PAPERS, IncidentSeverity.P1),
        "departed_without_precheck": (IncidentKind.DEFECT, IncidentSeverity.P1),
        "stranded_breakdown": (IncidentKind.STRANDED, IncidentSeverity.P1),
        "stranded_detained": (IncidentKind.STRANDED, IncidentSeverity.P1),
        "stranded_accident": (IncidentKind.STRANDED, IncidentSeverity.P0),
    }
)
"""The findings of things that happened and that nobody may let pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident of a run; ``reported_ms`` is None until somebody was told."""

    incident_id: str
    run_id: RunId
    kind: IncidentKind
    severity: IncidentSeverity
    finding_key: str
    opened_ms: int
    reported_ms: int | None = None
    reported_by: str = ""
    told: str = ""
    authority_ms: int | None = None
    authority_told: str = ""
    withdrawn_ms: int | None = None

    @property
    def report_due_ms(self) -> int:
        """When somebody must have been told."""
        return self.opened_ms + FIRST_REPORT_MS[self.severity]

    @property
    def authority_due_ms(self) -> int:
        """When a grave one must be with the authorities."""
        return self.opened_ms + AUTHORITY_MS

    @property
    def owes_authority(self) -> bool:
        """Whether it is grave and nobody has said yet that the authorities know, or why they need not."""
        return self.severity in HOLDING and self.authority_ms is None and self.withdrawn_ms is None

    @property
    def owes_report(self) -> bool:
        """Whether nobody was told yet."""
        return self.reported_ms is None and self.withdrawn_ms is None

    def is_report_late(self, now_ms: int) -> bool:
        """Whether nobody was told in time, by now or until somebody was."""
        if self.withdrawn_ms is not None:
            return False
        return (now_ms if self.reported_ms is None else self.reported_ms) > self.report_due_ms


def to_open(findings: Iterable[Finding], known: Iterable[Incident]) -> tuple[Finding, ...]:
    """The findings of things that happened of which there is no incident yet."""
    kept = {each.finding_key for each in known if each.withdrawn_ms is None}
    return tuple(each for each in findings if each.code in OPENED_BY and each.key not in kept)


def to_withdraw(findings: Iterable[Finding], known: Iterable[Incident]) -> tuple[Incident, ...]:
    """The incidents that rest on nothing any more: the marks were taken back or put in another order."""
    standing = {each.key for each in findings}
    return tuple(each for each in known if each.withdrawn_ms is None and each.finding_key not in standing)
