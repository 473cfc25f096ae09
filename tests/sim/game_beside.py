"""
The other bus of a game: one that takes riders over, of a run beside or sent in place of a broken one.

It has people, tablets, an office and a true world of its own, and comes to its end by itself. Its
run is there only once somebody needs it: most games have one bus.
"""

from typing import TYPE_CHECKING

from busops.domain.fleet import CrewRole
from busops.domain.run import Phase
from busops.domain.values import RunId
from busops.storage import run_store
from tests import run_kit
from tests.sim.game_file import held_runs
from tests.sim.game_judge import Judge
from tests.sim.game_office import Office
from tests.sim.game_tablet import GameTablet
from tests.sim.game_world import BESIDE, NEXT, OTHER_ATTENDANT, OTHER_DRIVER, OWN, World, the_other_plan

if TYPE_CHECKING:
    from tests.sim.game import Game

ROUNDS = 60


class Beside:
    """The bus that riders go over to, if there is one."""

    def __init__(self, game: "Game") -> None:
        self.game = game
        self.office = Office(server=game.server, dice=game.dice)
        self.found: World | None = None

    @property
    def world(self) -> World:
        """Its true state."""
        assert self.found is not None, "there is no other bus"
        return self.found

    @property
    def inside(self) -> set[str]:
        """Who is truly in it."""
        return self.found.inside if self.found is not None else set()

    def is_there(self) -> bool:
        """Whether there is such a bus."""
        return self.found is not None

    def comes_by(self) -> None:
        """A bus of another run is on the way, if none is yet."""
        if self.found is None:
            run_kit.store_run(self.game.server.database, the_other_plan())
            self._appears(BESIDE)

    def is_called(self) -> str:
        """The office lets the bus go no further and names another run, or sends a bus; what was said."""
        game = self.game
        if self.found is None and game.dice.randrange(3) == 0:
            said = game.office.send_substitute()
            if sent := held_runs(game.server.path) - {OWN, NEXT}:
                self._appears(min(sent))
                game.seen["substitute"] += 1
            return said
        self.comes_by()
        said = game.office.open_transfer(self.office.run_id)
        with game.server.database.reading() as tx:
            self.world.plan = run_store.load_run_plan(tx, self.office.run_id)
        return said

    def tablet(self, by: str = OTHER_ATTENDANT) -> GameTablet:
        """A tablet of its crew; where nothing is on the way it knows the time."""
        game = self.game
        found = game.live(by) or [game.new_tablet(by, run_id=self.office.run_id)]
        if found[0].offset is None:
            self.world.marks(found[0], "note", text="we are here")
            game.sync(found[0])
        return found[0]

    def sure_tablet(self, by: str) -> GameTablet:
        """A tablet of its crew that knows the time, however often the server dies over it."""
        tablet = self.tablet(by)
        self.game.ends.deliver()
        return tablet

    def takes(self, rider: str, *, out: GameTablet | None, has_answer: bool) -> None:
        """The rider goes over; whoever holds a tablet marks it, in whichever order, or forgets."""
        here, there = self.game.world, self.world
        answers = self.tablet() if has_answer else None
        if self.game.dice.randrange(4) == 0:  # the other attendant is the first to tap
            there.comes_over(answers, rider, here)
            self.game.world.passes(8)
            here.goes_over(out, rider, there)
        else:
            here.goes_over(out, rider, there)
            self.game.world.passes(8)
            there.comes_over(answers, rider, here)
        self.game.seen["moved"] += 1

    def gives_back(self, rider: str, tablet: GameTablet) -> None:
        """The rider comes back into the bus that he left."""
        here, there = self.game.world, self.world
        there.goes_over(self.tablet(), rider, here)
        here.passes(8)
        here.comes_over(tablet, rider, there)
        self.game.seen["moved back"] += 1

    def makes_good(self, tablet: GameTablet) -> None:
        """Whoever forgot to mark somebody who went over marks him now, and all get off there."""
        here, there = self.game.world, self.world
        for rider in sorted(there.inside):
            here.passes(12)
            if rider in here.known_inside(set(here.deeds)):
                here.goes_over(tablet, rider, there)
            here.passes(12)
            there.comes_over(self.tablet(), rider, here)
            here.passes(12)
            there.gets_off(self.tablet(), rider, there.plan.terminal)

    def ends(self) -> None:
        """It comes to its end, is checked and is closed like any other."""
        game, world = self.game, self.world
        if self.office.state().phase is Phase.CLOSED:
            return
        first, driver = self.sure_tablet(OTHER_ATTENDANT), self.sure_tablet(OTHER_DRIVER)
        for kind, tablet in (("depart", driver), ("arrive", driver)):
            world.passes(20)
            stop = world.plan.stop_ids[0] if kind == "depart" else world.plan.terminal
            world.marks(tablet, kind, stop=stop)
        for rider in sorted(world.inside):
            world.passes(12)
            world.gets_off(first, rider, world.plan.terminal)
        world.passes(12)
        world.marks(first, "headcount", n=0, stop=world.plan.terminal)
        for act in (
            lambda: world.walks(first, CrewRole.ATTENDANT),
            lambda: world.walks(driver, CrewRole.DRIVER),
            lambda: world.parks(driver),
        ):
            world.passes(30)
            act()
        for tablet in game.live():
            if tablet.run_id == self.office.run_id:
                world.passes(12)
                world.marks(tablet, "seal")
        game.ends.deliver()
        self.office.settle_quarantine()
        self.office.give_up_devices({each.dev for each in game.live()})
        self.office.clear_riders()
        self.office.settle_findings()
        said = game.ends.until_done(self.office.close)
        why = sorted(self.office.reasons()) if said != "done" else []
        assert said == "done", f"the other bus has ended, and its run does not close: {said} {why}"
        game.judge.look()
        game.seen["other run closed"] += 1

    def _appears(self, run_id: str) -> None:
        game = self.game
        self.office.run_id = RunId(run_id)
        with game.server.database.reading() as tx:
            plan = run_store.load_run_plan(tx, self.office.run_id)
        self.found = World(clock=game.world.clock, plan=plan)
        game.judge.beside = Judge(
            path=game.judge.path,
            world=self.found,
            tablets=game.tablets,
            knows_late_facts=game.judge.knows_late_facts,
            has_gate=game.judge.has_gate,
        )
