"""Synthetic schools from a seed: the named ones are those that were measured before, cell by cell."""

import hashlib
from collections import Counter

import pytest

from busops.planner.demand import nodes_of
from busops.planner.instances.towns import NAMED, fresh_town, town_problem
from busops.planner.problem import Problem
from busops.planner.search.greedy import greedy_plan

# Of metres, seconds, riders, fleet and limits. A to F were taken from the school folders of that name,
# the others from the generator that made them.
DIGESTS = {
    "A": "8f278545c16280e9",
    "B": "e12bf3572f6ee7d9",
    "C": "36dde854f5f18121",
    "D": "0e4ca4c891aefdf7",
    "E": "4b530c714a8474da",
    "F": "35debbb9ad891bcd",
    "G": "489a0f7ad5978dd4",
    "H": "f5b3519d2e3e3cc0",
    "J": "c12ff7c31883aee7",
    "K": "75bf93ccf1dfabe2",
    "L": "4300d12000f85aba",
}


def digest(problem: Problem) -> str:
    """A short name for everything that a plan's cost depends on."""
    riders = Counter(rider.stop_ids[0] for rider in problem.riders)
    fleet = Counter(
        (one.capacity, one.fixed_fen, one.per_km_fen, one.max_trips, one.lines) for one in problem.vehicles
    )
    limits = problem.limits
    bounds = (limits.max_ride_s, limits.ride_factor_milli, limits.max_stops, limits.dwell_base_s)
    told = hashlib.sha256()
    for matrix in (problem.travel.distance_m, problem.travel.duration_s):
        told.update(matrix.astype("<i8").tobytes())
    told.update(repr([riders[stop] for stop in problem.stop_ids]).encode())
    told.update(repr(sorted(fleet.items())).encode())
    told.update(repr((*bounds, limits.dwell_rider_s, limits.returns_to_campus, problem.stop_ids)).encode())
    return told.hexdigest()[:16]


@pytest.mark.parametrize("name", DIGESTS)
def test_the_named_schools_are_the_ones_that_were_measured_before(name):
    """Every metre, second, rider and vehicle is as in the folder of that name; figures can be compared."""
    assert digest(town_problem(NAMED[name])) == DIGESTS[name]


def test_no_named_school_is_left_unproved():
    """Each of them stands in the list above."""
    assert set(DIGESTS) == set(NAMED)


def test_fresh_networks_go_through_the_range_of_stops_a_bus_both_ways_home():
    """Twelve numbers in a row: six fillings, each once open and once returning, and no two alike."""
    towns = [fresh_town(number) for number in range(600, 612)]
    assert all(60 <= town.stops <= 150 for town in towns)
    filling = Counter((town.name.partition("s")[2].rstrip("or"), town.returns_to_campus) for town in towns)
    assert filling == Counter(
        (stops, returns) for stops in ("3", "4.8", "6.6", "8.4", "10.2", "12") for returns in (True, False)
    )
    assert len({town.seed for town in towns}) == 12
    assert digest(town_problem(towns[0])) == digest(town_problem(fresh_town(600)))


@pytest.mark.parametrize("number", [8400, 8405])
def test_a_fresh_network_can_be_served_and_buses_stop_as_often_as_its_name_says(number):
    """Nobody is left over; where 12 stops fill a bus, trips are more than twice as long as where 3 do."""
    problem = town_problem(fresh_town(number))
    search = greedy_plan(problem, nodes_of(problem).nodes)
    assert search.missing == 0
    stops_a_trip = search.model.size / len(search.best)
    assert (stops_a_trip > 6) == (number == 8405)
