"""
Synthetic schools for benchmarks: a campus, eight towns round it, stops, riders, a mixed fleet; from a seed.

The towns lie roughly where towns near Deyang lie; every stop, rider, vehicle and rate is invented. The
named cases are those that the planner was measured on before: the same numbers drawn in the same
order give the same metres, seconds, riders and vehicles as the school folders A to F.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from busops.domain.values import CAMPUS, Direction
from busops.planner.problem import Limits, Problem, RiderDemand, VehicleOption
from busops.planner.travel import TravelTimes

_Floats = npt.NDArray[np.float64]


class _Town(NamedTuple):
    lat: float
    lon: float
    share: float  # of the stops
    spread_km: float


class _Size(NamedTuple):
    seats: int
    share: float  # of the fleet
    fixed_fen: int
    per_km_fen: int


_CAMPUS: Final = (31.127, 104.398)
_TOWNS: Final = (
    _Town(31.127, 104.398, 0.30, 5.0),
    _Town(30.977, 104.282, 0.13, 3.0),
    _Town(31.127, 104.168, 0.12, 3.0),
    _Town(31.338, 104.221, 0.12, 3.5),
    _Town(31.033, 104.679, 0.13, 4.0),
    _Town(31.317, 104.510, 0.08, 2.5),
    _Town(30.690, 104.080, 0.07, 6.0),
    _Town(31.467, 104.679, 0.05, 4.0),
)
_SIZES: Final = (
    _Size(19, 0.20, 30_000, 220),
    _Size(33, 0.25, 43_000, 270),
    _Size(45, 0.30, 54_000, 320),
    _Size(53, 0.25, 61_000, 350),
)
_KM_OF_LATITUDE: Final = 111.2
_EARTH_M: Final = 6_371_008.8
_DETOUR: Final = 1.32
_DETOUR_VARIES: Final = (0.95, 1.08)
_KMH: Final = (22.0, 1.1, 62.0)  # at no distance, more for each kilometre, at most
_VILLAGE_SHARE: Final = 0.25
_VILLAGE_SPREAD: Final = 2.5
_RIDERS_SIGMA: Final = 0.8  # of the log-normal number of riders a stop
_VEHICLES_DRAWN: Final = 2000

_FRESH: Final = 0xB05  # keeps the fresh networks' draws apart from those of the named cases
_FRESH_STOPS: Final = (60, 150)
_FRESH_FILL: Final = ((3.0, 75), (4.8, 75), (6.6, 90), (8.4, 105), (10.2, 130), (12.0, 150))  # stops, minutes
_MEAN_SEATS: Final = sum(size.seats * size.share for size in _SIZES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """What a synthetic school is made of; ``seats_per_rider`` is how far the fleet outgrows the riders."""

    name: str
    stops: int
    riders: int
    seed: int
    seats_per_rider: float
    returns_to_campus: bool
    max_ride_s: int = 75 * 60


def _named() -> Iterator[Town]:
    for name, stops, riders, seed, seats, returns in (
        ("A", 60, 600, 1, 1.35, False),
        ("B", 80, 800, 1, 1.35, False),
        ("C", 100, 1500, 1, 1.35, False),
        ("D", 150, 3000, 1, 1.35, False),
        ("E", 120, 800, 1, 2.2, False),
        ("F", 100, 1500, 2, 1.35, True),
        ("G", 150, 900, 2, 2.2, False),
        ("H", 60, 700, 45, 1.35, True),
        ("J", 140, 1100, 46, 1.8, True),
        ("K", 120, 800, 44, 2.2, False),
        ("L", 90, 500, 41, 2.0, True),
    ):
        yield Town(
            name=name,
            stops=stops,
            riders=riders,
            seed=seed,
            seats_per_rider=seats,
            returns_to_campus=returns,
        )


NAMED: Final[Mapping[str, Town]] = {town.name: town for town in _named()}


def fresh_town(number: int) -> Town:
    """
    The network of this number: 60 to 150 stops, 3 to 12 of which fill a bus, open or returning.

    Six numbers in a row go through the range of stops a bus; the next six have open and returning trips
    the other way round.
    """
    draw = np.random.default_rng([_FRESH, number])
    stops = int(draw.integers(_FRESH_STOPS[0], _FRESH_STOPS[1] + 1))
    turn, place = divmod(number, len(_FRESH_FILL))
    stops_a_bus, ride_min = _FRESH_FILL[place]
    returns = (turn + place) % 2 == 1
    return Town(
        name=f"n{number}-{stops}s{stops_a_bus:g}{'r' if returns else 'o'}",
        stops=stops,
        riders=round(stops * _MEAN_SEATS / stops_a_bus),
        seed=int(draw.integers(1, 2**31)),
        # Where many stops fill a bus some ride caps end a trip before it is full: seats must be to spare,
        # and the caps longer than in a county of large stops, or the case would not be what it is called.
        seats_per_rider=max(1.35, 0.25 * stops_a_bus),
        returns_to_campus=returns,
        max_ride_s=60 * ride_min,
    )


def town_problem(town: Town) -> Problem:
    """The homeward problem of a synthetic school; the same town, the same problem."""
    draw = np.random.default_rng(town.seed)
    metres, seconds, riders = _network(draw, town)
    stop_ids = tuple(f"S{number:03}" for number in range(1, town.stops + 1))
    return Problem(
        direction=Direction.HOMEWARD,
        stop_ids=stop_ids,
        riders=tuple(
            RiderDemand(rider_id=f"{stop_id}-{number:03}", stop_ids=(stop_id,))
            for stop_id, count in zip(stop_ids, riders, strict=True)
            for number in range(1, count + 1)
        ),
        vehicles=tuple(_fleet(draw, town)),
        limits=Limits(max_ride_s=town.max_ride_s, returns_to_campus=town.returns_to_campus),
        travel=TravelTimes(ids=(str(CAMPUS), *stop_ids), distance_m=metres, duration_s=seconds),
    )


def _network(
    draw: np.random.Generator, town: Town
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], list[int]]:
    """Metres, seconds and riders of each stop; what is drawn, and in what order, is what makes a case."""
    share = np.array([one.share for one in _TOWNS])
    homes = draw.choice(len(_TOWNS), town.stops, p=share / share.sum())
    places = np.array([_CAMPUS, *(_place(draw, _TOWNS[home]) for home in homes)])
    weight = draw.lognormal(0, _RIDERS_SIGMA, town.stops)
    riders = np.maximum(1, np.rint(weight / weight.sum() * town.riders)).astype(np.int64)
    road_m = _great_circle_m(places) * _DETOUR
    road_m = road_m * draw.uniform(*_DETOUR_VARIES, road_m.shape)
    np.fill_diagonal(road_m, 0)
    slowest, more, fastest = _KMH
    kilometres = road_m / 1000
    road_s = kilometres / np.clip(slowest + more * kilometres, slowest, fastest) * 3600
    return np.rint(road_m).astype(np.int64), np.rint(road_s).astype(np.int64), riders.tolist()


def _place(draw: np.random.Generator, town: _Town) -> tuple[float, float]:
    spread_km = town.spread_km * (_VILLAGE_SPREAD if draw.random() < _VILLAGE_SHARE else 1)
    north = draw.normal(0, spread_km) / _KM_OF_LATITUDE
    east = draw.normal(0, spread_km) / (_KM_OF_LATITUDE * np.cos(np.radians(town.lat)))
    return town.lat + north, town.lon + east


def _great_circle_m(places: _Floats) -> _Floats:
    lat, lon = np.radians(places[:, 0]), np.radians(places[:, 1])
    across = np.sin((lat[None, :] - lat[:, None]) / 2) ** 2
    along = np.sin((lon[None, :] - lon[:, None]) / 2) ** 2
    half = across + np.cos(lat)[:, None] * np.cos(lat)[None, :] * along
    return np.asarray(2 * _EARTH_M * np.arcsin(np.sqrt(half)), dtype=np.float64)


def _fleet(draw: np.random.Generator, town: Town) -> Iterator[VehicleOption]:
    """Sizes as they are drawn, until there are seats enough."""
    sizes = draw.choice(len(_SIZES), _VEHICLES_DRAWN, p=[size.share for size in _SIZES])
    seats, number = 0, 0
    for number, drawn in enumerate(sizes, start=1):
        if seats >= town.riders * town.seats_per_rider:
            break
        size = _SIZES[drawn]
        seats += size.seats
        yield VehicleOption(
            plate=f"T{number:04}", capacity=size.seats, fixed_fen=size.fixed_fen, per_km_fen=size.per_km_fen
        )
