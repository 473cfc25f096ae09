"""
The fare as a lever: by how many fen a price must rise, at the least, for the plan to reach the goal.

Exact and without a new plan: what a rider owes never falls when his price rises, so the least rise is
found by halving. That somebody might stay away because of the price is not in it.
"""

from collections.abc import Iterator
from typing import Final

from busops.planner.margin.lever.values import Before, Lever, LeverKind
from busops.planner.margin.margin import Fares, Margin
from busops.planner.margin.rides import Affected

_FULL_SHARE: Final = 10_000  # a rider may pay as little as one part in so many of a rise


def fare_levers(before: Before) -> Iterator[Lever]:
    """One rise of all prices, and one of each band alone, where such a rise reaches the goal."""
    if before.margin.is_met:
        return
    bands = sorted({fare.band for fare in _carried(before).values() if fare.list_fen > 0})
    everything = _lever(before, frozenset(bands), LeverKind.FARE_ALL)
    if everything is not None:
        yield everything
    if len(bands) > 1:
        for band in bands:
            lever = _lever(before, frozenset({band}), LeverKind.FARE_BAND, band=band)
            if lever is not None:
                yield lever


def least_rise_fen(before: Before, bands: frozenset[str]) -> int | None:
    """The least rise of these bands' prices, fen a ride, with which the goal is met; None when none does."""
    carried = _carried(before)

    def is_met(rise_fen: int) -> bool:
        return _margin(before, carried, bands, rise_fen).is_met

    if is_met(0):
        return 0
    short, enough = 0, 1
    most = _FULL_SHARE * max(1, before.margin.cost_fen)
    while not is_met(enough):
        short, enough = enough, 2 * enough
        if short > most:
            return None
    while enough - short > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if is_met(middle) else (middle, enough)
    return enough


def _lever(before: Before, bands: frozenset[str], kind: LeverKind, **facts: str) -> Lever | None:
    rise_fen = least_rise_fen(before, bands)
    if rise_fen is None:
        return None
    carried = _carried(before)
    after = _margin(before, carried, bands, rise_fen)
    affected = (
        Affected(rider_id=rider_id, dearer_fen=fare.due_fen(rise_fen) - fare.due_fen())
        for rider_id, fare in sorted(carried.items())
        if fare.band in bands
    )
    return Lever(
        kind=kind,
        facts={"rise_fen": rise_fen, **facts},
        saved_fen=0,
        more_fares_fen=after.fares_fen - before.margin.fares_fen,
        after=after,
        affected=tuple(one for one in affected if one.dearer_fen > 0),
    )


def _carried(before: Before) -> Fares:
    """The fares of those who ride in the plan."""
    return {rider_id: before.fares[rider_id] for rider_id in before.rides if rider_id in before.fares}


def _margin(before: Before, carried: Fares, bands: frozenset[str], rise_fen: int) -> Margin:
    return Margin(
        fares_fen=sum(fare.due_fen(rise_fen if fare.band in bands else 0) for fare in carried.values()),
        cost_fen=before.margin.cost_fen,
        target_bp=before.margin.target_bp,
    )
