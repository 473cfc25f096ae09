"""
Short games about one thing: a slip, or what comes after or instead of an end.

The mutants are played in them, so that what they touch is reached at once.
"""

from busops.domain.values import CAMPUS
from tests.sim.game_ends import Ends
from tests.sim.game_tablet import GameTablet
from tests.sim.game_world import ATTENDANT, BY_CODE, DRIVER, LISTED, MIDWAY, RIDERS


class Tales:
    """Tells a story of one game, by the macro steps of its end."""

    def __init__(self, ends: Ends) -> None:
        self.ends = ends
        self.game = ends.game
        self.world = ends.world

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
            "override": self._override,
            "late": self._late,
            "next_run": self._next_run,
            "unheard": self._unheard,
            "no_show": self._no_show,
            "between": self._between,
            "two_buses": self._two_buses,
            "taken_back_late": self._taken_back_late,
            "late_move": self._late_move,
            "unhanded": lambda: self._at_the_stop(None),
            "nobody_there": lambda: self._at_the_stop(False),
            "handed": lambda: self._at_the_stop(True),
            "admitted_late": self._admitted_late,
        }
        if story in tales:
            tales[story]()
        else:
            self.ends.drive(story)
        game.judge.look()

    def _late_board(self) -> None:
        """Somebody gets on after the close, and it is told."""
        self.ends.drive("none")
        self.world.passes(30)
        self.world.gets_on(self.ends.tablet(ATTENDANT), RIDERS[0])
        self.ends.deliver()

    def _waits(self) -> None:
        """The bus arrives, and nobody proves it empty."""
        self.ends.bring("no_parked")
        for _ in range(3):
            self.world.passes(3_000)
            self.game.watch()

    def _silence(self) -> None:
        """Somebody is in the bus, and its tablets fall silent."""
        self.ends.calm()
        self.world.gets_on(self.ends.tablet(ATTENDANT), RIDERS[0])
        self.ends.deliver()
        self.world.passes(720)
        self.game.watch()

    def _released(self) -> None:
        """A tablet that had sent something is lost and given up, and the run ends without it."""
        tablet = self.ends.tablet(ATTENDANT)
        self.ends.then(tablet, "note", text="my last word")
        self.ends.deliver()
        self.game.gone.add(tablet.dev)
        self.ends.drive("none")

    def _revoked(self) -> None:
        """A tablet is given up for good and goes on sending."""
        tablet = self.ends.tablet(ATTENDANT)
        self.ends.then(tablet, "note", text="still here")
        self.ends.deliver()
        assert self.game.office.revoke(tablet.dev) == "done"
        self.game.gone.add(tablet.dev)
        tablet.stored_before_revoked = tablet.stored()
        self.ends.then(tablet, "note", text="and here")
        self.game.sync(tablet)

    def _next_run(self) -> None:
        """The bus leaves for its next run before it was checked, and both are told at once."""
        self.ends.bring("hasty")
        self.ends.must_close()

    def _repeats(self) -> None:
        """A tablet forgets every answer, sends everything once more, and the run ends as ever."""
        tablet = self.ends.tablet(ATTENDANT)
        self.ends.then(tablet, "note", text="once")
        self.ends.deliver()
        tablet.answers.clear()
        self.ends.deliver()
        assert set(tablet.answers.values()) == {"duplicate"}, "what was sent again is not the same any more"
        self.ends.drive("none")

    def _override(self) -> None:
        """People who may not let a gate pass try to."""
        self.ends.bring("uncounted")

    def _late(self) -> None:
        """The bus does not arrive, and its tablets speak all the while."""
        driver = self._departed()
        for _ in range(12):
            self.world.passes(588)
            self.ends.then(driver, "note", text="still on the way")
            self.ends.deliver()
            self.game.watch()

    def _unheard(self) -> None:
        """The bus does not arrive, and nothing is heard of it."""
        self._departed()
        self.world.passes(95 * 60)
        self.game.watch()

    def _no_show(self) -> None:
        """The bus leaves, and of somebody nothing is known."""
        self._departed()
        self.world.passes(40 * 60)
        self.game.watch()

    def _departed(self) -> GameTablet:
        """One rider is on, and the bus has left; the driver's tablet."""
        self.ends.calm()
        driver = self.ends.tablet(DRIVER)
        self.world.gets_on(self.ends.tablet(ATTENDANT), RIDERS[0])
        self.ends.then(driver, "depart", stop=CAMPUS)
        self.ends.deliver()
        return driver

    def _between(self) -> None:
        """A rider left for another bus, and nobody has him."""
        self.ends.bring("between_buses")
        self.world.passes(1_300)
        self.game.watch()

    def _two_buses(self) -> None:
        """A rider goes over and comes back, and each time both buses have him for a while."""
        beside, tablet = self.game.beside, self._departed()
        first, rider = self.ends.tablet(ATTENDANT), min(self.world.inside)
        beside.comes_by()
        for _ in range(2):
            self.world.passes(30)
            beside.world.comes_over(beside.tablet(), rider, self.world)
            self.ends.deliver()
            self.world.goes_over(first, rider, beside.world)
            self.ends.deliver()
            self.world.passes(30)
            self.world.comes_over(first, rider, beside.world)
            self.ends.deliver()
            self.game.judge.look()
            beside.world.goes_over(beside.tablet(), rider, self.world)
            self.ends.deliver()
            self.game.judge.look()
        self.ends.then(tablet, "note", text="all aboard")

    def _taken_back_late(self) -> None:
        """The run is closed on an answer of the other bus that was taken back, which nobody has heard yet."""
        self.ends.bring("taken_back_unheard")
        self.ends.must_close()
        self.game.beside.tablet().held_back = None
        self.ends.deliver()
        self.game.judge.look()

    def _late_move(self) -> None:
        """After the close it is told that somebody went over to another bus, which does not know of it."""
        self.ends.drive("none")
        self.game.beside.comes_by()
        self.world.passes(30)
        self.world.goes_over(self.ends.tablet(ATTENDANT), RIDERS[0], self.game.beside.world)
        self.ends.deliver()

    def _at_the_stop(self, is_there: bool | None) -> None:
        """Riders who must be handed over get off; somebody is there, or nobody, or nothing is said of it."""
        self.ends.calm()
        tablet = self.ends.tablet(ATTENDANT)
        for rider in (BY_CODE, LISTED):
            self.ends.then(tablet, "note", text="next stop")
            self.world.gets_on(tablet, rider)
            self.world.passes(60)
            self.world.gets_off(tablet, rider, MIDWAY)
            if is_there is not None:
                self.world.passes(9)
                self.world.hands_over(tablet, rider, is_there=is_there)
        self.ends.deliver()
        self.world.passes(10 if is_there is False else 200)
        self.game.watch()

    def _admitted_late(self) -> None:
        """After the close two people take as true that somebody is in the bus, by a tablet given up."""
        self.ends.drive("none")
        tablet = self.ends.tablet(ATTENDANT)
        assert self.game.office.revoke(tablet.dev) == "done"
        self.game.gone.add(tablet.dev)
        self.world.passes(30)
        self.world.gets_on(tablet, RIDERS[0])
        self.game.sync(tablet)
        self.game.judge.look()
        assert self.game.office.admit_one() == "done", "what a lost tablet saw could not be taken as true"
