"""
The empty-vehicle check: which of the checks made really prove the bus empty.

Two people walk to the rear, one after the other, after everything that moved; then the
driver stands at the parking place. It shows that two people attested at the rear of the
bus, not that the bus is empty.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from busops.domain.events import (
    Alighted,
    Arrived,
    Boarded,
    Checked,
    Decision,
    Departed,
    Observation,
    Parked,
    Reopened,
    Voided,
)
from busops.domain.evidence import PHOTO, REAR, SENSOR, is_audited, outran, readings
from busops.domain.fleet import CrewRole
from busops.domain.run_plan import RunPlan
from busops.domain.timeline import Timeline
from busops.domain.transfers import last_moves

WALK_MS_PER_ROW: Final = 2_000  # a person who looks under the seats is not faster than that

_MOVEMENTS: Final = (Boarded, Alighted, Departed, Arrived, Voided)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFault:
    """Why a check that was made proves nothing."""

    check: Checked | Parked
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckState:
    """The checks that prove the bus empty, None where there is none, and what is wrong with the others."""

    attendant: Checked | None
    driver: Checked | None
    parked: Parked | None
    faults: tuple[CheckFault, ...]
    fast: tuple[Checked, ...]
    lacking: tuple[
        CheckFault, ...
    ] = ()  # sound, but without the photo or the sensor's word that is asked for

    @property
    def is_complete(self) -> bool:
        """Whether attendant, driver and parking check all stand."""
        return self.attendant is not None and self.driver is not None and self.parked is not None


def check_state(plan: RunPlan, line: Timeline, decided: Iterable[Decision]) -> CheckState:
    """The standing checks of a run; anything that moves after them makes them void."""
    decided = tuple(decided)
    reopened_ms = max((each.made_ms for each in decided if isinstance(each, Reopened)), default=None)
    ends = (*_arrivals(plan, line), *last_moves(line, decided))
    base = _Ground(plan=plan, line=line, reopened_ms=reopened_ms, movements=movements(line), ends=ends)
    made = [event for event in line.events if isinstance(event, Checked)]
    faults: list[CheckFault] = []
    attendant = base.first_sound(made, CrewRole.ATTENDANT, None, faults)
    driver = base.first_sound(made, CrewRole.DRIVER, attendant, faults)
    stands = [event for event in line.events if isinstance(event, Parked)]
    parked = base.first_parked(stands, driver, faults)
    return CheckState(
        attendant=attendant,
        driver=driver,
        parked=parked,
        faults=tuple(faults),
        fast=tuple(check for check in (attendant, driver) if check and base.is_fast(check)),
        lacking=tuple(_lacking(plan, driver)) if driver else (),
    )


def _lacking(plan: RunPlan, check: Checked) -> Iterator[CheckFault]:
    """What the last walk should have brought along beside the tags."""
    has_photo = any(word.startswith(PHOTO) for word in check.codes)
    if plan.evidence.asks_photo and not has_photo:
        yield CheckFault(check=check, code="check_without_photo")
    elif is_audited(plan.run_id) and not has_photo:
        yield CheckFault(check=check, code="audit_without_photo")
    if plan.evidence.asks_sensor and SENSOR not in check.codes:
        yield CheckFault(check=check, code="check_without_sensor")


def _arrivals(plan: RunPlan, line: Timeline) -> tuple[Observation, ...]:
    return tuple(
        event for event in line.standing() if isinstance(event, Arrived) and event.stop_id == plan.terminal
    )


def movements(line: Timeline) -> tuple[Observation, ...]:
    """Whatever a check must come after: marks, taps taken back, departures, arrivals, a find."""
    return tuple(
        event
        for event in line.events
        if isinstance(event, _MOVEMENTS) or (isinstance(event, Checked) and event.n > 0)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What every check of a run is measured against."""

    plan: RunPlan
    line: Timeline
    reopened_ms: int | None
    movements: Sequence[Observation]
    ends: Sequence[Observation]  # after one of them the bus is where it ends

    def first_sound(
        self, made: Iterable[Checked], role: CrewRole, after: Checked | None, faults: list[CheckFault]
    ) -> Checked | None:
        """The first check of this role without a fault; the faults of the others are noted."""
        sound = []
        for check in made:
            if self._role_of(check) is not role:
                if role is CrewRole.ATTENDANT and self._role_of(check) is None:
                    faults.append(CheckFault(check=check, code="check_wrong_person"))
                continue
            code = self._fault(check, self.plan.asked_codes(role))
            if code is None and role is CrewRole.DRIVER:
                code = self._fault_of_order(after, check)
            if code is None:
                sound.append(check)
            else:
                faults.append(CheckFault(check=check, code=code))
        return min(sound, key=lambda check: (check.at_ms, check.dev, check.seq), default=None)

    def first_parked(
        self, stands: Iterable[Parked], driver: Checked | None, faults: list[CheckFault]
    ) -> Parked | None:
        """The first sound stand at the parking place, after the driver's check."""
        sound = []
        for stand in stands:
            code = self._fault(stand, frozenset({self.plan.tags[REAR]}))
            if stand.by != self.plan.driver_id:
                code = "check_wrong_person"
            code = code or self._fault_of_order(driver, stand)
            if code is None:
                sound.append(stand)
            else:
                faults.append(CheckFault(check=stand, code=code))
        return min(sound, key=lambda stand: (stand.at_ms, stand.dev, stand.seq), default=None)

    def is_fast(self, check: Checked) -> bool:
        """Whether nobody walks the rows in the time there was, as a whole or from one scan to the next."""
        if outran(readings(check.codes), self.plan.rows):
            return True
        before = [
            event
            for event in (*self.movements, *self.line.events)
            if isinstance(event, (*_MOVEMENTS, Checked))
            and event.event_id != check.event_id
            and self.line.precedes(event, check)
        ]
        since_ms = max((event.at_ms for event in before), default=check.at_ms)
        return check.at_ms - since_ms < WALK_MS_PER_ROW * self.plan.rows

    def _role_of(self, check: Checked) -> CrewRole | None:
        if check.by in self.plan.attendant_ids and check.by != self.plan.driver_id:
            return CrewRole.ATTENDANT
        is_driver = check.by == self.plan.driver_id and check.by not in self.plan.attendant_ids
        return CrewRole.DRIVER if is_driver else None

    def _fault(self, check: Checked | Parked, asked: frozenset[str]) -> str | None:
        if not asked <= check.codes:
            return "check_wrong_tag"
        if isinstance(check, Checked) and check.n > 0:
            return "check_found_riders"
        if self.reopened_ms is not None and self.line.intervals[check.event_id][0] <= self.reopened_ms:
            return "check_before_reopening"
        if not self._follows_arrival(check) or not self._follows_movements(check):
            return "check_too_early"
        return None

    def _fault_of_order(self, before: Checked | None, check: Checked | Parked) -> str | None:
        return None if before is not None and self.line.precedes(before, check) else "check_out_of_turn"

    def _follows_arrival(self, check: Observation) -> bool:
        return any(self.line.precedes(event, check) for event in self.ends)

    def _follows_movements(self, check: Observation) -> bool:
        return all(
            self.line.precedes(event, check) for event in self.movements if event.event_id != check.event_id
        )
