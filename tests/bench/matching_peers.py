"""
Peers of the matching on the same receipts: rapidfuzz, recordlinkage and splink, where they are there.

They are asked in a process of the interpreter that ``PEERS_PYTHON`` names, or in this one's where
it has them (``busops[linkage]``). They get what busops read out of each remark, and a threshold chosen
afterwards with the truth at hand, which no user could: whatever is unfair here is so in their favour.
"""

import csv
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from busops.finance.candidates import Candidate
from busops.finance.matching import Match, ReceiptLine
from busops.finance.names import class_key, name_key
from busops.finance.remarks import NameList, read_remark
from tests.bench.payment_town import Town, Truth
from tests.bench.payment_words import GRADES, YEAR

SCRIPT = Path(__file__).with_name("linkage_peers.py")
PROMISED = 0.999
LIBRARIES = ("rapidfuzz", "recordlinkage", "splink")
COLUMNS = ("key", "number", "class", "name", "guardian", "fen")
Taken = Mapping[
    str, tuple[str, Sequence[str]]
]  # whom each receipt is given to ("" = nobody), and who is offered


def compare(
    town: Town,
    count: int,
    matches: Mapping[str, Match],
    offered: Mapping[str, Sequence[Candidate]],
    each_ms: float,
) -> None:
    """
    Prints the peers beside this matching on the first ``count`` receipts of one child each.

    Those with a code of ours are left out: to look a key up is no work for a matcher.
    """
    sample = [line for line in town.lines if _is_for_all(town.truths[line.row_key])][:count]
    python = _interpreter()
    if python is None:
        print("\nno peer is there: PEERS_PYTHON names an interpreter that has one")
        return
    answers = _asked(python, town, sample)
    title = f"on {len(sample)} of one child, no code"
    print(
        f"\n{title:<34}{'auto':>8}{'wrong':>7}{'precision':>11}{'recall':>9}{'offered too':>13}{'ms each':>9}"
    )
    _row("busops", sample, town, _ours(matches, offered), each_ms)
    for name, answer in answers.items():
        ms = 1000 * answer["seconds"] / max(len(sample), 1)
        for words, least in (("best F1", 0.0), (f"{PROMISED:.1%} right", PROMISED)):
            taken = _tuned(answer["ranked"], sample, town, least)
            _row(f"{name} {answer['version']}, {words}", sample, town, taken, ms)


def _is_for_all(truth: Truth) -> bool:
    return len(truth.parts) == 1 and truth.is_matchable and truth.kind != "code"


def _interpreter() -> str | None:
    named = os.environ.get("PEERS_PYTHON")
    return named or (sys.executable if any(find_spec(name) for name in LIBRARIES) else None)


def _asked(python: str, town: Town, sample: Sequence[ReceiptLine]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder) / "riders.csv", _riders(town))
        _write(Path(folder) / "receipts.csv", (_read(line) for line in sample))
        done = subprocess.run(
            [python, str(SCRIPT), folder], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def _write(path: Path, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def _riders(town: Town) -> Iterable[Sequence[object]]:
    for child in town.children.values():
        own_class = _one(class_key(GRADES[child.grade], f"{child.number}班", YEAR))
        yield (
            child.rider_id,
            child.rider_id,
            own_class,
            name_key(child.name),
            name_key(child.guardian),
            child.fen,
        )


def _read(line: ReceiptLine) -> Sequence[object]:
    """What this matching reads out of a remark, without looking anybody up."""
    told = read_remark(line.remark, NameList(()), YEAR)
    number = line.rider_hint or max(re.findall("[0-9]{6,}", line.remark), key=len, default="")
    name = max(told.pieces, key=len, default="")
    own_class = _one(min(told.classes, key=str)) if told.classes else ""
    return line.row_key, number, own_class, name, name_key(line.payer), line.amount_fen


def _one(key: object) -> str:
    return str(key or "")


def _ours(matches: Mapping[str, Match], offered: Mapping[str, Sequence[Candidate]]) -> Taken:
    return {
        key: (
            str(match.rider_id) if match.tier is not None else "",
            [str(one.rider_ids[0]) for one in offered.get(key, ())],
        )
        for key, match in matches.items()
    }


def _tuned(
    ranked: Mapping[str, Sequence[tuple[str, float]]], sample: Sequence[ReceiptLine], town: Town, least: float
) -> Taken:
    """Taken from the threshold with the best F1 of those that are right often enough; ties to nobody."""
    sure = sorted(
        (
            (found[0][1], found[0][0] in town.truths[line.row_key].parts)
            for line in sample
            if (found := ranked[line.row_key]) and (len(found) == 1 or found[1][1] < found[0][1])
        ),
        reverse=True,
    )
    best, threshold, right = 0.0, float("inf"), 0
    for taken, (score, is_right) in enumerate(sure, 1):
        right += is_right
        f1 = 2 * right / (taken + len(sample))
        is_last_of_its_score = taken == len(sure) or sure[taken][0] < score
        if is_last_of_its_score and right >= least * taken and f1 > best:
            best, threshold = f1, score
    return {
        key: (
            found[0][0]
            if found and found[0][1] >= threshold and (len(found) == 1 or found[1][1] < found[0][1])
            else "",
            [rider_id for rider_id, _ in found],
        )
        for key, found in ranked.items()
    }


def _row(name: str, sample: Sequence[ReceiptLine], town: Town, found: Taken, ms: float) -> None:
    right = wrong = offered = 0
    for line in sample:
        (truth,) = town.truths[line.row_key].parts
        taken, shown = found[line.row_key]
        right += taken == truth
        wrong += bool(taken) and taken != truth
        offered += not taken and truth in shown
    count = max(len(sample), 1)
    precision = right / max(right + wrong, 1)
    print(
        f"{name:<34}{right:>8}{wrong:>7}{precision:>11.3%}{right / count:>9.2%}"
        f"{(right + offered) / count:>13.2%}{ms:>9.2f}"
    )
