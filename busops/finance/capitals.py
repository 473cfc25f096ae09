"""
Amounts in Chinese capital numerals (人民币大写), as receipts must show them beside the figures.

Rules of 支付结算办法 annex 1: 元 after the whole part, 整 after 元 or 角 where no 分 follows, one 零 for
any run of noughts between digits, and before 分 or 角 where the unit above them is nought.
"""

from typing import Final

from busops.domain.errors import InvalidInput
from busops.finance.money import MAX_FEN

DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
PLACES: Final = ("", "拾", "佰", "仟")
GROUPS: Final = ("", "万", "亿")
GROUP: Final = 10_000
FEN: Final = 10


def capitals(fen: int) -> str:
    """``人民币壹拾贰元叁角整`` of 1230 fen, ``负…`` of less than nothing; up to the most that one may be."""
    if not 0 < abs(fen) <= MAX_FEN:
        raise InvalidInput("amount_needed", found=fen)
    yuan, rest = divmod(abs(fen), 100)
    jiao, cents = divmod(rest, FEN)
    words = _whole(yuan) + "元" if yuan else ""
    if jiao:
        # Between 元 and 角 a nought is said only where the yuan end in one.
        words += ("零" if yuan and yuan % FEN == 0 else "") + DIGITS[jiao] + "角"
    elif cents and yuan:
        words += "零"
    return ("负" if fen < 0 else "") + "人民币" + words + (DIGITS[cents] + "分" if cents else "整")


def _whole(number: int) -> str:
    """A whole number in capital numerals, in groups of four digits."""
    groups = []
    while number:
        number, group = divmod(number, GROUP)
        groups.append(group)
    words, is_gap = "", False
    for at in range(len(groups) - 1, -1, -1):
        group = groups[at]
        if not group:
            is_gap = bool(words)
            continue
        if words and (is_gap or group < GROUP // 10):
            words += "零"
        words += _group(group) + GROUPS[at]
        is_gap = False
    return words


def _group(group: int) -> str:
    """One to four digits, a run of noughts between them said once."""
    words, is_gap = "", False
    for place in range(3, -1, -1):
        digit = group // 10**place % FEN
        if digit:
            words += ("零" if is_gap else "") + DIGITS[digit] + PLACES[place]
        is_gap = not digit and bool(words)
    return words
