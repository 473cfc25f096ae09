"""The invented stops: around real towns, some given in GCJ-02 as a map service would show them."""
# ruff: noqa: PLR2004 - the numbers are the facts of an invented school

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from random import Random

from busops.domain.values import Position, wgs84_to_gcj02

CAMPUS = Position(lat=31.1180, lon=104.4120)
PLACES = Path(__file__).resolve().parent.parent / "places_deyang.csv"
STOPS_OF_TOWN = {
    "德阳": 24, "雒城": 11, "方亭": 10, "罗江": 9, "凯江": 8, "绵竹": 8, "剑南": 3, "赵镇": 6, "新都": 5,
    "天彭": 2, "绵阳": 3, "花荄": 1,
}  # fmt: skip
SPREAD_KM = {"德阳": 4.5, "新都": 3.0, "绵阳": 3.0}
USUAL_SPREAD_KM = 2.2
ROADS = (
    *("东门", "西门", "南门", "北门", "文庙", "滨河路", "长江路", "岷江路", "泰山路", "青衣江路", "凤翔街"),
    *("玉泉路", "桂花街", "金桥", "新市", "柏隆", "石桥", "观音桥", "双河口", "三岔口", "白马", "清水"),
    *("杨柳", "竹林"),
)
KM_PER_DEGREE = 111.2
GCJ_EACH = 4  # every fourth stop is given as a map service shows it
MONTH_TOWN, TERM_TOWN = "剑南", "花荄"
BANDS_KM = (("A", 9.0), ("B", 24.0), ("C", 34.0), ("D", 1000.0))
BUSY_WEIGHT = 6.5  # one stop draws more riders than any bus holds
ENDS_EARLY = "S040"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoStop:
    """An invented stop with its true position and how many riders it draws."""

    stop_id: str
    name: str
    town: str
    position: Position
    kind: str
    band: str
    weight: float

    @property
    def km(self) -> float:
        """Great-circle distance from the campus."""
        return distance_km(CAMPUS, self.position)


def make_stops(random: Random) -> list[DemoStop]:
    """Ninety stops, the fares of each by its town and distance."""
    with PLACES.open(encoding="utf-8") as file:
        towns = {row["name_zh"]: (float(row["lat"]), float(row["lon"])) for row in csv.DictReader(file)}
    stops: list[DemoStop] = []
    for town, count in STOPS_OF_TOWN.items():
        roads = random.sample(ROADS, count)
        for road in roads:
            stops.append(_stop(random, len(stops) + 1, town, towns[town], road))
    return stops


def _stop(random: Random, number: int, town: str, centre: tuple[float, float], road: str) -> DemoStop:
    spread = SPREAD_KM.get(town, USUAL_SPREAD_KM) * (2.0 if random.random() < 0.2 else 1.0)
    north, east = (max(-2.0, min(2.0, random.gauss(0, 1))) * spread for _ in range(2))
    lat = centre[0] + north / KM_PER_DEGREE
    lon = centre[1] + east / (KM_PER_DEGREE * math.cos(math.radians(centre[0])))
    position = Position(lat=round(lat, 6), lon=round(lon, 6))
    is_platform = random.random() < 0.3
    km = distance_km(CAMPUS, position)
    band = {MONTH_TOWN: "E", TERM_TOWN: "F"}.get(town) or next(name for name, most in BANDS_KM if km <= most)
    return DemoStop(
        stop_id=f"S{number:03}",
        name=f"{town}{road}{'公交站' if is_platform else '站'}",
        town=town,
        position=position,
        kind="BUS_PLATFORM" if is_platform else "SCHOOL_BUS_STOP",
        band=band,
        weight=max(random.lognormvariate(0, 0.55), BUSY_WEIGHT if number == 1 else 0.0),
    )


def stop_rows(stops: list[DemoStop]) -> list[tuple[str, ...]]:
    """The rows of stops.csv; one stop loses its designation between the two weekends."""
    rows = [
        (
            "站点编号",
            "站点名称",
            "纬度",
            "经度",
            "坐标系",
            "类型",
            "指定起",
            "指定止",
            "围栏米",
            "票价段",
            "备注",
        )
    ]
    for at, stop in enumerate(stops):
        lat, lon, datum = stop.position.lat, stop.position.lon, "WGS84"
        if at % GCJ_EACH == 1:
            lat, lon = wgs84_to_gcj02(stop.position)
            datum = "GCJ02"
        ends, note = (
            ("2026-11-18", "道路施工，11月19日起停用") if stop.stop_id == ENDS_EARLY else ("2027-07-31", "")
        )
        radius = "80" if stop.kind == "BUS_PLATFORM" else "60"
        row = (stop.stop_id, stop.name, f"{lat:.6f}", f"{lon:.6f}", datum, stop.kind, "2026-09-01", ends)
        rows.append((*row, radius, stop.band, note))
    return rows


def distance_km(one: Position, other: Position) -> float:
    """Great-circle distance."""
    lat1, lat2 = math.radians(one.lat), math.radians(other.lat)
    half_lon = math.sin(math.radians(other.lon - one.lon) / 2) ** 2
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * half_lon
    return 2 * 6371.0088 * math.asin(math.sqrt(half))


def nearest(stop: DemoStop, stops: list[DemoStop], *, within_km: float, count: int) -> list[DemoStop]:
    """The nearest other stops of the same fare band."""
    others = [
        other
        for other in stops
        if other is not stop
        and other.band == stop.band
        and other.stop_id != ENDS_EARLY
        and distance_km(stop.position, other.position) <= within_km
    ]
    return sorted(others, key=lambda other: distance_km(stop.position, other.position))[:count]
