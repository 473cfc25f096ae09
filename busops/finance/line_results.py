"""
What each line brought and cost: fares, shared costs, kilometres loaded and empty, and what it would need.

Pure: the runs, costs and rides are given. Costs fall on runs by the rule of ``cost_shares.py``, so the lines
and what belongs to none add up to the books, to the fen.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from busops.finance.cost_shares import LineRun, RunBook, empty_part_fen, share_of
from busops.finance.costs import CostLine
from busops.finance.money import split_fen
from busops.finance.net_revenue import WHOLE_BP, Verdict, headroom_fen, plain_verdict, ratio_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Fare:
    """What a rider's unit brought, fen, and the lines he rode for it (or was to ride), one for each ride."""

    fen: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineResult:
    """
    One line over the period, fen and metres.

    ``empty_fen`` is the part of ``costs_fen`` that the empty way caused by its kilometres.
    ``needed_fare_fen`` a ride reaches the goal with today's riders, ``break_even_rides`` at today's fare;
    None where nothing can.
    """

    line: str
    runs: int
    rides: int
    distance_m: int
    empty_m: int
    fares_fen: int
    costs_fen: int
    empty_fen: int
    planned_fen: int
    headroom_fen: int
    needed_fare_fen: int | None
    break_even_rides: int | None
    verdict: Verdict
    ratio: str

    @property
    def loaded_m(self) -> int:
        """The way with riders."""
        return self.distance_m - self.empty_m

    @property
    def net_fen(self) -> int:
        """What is left of the fares."""
        return self.fares_fen - self.costs_fen

    @property
    def mean_fare_fen(self) -> int | None:
        """What a ride brought on average, floored; None when nobody rode."""
        return self.fares_fen // self.rides if self.rides else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineResults:
    """The lines, the worst first, and what belongs to no line."""

    lines: tuple[LineResult, ...]
    fares_of_none_fen: int
    costs_of_none_fen: int
    other_use_fen: int  # what trips for others than pupils bore, in no line and no sum


def line_results(
    runs: Sequence[LineRun], costs: Iterable[CostLine], fares: Iterable[Fare], *, target_bp: int = 1000
) -> LineResults:
    """
    Every line that ran, the one furthest below the goal first.

    ``costs`` are those that count on the basis asked for; Σ lines + none = what was given, exactly.
    """
    costs = tuple(costs)
    earned, loose_fares_fen = fares_by_line(fares, {run.line for run in runs})
    by_run, loose_costs_fen = _costs(runs, costs, earned)
    lines: dict[str, list[LineRun]] = defaultdict(list)
    for run in runs:
        lines[run.line].append(run)
    results = [
        _result(line, mine, earned.get(line, 0), by_run, target_bp) for line, mine in sorted(lines.items())
    ]
    return LineResults(
        lines=tuple(sorted(results, key=lambda one: (one.headroom_fen, one.line))),
        fares_of_none_fen=loose_fares_fen,
        costs_of_none_fen=loose_costs_fen,
        other_use_fen=sum(cost.other_use_fen for cost in costs),
    )


def needed_fare_fen(costs_fen: int, rides: int, target_bp: int = 1000) -> int | None:
    """The least fare a ride that reaches the goal, ``p ≥ C ÷ (0.9 × n)`` (domain §3.3); None if none does."""
    kept_bp = WHOLE_BP - target_bp
    if rides <= 0 or kept_bp <= 0:
        return None
    return -(-WHOLE_BP * costs_fen // (kept_bp * rides))


def break_even_rides(costs_fen: int, fares_fen: int, rides: int, target_bp: int = 1000) -> int | None:
    """How many rides at today's mean fare reach the goal, ``n ≥ C ÷ (0.9 × p)``; None without fares."""
    kept_bp = WHOLE_BP - target_bp
    if rides <= 0 or fares_fen <= 0 or kept_bp <= 0:
        return None
    return -(-WHOLE_BP * costs_fen * rides // (kept_bp * fares_fen))


def fares_by_line(fares: Iterable[Fare], known: set[str]) -> tuple[dict[str, int], int]:
    """What each line earned, and what was paid for rides on none of them."""
    earned: dict[str, int] = defaultdict(int)
    loose_fen = 0
    for fare in fares:
        lines = [line for line in fare.lines if line in known]
        if not lines:
            loose_fen += fare.fen
            continue
        for line, part in zip(lines, split_fen(fare.fen, [1] * len(lines)), strict=True):
            earned[line] += part
    return earned, loose_fen


@dataclass(slots=True)
class _Spent:
    costs_fen: int = 0
    empty_fen: int = 0


def _costs(
    runs: Sequence[LineRun], costs: Iterable[CostLine], earned: Mapping[str, int]
) -> tuple[dict[str, _Spent], int]:
    """What each run cost, its empty way apart, and the costs that no run bears."""
    spent = {run.run_id: _Spent() for run in runs}
    book = RunBook(runs)
    loose_fen = 0
    for cost in costs:
        share = share_of(cost, book, earned=earned)
        loose_fen += share.loose_fen
        for run_id, part in share.by_run.items():
            spent[run_id].costs_fen += part
            spent[run_id].empty_fen += empty_part_fen(cost.code, part, book.by_id[run_id])
    return spent, loose_fen


def _result(
    line: str, runs: Sequence[LineRun], fares_fen: int, spent: Mapping[str, _Spent], target_bp: int
) -> LineResult:
    costs_fen = sum(spent[run.run_id].costs_fen for run in runs)
    rides = sum(run.riders for run in runs)
    return LineResult(
        line=line,
        runs=len(runs),
        rides=rides,
        distance_m=sum(run.distance_m for run in runs),
        empty_m=sum(run.empty_m for run in runs),
        fares_fen=fares_fen,
        costs_fen=costs_fen,
        empty_fen=sum(spent[run.run_id].empty_fen for run in runs),
        planned_fen=sum(run.planned_fen for run in runs),
        headroom_fen=headroom_fen(fares_fen, costs_fen, target_bp),
        needed_fare_fen=needed_fare_fen(costs_fen, rides, target_bp),
        break_even_rides=break_even_rides(costs_fen, fares_fen, rides, target_bp),
        verdict=plain_verdict(fares_fen, fares_fen - costs_fen, costs_fen, target_bp),
        ratio=ratio_text(fares_fen - costs_fen, fares_fen),
    )
