"""
Two plans of the same direction side by side: which trips are the same, who rides differently.

``compare`` is a pure function of two documents; ``view`` reads both plans and the names. Which of
the two is better is for the office to say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from busops.domain.errors import Refused
from busops.domain.findings import Finding
from busops.domain.roster import Rider
from busops.domain.values import Direction
from busops.services import plan_view
from busops.services.plan_figures import ride_s
from busops.services.plan_view import PlanView
from busops.storage import network_store, plan_store, register_store
from busops.storage.database import Database
from busops.storage.plan_store import PlanSummary

NOTICED_S: Final = 60  # a ride that differs by less is the same to whoever sits in the bus


@dataclass(frozen=True, slots=True, kw_only=True)
class Ride:
    """How one rider travels in one plan."""

    trip: int  # its number in the plan, from 1
    plate: str
    wave: int
    stop_id: str
    ride_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RideChange:
    """A rider who travels differently in the two plans; None where he has no seat."""

    rider_id: str
    a: Ride | None
    b: Ride | None

    @property
    def more_s(self) -> int | None:
        """How much longer the ride is in B; None for somebody who rides in one plan only."""
        return self.b.ride_s - self.a.ride_s if self.a and self.b else None

    @property
    def changes_stop(self) -> bool:
        """True when he gets on or off elsewhere."""
        return self.a is not None and self.b is not None and self.a.stop_id != self.b.stop_id

    @property
    def changes_bus(self) -> bool:
        """True when another vehicle, or another trip of the same one, carries him."""
        return (
            self.a is not None
            and self.b is not None
            and (self.a.plate, self.a.wave) != (self.b.plate, self.b.wave)
        )

    @property
    def is_noticed(self) -> bool:
        """True when the rider would notice that it is the other plan."""
        one_only = (self.a is None) != (self.b is None)
        return one_only or self.changes_bus or self.changes_stop or abs(self.more_s or 0) >= NOTICED_S


@dataclass(frozen=True, slots=True, kw_only=True)
class SameTrip:
    """A trip that stands in both plans: the same stops in the same order with the same riders."""

    number_a: int
    number_b: int
    is_same_vehicle: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Movers:
    """Riders of one stop whose ride changes in the same way."""

    stop_id: str  # in B
    a: Ride
    b: Ride
    rider_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs between A and B, and what does not."""

    changes: tuple[RideChange, ...]  # those that are noticed, the ride that grows most first
    same_trips: tuple[SameTrip, ...]
    riders: int  # carried by at least one of the two

    @property
    def longer(self) -> tuple[RideChange, ...]:
        """Those who ride at least a minute longer in B, the most first."""
        return tuple(one for one in self.changes if (one.more_s or 0) >= NOTICED_S)

    @property
    def shorter(self) -> tuple[RideChange, ...]:
        """Those who ride at least a minute less in B, the most first."""
        return tuple(one for one in reversed(self.changes) if (one.more_s or 0) <= -NOTICED_S)

    @property
    def other_bus(self) -> int:
        """How many are carried by another vehicle or trip."""
        return sum(one.changes_bus for one in self.changes)

    @property
    def other_stop(self) -> int:
        """How many get on or off elsewhere."""
        return sum(one.changes_stop for one in self.changes)

    @property
    def only_a(self) -> int:
        """How many have a seat in A alone."""
        return sum(one.b is None for one in self.changes)

    @property
    def only_b(self) -> int:
        """How many have a seat in B alone."""
        return sum(one.a is None for one in self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedPlans:
    """Two plans, what differs, and the names for it."""

    a: PlanView
    b: PlanView
    found: Comparison
    riders: Mapping[str, Rider]
    stop_names: Mapping[str, str]


def compare(a: Mapping[str, Any], b: Mapping[str, Any]) -> Comparison:
    """What differs between two plan documents of the same direction."""
    rides_a, rides_b = rides_of(a), rides_of(b)
    everybody = sorted({**rides_a, **rides_b})
    changes = [
        change
        for rider_id in everybody
        if (
            change := RideChange(rider_id=rider_id, a=rides_a.get(rider_id), b=rides_b.get(rider_id))
        ).is_noticed
    ]
    changes.sort(key=lambda one: (-(one.more_s or 0), one.rider_id))
    return Comparison(changes=tuple(changes), same_trips=same_trips(a, b), riders=len(everybody))


def movers(changes: Iterable[RideChange]) -> tuple[Movers, ...]:
    """The changes by stop and trips, in the order in which they come; one plan's riders are left out."""
    together: dict[tuple[Ride, Ride], list[str]] = {}
    for one in changes:
        if one.a and one.b:
            together.setdefault((one.a, one.b), []).append(one.rider_id)
    return tuple(
        Movers(stop_id=b.stop_id, a=a, b=b, rider_ids=tuple(riders)) for (a, b), riders in together.items()
    )


def rides_of(document: Mapping[str, Any]) -> dict[str, Ride]:
    """How each rider who is carried travels."""
    direction = Direction(document["direction"])
    return {
        rider_id: Ride(
            trip=number,
            plate=trip["plate"],
            wave=trip["wave"],
            stop_id=halt["stop_id"],
            ride_s=ride_s(trip, halt, direction),
        )
        for number, trip in enumerate(document["trips"], start=1)
        for halt in trip["stops"]
        for rider_id in halt["riders"]
    }


def same_trips(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[SameTrip, ...]:
    """The trips that stand in both, by their number in A."""
    in_b = {_course(trip): (number, trip["plate"]) for number, trip in enumerate(b["trips"], start=1)}
    return tuple(
        SameTrip(number_a=number, number_b=other[0], is_same_vehicle=other[1] == trip["plate"])
        for number, trip in enumerate(a["trips"], start=1)
        if (other := in_b.get(_course(trip))) is not None
    )


def view(database: Database, a_id: str, b_id: str) -> ComparedPlans:
    """
    Both plans and what differs; raises NotFound, and Refused for two that have nothing in common
    to compare: other weekends, other directions, or one plan twice.
    """
    with database.reading() as tx:
        a, b = plan_store.load_plan(tx, a_id), plan_store.load_plan(tx, b_id)
        riders = register_store.load_riders(tx, include_retired=True)
        stops = network_store.load_stops(tx, include_retired=True)
    if reasons := reasons_not_to_compare(a.summary, b.summary):
        raise Refused("plans_not_comparable", reasons)
    return ComparedPlans(
        a=plan_view.view(database, a_id),
        b=plan_view.view(database, b_id),
        found=compare(a.document, b.document),
        riders={str(rider.rider_id): rider for rider in riders},
        stop_names={str(stop.stop_id): stop.name for stop in stops},
    )


def reasons_not_to_compare(a: PlanSummary, b: PlanSummary) -> tuple[Finding, ...]:
    """Everything that makes a comparison of the two meaningless."""
    reasons = []
    if a.plan_id == b.plan_id:
        reasons.append(Finding(code="compare_same_plan"))
    if a.weekend_on != b.weekend_on:
        reasons.append(
            Finding(code="compare_other_weekend", facts={"a_on": a.weekend_on, "b_on": b.weekend_on})
        )
    if a.direction is not b.direction:
        reasons.append(Finding(code="compare_other_direction"))
    return tuple(reasons)


def peers_of(database: Database, plan_id: str) -> tuple[PlanSummary, ...]:
    """The plans of the same weekend and direction, this one among them, the latest first; NotFound."""
    with database.reading() as tx:
        mine = plan_store.load_plan(tx, plan_id).summary
        return plan_store.list_plans(tx, mine.weekend_on, direction=mine.direction)


def map_data(compared: ComparedPlans) -> dict[str, Any]:
    """Both plans for one map: A's trips first, numbered on through B's; places, no names of people."""
    same_a = {one.number_a for one in compared.found.same_trips}
    same_b = {one.number_b for one in compared.found.same_trips}
    first, second = plan_view.map_data(compared.a), plan_view.map_data(compared.b)
    trips = [
        {
            **trip,
            "number": trip["number"] + before,
            "label": f"{side.upper()} {trip['number']}",
            "side": side,
            "is_same": trip["number"] in same,
            "colour": colour,
            "is_dashed": side == "b",
        }
        for side, drawn, same, before, colour in (
            ("a", first, same_a, 0, 1),
            ("b", second, same_b, len(first["trips"]), 2),
        )
        for trip in drawn["trips"]
    ]
    return {"campus": first["campus"], "trips": trips}


def _course(trip: Mapping[str, Any]) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple((halt["stop_id"], frozenset(halt["riders"])) for halt in trip["stops"])
