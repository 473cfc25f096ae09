"""
How much a check of the empty bus must show, and at which places of the vehicle.

A level is a policy of the vehicle, copied into each run at its release. A button alone (what
others call E0) is no level here: it can be neither chosen nor stored. Each level asks for
everything of the one below it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

REAR: Final = "rear"  # the place of the tag at the last row; those of the rows are "row:1", "row:2" …
EXIT: Final = "exit"  # at the rear exit, outside the reach of somebody who only turns round in the aisle
MID: Final = "mid"
PHOTO: Final = "photo:"  # a check's word for the photo taken on the way, followed by the start of its SHA-256
SENSOR: Final = "sensor"  # a check's word for "the vehicle's own sensor shows nobody"
AUDITED_PER_MILLE: Final = 50
PACE_MS_PER_ROW: Final = 700  # from one tag to the next at a brisk walk, a row being about 0.75 m
_TYPED: Final = "typed"


class Evidence(StrEnum):
    """E1 rear and two rows drawn · E2 also mid and rear exit · E3 also a photo · E4 also a sensor."""

    E1 = "E1"
    E2 = "E2"
    E3 = "E3"
    E4 = "E4"

    @property
    def places(self) -> tuple[str, ...]:
        """The places asked for beside the rows drawn, in the order of the walk."""
        return (REAR,) if self is Evidence.E1 else (MID, REAR, EXIT)

    @property
    def asks_photo(self) -> bool:
        """Whether the last check must come with a photo from the rear to the front."""
        return self in (Evidence.E3, Evidence.E4)

    @property
    def asks_sensor(self) -> bool:
        """Whether the last check must say what the vehicle's sensor shows."""
        return self is Evidence.E4


def raised(level: Evidence, *, is_hot: bool, is_substitute: bool) -> Evidence:
    """
    The level of a run: one above the vehicle's on a hot day or with people who are new to the vehicle.

    Never above E3 by this: a hot day puts no sensor into a bus.
    """
    steps = {Evidence.E1: Evidence.E2, Evidence.E2: Evidence.E3}
    return steps.get(level, level) if is_hot or is_substitute else level


def in_order_of_the_walk(rows: int) -> tuple[str, ...]:
    """Every tagged place of a vehicle from the front to the rear."""
    half = (rows + 1) // 2
    front = [f"row:{row}" for row in range(1, half + 1)]
    back = [f"row:{row}" for row in range(half + 1, rows + 1)]
    return (*front, MID, *back, REAR, EXIT)


def position(place: str, rows: int) -> float:
    """Where a place lies, counted in rows from the front."""
    if place == MID:
        return (rows + 1) / 2
    if place in (REAR, EXIT):
        return float(rows)
    return float(place.removeprefix("row:"))


def is_audited(run_id: str) -> bool:
    """Whether the run is one of the five in a hundred whose check is looked at: by the hash of its id."""
    drawn = int.from_bytes(hashlib.sha256(f"audit:{run_id}".encode()).digest()[:8], "big")
    return drawn % 1000 < AUDITED_PER_MILLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A tag as it was read on the way: where, how, and how long before the check was recorded."""

    place: str
    source: str
    ago_ms: int


def readings(words: Iterable[str]) -> tuple[Reading, ...]:
    """The readings that a check's words tell (``@place:source:ms``), in the order they were made."""
    found = []
    for word in words:
        parts = word.removeprefix("@").rsplit(":", 2)
        if word.startswith("@") and len(parts) == 3 and parts[2].isdecimal():  # noqa: PLR2004 – place, source, time
            found.append(Reading(place=parts[0], source=parts[1], ago_ms=int(parts[2])))
    return tuple(sorted(found, key=lambda each: (-each.ago_ms, each.place)))


def outran(made: Iterable[Reading], rows: int) -> bool:
    """
    Whether two tags were scanned one after the other sooner than anybody walks from one to the other.

    What was typed says nothing of where: numbers may be noted on the way and typed at the end.
    """
    known = set(in_order_of_the_walk(rows))
    scanned = [each for each in made if each.source != _TYPED and each.place in known]
    return any(
        one.ago_ms - other.ago_ms
        < PACE_MS_PER_ROW * abs(position(one.place, rows) - position(other.place, rows))
        for one, other in pairwise(scanned)
    )
