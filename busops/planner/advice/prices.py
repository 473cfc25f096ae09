"""
What one more rider would cost at each stop, and what trips, lines and stops earn.

The first price is exact for the plan at hand: the cheapest place for one rider more, by trying them
all. The second is an estimate of the margin: the dual price of the stop in the column generation's
linear program (Dantzig and Wolfe, Operations Research 8(1), 1960), spread over its riders.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from busops.domain.errors import NotFound
from busops.domain.findings import Severity
from busops.planner.advice.ground import Barrier, Ground, Refusal, halts_of_plan
from busops.planner.advice.places import Board, Found, Placed, place_alone, place_on
from busops.planner.advice.redrive import Redrive, replanned
from busops.planner.columns.generation import relax
from busops.planner.demand import nodes_of
from busops.planner.effort import Effort, StopWish
from busops.planner.model import Model
from busops.planner.problem import Plan, Problem, RiderDemand, follows
from busops.planner.search.case import case_of
from busops.planner.search.greedy import greedy_plan
from busops.planner.verify import verify
from busops.planner.warm import warm

ONE_MORE: Final = "one_more"  # the name of the rider who is not there yet
_BARRIERS: Final = tuple(Barrier)
_MOST_TRIES: Final = 5  # places that verify is asked about before a stop counts as closed
_DUAL_ROUNDS: Final = 40  # of column generation
_DUAL_S: Final = 3.0
_ABSENT_FEN: Final = 500_000  # a rider's price above this is the program's escape, no price of a place


@dataclass(frozen=True, slots=True, kw_only=True)
class OneMore:
    """
    What one more rider at a stop costs the present plan, in fen; None where no place was found.

    ``trip`` is where he would ride (past the plan's last: a trip of his own), ``redrives`` the change,
    ``refusal`` why not where there is none: of a trip that halts there, if any does.
    """

    stop_id: str
    price_fen: int | None
    trip: int
    redrives: tuple[Redrive, ...] = ()
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Earning:
    """What riders pay and what they cost, in fen; ``stops`` in the order of the first trip."""

    name: str
    trips: tuple[int, ...]
    riders: int
    fares_fen: int
    cost_fen: int

    @property
    def net_fen(self) -> int:
        """Fares less cost."""
        return self.fares_fen - self.cost_fen

    @property
    def net_each_fen(self) -> int:
        """Net for each rider, rounded down; 0 without riders."""
        return self.net_fen // self.riders if self.riders else 0

    @property
    def cost_each_fen(self) -> int:
        """Cost for each rider, rounded up; 0 without riders."""
        return -(-self.cost_fen // self.riders) if self.riders else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """Fen a rider by stop; ``is_cut_off`` when the time ended before the prices had settled."""

    fen_by_stop: Mapping[str, int]
    is_cut_off: bool


def one_more_rider(problem: Problem, plan: Plan, stop_id: str) -> OneMore:
    """
    The cheapest feasible way to carry one more rider at the stop, all others staying on their trips.

    0 fen where a seat is free on a trip that halts there and every ride stays within its cap with the
    longer halt. Vehicles may be exchanged, a free one may come. Raises NotFound for an unknown stop.
    """
    return one_more_at_each(problem, plan, (stop_id,))[0]


def one_more_at_each(
    problem: Problem, plan: Plan, stop_ids: Sequence[str] | None = None
) -> tuple[OneMore, ...]:
    """``one_more_rider`` for these stops, or for all of the problem, in their order."""
    wanted = problem.stop_ids if stop_ids is None else stop_ids
    ground = Ground(problem)
    for stop_id in wanted:
        if stop_id not in problem.stop_ids:
            raise NotFound("advice_stop_unknown", stop_id=stop_id)
    board = Board.of(ground, plan)
    return tuple(_one_more(problem, plan, board, stop_id) for stop_id in wanted)


def with_one_more(problem: Problem, stop_id: str) -> Problem:
    """The problem with one rider more at the stop, called ``ONE_MORE``."""
    return replace(problem, riders=(*problem.riders, RiderDemand(rider_id=ONE_MORE, stop_ids=(stop_id,))))


def _one_more(problem: Problem, plan: Plan, board: Board, stop_id: str) -> OneMore:
    found: list[Found] = [
        place_on(board, number, (ONE_MORE,), (stop_id,)) for number, _drive in board.driven()
    ]
    found.append(place_alone(board, (ONE_MORE,), (stop_id,)))
    places = sorted(
        (one for one in found if isinstance(one, Placed)), key=lambda one: (one.price_fen, one.rank)
    )
    for placed in places[:_MOST_TRIES]:
        redrives = tuple(
            Redrive(trip=number, plate=drive.plate, halts=drive.halts)
            for number, drive in sorted(placed.drives.items())
        )
        more = with_one_more(problem, stop_id)
        if all(one.severity is not Severity.BLOCK for one in verify(more, replanned(more, plan, redrives))):
            return OneMore(stop_id=stop_id, price_fen=placed.price_fen, trip=placed.trip, redrives=redrives)
    halting = {
        number for number, drive in board.driven() if any(stop == stop_id for stop, _on in drive.halts)
    }
    refusals = [one for one in found if isinstance(one, Refusal)]
    refusals.sort(key=lambda one: (one.trip not in halting, _BARRIERS.index(one.barrier)))
    return OneMore(stop_id=stop_id, price_fen=None, trip=0, refusal=refusals[0] if refusals else None)


def margin_estimates(
    problem: Problem,
    plan: Plan,
    *,
    rounds: int = _DUAL_ROUNDS,
    seconds: float = _DUAL_S,
    should_stop: Callable[[], bool] | None = None,
) -> Margins:
    """
    By stop the dual price in fen for each of its riders, rounded to the nearest; an estimate, not a bound.

    What the cheapest mixture of whole trips would save if the stop's riders did not ride, over their
    number. Begins with the plan's trips; ``rounds`` of column generation, cut off after ``seconds``.
    Stops whose riders no vehicle may take, or that the program buys off, are left out.
    """
    warm()
    search = greedy_plan(problem, nodes_of(problem).nodes)
    model = search.model
    if not model.size or not model.kinds:
        return Margins(fen_by_stop={}, is_cut_off=False)
    until = time.monotonic() + seconds

    def over() -> bool:
        return time.monotonic() >= until or (should_stop is not None and should_stop())

    columns = (*search.best, *_columns_of(plan, model))
    relaxation = relax(model, case_of(model), columns, Effort(0, StopWish(over), rounds))
    is_cut_off = over()
    if relaxation.master.solve() == float("inf"):  # once more, with the columns that came last
        return Margins(fen_by_stop={}, is_cut_off=True)
    prices = relaxation.master.prices()[1 : model.size + 1]
    sums: dict[str, float] = defaultdict(float)
    riders: dict[str, int] = defaultdict(int)
    for node, price in zip(model.nodes, prices, strict=True):
        sums[node.stop_id] += float(price)
        riders[node.stop_id] += len(node.rider_ids)
    each = {stop_id: round(total / (1000 * riders[stop_id])) for stop_id, total in sums.items()}
    known = {stop_id: fen for stop_id, fen in each.items() if fen < _ABSENT_FEN}
    return Margins(fen_by_stop=known, is_cut_off=is_cut_off)


def _columns_of(plan: Plan, model: Model) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The plan's trips as the program's columns, where its halts are whole groups of the model."""
    number_of = {
        (node.stop_id, frozenset(node.rider_ids)): at for at, node in enumerate(model.nodes, start=1)
    }
    for trip in plan.trips:
        stops = tuple(number_of.get((halt.stop_id, frozenset(halt.rider_ids)), 0) for halt in trip.stops)
        if 0 in stops:
            continue
        driven = stops if trip.campus_arrive_s is None else stops[::-1]
        for number, kind in enumerate(model.kinds):
            ranks = model.ranks[kind.course]
            places = [] if ranks is None else [ranks[node] for node in driven]
            is_on = all(-1 < one < two for one, two in pairwise(places)) and -1 not in places
            if trip.plate in model.plates_of_group[kind.group] and is_on:
                yield number, driven
                break


def trip_earnings(plan: Plan, fare_fen: Mapping[str, int]) -> tuple[Earning, ...]:
    """What each trip earns, in the plan's order; riders without a known fare pay nothing."""
    return tuple(
        _earning(f"{trip.plate}#{trip.wave}", (number,), halts, trip.cost_fen, fare_fen=fare_fen)
        for number, (trip, halts) in enumerate(zip(plan.trips, halts_of_plan(plan), strict=True), start=1)
    )


def line_earnings(problem: Problem, plan: Plan, fare_fen: Mapping[str, int]) -> tuple[Earning, ...]:
    """
    What each approved line earns, and under the name "" all trips of vehicles that have none.

    A line is named by its vehicle and its number on it ("plate/1"); a trip that fits several counts
    for the first.
    """
    vehicles = {vehicle.plate: vehicle for vehicle in problem.vehicles}
    by_line: dict[str, list[int]] = defaultdict(list)
    for number, trip in enumerate(plan.trips, start=1):
        stops = [halt.stop_id for halt in trip.stops]
        lines = vehicles[trip.plate].lines or ()
        on = next((at for at, line in enumerate(lines, start=1) if follows(line, stops)), 0)
        by_line[f"{trip.plate}/{on}" if on else ""].append(number)
    halts = halts_of_plan(plan)
    return tuple(
        _earning(
            name,
            tuple(numbers),
            [halt for number in numbers for halt in halts[number - 1]],
            sum(plan.trips[number - 1].cost_fen for number in numbers),
            fare_fen=fare_fen,
        )
        for name, numbers in sorted(by_line.items(), key=lambda one: (one[0] == "", one[0]))
    )


def _earning(
    name: str,
    trips: tuple[int, ...],
    halts: Sequence[tuple[str, tuple[str, ...]]],
    cost_fen: int,
    *,
    fare_fen: Mapping[str, int],
) -> Earning:
    riders = [rider_id for _stop, on in halts for rider_id in on]
    return Earning(
        name=name,
        trips=trips,
        riders=len(riders),
        fares_fen=sum(fare_fen.get(rider_id, 0) for rider_id in riders),
        cost_fen=cost_fen,
    )
