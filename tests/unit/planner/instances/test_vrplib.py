"""The reader of public routing files: what it takes from them, and how it names what is wrong."""

import numpy as np
import pytest

from busops.domain.errors import InvalidInput
from busops.planner.instances.vrplib import FileVehicle, Rounding, instance_of

PLAIN = """\
NAME : \ttiny-n4\t
COMMENT : "made up (2026)"
TYPE : CVRP
DIMENSION : 4
EDGE_WEIGHT_TYPE : EUC_2D
CAPACITY : 10
NODE_COORD_SECTION
1\t0\t0
2\t3\t4
3\t0\t2.5
4\t1\t1
DEMAND_SECTION
1 0
2 7
3 2
4 3
DEPOT_SECTION
  1
  -1
EOF
"""
MIXED = """\
NAME: tiny-mixed
TYPE: HFVRP
DIMENSION: 3
VEHICLES: 3
EDGE_WEIGHT_TYPE: EUC_2D
NODE_COORD_SECTION
1 0 0
2 1 1
3 3 4
DEMAND_SECTION
1 0
2 5
3 6
CAPACITY_SECTION
1 6
2 6
3 12
VEHICLES_FIXED_COST_SECTION
1 100
2 100
3 250
VEHICLES_UNIT_DISTANCE_COST_SECTION
1 58
2 58
3 100
DEPOT_SECTION
1
EOF
"""


def read(text: str, **options: Rounding):
    """The instance that the text describes, as the file ``t.vrp``."""
    return instance_of(text, file="t.vrp", **options)


def fault(text: str) -> tuple[str, dict[str, object]]:
    """The code and the facts with which the text is refused."""
    with pytest.raises(InvalidInput) as caught:
        read(text)
    return caught.value.code, dict(caught.value.facts)


def test_whole_units_are_rounded_to_nearest_with_a_half_upwards():
    """Distances of a file with one kind of vehicle are whole units: 5, 2.5 → 3, 1.41 → 1."""
    found = read(PLAIN)
    assert (found.name, found.demand, found.distance_scale, found.cost_scale) == (
        "tiny-n4",
        (0, 7, 2, 3),
        1,
        1,
    )
    assert found.distance[0].tolist() == [0, 5, 3, 1]
    assert found.rounding is Rounding.NEAREST


def test_where_no_number_is_given_there_are_enough_vehicles_for_any_plan_worth_having():
    """Twice the load over the capacity and one more, never more than clients."""
    assert read(PLAIN).vehicles == (FileVehicle(capacity=10, fixed=0, per_unit=1),) * 3
    heavy = PLAIN.replace("CAPACITY : 10", "CAPACITY : 100")
    assert len(read(heavy).vehicles) == 2 * 12 // 100 + 1


def test_a_mixed_fleet_keeps_its_costs_and_distances_are_not_rounded():
    """Each vehicle has its own capacity and costs; distances stand in thousandths of a unit."""
    found = read(MIXED)
    assert found.vehicles[::2] == (
        FileVehicle(capacity=6, fixed=100, per_unit=58),
        FileVehicle(capacity=12, fixed=250, per_unit=100),
    )
    assert (found.distance_scale, found.cost_scale) == (1000, 1)
    assert found.distance[0].tolist() == [0, 1414, 5000]


def test_costs_with_decimals_are_multiplied_by_a_power_of_ten():
    """1.25 and 58 become 125 and 5800, and the scale says so."""
    found = read(MIXED.replace("1 100\n2 100", "1 1.25\n2 100"))
    assert found.cost_scale == 100
    assert [(one.fixed, one.per_unit) for one in found.vehicles] == [
        (125, 5800),
        (10_000, 5800),
        (25_000, 10_000),
    ]


def test_the_caller_may_overrule_the_rounding():
    """Sets that do not round their distances, or round them up, are read as their authors did."""
    fine = read(PLAIN, rounding=Rounding.THOUSANDTHS)
    assert fine.distance[0].tolist() == [0, 5000, 2500, 1414]
    assert (fine.vehicles[0].per_unit, fine.cost_scale) == (10, 10)
    assert read(PLAIN, rounding=Rounding.UP).distance[0].tolist() == [0, 5, 3, 2]
    assert read(PLAIN, rounding=Rounding.DOWN).distance[0].tolist() == [0, 5, 2, 1]


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("FULL_MATRIX", "0 1 2 1 0 3 2 3 0"),
        ("LOWER_ROW", "1 2 3"),
        ("LOWER_DIAG_ROW", "0 1 0 2 3 0"),
        ("UPPER_ROW", "1 2 3"),
        ("UPPER_DIAG_ROW", "0 1 2\n0 3 0"),
        ("LOWER_COL", "1 2 3"),
        ("LOWER_DIAG_COL", "0 1 2 0 3 0"),
        ("UPPER_COL", "1 2 3"),
        ("UPPER_DIAG_COL", "0 1 0 2 3 0"),
    ],
)
def test_given_distances_are_read_in_every_order(form, values):
    """Each order of the format gives the same symmetric matrix, line breaks wherever they are."""
    text = (
        "TYPE: CVRP\nDIMENSION: 3\nCAPACITY: 4\nEDGE_WEIGHT_TYPE: EXPLICIT\n"
        f"EDGE_WEIGHT_FORMAT: {form}\nEDGE_WEIGHT_SECTION\n{values}\nDEMAND_SECTION\n1 0\n2 1\n3 1\n"
    )
    assert np.array_equal(read(text).distance, [[0, 1, 2], [1, 0, 3], [2, 3, 0]])


@pytest.mark.parametrize(
    ("old", "new", "code", "facts"),
    [
        ("DIMENSION : 4", "DIMENSION : four", "instance_integer_expected", {"line": 4, "found": "four"}),
        ("DIMENSION : 4", "DIMENSION :", "instance_value_missing", {"line": 4, "keyword": "DIMENSION"}),
        ("DIMENSION : 4\n", "", "instance_keyword_missing", {"keyword": "DIMENSION"}),
        ("TYPE : CVRP", "TYPE : VRPTW", "instance_value_unknown", {"line": 3, "found": "VRPTW"}),
        ("CAPACITY", "SERVICE_TIME : 3\nCAPACITY", "instance_keyword_unknown", {"line": 6}),
        ("CAPACITY", "NAME: b\nCAPACITY", "instance_keyword_twice", {"line": 6, "first": 1}),
        ("CAPACITY : 10\n", "CAPACITY : 10\n5\n", "instance_row_homeless", {"line": 7, "found": "5"}),
        ("2\t3\t4", "2\t3", "instance_row_width", {"line": 9, "found": 2, "expected": 3}),
        ("2\t3\t4", "2\tx\t4", "instance_number_expected", {"line": 9, "found": "x"}),
        ("3\t0\t2.5\n", "", "instance_row_number", {"line": 10, "found": "4", "expected": 3}),
        ("4\t1\t1\n", "", "instance_section_length", {"line": 7, "found": 3, "expected": 4}),
        ("3 2\n", "3 0\n", "instance_integer_expected", {"line": 15, "found": "0", "least": 1}),
        ("1 0\n", "1 4\n", "instance_depot_demand", {"line": 13, "found": "4"}),
        ("2 7\n", "2 11\n", "instance_demand_too_large", {"line": 14, "found": 11, "most": 10}),
        ("  1\n", "  2\n", "instance_depot_elsewhere", {"line": 18, "found": "2"}),
        ("  1\n", "  1\n  2\n", "instance_section_length", {"line": 17, "found": 2, "expected": 1}),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_what_was_expected(old, new, code, facts):
    """Every fault is refused with its own code, the line it stands on, and what should stand there."""
    assert old in PLAIN
    found = fault(PLAIN.replace(old, new, 1))
    assert found[0] == code
    assert found[1]["file"] == "t.vrp"
    assert {name: found[1][name] for name in facts} == facts


def test_a_list_of_vehicles_needs_their_number():
    """A list of costs without VEHICLES is refused, and so is one of another length."""
    assert fault(MIXED.replace("VEHICLES: 3\n", "")) == (
        "instance_keyword_missing",
        {"file": "t.vrp", "keyword": "VEHICLES"},
    )
    assert fault(MIXED.replace("VEHICLES: 3", "VEHICLES: 2"))[0] == "instance_section_length"
