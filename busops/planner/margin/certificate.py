"""
Whether the goal can be met at all: met, proved out of reach, or open between two figures.

Judged from what the planner has proved. No sentence is made here: the words are in
``translations/codes/margin.toml``, the model that the proof holds for is told with it.
"""

from dataclasses import dataclass
from enum import StrEnum

from busops.finance.net_revenue import headroom_fen
from busops.planner.margin.margin import Margin


class Standing(StrEnum):
    """How a plan stands to the goal."""

    MET = "met"  # the plan reaches it
    IMPOSSIBLE = "impossible"  # proved: not even the cheapest possible plan reaches it
    OPEN = "open"  # the plan misses it, and nothing is proved against a cheaper one
    UNPROVED = "unproved"  # the plan misses it, and there is no bound at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """
    What is known for sure. Fen.

    ``fares_fen`` is what all riders of the problem owe, served or not: a plan that serves more of them
    cannot bring more. ``may_cost_fen`` is the most that a plan may cost with the goal met;
    ``short_fen`` what even the cheapest possible plan costs above it (0 unless proved impossible).
    """

    standing: Standing
    margin: Margin
    fares_fen: int
    lower_bound_fen: int
    bound_model: str
    may_cost_fen: int
    short_fen: int


def certify(margin: Margin, *, all_fares_fen: int, lower_bound_fen: int, bound_model: str) -> Certificate:
    """
    The certificate of a plan with this margin and this proven bound.

    ``all_fares_fen`` counts the riders without a seat too (never less than the plan's own fares). Proved
    impossible is exactly: a plan at the bound with all those fares fails the test of the goal.
    """
    fares_fen = max(all_fares_fen, margin.fares_fen)
    cheapest = Margin(fares_fen=fares_fen, cost_fen=lower_bound_fen, target_bp=margin.target_bp)
    if margin.is_met:
        standing = Standing.MET
    elif lower_bound_fen <= 0:
        standing = Standing.UNPROVED
    elif cheapest.is_met:
        standing = Standing.OPEN
    else:
        standing = Standing.IMPOSSIBLE
    return Certificate(
        standing=standing,
        margin=margin,
        fares_fen=fares_fen,
        lower_bound_fen=lower_bound_fen,
        bound_model=bound_model,
        may_cost_fen=headroom_fen(fares_fen, 0, margin.target_bp),
        short_fen=-cheapest.headroom_fen if standing is Standing.IMPOSSIBLE else 0,
    )
