"""
The lists of the register as pages show them: columns, filters and rows of each table.

Only values for ``parts/table.html``; loading is the service's, drawing the templates'.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from busops.domain.findings import Finding, Severity
from busops.domain.values import school_date
from busops.services import register_lists
from busops.web.context import current
from busops.web.language import code_words, say
from busops.web.tables import Column, Filter, Listing, arrange

RIDERS_A_PAGE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """How one list is made: its rows, its columns and its filters."""

    rows: Callable[[], Sequence[Any]]
    columns: Callable[[], tuple[Column, ...]]
    filters: Callable[[Sequence[Any]], tuple[Filter, ...]]
    page_rows: int = 200


def listing(kind: str) -> Listing:
    """The rows that the address asks for."""
    page = PAGES[kind]
    rows = page.rows()
    return arrange(rows, page.columns(), filters=page.filters(rows), page_rows=page.page_rows)


def worst(papers: Iterable[Finding]) -> str:
    """``bad`` when a paper forbids to run, ``warn`` when one soon will, else nothing."""
    severities = {finding.severity for finding in papers}
    return "bad" if Severity.BLOCK in severities else "warn" if severities else ""


def _today() -> date:
    return school_date(current().clock.now())


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)


def _state(row: Any) -> str:
    return "retired" if row.retired_on else "in_use"


def _state_filter(_: Sequence[Any] = ()) -> Filter:
    choices = (("in_use", say("在用")), ("retired", say("已退出")))
    return Filter(key="state", word=say("状态"), choices=choices, of=_state)


def _choices(values: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((value, value) for value in sorted(set(values)) if value)


def _coded(prefix: str, values: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((value, code_words(f"{prefix}.{value}")) for value in sorted(set(values)))


def _rider_columns() -> tuple[Column, ...]:
    return (
        Column(key="rider_id", word=say("学号"), of=lambda row: row.rider.rider_id, searched=True),
        Column(key="name", word=say("姓名"), of=lambda row: row.rider.name, searched=True),
        Column(key="grade", word=say("年级"), of=lambda row: row.rider.grade),
        Column(key="class", word=say("班级"), of=lambda row: row.rider.class_name, searched=True),
        Column(key="stop", word=say("站点"), of=lambda row: row.rider.stop_id, searched=True),
        Column(key="stop_name", word=say("站点名称"), of=lambda row: row.stop_name, searched=True, text=True),
        Column(key="others", word=say("可选站点"), of=lambda row: ";".join(row.rider.other_stops)),
        Column(key="guardian", word=say("监护人"), of=lambda row: row.rider.guardian, searched=True),
        Column(key="handover", word=say("交接方式"), of=lambda row: row.rider.handover.value),
        Column(key="waiver", word=say("减免"), of=lambda row: row.rider.waiver),
        Column(key="state", word=say("状态"), of=_state),
    )


def _rider_filters(rows: Sequence[Any]) -> tuple[Filter, ...]:
    grades = _choices(row.rider.grade for row in rows)
    stops = _choices(row.rider.stop_id for row in rows)
    return (
        Filter(key="grade", word=say("年级"), choices=grades, of=lambda row: row.rider.grade),
        Filter(key="stop", word=say("站点"), choices=stops, of=lambda row: row.rider.stop_id),
        _state_filter(),
    )


def _stop_columns() -> tuple[Column, ...]:
    return (
        Column(key="stop_id", word=say("站点编号"), of=lambda row: row.stop.stop_id, searched=True),
        Column(key="name", word=say("站点名称"), of=lambda row: row.stop.name, searched=True, text=True),
        Column(key="kind", word=say("类型"), of=lambda row: row.stop.kind.value),
        Column(key="band", word=say("票价段"), of=lambda row: row.stop.band),
        Column(key="riders", word=say("学生"), of=lambda row: row.riders, numeric=True),
        Column(key="from", word=say("指定起"), of=lambda row: row.stop.designated_from),
        Column(key="to", word=say("指定止"), of=lambda row: row.stop.designated_to),
        Column(key="radius", word=say("围栏（米）"), of=lambda row: row.stop.radius_m, numeric=True),
        Column(key="lat", word=say("纬度"), of=lambda row: f"{row.stop.position.lat:.6f}", numeric=True),
        Column(key="lon", word=say("经度"), of=lambda row: f"{row.stop.position.lon:.6f}", numeric=True),
        Column(key="state", word=say("状态"), of=_state),
    )


def _stop_filters(rows: Sequence[Any]) -> tuple[Filter, ...]:
    bands = _choices(row.stop.band for row in rows)
    kinds = _coded("stop_kind", (row.stop.kind.value for row in rows))
    return (
        Filter(key="kind", word=say("类型"), choices=kinds, of=lambda row: row.stop.kind.value),
        Filter(key="band", word=say("票价段"), choices=bands, of=lambda row: row.stop.band),
        _state_filter(),
    )


def _vehicle_columns() -> tuple[Column, ...]:
    return (
        Column(key="plate", word=say("车牌号"), of=lambda row: row.vehicle.plate, searched=True),
        Column(key="class", word=say("类别"), of=lambda row: row.vehicle.vehicle_class.value),
        Column(
            key="students", word=say("学生座"), of=lambda row: row.vehicle.approved_students, numeric=True
        ),
        Column(key="total", word=say("核载总数"), of=lambda row: row.vehicle.approved_total, numeric=True),
        Column(key="fixed", word=say("每趟(元)"), of=lambda row: _yuan(row.vehicle.fixed_fen), numeric=True),
        Column(key="km", word=say("每公里(元)"), of=lambda row: _yuan(row.vehicle.per_km_fen), numeric=True),
        Column(key="permit", word=say("使用许可至"), of=lambda row: row.vehicle.permit_to),
        Column(key="inspection", word=say("检验至"), of=lambda row: row.vehicle.inspection_to),
        Column(key="plate_to", word=say("标牌至"), of=lambda row: row.vehicle.plate_to),
        Column(key="insurance", word=say("保险至"), of=lambda row: row.vehicle.insurance_to),
        Column(key="trips", word=say("最多趟次"), of=lambda row: row.vehicle.max_trips, numeric=True),
        Column(key="papers", word=say("证件"), of=lambda row: worst(row.papers)),
    )


def _paper_filter() -> Filter:
    choices = (("bad", say("不能上路")), ("warn", say("30 天内到期")))
    return Filter(key="papers", word=say("证件"), choices=choices, of=lambda row: worst(row.papers))


def _vehicle_filters(rows: Sequence[Any]) -> tuple[Filter, ...]:
    kinds = _coded("vehicle_class", (row.vehicle.vehicle_class.value for row in rows))
    return (
        Filter(key="class", word=say("类别"), choices=kinds, of=lambda row: row.vehicle.vehicle_class.value),
        _paper_filter(),
        _state_filter(),
    )


def _crew_columns() -> tuple[Column, ...]:
    return (
        Column(key="crew_id", word=say("工号"), of=lambda row: row.member.crew_id, searched=True),
        Column(key="name", word=say("姓名"), of=lambda row: row.member.name, searched=True),
        Column(key="role", word=say("岗位"), of=lambda row: row.member.role.value),
        Column(key="born", word=say("出生日期"), of=lambda row: row.member.born_on),
        Column(key="qualified", word=say("资格至"), of=lambda row: row.member.qualified_to),
        Column(key="audit", word=say("审验至"), of=lambda row: row.member.audit_to),
        Column(
            key="plates",
            word=say("标牌车辆"),
            of=lambda row: ";".join(sorted(row.member.plates)),
            searched=True,
        ),
        Column(key="papers", word=say("证件"), of=lambda row: worst(row.papers)),
    )


def _crew_filters(rows: Sequence[Any]) -> tuple[Filter, ...]:
    roles = _coded("crew_role", (row.member.role.value for row in rows))
    return (
        Filter(key="role", word=say("岗位"), choices=roles, of=lambda row: row.member.role.value),
        _paper_filter(),
        _state_filter(),
    )


def _line_columns() -> tuple[Column, ...]:
    return (
        Column(key="line_id", word=say("线路编号"), of=lambda row: row.line.line_id, searched=True),
        Column(key="plate", word=say("车牌号"), of=lambda row: row.line.plate, searched=True),
        Column(key="count", word=say("站数"), of=lambda row: len(row.line.stops), numeric=True),
        Column(
            key="stops", word=say("站点"), of=lambda row: " → ".join(row.stop_names), searched=True, text=True
        ),
        Column(key="state", word=say("状态"), of=_state),
    )


def _tariff_columns() -> tuple[Column, ...]:
    return (
        Column(key="band", word=say("票价段"), of=lambda row: row.band, searched=True),
        Column(key="unit", word=say("计费单位"), of=lambda row: row.unit.value),
        Column(key="yuan", word=say("票价(元)"), of=lambda row: _yuan(row.fen), numeric=True),
        Column(key="from", word=say("生效"), of=lambda row: row.from_on),
        Column(key="to", word=say("失效"), of=lambda row: row.to_on),
    )


def _tariff_filters(rows: Sequence[Any]) -> tuple[Filter, ...]:
    units = _coded("fare_unit", (row.unit.value for row in rows))
    return (Filter(key="unit", word=say("计费单位"), choices=units, of=lambda row: row.unit.value),)


PAGES: Final[Mapping[str, ListPage]] = {
    "riders": ListPage(
        rows=lambda: register_lists.riders(current().database, with_retired=True),
        columns=_rider_columns,
        filters=_rider_filters,
        page_rows=RIDERS_A_PAGE,
    ),
    "stops": ListPage(
        rows=lambda: register_lists.stops(current().database, today=_today()),
        columns=_stop_columns,
        filters=_stop_filters,
    ),
    "vehicles": ListPage(
        rows=lambda: register_lists.vehicles(current().database, today=_today()),
        columns=_vehicle_columns,
        filters=_vehicle_filters,
    ),
    "crew": ListPage(
        rows=lambda: register_lists.crew(current().database, today=_today()),
        columns=_crew_columns,
        filters=_crew_filters,
    ),
    "lines": ListPage(
        rows=lambda: register_lists.lines(current().database),
        columns=_line_columns,
        filters=lambda _: (_state_filter(),),
    ),
    "tariff": ListPage(
        rows=lambda: register_lists.tariff(current().database),
        columns=_tariff_columns,
        filters=_tariff_filters,
    ),
}
