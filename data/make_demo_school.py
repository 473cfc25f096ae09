"""
Writes the demo school: an invented boarding school at Deyang in the files that a school hands over.

    python data/make_demo_school.py [--out data/demo] [--seed 20260901]

The same seed gives the same bytes. Nothing in it is real but the places of the towns.
"""

import argparse
import json
from datetime import date
from pathlib import Path
from random import Random

from demo_maker.fleet import crew_rows, line_rows, make_vehicles, vehicle_rows
from demo_maker.money import cost_rows, dues_of, earned_fen, tariff_rows, yuan
from demo_maker.payments import CASH, PLATFORM, WECHAT, WECHAT_LATE, Fault, Line, Payments, rider_of
from demo_maker.people import ENTRY_YEAR, DemoEntry, DemoRider, make_riders, make_roster
from demo_maker.places import CAMPUS, make_stops, stop_rows
from demo_maker.writing import csv_file, workbook

NAME = "德阳示例寄宿学校（虚构）"
SEED = 20260901
FIRST, SECOND = "2026-11-13", "2026-11-20"
LOST_ZEROS = 6
SHORT_NAME = 2
SPACED_EACH = 5  # every fifth name of two characters is written with a blank between
FIRST_LINE = 3  # a title and a header stand above the lines of a workbook
README = """# A fictitious school

**Everything here is invented**: the school, its riders, guardians, crews, vehicles, number plates,
stops, prices, costs and payments. Only the places of the towns are real (GeoNames, CC BY 4.0, see
`../SOURCES.md`). The files are made by `../make_demo_school.py` from a seed; do not edit them by
hand.

They are shaped like the files of real schools: a merged title above, a total row below, blanks
inside names, student numbers that lost their leading zero, grades and classes in several spellings,
one file in GB18030, some coordinates in GCJ-02. `docs/files.md` says what each file is. The school
has about 2,400 pupils, 1,096 of them registered for the bus, 1,060 on the first weekend (Friday
2026-11-13; the second is 2026-11-20).

`receipts/` holds the payments of the first weekend with the usual faults; `PLANTED.json` lists each
fault with the status that its lines and rows must get.
"""
TOML = f"""# {NAME}: synthetic data, see README.md
school_id = "demo"
name = "{NAME}"
timezone = "Asia/Shanghai"

[term]
id = "2026-autumn"
starts_on = 2026-09-01
ends_on = 2027-01-22

[campus]
lat = {CAMPUS.lat:.6f}
lon = {CAMPUS.lon:.6f}
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


def make_school(seed: int) -> dict[str, bytes]:
    """Every file of the demo school by its path."""
    random = Random(seed)
    stops = make_stops(random)
    riders = make_riders(random, stops)
    first = make_roster(random, riders, is_second=False)
    second = make_roster(random, riders, is_second=True)
    vehicles = make_vehicles()
    dues = dues_of(first, FIRST)
    lines, faults = Payments(random, dues).make()
    weekends = [(FIRST, earned_fen(dues), False), (SECOND, earned_fen(dues_of(second, SECOND)), True)]
    return {
        "README.md": README.encode(),
        "school.toml": TOML.encode(),
        "stops.csv": csv_file(stop_rows(stops)),
        "vehicles.csv": csv_file(vehicle_rows(vehicles), encoding="gb18030"),
        "crew.csv": csv_file(crew_rows(random, vehicles)),
        "lines.csv": csv_file(line_rows(vehicles, stops)),
        "riders.xlsx": _riders_file(riders),
        f"roster-{FIRST}.xlsx": _roster_workbook(first),
        f"roster-{SECOND}.csv": csv_file(_roster_rows(second)),
        "tariff.csv": csv_file(tariff_rows()),
        "costs.csv": csv_file(cost_rows(weekends, vehicles)),
        **_receipts(random, lines),
        "PLANTED.json": _planted(faults),
    }


def _riders_file(riders: list[DemoRider]) -> bytes:
    rows: list[tuple[object, ...]] = [
        ("序号", "学号", "姓名", "年级", "班级", "站点", "可选站点", "监护人", "交接方式", "接领人", "减免")
    ]
    lost = range(100, 100 * (LOST_ZEROS + 1), 100)
    for at, rider in enumerate(riders):
        number: object = int(rider.rider_id) if at in lost else rider.rider_id
        others = ";".join(rider.other_stops)
        row = (at + 1, number, _spaced(rider.name, at), *_class_as_written(rider), rider.stop.stop_id)
        fetched_by = f"{rider.guardian}(监护人)" if rider.handover == "LISTED" else ""
        rows.append((*row, others, rider.guardian, rider.handover, fetched_by, rider.waiver))
    title = f"{NAME}2026年秋季学期周末校车乘车登记表"
    widths = (6, 12, 10, 12, 9, 9, 14, 10, 10, 16, 8)
    return workbook(title, rows, sheet="乘车登记", widths=widths, total=("合计", f"{len(riders)}人"))


def _class_as_written(rider: DemoRider) -> tuple[str, str]:
    """Each class teacher writes the class in a way of his own."""
    match rider.class_no:
        case 2:
            return f"{rider.grade[0]}20{ENTRY_YEAR[rider.grade]}级", f"({rider.class_no})班"
        case 3 if rider.grade[0] == "初":
            number = "七八九"["一二三".index(rider.grade[1])]
            return f"{number}年级", f"{rider.class_no}班"
        case 5:
            return rider.grade, f"（{rider.class_no}）班"
        case 7:
            return rider.grade, f"{rider.grade}{rider.class_no}班"
        case _:
            return rider.grade, f"{rider.class_no}班"


def _spaced(name: str, at: int) -> str:
    return "　".join(name) if len(name) == SHORT_NAME and at % SPACED_EACH == 0 else name


def _roster_rows(entries: list[DemoEntry]) -> list[tuple[str, ...]]:
    words = {True: "乘", False: "不乘"}
    rows = [("学号", "姓名", "离校", "返校", "站点", "原因", "备注")]
    for entry in entries:
        rider = entry.rider
        ways = (words[entry.homeward], words[entry.back])
        rows.append((rider.rider_id, rider.name, *ways, entry.stop_id, entry.reason, entry.note))
    return rows


def _roster_workbook(entries: list[DemoEntry]) -> bytes:
    count = sum(bool(entry.rides) for entry in entries)
    title = f"{NAME}11月13日周末乘车名单"
    widths = (12, 10, 8, 8, 9, 16, 16)
    total = ("合计", f"乘车{count}人")
    return workbook(title, _roster_rows(entries), sheet="11月13日", widths=widths, total=total)


def _receipts(random: Random, lines: list[Line]) -> dict[str, bytes]:
    """The four files of receipts; each line learns its row."""
    files = {}
    for name in (PLATFORM, WECHAT, CASH, WECHAT_LATE):
        mine = sorted(
            (line for line in lines if line.file == name),
            key=lambda line: (line.paid_on, line.reference, line.payer),
        )
        for number, line in enumerate(mine, start=2 if name == PLATFORM else FIRST_LINE):
            line.number = number
        maker = {PLATFORM: _platform_file, CASH: _cash_file}.get(name, _wechat_file)
        files[f"receipts/{name}"] = maker(random, mine)
    return files


def _platform_file(random: Random, lines: list[Line]) -> bytes:
    rows: list[tuple[object, ...]] = [
        ("流水号", "学号", "姓名", "年级", "班级", "应缴(元)", "实缴(元)", "缴费时间", "状态")
    ]
    for line in lines:
        rider = rider_of(line)
        moment = (
            f"{line.paid_on} {random.randint(7, 22):02}:{random.randint(0, 59):02}:{random.randint(0, 59):02}"
        )
        who = (rider.rider_id, rider.name, rider.grade, f"{rider.class_no}班")
        paid = yuan(line.fen) if line.state == "已支付" else "0.00"
        rows.append((line.reference, *who, yuan(line.fen), paid, moment, line.state))
    total = sum(line.fen for line in lines if line.state == "已支付")
    rows.append(("合计", "", "", "", "", "", yuan(total), "", ""))
    return csv_file(rows, encoding="gb18030")


def _wechat_file(_random: Random, lines: list[Line]) -> bytes:
    rows: list[tuple[object, ...]] = [("日期", "付款人", "金额（元）", "备注", "交易单号", "类型")]
    for line in lines:
        kind = "退款" if line.fen < 0 else "收款"
        row = (
            date.fromisoformat(line.paid_on),
            line.payer,
            line.fen / 100,
            line.remark,
            line.reference,
            kind,
        )
        rows.append(row)
    total = ("合计", "", sum(line.fen for line in lines) / 100)
    widths = (12, 12, 12, 40, 24, 8)
    return workbook(f"{NAME}校车费微信收款登记", rows, sheet="微信", widths=widths, total=total)


def _cash_file(_random: Random, lines: list[Line]) -> bytes:
    rows: list[tuple[object, ...]] = [("收据号", "日期", "姓名", "班级", "金额（元）", "备注")]
    for at, line in enumerate(lines):
        rider = rider_of(line)
        on = date.fromisoformat(line.paid_on)
        school_class = f"{rider.grade}({rider.class_no})班"
        rows.append((f"SJ{at + 1:04}", on, rider.name, school_class, line.fen / 100, "现金"))
    total = ("合计", "", "", "", sum(line.fen for line in lines) / 100)
    widths = (10, 12, 10, 12, 12, 10)
    return workbook(f"{NAME}校车费现金收据登记", rows, sheet="现金", widths=widths, total=total)


def _planted(faults: list[Fault]) -> bytes:
    document = {
        "weekend_on": FIRST,
        "note": "What a faultless boarding of everybody on the list must be reconciled to; a match that was "
        "not certain also bears LOW_CONFIDENCE. Synthetic.",
        "faults": [
            {
                "kind": fault.kind,
                "receipts": [
                    {"file": line.file, "line": line.number, "amount_fen": line.fen, "status": status}
                    for line, status in fault.lines
                ],
                "rows": fault.rows,
            }
            for fault in faults
        ],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def main() -> None:
    """Writes every file below the given folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent / "demo")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    for name, content in make_school(arguments.seed).items():
        path = arguments.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        print(f"{len(content):>8} {path}")


if __name__ == "__main__":
    main()
