"""
A manifest filled in on paper: what it says, what is wrong with it, and the facts it amounts to.

Paper knows minutes and ticks. Its facts are written by a device of their own whose ``app`` is
:data:`SOURCE`, so that whoever reads the log sees where they came from. The two checks of the
bus count only from a sheet that both signed.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Final

from busops.domain.events import Kind, Observation
from busops.domain.findings import Finding, Severity
from busops.domain.handover import HandedBy
from busops.domain.roster import NotRidingReason
from busops.domain.run_plan import RunPlan
from busops.domain.values import CAMPUS, SCHOOL_TIME, CrewId, Direction, RiderId, StopId

SOURCE: Final = "PAPER"
MINUTE_MS: Final = 60_000
# A minute on paper is any second of it: read as its middle, and a minute uncertain either way.
MIDDLE_MS: Final = 30_000
OFFSET_AGE_MS: Final = 600_000_000
NOBODY: Final[Mapping[RiderId, Collection[int]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperStop:
    """A stop of the sheet: minutes after midnight when the bus came and left, and who was counted."""

    stop_id: StopId
    arrived_min: int | None = None
    left_min: int | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRider:
    """A line of the sheet: where the rider's two boxes were ticked, or why he did not ride."""

    rider_id: RiderId
    on_at: StopId | None = None
    off_at: StopId | None = None
    absence: NotRidingReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperCheck:
    """A walk through the bus as written down: when, and the digits of the tags."""

    at_min: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperHandover:
    """Into whose hands a rider was given, as written down: when, how, and who of his list it was."""

    rider_id: RiderId
    at_min: int
    how: HandedBy
    person_no: int | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """What a tablet would have recorded."""
        return (self.how.value, *((f"person:{self.person_no}",) if self.person_no is not None else ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Everything a person reads off a filled-in manifest."""

    roster_v: int
    attendant_id: CrewId
    driver_id: CrewId
    is_signed_by_attendant: bool
    is_signed_by_driver: bool
    stops: tuple[PaperStop, ...]
    riders: tuple[PaperRider, ...]
    attendant_check: PaperCheck | None = None
    driver_check: PaperCheck | None = None
    parked: PaperCheck | None = None
    handovers: tuple[PaperHandover, ...] = ()

    @property
    def checks(self) -> tuple[PaperCheck, ...]:
        """The walks that were written down, in the order they must have been made."""
        return tuple(each for each in (self.attendant_check, self.driver_check, self.parked) if each)

    @property
    def sums(self) -> tuple[int, int, int, int]:
        """How many boxes 上, boxes 下, absences and hand-overs: what a second reader counts again."""
        return (
            sum(rider.on_at is not None for rider in self.riders),
            sum(rider.off_at is not None for rider in self.riders),
            sum(rider.absence is not None for rider in self.riders),
            len(self.handovers),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing the sheet says happened, in the words of an envelope."""

    kind: Kind
    at_min: int
    by: CrewId
    rider: RiderId | None = None
    stop: StopId | None = None
    n: int | None = None
    reason: NotRidingReason | None = None
    codes: tuple[str, ...] = field(default=())


def is_paper(event: Observation) -> bool:
    """Whether a fact was read off paper."""
    return event.app == SOURCE


def moment_of(plan: RunPlan, at_min: int) -> datetime:
    """The middle of a minute of the run's day."""
    midnight = datetime.combine(plan.on, time(), SCHOOL_TIME)
    return midnight + timedelta(minutes=at_min, milliseconds=MIDDLE_MS)


def faults(
    plan: RunPlan, sheet: Sheet, now: datetime, persons: Mapping[RiderId, Collection[int]] = NOBODY
) -> tuple[Finding, ...]:
    """
    Everything for which the sheet as typed cannot be taken, all at once.

    ``persons`` are the numbers of those who may fetch each rider.
    """
    return (
        *_about_people(plan, sheet),
        *_about_stops(plan, sheet, now),
        *_about_riders(plan, sheet),
        *_about_checks(sheet),
        *_about_handovers(plan, sheet, now, persons),
    )


def facts_of(plan: RunPlan, sheet: Sheet) -> tuple[Fact, ...]:
    """What the sheet says happened, in the order of its times; within a minute as a stop goes."""
    order = {stop_id: place for place, stop_id in enumerate(plan.stop_ids)}
    found = [*_of_stops(sheet), *_of_riders(plan, sheet), *_of_handovers(sheet), *_of_checks(sheet)]
    ranks = list(_RANKS)
    found.sort(
        key=lambda fact: (
            fact.at_min,
            order.get(fact.stop, len(order)) if fact.stop else len(order),
            ranks.index(fact.kind),
            fact.rider or "",
        )
    )
    first_min = found[0].at_min if found else 0
    read = Fact(kind=Kind.ACK, at_min=first_min, by=sheet.attendant_id)
    return (read, *found)


_RANKS: Final = (
    Kind.ARRIVE,
    Kind.ALIGHT,
    Kind.ABSENT,
    Kind.BOARD,
    Kind.HEADCOUNT,
    Kind.DEPART,
    Kind.HANDOVER,
    Kind.CHECK,
    Kind.PARKED,
)


def _about_people(plan: RunPlan, sheet: Sheet) -> Iterator[Finding]:
    if sheet.attendant_id not in plan.crew or sheet.driver_id not in plan.crew:
        yield _fault("paper_not_of_crew")
    if sheet.attendant_id == sheet.driver_id:
        yield _fault("same_person", crew_id=sheet.driver_id)


def _about_stops(plan: RunPlan, sheet: Sheet, now: datetime) -> Iterator[Finding]:
    before: int | None = None
    for stop in sheet.stops:
        if stop.stop_id not in plan.stop_ids:
            yield _fault("paper_stop_unknown", stop_id=stop.stop_id)
        for at_min in (stop.arrived_min, stop.left_min):
            if at_min is None:
                continue
            if before is not None and at_min < before:
                yield _fault("paper_times_backwards", stop_id=stop.stop_id)
            if moment_of(plan, at_min) > now:
                yield _fault("paper_in_the_future", stop_id=stop.stop_id)
            before = at_min
        if stop.count is not None and stop.arrived_min is None and stop.left_min is None:
            yield _fault("paper_time_missing", stop_id=stop.stop_id)
    for check in sheet.checks:
        if moment_of(plan, check.at_min) > now:
            yield _fault("paper_in_the_future", stop_id=plan.terminal)


def _about_riders(plan: RunPlan, sheet: Sheet) -> Iterator[Finding]:
    timed = {each.stop_id for each in sheet.stops if _minute(each) is not None}
    if not any(sheet.sums):
        yield _fault("paper_empty")
    for rider in sheet.riders:
        used = {each for each in (rider.on_at, rider.off_at) if each is not None}
        if rider.absence is not None and used:
            yield _fault("paper_rode_and_absent", rider_id=rider.rider_id)
        for stop_id in sorted(used):
            if stop_id not in plan.stop_ids:
                yield _fault("paper_stop_unknown", stop_id=stop_id)
            elif stop_id not in timed:
                yield _fault("paper_time_missing", stop_id=stop_id)
        if rider.on_at in plan.stop_ids and rider.off_at in plan.stop_ids:
            places = [plan.stop_ids.index(each) for each in (rider.on_at, rider.off_at) if each]
            if places[0] >= places[1]:
                yield _fault("paper_off_before_on", rider_id=rider.rider_id)


def _about_checks(sheet: Sheet) -> Iterator[Finding]:
    """A check of the bus is two people's word: without both signatures nothing of it is taken."""
    if sheet.checks and not (sheet.is_signed_by_attendant and sheet.is_signed_by_driver):
        yield _fault("paper_not_signed_by_both")
    walked = [each.at_min for each in sheet.checks]
    if walked != sorted(walked):
        yield _fault("paper_checks_backwards")
    if any(not check.codes for check in sheet.checks):
        yield _fault("paper_check_without_codes")


def _about_handovers(
    plan: RunPlan, sheet: Sheet, now: datetime, persons: Mapping[RiderId, Collection[int]]
) -> Iterator[Finding]:
    """Handed over is who got off, no earlier, on the way home; a listed person is one of his list."""
    off_at = {rider.rider_id: rider.off_at for rider in sheet.riders}
    stops = {each.stop_id: each for each in sheet.stops}
    if sheet.handovers and plan.direction is not Direction.HOMEWARD:
        yield _fault("homeward_only")
    for each in sheet.handovers:
        stop = stops.get(off_at.get(each.rider_id) or CAMPUS)
        off_min = _minute(stop, first=True) if stop else None
        if off_at.get(each.rider_id) is None:
            yield _fault("paper_handed_not_off", rider_id=each.rider_id)
        elif off_min is not None and each.at_min < off_min:
            yield _fault("paper_handed_early", rider_id=each.rider_id)
        if moment_of(plan, each.at_min) > now:
            yield _fault("paper_in_the_future", stop_id=off_at.get(each.rider_id) or plan.terminal)
        if each.how is HandedBy.LISTED and each.person_no not in persons.get(each.rider_id, ()):
            yield _fault("paper_handed_to_nobody", rider_id=each.rider_id)


def _of_handovers(sheet: Sheet) -> Iterator[Fact]:
    for each in sheet.handovers:
        by = sheet.attendant_id
        yield Fact(kind=Kind.HANDOVER, at_min=each.at_min, by=by, rider=each.rider_id, codes=each.codes)


def _of_stops(sheet: Sheet) -> Iterator[Fact]:
    for stop in sheet.stops:
        at = stop.stop_id
        if stop.arrived_min is not None:
            yield Fact(kind=Kind.ARRIVE, at_min=stop.arrived_min, by=sheet.driver_id, stop=at)
        minute = stop.left_min if stop.left_min is not None else stop.arrived_min
        if stop.count is not None and minute is not None:
            yield Fact(kind=Kind.HEADCOUNT, at_min=minute, by=sheet.attendant_id, n=stop.count, stop=at)
        if stop.left_min is not None:
            yield Fact(kind=Kind.DEPART, at_min=stop.left_min, by=sheet.driver_id, stop=at)


def _of_riders(plan: RunPlan, sheet: Sheet) -> Iterator[Fact]:
    stops = {each.stop_id: each for each in sheet.stops}
    for rider in sheet.riders:
        who, by = rider.rider_id, sheet.attendant_id
        if rider.on_at is not None:
            minute = _minute(stops[rider.on_at])
            yield Fact(kind=Kind.BOARD, at_min=minute or 0, stop=rider.on_at, rider=who, by=by)
        if rider.off_at is not None:
            minute = _minute(stops[rider.off_at], first=True)
            yield Fact(kind=Kind.ALIGHT, at_min=minute or 0, stop=rider.off_at, rider=who, by=by)
        if rider.absence is not None:
            planned = plan.riders.get(rider.rider_id)
            at = plan.boards_at(planned) if planned else None
            stop = stops.get(at) if at else None
            minute = _minute(stop) if stop else None
            when = minute if minute is not None else _first_minute(sheet.stops)
            yield Fact(kind=Kind.ABSENT, at_min=when, reason=rider.absence, rider=who, by=by)


def _of_checks(sheet: Sheet) -> Iterator[Fact]:
    by = ((sheet.attendant_check, sheet.attendant_id), (sheet.driver_check, sheet.driver_id))
    for check, person in by:
        if check is not None:
            yield Fact(kind=Kind.CHECK, at_min=check.at_min, by=person, n=0, codes=check.codes)
    if sheet.parked is not None:
        at_min, codes = sheet.parked.at_min, sheet.parked.codes
        yield Fact(kind=Kind.PARKED, at_min=at_min, by=sheet.driver_id, codes=codes)


def _minute(stop: PaperStop, *, first: bool = False) -> int | None:
    """When somebody got on (as the bus left) or off (as it came)."""
    times = (stop.arrived_min, stop.left_min) if first else (stop.left_min, stop.arrived_min)
    return next((each for each in times if each is not None), None)


def _first_minute(stops: Iterable[PaperStop]) -> int:
    found = [each for stop in stops for each in (stop.arrived_min, stop.left_min) if each is not None]
    return min(found, default=0)


def _fault(code: str, **facts: object) -> Finding:
    place = str(next(iter(facts.values()), ""))
    return Finding(code=code, severity=Severity.BLOCK, place=place, facts=facts)
