"""A day's quota: never passed, whoever spends, and new each day of the school's time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from busops.planner.travel.roads.quota import DailyQuota
from busops.planner.travel.source import TravelUnavailable
from tests.machine import FixedClock


def quota(folder: Path, most: int, clock: FixedClock | None = None, name: str = "amap") -> DailyQuota:
    """A quota counted in ``folder``."""
    return DailyQuota(folder=folder, name=name, most=most, clock=clock or FixedClock())


def test_it_counts_down_and_refuses_before_it_is_passed(tmp_path: Path) -> None:
    """Spending leaves less; more than is left is refused whole, and nothing of it is spent."""
    made = quota(tmp_path / "new" / "folder", 10)
    assert made.left() == 10
    made.spend(7)
    with pytest.raises(TravelUnavailable) as refusal:
        made.spend(4)
    assert refusal.value.facts == {"service": "amap", "needed": 4, "left": 3, "quota": 10}
    made.require(3)
    made.spend(3)
    assert made.left() == 0


def test_another_process_sees_what_was_spent(tmp_path: Path) -> None:
    """The count is on the disk; services do not share it."""
    quota(tmp_path, 10).spend(6)
    assert quota(tmp_path, 10).left() == 4
    assert quota(tmp_path, 10, name="tencent").left() == 10


def test_the_day_is_the_schools(tmp_path: Path) -> None:
    """It is new at midnight at the school, not at Greenwich; the old day's count is cleared away."""
    clock = FixedClock(datetime(2026, 3, 13, 15, 59, tzinfo=UTC))  # 23:59 at the school
    made = quota(tmp_path, 5, clock)
    made.spend(5)
    clock.advance(120)
    assert made.left() == 5
    made.spend(1)
    assert [path.name for path in tmp_path.iterdir()] == ["amap-2026-03-14.spent"]


def test_many_at_once_never_pass_it_together(tmp_path: Path) -> None:
    """Eight spenders race for fifty units: exactly fifty spendings succeed."""

    def spend(_number: int) -> bool:
        try:
            quota(tmp_path, 50).spend(1)
        except TravelUnavailable:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(spend, range(120))) == 50
    assert quota(tmp_path, 50).left() == 0


def test_the_services_word_counts_more_than_ours(tmp_path: Path) -> None:
    """When the service says that the day is used up, nothing is left whatever was counted here."""
    made = quota(tmp_path, 100)
    made.spend(2)
    made.exhaust()
    assert made.left() == 0
