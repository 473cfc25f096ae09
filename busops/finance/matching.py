"""
Matching: whose money a line of a bill or statement is.

Certain identities (T0 … T4) are matched by themselves; everything else becomes candidates
with scores and reasons for a person (``candidates.py``). Ambiguity never resolves itself,
and money that nobody is certain about stays in suspense.

Identity and amount are two questions. Who paid is certain by charge number or payment code (T0),
student number (T1) or name with class (T2); an amount that differs is then what the reconciliation
has to show (少缴, 多缴), so it is taken and flagged, unless brothers and sisters explain it. A payer
of before (T3) and a name that one rider has (T4) convince only with the amount, and are flagged.

All lines are looked at together: those whose amount is exactly what somebody owes are assigned so
that the most money finds its charge (``assignment.py``), and what is left goes in order of payment.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from busops.domain.values import RiderId
from busops.finance.assignment import Option, assign
from busops.finance.identity import Identity, Naming, identify
from busops.finance.names import OTHER_FEES, plain
from busops.finance.payers import OpenCharge, PayerBook
from busops.finance.ways import Way, exact_ways, family_ways

BUS_WORDS: Final = ("车", "BUS")
# An amount above this many times what is due is no slip any more: a person decides.
MAX_TIMES_DUE: Final = 2
# What an assignment is worth: first the money, then the sureness, then the older line, then the older charge.
_OF_FEN: Final = 10**14
_OF_TIER: Final = 10**11
_OF_LINE: Final = 10**4
_LAST_TIER: Final = 7


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
    found = [_named(line, book) for line in ordered]
    exact = _assigned(ordered, found, book)
    given: dict[RiderId, list[tuple[date, Share]]] = defaultdict(list)
    for line, match in zip(ordered, exact, strict=True):
        for share in match.shares if match is not None else ():
            book.take(share.rider_id, share.unit_key, share.fen)
            given[share.rider_id].append((line.paid_on, share))
    return tuple(
        _in_turn(line, identity, book, given) if match is None else match
        for line, identity, match in zip(ordered, found, exact, strict=True)
    )


def _named(line: ReceiptLine, book: PayerBook) -> Identity | None:
    """Whom a line names; nobody is asked for where no money is, or another fee's came in."""
    if line.amount_fen == 0 or (line.amount_fen > 0 and is_not_bus_fee(line.remark)):
        return None
    return identify(naming_of(line), book)


def naming_of(line: ReceiptLine) -> Naming:
    """What on a line may say whose money it is."""
    return Naming(
        reference=line.reference,
        code=line.code,
        hint=line.rider_hint,
        remark=line.remark,
        payer=line.payer,
        payer_key=line.payer_key,
        paid_on=line.paid_on,
        fen=line.amount_fen,
    )


def is_not_bus_fee(remark: str) -> bool:
    """Whether a remark names another fee and no bus."""
    words = plain(remark)
    return any(word in words for word in OTHER_FEES) and not any(word in words for word in BUS_WORDS)


def shares_of(way: Iterable[OpenCharge]) -> tuple[Share, ...]:
    """Everything that is open of these charges, given to them."""
    return tuple(Share(rider_id=item.rider_id, unit_key=item.unit_key, fen=item.open_fen) for item in way)


def _sure_ways(line: ReceiptLine, found: Identity, book: PayerBook) -> list[Way]:
    """
    The ways in which a line's sum is just owed by whom it names, where nobody else explains it.

    Some but not all of one child's units are a guess as soon as brothers and sisters explain the sum
    as well; several units are one whenever the words speak of children who are not named.
    """
    ways = exact_ways(found.rider_ids, line.amount_fen, book, found.unit_key)
    if len(found.rider_ids) > 1 or not ways or len(ways[0]) == 1:
        return ways
    (rider_id,) = found.rider_ids
    is_all = book.open_sum(rider_id) == line.amount_fen
    is_doubtful = found.tells_siblings or (not is_all and any(family_ways(rider_id, line.amount_fen, book)))
    return [] if is_doubtful else ways


def _assigned(
    lines: Sequence[ReceiptLine], found: Sequence[Identity | None], book: PayerBook
) -> list[Match | None]:
    """The matches of amounts that are exactly owed, so that the most money finds its charge."""
    wanted = [
        _sure_ways(line, identity, book) if identity is not None and line.amount_fen > 0 else []
        for line, identity in zip(lines, found, strict=True)
    ]
    asked = Counter(key for ways in wanted for key in {item.key for way in ways for item in way})
    rivals = [
        at for at, ways in enumerate(wanted) if any(asked[item.key] > 1 for way in ways for item in way)
    ]
    # Whose charges nobody else wants has his likeliest way; only the others have to be weighed.
    chosen: list[int | None] = [0 if ways else None for ways in wanted]
    for at, number in zip(rivals, assign([_options(at, lines, found, wanted) for at in rivals]), strict=True):
        chosen[at] = number
    return [
        _matched(line, identity, shares_of(ways[number]))
        if identity is not None and number is not None
        else None
        for line, identity, ways, number in zip(lines, found, wanted, chosen, strict=True)
    ]


def _options(
    at_line: int, lines: Sequence[ReceiptLine], found: Sequence[Identity | None], wanted: Sequence[list[Way]]
) -> list[Option]:
    """The ways of one line as claims, each with its worth."""
    identity = found[at_line]
    sureness = _LAST_TIER - int(identity.tier[1:]) if identity else 0
    worth = lines[at_line].amount_fen * _OF_FEN + sureness * _OF_TIER - at_line * _OF_LINE
    ways = enumerate(wanted[at_line])
    return [Option(frozenset(item.key for item in way), worth - at) for at, way in ways]


def _in_turn(
    line: ReceiptLine,
    found: Identity | None,
    book: PayerBook,
    given: Mapping[RiderId, Iterable[tuple[date, Share]]],
) -> Match:
    """What becomes of a line that no assignment decided; ``book`` is charged with it."""
    is_refund = line.amount_fen < 0
    match = _refund(line, found, book, given) if is_refund else _rest(line, found, book)
    for share in match.shares:
        book.take(share.rider_id, share.unit_key, share.fen)
    return match


def _rest(line: ReceiptLine, found: Identity | None, book: PayerBook) -> Match:
    if line.amount_fen == 0:
        return Match(row_key=line.row_key, status=ReceiptStatus.IGNORED)
    if is_not_bus_fee(line.remark):
        return Match(row_key=line.row_key, status=ReceiptStatus.NOT_BUS_FEE)
    if found is None:
        return Match(row_key=line.row_key, status=ReceiptStatus.UNIDENTIFIED)
    if ways := _sure_ways(line, found, book):
        return _matched(line, found, shares_of(ways[0]))
    return _single(line, found, book)


def _single(line: ReceiptLine, found: Identity, book: PayerBook) -> Match:
    """The match of an amount that differs from what one certain rider owes."""
    waits = Match(row_key=line.row_key, status=ReceiptStatus.UNIDENTIFIED)
    if len(found.rider_ids) > 1 or not found.is_certain:
        return waits
    (rider_id,) = found.rider_ids
    waits = replace(waits, rider_id=rider_id)
    open_items = [item for item in book.open_of(rider_id) if found.unit_key in {None, item.unit_key}]
    if not open_items:
        return _second_payment(line, found, book, waits)
    if found.tells_siblings or any(family_ways(rider_id, line.amount_fen, book)):
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


def _refund(
    line: ReceiptLine,
    found: Identity | None,
    book: PayerBook,
    given: Mapping[RiderId, Iterable[tuple[date, Share]]],
) -> Match:
    """Money that went back: taken off the unit it was paid for by that day, where that is certain."""
    match = Match(row_key=line.row_key, status=ReceiptStatus.REFUND_LINE)
    if found is None or len(found.rider_ids) != 1 or not found.is_certain:
        return match
    (rider_id,) = found.rider_ids
    later: Counter[str] = Counter()
    for paid_on, share in given.get(rider_id, ()):
        if paid_on > line.paid_on:
            later[share.unit_key] += share.fen
    unit_key = book.paid_unit(rider_id, -line.amount_fen, later)
    if unit_key is None:
        return replace(match, rider_id=rider_id)
    share = Share(rider_id=rider_id, unit_key=unit_key, fen=line.amount_fen)
    return replace(match, tier=Tier(found.tier), shares=(share,), rider_id=rider_id)


def _matched(
    line: ReceiptLine, found: Identity, shares: tuple[Share, ...], flags: frozenset[MatchFlag] = frozenset()
) -> Match:
    doubt = frozenset() if found.is_certain else frozenset({MatchFlag.LOW_CONFIDENCE})
    return Match(
        row_key=line.row_key,
        status=ReceiptStatus.MATCHED,
        tier=Tier(found.tier),
        shares=shares,
        flags=flags | doubt,
        rider_id=found.rider_ids[0],
    )
