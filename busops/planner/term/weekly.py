"""
The plan of a weekend on a scheme: empty stops skipped, vehicles and riders assigned, the order kept.

A licensed bus drives its own lines. A charter coach may take over any line, so that a line whose
vehicle is away is still driven. Whoever does not fit is unserved, with the cause.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

from busops.domain.values import Direction
from busops.planner.effort import StopWish
from busops.planner.problem import Plan, Problem, RiderDemand, Unserved, UnservedReason
from busops.planner.term.assignment import Assigned, Family, assign
from busops.planner.term.courses import Stock, courses_of, stocks_of
from busops.planner.term.scheme import TermLine
from busops.planner.term.turns import in_turn
from busops.planner.timetable import Halt

TERM_LINES: Final = "term_lines"
_EFFORT: Final = 4.0
_Drive = tuple[Assigned, list[Halt]]


def weekly_plan(
    problem: Problem,
    lines: Sequence[TermLine],
    *,
    licensed: Collection[str],
    effort: float = _EFFORT,
    should_stop: Callable[[], bool] | None = None,
) -> Plan:
    """
    The plan of one direction of one weekend on these lines; it passes ``verify`` on ``on_scheme``.

    The lines of the vehicles in ``problem`` are not looked at. ``licensed`` names the plates that
    are bound to their own lines. The bound is proven for plans on these lines, each driven once at
    most, that leave no more riders over; 0 where ``effort`` (deterministic seconds a goal) did not
    do. The same problem has the same plan.
    """
    courses = courses_of(problem, lines)
    stocks = stocks_of(problem, lines, frozenset(licensed))
    served = {stop_id for course in courses for stop_id in course.stop_ids}
    families = [family for family in _families(problem.riders) if served & set(family.stop_ids)]
    found = assign(
        families,
        courses,
        stocks,
        problem.limits,
        own={number: line.plate for number, line in enumerate(lines)},
        effort=effort,
        wish=StopWish(should_stop),
    )
    drives = _named(problem, families, found.driven)
    vehicles = {vehicle.plate: vehicle for vehicle in problem.vehicles}
    trips = tuple(
        trip
        for plate, halts in _turns(drives, stocks, lines)
        for trip in in_turn(problem, vehicles[plate], halts)
    )
    aboard = {rider for trip in trips for halt in trip.stops for rider in halt.rider_ids}
    cost_fen = sum(trip.cost_fen for trip in trips)
    return Plan(
        trips=tuple(sorted(trips, key=lambda trip: (trip.wave, trip.plate))),
        unserved=tuple(
            Unserved(rider_id=rider.rider_id, reason=_reason(problem, rider, drives, stocks, lines))
            for rider in sorted(problem.riders, key=lambda rider: rider.rider_id)
            if rider.rider_id not in aboard
        ),
        cost_fen=cost_fen,
        lower_bound_fen=min(found.bound_fen, cost_fen),
        bound_model=TERM_LINES,
        stats={"lines_driven": len(drives), "assignment": "optimal" if found.is_proven else "feasible"},
    )


def _families(riders: Sequence[RiderDemand]) -> list[Family]:
    groups: dict[tuple[str, ...], list[str]] = {}
    for rider in sorted(riders, key=lambda rider: rider.rider_id):
        groups.setdefault(rider.stop_ids, []).append(rider.rider_id)
    return [
        Family(stop_ids=stop_ids, rider_ids=tuple(names))
        for stop_ids, names in sorted(groups.items())
        if stop_ids
    ]


def _named(problem: Problem, families: Sequence[Family], driven: Sequence[Assigned]) -> list[_Drive]:
    """The halts of every line with the riders by name, in driving order."""
    waiting = [list(family.rider_ids) for family in families]
    step = 1 if problem.direction is Direction.HOMEWARD else -1
    drives: list[_Drive] = []
    for one in driven:
        at: dict[int, list[str]] = {}
        for (family, place), count in sorted(one.riders.items()):
            at.setdefault(place, []).extend(waiting[family][:count])
            del waiting[family][:count]
        halts = [(one.course.stop_ids[place - 1], tuple(sorted(at[place]))) for place in sorted(at)]
        drives.append((one, halts[::step]))
    return drives


def _turns(
    drives: Sequence[_Drive], stocks: Sequence[Stock], lines: Sequence[TermLine]
) -> Iterator[tuple[str, list[list[Halt]]]]:
    """Which vehicle drives which lines, one after another: its own where it can, in the scheme's order."""
    for number, stock in enumerate(stocks):
        mine = [drive for drive in drives if drive[0].stock == number]
        mine.sort(key=lambda drive: (lines[drive[0].course.number].wave, drive[0].course.number))
        most = stock.trips_each
        turns: dict[str, list[list[Halt]]] = {plate: [] for plate in stock.plates}
        others = []
        for drive in mine:
            plate = lines[drive[0].course.number].plate
            if plate in turns and len(turns[plate]) < most:
                turns[plate].append(drive[1])
            else:
                others.append(drive[1])
        for halts in others:
            plate = min(
                (plate for plate in turns if len(turns[plate]) < most), key=lambda one: len(turns[one])
            )
            turns[plate].append(halts)
        yield from ((plate, own) for plate, own in turns.items() if own)


def _reason(
    problem: Problem,
    rider: RiderDemand,
    drives: Sequence[_Drive],
    stocks: Sequence[Stock],
    lines: Sequence[TermLine],
) -> UnservedReason:
    """Why nobody takes a rider, from the best that could still have been."""
    if not rider.stop_ids:
        return UnservedReason.NO_STOP
    able = {number for stock in stocks for number in stock.lines}
    near = [
        number
        for number, line in enumerate(lines)
        if number in able and set(line.stop_ids) & set(rider.stop_ids)
    ]
    if not near:
        return UnservedReason.NO_VEHICLE_FOR_STOP
    for one, halts in drives:
        if one.course.number not in near:
            continue
        if sum(len(names) for _stop, names in halts) < stocks[one.stock].capacity:
            halting = {stop_id for stop_id, _names in halts}
            is_full = len(halts) >= problem.limits.max_stops and not halting & set(rider.stop_ids)
            return UnservedReason.STOP_LIMIT if is_full else UnservedReason.RIDE_CAP
    return UnservedReason.NO_SEAT
