"""The tables of a school folder: their columns, headers and limits, as ``docs/files.md`` promises them."""

from typing import Final

from busops.sheets.files.columns import Column, TableSpec


def _column(name: str, header: str, *aliases: str) -> Column:
    return Column(name=name, header=header, aliases=aliases)


def _needed(name: str, header: str, *aliases: str) -> Column:
    return Column(name=name, header=header, aliases=aliases, is_required=True)


STOPS: Final = TableSpec(
    kind="stops",
    columns=(
        _needed("stop_id", "站点编号", "站点", "站点代码", "编号", "stop"),
        _needed("name", "站点名称", "名称", "站名", "stop_name"),
        _needed("lat", "纬度", "latitude"),
        _needed("lon", "经度", "longitude", "lng"),
        _needed("datum", "坐标系", "坐标系统"),
        _needed("kind", "类型", "站点类型", "stop_kind"),
        _needed("designated_from", "指定起", "指定起日", "指定开始", "批准起"),
        _column("designated_to", "指定止", "指定止日", "指定结束", "批准止"),
        _column("radius_m", "围栏米", "围栏半径", "围栏", "radius"),
        _needed("band", "票价段", "票价区间", "fare_band"),
        _column("note", "备注", "说明"),
    ),
)
VEHICLES: Final = TableSpec(
    kind="vehicles",
    columns=(
        _needed("plate", "车牌号", "车牌", "车牌号码", "号牌号码"),
        _needed("vehicle_class", "类别", "车辆类别", "class"),
        _needed("approved_students", "核载学生", "核载学生数", "students"),
        _needed("approved_total", "核载总数", "核载人数", "核定载客", "total"),
        _needed("rows", "座位排数", "排数"),
        _needed("fixed_yuan", "每趟固定费", "固定费", "fixed"),
        _needed("per_km_yuan", "每公里费", "公里费", "per_km"),
        _column("permit_to", "使用许可至", "使用许可有效期至"),
        _column("inspection_to", "检验至", "检验有效期至", "年检至"),
        _column("plate_to", "标牌至", "标牌有效期至"),
        _column("insurance_to", "保险至", "保险有效期至"),
        _column("max_trips", "最多趟次", "趟次上限"),
        _column("evidence", "清车证据级别", "证据级别"),
    ),
)
CREW: Final = TableSpec(
    kind="crew",
    columns=(
        _needed("crew_id", "工号", "人员编号"),
        _needed("name", "姓名"),
        _needed("role", "岗位", "角色", "职务"),
        _column("born_on", "出生日期", "出生年月日", "生日"),
        _column("qualified_to", "资格至", "资格有效期至"),
        _column("audit_to", "审验至", "审验有效期至"),
        _column("plates", "标牌车辆", "驾驶车辆", "plate"),
    ),
)
LINES: Final = TableSpec(
    kind="lines",
    columns=(
        _needed("line_id", "线路编号", "线路", "line"),
        _needed("plate", "车牌号", "车牌"),
        _needed("seq", "站序", "序号", "顺序"),
        _needed("stop_id", "站点编号", "站点", "stop"),
        _column("departs_at", "发车时间", "时间", "departs"),
    ),
)
RIDERS: Final = TableSpec(
    kind="riders",
    columns=(
        _needed("rider_id", "学号", "学生编号", "student_id"),
        _needed("name", "姓名", "学生姓名"),
        _needed("grade", "年级"),
        _needed("class", "班级", "班", "class_name"),
        _needed("stop_id", "站点", "站点编号", "乘车站点", "stop"),
        _column("other_stops", "可选站点", "备选站点", "其他站点"),
        _column("guardian", "监护人", "监护人姓名", "家长", "家长姓名"),
        _column("handover", "交接方式", "交接"),
        _column("persons", "接领人", "指定接领人", "接领人名单"),
        _column("waiver", "减免", "减免情况"),
        _column("serial", "序号", "no"),
    ),
)
ROSTER: Final = TableSpec(
    kind="roster",
    columns=(
        _needed("rider_id", "学号", "学生编号", "student_id"),
        _needed("name", "姓名", "学生姓名"),
        _needed("homeward", "离校", "离校乘车", "周五离校"),
        _needed("return", "返校", "返校乘车", "周日返校"),
        _column("stop_id", "站点", "站点编号", "本周站点", "stop"),
        _column("reason", "原因", "不乘原因", "未乘原因"),
        _column("note", "备注", "说明"),
        _column("grade", "年级"),
        _column("class", "班级", "班", "class_name"),
        _column("serial", "序号", "no"),
    ),
)
TARIFF: Final = TableSpec(
    kind="tariff",
    columns=(
        _needed("band", "票价段", "票价区间"),
        _needed("unit", "计费单位", "单位"),
        _needed("yuan", "票价", "价格", "金额"),
        _needed("from_on", "生效", "生效日期", "生效日", "from"),
        _column("to_on", "失效", "失效日期", "失效日", "to"),
    ),
)
COSTS: Final = TableSpec(
    kind="costs",
    columns=(
        _needed("on", "日期", "date"),
        _needed("code", "科目", "科目代码", "成本科目"),
        _needed("yuan", "金额", "amount"),
        _column("plate", "车牌号", "车牌"),
        _column("run", "趟次"),
        _column("note", "说明", "备注", "摘要"),
        _column("document", "单据号", "凭证号", "发票号"),
        _column("estimate", "暂估", "是否暂估"),
        _column("tax", "税额"),
        _column("line", "线路"),
        _column("from_on", "费用起"),
        _column("to_on", "费用止"),
    ),
)
TRAVEL: Final = TableSpec(
    kind="travel",
    columns=(
        _needed("from", "起", "起点", "origin"),
        _needed("to", "止", "终点", "destination"),
        _needed("distance_m", "米", "距离", "距离米", "distance"),
        _needed("duration_s", "秒", "时间", "时间秒", "duration"),
    ),
    max_rows=250_000,
)
RULES: Final = TableSpec(
    kind="rules",
    columns=(
        _needed("kind", "规则", "规则类型", "rule"),
        _column("riders", "学号", "学生", "rider_ids"),
        _column("plates", "车牌号", "车牌", "车辆", "plate"),
        _column("stops", "站点编号", "站点", "stop_ids"),
        _column("ready_min", "首班后分钟", "首班后几分钟可用"),
        _needed("from_on", "起", "生效", "生效日期", "from"),
        _column("to_on", "止", "失效", "失效日期", "to"),
        _needed("reason", "原因", "理由", "说明"),
    ),
)
SPECS: Final = {
    spec.kind: spec for spec in (STOPS, VEHICLES, CREW, LINES, RIDERS, ROSTER, TARIFF, COSTS, TRAVEL, RULES)
}
