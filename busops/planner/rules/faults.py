"""
Rules that contradict each other, or the problem they are set for: every fault has its own name.

What is judged here could be met by no plan, or is about somebody who is not there. Whether a plan
keeps the rules is judged in ``verify.py``.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from busops.domain.findings import Finding
from busops.planner.rules.rules import KeptTrip, Rules, chains

_PAIR: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The parts of a problem that rules can contradict."""

    stops: frozenset[str]
    stops_of: Mapping[str, Sequence[str]]  # by rider
    seats: Mapping[str, int]  # by plate
    trips: Mapping[str, int]  # by plate: how many it may drive
    max_stops: int
    may_drive: Callable[[str, Sequence[str]], bool]  # plate, stops in driving order
    too_long: Callable[[Sequence[tuple[str, tuple[str, ...]]]], Iterable[str]]  # halts with too long a ride


def rule_faults(rules: Rules, ground: Ground) -> Iterator[Finding]:
    """Every contradiction, in a fixed order."""
    yield from _strangers(rules, ground)
    yield from _pair_faults(rules, ground)
    yield from _kept_faults(rules, ground)


def _strangers(rules: Rules, ground: Ground) -> Iterator[Finding]:
    for rider_id in sorted(rules.riders - ground.stops_of.keys()):
        yield Finding(code="rule_rider_unknown", place=rider_id, facts={"rider_id": rider_id})
    for stop_id, plates in sorted(rules.only_by.items()):
        if stop_id not in ground.stops:
            yield Finding(code="rule_stop_unknown", place=stop_id, facts={"stop_id": stop_id})
        for plate in sorted(plates - ground.seats.keys()):
            yield Finding(code="rule_vehicle_unknown", place=plate, facts={"plate": plate})


def _pair_faults(rules: Rules, ground: Ground) -> Iterator[Finding]:
    for group in (*rules.together, *rules.apart):
        if len(group) < _PAIR:
            rider_id = "".join(group)
            yield Finding(code="rule_names_one_rider", place=rider_id, facts={"rider_id": rider_id})
    joined = chains(rules.together)
    chain_of = {rider_id: number for number, chain in enumerate(joined) for rider_id in chain}
    for first, second in sorted({pair for group in rules.apart for pair in combinations(sorted(group), 2)}):
        if first in chain_of and chain_of[first] == chain_of.get(second):
            facts = {"first": first, "second": second}
            yield Finding(code="pair_together_and_apart", place=f"{first}+{second}", facts=facts)
    most = max(ground.seats.values(), default=0)
    for chain in joined:
        if len(chain) > most > 0:
            riders = "、".join(sorted(chain))
            yield Finding(
                code="together_exceeds_vehicles",
                place=min(chain),
                facts={"riders": riders, "count": len(chain), "seats": most},
            )


def _kept_faults(rules: Rules, ground: Ground) -> Iterator[Finding]:
    for (plate, wave), count in Counter((trip.plate, trip.wave) for trip in rules.kept).items():
        if count > 1:
            yield _at(plate, wave, "kept_trip_twice", count=count)
    seated = Counter(
        rider for trip in rules.kept for _stop, riders in trip.still(ground.stops_of) for rider in riders
    )
    for rider_id, count in sorted(seated.items()):
        if count > 1:
            facts = {"rider_id": rider_id, "count": count}
            yield Finding(code="kept_rider_twice", place=rider_id, facts=facts)
    for trip in rules.kept:
        if trip.plate not in ground.seats:
            yield _at(trip.plate, trip.wave, "kept_vehicle_unknown")
        else:
            yield from _trip_faults(trip, ground)
    yield from _kept_pair_faults(rules, ground)


def _trip_faults(trip: KeptTrip, ground: Ground) -> Iterator[Finding]:
    def fault(code: str, **facts: object) -> Finding:
        return _at(trip.plate, trip.wave, code, **facts)

    halts = trip.still(ground.stops_of)
    way = [stop_id for stop_id, _riders in halts]
    unknown = [stop_id for stop_id, _riders in trip.halts if stop_id not in ground.stops]
    for stop_id in unknown:
        yield fault("kept_stop_unknown", stop_id=stop_id)
    if not 1 <= trip.wave <= ground.trips[trip.plate]:
        yield fault("kept_wave_unknown", max_trips=ground.trips[trip.plate])
    if unknown:
        return
    aboard = sum(len(riders) for _stop, riders in halts)
    if aboard > ground.seats[trip.plate]:
        yield fault("kept_over_capacity", riders=aboard, capacity=ground.seats[trip.plate])
    if len(halts) > ground.max_stops:
        yield fault("kept_too_many_stops", stops=len(halts), max_stops=ground.max_stops)
    if not ground.may_drive(trip.plate, way):
        yield fault("kept_way_not_allowed", stops="→".join(way))
    for stop_id in ground.too_long(halts):
        yield fault("kept_ride_too_long", stop_id=stop_id)


def _kept_pair_faults(rules: Rules, ground: Ground) -> Iterator[Finding]:
    """Kept trips that part whom the rules keep together, or join whom they keep apart."""
    trip_of = {
        rider_id: number
        for number, trip in enumerate(rules.kept)
        for _stop, riders in trip.still(ground.stops_of)
        for rider_id in riders
    }
    for chain in chains(rules.together):
        if len({trip_of[rider_id] for rider_id in chain if rider_id in trip_of}) > 1:
            facts = {"riders": "、".join(sorted(chain))}
            yield Finding(code="kept_trip_parts_pair", place=min(chain), facts=facts)
    for group in rules.apart:
        for first, second in combinations(sorted(group & trip_of.keys()), 2):
            if trip_of[first] == trip_of[second]:
                facts = {"first": first, "second": second}
                yield Finding(code="kept_trip_joins_pair", place=f"{first}+{second}", facts=facts)


def _at(plate: str, wave: int, code: str, **facts: object) -> Finding:
    return Finding(code=code, place=f"{plate}#{wave}", facts={"plate": plate, "wave": wave, **facts})
