"""
Who bears a cost: the one rule by which a cost falls on runs, and what of it trips for others bear.

The driver of each code is that of domain §3.4. A cost names a run, a line, a vehicle or nothing, and is
borne by that run, that line's runs, that vehicle's, or all. Trips for others than pupils bear their part of
what a vehicle costs whoever rides in it (:data:`SHARED`); it is taken off first, the rest falls on the runs.
Every part is whole fen, by largest remainder: the parts and what nobody bears add up to the cost.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from math import lcm
from typing import Final

from busops.finance.costs import DEPRECIATION, CostLine
from busops.finance.money import split_fen


class Driver(StrEnum):
    """By what a shared cost is divided."""

    KM = "km"
    TIME = "time"
    DAYS = "days"
    RUNS = "runs"
    FARES = "fares"
    PLANNED = "planned"


# What is not named here is divided by runs: each run had its toll, its parking, its attendant, its tablet.
DRIVERS: Final[Mapping[str, Driver]] = {
    "C01": Driver.KM,
    "C08": Driver.KM,
    "C04": Driver.TIME,
    "C06": Driver.PLANNED,
    "C07": Driver.DAYS,
    "C09": Driver.DAYS,
    "C10": Driver.DAYS,
    "C14": Driver.FARES,
}
# What a vehicle costs whoever rides in it: trips for others than pupils bear their part.
SHARED: Final = frozenset({"C01", "C04", "C07", "C08", "C09", "C10"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRun:
    """
    One run of a line, metres and seconds; ``empty_m`` is the way without riders, part of ``distance_m``.

    ``planned_fen`` is what the plan reckoned for it, ``planned_empty_fen`` that of its empty way.
    """

    line: str
    run_id: str
    plate: str
    on: date
    distance_m: int
    empty_m: int
    duration_s: int
    riders: int
    planned_fen: int
    planned_empty_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherUse:
    """A trip of a school bus for others than pupils (教职工活动), metres and seconds; it counts on a day."""

    use_id: str
    plate: str
    on: date
    distance_m: int
    duration_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CostShare:
    """A cost as it falls: on runs, on trips for others, and on nobody, fen; it adds up to the cost."""

    by_run: Mapping[str, int]
    other_use_fen: int
    loose_fen: int


class RunBook:
    """The runs of a period, found by their id, line and vehicle."""

    def __init__(self, runs: Iterable[LineRun]) -> None:
        self.all = tuple(runs)
        self.by_id = {run.run_id: run for run in self.all}
        self._by_line: dict[str, list[LineRun]] = defaultdict(list)
        self._by_plate: dict[str, list[LineRun]] = defaultdict(list)
        for run in self.all:
            self._by_line[run.line].append(run)
            self._by_plate[run.plate].append(run)

    def of_vehicle(self, plate: str) -> Sequence[LineRun]:
        """The runs that this vehicle drove."""
        return self._by_plate.get(plate, ())

    def has_own(self, cost: CostLine) -> bool:
        """Whether it names a run or a line that ran: then it is the pupils' alone."""
        return cost.run in self.by_id or cost.line in self._by_line

    def bearers(self, cost: CostLine) -> Sequence[LineRun]:
        """Who bears it: the run, the line's or the vehicle's it names; all where none of them ran."""
        own = self.by_id.get(cost.run)
        if own is not None:
            return [own]
        return self._by_line.get(cost.line) or self._by_plate.get(cost.plate) or self.all


def driver_of(code: str) -> Driver:
    """By what a cost of this code is divided where it is shared."""
    return DRIVERS.get(code, Driver.RUNS)


def without_other_use(cost: CostLine, runs: RunBook, others: Sequence[OtherUse]) -> CostLine:
    """The cost less what trips for others bear of it, which its ``other_use_fen`` then tells."""
    part_fen = other_part_fen(cost, cost.fen, runs, others)
    if cost.code == DEPRECIATION:
        return replace(cost, fen=cost.fen - part_fen, other_use_fen=part_fen)
    paid_fen = cost.fen if cost.paid_fen is None else cost.paid_fen
    paid_part_fen = other_part_fen(cost, paid_fen, runs, others)
    return replace(
        cost,
        fen=cost.fen - part_fen,
        paid_fen=paid_fen - paid_part_fen,
        other_use_fen=part_fen,
        other_use_paid_fen=paid_part_fen,
    )


def other_part_fen(cost: CostLine, fen: int, runs: RunBook, others: Sequence[OtherUse]) -> int:
    """What of ``fen`` of this cost trips for others bear; nothing of a cost of one run or one line."""
    if cost.code not in SHARED or runs.has_own(cost):
        return 0
    mine: Sequence[OtherUse] = [use for use in others if use.plate == cost.plate] if cost.plate else others
    if not mine:
        return 0
    students = runs.of_vehicle(cost.plate) if cost.plate else runs.all
    weights = _weights(driver_of(cost.code), (*students, *mine), {}, {})
    if not any(weights):
        weights = [1] * len(weights)
    own, other = sum(weights[: len(students)]), sum(weights[len(students) :])
    return split_fen(fen, [own, other])[1]


def share_of(cost: CostLine, runs: RunBook, *, earned: Mapping[str, int] | None = None) -> CostShare:
    """The cost, less what trips for others bore already, as it falls on the runs; fees need the fares."""
    bearers = runs.bearers(cost)
    if not bearers:
        return CostShare(by_run={}, other_use_fen=cost.other_use_fen, loose_fen=cost.fen)
    a_line = Counter(run.line for run in bearers)
    weights = _weights(driver_of(cost.code), bearers, earned or {}, a_line)
    if not any(weights):
        weights = [1] * len(bearers)
    parts = split_fen(cost.fen, weights)
    return CostShare(
        by_run={run.run_id: part for run, part in zip(bearers, parts, strict=True)},
        other_use_fen=cost.other_use_fen,
        loose_fen=0,
    )


def by_line(share: CostShare, runs: RunBook) -> dict[str, int]:
    """What falls on each line, fen, by its name."""
    lines: dict[str, int] = defaultdict(int)
    for run_id, part in share.by_run.items():
        lines[runs.by_id[run_id].line] += part
    return dict(sorted(lines.items()))


def empty_part_fen(code: str, fen: int, run: LineRun) -> int:
    """What of a run's cost its empty way caused: by kilometres, of a hire by what the plan reckoned."""
    match driver_of(code):
        case Driver.PLANNED:
            whole, empty = run.planned_fen, run.planned_empty_fen
        case Driver.KM:
            whole, empty = run.distance_m, run.empty_m
        case _:
            return 0
    return split_fen(fen, [whole - empty, empty])[1] if whole > 0 else 0


def _weights(
    driver: Driver,
    trips: Sequence[LineRun | OtherUse],
    earned: Mapping[str, int],
    a_line: Mapping[str, int],
) -> list[int]:
    match driver:
        case Driver.KM:
            return [trip.distance_m for trip in trips]
        case Driver.TIME:
            return [trip.duration_s for trip in trips]
        case Driver.DAYS:  # each day on which a vehicle drove counts once, shared by the day's trips
            a_day = Counter((trip.plate, trip.on) for trip in trips)
            whole = lcm(*a_day.values()) if a_day else 1
            return [whole // a_day[trip.plate, trip.on] for trip in trips]
        case Driver.RUNS:
            return [1] * len(trips)
    runs = [trip for trip in trips if not isinstance(trip, OtherUse)]
    if driver is Driver.FARES:  # a line's fares, the same for each of its runs
        return [max(0, earned.get(run.line, 0)) // a_line[run.line] for run in runs]
    return [max(run.planned_fen, 1) for run in runs]
