"""
What can be counted in a plan's document: how long people ride, how far the cost lies above the bound.

Pure functions of the document of the file contract; the register and the database are not asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from busops.domain.values import Direction

FULL_BP: Final = 10_000
USEFUL_GAP_BP: Final = 1_000  # a bound farther below the cost helps nobody to decide
P95: Final = 95


@dataclass(frozen=True, slots=True, kw_only=True)
class RideFigures:
    """How long those who are carried ride, in seconds; all 0 when nobody is."""

    riders: int
    longest_s: int
    p95_s: int
    mean_s: int
    total_s: int

    @property
    def rider_minutes(self) -> int:
        """The minutes of all of them together, rounded up."""
        return -(-self.total_s // 60)


def ride_s(trip: Mapping[str, Any], halt: Mapping[str, Any], direction: Direction) -> int:
    """How long those at this halt ride."""
    if direction is Direction.HOMEWARD:
        return int(halt["arrive_s"])
    return int(trip["campus_arrive_s"]) - int(halt["leave_s"])


def rides_s(document: Mapping[str, Any]) -> tuple[int, ...]:
    """The ride of each rider who is carried, in no particular order."""
    direction = Direction(document["direction"])
    return tuple(
        ride_s(trip, halt, direction)
        for trip in document["trips"]
        for halt in trip["stops"]
        for _ in halt["riders"]
    )


def ride_figures(rides: Iterable[int]) -> RideFigures:
    """
    The longest, the 95th per cent (at least 95 of 100 ride no longer), the mean and the sum.

    The mean is rounded up, so that no page promises a shorter ride than there is.
    """
    ordered = sorted(rides)
    if not ordered:
        return RideFigures(riders=0, longest_s=0, p95_s=0, mean_s=0, total_s=0)
    rank = -(-P95 * len(ordered) // 100)
    total_s = sum(ordered)
    return RideFigures(
        riders=len(ordered),
        longest_s=ordered[-1],
        p95_s=ordered[rank - 1],
        mean_s=-(-total_s // len(ordered)),
        total_s=total_s,
    )


def gap_bp(cost_fen: int, bound_fen: int) -> int | None:
    """
    How far above the proven bound the cost can lie, in basis points of the bound, rounded up.

    None when nothing was proved, or so little (more than a tenth) that it says nothing.
    """
    if bound_fen <= 0 or cost_fen < bound_fen:
        return None
    gap = -((bound_fen - cost_fen) * FULL_BP // bound_fen)
    return gap if gap <= USEFUL_GAP_BP else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessTrade:
    """What was paid so that nobody rides so long: before, and the fen more."""

    longest_before_s: int
    p95_before_s: int
    cost_fen: int


def fairness_of(document: Mapping[str, Any]) -> FairnessTrade | None:
    """The trade that the planner's last step made; None for plans whose stats do not tell."""
    stats = document.get("stats", {})
    names = ("fairness_before_longest_s", "fairness_before_p95_s", "fairness_cost_fen")
    longest_s, p95_s, cost_fen = (stats.get(name) for name in names)
    if type(longest_s) is not int or type(p95_s) is not int or type(cost_fen) is not int:
        return None
    return FairnessTrade(longest_before_s=longest_s, p95_before_s=p95_s, cost_fen=cost_fen)
