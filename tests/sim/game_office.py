"""
The office of a game: patient in the macro steps, impatient in free play.

It acts through the services, as its pages do, and knows only what a page shows. In free play it
presses whatever there is, whether that is wise or not; the invariants must hold all the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from busops.domain.events import StrandedBy, Whereabouts
from busops.domain.findings import Finding, Severity, blocking
from busops.domain.fleet import CrewRole
from busops.domain.overrides import GATES, OverrideReason, admission
from busops.domain.people import Actor, Role
from busops.domain.roster import NotRidingReason
from busops.domain.run import RunState
from busops.domain.values import CrewId, RiderId, RunId
from busops.services import devices, overrides, runs, transfers, watch
from busops.services.simulated_key import SimulatedKey
from busops.storage import alarm_store, event_store, override_store, paper_store
from busops.storage.database import Database
from tests.sim.game_server import GameServer
from tests.sim.game_world import ATTENDANT, DRIVER, OTHER_ATTENDANT, OTHER_DRIVER, RIDERS
from tests.small_school import LICENSED

RUN = RunId("run-1")
ASKER = Actor(user_id="u1", role=Role.DISPATCHER, name="u1")
SECOND = Actor(user_id="u2", role=Role.SUPERVISOR, name="u2")
COLLEAGUE = Actor(user_id="u4", role=Role.DISPATCHER, name="u4")
THIRD = "u3"
LOST = OverrideReason.TABLET_LOST
HIMSELF = Actor(user_id="u1", role=Role.SUPERVISOR, name="u1")
OUTSIDER = Actor(user_id="u5", role=Role.ATTENDANT, name="u5")
ADMIN = Actor(user_id="u9", role=Role.ADMIN, name="管理员")
ADMIN_TOO = Actor(user_id="u8", role=Role.ADMIN, name="u8")
TOO_LATE_MS = 601_000
ATTENDANTS = (ATTENDANT, OTHER_ATTENDANT)
BROKEN = transfers.Opening(cause=StrandedBy.BREAKDOWN, reason="no oil")


@dataclass(kw_only=True)
class Office:
    """Two dispatchers, their supervisor and what they can press."""

    server: GameServer
    dice: Random
    run_id: RunId = RUN

    def state(self) -> RunState:
        """The run as the office's page has it."""
        with self.server.database.reading() as tx:
            return runs.state_of(tx, self.run_id)

    def reasons(self) -> set[str]:
        """Why the run may not be closed, by code."""
        found = runs.reasons_against_closing(self.server.database, self.run_id)
        return {str(reason.facts.get("finding", reason.code)) for reason in found} | {
            each.code for each in found
        }

    def enrol(
        self, crew_id: str, key: SimulatedKey, *, dev: int | None = None, minutes: int = 900
    ) -> devices.Enrolment:
        """A token for a tablet of this crew member."""
        role = CrewRole.ATTENDANT if crew_id in ATTENDANTS else CrewRole.DRIVER
        actor = Actor(
            user_id=f"u-{crew_id}", role=Role(role.value.lower()), name=crew_id, crew_id=CrewId(crew_id)
        )
        lives = devices.TOKEN_LIVES * minutes / 960
        return devices.enrol(
            self.server.database,
            actor=actor,
            crew_id=CrewId(crew_id),
            name="tablet",
            clock=self.server.clock,
            dev=dev,
            lives=lives,
            public_key=key.public,
        )

    def close(self) -> str:
        """Somebody presses close."""
        return self._of_run(runs.close_run, by=ASKER)

    def reopen(self) -> str:
        """Somebody opens the closed run."""
        return self._of_run(runs.reopen_run, by=ASKER, reason="asked by a parent")

    def resolve(self, rider: str, says: Whereabouts, *, second: Actor = SECOND) -> str:
        """Two people (or one as two) say where a rider is."""
        own: dict[str, Any] = {"says": says, "by": ASKER, "second": second, "reason": "by phone"}
        if says is Whereabouts.NEVER_ABOARD:
            own["absence"] = NotRidingReason.LEAVE
        return self._of_run(runs.resolve_rider, RiderId(rider), **own)

    def release(self, dev: int, *, third: str = THIRD) -> str:
        """Two people give a tablet up for this run, after a third one has looked into the bus."""
        key = f"device_lost:{dev}"
        for waits in self._asked(key):
            self.agree(waits, approves=False)
        said = self._of_run(overrides.ask_override, key, reason=LOST, note="lost", by=ASKER)
        for asked in self._asked(key) if said == "done" else ():
            said = self.server.act(_searched, self.run_id, asked, third)
            said = self.agree(asked) if said == "done" else said
        return said

    def revoke(self, dev: int) -> str:
        """A tablet is given up for good."""
        return self.server.act(_revoke, dev)

    def step_watch(self) -> str:
        """The server's own clock looks."""
        return self.server.act(watch.raise_due_alarms)

    def open_transfer(self, to_run_id: str) -> str:
        """The bus goes no further; its riders are awaited on that run."""
        return self.server.act(
            transfers.open_transfer, self.run_id, RunId(to_run_id), opening=BROKEN, by=ASKER
        )

    def send_substitute(self) -> str:
        """The bus goes no further; another one is sent for its riders."""
        crew = (CrewId(OTHER_DRIVER), (CrewId(OTHER_ATTENDANT),))
        own: dict[str, Any] = {"plate": LICENSED, "crew": crew, "opening": BROKEN, "by": ASKER}
        return self._of_run(transfers.send_substitute, **own)

    def settle_quarantine(self, *, believes: bool = False) -> None:
        """Two people look at everything that was kept apart; they take as true what they may, or nothing."""
        for each in self._apart():
            if believes and self.admit(each.quarantine_id) == "done":
                continue
            own = {"by": ASKER, "second": SECOND, "note": "looked at"}
            self.server.act(runs.settle_quarantine, each.quarantine_id, **own)

    def admit_one(self) -> str:
        """Two people take something that was kept apart as true."""
        apart = self._apart()
        if not apart:
            return "nothing"
        return self.admit(self.dice.choice(apart).quarantine_id)

    def admit(self, quarantine_id: str) -> str:
        """One asks to take it in as true, another one agrees."""
        key = admission((quarantine_id,)).key
        said = "done"
        if not self._asked(key):
            own = {"reason": OverrideReason.CREW_CONFIRMED, "note": "he was there", "by": ASKER}
            said = self._of_run(overrides.ask_admission, (quarantine_id,), **own)
        for asked in self._asked(key) if said == "done" else ():
            said = self.agree(asked)
        return said

    def settle(self, finding: Finding, *, second: Actor = SECOND, approves: bool = True) -> str:
        """A gate by an override of two roles, asked for where none waits; the rest by what came of it."""
        if finding.code not in GATES or finding.severity is not Severity.GATE:
            own = {"by": ASKER, "second": second, "reason": "looked into"}
            return self._of_run(runs.settle_finding, finding.key, **own)
        waits = self._asked(finding.key)
        if not waits:
            said = self.ask(finding)
            return said if said != "done" else self.settle(finding, second=second, approves=approves)
        return self.agree(waits[0], second=second, approves=approves)

    def _asked(self, key: str) -> list[str]:
        """What was asked for about this and waits."""
        now_ms = self.server.clock.now_ms
        with self.server.database.reading() as tx:
            asked = override_store.load_overrides(tx, self.run_id)
        return [each.override_id for each in asked if each.finding_key == key and each.waits(now_ms)]

    def ask(self, finding: Finding, *, by: Actor = ASKER) -> str:
        """One asks to let a gate pass."""
        own = {"reason": OverrideReason.CREW_CONFIRMED, "note": "looked into", "by": by}
        return self._of_run(overrides.ask_override, finding.key, **own)

    def agree(self, override_id: str, *, second: Actor = SECOND, approves: bool = True) -> str:
        """Another one agrees, or does not."""
        own = {"approves": approves, "by": second}
        return self._of_run(overrides.decide_override, override_id, **own)

    def agreements_that_fail(self, finding: Finding) -> Iterator[str]:
        """What is said to him who asked, to one who may not, who comes too late or is of the asker's role."""
        own = {"by": ASKER, "second": SECOND, "reason": "never asked"}
        yield self._of_run(runs.settle_finding, finding.key, **own)
        for second in (HIMSELF, OUTSIDER):
            yield self.settle(finding, second=second)
        self.server.clock.now_ms += TOO_LATE_MS
        yield self.agree(overrides.overrides_of(self.server.database, self.run_id)[0].override_id)
        self.ask(finding, by=ADMIN)
        yield self.agree(
            overrides.overrides_of(self.server.database, self.run_id)[0].override_id, second=ADMIN_TOO
        )

    def settle_findings(self, but: frozenset[str] = frozenset()) -> None:
        """Two people look into every finding that holds the run, but those of the codes named."""
        for finding in blocking(self.state().open_findings):
            if finding.code in but:
                continue
            if finding.code in GATES and self.dice.randrange(8) == 0:
                self.settle(finding, approves=False)
            self.settle(finding)

    def clear_riders(self, but: frozenset[str] = frozenset()) -> None:
        """The office finds out, by name, where everybody is whom the marks do not account for."""
        state = self.state()
        open_riders = state.aboard | state.not_yet | set(state.absent) | set(state.moving)
        for rider in sorted(open_riders - but):
            self.resolve(rider, Whereabouts.RETURNED_TO_SCHOOL)

    def give_up_devices(self, keeps: set[int]) -> None:
        """Two people and a third give up every tablet of the run that cannot be had any more."""
        with self.server.database.reading() as tx:
            paper = {each.dev for each in paper_store.load_entries(tx, self.run_id)}
        for dev, device in sorted(self.state().devices.items()):
            if dev not in keeps | paper and not device.is_released:
                self.release(dev)

    def fidgets(self) -> str:
        """Something is pressed, wise or not; the name of what."""
        acts = {
            "close": self.close,
            "reopen": self.reopen,
            "cancel": lambda: self._of_run(runs.cancel_run, by=ASKER, reason="rain"),
            "resolve": lambda: self.resolve(self.dice.choice(RIDERS), self.dice.choice(list(Whereabouts))),
            "alone": self._alone,
            "findings": self._settle_one,
            "override": self._override_badly,
            "release": self._release_one,
            "alarm": self._acknowledge_one,
            "quarantine": self.settle_quarantine,
            "admit": self.admit_one,
        }
        name = self.dice.choice(sorted(acts))
        acts[name]()
        return name

    def _of_run(self, deed: Callable[..., Any], *words: Any, **own: Any) -> str:
        """An act on the run that this office looks after."""
        return self.server.act(deed, self.run_id, *words, **own)

    def _alone(self) -> None:
        self.resolve(self.dice.choice(RIDERS), Whereabouts.ALIGHTED, second=ASKER)

    def _settle_one(self) -> None:
        if found := self.state().open_findings:
            self.settle(self.dice.choice(found))

    def _override_badly(self) -> None:
        """Somebody agrees who may not, or too late; or he says no."""
        gates = [each for each in self.state().open_findings if each.severity is Severity.GATE]
        if not gates:
            return
        finding = self.dice.choice(gates)
        self.ask(finding)
        if self.dice.randrange(4) == 0:
            self.server.clock.now_ms += TOO_LATE_MS
        with self.server.database.reading() as tx:
            asked = override_store.load_overrides(tx, self.run_id)
        if waits := [each.override_id for each in asked if each.verdict is None]:
            second = self.dice.choice((HIMSELF, COLLEAGUE, SECOND, ADMIN))
            self.agree(self.dice.choice(waits), second=second, approves=self.dice.randrange(3) > 0)

    def _release_one(self) -> None:
        if found := sorted(self.state().devices):
            self.release(self.dice.choice(found), third=self.dice.choice((THIRD, ASKER.user_id, DRIVER)))

    def _acknowledge_one(self) -> None:
        with self.server.database.reading() as tx:
            alarms = [each for each in alarm_store.load_alarms(tx, self.run_id) if each.state == "raised"]
        if alarms:
            self.server.act(_acknowledge, self.dice.choice(alarms).alarm_id)

    def _apart(self) -> tuple[event_store.Quarantined, ...]:
        with self.server.database.reading() as tx:
            return event_store.load_quarantine(tx)


def _acknowledge(database: Database, alarm_id: str, *, clock: Any, ids: Any) -> None:
    """Somebody has heard it; the service needs no ids."""
    del ids
    watch.acknowledge(database, alarm_id, by=ASKER, clock=clock)


def _revoke(database: Database, dev: int, *, clock: Any, ids: Any) -> None:
    """Given up for good; the service needs no ids."""
    del ids
    devices.revoke(database, dev, reason="lost", by=ADMIN, clock=clock)


def _searched(
    database: Database, run_id: RunId, override_id: str, third: str, *, clock: Any, ids: Any
) -> None:
    """A third person says that he searched the bus; the service needs no ids."""
    del ids
    by = Actor(user_id=third, role=Role.ATTENDANT, name=third)
    overrides.sign_search(database, run_id, override_id, by=by, clock=clock)
