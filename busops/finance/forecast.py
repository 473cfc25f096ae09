"""
How the term may end: low, base and high, and a seeded play of no-shows and demand over the weeks left.

Ĝ = earned to date + units contracted for later; Ĉ = costs to date + run rate × runs left + known fixed
(domain §3.3). Whole fen throughout; a forecast is never a fact and decides nothing. The play draws from
``random.Random(seed)``, so the same books give the same fan.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import isqrt
from random import Random
from typing import Final

from busops.finance.net_revenue import WHOLE_BP, Verdict, plain_verdict, ratio_text

DRAWS: Final = 2_000
SEED: Final = 20_240_301
FEW: Final = 4  # with fewer past weekends their spread says little: demand is played ten per cent either way
SWING_BP: Final = 1_000
PERCENTILES: Final = (5, 25, 50, 75, 95)
_BITS: Final = 256  # how many of them are ones is as good as normal: 128 with a standard deviation of 8
_HALF: Final = 128
_SIGMA: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PastWeekend:
    """
    A weekend that is over: seats held by roster, rides taken, runs driven.

    ``short_fen`` is what its trip and weekend units earned, ``long_fen`` its share of months and terms.
    """

    on: date
    seats: int
    rides: int
    runs: int
    short_fen: int
    long_fen: int
    costs_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComingWeekend:
    """A weekend to come: ``long_fen`` is contracted; ``seats`` and ``fixed_fen`` as far as they are known."""

    on: date
    long_fen: int = 0
    seats: int | None = None
    fixed_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastFacts:
    """What a forecast rests on; of ``costs_fen``, spent to date, runs caused ``run_costs_fen``."""

    past: tuple[PastWeekend, ...]
    coming: tuple[ComingWeekend, ...]
    earned_fen: int
    costs_fen: int
    run_costs_fen: int
    target_bp: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """One way the term may end, fen."""

    base_fen: int
    costs_fen: int
    verdict: Verdict
    ratio: str

    @property
    def net_fen(self) -> int:
        """What would be left."""
        return self.base_fen - self.costs_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class FanPoint:
    """The ratio to date after a weekend in basis points, floored, at each of ``PERCENTILES``."""

    on: date
    ratio_bp: tuple[int, ...]
    is_known: bool

    @property
    def middle_bp(self) -> int:
        """The median."""
        return self.ratio_bp[len(self.ratio_bp) // 2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """
    Three outlooks and the fan. ``met_bp``: in how many of the draws the goal is reached, basis points.

    ``has_few`` = the spread of demand is assumed, there are too few weekends to know it.
    """

    low: Outlook
    base: Outlook
    high: Outlook
    met_bp: int
    draws: int
    fan: tuple[FanPoint, ...]
    weekends_left: int
    runs_left: int
    run_rate_fen: int
    has_few: bool


def forecast(facts: ForecastFacts, *, seed: int = SEED, draws: int = DRAWS) -> Forecast | None:
    """The term's outlook; None before any weekend is over. ``draws`` times the weeks left are played."""
    if not facts.past or not sum(one.runs for one in facts.past):
        return None
    runs, weekends = sum(one.runs for one in facts.past), len(facts.past)
    runs_left = -(-runs * len(facts.coming) // weekends)
    has_few = weekends < FEW
    low, base, high = _outlooks(facts, facts.run_costs_fen * runs_left // runs, has_few=has_few)
    fan, met = _play(facts, Random(seed), draws)  # noqa: S311 a play, not a secret
    return Forecast(
        low=low,
        base=base,
        high=high,
        met_bp=WHOLE_BP * met // draws,
        draws=draws,
        fan=(*_known(facts.past), *fan),
        weekends_left=len(facts.coming),
        runs_left=runs_left,
        run_rate_fen=facts.run_costs_fen // runs,
        has_few=has_few,
    )


def _outlooks(facts: ForecastFacts, runs_fen: int, *, has_few: bool) -> tuple[Outlook, Outlook, Outlook]:
    """Low: every weekend brings what the poorest brought; base: the mean; high: the richest."""
    shorts = [one.short_fen for one in facts.past]
    mean = sum(shorts) // len(shorts)
    poor, rich = min(shorts), max(shorts)
    if has_few:
        poor = min(poor, mean * (WHOLE_BP - SWING_BP) // WHOLE_BP)
        rich = max(rich, mean * (WHOLE_BP + SWING_BP) // WHOLE_BP)
    contracted_fen = facts.earned_fen + sum(one.long_fen for one in facts.coming)
    costs_fen = facts.costs_fen + runs_fen + sum(one.fixed_fen for one in facts.coming)
    low, base, high = (
        _outlook(contracted_fen + short * len(facts.coming), costs_fen, facts.target_bp)
        for short in (poor, mean, rich)
    )
    return low, base, high


def _outlook(base_fen: int, costs_fen: int, target_bp: int) -> Outlook:
    return Outlook(
        base_fen=base_fen,
        costs_fen=costs_fen,
        verdict=plain_verdict(base_fen, base_fen - costs_fen, costs_fen, target_bp),
        ratio=ratio_text(base_fen - costs_fen, base_fen),
    )


def _known(past: Sequence[PastWeekend]) -> tuple[FanPoint, ...]:
    """The weekends that are over, each with the ratio of everything up to it."""
    points, base, costs = [], 0, 0
    for one in past:
        base += one.short_fen + one.long_fen
        costs += one.costs_fen
        ratio = _ratio_bp(base, costs)
        points.append(FanPoint(on=one.on, ratio_bp=(ratio,) * len(PERCENTILES), is_known=True))
    return tuple(points)


def _play(facts: ForecastFacts, rng: Random, draws: int) -> tuple[tuple[FanPoint, ...], int]:
    """The fan over the weekends to come, and in how many draws the term reaches the goal."""
    ratios: list[list[int]] = [[] for _ in facts.coming]
    driven_before = sum(one.runs for one in facts.past)
    met = 0
    for _ in range(draws):
        base, fixed, driven, costs = facts.earned_fen, facts.costs_fen, 0, facts.costs_fen
        for at, (week, fares_fen, runs) in enumerate(_weeks(facts, rng)):
            base += week.long_fen + fares_fen
            fixed += week.fixed_fen
            driven += runs
            costs = fixed + facts.run_costs_fen * driven // driven_before
            ratios[at].append(_ratio_bp(base, costs))
        met += plain_verdict(base, base - costs, costs, facts.target_bp) is Verdict.MET
    points = []
    for week, values in zip(facts.coming, ratios, strict=True):
        values.sort()
        shown = tuple(values[(len(values) - 1) * share // 100] for share in PERCENTILES)
        points.append(FanPoint(on=week.on, ratio_bp=shown, is_known=False))
    return tuple(points), met


def _weeks(facts: ForecastFacts, rng: Random) -> Sequence[tuple[ComingWeekend, int, int]]:
    """One play of the weekends to come: each with the fares of its rides and its runs."""
    seats_in_all = max(sum(one.seats for one in facts.past), 1)
    rides_in_all = sum(one.rides for one in facts.past)
    short_fen = sum(one.short_fen for one in facts.past)
    gone = max(seats_in_all - rides_in_all, 0)
    weeks = []
    for week in facts.coming:
        like = facts.past[rng.randrange(len(facts.past))]
        seats = week.seats
        if seats is None:
            swing_bp = rng.randint(-SWING_BP, SWING_BP) if len(facts.past) < FEW else 0
            seats = like.seats * (WHOLE_BP + swing_bp) // WHOLE_BP
        missing = _missing(seats, gone, seats_in_all, rng)
        fares_fen = short_fen * (seats - missing) // max(rides_in_all, 1)
        weeks.append((week, fares_fen, like.runs))
    return weeks


def _missing(seats: int, gone: int, of: int, rng: Random) -> int:
    """How many of the seats stay empty: binomial at the rate seen, as its normal neighbour."""
    sigma_16 = isqrt(256 * seats * gone * max(of - gone, 0) // (of * of))  # sixteenths of a seat
    parts = 16 * _SIGMA
    around = parts * seats * gone // of + sigma_16 * (rng.getrandbits(_BITS).bit_count() - _HALF)
    return min(max((around + parts // 2) // parts, 0), seats)


def _ratio_bp(base_fen: int, costs_fen: int) -> int:
    """Net ÷ base, floored; a period without fares counts as a full loss."""
    return WHOLE_BP * (base_fen - costs_fen) // base_fen if base_fen > 0 else -WHOLE_BP
