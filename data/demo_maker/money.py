"""The invented tariff, what each rider owes, and costs that leave a little more than a tenth."""

from dataclasses import dataclass

from demo_maker.fleet import DemoVehicle
from demo_maker.people import DemoEntry, DemoRider

FARES = {
    "A": ("TRIP", 1400),
    "B": ("TRIP", 2200),
    "C": ("WEEKEND", 5600),
    "D": ("WEEKEND", 7000),
    "E": ("MONTH", 20_000),
    "F": ("TERM", 126_000),
}
WEEKENDS = {"MONTH": 4, "TERM": 21}  # Fridays of November 2026, and of the term
COST_BP = 8_840  # of what the weekend earns: a goal of 10 % is met, with little to spare
# Shares of the costs, per mille, and what they are.
SHARES = (
    ("C01", 205, "加油、充电", True), ("C02", 45, "过路过桥", True), ("C03", 8, "停车", False),
    ("C04", 150, "驾驶员补贴", True), ("C05", 95, "照管人员补贴", True), ("C06", 345, "包车费", True),
    ("C07", 45, "保险分摊", False), ("C08", 50, "维修保养分摊", False), ("C09", 10, "检测证照分摊", False),
    ("C10", 32, "折旧分摊", False), ("C11", 10, "流量与平台", False), ("C14", 5, "支付手续费", False),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What a rider owes for a weekend: the unit's key and the fen after his waiver."""

    rider: DemoRider
    unit_key: str
    fen: int


def tariff_rows() -> list[tuple[str, ...]]:
    """The rows of tariff.csv."""
    rows = [("票价段", "计费单位", "票价", "生效", "失效")]
    for band, (unit, fen) in FARES.items():
        rows.append((band, unit, yuan(fen), "2026-09-01", "2027-01-31"))
    return rows


def dues_of(entries: list[DemoEntry], weekend: str) -> list[Due]:
    """What everybody owes when all who are on the list ride."""
    dues = []
    for entry in entries:
        unit, fen = FARES[entry.rider.stop.band]
        if not entry.rides:
            continue
        keys = {
            "TRIP": [f"TRIP:{weekend}:homeward"] * entry.homeward
            + [f"TRIP:{sunday(weekend)}:return"] * entry.back,
            "WEEKEND": [f"WEEKEND:{weekend}"],
            "MONTH": [f"MONTH:{weekend[:7]}"],
            "TERM": ["TERM:2026-autumn"],
        }[unit]
        dues += [
            Due(rider=entry.rider, unit_key=key, fen=_after_waiver(fen, entry.rider.waiver)) for key in keys
        ]
    return dues


def cost_rows(weekends: list[tuple[str, int, bool]], vehicles: list[DemoVehicle]) -> list[tuple[str, ...]]:
    """The rows of costs.csv for each weekend (its Friday, what it earns, whether still estimated)."""
    rows = [("日期", "科目", "金额", "车牌号", "趟次", "说明", "单据号", "暂估")]
    number = 0
    for friday, earned_fen, is_estimate in weekends:
        for on, half in ((friday, 0), (sunday(friday), 1)):
            total_fen = earned_fen * COST_BP // 10_000 // 2
            for code, share, note, is_by_vehicle in SHARES:
                fen = total_fen * share // 1000
                bearers = _bearers(code, vehicles) if is_by_vehicle else [None]
                for part, vehicle in zip(_parts(fen, bearers), bearers, strict=True):
                    number += 1
                    plate = vehicle.plate if vehicle else ""
                    document = "" if is_estimate else f"PZ2611-{number:04}"
                    way = "返校" if half else "离校"
                    rows.append(
                        (
                            on,
                            code,
                            yuan(part),
                            plate,
                            "",
                            f"{way}{note}",
                            document,
                            "是" if is_estimate else "否",
                        )
                    )
    return rows


def earned_fen(dues: list[Due]) -> int:
    """What of the dues belongs to one weekend: a month's or term's price by its weekends."""
    return sum(due.fen // WEEKENDS.get(due.unit_key.partition(":")[0], 1) for due in dues)


def yuan(fen: int) -> str:
    """The amount with two decimals."""
    return f"{fen // 100}.{fen % 100:02}"


def sunday(friday: str) -> str:
    """The Sunday of a weekend in the same month."""
    return f"{friday[:8]}{int(friday[8:]) + 2:02}"


def _after_waiver(fen: int, waiver: str) -> int:
    return {"": fen, "全免": 0, "减半": fen - (fen + 1) // 2, "减5元": fen - 500}[waiver]


def _bearers(code: str, vehicles: list[DemoVehicle]) -> list[DemoVehicle]:
    if code == "C06":
        return [vehicle for vehicle in vehicles if not vehicle.is_licensed]
    if code in {"C01", "C02", "C04"}:
        return [vehicle for vehicle in vehicles if vehicle.is_licensed]
    return vehicles


def _parts(fen: int, bearers: list[DemoVehicle | None]) -> list[int]:
    """The sum shared out by seats, to the fen."""
    weights = [vehicle.students if vehicle else 1 for vehicle in bearers]
    parts = [fen * weight // sum(weights) for weight in weights]
    parts[0] += fen - sum(parts)
    return parts
