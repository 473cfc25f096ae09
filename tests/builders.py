"""
Runs and their events in the words of the field: ``a_run(riders=3)``, ``tablet.board("r1")``.

Everything built here is synthetic. Times are whole seconds after the planned departure.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from busops.domain import events as happened
from busops.domain.envelope import GENESIS, digest_of, envelope_of, parse_envelope
from busops.domain.events import Decision, Observation, Whereabouts
from busops.domain.fleet import CrewRole
from busops.domain.run_plan import ManifestRider, PlannedStop, RunPlan
from busops.domain.values import CAMPUS, Direction

DEPARTS_AT = datetime(2026, 3, 13, 8, 0, tzinfo=UTC)  # 16:00 at the school
DEPARTS_MS = int(DEPARTS_AT.timestamp() * 1000)
ATTENDANT, DRIVER = "A1", "D1"
STOPS = ("S1", "S2", "S3")
TAGS = {"rear": "900001", "row:2": "900002", "row:3": "900003", "row:4": "900004", "row:5": "900005"}
ALL_OK = ("belts", "brakes", "emergency_door", "lights", "seats", "steering", "tyres")


def a_run(
    *, run_id: str = "run-1", riders: int = 3, stops: tuple[str, ...] = STOPS, **changes: Any
) -> RunPlan:
    """A homeward run over ``stops`` with riders r1 … rn dealt out to the stops in turn."""
    times = [DEPARTS_AT + timedelta(minutes=10 * index) for index in range(len(stops) + 1)]
    plan = RunPlan(
        run_id=run_id,
        direction=Direction.HOMEWARD,
        on=date(2026, 3, 13),
        stops=tuple(
            PlannedStop(stop_id=stop_id, arrives_at=at, leaves_at=at)
            for stop_id, at in zip((CAMPUS, *stops), times, strict=True)
        ),
        manifest=tuple(
            ManifestRider(rider_id=f"r{number}", stop_id=stops[(number - 1) % len(stops)])
            for number in range(1, riders + 1)
        ),
        roster_v=1,
        designated=frozenset({*stops, "S9"}),
        plate="川F00001",
        rows=5,
        approved_students=40,
        approved_total=43,
        driver_id=DRIVER,
        attendant_ids=(ATTENDANT,),
        tags=TAGS,
        asked_rows={CrewRole.ATTENDANT: (2, 4), CrewRole.DRIVER: (3, 5)},
        devices=frozenset({1}),
        departs_at=times[0],
        arrives_at=times[-1],
    )
    return replace(plan, **changes) if changes else plan


@dataclass
class Tablet:
    """A tablet that records: its own numbering, chain and clock. ``now_s`` is true time."""

    plan: RunPlan
    dev: int = 1
    now_s: int = -1800
    skew_ms: int = 0  # how far its wall clock is off
    knows_offset: bool = True
    boot: str = "00000000-0000-7000-8000-0000000000b0"
    log: list[Observation] = field(default_factory=list)
    prev: str = GENESIS

    def record(self, kind: str, *, by: str = ATTENDANT, after_s: int = 10, **own: Any) -> Observation:
        """The event of this kind stands at the end of the log, ``after_s`` later than the last."""
        self.now_s += after_s
        seq = len(self.log) + 1
        true_ms = DEPARTS_MS + self.now_s * 1000
        envelope = {
            "v": 1,
            "id": f"00000000-0000-7000-8{self.dev:03x}-{seq:012x}",
            "dev": self.dev,
            "seq": seq,
            "prev": self.prev,
            "run": self.plan.run_id,
            "roster_v": self.plan.roster_v,
            "kind": kind,
            "rider": None,
            "stop": None,
            "n": seq if kind == "seal" else None,
            "refs": [],
            "reason": None,
            "codes": [],
            "text": None,
            "wall_ms": true_ms + self.skew_ms,
            "boot": self.boot,
            "mono_ms": 10_000_000 + self.now_s * 1000,
            "off_ms": -self.skew_ms if self.knows_offset else None,
            "off_age_ms": 0 if self.knows_offset else None,
            "lat6": None,
            "lon6": None,
            "acc": None,
            "by": by,
            "app": "0.1.0",
        } | own
        event = parse_envelope(envelope)
        self.prev = digest_of(envelope)
        self.log.append(event)
        return event

    def board(self, rider_id: str, stop_id: str = CAMPUS, **own: Any) -> Observation:
        """The rider is marked on."""
        return self.record("board", rider=rider_id, stop=stop_id, **own)

    def alight(self, rider_id: str, stop_id: str | None = None, **own: Any) -> Observation:
        """The rider is marked off, at his own stop unless told otherwise."""
        rider = self.plan.riders.get(rider_id)
        return self.record(
            "alight", rider=rider_id, stop=stop_id or (rider.stop_id if rider else STOPS[0]), **own
        )

    def void(self, event: Observation, **own: Any) -> Observation:
        """The tap is taken back."""
        return self.record("void", refs=[event.event_id], **own)

    def set_out(self, rider_ids: tuple[str, ...] | None = None) -> None:
        """Manifest read, vehicle looked over, everybody on, heads counted, gone."""
        self.record("ack")
        self.record("precheck", by=DRIVER, codes=list(ALL_OK))
        on = tuple(self.plan.riders) if rider_ids is None else rider_ids
        for rider_id in on:
            self.board(rider_id)
        for rider_id in sorted(set(self.plan.riders) - set(on)):
            self.record("absent", rider=rider_id, reason="leave")
        self.record("headcount", n=len(on), stop=CAMPUS)
        self.now_s = max(self.now_s, 0)
        self.record("depart", stop=CAMPUS, by=DRIVER)

    def drive(self, rider_ids: tuple[str, ...] | None = None) -> None:
        """Every stop reached in turn, its riders off, the terminal last."""
        on = tuple(self.plan.riders) if rider_ids is None else rider_ids
        for stop_id in self.plan.stop_ids[1:]:
            self.record("arrive", stop=stop_id, by=DRIVER, after_s=300)
            for rider_id in on:
                if self.plan.riders[rider_id].stop_id == stop_id:
                    self.alight(rider_id)
            if stop_id != self.plan.terminal:
                self.record("depart", stop=stop_id, by=DRIVER)

    def check(self, role: CrewRole, *, n: int = 0, **own: Any) -> Observation:
        """Attendant or driver walks to the rear, reading every tag asked for."""
        by = ATTENDANT if role is CrewRole.ATTENDANT else self.plan.driver_id
        fields: dict[str, Any] = {"by": by, "codes": sorted(self.plan.asked_codes(role)), "after_s": 60}
        return self.record("check", n=n, **(fields | own))

    def prove_empty(self) -> None:
        """Attendant's check, driver's check, parked."""
        self.check(CrewRole.ATTENDANT)
        self.check(CrewRole.DRIVER)
        self.record("parked", by=self.plan.driver_id, codes=[TAGS["rear"]])

    def seal(self) -> Observation:
        """The device says it is done with the run."""
        return self.record("seal")


def a_finished_run(plan: RunPlan, *, dev: int = 1) -> Tablet:
    """A tablet whose log lets the run be closed."""
    tablet = Tablet(plan=plan, dev=dev)
    tablet.set_out()
    tablet.drive()
    tablet.prove_empty()
    tablet.seal()
    return tablet


_NUMBERS = count(1)


def decided(kind: type[Decision], plan: RunPlan, **own: Any) -> Decision:
    """A decision by two people, numbered after every one before; a third one searched for a lost device."""
    number = next(_NUMBERS)
    own = ({"checked_by": "u3"} if kind is happened.DeviceReleased else {}) | own
    common = {"decision_id": f"d{number}", "run_id": plan.run_id, "number": number, "made_ms": DEPARTS_MS}
    return kind(**(common | {"by": "u1", "second": "u2", "reason": "phoned"} | own))


def resolved(plan: RunPlan, rider_id: str, covers: list[Observation], says: Whereabouts) -> Decision:
    """Two people say where the rider is, having seen these events."""
    ids = frozenset(event.event_id for event in covers)
    return decided(happened.Resolved, plan, rider_id=rider_id, says=says, covers=ids)


def wire(tablet: Tablet) -> list[dict[str, Any]]:
    """The tablet's log as it is sent."""
    return [envelope_of(event) for event in tablet.log]
