"""
The trips of a plan as they might be changed, and the best place on them for a group of riders.

Every place is tried: a halt that is there, a new halt at each position, the vehicle exchanged for a
free or another trip's one where seats or lines ask for it, a trip of its own. Nothing is estimated.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from busops.planner.advice.ground import Barrier, Ground, Refusal, riders_of
from busops.planner.problem import Plan, VehicleOption
from busops.planner.timetable import Halt

Halts: TypeAlias = tuple[Halt, ...]
_Order: TypeAlias = tuple[int, tuple[int, int], str, Halts]  # metres, comfort, the group's stop, halts

_RANK: Final = {barrier: number for number, barrier in enumerate(Barrier)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """A trip: who drives it, and its halts in driving order; without halts it is not driven."""

    plate: str
    halts: Halts


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A place: which trips change, by how many fen, and what it is in facts (trip, stop_id, plate …)."""

    trip: int
    price_fen: int
    drives: Mapping[int, Drive]
    rank: tuple[int, int] = (0, 0)  # longest ride and rider-seconds of the trip: of equal prices the kinder
    facts: Mapping[str, Any] = field(default_factory=dict)


Found: TypeAlias = Placed | Refusal


class Board:
    """Trips by number (from 1) over a ground; changing gives another board."""

    def __init__(self, ground: Ground, drives: Mapping[int, Drive]) -> None:
        self.ground = ground
        self.drives = drives

    @classmethod
    def of(cls, ground: Ground, plan: Plan) -> "Board":
        """The board of a plan as it stands."""
        drives = {
            number: Drive(
                plate=trip.plate, halts=tuple((halt.stop_id, halt.rider_ids) for halt in trip.stops)
            )
            for number, trip in enumerate(plan.trips, start=1)
        }
        return cls(ground, drives)

    def changed(self, drives: Mapping[int, Drive]) -> "Board":
        """The board with these trips driven otherwise."""
        return Board(self.ground, {**self.drives, **drives})

    def cost_fen(self, drive: Drive) -> int:
        """What a trip costs."""
        return self.ground.cost_fen(drive.plate, drive.halts)

    def driven(self) -> Iterator[tuple[int, Drive]]:
        """The trips that are driven."""
        return ((number, drive) for number, drive in self.drives.items() if drive.halts)

    def spare(self) -> list[VehicleOption]:
        """Of each kind of vehicles one that could drive a trip more, the cheapest by fixed cost first."""
        used = dict.fromkeys(self.ground.vehicles, 0)
        for _number, drive in self.driven():
            used[drive.plate] += 1
        kinds: dict[int, VehicleOption] = {}
        for plate, vehicle in sorted(self.ground.vehicles.items()):
            if used[plate] < vehicle.max_trips:
                kinds.setdefault(self.ground.kind_of[plate], vehicle)
        return sorted(kinds.values(), key=lambda one: (one.fixed_fen, one.plate))

    def without(self, number: int, riders: frozenset[str]) -> "Board":
        """The board where these riders are not on that trip; halts without riders fall away."""
        drive = self.drives[number]
        left = ((stop, tuple(one for one in on if one not in riders)) for stop, on in drive.halts)
        halts = tuple((stop, on) for stop, on in left if on)
        return self.changed({number: replace(drive, halts=halts)})


def place_on(
    board: Board, number: int, riders: tuple[str, ...], stops: Sequence[str], *, may_exchange: bool = True
) -> Found:
    """
    The cheapest place of these riders on that trip, all at one of ``stops``; or what forbids it.

    Where its own vehicle cannot take them it may be exchanged for a free or another trip's one.
    """
    drive = board.drives[number]
    fault: Refusal | None = None
    orders: list[_Order] = []
    for stop_id in stops:
        for halts in _with_group(drive.halts, stop_id, riders):
            found = board.ground.order_fault(halts)
            if found is None:
                metres = board.ground.metres([stop for stop, _riders in halts])
                orders.append((metres, comfort_of(board.ground, halts), stop_id, halts))
            else:
                fault = _milder(fault, found)
    orders.sort(key=lambda one: one[:2])
    for _metres, comfort, stop_id, halts in orders:
        found = board.ground.vehicle_fault(drive.plate, halts)
        if found is None:
            return _placed(board, number, {number: replace(drive, halts=halts)}, comfort, stop_id)
        fault = _milder(fault, found)
    exchanged = list(_exchanged(board, number, orders)) if orders and may_exchange else []
    if exchanged:
        return min(exchanged, key=lambda one: (one.price_fen, one.rank))
    fault = fault or Refusal(trip=number, barrier=Barrier.DESIGNATION)
    return replace(fault, trip=number)


def place_alone(board: Board, riders: tuple[str, ...], stops: Sequence[str]) -> Found:
    """The cheapest trip of their own for these riders, by a vehicle that has one to spare."""
    found: list[Placed] = []
    fault = Refusal(trip=0, barrier=Barrier.NO_VEHICLE)
    number = max(board.drives, default=0) + 1
    for stop_id in stops:
        halts: Halts = ((stop_id, riders),)
        for vehicle in board.spare():
            refused = board.ground.order_fault(halts) or board.ground.vehicle_fault(vehicle.plate, halts)
            if refused is None:
                drives = {number: Drive(plate=vehicle.plate, halts=halts)}
                found.append(_placed(board, number, drives, comfort_of(board.ground, halts), stop_id))
            else:
                fault = refused
    return min(found, key=lambda one: (one.price_fen, one.rank), default=fault)


def exchanges(board: Board, number: int) -> Iterator[Found]:
    """Every other vehicle for this trip as it is: one of each free kind, or another trip's in exchange."""
    halts = board.drives[number].halts
    comfort = comfort_of(board.ground, halts)
    kind_of = board.ground.kind_of
    own = kind_of[board.drives[number].plate]
    for vehicle in board.spare():
        if kind_of[vehicle.plate] != own:
            fault = board.ground.vehicle_fault(vehicle.plate, halts)
            drives = {number: Drive(plate=vehicle.plate, halts=halts)}
            yield replace(fault, trip=0) if fault else _placed(board, number, drives, comfort, "")
    for other, partner in board.driven():
        if other != number and kind_of[partner.plate] != own:
            yield _swap(board, number, other, halts, comfort)


def _swap(board: Board, number: int, other: int, halts: Halts, comfort: tuple[int, int]) -> Found:
    """This trip with these halts by the other's vehicle, and the other way round."""
    one, two = board.drives[number], board.drives[other]
    fault = board.ground.vehicle_fault(two.plate, halts) or board.ground.vehicle_fault(one.plate, two.halts)
    if fault:
        return replace(fault, trip=other)
    drives = {number: Drive(plate=two.plate, halts=halts), other: replace(two, plate=one.plate)}
    placed = _placed(board, number, drives, comfort, "")
    return replace(placed, facts={**placed.facts, "swapped": other})


def _exchanged(board: Board, number: int, orders: Sequence[_Order]) -> Iterator[Placed]:
    """The trip by every vehicle that has the seats, in the cheapest order that its lines allow."""
    ground = board.ground
    freed = board.changed({number: replace(board.drives[number], halts=())})
    for vehicle in freed.spare():
        order = _first_for(ground, vehicle.plate, orders)
        if order is not None:
            drives = {number: Drive(plate=vehicle.plate, halts=order[3])}
            yield _placed(board, number, drives, order[1], order[2])
    for other, partner in board.driven():
        if other == number or riders_of(partner.halts) > ground.vehicles[board.drives[number].plate].capacity:
            continue
        order = _first_for(ground, partner.plate, orders)
        found = order and _swap(board, number, other, order[3], order[1])
        if order and isinstance(found, Placed):
            placed = _placed(board, number, found.drives, order[1], order[2])
            yield replace(placed, facts={**placed.facts, "swapped": other})


def _first_for(ground: Ground, plate: str, orders: Sequence[_Order]) -> _Order | None:
    if riders_of(orders[0][3]) > ground.vehicles[plate].capacity:
        return None
    return next((order for order in orders if ground.vehicle_fault(plate, order[3]) is None), None)


def _placed(
    board: Board, number: int, drives: Mapping[int, Drive], comfort: tuple[int, int], stop_id: str
) -> Placed:
    price_fen = sum(board.cost_fen(drive) for drive in drives.values())
    price_fen -= sum(board.cost_fen(board.drives[one]) for one in drives if one in board.drives)
    before = board.drives.get(number)
    facts: dict[str, Any] = {"plate": drives[number].plate}
    if stop_id:
        facts["stop_id"] = stop_id
        facts["is_new_halt"] = before is None or all(stop != stop_id for stop, _riders in before.halts)
    if before is not None and before.plate != drives[number].plate:
        facts["plate_before"] = before.plate
    return Placed(trip=number, price_fen=price_fen, drives=drives, rank=comfort, facts=facts)


def _with_group(halts: Halts, stop_id: str, riders: tuple[str, ...]) -> Iterator[Halts]:
    """The halts with the riders at the stop: where the trip halts there, else in every position."""
    there = [number for number, (stop, _riders) in enumerate(halts) if stop == stop_id]
    for number in there:
        joined = (stop_id, tuple(sorted((*halts[number][1], *riders))))
        yield (*halts[:number], joined, *halts[number + 1 :])
    if not there:
        for place in range(len(halts) + 1):
            yield (*halts[:place], (stop_id, tuple(sorted(riders))), *halts[place:])


def comfort_of(ground: Ground, halts: Halts) -> tuple[int, int]:
    rides = ground.rides_s(halts)
    rider_s = sum(ride * len(riders) for ride, (_stop, riders) in zip(rides, halts, strict=True))
    return max(rides, default=0), rider_s


def _milder(one: Refusal | None, two: Refusal) -> Refusal:
    """Of two refusals the one to which less is missing, else the one that comes first."""
    if one is None:
        return two
    if one.barrier is two.barrier is Barrier.RIDE_CAP:
        return min(one, two, key=lambda fault: fault.facts["ride_s"] - fault.facts["cap_s"])
    return min(one, two, key=lambda fault: _RANK[fault.barrier])
