"""
How a run comes to its end in a game: driven there, checked, closed; with at most one slip.

The run must not close for the reason that names the slip; then the slip is mended, and the run must
close: a gate that never opens is no gate either.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from busops.domain.values import CAMPUS
from tests.builders import ALL_OK
from tests.sim.game_afterwards import Afterwards
from tests.sim.game_checks import Checks
from tests.sim.game_moves import Moves
from tests.sim.game_office import ASKER
from tests.sim.game_paper import Paper
from tests.sim.game_slips import (
    AFTERWARDS,
    LEFT_OPEN,
    NEVER_SEALED,
    OVER,
    PAPER,
    SLIPS,
    STANDS,
    STRANGERS,
    WITH_ANOTHER,
)
from tests.sim.game_tablet import GameTablet
from tests.sim.game_world import (
    ATTENDANT,
    AWAY,
    BY_CODE,
    DRIVER,
    HERE,
    ITEMS,
    LISTED,
    NEXT,
    NO_STOP,
    RIDERS,
    TERMINAL,
)

if TYPE_CHECKING:
    from tests.sim.game import Game

ROUNDS = 60


class Ends:
    """Drives the run of a game to its end."""

    def __init__(self, game: "Game") -> None:
        self.game = game
        self.world = game.world
        self.spared: set[str] = set()  # the riders whom the office must not find out about, by the slip
        self.other: GameTablet | None = None  # one tablet more, where the slip needs it
        self.paper = Paper(server=game.server, world=game.world)
        self.moves = Moves(game)
        self.checks = Checks(game.world)

    def drive(self, slip: str) -> None:
        """To the end with this slip, refused for it; then without, and closed."""
        if slip in SLIPS and self.is_possible(slip):
            self.game.told.append(f"ends with {slip}")
            self.bring(slip)
            self.must_not_close(SLIPS[slip])
            self.game.seen["slip " + slip] += 1
            if self.game.dice.randrange(2):
                self.game.wait()
                return  # the other half of these games mends it
        self.game.told.append("ends well")
        self.bring(self._good_end(slip))
        self.must_close()
        if self.game.beside.is_there() and self.game.dice.randrange(2) == 0:
            self.game.beside.ends()
        if slip in AFTERWARDS[1:]:
            Afterwards(self).comes(slip)
            self.bring("none")
            self.must_close()

    def _good_end(self, slip: str) -> str:
        """By what the run is closed: its tablets, paper, or with the bus left on the road."""
        if slip == "old_checks":
            return "none"
        return self.game.dice.choice(("none",) * 8 + ("paper",) * 2 + ("stranded",) * 2)

    def is_possible(self, slip: str) -> bool:
        """Whether what happened before leaves room for the slip."""
        deeds = self.world.deeds.values()
        if slip == "no_precheck":
            return not {code for deed in deeds if deed.kind == "precheck" for code in deed.codes} >= ITEMS
        if slip == "uncounted":
            return not any(deed.kind == "headcount" and deed.stop == CAMPUS for deed in deeds)
        if slip == "not_by_office":
            has_arrived = any(deed.kind == "arrive" and deed.stop == TERMINAL for deed in deeds)
            return not has_arrived and not self.world.is_stranded
        return slip not in STRANGERS or bool(self.untouched())

    def untouched(self) -> list[str]:
        """The riders whom no mark names, sent or not."""
        marked = {deed.rider for deed in self.world.deeds.values()}
        return [rider for rider in RIDERS if rider not in marked and rider not in self.world.been]

    def bring(self, slip: str) -> None:
        """Everything is delivered, everybody has left, the bus is checked; but for the slip."""
        self.calm()
        game, world = self.game, self.world
        first, driver = self.tablet(ATTENDANT), self.tablet(DRIVER)
        if slip != "listed_late":
            self.other = game.new_tablet(ATTENDANT) if slip in WITH_ANOTHER else None
        marks = self._dying() if slip in PAPER else first
        self._set_out(slip, first, driver, marks)
        if slip == "too_early":
            self._leave(slip, first)
            self.checks.walk(slip, first, driver)
        self._arrive(slip, first, driver)
        self._leave(slip, marks)
        if slip == "hasty" or (slip != "too_early" and game.dice.randrange(10) == 0):
            self.then(driver, "depart", stop=CAMPUS, run=NEXT)
        if slip in PAPER:
            self._on_paper(slip, marks, driver)
        if slip == "count_not_zero":
            self.then(first, "headcount", n=1, stop=TERMINAL)
        elif slip != "too_early":
            self.then(first, "headcount", n=len(world.inside), stop=TERMINAL)
        if slip != "too_early":
            self.checks.walk(slip, first, driver)
        self._seal(slip, first)
        self.deliver()
        self._clear(slip)
        if slip == "device_returns":
            self.then(driver, "note", text="one word more")
            self.deliver()
            game.office.release(driver.dev)
            self.then(driver, "note", text="and another")
            self.deliver()
        game.judge.look()

    def _arrive(self, slip: str, first: GameTablet, driver: GameTablet) -> None:
        """The bus is at its terminal; or all went over to another one, and it stands where it stands."""
        if slip in OVER:
            self.spared = self.moves.go_over(slip, first)
        if slip != "not_by_office" and not (slip in STANDS and self.world.is_stranded):
            self.then(driver, "arrive", stop=TERMINAL)

    def calm(self) -> None:
        """What waits is sent, a closed run is opened again, a cancelled one begins, time passes."""
        game = self.game
        self.spared = set()
        for tablet in game.tablets:
            tablet.held_back = None
        if game.beside.inside:
            game.beside.makes_good(self.tablet(ATTENDANT))
        self.deliver()
        for tablet in game.tablets:
            if tablet.stored_before_revoked is not None and game.dice.randrange(2):
                game.sync(tablet)  # it was given up, and goes on sending
        if self.until_done(self.paper.confirm) == "done":
            self.world.passes(200)
        phase = game.judge.look().phase
        if phase == "closed":
            self.until_done(game.office.reopen)
        if phase == "cancelled":
            self.world.gets_on(self.tablet(ATTENDANT), RIDERS[0])
            self.deliver()
            assert game.judge.look().phase not in ("closed", "cancelled") or not game.layers.reopens_by_guard
        game.office.settle_quarantine(believes=game.dice.randrange(2) == 0)
        sent = [tablet for tablet in game.live(ATTENDANT) if tablet.entries]
        if sent and game.dice.randrange(6) == 0:
            game.gone.add(sent[0].dev)
            game.seen["lost device"] += 1
        self.world.passes(30)

    def _dying(self) -> GameTablet:
        """A tablet that will never send anything."""
        tablet = self.game.new_tablet(ATTENDANT)
        tablet.is_dead = True
        return tablet

    def _on_paper(self, slip: str, dead: GameTablet, driver: GameTablet) -> None:
        """The tablet is gone; what it knew is typed by one and read again by another, but for the slip."""
        self.game.gone.add(dead.dev)
        self.game.seen["lost device"] += 1
        self.world.passes(200)
        self.deliver()
        self.paper.write(dead, driver)
        assert self.until_done(self.paper.type_in) == "done", "a sheet could not be typed in"
        if slip == "paper" and self.game.dice.randrange(3) == 0:
            assert self.until_done(self.paper.reject) == "done", "a sheet could not be refused"
            assert self.until_done(self.paper.type_in) == "done", "a sheet could not be typed in again"
        if slip == "paper_alone":
            assert self.until_done(lambda: self.paper.confirm(by=ASKER)) != "done", (
                "one person alone entered a sheet"
            )
            assert self.until_done(lambda: self.paper.confirm(counts_off_by=1)) != "done", (
                "somebody confirmed a sheet that he had not counted"
            )
        elif slip == "paper_given_up":
            dev = max(self.world.sheets)
            said = self.game.office.release(dev)
            assert said != "done" or not self.game.layers.has_gate, "paper was given up like a tablet"
        elif slip == "paper":
            assert self.until_done(self.paper.confirm) == "done", "a sheet could not be confirmed"
        self.world.passes(200)

    def _set_out(self, slip: str, first: GameTablet, driver: GameTablet, marks: GameTablet) -> None:
        """Everybody who comes is on, and the bus has left."""
        if self.is_possible("no_precheck") and slip != "no_precheck":
            self.then(driver, "precheck", codes=list(ALL_OK))
            self.then(first, "ack")
        untouched = self.untouched()
        if slip in ("nobody_knows", "no_reason", "disputed"):
            self.spared = set(untouched[:1])
        if slip == "no_reason":
            self.then(first, "absent", rider=untouched[0], reason="unspecified")
        comes = [rider for rider in RIDERS if rider not in self.world.been and rider not in self.spared]
        if slip in ("left_unmarked", "sleeper", "off_stop", "away", "disputed", *PAPER, *OVER):
            comes = comes or [RIDERS[-1]]
        for rider in [*comes, *(self.spared if slip == "disputed" else ())]:
            self.world.passes(12)
            if rider not in self.world.inside:
                self.world.gets_on(marks, rider)
        self._odd_facts(slip, first)
        if slip != "uncounted" and self.game.dice.randrange(2):
            self.then(first, "headcount", n=len(self.world.inside), stop=CAMPUS)
        self.then(driver, "depart", stop=CAMPUS)
        if self.game.dice.randrange(8) == 0 and slip != "disputed":  # it would be certain who was first
            self.deliver()
            self.game.wait()

    def _odd_facts(self, slip: str, first: GameTablet) -> None:
        """What a slip adds that is not of the bus's way."""
        if slip == "disputed" and self.other is not None:
            self.then(self.other, "board", rider=min(self.spared), stop=CAMPUS)
        if slip in ("other_tablet", "no_third") and self.other is not None:
            self.then(self.other, "note", text="looked at")
        if slip == "stranger":
            self.then(first, "note", text="of another run", run="run-of-nobody")
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
                is_first = place == 0
                stop = NO_STOP if slip == "off_stop" and is_first else TERMINAL
                self.world.gets_off(first, rider, stop, **(AWAY if slip == "away" and is_first else HERE))
                if rider in (BY_CODE, LISTED) and self.game.dice.randrange(2):
                    self.world.passes(6)
                    self.world.hands_over(first, rider, is_there=True)

    def _seal(self, slip: str, first: GameTablet) -> None:
        for tablet in self.game.live_here():
            has_begun = tablet.entries or tablet.listed_ms is not None
            is_done = not has_begun or (tablet.entries and tablet.entries[-1].event["kind"] == "seal")
            is_other = slip in NEVER_SEALED and tablet is self.other
            if not is_done and not is_other and (slip != "no_seal" or tablet is not first):
                self.then(tablet, "seal")

    def _clear(self, slip: str) -> None:
        """The office clears up by name whatever is open, but for what the slip is about."""
        office = self.game.office
        self.game.server.die_within(None)
        if slip == "no_third" and self.other is not None:
            self.game.gone.add(self.other.dev)
            for third in (ASKER.user_id, DRIVER):
                said = office.release(self.other.dev, third=third)
                assert said != "done", f"given up, and the third person was {third}"
        kept = {self.other.dev} if self.other is not None and slip == "no_third" else set()
        office.give_up_devices({tablet.dev for tablet in self.game.live()} | kept)
        if slip != "stranger":
            office.settle_quarantine()
        office.clear_riders(frozenset(self.spared))
        office.settle_findings(frozenset({LEFT_OPEN[slip]}) if slip in LEFT_OPEN else frozenset())
        if slip == "uncounted":
            self._agreed_badly()

    def _agreed_badly(self) -> None:
        """Nobody lets a gate pass who may not, comes too late, is of the asker's role, or never asked."""
        office = self.game.office
        for finding in office.state().open_findings:
            if finding.code == LEFT_OPEN["uncounted"]:
                for said in office.agreements_that_fail(finding):
                    assert said != "done", f"{finding.code} was let pass by whom it must not"

    def deliver(self) -> None:
        """Every tablet in somebody's hands sends until nothing waits."""
        for _ in range(ROUNDS):
            waiting = [tablet for tablet in self.game.live() if tablet.waiting()]
            if not waiting:
                return
            for tablet in waiting:
                self.game.sync(tablet)
                self.game.judge.look()
        raise AssertionError(f"tablet {waiting[0].dev} could never send {len(waiting[0].waiting())} events")

    def must_close(self) -> None:
        if self.game.dice.randrange(4) == 0:
            self.game.server.die_within(self.game.dice.randint(1, 40))
        said = self.until_done(self.game.office.close)
        why = sorted(self.game.office.reasons()) if said != "done" else []
        assert said == "done", f"everything is in order, and it does not close: {said} {why}"
        assert self.game.judge.look().phase == "closed", "closed, and open at once"

    def must_not_close(self, reason: str) -> None:
        if self.game.layers.has_gate:
            reasons = self.game.office.reasons()
            assert reason in reasons, f"{reason} does not stand in the way: {sorted(reasons)}"
        said = self.until_done(self.game.office.close)
        assert said not in ("done", "died"), f"closed in spite of {reason}"
        assert self.game.judge.look().phase != "closed", f"closed in spite of {reason}"
        self.game.seen["refused"] += 1

    def until_done(self, act: Callable[[], str]) -> str:
        """The act is tried again where the server died over it."""
        for _ in range(4):
            if (said := act()) != "died":
                return said
        return "died"

    def tablet(self, by: str) -> GameTablet:
        """A tablet in this person's hands that knows the time."""
        tablet = (self.game.live(by) or [self.game.new_tablet(by)])[0]
        if tablet.offset is None:
            self.world.marks(tablet, "note", text="good evening")
            self.deliver()
        return tablet

    def then(self, tablet: GameTablet, kind: str, **own: object) -> None:
        """A little later this is marked."""
        self.world.passes(12)
        self.world.marks(tablet, kind, **own)
