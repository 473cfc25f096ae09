"""
Gates that no tablet knows of: they stand by the calendar, and two people of the office may open one.

A run that nobody closed by the end of its day keeps its crew and its vehicle from the next release.
Freed by two people it is still open, still alarms, and still waits for its checks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from busops.domain.findings import Finding, Severity
from busops.domain.values import SCHOOL_TIME, CrewId, Plate, RunId

RUN_UNCLOSED: Final = "run_unclosed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOpen:
    """A run of a day that is over, which nobody has closed; ``turn`` is how often it was opened again."""

    run_id: RunId
    on: date
    plate: Plate
    crew: frozenset[CrewId]
    turn: int

    @property
    def gate(self) -> Finding:
        """What two people may open, once for each time that the run was open."""
        facts = {"run_id": self.run_id, "plate": self.plate, "on": self.on}
        place = f"{self.run_id}:v{self.turn}"
        return Finding(code=RUN_UNCLOSED, severity=Severity.GATE, place=place, facts=facts)


def day_over_at(on: date) -> datetime:
    """When the day is over at the school."""
    return datetime.combine(on + timedelta(days=1), time(), SCHOOL_TIME)


def vehicle_reasons(runs: Iterable[LeftOpen], plate: Plate) -> tuple[Finding, ...]:
    """Why the vehicle gets no other run."""
    return tuple(
        Finding(
            code="vehicle_run_unclosed",
            place=each.run_id,
            facts={"plate": plate, "run_id": each.run_id, "on": each.on},
        )
        for each in runs
        if each.plate == plate
    )


def crew_reasons(runs: Iterable[LeftOpen], crew: Iterable[CrewId]) -> tuple[Finding, ...]:
    """Why these people get no other run."""
    runs = tuple(runs)
    return tuple(
        Finding(
            code="crew_run_unclosed",
            place=crew_id,
            facts={"crew_id": crew_id, "run_id": each.run_id, "on": each.on},
        )
        for crew_id in sorted(set(crew))
        for each in runs
        if crew_id in each.crew
    )
