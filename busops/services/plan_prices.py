"""
What one more rider costs a stored plan at each stop, and what its trips and lines earn, with names.

Computed anew each time it is asked, from the plan and the register as they stand; nothing is stored.
"""

from dataclasses import dataclass, replace
from datetime import date

from busops.planner.advice.prices import (
    Earning,
    Margins,
    OneMore,
    line_earnings,
    margin_estimates,
    one_more_at_each,
    trip_earnings,
)
from busops.planner.problem import Plan
from busops.services.plan_advice import PlanCase, RefusalRow, refusal_row
from busops.services.planning_input import PlanningInput, fares_forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPriceRow:
    """What one more rider at a stop costs; None where there is no place, or no estimate."""

    stop_id: str
    name: str
    riders: int
    price_fen: int | None
    trip: int  # where he would ride; past the plan's last: a trip of his own
    is_own_trip: bool
    plate: str  # the vehicle that comes instead or anew; "" where the trip keeps its own
    refusal: RefusalRow | None
    estimate_fen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarningRow:
    """What a trip or a line earns."""

    name: str
    about: str
    plate: str
    earning: Earning


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesView:
    """The sensitivity of a plan: stops from the dearest, trips and lines from the least earning."""

    stops: tuple[StopPriceRow, ...]
    trips: tuple[EarningRow, ...]
    lines: tuple[EarningRow, ...]
    is_cut_off: bool

    @property
    def free_stops(self) -> int:
        """How many stops have room for one more at no cost."""
        return sum(row.price_fen == 0 for row in self.stops)

    @property
    def closed_stops(self) -> int:
        """How many stops have no room for one more at any price."""
        return sum(row.price_fen is None for row in self.stops)

    @property
    def dearest(self) -> StopPriceRow | None:
        """The stop where one more costs most."""
        priced = [row for row in self.stops if row.price_fen is not None]
        return max(priced, key=lambda row: row.price_fen or 0, default=None)

    @property
    def losing_trips(self) -> int:
        """How many trips cost more than their riders pay."""
        return sum(row.earning.net_fen < 0 for row in self.trips)


def prices_of(case: PlanCase) -> PricesView:
    """What one more rider costs at every stop, exactly and estimated, and what trips and lines earn."""
    fares = fares_each(case.given, case.plan, case.summary.on)
    margins = margin_estimates(case.problem, case.plan)
    aboard: dict[str, int] = {}
    for trip in case.plan.trips:
        for halt in trip.stops:
            aboard[halt.stop_id] = aboard.get(halt.stop_id, 0) + len(halt.rider_ids)
    stops = [
        _price_row(case, one, aboard.get(one.stop_id, 0), margins)
        for one in one_more_at_each(case.problem, case.plan)
    ]
    return PricesView(
        stops=tuple(
            sorted(stops, key=lambda row: (row.price_fen is not None, -(row.price_fen or 0), row.name))
        ),
        trips=tuple(
            EarningRow(
                name=str(earning.trips[0]),
                about=case.towards(case.plan.trips[earning.trips[0] - 1]),
                plate=earning.name,
                earning=earning,
            )
            for earning in sorted(trip_earnings(case.plan, fares), key=lambda one: one.net_fen)
        ),
        lines=tuple(
            _line_row(case, earning)
            for earning in sorted(line_earnings(case.problem, case.plan, fares), key=lambda one: one.net_fen)
        ),
        is_cut_off=margins.is_cut_off,
    )


def fares_each(given: PlanningInput, plan: Plan, on: date) -> dict[str, int]:
    """What each rider of the plan will owe for this ride, fen; alike riders are asked about once."""
    own_stop = {str(entry.rider_id): entry.stop_id for entry in given.entries}
    riders = {str(rider_id): rider for rider_id, rider in given.riders.items()}
    known: dict[tuple[str, str], int] = {}
    fares: dict[str, int] = {}
    for trip in plan.trips:
        for halt in trip.stops:
            for rider_id in halt.rider_ids:
                rider = riders[rider_id]
                key = (str(own_stop.get(rider_id) or rider.stop_id), rider.waiver)
                if key not in known:
                    alone = replace(trip, stops=(replace(halt, rider_ids=(rider_id,)),))
                    known[key] = fares_forecast(given, replace(plan, trips=(alone,)), on)
                fares[rider_id] = known[key]
    return fares


def _price_row(case: PlanCase, one: OneMore, riders: int, margins: Margins) -> StopPriceRow:
    return StopPriceRow(
        stop_id=one.stop_id,
        name=case.stop_name(one.stop_id),
        riders=riders,
        price_fen=one.price_fen,
        trip=one.trip,
        is_own_trip=one.trip > len(case.plan.trips),
        plate=_new_plate(case, one),
        refusal=refusal_row(case, one.refusal) if one.refusal else None,
        estimate_fen=margins.fen_by_stop.get(one.stop_id),
    )


def _new_plate(case: PlanCase, one: OneMore) -> str:
    """Who drives the trip then, where it is not who drives it now."""
    plate = next((redrive.plate for redrive in one.redrives if redrive.trip == one.trip), "")
    now = case.plan.trips[one.trip - 1].plate if 0 < one.trip <= len(case.plan.trips) else ""
    return "" if plate == now else plate


def _line_row(case: PlanCase, earning: Earning) -> EarningRow:
    """The line's id in the register; its vehicle's lines are counted in the register's order."""
    plate, _slash, number = earning.name.rpartition("/")
    if not earning.name:
        return EarningRow(name="", about="", plate="", earning=earning)
    own = [line for line in case.given.lines if line.plate == plate]
    wanted = frozenset(case.problem.stop_ids)
    used = [line for line in own if wanted.intersection(str(stop_id) for stop_id in line.stop_ids)]
    line_id = str(used[int(number) - 1].line_id) if int(number) <= len(used) else number
    first = case.plan.trips[earning.trips[0] - 1]
    return EarningRow(name=line_id, about=case.towards(first), plate=plate, earning=earning)
