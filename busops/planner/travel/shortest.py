"""
The shortest ways from the campus over any places: all that a bound or a cap needs, found in a moment.

All pairs would take O(n³): minutes for thousands of stops.
"""

from typing import Final

from busops.planner.travel.matrix import Matrix

_FAR: Final = 2**62


def shortest_from_campus(ways: Matrix) -> Matrix:
    """
    Metres or seconds of the shortest way from place 0 to every place, int64 (n,); O(n²).

    ``ways`` (n, n), none negative, may break the triangle inequality; transposed it gives the ways to
    place 0. Dijkstra (1959) on the full matrix.
    """
    found: Matrix = ways[0].copy()
    found[0] = 0
    open_ = found.copy()
    for _place in range(len(ways)):
        nearest = int(open_.argmin())
        if open_[nearest] == _FAR:
            break
        open_[nearest] = _FAR
        shorter = found[nearest] + ways[nearest] < found
        found[shorter] = found[nearest] + ways[nearest, shorter]
        open_[shorter] = found[shorter]
    return found
