"""
What a plan brings under the tariff, and what each of its trips would need: whole fen, no second rule.

The test of the goal, its edges and the headroom are ``finance.net_revenue``'s (domain §3.3). Who rides,
what he owes for one ride and what the trips cost is given.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from busops.finance import net_revenue
from busops.finance.net_revenue import WHOLE_BP, Verdict, plain_verdict
from busops.finance.waivers import Waiver, waived_fen
from busops.planner.problem import Plan, Trip

GOAL_BP: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RiderFare:
    """The price of one ride of a rider in his band, fen, and what he is waived; 0 = his band has no price."""

    band: str
    list_fen: int
    waiver: Waiver | None = None

    def due_fen(self, rise_fen: int = 0) -> int:
        """What he owes for the ride when the price is ``rise_fen`` higher; no price stays no price."""
        if self.list_fen <= 0:
            return 0
        price_fen = self.list_fen + rise_fen
        return price_fen - waived_fen(self.waiver, price_fen)


Fares: TypeAlias = Mapping[str, RiderFare]  # by rider


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """Fares against cost, fen, and the goal in basis points of the fares."""

    fares_fen: int
    cost_fen: int
    target_bp: int = GOAL_BP

    @property
    def net_fen(self) -> int:
        """What is left of the fares."""
        return self.fares_fen - self.cost_fen

    @property
    def is_met(self) -> bool:
        """True when the goal is reached: at 10 % exactly ``10 × net ≥ base``; never by a rounded ratio."""
        verdict = plain_verdict(self.fares_fen, self.net_fen, self.cost_fen, self.target_bp)
        return verdict is Verdict.MET

    @property
    def headroom_fen(self) -> int:
        """What the plan could cost more with the goal met; negative: what it costs too much."""
        return net_revenue.headroom_fen(self.fares_fen, self.cost_fen, self.target_bp)

    @property
    def ratio_bp(self) -> int | None:
        """Net share of the fares in basis points, floored; None without fares. Decides nothing."""
        return self.net_fen * WHOLE_BP // self.fares_fen if self.fares_fen > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TripMargin:
    """What one trip brings: ``needed_fare_fen`` a rider, and how many riders at today's mean fare."""

    number: int
    trip: Trip
    riders: int
    margin: Margin
    needed_fare_fen: int | None
    break_even_riders: int | None


def riders_of(trip: Trip) -> tuple[str, ...]:
    """Everybody on the trip, in the order of its halts."""
    return tuple(rider_id for halt in trip.stops for rider_id in halt.rider_ids)


def fares_fen(fares: Fares, rider_ids: tuple[str, ...] | frozenset[str], rise_fen: int = 0) -> int:
    """What these riders owe together for one ride; who is in no list of fares owes nothing."""
    return sum(fares[rider_id].due_fen(rise_fen) for rider_id in rider_ids if rider_id in fares)


def margin_of(plan: Plan, fares: Fares, target_bp: int = GOAL_BP) -> Margin:
    """The margin of a plan: what its riders owe against what its trips cost."""
    served = tuple(rider_id for trip in plan.trips for rider_id in riders_of(trip))
    return Margin(fares_fen=fares_fen(fares, served), cost_fen=plan.cost_fen, target_bp=target_bp)


def trip_margins(plan: Plan, fares: Fares, target_bp: int = GOAL_BP) -> tuple[TripMargin, ...]:
    """Each trip's own margin, in the order of the plan; the number is its place, from 1."""
    found = []
    for number, trip in enumerate(plan.trips, start=1):
        aboard = riders_of(trip)
        margin = Margin(fares_fen=fares_fen(fares, aboard), cost_fen=trip.cost_fen, target_bp=target_bp)
        found.append(
            TripMargin(
                number=number,
                trip=trip,
                riders=len(aboard),
                margin=margin,
                needed_fare_fen=needed_fare_fen(trip.cost_fen, len(aboard), target_bp),
                break_even_riders=break_even_riders(margin, len(aboard)),
            )
        )
    return tuple(found)


def needed_fare_fen(cost_fen: int, riders: int, target_bp: int = GOAL_BP) -> int | None:
    """The least fare a rider that reaches the goal: ``p ≥ C ÷ (0.9 × n)``; None when none can."""
    kept_bp = WHOLE_BP - target_bp
    if riders <= 0 or kept_bp <= 0:
        return None
    return -(-WHOLE_BP * cost_fen // (kept_bp * riders))


def break_even_riders(margin: Margin, riders: int) -> int | None:
    """How many riders at today's mean fare reach the goal: ``n ≥ C ÷ (0.9 × p)``; None without fares."""
    kept_bp = WHOLE_BP - margin.target_bp
    if riders <= 0 or margin.fares_fen <= 0 or kept_bp <= 0:
        return None
    return -(-WHOLE_BP * margin.cost_fen * riders // (kept_bp * margin.fares_fen))
