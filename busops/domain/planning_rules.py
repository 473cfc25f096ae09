"""
What people ask of every plan beside the roster: siblings together, riders apart, vehicles and stops.

A rule is known by what it says: the same words from the same day on are the same rule. What a rule
does to a plan is the planner's matter; which days it holds is decided here.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding
from busops.domain.values import Plate, RiderId, StopId

PAIR: Final = 2


class RuleKind(StrEnum):
    """What a rule is about."""

    TOGETHER = "together"  # the riders share a trip
    APART = "apart"  # no two of the riders share a trip
    NOT_STOPS = "not_stops"  # the vehicles may not halt at the stops
    ONLY_STOPS = "only_stops"  # the vehicles may halt at the stops alone
    ONLY_VEHICLES = "only_vehicles"  # at the stops these vehicles may halt alone
    AWAY = "away"  # the vehicles are not there, or not before so many minutes after the first departure


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningRule:
    """
    One rule from ``from_on`` to ``to_on`` (None: until it is ended), both days included.

    ``ready_min`` belongs to AWAY: minutes after the first departure of the day from which on the
    vehicle is there; None = not at all.
    """

    kind: RuleKind
    rider_ids: tuple[RiderId, ...] = ()
    plates: tuple[Plate, ...] = ()
    stop_ids: tuple[StopId, ...] = ()
    ready_min: int | None = None
    from_on: date
    to_on: date | None = None
    reason: str

    @property
    def rule_id(self) -> str:
        """The rule's name: made of what it says and the day it begins."""
        parts = (
            self.kind.value,
            *(";".join(sorted(names)) for names in (self.rider_ids, self.plates, self.stop_ids)),
            str(self.ready_min),
            self.from_on.isoformat(),
        )
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]

    def holds_on(self, on: date) -> bool:
        """True on every day of the rule."""
        return self.from_on <= on and (self.to_on is None or on <= self.to_on)


_NEEDS: Final = {
    RuleKind.TOGETHER: ("rider_ids",),
    RuleKind.APART: ("rider_ids",),
    RuleKind.NOT_STOPS: ("plates", "stop_ids"),
    RuleKind.ONLY_STOPS: ("plates", "stop_ids"),
    RuleKind.ONLY_VEHICLES: ("plates", "stop_ids"),
    RuleKind.AWAY: ("plates",),
}


def faults_of(rule: PlanningRule) -> Iterator[Finding]:
    """Everything that keeps the rule from meaning anything; ``place`` is the field."""
    needed = _NEEDS[rule.kind]
    for name in ("rider_ids", "plates", "stop_ids"):
        values = getattr(rule, name)
        if name in needed and not values:
            yield Finding(code=f"rule_needs.{name}", place=name)
        if name not in needed and values:
            yield Finding(code=f"rule_takes_no.{name}", place=name)
    if "rider_ids" in needed and 0 < len(set(rule.rider_ids)) < PAIR:
        yield Finding(code="rule_needs_two_riders", place="rider_ids")
    if rule.ready_min is not None and (rule.kind is not RuleKind.AWAY or rule.ready_min <= 0):
        yield Finding(code="rule_takes_no.ready_min", place="ready_min")
    if rule.to_on is not None and rule.to_on < rule.from_on:
        facts = {"from_on": rule.from_on, "to_on": rule.to_on}
        yield Finding(code="rule_days_reversed", place="to_on", facts=facts)
    if not rule.reason.strip():
        yield Finding(code="reason_needed", place="reason")


def checked(rule: PlanningRule) -> PlanningRule:
    """The rule, if it means something; else InvalidInput with every fault."""
    faults = tuple(faults_of(rule))
    if faults:
        raise InvalidInput("planning_rule_invalid", faults, count=len(faults))
    return rule
