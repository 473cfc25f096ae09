"""The reader of solution files: routes with each client once, or the line that is wrong."""

import pytest

from busops.domain.errors import InvalidInput
from busops.planner.instances.solution import solution_of

GOOD = "Route #1: 2 1\nRoute #2: \nRoute #7: 3\nCost 12.5\n"


def test_empty_routes_are_passed_over_and_the_cost_is_kept_as_written():
    """Routes of a mixed fleet are numbered by vehicle; those that stand still are no routes."""
    found = solution_of(GOOD, file="t.sol", clients=3)
    assert (found.routes, found.stated_cost) == (((2, 1), (3,)), "12.5")


@pytest.mark.parametrize(
    ("text", "code", "facts"),
    [
        ("Route #1: 1 2 1 3", "solution_client_twice", {"line": 1, "found": 1, "first": 1}),
        ("Route #1: 1\nRoute #2: 2 4 3", "solution_client_unknown", {"line": 2, "found": 4, "most": 3}),
        ("Route #1: 1\nRoute #2: 0 3", "instance_integer_expected", {"line": 2, "found": "0"}),
        ("Route #1: 3\nCost 4", "solution_clients_missing", {"count": 2, "first": 1, "clients": 3}),
        ("1 2 3", "solution_line_unknown", {"line": 1, "found": "1 2 3"}),
        ("Route #1: 1 2 3\nCost: much", "instance_number_expected", {"line": 2, "found": "much"}),
    ],
)
def test_a_wrong_line_is_named(text, code, facts):
    """Each fault has its code, its line, and what stands there."""
    with pytest.raises(InvalidInput) as caught:
        solution_of(text, file="t.sol", clients=3)
    assert caught.value.code == code
    assert {name: caught.value.facts[name] for name in facts} == facts
