"""
Matching on a labelled town: precision and recall by tier, time, and peers where they are there.

``python -m tests.bench.bench_matching``; other matchers are no requirement of busops: where they can be
found they are asked about a sample of the same receipts. Times are CPU seconds.
"""

import argparse
import time
from collections import Counter
from collections.abc import Sequence

from busops.finance.candidates import Candidate, proposals
from busops.finance.matching import Match, ReceiptLine, ReceiptStatus, match_lines
from busops.finance.payers import PayerBook
from tests.bench import matching_peers
from tests.bench.payment_town import KINDS, Town, make_town

LEAST_PRECISION = 0.999
LEAST_RECALL = 0.97
MOST_SECONDS = 30.0


def is_right(town: Town, match: Match) -> bool:
    """Whether a match gave the money to just those whose it was."""
    truth = town.truths[match.row_key].parts
    given: Counter[str] = Counter()
    for share in match.shares:
        given[share.rider_id] += share.fen
    if match.status is ReceiptStatus.DUPLICATE:
        return {match.rider_id} == set(truth)
    return dict(given) == truth


def is_offered(town: Town, key: str, offered: Sequence[Candidate]) -> bool:
    """Whether the right riders are among the proposals."""
    truth = set(town.truths[key].parts)
    return any(set(one.rider_ids) == truth for one in offered)


def judge(
    town: Town, matches: Sequence[Match], offered: dict[str, tuple[Candidate, ...]]
) -> tuple[float, float]:
    """Prints a row for each tier and kind of line; precision of all that was automatic, and recall."""
    tiers: dict[str, Counter[str]] = {}
    kinds: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    for match in matches:
        truth = town.truths[match.row_key]
        kind = kinds[truth.kind]
        kind["lines"] += 1
        if match.tier is not None:
            tier = tiers.setdefault(str(match.tier), Counter())
            tier["lines"] += 1
            tier["right"] += is_right(town, match)
            kind["auto"] += is_right(town, match)
            kind["wrong"] += not is_right(town, match)
        elif match.row_key in offered:
            kind["offered"] += is_offered(town, match.row_key, offered[match.row_key])
            first = offered[match.row_key][:1]
            kind["first"] += is_offered(town, match.row_key, first)
        if not truth.parts:
            kind["set aside"] += match.status is ReceiptStatus.NOT_BUS_FEE
    print(f"{'tier':<22}{'lines':>8}{'right':>8}{'precision':>12}")
    for name, tier in sorted(tiers.items()):
        print(f"{name:<22}{tier['lines']:>8}{tier['right']:>8}{tier['right'] / tier['lines']:>12.4%}")
    print(f"\n{'kind of line':<22}{'lines':>8}{'auto':>8}{'wrong':>7}{'offered':>9}{'first':>7}{'found':>10}")
    for name, kind in kinds.items():
        found = kind["auto"] + kind["offered"] + kind["set aside"]
        share = found / kind["lines"] if kind["lines"] else 1.0
        print(
            f"{name:<22}{kind['lines']:>8}{kind['auto']:>8}{kind['wrong']:>7}"
            f"{kind['offered']:>9}{kind['first']:>7}{share:>10.2%}"
        )
    matchable = [name for name in kinds if name not in {"nameless", "another fee"}]
    lines = sum(kinds[name]["lines"] for name in matchable)
    recall = sum(kinds[name]["auto"] + kinds[name]["offered"] for name in matchable) / lines
    automatic = sum(tier["lines"] for tier in tiers.values())
    return sum(tier["right"] for tier in tiers.values()) / automatic, recall


def ask(lines: Sequence[ReceiptLine], book: PayerBook) -> tuple[tuple[Match, ...], dict, float]:
    """What becomes of the lines, the proposals for those left, and the CPU seconds of both."""
    start = time.process_time()
    matches = match_lines(lines, book)
    waiting = {match.row_key for match in matches if match.status is ReceiptStatus.UNIDENTIFIED}
    left = [line for line in lines if line.row_key in waiting]
    found = dict(zip((line.row_key for line in left), proposals(left, book), strict=True))
    return matches, found, time.process_time() - start


def main() -> None:
    """The town is matched, judged and compared; ends with 1 when a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--riders", type=int, default=25_000)
    parser.add_argument("--receipts", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", type=int, default=2_000, help="receipts that the peers are asked about")
    asked = parser.parse_args()
    town = make_town(asked.riders, asked.receipts, asked.seed)
    start = time.process_time()
    book = town.book()
    making = time.process_time() - start
    matches, offered, seconds = ask(town.lines, book)
    print(f"{len(town.lines)} receipts, {len(town.children)} riders, seed {asked.seed}")
    precision, recall = judge(town, matches, offered)
    print(f"\nautomatic {precision:.4%} right; of what can be matched {recall:.2%} found")
    print(f"book {making:.1f} s, matching and proposing {seconds:.1f} s of CPU")
    by_key = {match.row_key: match for match in matches}
    each_ms = 1000 * seconds / len(town.lines)
    matching_peers.compare(town, asked.peers, by_key, offered, each_ms)
    if precision < LEAST_PRECISION or recall < LEAST_RECALL or making + seconds > MOST_SECONDS:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
