"""
The rules that people set for plans: added with a reason, ended by a day, never deleted; who did it is kept.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding
from busops.domain.planning_rules import PlanningRule, checked
from busops.domain.values import Clock
from busops.services.acting import By, record_act, user_of
from busops.storage import fleet_store, network_store, people_store, planning_rule_store, register_store
from busops.storage.database import Database, Transaction
from busops.storage.planning_rule_store import StoredRule


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRule:
    """A rule with the names of its riders and stops, and of who made and ended it."""

    stored: StoredRule
    riders: tuple[str, ...]
    stops: tuple[str, ...]
    made_by: str
    ended_by: str

    @property
    def rule(self) -> PlanningRule:
        """What it says."""
        return self.stored.rule

    def state_on(self, on: date) -> str:
        """``holds``, ``coming`` or ``over`` on that day."""
        if self.rule.holds_on(on):
            return "holds"
        return "coming" if on < self.rule.from_on else "over"


def add_rule(database: Database, rule: PlanningRule, *, clock: Clock, by: By) -> str:
    """The rule stands; its id. Raises InvalidInput with every fault, Conflict when it stood before."""
    rule = replace(checked(rule), reason=rule.reason.strip())
    with database.transaction() as tx:
        unknown = tuple(_unknown(tx, rule))
        if unknown:
            raise InvalidInput("planning_rule_invalid", unknown, count=len(unknown))
        stored = StoredRule(rule=rule, made_by=user_of(by), made_at=clock.now())
        planning_rule_store.insert_rule(tx, stored)
        facts = {
            "rule": rule.kind.value,
            "riders": list(rule.rider_ids),
            "plates": list(rule.plates),
            "stops": list(rule.stop_ids),
            "from_on": rule.from_on,
            "to_on": rule.to_on,
            "note": rule.reason,
        }
        record_act(tx, by, "planning_rule_added", rule.rule_id, facts=facts, clock=clock)
    return rule.rule_id


def end_rule(database: Database, rule_id: str, *, last_on: date, clock: Clock, by: By) -> None:
    """
    The rule holds on ``last_on`` for the last time (a day before its first: it never holds).

    Raises NotFound, and Conflict when it was ended before.
    """
    with database.transaction() as tx:
        before = planning_rule_store.end_rule(
            tx, rule_id, last_on=last_on, by=user_of(by), at=clock.now()
        ).rule
        facts = {"rule": before.kind.value, "to_on": last_on}
        record_act(tx, by, "planning_rule_ended", rule_id, facts=facts, clock=clock)


def list_rules(database: Database) -> tuple[ShownRule, ...]:
    """Every rule there ever was, the latest first."""
    with database.reading() as tx:
        riders = {
            rider.rider_id: rider.name for rider in register_store.load_riders(tx, include_retired=True)
        }
        stops = {stop.stop_id: stop.name for stop in network_store.load_stops(tx, include_retired=True)}
        people = {person.user_id: person.name for person in people_store.load_people(tx)}
        return tuple(
            ShownRule(
                stored=stored,
                riders=tuple(f"{riders.get(one, '')} {one}".strip() for one in stored.rule.rider_ids),
                stops=tuple(f"{stops.get(one, '')} {one}".strip() for one in stored.rule.stop_ids),
                made_by=people.get(stored.made_by, stored.made_by),
                ended_by=people.get(stored.ended_by, stored.ended_by),
            )
            for stored in planning_rule_store.load_stored(tx)
        )


def day_before(on: date) -> date:
    """The day before: a rule ended at once held yesterday for the last time."""
    return on - timedelta(days=1)


def _unknown(tx: Transaction, rule: PlanningRule) -> list[Finding]:
    known: dict[str, frozenset[str]] = {
        "rider_ids": frozenset(rider.rider_id for rider in register_store.load_riders(tx)),
        "plates": frozenset(vehicle.plate for vehicle in fleet_store.load_vehicles(tx)),
        "stop_ids": frozenset(stop.stop_id for stop in network_store.load_stops(tx)),
    }
    return [
        Finding(code="rule_names_unknown", place=name, facts={"found": value})
        for name, values in known.items()
        for value in getattr(rule, name)
        if value not in values
    ]
