"""
The rules of a day put into the planner's problem, one by one: what cannot be met is told and left out.

A rule about somebody who does not ride that day, or a vehicle that stands anyway, has nothing to
say and is passed over in silence. Kept trips are an order of the moment: they are never left out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.domain.planning_rules import PlanningRule, RuleKind
from busops.planner.document import read_plan_document
from busops.planner.problem import Problem, Trip, VehicleOption
from busops.planner.rules.rules import KeptTrip
from busops.storage import plan_store
from busops.storage.database import Transaction

# Who is not there is known before anything names him.
_ORDER: Final = (
    RuleKind.AWAY,
    RuleKind.NOT_STOPS,
    RuleKind.ONLY_STOPS,
    RuleKind.ONLY_VEHICLES,
    RuleKind.TOGETHER,
    RuleKind.APART,
)
_PAIR: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """The trips of an earlier plan that stay: its id, and their numbers on its page (1, 2 …)."""

    plan_id: str
    trips: tuple[int, ...]


def with_rules(
    problem: Problem, rules: Iterable[PlanningRule], on: date
) -> tuple[Problem, tuple[Finding, ...]]:
    """The problem under every rule of the day that it can be under, and a WARN for each other one."""
    notices = []
    todays = [rule for rule in rules if rule.holds_on(on)]
    for rule in sorted(todays, key=lambda rule: (_ORDER.index(rule.kind), rule.from_on, rule.rule_id)):
        try:
            problem = _APPLIED[rule.kind](problem, rule)
        except InvalidInput as contradiction:
            named = (*rule.rider_ids, *rule.plates, *rule.stop_ids)
            facts = {
                "about": "、".join(named),
                "note": rule.reason,
                "causes": [finding.code for finding in contradiction.findings],
            }
            notices.append(
                Finding(
                    code=f"planning_rule_not_applied.{rule.kind.value}",
                    severity=Severity.WARN,
                    place=rule.rule_id,
                    facts=facts,
                )
            )
    return problem, tuple(notices)


def kept_trips(tx: Transaction, keep: Keep) -> tuple[KeptTrip, ...]:
    """The named trips of the stored plan; raises NotFound, and InvalidInput for a number it has not."""
    trips = read_plan_document(plan_store.load_plan(tx, keep.plan_id).document).trips
    strange = [number for number in keep.trips if not 1 <= number <= len(trips)]
    if strange:
        raise InvalidInput("kept_trip_unknown", number=strange[0], plan_id=keep.plan_id)
    return tuple(_kept(trips[number - 1]) for number in sorted(set(keep.trips)))


def with_kept(problem: Problem, kept: tuple[KeptTrip, ...]) -> Problem:
    """The problem with these trips as they are; raises InvalidInput with every reason why that cannot be."""
    return replace(problem, rules=replace(problem.rules, kept=kept)) if kept else problem


def kept_of_document(document: Mapping[str, Any], trips: Sequence[Trip]) -> tuple[KeptTrip, ...]:
    """The trips of a plan that were kept when it was made, as its document says."""
    named = {(str(one.get("plate")), one.get("wave")) for one in document.get("kept", ())}
    return tuple(_kept(trip) for trip in trips if (trip.plate, trip.wave) in named)


def _kept(trip: Trip) -> KeptTrip:
    return KeptTrip(
        plate=trip.plate,
        wave=trip.wave,
        halts=tuple((halt.stop_id, halt.rider_ids) for halt in trip.stops),
        depart_s=trip.depart_s,
    )


def _changed(
    problem: Problem, rule: PlanningRule, change: Callable[[VehicleOption], VehicleOption | None]
) -> Problem:
    """The problem with the rule's vehicles changed, those without a value left out."""
    vehicles = []
    for vehicle in problem.vehicles:
        changed = change(vehicle) if vehicle.plate in rule.plates else vehicle
        if changed is not None:
            vehicles.append(changed)
    return replace(problem, vehicles=tuple(vehicles))


def _away(problem: Problem, rule: PlanningRule) -> Problem:
    ready_min = rule.ready_min
    if ready_min is None:
        return _changed(problem, rule, lambda vehicle: None)
    return _changed(
        problem, rule, lambda vehicle: replace(vehicle, ready_s=max(vehicle.ready_s, 60 * ready_min))
    )


def _not_stops(problem: Problem, rule: PlanningRule) -> Problem:
    closed = frozenset(map(str, rule.stop_ids)) & frozenset(problem.stop_ids)
    return _changed(problem, rule, lambda vehicle: replace(vehicle, not_stops=vehicle.not_stops | closed))


def _only_stops(problem: Problem, rule: PlanningRule) -> Problem:
    named = frozenset(map(str, rule.stop_ids)) & frozenset(problem.stop_ids)

    def only(vehicle: VehicleOption) -> VehicleOption:
        both = named if vehicle.only_stops is None else named & vehicle.only_stops
        return replace(vehicle, only_stops=both)

    return _changed(problem, rule, only)


def _only_vehicles(problem: Problem, rule: PlanningRule) -> Problem:
    there = frozenset(map(str, rule.plates)) & {vehicle.plate for vehicle in problem.vehicles}
    only_by = dict(problem.rules.only_by)
    for stop_id in rule.stop_ids:
        if stop_id in problem.stop_ids:
            only_by[stop_id] = there & only_by.get(stop_id, there)
    return replace(problem, rules=replace(problem.rules, only_by=only_by))


def _riding(problem: Problem, rule: PlanningRule) -> frozenset[str]:
    riders = {rider.rider_id for rider in problem.riders}
    return frozenset(rider_id for rider_id in rule.rider_ids if rider_id in riders)


def _together(problem: Problem, rule: PlanningRule) -> Problem:
    group = _riding(problem, rule)
    if len(group) < _PAIR:
        return problem
    return replace(problem, rules=replace(problem.rules, together=(*problem.rules.together, group)))


def _apart(problem: Problem, rule: PlanningRule) -> Problem:
    group = _riding(problem, rule)
    if len(group) < _PAIR:
        return problem
    return replace(problem, rules=replace(problem.rules, apart=(*problem.rules.apart, group)))


_APPLIED: Final[Mapping[RuleKind, Callable[[Problem, PlanningRule], Problem]]] = {
    RuleKind.AWAY: _away,
    RuleKind.NOT_STOPS: _not_stops,
    RuleKind.ONLY_STOPS: _only_stops,
    RuleKind.ONLY_VEHICLES: _only_vehicles,
    RuleKind.TOGETHER: _together,
    RuleKind.APART: _apart,
}
