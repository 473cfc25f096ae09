"""Small files as schools write them, made in memory: CSV in any encoding, XLSX with titles and merges."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date

import xlsxwriter

Cells = Sequence[object]

TOML = """school_id = "dw"
name = "测试学校（虚构）"
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
responsible = "责任人"
supervisor = "督查人"
[planning]
max_ride_min = 75
ride_factor = 1.6
detour_factor = 1.32
[finance]
basis = "ACCRUAL"
"""
STOPS = (
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
    ),
    ("S001", "旌阳一站", "31.13", "104.38", "WGS84", "SCHOOL_BUS_STOP", "2026-09-01", "", "60", "A", ""),
    (
        "S002",
        "罗江车站",
        "31.30",
        "104.50",
        "WGS84",
        "BUS_PLATFORM",
        "2026-09-01",
        "2027-01-31",
        "60",
        "B",
        "",
    ),
)
VEHICLES = (
    (
        "车牌号",
        "类别",
        "核载学生",
        "核载总数",
        "座位排数",
        "每趟固定费",
        "每公里费",
        "检验至",
        "保险至",
        "最多趟次",
    ),
    ("川F10001", "CHARTER_COACH", "45", "49", "11", "540", "3.2", "2027-06-30", "2027-06-30", "1"),
)
CREW = (
    ("工号", "姓名", "岗位", "出生日期", "资格至", "审验至", "标牌车辆"),
    ("D01", "甲驾驶", "DRIVER", "1985-05-05", "2027-12-31", "2027-12-31", "川F10001"),
    ("A01", "乙照管", "ATTENDANT", "1990-05-05", "", "", ""),
)
RIDERS = (
    ("学号", "姓名", "年级", "班级", "站点", "可选站点", "监护人", "交接方式", "减免"),
    ("00230001", "张伟", "初一", "3班", "S001", "", "张大", "SELF", ""),
    ("00230002", "李娜", "高一", "1班", "S002", "S001", "李大", "LISTED", ""),
)
ROSTER = (
    ("学号", "姓名", "离校", "返校", "站点", "原因", "备注"),
    ("00230001", "张伟", "乘", "乘", "", "", ""),
    ("00230002", "李娜", "乘", "不乘", "", "请假", ""),
)
TARIFF = (
    ("票价段", "计费单位", "票价", "生效", "失效"),
    ("A", "TRIP", "9", "2026-09-01", "2027-01-31"),
    ("B", "TRIP", "15.50", "2026-09-01", "2027-01-31"),
)
COSTS = (
    ("日期", "科目", "金额", "车牌号", "趟次", "说明", "单据号", "暂估"),
    ("2026-11-13", "C01", "820.50", "川F10001", "", "加油", "P1", "否"),
)


def csv_bytes(rows: Sequence[Cells], encoding: str = "utf-8-sig") -> bytes:
    """The rows as CSV."""
    text = "\r\n".join(",".join(str(cell) for cell in row) for row in rows) + "\r\n"
    return text.encode(encoding)


def xlsx_bytes(
    rows: Sequence[Cells],
    *,
    title: str = "",
    sheet: str = "Sheet1",
    more: Callable[[xlsxwriter.Workbook, object], None] | None = None,
) -> bytes:
    """The rows as XLSX: numbers as numbers, days as days; ``title`` is merged over the first row."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    page = book.add_worksheet(sheet)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    shift = 0
    if title:
        page.merge_range(0, 0, 0, len(rows[0]) - 1, title)
        shift = 1
    for at, row in enumerate(rows, start=shift):
        for column, value in enumerate(row):
            if isinstance(value, date):
                page.write_datetime(at, column, value, day)
            elif isinstance(value, str):
                page.write_string(at, column, value)
            elif value is not None:
                page.write(at, column, value)
    if more:
        more(book, page)
    book.close()
    return target.getvalue()


def school_files(**changed: bytes | None) -> dict[str, bytes]:
    """A small, faultless school folder; ``stops=…`` replaces stops.csv, None leaves it out."""
    files = {
        "school": ("school.toml", TOML.encode()),
        "stops": ("stops.csv", csv_bytes(STOPS)),
        "vehicles": ("vehicles.csv", csv_bytes(VEHICLES, "gb18030")),
        "crew": ("crew.csv", csv_bytes(CREW)),
        "riders": ("riders.xlsx", xlsx_bytes(RIDERS)),
        "roster": ("roster-2026-11-13.xlsx", xlsx_bytes(ROSTER)),
        "tariff": ("tariff.csv", csv_bytes(TARIFF)),
        "costs": ("costs.csv", csv_bytes(COSTS)),
    }
    files |= {key: (name, changed[key]) for key, (name, _) in files.items() if key in changed}
    return {name: content for name, content in files.values() if content is not None}


def repacked(xlsx: bytes, changes: Mapping[str, bytes | None]) -> bytes:
    """The workbook with some of its parts replaced, added or (None) left out."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in changes:
                new.writestr(name, old.read(name))
        for name, content in changes.items():
            if content is not None:
                new.writestr(name, content)
    return target.getvalue()
