"""
A peer of the matching on a sample of the same receipts: rapidfuzz, where it can be imported.

It is used as its manual shows: of the riders who owe just the sum, those whose number, class and name
are most like the remark. The best is taken by itself above a threshold and only when no other equals it.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from busops.finance.candidates import Candidate
from busops.finance.matching import Match, ReceiptLine
from tests.bench.payment_town import Town
from tests.bench.payment_words import GRADES

try:
    from rapidfuzz import fuzz, process
except ImportError:
    fuzz = process = None  # type: ignore[assignment]
SURE = 90
SHOWN = 8
Ranked = list[tuple[str, float]]


def compare(
    town: Town,
    count: int,
    matches: Mapping[str, Match],
    offered: Mapping[str, Sequence[Candidate]],
    each_ms: float,
) -> None:
    """Prints the peers beside this matching on the first ``count`` receipts of one child each."""
    sample = [
        line
        for line in town.lines
        if len(town.truths[line.row_key].parts) == 1 and town.truths[line.row_key].is_matchable
    ][:count]
    title = f"on {len(sample)} of one child"
    print(f"\n{title:<22}{'auto':>8}{'wrong':>7}{'found':>10}{'ms each':>10}")
    _row("busops", sample, town, _ours(matches, offered), each_ms)
    for name, rank in _peers(town).items():
        start = time.process_time()
        ranked = {line.row_key: rank(line) for line in sample}
        spent = 1000 * (time.process_time() - start) / max(len(sample), 1)
        _row(name, sample, town, {key: _decided(one) for key, one in ranked.items()}, spent)


def _ours(
    matches: Mapping[str, Match], offered: Mapping[str, Sequence[Candidate]]
) -> dict[str, tuple[str, list[str]]]:
    found = {}
    for key, match in matches.items():
        taken = str(match.rider_id) if match.tier is not None else ""
        found[key] = taken, [str(one.rider_ids[0]) for one in offered.get(key, ())]
    return found


def _decided(ranked: Ranked) -> tuple[str, list[str]]:
    """Whom a peer takes by itself ("" = nobody), and whom it offers."""
    riders = [rider_id for rider_id, _ in ranked[:SHOWN]]
    is_sure = bool(ranked) and ranked[0][1] >= SURE and (len(ranked) == 1 or ranked[1][1] < ranked[0][1])
    return (riders[0] if is_sure else ""), riders


def _row(
    name: str,
    sample: Sequence[ReceiptLine],
    town: Town,
    found: Mapping[str, tuple[str, list[str]]],
    ms: float,
) -> None:
    right = wrong = offered = 0
    for line in sample:
        (truth,) = town.truths[line.row_key].parts
        taken, shown = found[line.row_key]
        right += taken == truth
        wrong += bool(taken) and taken != truth
        offered += not taken and truth in shown
    share = (right + offered) / max(len(sample), 1)
    print(f"{name:<22}{right:>8}{wrong:>7}{share:>10.2%}{ms:>10.1f}")


def _peers(town: Town) -> dict[str, Callable[[ReceiptLine], Ranked]]:
    by_fen: dict[int, dict[str, str]] = {}
    for child in town.children.values():
        text = f"{child.rider_id} {GRADES[child.grade]}{child.number}班{child.name}"
        by_fen.setdefault(child.fen, {})[child.rider_id] = text

    def peer(scorer: Any) -> Callable[[ReceiptLine], Ranked]:
        def rank(line: ReceiptLine) -> Ranked:
            choices: Any = by_fen.get(line.amount_fen, {})
            best = process.extract(line.remark, choices, scorer=scorer, limit=SHOWN)
            return [(str(rider_id), float(score)) for _, score, rider_id in best]

        return rank

    if process is None:
        print("rapidfuzz is not there: no peer asked")
        return {}
    return {"rapidfuzz, partial": peer(fuzz.partial_ratio), "rapidfuzz, weighted": peer(fuzz.WRatio)}
