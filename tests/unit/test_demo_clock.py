"""The demo's clock: runs at its own speed, keeps its moment over a restart, never runs backwards."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from busops.demo_clock import DemoClock
from busops.domain.errors import InvalidInput

REAL = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 20, 8, 33, tzinfo=UTC)


@dataclass
class Outside:
    """The time outside, moved by hand."""

    at: datetime = REAL

    def now(self):
        """The moment outside."""
        return self.at


def test_it_opens_on_its_own_friday_and_goes_as_fast_as_outside(tmp_path):
    """The first start is at the given moment; ten seconds outside are ten seconds inside."""
    outside = Outside()
    clock = DemoClock(outside, tmp_path / "clock.json", opens_at=FRIDAY)
    assert clock.now() == FRIDAY
    outside.at += timedelta(seconds=10)
    assert clock.now() == FRIDAY + timedelta(seconds=10)


def test_a_rate_counts_from_now_on(tmp_path):
    """Sixty times as fast moves a minute a second, and does not change what has passed."""
    outside = Outside()
    clock = DemoClock(outside, tmp_path / "clock.json", opens_at=FRIDAY)
    outside.at += timedelta(seconds=3)
    clock.set(rate=60)
    outside.at += timedelta(seconds=2)
    assert clock.now() == FRIDAY + timedelta(seconds=3 + 120)
    clock.set(rate=0)
    outside.at += timedelta(hours=5)
    assert clock.now() == FRIDAY + timedelta(seconds=123)


def test_a_restart_goes_on_where_it_stopped(tmp_path):
    """A new process finds the moment and the rate of the old one; the night between does not count."""
    outside = Outside()
    first = DemoClock(outside, tmp_path / "clock.json", opens_at=FRIDAY)
    first.set(rate=20)
    outside.at += timedelta(seconds=6)
    first.keep()
    seen = first.now()
    outside.at += timedelta(hours=12)
    again = DemoClock(outside, tmp_path / "clock.json", opens_at=FRIDAY)
    again.resume()
    assert again.now() == seen
    assert again.rate == 20


def test_an_unreadable_state_starts_afresh(tmp_path):
    """A damaged file is no reason not to open: the demo begins at its Friday again."""
    path = tmp_path / "clock.json"
    path.write_text("{", encoding="utf-8")
    assert DemoClock(Outside(), path, opens_at=FRIDAY).now() == FRIDAY


def test_unknown_rates_are_refused(tmp_path):
    """Only the rates that the page offers are taken."""
    clock = DemoClock(Outside(), tmp_path / "clock.json", opens_at=FRIDAY)
    with pytest.raises(InvalidInput) as refused:
        clock.set(rate=7)
    assert refused.value.facts["found"] == 7


def test_a_clock_outside_that_steps_back_does_not_turn_time(tmp_path):
    """When the machine's clock is set back, the demo's time stands still rather than running backwards."""
    outside = Outside()
    clock = DemoClock(outside, tmp_path / "clock.json", opens_at=FRIDAY)
    outside.at -= timedelta(hours=1)
    assert clock.now() == FRIDAY


def test_two_processes_share_one_clock(tmp_path):
    """What one sets the other sees: the rate, the moment and the switch for the crews."""
    outside = Outside()
    web, worker = (DemoClock(outside, tmp_path / "clock.json", opens_at=FRIDAY) for _ in range(2))
    web.resume()
    web.set(rate=5, is_playing=True)
    outside.at += timedelta(seconds=4)
    assert worker.now() == web.now() == FRIDAY + timedelta(seconds=20)
    assert worker.is_playing
