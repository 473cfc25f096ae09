"""Road distances and driving times between the campus and the stops: read, estimated or measured on roads."""

from busops.planner.travel.estimate import HAZARD_CAP_KMH, ROAD_CAP_KMH, estimate_travel
from busops.planner.travel.matrix import Matrix, Places, TravelTimes
from busops.planner.travel.rows import TravelRow, slowed_legs, travel_from_rows

__all__ = [
    "HAZARD_CAP_KMH",
    "ROAD_CAP_KMH",
    "Matrix",
    "Places",
    "TravelRow",
    "TravelTimes",
    "estimate_travel",
    "slowed_legs",
    "travel_from_rows",
]
