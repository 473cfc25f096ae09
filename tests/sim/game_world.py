"""
What is really so in a game: who is in the bus, what everybody truly did, and when.

It is kept beside the tablets and never read from the server: the reference that the server's
answers are held against. What nobody marked is here all the same.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from busops.domain.evidence import Evidence
from busops.domain.fleet import CrewRole
from busops.domain.network import StopPlace
from busops.domain.run_plan import RunPlan
from busops.domain.values import CrewId, RunId
from tests import small_school
from tests.builders import ALL_OK, TAGS, a_run
from tests.sim.game_server import GameClock
from tests.sim.game_tablet import Entry, GameTablet

OWN, NEXT, BESIDE = "run-1", "run-2", "run-3"
ATTENDANT, DRIVER = "Z1", "D2"
OTHER_ATTENDANT, OTHER_DRIVER = "Z2", "D1"
TERMINAL, MIDWAY, OTHER, NO_STOP = "S2", "S1", "S9", "S77"
RIDERS = ("r1", "r2", "r3")
BY_CODE, LISTED = "r2", "r3"  # who must be given into somebody's hands, and how; r1 goes alone
ON, OFF = ("board", "moved_in"), ("alight", "moved_out")
MARKS = frozenset({*ON, *OFF})
MOVEMENTS = MARKS | {"depart", "arrive", "void"}
ITEMS = frozenset(ALL_OK)
ALL_TAGS = {**TAGS, "mid": "900006", "exit": "900007"}
PLACE = StopPlace(lat6=31_000_000, lon6=104_000_000, radius_m=60)
HERE = {"lat6": PLACE.lat6, "lon6": PLACE.lon6, "acc": 10}
AWAY = {"lat6": PLACE.lat6 + 50_000, "lon6": PLACE.lon6, "acc": 10}  # five kilometres from every stop
Line = tuple[str, str | None, str | None]  # of a sheet of paper: kind, rider, stop


def the_plan() -> RunPlan:
    """The one run of every game: three riders, two stops, one attendant and one driver; checked at E2."""
    return a_run(
        riders=len(RIDERS),
        stops=(MIDWAY, TERMINAL),
        attendant_ids=(ATTENDANT,),
        driver_id=DRIVER,
        plate=small_school.COACH,
        devices=frozenset(),
        evidence=Evidence.E2,
        tags=ALL_TAGS,
        places={MIDWAY: PLACE, TERMINAL: PLACE},
    )


def the_next_plan() -> RunPlan:
    """The run of the same bus and people two hours later, which waits for the check of the first."""
    later = timedelta(hours=2)
    plan = the_plan()
    stops = tuple(
        replace(stop, arrives_at=stop.arrives_at + later, leaves_at=stop.leaves_at + later)
        for stop in plan.stops
    )
    times = {"departs_at": plan.departs_at + later, "arrives_at": plan.arrives_at + later}
    return replace(plan, run_id=RunId(NEXT), stops=stops, **times)


def the_other_plan() -> RunPlan:
    """The run of another bus and other people on the same way at the same time, empty so far."""
    crew = {"driver_id": CrewId(OTHER_DRIVER), "attendant_ids": (CrewId(OTHER_ATTENDANT),)}
    return replace(the_plan(), run_id=RunId(BESIDE), plate=small_school.LICENSED, manifest=(), **crew)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that somebody truly did and marked: when, who, and how many were in the bus then."""

    at_ms: int
    kind: str
    event_id: str
    dev: int
    actor: str
    rider: str | None
    stop: str | None
    codes: frozenset[str]
    inside: int
    undoes: str | None = None
    other_run: str | None = None  # from or into whose bus the rider went over
    is_away: bool = False  # the tablet knew to be far from the stop that is named


@dataclass(kw_only=True)
class World:
    """The true state of a bus of the game and its people."""

    clock: GameClock
    plan: RunPlan
    inside: set[str] = field(default_factory=set)
    been: set[str] = field(default_factory=set)
    deeds: dict[str, Deed] = field(default_factory=dict)
    is_stranded: bool = False  # whether the office has said that the bus goes no further
    hasty: set[str] = field(default_factory=set)  # departures of the next run before this one was checked
    sheets: dict[int, set[Line]] = field(
        default_factory=dict
    )  # what stands on paper, by the device it is entered as

    def passes(self, seconds: int) -> None:
        """Time goes on for everybody."""
        self.clock.now_ms += seconds * 1000

    def marks(self, tablet: GameTablet, kind: str, *, actor: str | None = None, **own: Any) -> Entry:
        """Somebody marks on his tablet what he does or sees."""
        entry = tablet.write(kind, self.clock.now_ms, by=actor, **own)
        if own.get("run") == NEXT:
            if not self.is_checked():
                self.hasty.add(entry.event["id"])
            return entry
        refs = own.get("refs") or [None]
        self.deeds[entry.event["id"]] = Deed(
            at_ms=self.clock.now_ms,
            kind=kind,
            event_id=entry.event["id"],
            dev=tablet.dev,
            actor=actor or tablet.by,
            rider=own.get("rider"),
            stop=own.get("stop"),
            codes=frozenset(own.get("codes", ())),
            inside=len(self.inside),
            undoes=refs[0],
            other_run=own.get("text") if kind in ("moved_in", "moved_out") else None,
            is_away=own.get("lat6") == AWAY["lat6"] and own.get("stop") in self.plan.places,
        )
        return entry

    def is_written(self, deed: Deed, event_id: str, dev: int) -> None:
        """What was done and its tablet never told is held under another name: it was written on paper."""
        self.deeds[event_id] = replace(deed, event_id=event_id, dev=dev)

    def gets_on(self, tablet: GameTablet | None, rider: str) -> None:
        """The rider is in the bus; whoever holds the tablet marks it, or nobody does."""
        self.inside.add(rider)
        self.been.add(rider)
        if tablet is not None:
            self.marks(tablet, "board", rider=rider, stop="@campus")

    def gets_off(self, tablet: GameTablet | None, rider: str, stop: str, **own: Any) -> None:
        """The rider has left the bus."""
        self.inside.discard(rider)
        if tablet is not None:
            self.marks(tablet, "alight", rider=rider, stop=stop, **own)

    def goes_over(self, tablet: GameTablet | None, rider: str, to: "World") -> None:
        """The rider has left this bus for another one, and is not in it yet."""
        self.inside.discard(rider)
        if tablet is not None:
            self.marks(tablet, "moved_out", rider=rider, text=to.plan.run_id)

    def comes_over(self, tablet: GameTablet | None, rider: str, of: "World") -> None:
        """The rider is in this bus, out of another one."""
        self.inside.add(rider)
        self.been.add(rider)
        if tablet is not None:
            self.marks(tablet, "moved_in", rider=rider, text=of.plan.run_id)

    def hands_over(self, tablet: GameTablet, rider: str, *, is_there: bool) -> None:
        """Somebody is there to take the rider: of his list, or with the code; or nobody is."""
        codes = ["listed", "person:1"] if rider == LISTED else ["code"]
        self.marks(tablet, "handover", rider=rider, codes=codes if is_there else ["none"])

    def walks(self, tablet: GameTablet, role: CrewRole, *, actor: str | None = None, **own: Any) -> None:
        """Somebody walks to the rear, reads what is asked of the role and counts whom he sees."""
        codes = sorted(self.plan.asked_codes(role))
        self.marks(tablet, "check", actor=actor, **({"n": len(self.inside), "codes": codes} | own))

    def parks(self, tablet: GameTablet) -> None:
        """The driver stands at the parking place with the rear tag read."""
        self.marks(tablet, "parked", codes=[self.plan.tags["rear"]])

    def undone(self, held: set[str]) -> set[str]:
        """The marks that were truly taken back, by events that are held."""
        return {
            deed.undoes
            for deed in self.deeds.values()
            if deed.undoes is not None
            and deed.event_id in held
            and deed.undoes in held
            and self._counts(deed)
        }

    def _counts(self, void: Deed) -> bool:
        """Whether a void is in time; the game never undoes across a seal or a new boot."""
        target = self.deeds[void.undoes or ""]
        return void.at_ms - target.at_ms <= 120_000

    def known_inside(self, held: set[str]) -> set[str]:
        """Who is in the bus by the true order of those marks that are held, and stand."""
        return {rider for rider, marks in self.standing(held).items() if marks[-1].kind in ON}

    def between(self, held: set[str], other: "World | None", held_there: set[str]) -> set[str]:
        """
        Who went over to another bus and is in none: no mark there, by what is held of both, has him.

        A mark there from before he was in this bus says nothing of where he is now.
        """
        found = set()
        there = other.standing(held_there) if other is not None else {}
        for rider, marks in self.standing(held).items():
            on_ms = max((each.at_ms for each in marks if each.kind in ON), default=0)
            answers = [each for each in there.get(rider, ()) if each.kind == "moved_in"]
            if marks[-1].kind == "moved_out" and all(each.at_ms <= on_ms for each in answers):
                found.add(rider)
        return found

    def standing(self, held: set[str]) -> dict[str, list[Deed]]:
        """The marks of each rider that are held and stand, as they truly followed one another."""
        gone = self.undone(held)
        found: dict[str, list[Deed]] = {}
        for deed in sorted(self.deeds.values(), key=lambda each: (each.at_ms, each.dev, each.event_id)):
            is_mark = deed.kind in MARKS and deed.rider is not None
            if is_mark and deed.event_id in held and deed.event_id not in gone:
                found.setdefault(deed.rider or "", []).append(deed)
        return found

    def proof(self, held: set[str], since_ms: int) -> tuple[Deed, Deed, Deed] | None:
        """The three deeds that truly prove the bus empty by what is held, or None."""
        known = [deed for deed in self.deeds.values() if deed.event_id in held]
        moved_ms = max(
            (
                deed.at_ms
                for deed in known
                if deed.kind in MOVEMENTS or (deed.kind == "check" and deed.inside)
            ),
            default=0,
        )
        if not self._has_ended(known, held):
            return None
        after_ms = max(moved_ms, since_ms)
        for first in self._sound(known, "check", self.attendant, after_ms):
            for second in self._sound(known, "check", self.driver, first.at_ms):
                for third in self._sound(known, "parked", self.driver, second.at_ms):
                    return first, second, third
        return None

    def _has_ended(self, known: list[Deed], held: set[str]) -> bool:
        """Whether the bus is where it ends: at its terminal, or where riders left it that goes no further."""
        if any(deed.kind == "arrive" and deed.stop == self.plan.terminal for deed in known):
            return True
        marks = [deed for each in self.standing(held).values() for deed in each]
        return self.is_stranded and any(deed.kind == "moved_out" for deed in marks)

    @property
    def attendant(self) -> str:
        """Whose the first check is."""
        return str(self.plan.attendant_ids[0])

    @property
    def driver(self) -> str:
        """Whose the second check is."""
        return str(self.plan.driver_id)

    def is_checked(self) -> bool:
        """Whether by now both have truly walked through the empty bus after everything that moved."""
        moved_ms = max((deed.at_ms for deed in self.deeds.values() if deed.kind in MOVEMENTS), default=0)
        known = list(self.deeds.values())
        return any(
            self._sound(known, "check", self.driver, first.at_ms)
            for first in self._sound(known, "check", self.attendant, moved_ms)
        )

    def _sound(self, known: list[Deed], kind: str, actor: str, after_ms: int) -> list[Deed]:
        role = CrewRole.ATTENDANT if actor == self.attendant else CrewRole.DRIVER
        asked = self.plan.asked_codes(role) if kind == "check" else frozenset({self.plan.tags["rear"]})
        return [
            deed
            for deed in known
            if deed.kind == kind and deed.actor == actor and deed.at_ms > after_ms
            if not deed.inside and asked <= deed.codes
        ]
