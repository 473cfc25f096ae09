"""
Matching: whose money a line of a bill or statement is.

Certain tiers (T0 … T2) are matched by themselves; everything else becomes candidates with
scores and reasons for a person. Ambiguity never resolves itself.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Channel(StrEnum):
    """How money came in; the word is shown in the workbook."""

    WECHAT = "WECHAT"
    ALIPAY = "ALIPAY"
    BANK = "BANK"
    SHEET = "SHEET"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLine:
    """
    One line of a bill as a reader gives it; negative fen = money went back.

    ``line`` is the row number in the file, ``cell`` the address a person can find, ``row_key``
    the same for the same payment in every file that shows it.
    """

    source: str
    line: int
    cell: str
    paid_on: date
    amount_fen: int
    payer: str
    remark: str
    reference: str
    rider_hint: str
    row_key: str
    channel: Channel = Channel.SHEET
