"""Plans anew: only what the verifier passes, the best of what is known and found, with a bound that holds."""

from dataclasses import replace

from busops.planner.margin.replan import Replanning, bounded_as, is_sound
from busops.planner.solve import solve
from tests.unit.planner.small import coach, problem, riders

HOW = Replanning(seconds=0, rounds=3)
ASKED = problem(riders(S1=3, S4=3), coach("A"), coach("B"))


def test_the_best_of_known_and_found() -> None:
    """A sound known plan that serves fewer loses; a forged one does not count at all."""
    partial = replace(solve(problem(riders(S1=3), coach("A")), seconds=0, seed=1, rounds=3))
    assert not is_sound(ASKED, partial)
    forged = replace(solve(ASKED, seconds=0, seed=1, rounds=3), cost_fen=1)
    best = HOW.best(ASKED, [partial, forged])
    assert best is not None
    assert not best.unserved
    assert best.cost_fen > 1


def test_a_bound_holds_for_plans_that_serve_as_many_and_cost_no_less() -> None:
    """Else there is none."""
    plan = solve(ASKED, seconds=0, seed=1, rounds=3)
    proved = replace(plan, lower_bound_fen=plan.cost_fen - 5, bound_model="m")
    assert bounded_as(plan, proved).lower_bound_fen == plan.cost_fen - 5
    cheaper = replace(plan, cost_fen=plan.cost_fen - 6)
    assert bounded_as(cheaper, proved).lower_bound_fen == 0


def test_asked_to_stop_it_says_so() -> None:
    """What is found then is not complete."""
    assert replace(HOW, should_stop=lambda: True).is_stopped
    assert not HOW.is_stopped
