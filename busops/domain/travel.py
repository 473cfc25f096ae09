"""
Road distance and time between two places as the school's own file states them.

The matrices that planning makes of them, and the estimate without a file, are the planner's.
"""

from dataclasses import dataclass

from busops.domain.values import StopId


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelTime:
    """The way from one stop (or ``@campus``) to another, one direction."""

    origin_id: StopId
    target_id: StopId
    distance_m: int
    duration_s: int
