"""
The whole problem while it is solved in parts: which rides there are, who is left, which vehicles are free.

Parts are cut from it and their answers put back; every rider stays in exactly one place throughout.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np

from busops.domain.values import CAMPUS, Direction
from busops.planner.demand import Demand, Node, nodes_of
from busops.planner.model import Model, compile_model
from busops.planner.problem import Problem, RiderDemand, VehicleOption
from busops.planner.scale.part import Answer, Part, Ride, plate_of
from busops.planner.scale.places import Positions, positions_of
from busops.planner.travel import Matrix, TravelTimes


@dataclass(slots=True)
class Whole:
    """The rides so far and the groups that are in none; ``stocks`` are vehicles that are alike."""

    problem: Problem
    demand: Demand
    fleet: Model  # of no groups: its stocks of vehicles
    stocks: tuple[VehicleOption, ...]  # one of each, with the trips of all
    positions: Positions
    rides: list[Ride] = field(default_factory=list)
    left: list[Node] = field(default_factory=list)

    @property
    def missing(self) -> int:
        """How many riders are in no ride."""
        return sum(len(node.rider_ids) for node in self.left)

    @property
    def cost(self) -> int:
        """Milli-fen of all rides."""
        return sum(self.ride_cost(stock, self.metres(nodes)) for stock, nodes in self.rides)

    @property
    def score(self) -> tuple[int, int]:
        """What a plan is judged by: riders left over, then the cost."""
        return self.missing, self.cost

    def ride_cost(self, stock: int, metres: int) -> int:
        """Milli-fen of a ride."""
        return 1000 * self.stocks[stock].fixed_fen + self.stocks[stock].per_km_fen * metres

    def metres(self, nodes: Sequence[Node]) -> int:
        """The length of a ride, with the empty way where it counts."""
        ways, index = self.problem.travel.distance_m, self.problem.travel.index
        places = [0, *(index[node.stop_id] for node in nodes), 0]
        if self.problem.direction is Direction.RETURN:
            places.reverse()
        legs = ways[places[:-1], places[1:]]
        if not self.problem.limits.returns_to_campus:
            legs[0 if self.problem.direction is Direction.RETURN else -1] = 0
        return int(legs.sum())

    def centre(self, nodes: Iterable[Node]) -> Positions:
        """The middle of some groups, shape (2)."""
        places = [self.problem.travel.index[node.stop_id] for node in nodes]
        middle: Positions = self.positions[places].mean(axis=0)
        return middle

    def spare(self) -> list[int]:
        """Of each stock the trips that no ride uses."""
        used = Counter(stock for stock, _nodes in self.rides)
        return [vehicle.max_trips - used[stock] for stock, vehicle in enumerate(self.stocks)]


def may_halt(vehicle: VehicleOption, stop_id: str) -> bool:
    """True when the vehicles of a stock may halt there on some trip."""
    if vehicle.only_stops is not None and stop_id not in vehicle.only_stops:
        return False
    return vehicle.lines is None or any(stop_id in line for line in vehicle.lines)


def whole_of(problem: Problem) -> Whole:
    """The whole before anything is solved: every group is left over."""
    demand = nodes_of(problem)
    fleet = compile_model(problem, ())
    vehicles = {vehicle.plate: vehicle for vehicle in problem.vehicles}
    stocks = tuple(
        _stock(problem, vehicles[plates[0]], plate_of(stock), trips)
        for stock, (plates, trips) in enumerate(zip(fleet.plates_of_group, fleet.trips_of_group, strict=True))
    )
    return Whole(problem, demand, fleet, stocks, positions_of(problem.travel), left=list(demand.nodes))


def _stock(problem: Problem, vehicle: VehicleOption, plate: str, trips: int) -> VehicleOption:
    """One for all vehicles of a stock; where they may halt says everything that rules say about it."""
    return replace(
        vehicle,
        plate=plate,
        max_trips=trips,
        lines=problem.courses_of(vehicle),
        only_stops=problem.stops_of(vehicle),
        not_stops=frozenset(),
        ready_s=0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A part, the names behind its numbers, and what of the whole it stands for."""

    part: Part
    riders: tuple[str, ...]
    stops: tuple[str, ...]
    rides: tuple[int, ...]  # places in the rides of the whole
    left: frozenset[Node]

    def named(self, nodes: Iterable[Node]) -> tuple[Node, ...]:
        """Groups of the part as groups of the whole."""
        return tuple(
            Node(
                stop_id=self.stops[int(node.stop_id)],
                rider_ids=tuple(self.riders[int(rider)] for rider in node.rider_ids),
            )
            for node in nodes
        )


def cut(
    whole: Whole,
    rides: Sequence[int],
    left: Sequence[Node],
    spare: Mapping[int, int],
    *,
    choices: Mapping[str, tuple[str, ...]] | None = None,
) -> Cut:
    """
    The part of these rides and groups, with the rides' vehicles and the spare trips by stock.

    ``choices`` are riders with the stops they may use; who is in the part is named in it.
    """
    served = [whole.rides[number] for number in rides]
    nodes = [*chain.from_iterable(nodes for _stock, nodes in served), *left]
    stops = tuple(dict.fromkeys(node.stop_id for node in nodes))
    numbers = {stop_id: str(number) for number, stop_id in enumerate(stops)}
    plain: list[Node] = []
    riders: list[str] = []
    for node in nodes:
        first = len(riders)
        riders.extend(node.rider_ids)
        members = tuple(str(number) for number in range(first, len(riders)))
        plain.append(Node(stop_id=numbers[node.stop_id], rider_ids=members))
    begins = np.cumsum([0, *(len(nodes) for _stock, nodes in served)]).tolist()
    trips = Counter(stock for stock, _nodes in served)
    trips.update(spare)
    part = Part(
        problem=Problem(
            direction=whole.problem.direction,
            stop_ids=tuple(numbers.values()),
            riders=_choosing(riders, numbers, choices or {}),
            vehicles=_vehicles(whole, trips, numbers),
            limits=whole.problem.limits,
            travel=_ways_among(whole.problem.travel, stops),
        ),
        nodes=tuple(plain),
        rides=tuple(
            (stock, tuple(range(begin, begin + len(nodes))))
            for (stock, nodes), begin in zip(served, begins, strict=False)
        ),
    )
    return Cut(part=part, riders=tuple(riders), stops=stops, rides=tuple(rides), left=frozenset(left))


def _choosing(
    riders: Sequence[str], numbers: Mapping[str, str], choices: Mapping[str, tuple[str, ...]]
) -> tuple[RiderDemand, ...]:
    """The riders of a part who may use several of its stops."""
    choosing = []
    for number, rider_id in enumerate(riders):
        stops = tuple(numbers[stop] for stop in choices.get(rider_id, ()) if stop in numbers)
        if len(stops) > 1:
            choosing.append(RiderDemand(rider_id=str(number), stop_ids=stops))
    return tuple(choosing)


def _vehicles(
    whole: Whole, trips: Mapping[int, int], numbers: Mapping[str, str]
) -> tuple[VehicleOption, ...]:
    """One vehicle a stock, with the trips it has here; its lines hold the part's stops only."""
    vehicles = []
    for stock, count in sorted(trips.items()):
        lines = whole.stocks[stock].lines
        if lines is not None:
            short = (tuple(numbers[stop] for stop in line if stop in numbers) for line in lines)
            lines = tuple(dict.fromkeys(line for line in short if line))
        only = whole.stocks[stock].only_stops
        if only is not None:
            only = frozenset(numbers[stop] for stop in only if stop in numbers)
        if count > 0 and lines != () and only != frozenset():
            vehicles.append(replace(whole.stocks[stock], max_trips=count, lines=lines, only_stops=only))
    return tuple(vehicles)


def _ways_among(travel: TravelTimes, stops: Sequence[str]) -> TravelTimes:
    places = [0, *(travel.index[stop_id] for stop_id in stops)]
    cells = np.ix_(places, places)
    metres: Matrix = travel.distance_m[cells]
    seconds: Matrix = travel.duration_s[cells]
    ids = (str(CAMPUS), *(str(number) for number in range(len(stops))))
    return TravelTimes(ids=ids, distance_m=metres, duration_s=seconds)


def put_back(whole: Whole, answers: Iterable[tuple[Cut, Answer]]) -> None:
    """The whole has the answers' rides in the place of those that their parts were cut from."""
    gone: set[int] = set()
    left: set[Node] = set()
    fresh: list[Ride] = []
    waiting: list[Node] = []
    for piece, answer in answers:
        gone.update(piece.rides)
        left.update(piece.left)
        fresh.extend((stock, piece.named(nodes)) for stock, nodes in answer.rides)
        waiting.extend(piece.named(answer.left))
    whole.rides = [ride for number, ride in enumerate(whole.rides) if number not in gone] + fresh
    whole.left = [node for node in whole.left if node not in left] + waiting
