"""
Riders and the weekend roster: who rides, who does not and why, and frozen versions of it.

A roster is edited until it is locked; each lock freezes a numbered manifest version that
is never changed again. Differences between two versions are values, not side effects.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from busops.domain.values import Direction, RiderId, StopId


class HandoverMode(StrEnum):
    """How a rider is handed over at his stop (domain §4.3)."""

    SELF = "SELF"
    LISTED = "LISTED"


class NotRidingReason(StrEnum):
    """Why a registered rider is not on this run; chosen, never a free default (domain §4.2)."""

    LEAVE = "leave"  # 请假
    GUARDIAN_PICKUP = "guardian_pickup"  # 家长到校自接
    STAYS_AT_SCHOOL = "stays_at_school"  # 留校
    OTHER_VEHICLE = "other_vehicle"  # 转乘其他车
    MISSING = "missing"  # 未到(失联)
    REFUSED = "refused"  # 拒乘
    ILL = "ill"  # 生病
    CLASS_LEFT = "class_left"  # 班级已离校
    NOT_REGISTERED = "not_registered"  # 未报名
    ROSTER_UNREADABLE = "roster_unreadable"  # 名单填写看不清: the row has a fault, nobody may guess
    UNSPECIFIED = "unspecified"  # the file gave no reason: a finding asks for one


@dataclass(frozen=True, slots=True, kw_only=True)
class PickupPerson:
    """
    Somebody to whom a rider may be handed over: a name and what he is to the rider, no more.

    ``no`` is his number with this rider, given when he is stored and never given again: records
    name him by it, so that his name can be erased.
    """

    name: str
    relation: str
    no: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rider:
    """
    A pupil registered for the bus; ``stop_id`` is his designated stop, ``other_stops`` those in reach.

    ``persons`` are those to whom he may be handed over where that is by list.
    """

    rider_id: RiderId
    name: str
    grade: str
    class_name: str
    stop_id: StopId
    other_stops: tuple[StopId, ...]
    guardian: str
    handover: HandoverMode
    waiver: str = ""
    persons: tuple[PickupPerson, ...] = ()


def class_of(rider: Rider) -> str:
    """Grade and class as one word, whether or not the school's file repeats the grade in the class."""
    has_grade = rider.class_name.startswith(rider.grade)
    return rider.class_name if has_grade else f"{rider.grade}{rider.class_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterEntry:
    """What one rider does on one weekend; ``stop_id`` is set only when it differs this weekend."""

    rider_id: RiderId
    name: str
    rides_homeward: bool
    rides_return: bool
    stop_id: StopId | None = None
    reason: NotRidingReason | None = None
    note: str = ""

    def rides(self, direction: Direction) -> bool:
        """Whether this rider rides in ``direction``."""
        return self.rides_homeward if direction is Direction.HOMEWARD else self.rides_return


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterVersion:
    """A locked roster: numbered, dated, never changed."""

    weekend_on: date
    version: int
    locked_at: datetime
    locked_by: str
    entries: tuple[RosterEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterChange:
    """How one rider's entry differs between two versions; None where he is absent from one."""

    rider_id: RiderId
    before: RosterEntry | None
    after: RosterEntry | None


def difference(before: Iterable[RosterEntry], after: Iterable[RosterEntry]) -> tuple[RosterChange, ...]:
    """What changed from one version to another, by rider id; empty when nothing did."""
    old: Mapping[RiderId, RosterEntry] = {entry.rider_id: entry for entry in before}
    new: Mapping[RiderId, RosterEntry] = {entry.rider_id: entry for entry in after}
    return tuple(
        RosterChange(rider_id=rider_id, before=old.get(rider_id), after=new.get(rider_id))
        for rider_id in sorted(old.keys() | new.keys())
        if old.get(rider_id) != new.get(rider_id)
    )
