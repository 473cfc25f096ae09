"""The invented vehicles, crews and approved lines."""

import math
from dataclasses import dataclass
from random import Random

from demo_maker.people import GIVEN, SURNAMES
from demo_maker.places import CAMPUS, DemoStop, distance_km

# Approved students: approved persons, seat rows, fixed cost of an own bus and of a charter, cost per km.
SIZES = {
    19: (21, 6, "220", "350", "2.40"),
    33: (36, 9, "310", "500", "2.90"),
    45: (48, 12, "400", "640", "3.40"),
    53: (56, 14, "450", "730", "3.70"),
}
LICENSED_SIZES = (53, 45, 45, 33, 33, 33, 19, 19)
LICENSED_TOWNS = ("德阳", "德阳", "德阳", "德阳", "雒城", "方亭", "罗江", "凯江")
CHARTER_SIZES = (19,) * 2 + (33,) * 4 + (45,) * 8 + (53,) * 8
TWO_TRIPS = frozenset({0, 1, 2, 3, 8, 9})  # near buses that can come back for a second wave
SPARE_CREWS = 4
LINE_STOPS = 6
FIRST_DEPARTURE_MIN = 16 * 60 + 30


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoVehicle:
    """An invented vehicle."""

    plate: str
    is_licensed: bool
    students: int
    max_trips: int


def make_vehicles() -> list[DemoVehicle]:
    """Eight licensed school buses and twenty-two charter coaches of four sizes."""
    sizes = [(size, True) for size in LICENSED_SIZES] + [(size, False) for size in CHARTER_SIZES]
    return [
        DemoVehicle(
            plate=f"川F{'X' if is_licensed else 'D'}{at + 1:04}",
            is_licensed=is_licensed,
            students=size,
            max_trips=2 if at in TWO_TRIPS else 1,
        )
        for at, (size, is_licensed) in enumerate(sizes)
    ]


def vehicle_rows(vehicles: list[DemoVehicle]) -> list[tuple[str, ...]]:
    """The rows of vehicles.csv; two inspections end within a month of the second weekend."""
    costs = ("每趟固定费", "每公里费")
    papers = ("使用许可至", "检验至", "标牌至", "保险至")
    rows = [("车牌号", "类别", "核载学生", "核载总数", "座位排数", *costs, *papers, "最多趟次")]
    for at, vehicle in enumerate(vehicles):
        total, seat_rows, own, hired, per_km = SIZES[vehicle.students]
        fixed = own if vehicle.is_licensed else hired
        kind = "LICENSED_SCHOOL_BUS" if vehicle.is_licensed else "CHARTER_COACH"
        permit, plate = ("2027-08-31", "2027-02-28") if vehicle.is_licensed else ("", "")
        inspection = "2026-12-10" if at in {5, 17} else "2027-02-28"
        row = (vehicle.plate, kind, str(vehicle.students), str(total), str(seat_rows), fixed, per_km)
        rows.append((*row, permit, inspection, plate, "2027-08-31", str(vehicle.max_trips)))
    return rows


def crew_rows(random: Random, vehicles: list[DemoVehicle]) -> list[tuple[str, ...]]:
    """The rows of crew.csv: a driver and an attendant for each vehicle and four of each to spare."""
    rows = [("工号", "姓名", "岗位", "出生日期", "资格至", "审验至", "标牌车辆")]
    licensed = [vehicle.plate for vehicle in vehicles if vehicle.is_licensed]
    taken: set[str] = set()
    for at in range(len(vehicles) + SPARE_CREWS):
        plates = ";".join(licensed) if at >= len(vehicles) else vehicles[at].plate
        born = f"{random.randint(1970, 1993)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
        valid = f"{random.choice((2028, 2029, 2030))}-{random.randint(1, 12):02}-28"
        rows.append((f"D{at + 1:03}", _name(random, taken), "DRIVER", born, valid, "2027-06-30", plates))
    for at in range(len(vehicles) + SPARE_CREWS):
        born = f"{random.randint(1978, 2002)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
        rows.append((f"A{at + 1:03}", _name(random, taken), "ATTENDANT", born, "", "", ""))
    return rows


def line_rows(vehicles: list[DemoVehicle], stops: list[DemoStop]) -> list[tuple[str, ...]]:
    """The rows of lines.csv: one approved line for each licensed bus, outwards from the campus."""
    rows = [("线路编号", "车牌号", "站序", "站点编号", "发车时间")]
    free = {town: [stop for stop in stops if stop.town == town] for town in set(LICENSED_TOWNS)}
    licensed = [vehicle for vehicle in vehicles if vehicle.is_licensed]
    for at, (vehicle, town) in enumerate(zip(licensed, LICENSED_TOWNS, strict=True)):
        line = _line(free[town])
        minute, here = FIRST_DEPARTURE_MIN, CAMPUS
        for seq, stop in enumerate(line, start=1):
            minute += 2 + math.ceil(distance_km(here, stop.position) * 1.32 / 32 * 60)
            here = stop.position
            departs = f"{minute // 60:02}:{minute % 60:02}"
            rows.append((f"L{at + 1:02}", vehicle.plate, str(seq), stop.stop_id, departs))
    return rows


def _line(free: list[DemoStop]) -> list[DemoStop]:
    """The free stop farthest in its sector and its neighbours, nearest to the campus first."""
    last = max(free, key=lambda stop: (stop.km, stop.stop_id))
    near = sorted(free, key=lambda stop: (distance_km(last.position, stop.position), stop.stop_id))
    line = sorted(near[:LINE_STOPS], key=lambda stop: stop.km)
    for stop in line:
        free.remove(stop)
    return line


def _name(random: Random, taken: set[str]) -> str:
    while True:
        name = random.choice(SURNAMES) + random.choice(GIVEN) + random.choice(GIVEN)
        if name not in taken:
            taken.add(name)
            return name
