"""
The plan of a weekend on a scheme: empty stops skipped, vehicles and riders assigned, the order kept.

A licensed bus drives its own lines. A charter coach may take over any line, so that a line whose
vehicle is away is still driven. Whoever does not fit is unserved, with the cause.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final

from busops.domain.values import Direction
from busops.planner.effort import StopWish
from busops.planner.problem import Plan, Problem, RiderDemand, Trip, Unserved, UnservedReason
from busops.planner.term.assignment import Assigned, Family, assign
from busops.planner.term.courses import Stock, courses_of, stocks_of
from busops.planner.term.scheme import TermLine
from busops.planner.timetable import Halt, drives_in_turn

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
    do. The same problem has the same plan. Stops of certain vehicles and riders together or apart
    are kept; trips kept from an earlier plan are not known here, and ``verify`` misses them.
    """
    courses = courses_of(problem, lines)
    stocks = stocks_of(problem, lines, frozenset(licensed))
    served = {stop_id for course in courses for stop_id in course.stop_ids}
    families = [family for family in _families(problem) if served & set(family.stop_ids)]
    found = assign(
        families,
        courses,
        stocks,
        problem.limits,
        rules=problem.rules,
        own={number: line.plate for number, line in enumerate(lines)},
        effort=effort,
        wish=StopWish(should_stop),
    )
    drives = _named(problem, families, found.driven)
    trips = _trips(problem, _turns(drives, stocks, lines))
    aboard = {rider for trip in trips for halt in trip.stops for rider in halt.rider_ids}
    return Plan(
        trips=trips,
        unserved=tuple(
            Unserved(rider_id=rider.rider_id, reason=_reason(problem, rider, drives, stocks, lines))
            for rider in sorted(problem.riders, key=lambda rider: rider.rider_id)
            if rider.rider_id not in aboard
        ),
        cost_fen=sum(trip.cost_fen for trip in trips),
        lower_bound_fen=found.bound_fen,
        bound_model=TERM_LINES,
        stats={"lines_driven": len(drives), "assignment": "optimal" if found.is_proven else "feasible"},
    )


def _trips(problem: Problem, turns: Iterable[tuple[str, list[list[Halt]]]]) -> tuple[Trip, ...]:
    vehicles = {vehicle.plate: vehicle for vehicle in problem.vehicles}
    trips = (trip for plate, halts in turns for trip in drives_in_turn(problem, vehicles[plate], halts))
    return tuple(sorted(trips, key=lambda trip: (trip.wave, trip.plate)))


def _families(problem: Problem) -> list[Family]:
    """Riders of the same stops together; whom a rule names, alone."""
    named = problem.rules.riders
    groups: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for rider in sorted(problem.riders, key=lambda rider: rider.rider_id):
        own = rider.rider_id if rider.rider_id in named else ""
        groups.setdefault((rider.stop_ids, own), []).append(rider.rider_id)
    return [
        Family(stop_ids=stop_ids, rider_ids=tuple(names))
        for (stop_ids, _own), names in sorted(groups.items())
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
    wanted = set(rider.stop_ids)
    near = {
        number
        for stock in stocks
        for number in stock.lines
        if any(stop_id in wanted and stock.halts_at(stop_id) for stop_id in lines[number].stop_ids)
    }
    if not near:
        return UnservedReason.NO_VEHICLE_FOR_STOP
    for one, halts in drives:
        stock = stocks[one.stock]
        mine = {stop_id for stop_id in one.course.stop_ids if stop_id in wanted and stock.halts_at(stop_id)}
        if not mine or sum(len(names) for _stop, names in halts) >= stock.capacity:
            continue
        if rider.rider_id in problem.rules.riders:
            return UnservedReason.PAIR_RULE
        halting = {stop_id for stop_id, _names in halts}
        is_full = len(halts) >= problem.limits.max_stops and not halting & mine
        return UnservedReason.STOP_LIMIT if is_full else UnservedReason.RIDE_CAP
    return UnservedReason.NO_SEAT
