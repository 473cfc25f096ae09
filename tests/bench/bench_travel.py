"""
How long a matrix takes by estimate, beside asking geopy pair by pair: ``python -m tests.bench.bench_travel``.

The goal is 1,000 stops in under 0.2 s. The floor is a single pair by geopy's geodesic, the same
measure of distance: the ratio says how many such pairs the whole matrix costs.
"""

import argparse
import time
from collections.abc import Callable
from itertools import pairwise
from random import Random

from geopy.distance import geodesic

from busops.domain.values import Position
from busops.planner.travel import estimate_travel
from tests.bench.towns import CAMPUS_AT

SIZES = (150, 1000, 3000)
ROUNDS = 7
PAIRS = 300


def best_s(act: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The shortest of some runs, seconds."""
    spent = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        spent.append(time.perf_counter() - began)
    return min(spent)


def main() -> None:
    """Prints a line for each size."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    random = Random(7)
    stops = {
        f"S{number}": Position(
            lat=CAMPUS_AT.lat + random.uniform(-0.5, 0.5), lon=CAMPUS_AT.lon + random.uniform(-0.5, 0.5)
        )
        for number in range(max(SIZES))
    }
    points = [(place.lat, place.lon) for place in list(stops.values())[: PAIRS + 1]]

    def pair_by_pair() -> None:
        for one, other in pairwise(points):
            geodesic(one, other)

    pair_s = best_s(pair_by_pair, 3) / PAIRS
    print(f"geopy, one pair: {1e6 * pair_s:.0f} µs")
    for size in SIZES:
        some = dict(list(stops.items())[:size])
        spent_s = best_s(lambda some=some: estimate_travel(CAMPUS_AT, some))
        print(
            f"{size} stops by estimate: {spent_s:.3f} s = {spent_s / pair_s:,.0f} pairs by geopy,"
            f" {pair_s * (size + 1) ** 2 / spent_s:,.0f} times as fast as all pairs by geopy"
        )


if __name__ == "__main__":
    main()
