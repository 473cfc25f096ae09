"""
Defects of vehicles: what a driver reported at the look-over, and until when it keeps the bus standing.

A defect is critical when the driver says so or when one of the legal items is not in order. A
critical one forbids every departure of the vehicle until somebody has written down that it is
mended; nobody can let it pass. Every open one, and the newest, is read by the next driver.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from busops.domain.departures import LEGAL_ITEMS
from busops.domain.events import Departed, Observation, PreChecked
from busops.domain.findings import Finding
from busops.domain.values import CrewId, EventId, Plate, RunId

CRITICAL: Final = "critical"  # a word among the items of a look-over: the bus may not leave like this
READ: Final = "read:"  # and before the id of a report: the driver has read it


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """A defect as it was reported; ``cleared_ms`` is None while nobody has said that it is mended."""

    defect_id: EventId
    plate: Plate
    run_id: RunId
    items: tuple[str, ...]  # the legal items that were not in order
    text: str
    is_critical: bool
    reported_by: CrewId
    reported_ms: int
    cleared_ms: int | None = None
    cleared_by: str = ""
    how: str = ""

    @property
    def is_open(self) -> bool:
        """Whether nobody has said that it is mended."""
        return self.cleared_ms is None

    @property
    def reported_at(self) -> datetime:
        """When the driver found it."""
        return datetime.fromtimestamp(self.reported_ms / 1000, UTC)

    def stops(self, departure: Departed | None) -> bool:
        """Whether it forbids to leave now, or forbade that departure."""
        if not self.is_critical:
            return False
        if departure is None:
            return self.is_open
        was_known = self.reported_ms <= departure.hi_ms
        return was_known and (self.cleared_ms is None or departure.at_ms < self.cleared_ms)


def reported(plate: Plate, events: Iterable[Observation]) -> tuple[Defect, ...]:
    """The defects that the look-overs of a run tell of."""
    checks = (event for event in events if isinstance(event, PreChecked))
    return tuple(_defect(plate, check) for check in checks if check.defect or CRITICAL in check.items_ok)


def reasons_to_stand(defects: Iterable[Defect], departure: Departed | None = None) -> tuple[Finding, ...]:
    """What keeps the vehicle standing now, or forbade that departure."""
    return tuple(
        Finding(
            code="vehicle_defect_open",
            place=each.defect_id,
            facts={
                "plate": each.plate,
                "defect": each.text,
                "items": list(each.items),
                "reported_at": each.reported_at,
            },
        )
        for each in defects
        if each.stops(departure)
    )


def to_read(defects: Iterable[Defect], run_id: RunId) -> tuple[Defect, ...]:
    """What the driver of a run must have read: every open report of earlier runs, and the newest."""
    before = sorted((each for each in defects if each.run_id != run_id), key=lambda each: each.reported_ms)
    return tuple(each for each in before if each.is_open or each is before[-1])


def read_on(events: Iterable[Observation]) -> frozenset[str]:
    """The reports that somebody signed to have read."""
    words = (word for event in events if isinstance(event, PreChecked) for word in event.items_ok)
    return frozenset(word.removeprefix(READ) for word in words if word.startswith(READ))


def _defect(plate: Plate, check: PreChecked) -> Defect:
    missing = tuple(sorted(LEGAL_ITEMS - check.items_ok))
    return Defect(
        defect_id=check.event_id,
        plate=plate,
        run_id=check.run_id,
        items=missing,
        text=check.defect,
        is_critical=CRITICAL in check.items_ok or bool(missing),
        reported_by=check.by,
        reported_ms=min(check.at_ms, check.received_ms or check.at_ms),
    )
