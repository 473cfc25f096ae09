"""The compiled functions: they work even where machine code can be kept nowhere."""

from busops.planner.search.compiled import compiled


def test_a_function_whose_code_can_be_kept_nowhere_still_runs():
    """No folder beside the source, none of the user's: the code is made for this process alone."""
    source = "def twice(number):\n    return number + number\n"
    names: dict = {}
    exec(compile(source, "<nowhere>", "exec"), names)  # noqa: S102 - a function without a file
    assert compiled(names["twice"])(21) == 42
