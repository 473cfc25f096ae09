"""
How a run comes to its end in a game: driven there, checked, closed; with at most one slip.

A slip is one thing left out or done wrongly. The run must not close for the reason that names
it; then the slip is mended, and the run must close: a gate that never opens is no gate either.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from busops.domain.fleet import CrewRole
from tests.builders import ALL_OK
from tests.sim.game_tablet import GameTablet
from tests.sim.game_world import ATTENDANT, DRIVER, NO_STOP, RIDERS, TERMINAL

if TYPE_CHECKING:
    from tests.sim.game import Game

# What is done wrongly → the reason that must stand against closing.
SLIPS = {
    "left_unmarked": "rider_aboard",
    "sleeper": "no_attendant_check",
    "no_attendant_check": "no_attendant_check",
    "no_driver_check": "no_driver_check",
    "no_parked": "not_parked",
    "one_person": "no_driver_check",
    "driver_first": "no_driver_check",
    "late_mark": "no_attendant_check",
    "held_back": "device_gap",
    "no_seal": "device_unsealed",
    "other_tablet": "device_unsealed",
    "device_returns": "device_unsealed",
    "wrong_tag": "no_driver_check",
    "too_early": "no_attendant_check",
    "stranger": "quarantine_open",
    "nobody_knows": "rider_unaccounted",
    "off_stop": "off_stop_alight",
    "no_reason": "absent_without_reason",
    "count_not_zero": "final_count_not_zero",
    "disputed": "rider_disputed",
}
ROUNDS = 60


class Ends:
    """Drives the run of a game to its end."""

    def __init__(self, game: "Game") -> None:
        self.game = game
        self.world = game.world
        self.spared: set[str] = set()  # the riders whom the office must not find out about, by the slip

    def drive(self, slip: str) -> None:
        """To the end with this slip, refused for it; then without, and closed."""
        is_possible = slip not in ("nobody_knows", "no_reason", "disputed") or self._untouched()
        if slip in SLIPS and is_possible:
            self.game.told.append(f"ends with {slip}")
            self._bring(slip)
            self._must_not_close(SLIPS[slip])
            self.game.seen["slip " + slip] += 1
            if self.game.dice.randrange(2):
                self.game.wait()
                return  # the other half of these games mends it
        self.game.told.append("ends well")
        self._bring("none")
        self._must_close()
        if slip == "old_checks":
            assert self._until_done(self.game.office.reopen) == "done", (
                "a closed run could not be opened again"
            )
            self._must_not_close("no_attendant_check")
            self._bring("none")
            self._must_close()

    def tell(self, story: str) -> None:
        """A game about one thing: a slip, or what comes after or instead of an end."""
        game = self.game
        tales = {
            "late_board": self._late_board,
            "waits": self._waits,
            "silence": self._silence,
            "released": self._released,
            "revoked": self._revoked,
            "repeats": self._repeats,
        }
        if story in tales:
            tales[story]()
        else:
            self.drive(story)
        game.judge.look()

    def _late_board(self) -> None:
        """Somebody gets on after the close, and it is told."""
        self.drive("none")
        self.world.passes(30)
        self.world.gets_on(self._tablet(ATTENDANT), RIDERS[0])
        self._deliver()

    def _waits(self) -> None:
        """The bus arrives, and nobody proves it empty."""
        self._bring("no_parked")
        for _ in range(3):
            self.world.passes(3_000)
            self.game.watch()

    def _silence(self) -> None:
        """Somebody is in the bus, and its tablets fall silent."""
        self._calm()
        self.world.gets_on(self._tablet(ATTENDANT), RIDERS[0])
        self._deliver()
        self.world.passes(720)
        self.game.watch()

    def _released(self) -> None:
        """A tablet that had sent something is lost and given up, and the run ends without it."""
        tablet = self._tablet(ATTENDANT)
        self._then(tablet, "note", text="my last word")
        self._deliver()
        self.game.gone.add(tablet.dev)
        self.drive("none")

    def _revoked(self) -> None:
        """A tablet is given up for good and goes on sending."""
        tablet = self._tablet(ATTENDANT)
        self._then(tablet, "note", text="still here")
        self._deliver()
        assert self.game.office.revoke(tablet.dev) == "done"
        self.game.gone.add(tablet.dev)
        tablet.stored_before_revoked = tablet.stored()
        self._then(tablet, "note", text="and here")
        self.game.sync(tablet)

    def _repeats(self) -> None:
        """A tablet forgets every answer, sends everything once more, and the run ends as ever."""
        tablet = self._tablet(ATTENDANT)
        self._then(tablet, "note", text="once")
        self._deliver()
        tablet.answers.clear()
        self._deliver()
        assert set(tablet.answers.values()) == {"duplicate"}, "what was sent again is not the same any more"
        self.drive("none")

    def _untouched(self) -> list[str]:
        """The riders whom no mark names, sent or not."""
        marked = {deed.rider for deed in self.world.deeds.values()}
        return [rider for rider in RIDERS if rider not in marked and rider not in self.world.been]

    def _bring(self, slip: str) -> None:
        """Everything is delivered, everybody has left, the bus is checked; but for the slip."""
        self._calm()
        game, world = self.game, self.world
        first, driver = self._tablet(ATTENDANT), self._tablet(DRIVER)
        other = game.new_tablet(ATTENDANT) if slip in ("other_tablet", "disputed") else None
        self._set_out(slip, first, driver, other)
        if slip == "too_early":
            self._leave(slip, first)
            self._check(slip, first, driver)
        self._then(driver, "arrive", stop=TERMINAL)
        self._leave(slip, first)
        if slip == "count_not_zero":
            self._then(first, "headcount", n=1, stop=TERMINAL)
        elif slip != "too_early":
            self._then(first, "headcount", n=len(world.inside), stop=TERMINAL)
        if slip != "too_early":
            self._check(slip, first, driver)
        self._seal(slip, first)
        self._deliver()
        self._clear(slip)
        if slip == "device_returns":
            self._then(driver, "note", text="one word more")
            game.office.release(driver.dev)
            self._then(driver, "note", text="and another")
            self._deliver()
        game.judge.look()

    def _calm(self) -> None:
        """What waits is sent, a closed run is opened again, a cancelled one begins, time passes."""
        game = self.game
        self.spared = set()
        for tablet in game.tablets:
            tablet.held_back = None
        self._deliver()
        phase = game.judge.look().phase
        if phase == "closed":
            self._until_done(game.office.reopen)
        if phase == "cancelled":
            self.world.gets_on(self._tablet(ATTENDANT), RIDERS[0])
            self._deliver()
            assert game.judge.look().phase not in ("closed", "cancelled") or not game.layers.reopens_by_guard
        game.office.settle_quarantine()
        sent = [tablet for tablet in game.live(ATTENDANT) if tablet.entries]
        if sent and game.dice.randrange(6) == 0:
            game.gone.add(sent[0].dev)
            game.seen["lost device"] += 1
        self.world.passes(30)

    def _set_out(self, slip: str, first: GameTablet, driver: GameTablet, other: GameTablet | None) -> None:
        """Everybody who comes is on, and the bus has left."""
        if not any(deed.kind == "precheck" for deed in self.world.deeds.values()):
            self._then(driver, "precheck", codes=list(ALL_OK))
            self._then(first, "ack")
        untouched = self._untouched()
        if slip in ("nobody_knows", "no_reason", "disputed"):
            self.spared = set(untouched[:1])
        if slip == "no_reason":
            self._then(first, "absent", rider=untouched[0], reason="unspecified")
        comes = [rider for rider in RIDERS if rider not in self.world.been and rider not in self.spared]
        if slip in ("left_unmarked", "sleeper", "off_stop", "disputed"):
            comes = comes or [RIDERS[-1]]
        for rider in [*comes, *(self.spared if slip == "disputed" else ())]:
            self.world.passes(12)
            if rider not in self.world.inside:
                self.world.gets_on(first, rider)
        self._odd_facts(slip, first, other)
        self._then(driver, "depart", stop="@campus")
        if self.game.dice.randrange(8) == 0:
            self._deliver()
            self.game.wait()

    def _odd_facts(self, slip: str, first: GameTablet, other: GameTablet | None) -> None:
        """What a slip adds that is not of the bus's way."""
        if slip == "disputed" and other is not None:
            self._then(other, "board", rider=min(self.spared), stop="@campus")
        if slip == "other_tablet" and other is not None:
            self._then(other, "note", text="looked at")
        if slip == "stranger":
            self._then(first, "note", text="of another run", run="run-of-nobody")
        if slip == "held_back":
            self.world.passes(12)
            self.world.marks(first, "note", text="did not arrive")
            first.held_back = first.entries[-1].seq

    def _leave(self, slip: str, first: GameTablet) -> None:
        """Everybody gets off and is marked; but for the slip."""
        inside = sorted(self.world.inside)
        for place, rider in enumerate(inside):
            self.world.passes(12)
            if slip == "left_unmarked" and place == 0:
                self.world.marks(first, "board", rider=rider, stop="@campus")
                self.world.gets_off(None, rider, TERMINAL)
                self.spared = {rider}
            elif slip == "sleeper" and place == 0:
                self.world.marks(first, "alight", rider=rider, stop=TERMINAL)
            else:
                self.world.gets_off(first, rider, NO_STOP if slip == "off_stop" and place == 0 else TERMINAL)

    def _check(self, slip: str, first: GameTablet, driver: GameTablet) -> None:
        """Attendant's check, driver's check, parked; but for the slip."""
        acts = [
            ("no_attendant_check", lambda: self.world.walks(first, CrewRole.ATTENDANT)),
            ("no_driver_check", lambda: self._driver_walks(slip, first, driver)),
            ("no_parked", lambda: self.world.parks(driver)),
        ]
        if slip == "driver_first":
            acts[0], acts[1] = acts[1], acts[0]
        for left_out_by, act in acts:
            self.world.passes(25)
            if slip != left_out_by:
                act()
        if slip == "late_mark":
            self.world.passes(12)
            self.world.gets_on(first, RIDERS[1])
            self.world.passes(12)
            self.world.gets_off(first, RIDERS[1], TERMINAL)

    def _driver_walks(self, slip: str, first: GameTablet, driver: GameTablet) -> None:
        if slip == "one_person":
            self.world.walks(first, CrewRole.DRIVER)
        elif slip == "wrong_tag":
            self.world.walks(driver, CrewRole.DRIVER, codes=["999001", "999002", "999003"])
        else:
            self.world.walks(driver, CrewRole.DRIVER)

    def _seal(self, slip: str, first: GameTablet) -> None:
        for tablet in self.game.live():
            is_done = not tablet.entries or tablet.entries[-1].event["kind"] == "seal"
            is_other = slip == "other_tablet" and tablet is self.game.tablets[-1]
            if not is_done and not is_other and (slip != "no_seal" or tablet is not first):
                self._then(tablet, "seal")

    def _clear(self, slip: str) -> None:
        """The office clears up by name whatever is open, but for what the slip is about."""
        office = self.game.office
        self.game.server.die_within(None)
        office.give_up_devices({tablet.dev for tablet in self.game.live()})
        if slip != "stranger":
            office.settle_quarantine()
        office.clear_riders(frozenset(self.spared))
        office.settle_findings(frozenset({"off_stop_alight"}) if slip == "off_stop" else frozenset())

    def _deliver(self) -> None:
        """Every tablet in somebody's hands sends until nothing waits."""
        for _ in range(ROUNDS):
            waiting = [tablet for tablet in self.game.live() if tablet.waiting()]
            if not waiting:
                return
            for tablet in waiting:
                self.game.sync(tablet)
                self.game.judge.look()
        raise AssertionError(f"tablet {waiting[0].dev} could never send {len(waiting[0].waiting())} events")

    def _must_close(self) -> None:
        if self.game.dice.randrange(4) == 0:
            self.game.server.die_within(self.game.dice.randint(1, 40))
        said = self._until_done(self.game.office.close)
        why = sorted(self.game.office.reasons()) if said != "done" else []
        assert said == "done", f"everything is in order, and it does not close: {said} {why}"
        assert self.game.judge.look().phase == "closed", "closed, and open at once"

    def _must_not_close(self, reason: str) -> None:
        if self.game.layers.has_gate:
            reasons = self.game.office.reasons()
            assert reason in reasons, f"{reason} does not stand in the way: {sorted(reasons)}"
        said = self._until_done(self.game.office.close)
        assert said not in ("done", "died"), f"closed in spite of {reason}"
        assert self.game.judge.look().phase != "closed", f"closed in spite of {reason}"
        self.game.seen["refused"] += 1

    def _until_done(self, act: Callable[[], str]) -> str:
        """The act is tried again where the server died over it."""
        for _ in range(4):
            if (said := act()) != "died":
                return said
        return "died"

    def _tablet(self, by: str) -> GameTablet:
        """A tablet in this person's hands that knows the time."""
        tablet = (self.game.live(by) or [self.game.new_tablet(by)])[0]
        if tablet.offset is None:
            self.world.marks(tablet, "note", text="good evening")
            self._deliver()
        return tablet

    def _then(self, tablet: GameTablet, kind: str, **own: object) -> None:
        """A little later this is marked."""
        self.world.passes(12)
        self.world.marks(tablet, kind, **own)
