"""
Which form a bill has, told by the words of its header and by nothing else.

Neither the name of the file nor the number of a line says anything: names are changed by
people, and lines are moved by the next version of an app.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from busops.sheets.bills.values import BillKind
from busops.sheets.files.raw import squeezed

_UNIT: Final = re.compile(r"(?:/?元)?(?:\([^)]*\))?\Z")  # 余额(元), 借方发生额/元(支取)
_OF_PEOPLE: Final = frozenset({"学号", "姓名", "学生姓名", "卡号"})
HEADER_WITHIN: Final = 100  # lines that may stand above a header

Words = Mapping[str, tuple[str, ...]]

WECHAT_MERCHANT: Final[Words] = {
    "time": ("交易时间",),
    "id": ("微信订单号",),
    "order": ("商户订单号",),
    "openid": ("用户标识",),
    "status": ("交易状态",),
    "currency": ("货币种类",),
    "settled": ("应结订单金额", "总金额"),
    "refund_id": ("微信退款单号",),
    "refund": ("退款金额",),
    "coupon_refund": ("充值券退款金额", "代金券或立减优惠退款金额", "企业红包退款金额"),
    "refund_status": ("退款状态",),
    "goods": ("商品名称",),
    "attach": ("商户数据包",),
    "fee": ("手续费",),
    "ordered": ("订单金额",),
    "asked_back": ("申请退款金额",),
}
WECHAT_PERSONAL: Final[Words] = {
    "time": ("交易时间",),
    "type": ("交易类型",),
    "payer": ("交易对方",),
    "goods": ("商品",),
    "direction": ("收/支",),
    "amount": ("金额(元)",),
    "state": ("当前状态",),
    "id": ("交易单号",),
    "order": ("商户单号",),
    "remark": ("备注",),
}
ALIPAY_MERCHANT: Final[Words] = {
    "id": ("支付宝交易号",),
    "order": ("商户订单号",),
    "type": ("业务类型",),
    "goods": ("商品名称",),
    "time": ("创建时间",),
    "done": ("完成时间",),
    "payer": ("对方账户",),
    "ordered": ("订单金额(元)",),
    "received": ("商家实收(元)",),
    "refund_id": ("退款批次号/请求号",),
    "fee": ("服务费(元)",),
    "remark": ("备注",),
}
ALIPAY_PERSONAL: Final[Words] = {
    "time": ("交易时间",),
    "type": ("交易分类",),
    "payer": ("交易对方",),
    "account": ("对方账号",),
    "goods": ("商品说明",),
    "direction": ("收/支",),
    "amount": ("金额", "金额(元)"),
    "state": ("交易状态",),
    "id": ("交易订单号",),
    "order": ("商家订单号",),
    "remark": ("备注",),
}
BANK: Final[Words] = {
    "time": ("交易日期", "记账日期", "交易时间", "记账时间", "入账日期", "入账时间", "发生时间", "日期"),
    "debit": ("借方发生额", "借方金额", "借方", "支出", "支出金额", "转出金额"),
    "credit": ("贷方发生额", "贷方金额", "贷方", "收入", "收入金额", "转入金额", "存入金额"),
    "amount": ("交易金额", "发生额", "金额"),
    "side": ("借贷标志", "借贷方向", "收支标志", "借/贷"),
    "balance": ("余额", "账户余额", "当前余额", "联机余额", "交易后余额"),
    "payer": ("对方户名", "对方名称", "对方账户名称", "交易对方", "对方单位名称"),
    "account": ("对方账号", "对方账户", "对方帐号"),
    "remark": ("交易摘要", "摘要", "附言", "用途", "备注"),
    "note": ("附言", "备注", "用途", "摘要"),
    "id": ("交易流水号", "流水号", "凭证号", "交易序号", "核心流水号"),
}
_NEEDED: Final[tuple[tuple[BillKind, Words, tuple[str, ...]], ...]] = (
    (BillKind.WECHAT_MERCHANT, WECHAT_MERCHANT, ("time", "id", "order", "status", "settled")),
    (BillKind.ALIPAY_MERCHANT, ALIPAY_MERCHANT, ("id", "type", "time", "received")),
    (
        BillKind.WECHAT_PERSONAL,
        WECHAT_PERSONAL,
        ("time", "type", "payer", "direction", "amount", "state", "id"),
    ),
    (BillKind.ALIPAY_PERSONAL, ALIPAY_PERSONAL, ("time", "payer", "direction", "amount", "state", "id")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A header that was known: the kind of bill, how many columns it has, and where each word stands."""

    kind: BillKind
    width: int
    at: Mapping[str, int]


def header_of(cells: Iterable[str]) -> Header | None:
    """What a row says as a header; None where it is the header of no bill that is known."""
    words = [squeezed(cell.strip("`\ufeff\t ")) for cell in cells]
    while words and not words[-1]:
        words.pop()
    for kind, known, needed in _NEEDED:
        at = _places(known, words)
        if all(name in at for name in needed):
            return Header(kind=kind, width=len(words), at=at)
    at = _places(BANK, [_UNIT.sub("", word) for word in words])
    has_sides = "debit" in at and "credit" in at
    # A list of people with a card's balance on each line is no account.
    is_of_people = not _OF_PEOPLE.isdisjoint(words)
    if {"time", "balance"} <= at.keys() and (has_sides or "amount" in at) and not is_of_people:
        return Header(kind=BillKind.BANK_STATEMENT, width=len(words), at=at)
    return None


def _places(known: Words, words: list[str]) -> dict[str, int]:
    at: dict[str, int] = {}
    for name, spellings in known.items():
        found = next((words.index(word) for word in spellings if word in words), None)
        # One column has one meaning: what is the remark is not the note as well.
        if found is not None and found not in at.values():
            at[name] = found
    if "debit" in at and "amount" in at:
        del at["amount"]
    return at
