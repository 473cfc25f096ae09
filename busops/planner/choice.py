"""
Riders who named several stops: seated where a bus halts anyway, so that halts and kilometres fall away.

Works on finished drives. No halt is added and no bus is changed, so seats, lines and stop limits
can only get easier; ride times are checked again, and who may ride with whom.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from busops.planner.keeping import mates_of_kept
from busops.planner.problem import Problem, VehicleOption, trip_cost_fen
from busops.planner.rules.bonds import Bonds
from busops.planner.timetable import Halt, keeps_ride_caps, timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """The halts of one trip in driving order, the stock its vehicle is taken from, and one such vehicle."""

    group: int
    vehicle: VehicleOption
    halts: tuple[Halt, ...]

    @property
    def free_seats(self) -> int:
        """Seats that nobody has."""
        return self.vehicle.capacity - sum(len(rider_ids) for _stop, rider_ids in self.halts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choosers:
    """The stops of those who named several, and the rules about riders."""

    stops: Mapping[str, tuple[str, ...]]
    bonds: Bonds

    def may_board(self, rider_id: str, number: int, drives: Sequence[Drive]) -> bool:
        """True when no rule keeps the rider from this drive, the others being as they are."""
        if not self.bonds:
            return True
        aboard = [rider for _stop, riders in drives[number].halts for rider in riders]
        elsewhere = (
            rider
            for other, drive in enumerate(drives)
            if other != number
            for _stop, riders in drive.halts
            for rider in riders
        )
        return self.bonds.may_ride(rider_id, aboard, elsewhere)


def share_halts(
    problem: Problem, drives: Iterable[Drive], left_over: Sequence[str], should_stop: Callable[[], bool]
) -> tuple[tuple[Drive, ...], tuple[str, ...]]:
    """The drives with halts saved, and the riders still left over; dearer or longer than allowed never."""
    stops = {rider.rider_id: rider.stop_ids for rider in problem.riders if len(rider.stop_ids) > 1}
    others = _Choosers(stops=stops, bonds=Bonds(problem.rules))
    now = list(drives)
    waiting = []
    barred = mates_of_kept(problem)
    for rider_id in left_over:
        seated = None
        if rider_id in stops and rider_id not in barred:
            seated = _seat(problem, now, [rider_id], others)
        now = seated or now
        if seated is None:
            waiting.append(rider_id)
    improved = bool(stops)
    while improved and not should_stop():
        improved = False
        for number, drive in enumerate(now):
            for halt in drive.halts:
                better = _without_halt(problem, now, number, halt, others)
                if better is not None:
                    now, improved = better, True
                    break
            if improved:
                break
    return tuple(drive for drive in now if drive.halts), tuple(waiting)


def _without_halt(
    problem: Problem, drives: list[Drive], number: int, halt: Halt, others: _Choosers
) -> list[Drive] | None:
    """The drives when the halt is dropped and its riders sit elsewhere; None if that is no gain."""
    if any(rider_id not in others.stops for rider_id in halt[1]):
        return None
    trial = list(drives)
    rest = tuple(one for one in drives[number].halts if one is not halt)
    trial[number] = replace(drives[number], halts=rest)
    if _cost(problem, trial[number]) >= _cost(problem, drives[number]):
        return None
    if rest and not keeps_ride_caps(problem, rest):
        return None
    return _seat(problem, trial, halt[1], others)


def _seat(
    problem: Problem, drives: list[Drive], rider_ids: Iterable[str], others: _Choosers
) -> list[Drive] | None:
    """The drives with all these riders at halts of theirs, or None."""
    trial = list(drives)
    for rider_id in rider_ids:
        for stop_id in others.stops[rider_id]:
            if _board(problem, trial, (rider_id, stop_id), others):
                break
        else:
            return None
    return trial


def _board(problem: Problem, drives: list[Drive], wish: tuple[str, str], others: _Choosers) -> bool:
    """True when a drive that halts there has taken the rider (``wish``: rider and stop)."""
    rider_id, stop_id = wish
    for number, drive in enumerate(drives):
        if drive.free_seats < 1 or all(stop != stop_id for stop, _riders in drive.halts):
            continue
        if not others.may_board(rider_id, number, drives):
            continue
        halts = tuple(
            (stop, tuple(sorted((*riders, rider_id)))) if stop == stop_id else (stop, riders)
            for stop, riders in drive.halts
        )
        if sum(len(riders) for _stop, riders in halts) <= drive.vehicle.capacity and keeps_ride_caps(
            problem, halts
        ):
            drives[number] = replace(drive, halts=halts)
            return True
    return False


def _cost(problem: Problem, drive: Drive) -> int:
    if not drive.halts:
        return -1
    return trip_cost_fen(drive.vehicle, timetable(problem, drive.halts).distance_m)
