"""
Candidates for a line that nobody is certain about: who it might be, how likely, and why.

Proposals only. A person accepts or refuses each; nothing here moves money.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from busops.domain.values import RiderId
from busops.finance.matching import ReceiptLine, Share, Tier
from busops.finance.names import class_keys, plain, same_class, without_noise
from busops.finance.payers import PayerBook

MAX_SHOWN: Final = 8
_BASE_SCORE: Final = {
    Tier.T1: 90, Tier.T2: 85, Tier.T3: 75, Tier.T5: 70, Tier.T4: 60, Tier.T6: 45, Tier.T7: 10,
}  # fmt: skip
_AMOUNT_FITS: Final = 9
_AMOUNT_DIFFERS: Final = -25
_MANY: Final = -15


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


def candidates(
    line: ReceiptLine, book: PayerBook, links: Mapping[str, frozenset[RiderId]]
) -> tuple[Candidate, ...]:
    """
    Who a line might be from, the likeliest first, at most eight; equal scores by student number.

    ``links`` holds whose money each payer's name was before. Every candidate is somebody
    who still owes something: a proposal without a charge would be a guess.
    """
    found: dict[tuple[RiderId, ...], Candidate] = {}
    for candidate in _all(line, book, links):
        before = found.get(candidate.rider_ids)
        if not candidate.shares:
            continue
        if before is None or candidate.score > before.score:
            found[candidate.rider_ids] = candidate
    ranked = sorted(found.values(), key=lambda candidate: (-candidate.score, candidate.rider_ids))
    return tuple(ranked[:MAX_SHOWN])


def _all(line: ReceiptLine, book: PayerBook, links: Mapping[str, frozenset[RiderId]]) -> Iterable[Candidate]:
    text = f"{line.remark} {line.payer}"
    classes = class_keys(text, book.year)
    numbered = book.by_number(line.rider_hint, shortest=1) or book.by_number(line.remark)
    named = [rider_id for namesakes in book.by_name(text) for rider_id in namesakes]
    known = links.get(plain(line.payer), frozenset()) if line.payer else frozenset()
    words = plain(text)
    guardians = [
        rider.rider_id for rider in book.riders.values() if rider.guardian and rider.guardian in words
    ]
    yield from (_one(line, book, rider_id, Tier.T1, ("number",)) for rider_id in numbered)
    for rider_id in named:
        in_class = any(same_class(written, book.riders[rider_id].class_key) for written in classes)
        unique = named.count(rider_id) == len(named)
        tier = Tier.T2 if in_class else Tier.T4
        reasons = ("name", *(("class",) if in_class else ()), *(() if unique else ("several",)))
        yield _one(line, book, rider_id, tier, reasons)
    yield from (_one(line, book, rider_id, Tier.T3, ("payer_before",)) for rider_id in sorted(known))
    yield from (_one(line, book, rider_id, Tier.T3, ("guardian",)) for rider_id in sorted(guardians))
    for rider_id in dict.fromkeys((*numbered, *named, *sorted(known), *sorted(guardians))):
        yield from _family(line, book, rider_id)
    if not named:
        yield from _other_spelling(line, book, classes)
    if not (numbered or named or known or guardians):
        yield from _amount_only(line, book)


def _one(
    line: ReceiptLine, book: PayerBook, rider_id: RiderId, tier: Tier, reasons: tuple[str, ...]
) -> Candidate:
    """A proposal for one rider: what he owes, oldest first, up to the amount; the rest on his last unit."""
    shares: list[Share] = []
    left_fen = line.amount_fen
    items = book.open_of(rider_id) or book.charges_of(rider_id)[-1:]
    for item in items:
        fen = min(left_fen, item.open_fen) if item is not items[-1] else left_fen
        if fen > 0:
            shares.append(Share(rider_id=rider_id, unit_key=item.unit_key, fen=fen))
            left_fen -= fen
    fits = (
        any(item.open_fen == line.amount_fen for item in items) or book.open_sum(rider_id) == line.amount_fen
    )
    several = _MANY if "several" in reasons else 0
    score = _BASE_SCORE[tier] + (_AMOUNT_FITS if fits else _AMOUNT_DIFFERS) + several
    reasons = (*reasons, "amount" if fits else "amount_differs")
    return Candidate(tier=tier, shares=tuple(shares), score=max(score, 1), reasons=reasons)


def _family(line: ReceiptLine, book: PayerBook, rider_id: RiderId) -> Iterable[Candidate]:
    group = book.siblings_explain(rider_id, line.amount_fen)
    if group:
        shares = tuple(
            Share(rider_id=child, unit_key=item.unit_key, fen=item.open_fen)
            for child in sorted(group)
            for item in book.open_of(child)
        )
        score = _BASE_SCORE[Tier.T5] + _AMOUNT_FITS
        yield Candidate(tier=Tier.T5, shares=shares, score=score, reasons=("siblings", "amount"))


def _other_spelling(line: ReceiptLine, book: PayerBook, classes: frozenset[str]) -> Iterable[Candidate]:
    """Classmates whose name is one character off a piece of the remark."""
    pieces = [piece for piece in without_noise(f"{line.remark} {line.payer}").split("|") if piece]
    for rider in sorted(book.riders.values(), key=lambda rider: rider.rider_id):
        if not any(same_class(written, rider.class_key) for written in classes):
            continue
        if any(one_off(rider.name, piece) for piece in pieces):
            yield _one(line, book, rider.rider_id, Tier.T6, ("spelling", "class"))


def _amount_only(line: ReceiptLine, book: PayerBook) -> Iterable[Candidate]:
    fits = [charge for charge in book.charges() if charge.open_fen == line.amount_fen]
    for charge in sorted(fits, key=lambda charge: (charge.rider_id, charge.unit_key))[: MAX_SHOWN + 1]:
        share = Share(rider_id=charge.rider_id, unit_key=charge.unit_key, fen=line.amount_fen)
        yield Candidate(tier=Tier.T7, shares=(share,), score=_BASE_SCORE[Tier.T7], reasons=("amount",))


def candidate_for(line: ReceiptLine, book: PayerBook, rider_id: RiderId) -> Candidate:
    """The proposal a person makes by naming a rider; without shares when he owes nothing."""
    return _one(line, book, rider_id, Tier.T1, ("number",))


def one_off(name: str, text: str) -> bool:
    """Whether a text holds a name with one character wrong or, of three or more, one missing."""
    long = len(name)
    if long < 2:  # noqa: PLR2004 - a name has two characters
        return False
    for at in range(len(text) - long + 1):
        piece = text[at : at + long]
        if piece[0] == name[0] and sum(a != b for a, b in zip(piece, name, strict=True)) == 1:
            return True
    return long > 2 and any(name[:at] + name[at + 1 :] in text for at in range(1, long))  # noqa: PLR2004
