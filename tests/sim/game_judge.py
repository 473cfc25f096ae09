"""
The judge of a game: after every step, the file of the server is held against the true world.

It reads the file itself with plain SQL, never through the code under test, and asks no fold.
"""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.sim.game_tablet import GameTablet
from tests.sim.game_world import NO_STOP, RIDERS, World

LADDER_MIN = {1: 3, 2: 5, 3: 10, 4: 15, 5: 30}
SILENCE_MS = 180_000
DEAD_MAN_MS = UNHEARD_MS = 20 * 60_000
UNCLOSED_MS = 60 * 60_000
SLACK_MS = 5_000
OWN = ("run-1", "run-of-nobody")  # what claims the run, and what may hide an event of it
OVER = ("closed", "cancelled")


class Broken(AssertionError):
    """An invariant does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What the server's file holds now."""

    run: dict[str, Any]
    events: dict[str, dict[str, Any]]
    quarantine: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    closures: list[dict[str, Any]]
    alarms: list[dict[str, Any]]
    bound: set[int]
    seen_ms: dict[int, int]

    @property
    def held(self) -> set[str]:
        """The events of the log."""
        return set(self.events)

    @property
    def phase(self) -> str:
        """How far the run is, by its row."""
        return str(self.run["phase"])


@dataclass(kw_only=True)
class Judge:
    """Looks after every step; raises :class:`Broken`, with what was broken in words."""

    path: Path
    world: World
    tablets: list[GameTablet]
    knows_late_facts: bool = True  # whether the layer that reopens for other facts than aboard is in play
    seen: Counter[str] = field(default_factory=Counter)
    _before: Filed | None = None
    _reopenings: int = 0

    def look(self) -> Filed:
        """Every invariant that must hold at any time; what the file holds."""
        filed = read(self.path)
        self._nothing_is_lost(filed)
        self._nothing_is_invented(filed)
        self._closed_means_clear(filed)
        self._somebody_was_called(filed)
        before_v = {closure["version"] for closure in self._before.closures} if self._before else set()
        for closure in filed.closures:
            if closure["version"] not in before_v:
                self.seen["closed"] += 1
                self._closing_was_right(filed, closure)
        if self._before and self._before.phase == "closed" and filed.phase == "reopened":
            self._reopenings += 1
            self.seen["reopened"] += 1
        self._before = filed
        return filed

    def after_watch(self) -> None:
        """Every alarm that is due stands."""
        filed = read(self.path)
        if filed.phase in OVER:
            return
        now_ms = self.world.clock.now_ms
        reopened_ms = filed.run["reopened_ms"] or 0
        heard_ms = max(
            [event["received_ms"] for event in filed.events.values()]
            + [filed.seen_ms.get(event["dev"], 0) for event in filed.events.values()],
            default=0,
        )
        self._need_unclosed(filed, now_ms)
        if not self.world.proof(filed.held, reopened_ms) and now_ms - heard_ms >= UNHEARD_MS:
            due_ms = max(_ms(self.world.plan.arrives_at) + DEAD_MAN_MS, reopened_ms)
            for level, minutes in LADDER_MIN.items():
                if now_ms >= due_ms + minutes * 60_000 + SLACK_MS:
                    self._need(filed, "check_overdue", level, reopened_ms)
                    self.seen[f"overdue {level}"] += 1
        resolved = {each["rider_id"] for each in filed.decisions if each["kind"] == "resolved"}
        if self.world.known_inside(filed.held) - resolved and now_ms - heard_ms >= SILENCE_MS + SLACK_MS:
            self._need(filed, "device_silent", 1, heard_ms)
            self.seen["silent"] += 1

    def _need_unclosed(self, filed: Filed, now_ms: int) -> None:
        if now_ms >= _ms(self.world.plan.arrives_at) + UNCLOSED_MS + SLACK_MS:
            self._need(filed, "run_unclosed", 2, 0)

    def _need(self, filed: Filed, kind: str, level: int, since_ms: int) -> None:
        if not any(
            alarm["kind"] == kind and alarm["level"] == level and alarm["raised_ms"] >= since_ms
            for alarm in filed.alarms
        ):
            raise Broken(f"the alarm {kind} of level {level} is due and was never raised")

    def _nothing_is_lost(self, filed: Filed) -> None:
        apart = {each["event_id"] for each in filed.quarantine}
        for tablet in self.tablets:
            for entry in tablet.entries:
                answer, event_id = tablet.answers.get(entry.seq), entry.event["id"]
                if answer in ("stored", "duplicate"):
                    if filed.events.get(event_id, {}).get("digest") != entry.hash:
                        raise Broken(f"{answer}, but not in the log as it was: {event_id}")
                elif answer is not None and event_id not in apart:
                    raise Broken(f"{answer}, but not in quarantine: {event_id}")
            before = tablet.stored_before_revoked
            if before is not None and tablet.stored() - before:
                raise Broken(f"tablet {tablet.dev} was given up, and its word is still taken as fact")
            for seq, digest in tablet.acks:
                self._ack_is_true(filed, tablet, seq, digest)
        if self._before and not self._before.held <= filed.held:
            raise Broken("an event has left the log")
        if self._before and len(self._before.closures) > len(filed.closures):
            raise Broken("a closure is gone")

    def _ack_is_true(self, filed: Filed, tablet: GameTablet, ack: int, digest: str) -> None:
        apart = {each["seq"] for each in filed.quarantine if each["dev"] == tablet.dev}
        for entry in tablet.entries[:ack]:
            if entry.event["id"] not in filed.events and entry.seq not in apart:
                raise Broken(f"acknowledged to {ack}, but {entry.seq} of tablet {tablet.dev} is nowhere")
        last = tablet.entries[ack - 1] if ack else None
        if last is not None and last.event["id"] in filed.events and digest != last.hash:
            raise Broken(f"the hash at {ack} of tablet {tablet.dev} is another one")

    def _nothing_is_invented(self, filed: Filed) -> None:
        written = {entry.event["id"]: entry.hash for tablet in self.tablets for entry in tablet.entries}
        for event_id, event in filed.events.items():
            if written.get(event_id) != event["digest"]:
                raise Broken(f"nobody wrote {event_id}")
        places = Counter((event["dev"], event["seq"]) for event in filed.events.values())
        if any(count > 1 for count in places.values()):
            raise Broken("a number of a tablet stands twice in the log")

    def _closed_means_clear(self, filed: Filed) -> None:
        if filed.phase != "closed":
            return
        for rider in self.world.known_inside(filed.held):
            if not self._is_accounted_for(filed, rider):
                raise Broken(f"closed, and {rider} is in the bus by the marks that the server holds")
        closed_ms = _ms(datetime.fromisoformat(filed.run["closed_at"]))
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
        self._nobody_was_forgotten(filed)
        self._devices_were_done(filed, before)
        waits = [each for each in filed.quarantine if each["state"] == "open" and each["run_id"] in OWN]
        if [each for each in waits if each["received_ms"] < closure["closed_ms"]]:
            raise Broken("closed with something in quarantine")

    def _nobody_was_forgotten(self, filed: Filed) -> None:
        marked = {e["rider_id"] for e in filed.events.values() if e["kind"] in ("board", "alight", "absent")}
        cleared = {each["rider_id"] for each in filed.decisions if each["kind"] == "resolved"}
        if left := set(RIDERS) - marked - cleared:
            raise Broken(f"closed, and nothing is known of {sorted(left)}")

    def _devices_were_done(self, filed: Filed, before: set[str]) -> None:
        facts = [filed.events[event_id] for event_id in before]
        for dev in filed.bound | {event["dev"] for event in facts}:
            own = {event["seq"]: event["kind"] for event in facts if event["dev"] == dev}
            last = max(own, default=0)
            given_up = max(
                (
                    each["upto_seq"]
                    for each in filed.decisions
                    if each["kind"] == "device_released" and each["dev"] == dev
                    and each["second_user"] not in (None, each["by_user"])
                ),
                default=-1,
            )  # fmt: skip
            if given_up >= last:
                self.seen["closed without a lost device"] += 1
                continue
            apart = {each["seq"] for each in filed.quarantine if each["dev"] == dev}
            if missing := set(range(1, last + 1)) - own.keys() - apart:
                raise Broken(f"closed, and tablet {dev} lacks {sorted(missing)}")
            if own.get(last) != "seal":
                raise Broken(f"closed, and tablet {dev} has not said that it is done")

    def _is_accounted_for(self, filed: Filed, rider: str) -> bool:
        """Whether two people said where the rider is, having seen all his marks that are held."""
        marks = {
            event_id
            for event_id, event in filed.events.items()
            if event["rider_id"] == rider and event["kind"] in ("board", "alight")
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
        gone = self.world.undone(filed.held)
        for event_id, event in filed.events.items():
            is_off_stop = event["kind"] == "alight" and event["stop_id"] == NO_STOP and event_id not in gone
            if is_off_stop and not any(alarm["occasion"] == event_id for alarm in filed.alarms):
                raise Broken("somebody got off where nobody may, and nobody was called")


def read(path: Path) -> Filed:
    """The file, by plain SQL."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row

        def rows(query: str) -> list[dict[str, Any]]:
            return [dict(row) for row in connection.execute(query)]

        alarms = rows("SELECT kind, level, occasion, state, raised_at FROM alarm WHERE run_id = 'run-1'")
        return Filed(
            run=rows("SELECT phase, reopened_ms, closed_at FROM run WHERE run_id = 'run-1'")[0],
            events={
                row["event_id"]: row
                for row in rows(
                    "SELECT event_id, dev, seq, digest, kind, rider_id, stop_id, n, received_ms"
                    " FROM run_event"
                )
            },
            quarantine=rows("SELECT event_id, dev, seq, run_id, state, received_ms FROM quarantine"),
            decisions=rows("SELECT * FROM run_decision ORDER BY number"),
            closures=rows("SELECT * FROM closure ORDER BY version"),
            alarms=[
                alarm | {"raised_ms": _ms(datetime.fromisoformat(alarm["raised_at"]))} for alarm in alarms
            ],
            bound={row["dev"] for row in rows("SELECT dev FROM run_device WHERE run_id = 'run-1'")},
            seen_ms={
                row["dev"]: _ms(datetime.fromisoformat(row["seen_at"]))
                for row in rows("SELECT dev, seen_at FROM device WHERE seen_at IS NOT NULL")
            },
        )


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
