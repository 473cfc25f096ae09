"""
Candidates for a line that nobody is certain about: who it might be, how likely, and why.

Proposals only. A person accepts or refuses each; nothing here moves money.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Final

from busops.domain.values import RiderId
from busops.finance.assignment import Option, assign
from busops.finance.identity import in_class
from busops.finance.matching import ReceiptLine, Share, Tier, shares_of
from busops.finance.names import plain
from busops.finance.near_names import sounds_like
from busops.finance.payers import MAX_SIBLINGS, PayerBook
from busops.finance.remarks import Remark
from busops.finance.ways import exact_ways, family_ways

MAX_SHOWN: Final = 8
_BASE_SCORE: Final = {
    Tier.T0: 90, Tier.T1: 90, Tier.T2: 85, Tier.T3: 75, Tier.T5: 70, Tier.T4: 60, Tier.T6: 45, Tier.T7: 10,
}  # fmt: skip
_AMOUNT_FITS: Final = 9
_AMOUNT_DIFFERS: Final = -25
# What a reason adds to or takes from the score of its tier.
_WEIGHTS: Final = {"several": -15, "other_class": -20, "sound": 8, "guardian": 20, "siblings_told": 19}
# An amount alone speaks for charges about the day of payment only.
_DAYS_BEFORE: Final = timedelta(days=60)
_DAYS_AFTER: Final = timedelta(days=45)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One proposal: what each rider would get, a score out of 100, and reason codes for its words."""

    tier: Tier
    shares: tuple[Share, ...]
    score: int
    reasons: tuple[str, ...]

    @property
    def rider_ids(self) -> tuple[RiderId, ...]:
        """The riders of the proposal, each once."""
        return tuple(dict.fromkeys(share.rider_id for share in self.shares))


@dataclass(frozen=True, slots=True)
class _Seen:
    """A line with everything that was read on it."""

    line: ReceiptLine
    text: Remark
    numbered: tuple[RiderId, ...]
    named: tuple[RiderId, ...]
    known: frozenset[RiderId]
    guarded: frozenset[RiderId]


def link_key(line: ReceiptLine) -> str:
    """
    By what a payer is known again: the channel's name for his account, else his name.

    Only the first lets a line be matched by itself (T3); a name merely proposes.
    """
    return line.payer_key or (f"name:{plain(line.payer)}" if line.payer else "")


def candidates(line: ReceiptLine, book: PayerBook) -> tuple[Candidate, ...]:
    """
    Who a line might be from, the likeliest first, at most eight; equal scores by student number.

    Every candidate is somebody who still owes something: a proposal without a charge would be a guess.
    """
    found: dict[tuple[RiderId, ...], Candidate] = {}
    for candidate in _all(_seen(line, book), book):
        before = found.get(candidate.rider_ids)
        if not candidate.shares:
            continue
        if before is None or candidate.score > before.score:
            found[candidate.rider_ids] = candidate
    ranked = sorted(found.values(), key=lambda candidate: (-candidate.score, candidate.rider_ids))
    return tuple(ranked[:MAX_SHOWN])


def proposals(lines: Sequence[ReceiptLine], book: PayerBook) -> tuple[tuple[Candidate, ...], ...]:
    """
    The candidates of many lines, each line's best first so that no two are offered the same charge.

    Which of its candidates comes first is decided for all lines at once, by the highest scores in all;
    an amount alone (T7) claims nothing. The order of the lines does not matter.
    """
    order = sorted(range(len(lines)), key=lambda at: (lines[at].paid_on, lines[at].row_key))
    ranked = [candidates(lines[at], book) for at in order]
    chosen = assign([[_option(one) for one in found if one.tier is not Tier.T7] for found in ranked])
    offered: list[tuple[Candidate, ...]] = [()] * len(lines)
    for at, found, number in zip(order, ranked, chosen, strict=True):
        claims = [one for one in found if one.tier is not Tier.T7]
        first = claims[number] if number is not None else None
        rest = tuple(one for one in found if one is not first)
        offered[at] = (first, *rest) if first is not None else found
    return tuple(offered)


def candidate_for(line: ReceiptLine, book: PayerBook, rider_id: RiderId) -> Candidate:
    """The proposal a person makes by naming a rider; without shares when he owes nothing."""
    return _one(line, book, rider_id, Tier.T1, ("number",))


def _option(candidate: Candidate) -> Option:
    takes = frozenset((share.rider_id, share.unit_key) for share in candidate.shares)
    return Option(takes, candidate.score)


def _seen(line: ReceiptLine, book: PayerBook) -> _Seen:
    text = book.read(f"{line.remark}|{line.payer}")
    guardians = book.guardians_in(f"{line.payer}|{line.remark}") if line.payer or line.remark else []
    return _Seen(
        line,
        text,
        book.by_number(line.rider_hint, shortest=1) or book.by_number(line.remark),
        tuple(rider_id for name in text.names for rider_id in book.of_name(name)),
        frozenset(one for one in book.links.get(link_key(line), ()) if one in book.riders),
        frozenset(child for name in guardians for child in book.children_of(name)),
    )


def _all(seen: _Seen, book: PayerBook) -> Iterable[Candidate]:
    line = seen.line
    yield from (_one(line, book, rider_id, Tier.T1, ("number",)) for rider_id in seen.numbered)
    yield from _several_named(seen, book)
    for rider_id in _likeliest(seen.named, seen, book):
        yield _one(line, book, rider_id, *_by_name(rider_id, seen, book))
    yield from (_one(line, book, rider_id, Tier.T3, ("payer_before",)) for rider_id in sorted(seen.known))
    for rider_id in _likeliest(seen.guarded, seen, book):
        several = ("several",) if len(seen.guarded) > MAX_SIBLINGS else ()
        yield _one(line, book, rider_id, Tier.T3, ("guardian", *several))
    roots = (*seen.numbered, *seen.named[: 2 * MAX_SHOWN], *sorted(seen.known), *sorted(seen.guarded))
    for rider_id in dict.fromkeys(roots[: 4 * MAX_SHOWN]):
        yield from _family(seen, book, rider_id)
    if not seen.numbered and not any(in_class(rider_id, seen.text, book) for rider_id in seen.named):
        yield from _other_spelling(seen, book)
    if not (seen.numbered or seen.named or seen.known or seen.guarded):
        yield from _amount_only(line, book)


def _likeliest(riders: Iterable[RiderId], seen: _Seen, book: PayerBook) -> list[RiderId]:
    """Of many riders those worth a look: of the class, of the guardian, owing just this, by number."""

    is_of: dict[str, bool] = {}  # by class: there are few of them

    def rank(rider_id: RiderId) -> tuple[bool, bool, bool, RiderId]:
        owes = any(item.open_fen == seen.line.amount_fen for item in book.open_of(rider_id))
        of_class = book.riders[rider_id].class_key
        if of_class not in is_of:
            is_of[of_class] = in_class(rider_id, seen.text, book)
        return not is_of[of_class], rider_id not in seen.guarded, not owes, rider_id

    return sorted(dict.fromkeys(riders), key=rank)[: 2 * MAX_SHOWN]


def _by_name(rider_id: RiderId, seen: _Seen, book: PayerBook) -> tuple[Tier, tuple[str, ...]]:
    """How much a name alone says of a rider, and why."""
    is_of_class = in_class(rider_id, seen.text, book)
    reasons = ["name"]
    if is_of_class:
        reasons.append("class")
    elif seen.text.classes:
        reasons.append("other_class")
    if rider_id in seen.guarded:
        reasons.append("guardian")
    if len(seen.named) > 1:
        reasons.append("several")
    return Tier.T2 if is_of_class else Tier.T4, tuple(reasons)


def _several_named(seen: _Seen, book: PayerBook) -> Iterable[Candidate]:
    """All the named together, where each name is one rider's and the sum is just what they owe."""
    riders: list[RiderId] = []
    for name in seen.text.names:
        namesakes = book.of_name(name)
        fits = [one for one in namesakes if in_class(one, seen.text, book)] or namesakes
        if len(fits) != 1:
            return
        riders.append(fits[0])
    if len(riders) > 1 and (ways := exact_ways(riders, seen.line.amount_fen, book)):
        score = _BASE_SCORE[Tier.T2] + _AMOUNT_FITS
        reasons = ("names", "amount")
        yield Candidate(tier=Tier.T2, shares=shares_of(ways[0]), score=score, reasons=reasons)


def _one(
    line: ReceiptLine, book: PayerBook, rider_id: RiderId, tier: Tier, reasons: tuple[str, ...]
) -> Candidate:
    """A proposal for one rider: what he owes, oldest first, up to the amount; the rest on his last unit."""
    exact = exact_ways((rider_id,), line.amount_fen, book)
    shares = shares_of(exact[0]) if exact else _oldest_first(line, book, rider_id)
    score = _BASE_SCORE[tier] + (_AMOUNT_FITS if exact else _AMOUNT_DIFFERS)
    score += sum(_WEIGHTS.get(reason, 0) for reason in reasons if tier is not Tier.T3 or reason == "several")
    reasons = (*reasons, "amount" if exact else "amount_differs")
    return Candidate(tier=tier, shares=shares, score=min(max(score, 1), 99), reasons=reasons)


def _oldest_first(line: ReceiptLine, book: PayerBook, rider_id: RiderId) -> tuple[Share, ...]:
    shares: list[Share] = []
    left_fen = line.amount_fen
    items = book.open_of(rider_id) or book.charges_of(rider_id)[-1:]
    for item in items:
        fen = min(left_fen, item.open_fen) if item is not items[-1] else left_fen
        if fen > 0:
            shares.append(Share(rider_id=rider_id, unit_key=item.unit_key, fen=fen))
            left_fen -= fen
    return tuple(shares)


def _family(seen: _Seen, book: PayerBook, rider_id: RiderId) -> Iterable[Candidate]:
    """Children of one guardian, this one among them, who together owe just this (T5)."""
    told = ("siblings_told",) if seen.text.tells_siblings else ()
    for way in family_ways(rider_id, seen.line.amount_fen, book):
        score = _BASE_SCORE[Tier.T5] + _AMOUNT_FITS - len({item.rider_id for item in way}) + 2
        score += _WEIGHTS["siblings_told"] * len(told)
        yield Candidate(
            tier=Tier.T5, shares=shares_of(way), score=score, reasons=("siblings", *told, "amount")
        )


def _other_spelling(seen: _Seen, book: PayerBook) -> Iterable[Candidate]:
    """
    Riders whose name is nearly on the line: of the class named (T6), or owing just this (T7).
    """
    pieces = seen.text.pieces
    near = [rider_id for name in book.near_to(pieces) for rider_id in book.of_name(name)]
    for rider_id in _likeliest(near, seen, book):
        is_sound = any(sounds_like(book.riders[rider_id].name, piece) for piece in pieces)
        reasons = ("spelling", *(("sound",) if is_sound else ()))
        reasons += ("guardian",) if rider_id in seen.guarded else ()
        if in_class(rider_id, seen.text, book):
            yield _one(seen.line, book, rider_id, Tier.T6, (*reasons, "class"))
        elif exact_ways((rider_id,), seen.line.amount_fen, book):
            yield _one(seen.line, book, rider_id, Tier.T7, reasons)


def _amount_only(line: ReceiptLine, book: PayerBook) -> Iterable[Candidate]:
    first, last = line.paid_on - _DAYS_BEFORE, line.paid_on + _DAYS_AFTER
    fits = (charge for charge in book.owing(line.amount_fen) if first <= charge.from_on <= last)
    for charge in islice(fits, MAX_SHOWN):
        share = Share(rider_id=charge.rider_id, unit_key=charge.unit_key, fen=line.amount_fen)
        yield Candidate(tier=Tier.T7, shares=(share,), score=_BASE_SCORE[Tier.T7], reasons=("amount",))
