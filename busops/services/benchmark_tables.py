"""
From single runs to what may be said of them: medians over seeds, and ours against each peer.

Only arithmetic. Ratios are of costs; 0.99 means that ours costs one per cent less.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, median

from busops.services.benchmark import OURS, Case, Result


class Against(StrEnum):
    """What a cost is told as a distance to."""

    KNOWN = "known"  # the best cost published for a public file
    BOUND = "bound"  # what any run has proved that no plan can undercut
    BEST = "best"  # nothing is proved: the best cost of these runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The cost from which distances are counted in one case; 0 while there is none."""

    against: Against
    fen: int

    def over_pct(self, cost_fen: float | None) -> float | None:
        """How far a cost lies above, in per cent; None without either."""
        return None if cost_fen is None or not self.fen else 100 * (cost_fen / self.fen - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Median:
    """An engine with its seconds on one case, over the seeds; costs are None when no run served everybody."""

    case: str
    label: str
    engine: str
    seconds: float
    runs: int
    served: int  # runs that served everybody
    cost_fen: float | None
    least_fen: int | None
    most_fen: int | None
    over_pct: float | None
    trips: float
    longest_ride_s: float
    p95_ride_s: float
    first_s: float | None
    wall_s: float
    peak_mb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """
    Ours with some seconds against a peer with its own, over all cases that both served.

    ``mean_ratio``: mean over cases of median cost over median cost. ``wins`` to ``losses`` count runs of
    the same seed; where a peer ran once it meets every run of ours. A run that served everybody beats one
    that did not. ``worst_ratio`` is the largest ratio of a case.
    """

    ours: str
    peer: str
    cases: int
    mean_ratio: float | None
    worst_ratio: float | None
    worst_case: str
    wins: int
    ties: int
    losses: int
    longest_ride_ratio: float | None
    p95_ride_ratio: float | None


def reference_of(case: Case, results: Iterable[Result]) -> Reference:
    """The published cost, else the best bound that was proved, else the best cost there is."""
    own = [one for one in results if one.race.case == case.name]
    if case.known_fen:
        return Reference(against=Against.KNOWN, fen=case.known_fen)
    bound = max((one.bound_fen for one in own), default=0)
    if bound:
        return Reference(against=Against.BOUND, fen=bound)
    found = [one.cost_fen for one in own if one.cost_fen is not None]
    return Reference(against=Against.BEST, fen=min(found, default=0))


def medians(cases: Sequence[Case], results: Sequence[Result]) -> tuple[Median, ...]:
    """One row for each case and engine with its seconds, in the order in which they ran."""
    rows = []
    for case in cases:
        reference = reference_of(case, results)
        own = [one for one in results if one.race.case == case.name]
        for label in dict.fromkeys(one.race.label for one in own):
            rows.append(_median([one for one in own if one.race.label == label], reference))
    return tuple(rows)


def _median(runs: Sequence[Result], reference: Reference) -> Median:
    race = runs[0].race
    served = [one for one in runs if one.cost_fen is not None]
    costs = [one.cost_fen for one in served if one.cost_fen is not None]
    firsts = [one.first_s for one in runs if one.first_s is not None]
    middle = median(costs) if costs else None
    return Median(
        case=race.case,
        label=race.label,
        engine=race.engine,
        seconds=race.seconds,
        runs=len(runs),
        served=len(served),
        cost_fen=middle,
        least_fen=min(costs, default=None),
        most_fen=max(costs, default=None),
        over_pct=reference.over_pct(middle),
        trips=median(one.trips for one in served) if served else 0,
        longest_ride_s=median(one.longest_ride_s for one in served) if served else 0,
        p95_ride_s=median(one.p95_ride_s for one in served) if served else 0,
        first_s=median(firsts) if firsts else None,
        wall_s=median(one.wall_s for one in runs),
        peak_mb=max(one.peak_mb for one in runs),
    )


def duels(cases: Sequence[Case], results: Sequence[Result]) -> tuple[Duel, ...]:
    """Each of our budgets against each peer with each of its own."""
    rows = medians(cases, results)
    ours = dict.fromkeys(row.label for row in rows if row.engine == OURS)
    peers = dict.fromkeys(row.label for row in rows if row.engine != OURS)
    return tuple(_duel(mine, theirs, rows, results) for mine in ours for theirs in peers)


def _duel(mine: str, theirs: str, rows: Sequence[Median], results: Sequence[Result]) -> Duel:
    by_name = {(row.case, row.label): row for row in rows}
    pairs = [
        (row, by_name[row.case, theirs])
        for row in rows
        if row.label == mine and (row.case, theirs) in by_name
    ]
    ratios = {
        row.case: row.cost_fen / other.cost_fen for row, other in pairs if row.cost_fen and other.cost_fen
    }
    worst = max(ratios, key=lambda case: ratios[case], default="")
    scores = [_score(one, other) for one, other in _met(mine, theirs, results)]
    return Duel(
        ours=mine,
        peer=theirs,
        cases=len(ratios),
        mean_ratio=fmean(ratios.values()) if ratios else None,
        worst_ratio=ratios[worst] if worst else None,
        worst_case=worst,
        wins=scores.count(-1),
        ties=scores.count(0),
        losses=scores.count(1),
        longest_ride_ratio=_mean_ratio((row.longest_ride_s, other.longest_ride_s) for row, other in pairs),
        p95_ride_ratio=_mean_ratio((row.p95_ride_s, other.p95_ride_s) for row, other in pairs),
    )


def _met(mine: str, theirs: str, results: Sequence[Result]) -> list[tuple[Result, Result]]:
    """Runs of the same case and seed; the only run of a peer meets all."""
    met = []
    for one in results:
        if one.race.label != mine:
            continue
        others = [
            other for other in results if (other.race.case, other.race.label) == (one.race.case, theirs)
        ]
        met += [(one, other) for other in others if len(others) == 1 or other.race.seed == one.race.seed]
    return met


def _score(one: Result, other: Result) -> int:
    """-1 when ``one`` is better, 0 when they are level, 1 when ``other`` is."""
    if one.cost_fen is None or other.cost_fen is None:
        return (one.cost_fen is None) - (other.cost_fen is None)
    return (one.cost_fen > other.cost_fen) - (one.cost_fen < other.cost_fen)


def _mean_ratio(pairs: Iterable[tuple[float, float]]) -> float | None:
    ratios = [one / other for one, other in pairs if one and other]
    return fmean(ratios) if ratios else None
