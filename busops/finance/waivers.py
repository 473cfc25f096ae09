"""
Waivers: how much of a price a rider need not pay, read from the words of the class list.

Who may grant one is not decided here; a wording that is not understood waives nothing and
is reported.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from busops.domain.errors import InvalidInput
from busops.finance.money import parse_yuan_fen, share_fen

FULL_BP: Final = 10_000
_NONE: Final = frozenset({"", "无", "否", "不减免", "0", "-", "/", "NO", "NONE"})
_FULL: Final = frozenset({"全免", "全额", "全额减免", "免", "免费", "减免", "是", "FULL", "YES"})
_HALF: Final = frozenset({"减半", "半价", "半免", "半额", "半额减免", "HALF"})
_PERCENT: Final = re.compile(r"减?免?(\d{1,3})%", re.ASCII)
_TENTHS: Final = re.compile(r"(\d(?:\.\d)?)折", re.ASCII)
_AMOUNT: Final = re.compile(r"减?免?(\d+(?:\.\d{1,2})?)元", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A part of the price in basis points (10000 = all) or a fixed sum off each unit; one of the two is 0."""

    part_bp: int = 0
    fixed_fen: int = 0


def parse_waiver(text: str) -> Waiver | None:
    """
    The waiver that the words mean: 全免, 减半, 减30%, 7折, 减5元; None for none.

    Anything else raises ``InvalidInput("waiver_unknown")``: the charge then stays whole.
    """
    words = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    if words in _NONE:
        return None
    if words in _FULL:
        return Waiver(part_bp=FULL_BP)
    if words in _HALF:
        return Waiver(part_bp=FULL_BP // 2)
    if (percent := _PERCENT.fullmatch(words)) and int(percent[1]) <= 100:  # noqa: PLR2004 - a per cent
        return Waiver(part_bp=int(percent[1]) * 100)
    if tenths := _TENTHS.fullmatch(words):
        return Waiver(part_bp=FULL_BP - parse_yuan_fen(tenths[1]) * 10)
    if amount := _AMOUNT.fullmatch(words):
        return Waiver(fixed_fen=parse_yuan_fen(amount[1]))
    raise InvalidInput("waiver_unknown", found=text)


def waived_fen(waiver: Waiver | None, price_fen: int) -> int:
    """How much of a price is waived, half up, never more than the price."""
    if waiver is None:
        return 0
    return min(price_fen, waiver.fixed_fen + share_fen(price_fen, waiver.part_bp, FULL_BP))
