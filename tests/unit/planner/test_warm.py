"""Machine code before anybody waits: warming leaves nothing to be made in a plan, and outlives an upgrade."""

from collections.abc import Callable

import pytest

from busops.planner import warm as warming
from busops.planner.search import compiled
from busops.planner.solve import solve
from tests.bench.towns import county


def made() -> dict[str, int]:
    """How many forms of machine code each compiled function has in this process."""
    return {
        f"{machine.py_func.__module__}.{machine.py_func.__qualname__}": len(machine.signatures)
        for machine in compiled._made
    }


def test_a_plan_makes_no_machine_code_that_warming_has_not_made() -> None:
    """Every compiled function has its one form before the first plan, and no other after it."""
    warming.warm()
    before = made()
    solve(county(stops=15, riders=140, seed=2), seconds=0, seed=1, rounds=12, fair_milli=5)
    assert made() == before
    assert set(before.values()) == {1}


def test_stored_code_of_an_older_version_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that cannot be read is emptied once and all is made again; a real fault is not hidden."""
    calls: list[str] = []

    def failing(times: int) -> Callable[[], None]:
        def run() -> None:
            calls.append("run")
            if len(calls) <= times:
                raise AttributeError("Can't get attribute '_Chain'")

        return run

    monkeypatch.setattr(warming, "forget_stored", lambda: calls.append("forget"))
    monkeypatch.setattr(warming._done, "is_set", lambda: False)
    monkeypatch.setattr(warming, "_run_all", failing(1))
    warming.warm()
    assert calls == ["run", "forget", "run"]
    calls.clear()
    monkeypatch.setattr(warming, "_run_all", failing(9))
    with pytest.raises(AttributeError):
        warming.warm()
