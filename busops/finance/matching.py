"""
Matching: whose money a line of a bill or statement is.

Certain identities (T0 … T2) are matched by themselves; everything else becomes candidates
with scores and reasons for a person (``candidates.py``). Ambiguity never resolves itself,
and money that nobody is certain about stays in suspense.

Identity and amount are two questions. Who paid is certain by charge number (T0), student
number (T1) or name with class (T2); an amount that differs is then what the reconciliation
has to show (少缴, 多缴), so it is taken and flagged, unless brothers and sisters explain it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from busops.domain.values import RiderId
from busops.finance.names import plain
from busops.finance.payers import Identity, PayerBook, identify

NOT_BUS_WORDS: Final = (
    "伙食",
    "餐费",
    "学费",
    "住宿",
    "书本",
    "校服",
    "资料费",
    "水电",
    "保险",
    "班费",
    "体检",
)
BUS_WORDS: Final = ("车", "BUS")
# An amount above this many times what is due is no slip any more: a person decides.
MAX_TIMES_DUE: Final = 2


class Channel(StrEnum):
    """How money came in; the word is shown in the workbook."""

    WECHAT = "WECHAT"
    ALIPAY = "ALIPAY"
    BANK = "BANK"
    SHEET = "SHEET"


class LineKind(StrEnum):
    """What a line of a bill is; the sign of its amount follows from it, never the other way round."""

    PAYMENT = "PAYMENT"
    REFUND = "REFUND"
    REVOKED = "REVOKED"  # a payment cancelled at the till


class ReceiptStatus(StrEnum):
    """What became of a line of a bill (domain §3.6)."""

    MATCHED = "MATCHED"
    PARTIAL = "PARTIAL"
    UNIDENTIFIED = "UNIDENTIFIED"
    DUPLICATE = "DUPLICATE"
    NOT_BUS_FEE = "NOT_BUS_FEE"
    REFUND_LINE = "REFUND_LINE"
    REVERSED = "REVERSED"
    IGNORED = "IGNORED"


class Tier(StrEnum):
    """How sure it is whose money a line is (domain §3.8)."""

    T0 = "T0"  # charge number in the reference
    T1 = "T1"  # student number
    T2 = "T2"  # name and class, unique
    T3 = "T3"  # this payer's money was that family's before
    T4 = "T4"  # name unique in the school
    T5 = "T5"  # brothers and sisters in one sum
    T6 = "T6"  # another spelling
    T7 = "T7"  # the amount only


class MatchFlag(StrEnum):
    """What the reconciliation must say about a matched row."""

    LOW_CONFIDENCE = "LOW_CONFIDENCE"
    PRICE_BAND_MISMATCH = "PRICE_BAND_MISMATCH"
    DUPLICATE_PAYMENT = "DUPLICATE_PAYMENT"
    MANUAL = "MANUAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLine:
    """
    One line of a bill as a reader gives it; negative fen = money went back.

    ``line`` is the row number in the file, ``cell`` the address a person can find, ``row_key``
    the same for the same payment in every file that shows it. ``code`` is what the school wrote
    into the order (order number and attached data, a blank between them), ``payer_key`` a digest
    of the payer's account (empty where a bill masks it), ``fee_fen`` what the channel kept back,
    ``refund_of`` the payment's own number where money went back.
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
    kind: LineKind = LineKind.PAYMENT
    code: str = ""
    payer_key: str = ""
    fee_fen: int = 0
    refund_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of a line given to one rider's unit."""

    rider_id: RiderId
    unit_key: str
    fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What became of one line; ``rider_id`` may be known where nothing was allocated."""

    row_key: str
    status: ReceiptStatus
    tier: Tier | None = None
    shares: tuple[Share, ...] = ()
    flags: frozenset[MatchFlag] = frozenset()
    rider_id: RiderId | None = None


def match_lines(lines: Iterable[ReceiptLine], book: PayerBook) -> tuple[Match, ...]:
    """
    What becomes of each line, in the order of payment; ``book`` is charged with every match made.

    The same lines and the same book give the same matches, whatever order the lines come in.
    """
    ordered = sorted(lines, key=lambda line: (line.paid_on, line.source, line.line, line.row_key))
    return tuple(_match(line, book) for line in ordered)


def _match(line: ReceiptLine, book: PayerBook) -> Match:
    if line.amount_fen == 0:
        return Match(row_key=line.row_key, status=ReceiptStatus.IGNORED)
    found = identify(
        reference=line.reference, hint=line.rider_hint, remark=line.remark, payer=line.payer, book=book
    )
    if line.amount_fen < 0:
        return _refund(line, found, book)
    if is_not_bus_fee(line.remark):
        return Match(row_key=line.row_key, status=ReceiptStatus.NOT_BUS_FEE)
    if found is None:
        return Match(row_key=line.row_key, status=ReceiptStatus.UNIDENTIFIED)
    match = _exact(line, found, book) or _single(line, found, book)
    for share in match.shares:
        book.take(share.rider_id, share.unit_key, share.fen)
    return match


def is_not_bus_fee(remark: str) -> bool:
    """Whether a remark names another fee and no bus."""
    words = plain(remark)
    return any(word in words for word in NOT_BUS_WORDS) and not any(word in words for word in BUS_WORDS)


def _exact(line: ReceiptLine, found: Identity, book: PayerBook) -> Match | None:
    """The match of an amount that is exactly what these riders owe: one charge, some oldest, or all."""
    if len(found.rider_ids) > 1:
        shares = tuple(
            Share(rider_id=rider_id, unit_key=item.unit_key, fen=item.open_fen)
            for rider_id in found.rider_ids
            for item in book.open_of(rider_id)
        )
        owed_by_all = all(book.open_of(rider_id) for rider_id in found.rider_ids)
        return _matched(line, found, shares) if owed_by_all and _sum(shares) == line.amount_fen else None
    (rider_id,) = found.rider_ids
    items = [item for item in book.open_of(rider_id) if found.unit_key in {None, item.unit_key}]
    for item in items:
        if item.open_fen == line.amount_fen:
            return _matched(
                line, found, (Share(rider_id=rider_id, unit_key=item.unit_key, fen=item.open_fen),)
            )
    shares = ()
    for item in items:
        shares += (Share(rider_id=rider_id, unit_key=item.unit_key, fen=item.open_fen),)
        if _sum(shares) == line.amount_fen:
            return _matched(line, found, shares)
    return None


def _single(line: ReceiptLine, found: Identity, book: PayerBook) -> Match:
    """The match of an amount that differs from what one certain rider owes."""
    waits = Match(row_key=line.row_key, status=ReceiptStatus.UNIDENTIFIED)
    if len(found.rider_ids) > 1:
        return waits
    (rider_id,) = found.rider_ids
    waits = replace(waits, rider_id=rider_id)
    open_items = [item for item in book.open_of(rider_id) if found.unit_key in {None, item.unit_key}]
    if not open_items:
        return _second_payment(line, found, book, waits)
    if book.siblings_explain(rider_id, line.amount_fen):
        return waits
    item = open_items[0]
    share = Share(rider_id=rider_id, unit_key=item.unit_key, fen=line.amount_fen)
    flags = frozenset({MatchFlag.LOW_CONFIDENCE})
    if line.amount_fen in book.other_prices(item.unit_key, item.band):
        return _matched(line, found, (share,), flags | {MatchFlag.PRICE_BAND_MISMATCH})
    if line.amount_fen <= MAX_TIMES_DUE * item.due_fen:
        return _matched(line, found, (share,), flags)
    return waits


def _second_payment(line: ReceiptLine, found: Identity, book: PayerBook, waits: Match) -> Match:
    """A rider who owes nothing more: the same sum again is a duplicate, his own price is money on account."""
    (rider_id,) = found.rider_ids
    if unit_key := book.settled_unit(rider_id, line.amount_fen):
        share = Share(rider_id=rider_id, unit_key=unit_key, fen=0)
        return replace(
            waits,
            status=ReceiptStatus.DUPLICATE,
            tier=Tier(found.tier),
            shares=(share,),
            flags=frozenset({MatchFlag.DUPLICATE_PAYMENT}),
        )
    on_account = book.unit_on_account(rider_id, line.amount_fen)
    if on_account is not None and found.tier < Tier.T2:
        share = Share(rider_id=rider_id, unit_key=on_account, fen=line.amount_fen)
        return _matched(line, found, (share,), frozenset({MatchFlag.LOW_CONFIDENCE}))
    return waits


def _refund(line: ReceiptLine, found: Identity | None, book: PayerBook) -> Match:
    """A line of money that went back: taken off the unit it was paid for where that is certain."""
    match = Match(row_key=line.row_key, status=ReceiptStatus.REFUND_LINE)
    if found is None or len(found.rider_ids) != 1:
        return match
    (rider_id,) = found.rider_ids
    unit_key = book.paid_unit(rider_id, -line.amount_fen)
    if unit_key is None:
        return replace(match, rider_id=rider_id)
    share = Share(rider_id=rider_id, unit_key=unit_key, fen=line.amount_fen)
    book.take(rider_id, unit_key, line.amount_fen)
    return replace(match, tier=Tier(found.tier), shares=(share,), rider_id=rider_id)


def _matched(
    line: ReceiptLine, found: Identity, shares: tuple[Share, ...], flags: frozenset[MatchFlag] = frozenset()
) -> Match:
    return Match(
        row_key=line.row_key,
        status=ReceiptStatus.MATCHED,
        tier=Tier(found.tier),
        shares=shares,
        flags=flags,
        rider_id=found.rider_ids[0],
    )


def _sum(shares: Iterable[Share]) -> int:
    return sum(share.fen for share in shares)
