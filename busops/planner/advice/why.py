"""
Why a rider, a stop or a trip is where it is: every other place, what it would cost, or what forbids it.

Each alternative is a whole plan, re-evaluated to the fen and the second and judged by ``verify``; it
changes few trips at once, so a plan made anew might still do better.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from busops.domain.errors import NotFound
from busops.domain.findings import Finding, Severity
from busops.planner.advice.ground import Barrier, Ground, Refusal, halts_of_plan, longest_s
from busops.planner.advice.places import Board, Found, Halts, Placed, exchanges, place_alone, place_on
from busops.planner.advice.redrive import Redrive, replanned
from busops.planner.advice.spread import other_orders, spread
from busops.planner.problem import Plan, Problem
from busops.planner.verify import verify

_MOST: Final = 30  # alternatives of one question that are judged and returned


class Way(StrEnum):
    """What kind of change an alternative is."""

    JOIN = "join"  # to a halt that is there
    NEW_HALT = "new_halt"  # to a trip that halts there for them
    OWN_TRIP = "own_trip"  # a trip of their own
    SPREAD = "spread"  # over the halts of several trips
    EXCHANGE = "exchange"  # the trip by a vehicle that is free
    SWAP = "swap"  # the trip by another trip's vehicle, and the other way round
    ORDER = "order"  # the same halts in another order


@dataclass(frozen=True, slots=True, kw_only=True)
class RideChange:
    """A rider whose ride changes; None where he has none."""

    rider_id: str
    before_s: int | None
    after_s: int | None

    @property
    def longer_s(self) -> int:
        """By how much the ride gets longer; 0 for one who had none."""
        return 0 if self.before_s is None or self.after_s is None else self.after_s - self.before_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """
    Another place and its price: ``price_fen`` more (or less) for the whole plan.

    ``trip`` is the trip they come to (from 1; 0 for several); ``facts`` may hold stop_id, plate,
    plate_before, swapped, trips. ``rides`` are all riders whose minutes change, the hardest hit first.
    """

    way: Way
    trip: int
    price_fen: int
    longest_before_s: int
    longest_s: int
    rides: tuple[RideChange, ...]
    redrives: tuple[Redrive, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def longer(self) -> tuple[RideChange, ...]:
        """Those whose ride gets longer, by most first."""
        return tuple(ride for ride in self.rides if ride.longer_s > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The alternatives, cheapest first, and why the other trips are none."""

    riders: tuple[str, ...]
    stop_id: str  # "" for a trip, or a rider without a place
    trip: int  # 0 for a rider without a place
    ride_s: int | None
    alternatives: tuple[Alternative, ...]
    refusals: tuple[Refusal, ...]


def why_rider(problem: Problem, plan: Plan, rider_id: str) -> Answer:
    """
    Every other place of one rider: other trips, others of his stops, a trip of his own; fen and seconds.

    A rider whom the plan left over is asked about like any other. Raises NotFound for one whom the
    problem does not know.
    """
    ground = Ground(problem)
    if rider_id not in ground.stops_of:
        raise NotFound("advice_rider_unknown", rider_id=rider_id)
    trip, stop_id, ride_s = _seat_of(ground, plan, rider_id)
    return _moved(ground, plan, (rider_id,), (trip, stop_id, ride_s))


def why_stop(problem: Problem, plan: Plan, stop_id: str, trip: int) -> Answer:
    """Every other place of all riders whom that trip serves at the stop, together; or spread over several."""
    ground = Ground(problem)
    halts = halts_of_plan(plan)
    own = halts[trip - 1] if 0 < trip <= len(halts) else ()
    riders = tuple(rider_id for stop, on in own if stop == stop_id for rider_id in on)
    if not riders:
        raise NotFound("advice_stop_not_served", stop_id=stop_id, trip=trip)
    ride_s = _rides(ground, plan)[riders[0]]
    return _moved(ground, plan, riders, (trip, stop_id, ride_s))


def why_trip(problem: Problem, plan: Plan, trip: int) -> Answer:
    """The trip dropped and its riders spread, driven by other vehicles, or in another order."""
    if not 0 < trip <= len(plan.trips):
        raise NotFound("advice_trip_unknown", trip=trip)
    ground = Ground(problem)
    board = Board.of(ground, plan)
    halts = board.drives[trip].halts
    riders = tuple(rider_id for _stop, on in halts for rider_id in on)
    found: list[tuple[Way, Found]] = [(Way.SPREAD, spread(board, trip, halts))]
    for one in exchanges(board, trip):
        is_swap = isinstance(one, Placed) and "swapped" in one.facts
        found.append((Way.SWAP if is_swap else Way.EXCHANGE, one))
    found += [(Way.ORDER, one) for one in other_orders(board, trip)]
    longest = max(ground.rides_s(halts), default=0)
    return _answer(ground, plan, found, (riders, "", trip, longest))


def plan_with(problem: Problem, plan: Plan, alternative: Alternative) -> Plan:
    """The whole plan of an alternative; it passes ``verify`` and costs ``price_fen`` more than the plan."""
    return replanned(problem, plan, alternative.redrives)


def _moved(ground: Ground, plan: Plan, riders: tuple[str, ...], now: tuple[int, str, int | None]) -> Answer:
    trip, stop_id, _ride_s = now
    whole = Board.of(ground, plan)
    board = whole.without(trip, frozenset(riders)) if trip else whole
    shared = [
        stop
        for stop in ground.stops_of[riders[0]]
        if all(stop in ground.stops_of[rider_id] for rider_id in riders)
    ]
    found: list[tuple[Way, Found]] = []
    for number, _drive in whole.driven():
        stops = [stop for stop in shared if (number, stop) != (trip, stop_id)]
        if number == trip and not board.drives[number].halts:
            continue  # nobody else is on it: a trip of their own is asked for below
        if number != trip or stops:
            one = place_on(board, number, riders, stops)
            found.append((_way(one), _in_all(whole, board, trip, one)))
    alone = place_alone(board, riders, shared) if shared else Refusal(trip=0, barrier=Barrier.DESIGNATION)
    found.append((Way.OWN_TRIP, _in_all(whole, board, trip, alone)))
    if trip and len(riders) > 1:
        halts = tuple(halt for halt in whole.drives[trip].halts if halt[0] == stop_id)
        found.append((Way.SPREAD, spread(whole, trip, halts, away_from=stop_id)))
    return _answer(ground, plan, found, (riders, *(stop_id, trip, now[2])))


def _in_all(whole: Board, board: Board, trip: int, found: Found) -> Found:
    """A place on a board from which the riders were taken, priced against the plan as it stands."""
    if isinstance(found, Refusal) or not trip:
        return found
    drives = {trip: board.drives[trip], **found.drives}
    price_fen = sum(whole.cost_fen(drive) for drive in drives.values())
    price_fen -= sum(whole.cost_fen(whole.drives[number]) for number in drives if number in whole.drives)
    return Placed(trip=found.trip, price_fen=price_fen, drives=drives, rank=found.rank, facts=found.facts)


def _way(found: Found) -> Way:
    return Way.NEW_HALT if isinstance(found, Placed) and found.facts.get("is_new_halt") else Way.JOIN


def _answer(
    ground: Ground,
    plan: Plan,
    found: Iterable[tuple[Way, Found]],
    about: tuple[tuple[str, ...], str, int, int | None],
) -> Answer:
    """The places as judged plans, cheapest first; what ``verify`` is against joins the refusals."""
    refusals = [one for _way, one in found if isinstance(one, Refusal)]
    places = [(way, one) for way, one in found if isinstance(one, Placed)]
    places.sort(key=lambda pair: (pair[1].price_fen, pair[1].rank))
    before = _rides(ground, plan)
    alternatives: list[Alternative] = []
    whole = Board.of(ground, plan)
    seen = set()
    for way, placed in places:
        key = _seen_as(whole.changed(placed.drives), placed.drives)
        if key == _seen_as(whole, placed.drives):
            continue  # as it is, by this vehicle or another of its kind
        if len(alternatives) >= _MOST or key in seen:
            continue
        seen.add(key)
        alternative = _alternative(ground, plan, way, placed, before)
        rule = _against(ground.problem, plan_with(ground.problem, plan, alternative))
        if rule:
            facts = {"rule": rule.code, **rule.facts}
            refusals.append(Refusal(trip=placed.trip, barrier=Barrier.RULE, facts=facts))
        else:
            alternatives.append(alternative)
    riders, stop_id, trip, ride_s = about
    return Answer(
        riders=riders,
        stop_id=stop_id,
        trip=trip,
        ride_s=ride_s,
        alternatives=tuple(alternatives),
        refusals=tuple(sorted(refusals, key=lambda one: (one.trip == 0, one.trip))),
    )


def _seen_as(board: Board, numbers: Iterable[int]) -> tuple[tuple[int, Halts], ...]:
    """These trips as the riders would see them: by kind of vehicle, not by plate or number."""
    drives = (board.drives[number] for number in numbers if number in board.drives)
    return tuple(sorted((board.ground.kind_of[one.plate], one.halts) for one in drives if one.halts))


def _alternative(
    ground: Ground, plan: Plan, way: Way, placed: Placed, before: Mapping[str, int]
) -> Alternative:
    numbers = range(1, len(plan.trips) + 1)
    halts = dict(zip(numbers, halts_of_plan(plan), strict=True))
    after: dict[str, int] = {}
    for number in {*halts, *placed.drives}:
        driven = placed.drives[number].halts if number in placed.drives else halts[number]
        after.update(_rides_of(ground, driven))
    changes = [
        RideChange(rider_id=rider_id, before_s=before.get(rider_id), after_s=after.get(rider_id))
        for rider_id in sorted({*before, *after})
        if before.get(rider_id) != after.get(rider_id)
    ]
    return Alternative(
        way=way,
        trip=placed.trip,
        price_fen=placed.price_fen,
        longest_before_s=longest_s(ground, halts.values()),
        longest_s=max(after.values(), default=0),
        rides=tuple(sorted(changes, key=lambda ride: (-ride.longer_s, ride.rider_id))),
        redrives=tuple(
            Redrive(trip=number, plate=drive.plate, halts=drive.halts)
            for number, drive in sorted(placed.drives.items())
        ),
        facts=placed.facts,
    )


def _against(problem: Problem, plan: Plan) -> Finding | None:
    """The first thing that forbids the plan, or nothing."""
    return next((one for one in verify(problem, plan) if one.severity is Severity.BLOCK), None)


def _rides(ground: Ground, plan: Plan) -> dict[str, int]:
    rides: dict[str, int] = {}
    for halts in halts_of_plan(plan):
        rides.update(_rides_of(ground, halts))
    return rides


def _rides_of(ground: Ground, halts: Halts) -> dict[str, int]:
    return {
        rider_id: ride_s
        for (_stop, riders), ride_s in zip(halts, ground.rides_s(halts), strict=True)
        for rider_id in riders
    }


def _seat_of(ground: Ground, plan: Plan, rider_id: str) -> tuple[int, str, int | None]:
    for number, halts in enumerate(halts_of_plan(plan), start=1):
        for (stop_id, riders), ride_s in zip(halts, ground.rides_s(halts), strict=True):
            if rider_id in riders:
                return number, stop_id, ride_s
    return 0, "", None
