"""Plans of small problems: solved the same each time, or written down trip by trip."""

from busops.planner.advice.redrive import Redrive, replanned
from busops.planner.problem import Plan, Problem, Unserved, UnservedReason
from busops.planner.solve import solve
from busops.planner.timetable import Halt
from busops.planner.verify import verify

EMPTY = Plan(trips=(), unserved=(), cost_fen=0, lower_bound_fen=0, bound_model="")


def solved(case: Problem) -> Plan:
    """A plan of a small problem, the same each time."""
    return solve(case, seconds=0, seed=1, rounds=10)


def written(case: Problem, *trips: tuple[str, tuple[Halt, ...]], left: tuple[str, ...] = ()) -> Plan:
    """The plan of these trips (plate, halts), which verifies."""
    drives = [
        Redrive(trip=number, plate=plate, halts=halts) for number, (plate, halts) in enumerate(trips, 1)
    ]
    plan = replanned(case, EMPTY, drives)
    unserved = tuple(Unserved(rider_id=rider_id, reason=UnservedReason.NO_SEAT) for rider_id in left)
    whole = Plan(
        trips=plan.trips,
        unserved=unserved,
        cost_fen=plan.cost_fen,
        lower_bound_fen=0,
        bound_model="",
    )
    assert verify(case, whole) == ()
    return whole
