"""
Other libraries on the receipts and riders of a folder, with an interpreter that has them: no busops here.

``python linkage_peers.py FOLDER`` reads ``receipts.csv`` and ``riders.csv`` (number, class, name, guardian
and fen of each, as busops itself understood the remark) and prints JSON: for each library the riders that
it ranks for each receipt with their scores, and its CPU seconds. All get the same pairs: those that agree
in number, class, name or guardian. Nothing is decided here; the threshold is the asker's.
"""

import importlib
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

FIELDS = ("number", "class", "name", "guardian")
SHOWN = 8
CLOSE = 0.85
Ranked = dict[str, list[tuple[str, float]]]


def blocked(receipts: pd.DataFrame, riders: pd.DataFrame) -> dict[str, set[str]]:
    """For each receipt the riders who agree with it in one field at least."""
    pairs: dict[str, set[str]] = {key: set() for key in receipts.index}
    for field in FIELDS:
        by_value: dict[str, list[str]] = defaultdict(list)
        for rider_id, value in riders[field].items():
            if value:
                by_value[value].append(str(rider_id))
        for key, value in receipts[field].items():
            pairs[str(key)].update(by_value.get(value, ()) if value else ())
    return pairs


def ranked(scores: dict[str, dict[str, float]]) -> Ranked:
    """The best of each receipt, the likeliest first."""
    return {key: sorted(one.items(), key=lambda item: -item[1])[:SHOWN] for key, one in scores.items()}


def rapidfuzz(receipts: pd.DataFrame, riders: pd.DataFrame) -> Ranked:
    """The number, else name and guardian by Jaro-Winkler and the class, weighed by what each tells apart."""
    near = importlib.import_module("rapidfuzz.distance").JaroWinkler.similarity
    people = riders.to_dict("index")
    scores: dict[str, dict[str, float]] = {}
    for key, rider_ids in blocked(receipts, riders).items():
        one = receipts.loc[key]
        scores[key] = {}
        for rider_id in rider_ids:
            other = people[rider_id]
            parts = 3.0 * bool(one["number"] and one["number"] == other["number"])
            parts += 1.5 * near(one["name"], other["name"]) if one["name"] else 0.0
            parts += 1.0 * bool(one["class"] and one["class"] == other["class"])
            parts += 1.0 * near(one["guardian"], other["guardian"]) if one["guardian"] else 0.0
            scores[key][rider_id] = parts + 0.5 * (one["fen"] == other["fen"])
    return ranked(scores)


def recordlinkage(receipts: pd.DataFrame, riders: pd.DataFrame) -> Ranked:
    """Its comparisons made binary and its expectation-maximisation classifier, as its manual has it."""
    library = importlib.import_module("recordlinkage")
    pairs = [
        (key, rider_id) for key, found in blocked(receipts, riders).items() for rider_id in sorted(found)
    ]
    compare = library.Compare()
    for field in ("number", "class", "fen"):
        compare.exact(field, field, label=field)
    for field in ("name", "guardian"):
        compare.string(field, field, method="jarowinkler", threshold=CLOSE, label=field)
    blank = {"": None}
    sides = receipts.replace(blank), riders.replace(blank)
    features = compare.compute(pd.MultiIndex.from_tuples(pairs), *sides)
    model = library.ECMClassifier(max_iter=200)
    model.fit(features)
    # Many probabilities are 1.0 to the last bit: how much agrees decides between them.
    likely = model.prob(features) + features.sum(axis=1) / 1000
    scores: dict[str, dict[str, float]] = {key: {} for key in receipts.index}
    for (key, rider_id), score in likely.items():
        scores[key][rider_id] = float(score)
    return ranked(scores)


def splink(receipts: pd.DataFrame, riders: pd.DataFrame) -> Ranked:
    """Fellegi and Sunter with levels of similarity; m and u estimated from the data, as its tutorial does."""
    library, levels = importlib.import_module("splink"), importlib.import_module("splink.comparison_library")
    on = [library.block_on(field) for field in FIELDS]
    settings = library.SettingsCreator(
        link_type="link_only",
        unique_id_column_name="key",
        comparisons=[
            levels.ExactMatch("number"),
            levels.ExactMatch("class"),
            levels.ExactMatch("fen"),
            levels.JaroWinklerAtThresholds("name", [0.9, CLOSE, 0.7]),
            levels.JaroWinklerAtThresholds("guardian", [0.9, CLOSE]),
        ],
        blocking_rules_to_generate_predictions=on,
    )
    tables = [table.replace({"": None}).rename_axis("key").reset_index() for table in (receipts, riders)]
    api = library.DuckDBAPI()
    linker = library.Linker([api.register(table) for table in tables], settings)
    linker.training.estimate_probability_two_random_records_match(on[:1], recall=0.4)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (on[0], on[1], on[2]):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_weight=-20).as_pandas_dataframe()
    scores: dict[str, dict[str, float]] = {key: {} for key in receipts.index}
    for left, right, weight in found[["key_l", "key_r", "match_weight"]].itertuples(index=False):
        key, rider_id = (left, right) if left in scores else (right, left)
        scores[key][rider_id] = float(weight)
    return ranked(scores)


PEERS: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Ranked]] = {
    "rapidfuzz": rapidfuzz,
    "recordlinkage": recordlinkage,
    "splink": splink,
}


def main() -> None:
    """The answers of every library that is there, as JSON on standard output; why another did not answer."""
    folder = Path(sys.argv[1])
    receipts, riders = (
        pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False).set_index("key")
        for name in ("receipts", "riders")
    )
    answers: dict[str, Any] = {}
    for name, ask in PEERS.items():
        try:
            version = importlib.import_module("importlib.metadata").version(name)
        except ImportError:
            continue
        start = time.process_time()
        answers[name] = {"version": version, "ranked": ask(receipts, riders)}
        answers[name]["seconds"] = time.process_time() - start
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
