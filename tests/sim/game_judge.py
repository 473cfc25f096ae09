"""
The judge of a game: after every step, the file of the server is held against the true world.

It reads the file itself with plain SQL, never through the code under test, and asks no fold.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.sim import game_alarms
from tests.sim.game_dues import Dues
from tests.sim.game_facts import Broken, Facts
from tests.sim.game_file import OVER, Filed, ms, read
from tests.sim.game_tablet import GameTablet
from tests.sim.game_world import MARKS, NO_STOP, World

OF_NOBODY = "run-of-nobody"  # what is sent under this name may hide an event of any run


@dataclass(kw_only=True)
class Judge:
    """
    Looks at one run after every step; raises :class:`Broken`, with what was broken in words.

    ``facts`` looks at the log of all runs; ``beside`` is the judge of the run whose bus takes riders over.
    """

    path: Path
    world: World
    tablets: list[GameTablet]
    facts: Facts | None = None
    beside: "Judge | None" = None
    knows_late_facts: bool = True  # whether the layer that reopens for other facts than aboard is in play
    has_gate: bool = True  # whether the layer that knows every question is in play
    seen: Counter[str] = field(default_factory=Counter)
    _before: Filed | None = None
    _reopenings: int = 0

    def look(self) -> Filed:
        """Every invariant that must hold at any time; what the file holds."""
        filed = read(self.path, self.world.plan.run_id)
        self.world.is_stranded = any(each["kind"] == "transfer_opened" for each in filed.decisions)
        if self.facts is not None:
            self.facts.look(filed, self._before)
        self._closed_means_clear(filed)
        self._somebody_was_called(filed)
        for fault in (*self.dues.of_decisions(filed), *self.dues.of_incidents(filed)):
            raise Broken(fault)
        before_v = {closure["version"] for closure in self._before.closures} if self._before else set()
        if not before_v <= {closure["version"] for closure in filed.closures}:
            raise Broken("a closure is gone")
        for closure in filed.closures:
            if closure["version"] not in before_v:
                self.seen["closed"] += 1
                self._closing_was_right(filed, closure)
        if self._before and self._before.phase == "closed" and filed.phase == "reopened":
            self._reopenings += 1
            self.seen["reopened"] += 1
        self._count(filed)
        self._before = filed
        if self.beside is not None:
            self.beside.look()
        return filed

    def after_watch(self) -> None:
        """Every alarm that is due stands."""
        filed = read(self.path)
        if filed.phase in OVER:
            return
        for need in game_alarms.needs(filed, self.world, self._between(filed, filed.held)):
            if not game_alarms.stands(filed, need):
                raise Broken(f"the alarm {need} is due and does not stand")
            self.seen["alarm " + need[0]] += 1
            self.seen["overdue 5"] += need[:2] == ("check_overdue", 5)
        for off in game_alarms.handed(filed, self.world):
            if game_alarms.stands(filed, ("handover_wait", 1, off)):
                raise Broken("somebody was handed over, and is still waited for")

    @property
    def dues(self) -> Dues:
        """What two people, or two of two roles, must have written down."""
        return Dues(world=self.world, has_gate=self.has_gate)

    def _count(self, filed: Filed) -> None:
        before = self._before
        told = {
            "override": len([each for each in filed.overrides if each["verdict"] == "approved"]),
            "override refused": len([each for each in filed.overrides if each["verdict"] == "refused"]),
            "incident opened": len(filed.incidents),
            "incident disposed": len(
                [each for each in filed.incidents if each["finding_key"] in filed.settled]
            ),
            "incident withdrawn": len([each for each in filed.incidents if each["is_withdrawn"]]),
            "handed over": len([each for each in filed.events.values() if each["kind"] == "handover"]),
            "paper": len([each for each in filed.sheets if each["verdict"] == "confirmed"]),
            "paper refused": len([each for each in filed.sheets if each["verdict"] == "rejected"]),
            "admitted": len([each for each in filed.quarantine if each["state"] == "admitted"]),
        }
        for name, number in told.items():
            self.seen[name] += max(0, number - self._told[name])
        self._told = Counter(told)
        self.seen["next run left early"] += bool(filed.called_next) and not (before and before.called_next)
        self.seen["disputed"] += bool(filed.disputed) and not (before and before.disputed)

    _told: Counter[str] = field(default_factory=Counter)

    def _between(self, filed: Filed, held: set[str], until_ms: int | None = None) -> set[str]:
        """Who is nobody's by what is held, and of whom two people have not said where he is."""
        other = self.beside.world if self.beside is not None else None
        there = filed.held_of(other.plan.run_id, until_ms) if other is not None else set()
        found = self.world.between(held, other, there)
        return {rider for rider in found if not self._is_accounted_for(filed, rider)}

    def _closed_means_clear(self, filed: Filed) -> None:
        if filed.phase != "closed":
            return
        for rider in self.world.known_inside(filed.held):
            if not self._is_accounted_for(filed, rider):
                raise Broken(f"closed, and {rider} is in the bus by the marks that the server holds")
        if lost := self._between(filed, filed.held):
            raise Broken(f"closed, and {sorted(lost)} left for another bus that does not have them")
        for need in game_alarms.hand_overs(filed, self.world, self.world.clock.now_ms):
            if not game_alarms.stands(filed, need):
                raise Broken(f"closed over a hand-over, and nobody is called: {need}")
            self.seen["closed over a hand-over"] += 1
        closed_ms = ms(datetime.fromisoformat(filed.run["closed_at"]))
        late = [event for event in filed.events.values() if event["received_ms"] > closed_ms]
        for event in late if self.knows_late_facts else []:
            if event["kind"] == "alight" and event["stop_id"] == NO_STOP:
                raise Broken("closed, and somebody got off where nobody may, told afterwards")
            if event["kind"] == "check" and event["n"] > 0:
                raise Broken("closed, and somebody was found, told afterwards")

    def _closing_was_right(self, filed: Filed, closure: dict[str, Any]) -> None:
        deeds = self.world.deeds
        names = ("attendant_check", "driver_check", "parked")
        reopened = [each for each in filed.decisions if each["kind"] == "reopened"]
        since_ms = max(
            (each["made_ms"] for each in reopened if each["made_ms"] < closure["closed_ms"]), default=0
        )
        proof = [deeds[closure[name]] for name in names]
        before = {
            event_id
            for event_id, event in filed.events.items()
            if event["received_ms"] <= closure["closed_ms"]
        }
        others = before - {deed.event_id for deed in deeds.values() if deed.kind in ("check", "parked")}
        others |= {deed.event_id for deed in proof}
        others |= {deed.event_id for deed in deeds.values() if deed.inside and deed.event_id in before}
        if self.world.proof(others, since_ms) != tuple(proof):
            raise Broken("closed by checks that prove nothing")
        for rider in self.world.known_inside(before):
            if not self._is_accounted_for(filed, rider):
                raise Broken(f"closed with {rider} in the bus")
        if lost := self._between(filed, before, closure["closed_ms"]):
            raise Broken(f"closed with {sorted(lost)} between two buses")
        self.seen["closed after a move"] += any(
            filed.events[event_id]["kind"] == "moved_out" for event_id in before
        )
        self._nobody_was_forgotten(filed)
        self._devices_were_done(filed, before, closure["closed_ms"])
        for fault in self.dues.of_closing(filed, before):
            raise Broken(fault)
        own = (self.world.plan.run_id, OF_NOBODY)
        waits = [each for each in filed.quarantine if each["state"] == "open" and each["run_id"] in own]
        if [each for each in waits if each["received_ms"] < closure["closed_ms"]]:
            raise Broken("closed with something in quarantine")

    def _nobody_was_forgotten(self, filed: Filed) -> None:
        gone = self.world.undone(filed.held)
        marked = {
            each["rider_id"]
            for each in filed.events.values()
            if each["kind"] in (*MARKS, "absent") and each["event_id"] not in gone
        }
        cleared = {each["rider_id"] for each in filed.decisions if each["kind"] == "resolved"}
        if left := set(self.world.plan.riders) - marked - cleared:
            raise Broken(f"closed, and nothing is known of {sorted(left)}")

    def _devices_were_done(self, filed: Filed, before: set[str], closed_ms: int) -> None:
        facts = [filed.events[event_id] for event_id in before]
        listed = {
            tablet.dev
            for tablet in self.tablets
            if tablet.run_id == self.world.plan.run_id
            and tablet.listed_ms is not None
            and tablet.listed_ms <= closed_ms
        }
        for dev in filed.bound | listed | {event["dev"] for event in facts}:
            own = {event["seq"]: event["kind"] for event in facts if event["dev"] == dev}
            last = max(own, default=0)
            if filed.is_given_up(dev, last):
                self.seen["closed without a lost device"] += 1
                continue
            apart = {each["seq"] for each in filed.quarantine if each["dev"] == dev}
            others = {
                event["seq"]
                for event in filed.log.values()
                if event["dev"] == dev and event["received_ms"] <= closed_ms
            }
            if missing := set(range(1, last + 1)) - others - apart:
                raise Broken(f"closed, and tablet {dev} lacks {sorted(missing)}")
            if own.get(last) != "seal":
                raise Broken(f"closed, and tablet {dev} has not said that it is done")

    def _is_accounted_for(self, filed: Filed, rider: str) -> bool:
        """Whether two people said where the rider is, having seen all his marks that are held."""
        marks = {
            event_id
            for event_id, event in filed.events.items()
            if event["rider_id"] == rider and event["kind"] in MARKS
        }
        return any(
            each["kind"] == "resolved"
            and each["rider_id"] == rider
            and each["says"] != "aboard"
            and each["second_user"] not in (None, each["by_user"])
            and marks <= set(json.loads(each["covers"]))
            for each in filed.decisions
        )

    def _somebody_was_called(self, filed: Filed) -> None:
        called = Counter(alarm["kind"] for alarm in filed.alarms)
        if called["reopened"] < self._reopenings:
            raise Broken("open again, and nobody was called")
        if self.world.hasty & filed.all_held and not filed.called_next:
            raise Broken("the next run left before this one was checked, and nobody was called")
        if self.beside is not None and self.knows_late_facts:  # the database counts who is in which bus
            self._is_looked_for_in_both(filed, self.beside.world)
        gone = self.world.undone(filed.held)
        for event_id, event in filed.events.items():
            is_wrong = event["stop_id"] == NO_STOP or self.world.deeds[event_id].is_away
            if event["kind"] != "alight" or event_id in gone or not is_wrong:
                continue
            if not any(alarm["occasion"] == event_id for alarm in filed.alarms):
                raise Broken("somebody got off where nobody may, and nobody was called")

    def _is_looked_for_in_both(self, filed: Filed, other: World) -> None:
        """Whoever is in two buses at once, by what is held, is looked for in both."""
        here = self.world.known_inside(filed.held)
        there = other.known_inside(filed.held_of(other.plan.run_id))
        resolved = {each["rider_id"] for each in filed.decisions if each["kind"] == "resolved"}
        both = here & there - resolved
        self.seen["in two buses"] += bool(both)
        if filed.phase not in OVER and not both <= filed.doubled:
            raise Broken(f"{sorted(both)} are in two buses, and nobody was called")
