"""
Another designated stop for one rider on one run, as the office allowed it.

Whoever gets off elsewhere than planned is a finding, unless his record names a change that holds. A
place that is not designated cannot be allowed by anybody.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from busops.domain.events import Alighted, Decision
from busops.domain.values import RiderId, StopId

_NAMED: Final = re.compile(r"change:([1-9][0-9]{0,5})")


class AskedBy(StrEnum):
    """Who asked for another stop; a role, because the log keeps no names."""

    GUARDIAN = "guardian"
    CLASS_TEACHER = "class_teacher"
    SCHOOL = "school"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopChanged(Decision):
    """The rider may get off at another stop of this run; ``change_no`` is what the crew calls it by."""

    kind = "stop_changed"
    rider_id: RiderId
    stop_id: StopId
    change_no: int
    asked_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopChangeWithdrawn(Decision):
    """The change of that number does not hold any more."""

    kind = "stop_change_withdrawn"
    change_no: int


def standing_changes(decided: Iterable[Decision]) -> tuple[StopChanged, ...]:
    """The changes that hold: of each rider the newest one, unless it was withdrawn."""
    newest: dict[RiderId, StopChanged] = {}
    withdrawn: set[int] = set()
    for each in decided:
        if isinstance(each, StopChanged):
            newest[each.rider_id] = each
        elif isinstance(each, StopChangeWithdrawn):
            withdrawn.add(each.change_no)
    return tuple(each for each in newest.values() if each.change_no not in withdrawn)


def is_allowed(alight: Alighted, changes: Sequence[StopChanged]) -> bool:
    """Whether the rider got off where a change allows it, and the record names that change."""
    named = {int(match[1]) for code in alight.codes if (match := _NAMED.fullmatch(code))}
    return any(
        each.change_no in named and (each.rider_id, each.stop_id) == (alight.rider_id, alight.stop_id)
        for each in changes
    )
