"""A clock that stands still until it is moved and ids that count: what makes every test repeatable."""

from datetime import UTC, datetime, timedelta

FRIDAY_NOON = datetime(2026, 3, 13, 4, 0, tzinfo=UTC)  # 12:00 at the school, a Friday


class FixedClock:
    """Says the same moment until it is moved by hand."""

    def __init__(self, moment: datetime = FRIDAY_NOON) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.moment

    def advance(self, seconds: float) -> datetime:
        """The clock stands ``seconds`` later; the new moment."""
        self.moment += timedelta(seconds=seconds)
        return self.moment


class CountingIds:
    """Gives ids of UUIDv7 form in counting order: …0001, …0002."""

    def __init__(self) -> None:
        self.given = 0

    def new(self) -> str:
        """The next id."""
        self.given += 1
        return f"00000000-0000-7000-8000-{self.given:012x}"
