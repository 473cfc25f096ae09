"""
Money: whole fen in an ``int``, and the only parser that makes fen out of words.

There is no float and no Decimal here or anywhere in the core. What a sheet may write
around a number (¥, 元, thousands commas, full-width digits) is taken off by
:func:`tidy_yuan`, so that a reader can tell the person that it did.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from busops.domain.errors import InvalidInput

# The most that one amount may be: ten million yuan is no bus fare but a slip.
MAX_FEN: Final = 100_000_000_000
_YUAN: Final = re.compile(r"(-?)(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,2}))?", re.ASCII)
_GROUPED: Final = re.compile(r"-?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]{1,2})?", re.ASCII)
_AROUND: Final = re.compile(r"^(-?)(?:¥|￥|RMB|CNY)?(.*?)(?:元|圆)?$")


def parse_yuan_fen(text: str) -> int:
    """
    The fen of an amount in yuan such as ``12``, ``12.5`` or ``-12.50``; nothing else is money.

    Refuses signs of plus, exponents, underscores, commas, blanks, full-width digits, more
    than two decimals and ten or more digits before the point (``InvalidInput("not_money")``).
    """
    match = _YUAN.fullmatch(text)
    if match is None:
        raise InvalidInput("not_money", found=text)
    sign, whole, cents = match.groups()
    fen = int(whole) * 100 + int((cents or "0").ljust(2, "0"))
    return -fen if sign else fen


def tidy_yuan(text: str) -> str:
    """The amount without what sheets write around it; equal to ``text`` where there was nothing to tidy."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).replace("−", "-")
    match = _AROUND.fullmatch(plain)
    tidy = "".join(match.groups()) if match else plain
    return tidy.replace(",", "") if _GROUPED.fullmatch(tidy) else tidy


def format_yuan(fen: int) -> str:
    """The amount in yuan with two decimals and no grouping: ``-1234.50``; the parser reads it back."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def split_fen(total_fen: int, weights: Sequence[int]) -> tuple[int, ...]:
    """
    Parts of ``total_fen`` in proportion to ``weights`` that add up to it exactly.

    Largest remainder: every part is within one fen of its exact share; of equal remainders
    the earlier part gets the fen. Weights are not negative and not all nought.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise InvalidInput("no_weights", found=list(weights))
    sign, amount = (-1, -total_fen) if total_fen < 0 else (1, total_fen)
    parts = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda at: (-(amount * weights[at] % whole), at))
    for at in by_remainder[: amount - sum(parts)]:
        parts[at] += 1
    return tuple(sign * part for part in parts)


def share_fen(amount_fen: int, numerator: int, denominator: int) -> int:
    """``amount × numerator ÷ denominator`` rounded half up, away from nought."""
    product = abs(amount_fen) * numerator
    rounded = (2 * product + denominator) // (2 * denominator)
    return -rounded if amount_fen < 0 else rounded
