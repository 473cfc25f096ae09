"""
How good and how fast the planner is on synthetic counties: ``python -m tests.bench.bench_planner``.

Prints for each county when the first plan was there that serves everybody (the goal is a second for 150
stops), the greedy cost, the planned cost and what is proved, and the peak memory.
"""

import argparse
import resource
import sys
import time
from dataclasses import dataclass

from busops.domain.values import Direction
from busops.planner.solve import Progress, solve
from busops.planner.verify import verify
from busops.planner.warm import warm
from tests.bench.towns import county

COUNTIES = ((60, 600), (100, 1500), (150, 3000), (120, 800))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run of the planner."""

    name: str
    first_s: float
    seconds: float
    greedy_fen: int
    cost_fen: int
    bound_fen: int
    unserved: int
    violations: int

    def line(self) -> str:
        """The run as a row of the table."""
        return (
            f"{self.name:<24} {self.first_s:6.2f} {self.seconds:6.1f}"
            f" {self.greedy_fen / 100:12,.2f} {self.cost_fen / 100:12,.2f}"
            f" {100 * self.cost_fen / self.greedy_fen:8.2f}"
            f" {100 * self.cost_fen / max(self.bound_fen, 1):8.2f}"
            f" {self.unserved:6} {self.violations:6}"
        )


def measure(stops: int, riders: int, direction: Direction, seconds: float, seed: int) -> Measured:
    """Plans one county and checks the plan."""
    case = county(stops=stops, riders=riders, seed=seed, direction=direction)
    served_at: list[float] = []

    def note(progress: Progress) -> None:
        if not progress.unserved:
            served_at.append(time.monotonic())

    began = time.monotonic()
    plan = solve(case, seconds=seconds, seed=seed, on_progress=note)
    return Measured(
        name=f"{stops}/{riders} {direction.value}",
        first_s=served_at[0] - began if served_at else float("nan"),
        seconds=time.monotonic() - began,
        greedy_fen=int(plan.stats["greedy_cost_fen"]),
        cost_fen=plan.cost_fen,
        bound_fen=plan.lower_bound_fen,
        unserved=len(plan.unserved),
        violations=len(verify(case, plan)),
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    head = (
        f"{'county':<24} {'first':>6} {'s':>6} {'greedy':>12} {'planned':>12} {'% greedy':>8} {'% bound':>8}"
    )
    sys.stdout.write(f"{head} {'unserv':>6} {'viol':>6}\n")
    warm()
    for stops, riders in COUNTIES:
        for direction in Direction:
            sys.stdout.write(measure(stops, riders, direction, chosen.seconds, chosen.seed).line() + "\n")
            sys.stdout.flush()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(f"peak memory {peak_mb} MB\n")


if __name__ == "__main__":
    main()
