"""
Small bills made from the lists of fields that channels publish: every name and number is invented.

A maker takes rows as dictionaries by column and writes the totals that follow from them, so
that a test changes one thing and sees what the reader makes of it.
"""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence

from tests.unit.sheets.sheet_files import xlsx_bytes

WECHAT_27 = (
    *("交易时间", "公众账号ID", "商户号", "特约商户号", "设备号", "微信订单号", "商户订单号", "用户标识"),
    *("交易类型", "交易状态", "付款银行", "货币种类", "应结订单金额", "代金券金额", "微信退款单号"),
    *("商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态", "商品名称", "商户数据包"),
    *("手续费", "费率", "订单金额", "申请退款金额", "费率备注"),
)
WECHAT_26 = WECHAT_27[:-1]
OF_REFUNDS = frozenset(
    {
        *("微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态"),
        "申请退款金额",
    }
)
WECHAT_20 = tuple(name for name in WECHAT_27 if name not in OF_REFUNDS)
WECHAT_TOTALS = (
    *("总交易单数", "应结订单总金额", "退款总金额", "充值券退款总金额", "手续费总金额", "订单总金额"),
    "申请退款总金额",
)
TOTAL_OF = {
    "应结订单总金额": "应结订单金额",
    "退款总金额": "退款金额",
    "充值券退款总金额": "充值券退款金额",
    "手续费总金额": "手续费",
    "订单总金额": "订单金额",
    "申请退款总金额": "申请退款金额",
}
Row = Mapping[str, str]


def yuan(fen: int) -> str:
    """Fen as bills write them."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02}"


def fen(text: str) -> int:
    """What a bill's amount comes to."""
    return round(number(text) * 100)


def number(text: str | None) -> float:
    """What a cell adds to a total; what is no number adds nothing."""
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def wechat_paid(number: int, amount_fen: int, **changed: str) -> Row:
    """A payment; ``number`` tells orders apart."""
    row = {
        "交易时间": f"2026-11-{10 + number % 9:02} 08:00:{number % 60:02}",
        "公众账号ID": "wx0000000000000000",
        "商户号": "1900000000",
        "特约商户号": "0",
        "微信订单号": f"4200000000202611{number:012}",
        "商户订单号": f"BUS{number:08}",
        "用户标识": f"oTest{number % 50:023}",
        "交易类型": "JSAPI",
        "交易状态": "SUCCESS",
        "付款银行": "OTHERS",
        "货币种类": "CNY",
        "应结订单金额": yuan(amount_fen),
        "代金券金额": "0.00",
        "微信退款单号": "0",
        "商户退款单号": "0",
        "退款金额": "0.00",
        "充值券退款金额": "0.00",
        "商品名称": "校车费,初一(3)班",
        "商户数据包": f"C{number:06}",
        "手续费": f"{amount_fen * 6 / 100_000:.5f}",
        "费率": "0.60%",
        "订单金额": yuan(amount_fen),
        "申请退款金额": "0.00",
    }
    return {**row, **changed}


def wechat_back(number: int, amount_fen: int, refund: int = 1, **changed: str) -> Row:
    """A refund of that payment: its own numbers, the amount positive, the fee negative."""
    row = {
        **wechat_paid(number, amount_fen),
        "交易时间": f"2026-11-{20 + number % 9:02} 09:00:00",
        "交易状态": "REFUND",
        "应结订单金额": "0.00",
        "微信退款单号": f"5030000000202611{number:06}{refund:06}",
        "商户退款单号": f"R{number:08}{refund}",
        "退款金额": yuan(amount_fen),
        "退款类型": "ORIGINAL",
        "退款状态": "SUCCESS",
        "手续费": f"{-amount_fen * 6 / 100_000:.5f}",
        "订单金额": "0.00",
        "申请退款金额": yuan(amount_fen),
    }
    return {**row, **changed}


def wechat_lines(rows: Iterable[Row], header: Sequence[str] = WECHAT_27, **totals: str) -> list[str]:
    """The bill's lines: header, rows behind backticks, and the totals that follow from them."""
    rows = list(rows)
    lines = [",".join(header)]
    lines += [",".join(f"`{row.get(name, '')}" for name in header) for row in rows]
    sums = {
        name: f"{sum(number(row.get(column)) for row in rows if column in header):.2f}"
        for name, column in TOTAL_OF.items()
    }
    values = {"总交易单数": str(len(rows)), **sums, **totals}
    lines.append(",".join(WECHAT_TOTALS))
    lines.append(",".join(f"`{values[name]}" for name in WECHAT_TOTALS))
    return lines


def text_bytes(lines: Iterable[str], *, encoding: str = "utf-8-sig", end: str = "\r\n") -> bytes:
    """The lines as a file."""
    return "".join(line + end for line in lines).encode(encoding)


def wechat_bill(*rows: Row, header: Sequence[str] = WECHAT_27, **totals: str) -> bytes:
    """A merchant's bill as it is downloaded."""
    return text_bytes(wechat_lines(rows, header, **totals))


ALIPAY_25 = (
    *("支付宝交易号", "商户订单号", "业务类型", "商品名称", "创建时间", "完成时间", "门店编号", "门店名称"),
    *("操作员", "终端号", "对方账户", "订单金额（元）", "商家实收（元）", "支付宝红包（元）", "集分宝（元）"),
    *("支付宝优惠（元）", "商家优惠（元）", "券核销金额（元）", "券名称", "商家红包消费金额（元）"),
    *("卡消费金额（元）", "退款批次号/请求号", "服务费（元）", "分润（元）", "备注"),
)


def alipay_row(number: int, amount_fen: int, *, back: str = "", sign: str = "-", **changed: str) -> Row:
    """A payment, or with ``back`` (the refund's number) a refund whose amount has that sign."""
    written = yuan(amount_fen) if not back else f"{sign}{yuan(amount_fen)}"
    row = {
        "支付宝交易号": f"202611102200{number:016}\t",
        "商户订单号": f"BUS{number:08}\t",
        "业务类型": "退款" if back else "交易",
        "商品名称": "校车费",
        "创建时间": f"2026-11-{10 + number % 9:02} 08:00:{number % 60:02}",
        "完成时间": f"2026-11-{10 + number % 9:02} 08:01:{number % 60:02}",
        "对方账户": "**伟(138******89)",
        "订单金额（元）": written,
        "商家实收（元）": written,
        "退款批次号/请求号": back,
        "服务费（元）": yuan(-amount_fen * 6 // 1000),
        "备注": "",
    }
    return {**row, **changed}


def alipay_detail(rows: Iterable[Row], total: str | None = None) -> list[str]:
    """The lines of a merchant's detail with what stands above and below its table."""
    rows = list(rows)
    paid = [row for row in rows if row["业务类型"] == "交易"]
    back = [row for row in rows if row["业务类型"] == "退款"]
    paid_fen = sum(fen(row["商家实收（元）"]) for row in paid)
    back_fen = sum(abs(fen(row["商家实收（元）"])) for row in back)
    return [
        "#支付宝业务明细查询",
        "#账号：[20880000000000000156]",
        "#起始日期：[2026年11月10日 00:00:00]   终止日期：[2026年11月30日 00:00:00]",
        "#-----------------------------------------业务明细列表----------------------------------------",
        ",".join(ALIPAY_25),
        *(",".join(row.get(name, "") for name in ALIPAY_25) for row in rows),
        "#-----------------------------------------业务明细列表结束------------------------------------",
        total or f"#交易合计：{len(paid)}笔，商家实收共{yuan(paid_fen)}元，商家优惠共0.00元",
        f"#退款合计：{len(back)}笔，商家实收退款共{yuan(back_fen)}元，商家优惠退款共0.00元",
        "#导出时间：[2026年12月01日 09:00:00]",
    ]


def alipay_summary(rows: Iterable[Row], **changed: str) -> list[str]:
    """The lines of the summary that lies beside a detail."""
    rows = list(rows)
    paid = [fen(row["商家实收（元）"]) for row in rows if row["业务类型"] == "交易"]
    back = [abs(fen(row["商家实收（元）"])) for row in rows if row["业务类型"] == "退款"]
    values = {
        "门店编号": "合计",
        "交易订单总笔数": str(len(paid)),
        "退款订单总笔数": str(len(back)),
        "商家实收（元）": yuan(sum(paid) - sum(back)),
        **changed,
    }
    names = ("门店编号", "门店名称", "交易订单总笔数", "退款订单总笔数", "订单金额（元）", "商家实收（元）")
    return [
        "#支付宝业务汇总查询",
        ",".join(names),
        ",".join(values.get(name, "") for name in names),
        "#业务汇总列表结束",
    ]


class GbkInfo(zipfile.ZipInfo):
    """An entry whose name is written in GBK and whose flags do not say so."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - the library's own hook
        return self.filename.encode("gbk"), self.flag_bits


def zipped(files: Mapping[str, bytes]) -> bytes:
    """An archive whose entries are named in GBK, as Alipay packs it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = GbkInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return target.getvalue()


WECHAT_PERSONAL = (
    *("交易时间", "交易类型", "交易对方", "商品", "收/支", "金额(元)", "支付方式", "当前状态", "交易单号"),
    *("商户单号", "备注"),
)


def teacher_row(number: int, amount_fen: int, **changed: str) -> Row:
    """A payment that a class teacher collected."""
    row = {
        "交易时间": f"2026-11-{10 + number % 9:02} 08:00:{number % 60:02}",
        "交易类型": "群收款",
        "交易对方": f"家长{number}",
        "商品": '"付款方留言:初一3班张伟"',
        "收/支": "收入",
        "金额(元)": f"¥{yuan(amount_fen)}",
        "支付方式": "/",
        "当前状态": "已收钱",
        "交易单号": f"1000050001202611{number:012}\t",
        "商户单号": f"10000500{number:010}\t",
        "备注": '"/"',
    }
    return {**row, **changed}


def _by_direction(rows: Iterable[Row], direction: str) -> list[int]:
    own = {"收入", "支出"}
    return [
        abs(fen(row.get("金额(元)", row.get("金额", "")).strip("¥")))
        for row in rows
        if (row["收/支"] if row["收/支"] in own else "") == direction
    ]


def preamble(rows: Iterable[Row], *, neutral: str, remarks: int = 4) -> list[str]:
    """What stands above the table of a personal export; ``remarks`` lines more or less move its header."""
    rows = list(rows)
    groups = {name: _by_direction(rows, name) for name in ("收入", "支出", "")}
    lines = ["账单明细", "起始时间：[2026-11-01 00:00:00] 终止时间：[2026-11-30 23:59:59]", ""]
    lines.append(f"共{len(rows)}笔记录")
    for name, amounts in groups.items():
        lines.append(f"{name or neutral}：{len(amounts)}笔 {yuan(sum(amounts))}元")
    return [*lines, "注：", *[f"{n}. 说明文字" for n in range(1, remarks)], "----------列表----------"]


def wechat_personal(*rows: Row, remarks: int = 4) -> list[str]:
    """The lines of a WeChat export."""
    table = [",".join(WECHAT_PERSONAL), *(",".join(row[name] for name in WECHAT_PERSONAL) for row in rows)]
    return [*preamble(rows, neutral="中性交易", remarks=remarks), *table]


def wechat_personal_xlsx(*rows: Row, remarks: int = 4) -> bytes:
    """The same export as a workbook."""
    above = [(line,) for line in preamble(rows, neutral="中性交易", remarks=remarks)]
    body = [tuple(row[name].strip('"') for name in WECHAT_PERSONAL) for row in rows]
    return xlsx_bytes([*above, WECHAT_PERSONAL, *body])


ALIPAY_PERSONAL = (
    *("交易时间", "交易分类", "交易对方", "对方账号", "商品说明", "收/支", "金额", "收/付款方式", "交易状态"),
    *("交易订单号", "商家订单号", "备注"),
)


def alipay_personal_row(number: int, amount_fen: int, **changed: str) -> Row:
    """A transfer that somebody's own Alipay received."""
    row = {
        "交易时间": f"2026-11-{10 + number % 9:02} 08:00:{number % 60:02}",
        "交易分类": "转账红包",
        "交易对方": f"家长{number}",
        "对方账号": f"parent{number}@example.com",
        "商品说明": "校车费 初一3班 张伟",
        "收/支": "收入",
        "金额": yuan(amount_fen),
        "交易状态": "交易成功",
        "交易订单号": f"20261110200040011100{number:010}\t",
        "商家订单号": "\t",
    }
    return {**row, **changed}


def alipay_personal(*rows: Row) -> bytes:
    """The export as it is downloaded: GB18030, a comma at the end of each line."""
    table = [",".join((*ALIPAY_PERSONAL, ""))]
    table += [",".join((*(row.get(name, "") for name in ALIPAY_PERSONAL), "")) for row in rows]
    return text_bytes([*preamble(rows, neutral="不计收支"), *table], encoding="gb18030")


def bank(
    *moves: tuple[str, int, str],
    opening_fen: int = 100_000,
    newest_first: bool = False,
    income: str = "贷方",
    total: bool = False,
) -> list[str]:
    """A statement of moves (day, fen, remark) and balances; ``income`` names the column of money in."""
    balance, rows, sums = opening_fen, [], {"借方": 0, "贷方": 0}
    outgo = "借方" if income == "贷方" else "贷方"
    for n, (on, amount_fen, remark) in enumerate(moves):
        balance += amount_fen
        side = income if amount_fen > 0 else outgo
        sums[side] += abs(amount_fen)
        sides = {"借方": "", "贷方": "", side: yuan(abs(amount_fen))}
        account = f"6222000000{n:06}"
        rows.append(f"{on},{remark},家长{n},{account},{sides['借方']},{sides['贷方']},{yuan(balance)}")
    header = "交易日期,摘要,对方户名,对方账号,借方发生额,贷方发生额,余额"
    last = [f"合计,,,,{yuan(sums['借方'])},{yuan(sums['贷方'])},"] if total else []
    return ["账户明细", header, *(rows[::-1] if newest_first else rows), *last]
