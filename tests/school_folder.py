"""A small synthetic school folder, made in memory: enough of everything for a whole weekend."""

from datetime import date, timedelta

FRIDAY = date(2026, 11, 13)
NAMES = ("林一诺", "周可心", "何子墨", "唐若溪", "沈嘉禾", "罗明哲", "彭雨桐", "曾思远", "吕安然", "丁亦辰")
TARIFF = """票价段,计费单位,票价,生效,失效
A,TRIP,12,2026-09-01,2027-01-31
B,TRIP,20,2026-09-01,2027-01-31
"""


def school_files(
    *, stops: int = 6, riders: int = 40, coaches: int = 3, friday: date = FRIDAY, school_id: str = "small"
) -> dict[str, bytes]:
    """A folder of ``files.md`` with charter coaches only; every rider rides both ways but each tenth."""
    return {
        name: text.encode()
        for name, text in {
            "school.toml": _school_toml(school_id),
            "stops.csv": _stops(stops),
            "vehicles.csv": _vehicles(coaches),
            "crew.csv": _crew(coaches),
            "riders.csv": _riders(riders, stops),
            f"roster-{friday.isoformat()}.csv": _roster(riders),
            "tariff.csv": TARIFF,
            "costs.csv": _costs(friday),
        }.items()
    }


def rider_id(number: int) -> str:
    """The student number of the n-th rider, from 0."""
    return f"2026{number:04d}"


def _school_toml(school_id: str) -> str:
    return f"""
school_id = "{school_id}"
name = "示例小学校（虚构）"
timezone = "Asia/Shanghai"
[term]
id = "2026-autumn"
starts_on = 2026-09-01
ends_on = 2027-01-22
[campus]
lat = 31.127
lon = 104.398
datum = "WGS84"
[people]
executor = "校车组"
responsible = "责任人甲"
supervisor = "督查人乙"
[planning]
max_ride_min = 75
ride_factor = 1.6
max_stops = 12
dwell_base_s = 30
dwell_rider_s = 3
returns_to_campus = true
detour_factor = 1.32
[finance]
basis = "ACCRUAL"
target_bp = 1000
fee_regime = "MARKET"
"""


def _stops(count: int) -> str:
    rows = ["站点编号,名称,纬度,经度,坐标系,类型,指定起,指定止,围栏米,票价段,备注"]
    for number in range(count):
        lat, lon = 31.127 + 0.03 * (number % 3 + 1), 104.398 + 0.04 * (number // 3 + 1)
        band = "A" if number % 2 == 0 else "B"
        rows.append(
            f"S{number:03d},示例站{number},{lat:.6f},{lon:.6f},WGS84,SCHOOL_BUS_STOP,2026-09-01,2027-01-31,60,{band},"
        )
    return "\n".join(rows) + "\n"


def _vehicles(count: int) -> str:
    rows = [
        "车牌号,类别,核载学生,核载总数,座位排数,每趟固定费,每公里费,使用许可至,检验至,标牌至,保险至,最多趟次"
    ]
    rows += [
        f"川F{number:05d},CHARTER_COACH,19,21,5,300,2.2,2027-06-30,2027-03-31,2027-03-31,2027-06-30,1"
        for number in range(count)
    ]
    return "\n".join(rows) + "\n"


def _crew(count: int) -> str:
    rows = ["工号,姓名,岗位,出生日期,资格至,审验至,标牌车辆"]
    for number in range(count):
        rows.append(f"D{number:03d},驾驶员{number},DRIVER,1985-05-05,2028-01-01,2027-12-31,川F{number:05d}")
        rows.append(f"A{number:03d},照管员{number},ATTENDANT,1990-05-05,,,")
    return "\n".join(rows) + "\n"


def _riders(count: int, stops: int) -> str:
    rows = ["学号,姓名,年级,班级,站点,可选站点,监护人,交接方式,减免"]
    for number in range(count):
        who = f"{rider_id(number)},{NAMES[number % len(NAMES)]},初一,{number % 4 + 1}班"
        rows.append(f"{who},S{number % stops:03d},,家长{number},SELF,")
    return "\n".join(rows) + "\n"


def _roster(count: int) -> str:
    rows = ["学号,姓名,离校,返校,站点,原因,备注"]
    for number in range(count):
        rides = number % 10 != 9
        word, reason = ("乘", "") if rides else ("不乘", "请假")
        rows.append(f"{rider_id(number)},{NAMES[number % len(NAMES)]},{word},{word},,{reason},")
    return "\n".join(rows) + "\n"


def _costs(friday: date) -> str:
    rows = ["日期,科目,金额,车牌号,趟次,说明,单据号,暂估", f"{friday},C01,210.50,川F00000,,油费,F-1,"]
    rows.append(f"{friday + timedelta(days=2)},C06,600,,,包车费,F-2,")
    return "\n".join(rows) + "\n"
