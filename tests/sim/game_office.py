"""
The office of a game: patient in the macro steps, impatient in free play.

It acts through the services, as its pages do, and knows only what a page shows. In free play it
presses whatever there is, whether that is wise or not; the invariants must hold all the same.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

from busops.domain.events import Whereabouts
from busops.domain.findings import Finding, blocking
from busops.domain.fleet import CrewRole
from busops.domain.people import Actor, Role
from busops.domain.roster import NotRidingReason
from busops.domain.run import RunState
from busops.domain.values import CrewId, RiderId, RunId
from busops.services import devices, runs, watch
from busops.storage import alarm_store, event_store
from busops.storage.database import Database
from tests import run_kit
from tests.sim.game_server import GameServer
from tests.sim.game_world import ATTENDANT, RIDERS

RUN = RunId("run-1")
ONE, OTHER, THIRD = "u1", "u2", "u3"
ADMIN = Actor(user_id="u9", role=Role.ADMIN, name="管理员")


def settled(database: Database, finding: Finding, *, clock: Any, ids: Any) -> None:
    """Two people settle it: a gate by an override of two roles, what happened by what came of it."""
    run_kit.settle(database, RUN, finding, clock, ids)


@dataclass(kw_only=True)
class Office:
    """Two dispatchers and what they can press."""

    server: GameServer
    dice: Random

    def state(self) -> RunState:
        """The run as the office's page has it."""
        with self.server.database.reading() as tx:
            return runs.state_of(tx, RUN)

    def reasons(self) -> set[str]:
        """Why the run may not be closed, by code."""
        found = runs.reasons_against_closing(self.server.database, RUN)
        return {str(reason.facts.get("finding", reason.code)) for reason in found} | {
            each.code for each in found
        }

    def enrol(self, crew_id: str, *, dev: int | None = None, minutes: int = 900) -> devices.Enrolment:
        """A token for a tablet of this crew member."""
        role = CrewRole.ATTENDANT if crew_id == ATTENDANT else CrewRole.DRIVER
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
        )

    def close(self) -> str:
        """Somebody presses close."""
        return self.server.act(runs.close_run, RUN, by=ONE)

    def reopen(self) -> str:
        """Somebody opens the closed run."""
        return self.server.act(runs.reopen_run, RUN, by=ONE, reason="asked by a parent")

    def resolve(self, rider: str, says: Whereabouts, *, second: str = OTHER) -> str:
        """Two people (or one as two) say where a rider is."""
        own: dict[str, Any] = {"says": says, "by": ONE, "second": second, "reason": "by phone"}
        if says is Whereabouts.NEVER_ABOARD:
            own["absence"] = NotRidingReason.LEAVE
        return self.server.act(runs.resolve_rider, RUN, RiderId(rider), **own)

    def release(self, dev: int, *, second: str = OTHER) -> str:
        """Two people give a tablet up for this run."""
        people = {"by": ONE, "second": second, "third": THIRD}
        return self.server.act(runs.release_device, RUN, dev, **people, reason="lost")

    def revoke(self, dev: int) -> str:
        """A tablet is given up for good."""
        return self.server.act(_revoke, dev)

    def step_watch(self) -> str:
        """The server's own clock looks."""
        return self.server.act(watch.raise_due_alarms)

    def settle_quarantine(self) -> None:
        """Two people look at everything that was kept apart."""
        with self.server.database.reading() as tx:
            waiting = event_store.load_quarantine(tx)
        for each in waiting:
            self.server.act(
                runs.settle_quarantine, each.quarantine_id, by=ONE, second=OTHER, note="looked at"
            )

    def settle_findings(self, but: frozenset[str] = frozenset()) -> None:
        """Two people look into every finding that holds the run, but those of the codes named."""
        for finding in blocking(self.state().open_findings):
            if finding.code not in but:
                self.server.act(settled, finding)

    def clear_riders(self, but: frozenset[str] = frozenset()) -> None:
        """The office finds out, by name, where everybody is whom the marks do not account for."""
        state = self.state()
        open_riders = state.aboard | state.not_yet | set(state.absent)
        for rider in sorted(open_riders - but):
            self.resolve(rider, Whereabouts.RETURNED_TO_SCHOOL)

    def give_up_devices(self, keeps: set[int]) -> None:
        """Two people give up every tablet of the run that cannot be had any more."""
        for dev, device in sorted(self.state().devices.items()):
            if dev not in keeps and not device.is_released:
                self.release(dev)

    def fidgets(self) -> str:
        """Something is pressed, wise or not; the name of what."""
        acts = {
            "close": self.close,
            "reopen": self.reopen,
            "cancel": lambda: self.server.act(runs.cancel_run, RUN, by=ONE, reason="rain"),
            "resolve": lambda: self.resolve(self.dice.choice(RIDERS), self.dice.choice(list(Whereabouts))),
            "resolve alone": self._alone,
            "findings": self._settle_one,
            "alarm": self._acknowledge_one,
            "quarantine": self.settle_quarantine,
        }
        name = self.dice.choice(sorted(acts))
        acts[name]()
        return name

    def _alone(self) -> None:
        said = self.resolve(self.dice.choice(RIDERS), Whereabouts.ALIGHTED, second=ONE)
        assert said in ("two_people_needed", "died"), f"one person cleared a rider alone: {said}"

    def _settle_one(self) -> None:
        if found := self.state().open_findings:
            self.server.act(settled, self.dice.choice(found))

    def _acknowledge_one(self) -> None:
        with self.server.database.reading() as tx:
            alarms = [each for each in alarm_store.load_alarms(tx, RUN) if each.state == "raised"]
        if alarms:
            self.server.act(_acknowledge, self.dice.choice(alarms).alarm_id)


def _acknowledge(database: Any, alarm_id: str, *, clock: Any, ids: Any) -> None:
    """Somebody has heard it; the service needs no ids."""
    del ids
    watch.acknowledge(database, alarm_id, by=ONE, clock=clock)


def _revoke(database: Any, dev: int, *, clock: Any, ids: Any) -> None:
    """Given up for good; the service needs no ids."""
    del ids
    devices.revoke(database, dev, reason="lost", by=ADMIN, clock=clock)
