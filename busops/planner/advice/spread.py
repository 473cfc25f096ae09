"""
A trip's riders spread over others, group by group or rider by rider; and its halts in other orders.

Which group is placed first matters, so a few orders are tried and the cheapest result is kept: it is
exact for what it proposes, not the least that any spreading could cost.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from busops.planner.advice.ground import Barrier, Refusal, riders_of
from busops.planner.advice.places import Board, Drive, Found, Halts, Placed, comfort_of, place_on

_MOST_SINGLES: Final = 60  # riders that are placed one by one before a spread is given up


def spread(board: Board, trip: int, halts: Halts, *, away_from: str = "") -> Found:
    """
    The riders of these halts of the trip on others, each group whole where it can be.

    With ``away_from`` they may stay on the trip, only not at that stop.
    """
    riders = frozenset(rider_id for _stop, on in halts for rider_id in on)
    emptied = board.without(trip, riders)
    barred = (trip, away_from) if away_from else (0, "")
    found = [
        one
        for order in _orders(halts)
        for one in (_one_by_one(emptied, order, barred) if away_from else _by_groups(emptied, order, barred),)
    ]
    boards = [one for one in found if isinstance(one, Board)]
    if not boards:
        return next(one for one in found if isinstance(one, Refusal))
    return min((_placed(board, one, trip) for one in boards), key=lambda one: (one.price_fen, one.rank))


def other_orders(board: Board, trip: int) -> Iterator[Placed]:
    """The cheapest and the kindest other order of the trip's halts that keeps every limit."""
    drive, ground = board.drives[trip], board.ground
    now = board.cost_fen(drive)
    found: list[Placed] = []
    for halts in dict.fromkeys(_neighbours(drive.halts)):
        if halts == drive.halts or ground.order_fault(halts) or ground.vehicle_fault(drive.plate, halts):
            continue
        price_fen = ground.cost_fen(drive.plate, halts) - now
        facts = {"plate": drive.plate}
        drives = {trip: Drive(plate=drive.plate, halts=halts)}
        rank = comfort_of(ground, halts)
        found.append(Placed(trip=trip, price_fen=price_fen, drives=drives, rank=rank, facts=facts))
    if found:
        cheapest = min(found, key=lambda one: (one.price_fen, one.rank))
        kindest = min(found, key=lambda one: (one.rank, one.price_fen))
        yield cheapest
        if kindest is not cheapest and kindest.rank < comfort_of(ground, drive.halts):
            yield kindest


def _neighbours(halts: Halts) -> Iterator[Halts]:
    """Each stretch driven the other way round, and each halt moved to each other place."""
    count = len(halts)
    for begin in range(count - 1):
        for end in range(begin + 2, count + 1):
            yield halts[:begin] + halts[begin:end][::-1] + halts[end:]
    for at in range(count):
        rest = halts[:at] + halts[at + 1 :]
        for place in range(count):
            yield (*rest[:place], halts[at], *rest[place:])


def _orders(halts: Halts) -> Iterator[Halts]:
    yield from dict.fromkeys(
        (halts, halts[::-1], tuple(sorted(halts, key=lambda halt: (-len(halt[1]), halt[0]))))
    )


def _by_groups(board: Board, halts: Halts, barred: tuple[int, str]) -> Board | Refusal:
    for stop_id, riders in halts:
        placed = _cheapest(board, riders, barred, whole=True)
        if placed is not None:
            board = board.changed(placed.drives)
            continue
        singles = _one_by_one(board, ((stop_id, riders),), barred)
        if isinstance(singles, Refusal):
            return singles
        board = singles
    return board


def _one_by_one(board: Board, halts: Halts, barred: tuple[int, str]) -> Board | Refusal:
    if riders_of(halts) > _MOST_SINGLES:
        facts: dict[str, Any] = {"stop_id": halts[0][0], "riders": riders_of(halts)}
        return Refusal(trip=0, barrier=Barrier.NO_ROOM, facts=facts)
    for stop_id, riders in halts:
        for at, rider_id in enumerate(riders):
            placed = _cheapest(board, (rider_id,), barred, whole=False)
            if placed is None:
                reasons = Counter(
                    one.barrier.value
                    for number, _drive in board.driven()
                    if isinstance(one := place_on(board, number, (rider_id,), (stop_id,)), Refusal)
                )
                most = reasons.most_common(1)
                facts = {"stop_id": stop_id, "riders": len(riders) - at}
                facts["because"] = most[0][0] if most else Barrier.NO_VEHICLE.value
                return Refusal(trip=0, barrier=Barrier.NO_ROOM, facts=facts)
            board = board.changed(placed.drives)
    return board


def _cheapest(
    board: Board, riders: tuple[str, ...], barred: tuple[int, str], *, whole: bool
) -> Placed | None:
    stops_of = board.ground.stops_of
    shared = [stop for stop in stops_of[riders[0]] if all(stop in stops_of[one] for one in riders)]
    best: Placed | None = None
    for number, _drive in board.driven():
        stops = [stop for stop in shared if (number, stop) != barred]
        one = place_on(board, number, riders, stops, may_exchange=whole)
        if isinstance(one, Placed) and (
            best is None or (one.price_fen, one.rank) < (best.price_fen, best.rank)
        ):
            best = one
    return best


def _placed(before: Board, after: Board, trip: int) -> Placed:
    drives = {number: drive for number, drive in after.drives.items() if before.drives.get(number) != drive}
    price_fen = sum(
        after.cost_fen(drive) - before.cost_fen(before.drives[one]) for one, drive in drives.items()
    )
    longest = max((comfort_of(after.ground, drive.halts) for drive in drives.values()), default=(0, 0))
    others = tuple(sorted(number for number in drives if number != trip))
    return Placed(trip=0, price_fen=price_fen, drives=drives, rank=longest, facts={"trips": others})
