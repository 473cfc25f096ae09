"""
The school's own travel file: taken at its word, but no leg faster than the law.

Any other source is another module's; which speeds a bus really drives is not known here.
"""

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import numpy as np

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.domain.network import FASTEST_KMH, lawful_duration_s
from busops.domain.values import CAMPUS
from busops.planner.travel.matrix import Matrix, TravelTimes

TravelRow: TypeAlias = tuple[str, str, int, int]  # from, to, metres, seconds

_NAMED_LEGS: Final = 5
_NAMED_PAIRS: Final = 200  # more missing pairs than this are counted, not named


def travel_from_rows(stop_ids: Sequence[str], rows: Iterable[TravelRow]) -> TravelTimes:
    """
    The matrices of a travel file, each leg slowed to the law; rows of other places are passed over.

    Raises InvalidInput with a finding for each missing pair, negative value and contradiction.
    """
    ids = (str(CAMPUS), *stop_ids)
    index = {name: number for number, name in enumerate(ids)}
    distance = np.full((len(ids), len(ids)), -1, dtype=np.int64)
    duration = distance.copy()
    given: dict[tuple[int, int], tuple[int, int]] = {}
    findings: list[Finding] = []
    for origin, target, metres, seconds in rows:
        if origin not in index or target not in index:
            continue
        cell = index[origin], index[target]
        facts = {"from": origin, "to": target, "distance_m": metres, "duration_s": seconds}
        if metres < 0 or seconds < 0:
            findings.append(Finding(code="travel_value_negative", place=f"{origin}→{target}", facts=facts))
        elif given.setdefault(cell, (metres, seconds)) != (metres, seconds):
            findings.append(Finding(code="travel_pair_twice", place=f"{origin}→{target}", facts=facts))
        else:
            distance[cell], duration[cell] = metres, lawful_duration_s(metres, seconds)
    for matrix in (distance, duration):
        diagonal = np.einsum("ii->i", matrix)
        diagonal[:] = 0
    findings.extend(_missing_pairs(ids, distance))
    if findings:
        raise InvalidInput("travel_rows_invalid", findings, count=len(findings))
    return TravelTimes(ids=ids, distance_m=distance, duration_s=duration)


def slowed_legs(stop_ids: Sequence[str], rows: Iterable[TravelRow]) -> tuple[Finding, ...]:
    """One WARN when :func:`travel_from_rows` slows legs down: how many, and those that it slows most."""
    places = {str(CAMPUS), *stop_ids}
    legs = {
        (origin, target): (lawful_duration_s(metres, seconds) - seconds, metres, seconds)
        for origin, target, metres, seconds in rows
        if origin != target and origin in places and target in places
    }
    slowed = sorted((-excess, way, leg) for way, (excess, *leg) in legs.items() if excess > 0)
    if not slowed:
        return ()
    worst = "; ".join(
        f"{origin}→{target} {metres} m / {seconds} s"
        for _, (origin, target), (metres, seconds) in slowed[:_NAMED_LEGS]
    )
    facts = {"count": len(slowed), "cap_kmh": FASTEST_KMH, "worst": worst}
    return (Finding(code="legs_slowed", severity=Severity.WARN, facts=facts),)


def _missing_pairs(ids: Sequence[str], distance: Matrix) -> Iterable[Finding]:
    missing = np.argwhere(distance < 0)
    for row, column in missing[:_NAMED_PAIRS]:
        origin, target = ids[row], ids[column]
        facts = {"from": origin, "to": target}
        yield Finding(code="travel_way_missing", place=f"{origin}→{target}", facts=facts)
    if len(missing) > _NAMED_PAIRS:
        yield Finding(code="travel_ways_missing_more", facts={"count": len(missing) - _NAMED_PAIRS})
