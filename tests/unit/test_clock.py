"""The machine's clock is aware, the demo's clock is moved, ids sort by the time they were made."""

from datetime import UTC, timedelta
from uuid import UUID

from busops.clock import ShiftedClock, SystemClock, UuidIds
from tests.machine import FixedClock


def test_system_time_is_aware_utc() -> None:
    """No naive moment ever enters."""
    assert SystemClock().now().tzinfo is UTC


def test_a_shifted_clock_runs_beside_its_base(clock: FixedClock) -> None:
    """The demo's Friday moves on as the machine's day does."""
    shifted = ShiftedClock(base=clock, shift=timedelta(days=-3))
    before = shifted.now()
    clock.advance(60)
    assert shifted.now() - before == timedelta(seconds=60)
    assert clock.now() - shifted.now() == timedelta(days=3)


def test_ids_sort_even_when_the_clock_stands_or_runs_back(clock: FixedClock) -> None:
    """10,000 ids at one moment, then a clock set back: each is greater than the last, all are UUIDv7."""
    ids = UuidIds(clock)
    given = [ids.new() for _ in range(10_000)]
    clock.advance(-3600)
    given += [ids.new() for _ in range(100)]
    assert given == sorted(given)
    assert len(set(given)) == len(given)
    assert {UUID(value).version for value in given} == {7}
    assert {UUID(value).variant for value in given} == {"specified in RFC 4122"}
