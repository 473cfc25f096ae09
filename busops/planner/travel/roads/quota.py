"""
How much of a map service's free quota a day has left, shared by every process of the installation.

A unit spent is one byte at the end of the day's file: appending is atomic everywhere, so two
workers cannot both take the last one, and a crash loses nothing.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from busops.domain.values import Clock, school_date
from busops.planner.travel.source import TravelUnavailable

_UNIT: Final = b"\x01"


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyQuota:
    """``most`` units a day of the school's time, counted in ``folder`` under ``name``."""

    folder: Path
    name: str
    most: int
    clock: Clock

    def left(self) -> int:
        """Units that may still be spent today."""
        try:
            return max(0, self.most - self._path().stat().st_size)
        except FileNotFoundError:
            return self.most

    def require(self, units: int) -> None:
        """Raises TravelUnavailable, before anything is spent, when today has fewer left."""
        left = self.left()
        if units > left:
            raise TravelUnavailable(
                "travel_quota_short", service=self.name, needed=units, left=left, quota=self.most
            )

    def spend(self, units: int) -> None:
        """Units are gone; raises TravelUnavailable instead when they would pass the day's quota."""
        self.require(units)
        path = self._path()
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            os.write(handle, _UNIT * units)
            spent = os.lseek(handle, 0, os.SEEK_CUR)  # where our own bytes ended
        finally:
            os.close(handle)
        if is_new:
            self._forget_other_days()
        if spent > self.most:  # somebody else took them between the look and the write
            raise TravelUnavailable(
                "travel_quota_short", service=self.name, needed=units, left=0, quota=self.most
            )

    def exhaust(self) -> None:
        """The service itself says that today is used up: nothing is left, whatever was counted."""
        path = self._path()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(_UNIT * self.left())

    def _path(self) -> Path:
        return self.folder / f"{self.name}-{school_date(self.clock.now()).isoformat()}.spent"

    def _forget_other_days(self) -> None:
        today = self._path()
        for path in self.folder.glob(f"{self.name}-*.spent"):
            if path != today:
                path.unlink(missing_ok=True)
