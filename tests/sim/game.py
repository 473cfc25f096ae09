"""
One game from one seed: a run, its tablets, its office and a bad day, played step by step.

Free play hardly ever brings a run to its end, so macro steps (``game_ends.py``) drive it there,
with at most one slip. The judge looks after every step.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

from flask import Flask

from busops.services.simulated_key import SimulatedKey
from tests.builders import DEPARTS_MS
from tests.sim.game_beside import Beside
from tests.sim.game_ends import Ends
from tests.sim.game_facts import Facts
from tests.sim.game_judge import Judge
from tests.sim.game_layers import BOTH, Layers
from tests.sim.game_office import Office
from tests.sim.game_server import GameClock, GameDisk, GameNetwork, GameServer, copy_of
from tests.sim.game_slips import AFTERWARDS, SLIPS
from tests.sim.game_tablet import GameTablet, Lost
from tests.sim.game_tales import Tales
from tests.sim.game_world import (
    ATTENDANT,
    AWAY,
    BY_CODE,
    DRIVER,
    HERE,
    LISTED,
    MIDWAY,
    NO_STOP,
    OTHER,
    OWN,
    RIDERS,
    TERMINAL,
    World,
    the_plan,
)

SKEWS_MS = (0, 700, -1_500, 900_000, -86_400_000, 86_400_000)
JUMPS_MS = (15_000, -15_000, 3_600_000, -86_400_000)
BADNESS = (0, 6, 15)
FREE_STEPS = (6, 5)  # before the first end, and after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What games are played on: the application, a released run in a file, the layers in play."""

    app: Flask
    disk: GameDisk
    template: Path
    folder: Path
    layers: Layers = BOTH


def play(seed: int, stage: Stage, story: str | None = None) -> Counter[str]:
    """
    One whole game; how often what was reached. Raises with what was broken, and the seed.

    With a ``story`` it is a short one about that, after a little free play.
    """
    game = Game(seed, stage)
    try:
        if story is None:
            game.play()
        else:
            game.free_play(2)
            game.network.heal()
            Tales(game.ends).tell(story)
    except (Exception, KeyboardInterrupt) as broken:
        broken.add_note(f"seed {seed}; play it again: python -m tests.sim.play --seed {seed}")
        broken.add_note("its last steps: " + ", ".join(game.told[-12:]))
        raise
    finally:
        game.server.stop()
    return game.seen


class Game:
    """The people and machines of one game, and the dice that move them."""

    def __init__(self, seed: int, stage: Stage) -> None:
        self.dice = Random(seed)
        self.told: list[str] = []
        self.seen: Counter[str] = Counter()
        self.layers = stage.layers
        clock = GameClock(DEPARTS_MS - 1_500_000)
        path = copy_of(stage.template, stage.folder, f"game-{stage.layers.name}-{seed}")
        is_mad = not stage.layers.has_gate
        self.server = GameServer(app=stage.app, disk=stage.disk, path=path, clock=clock, is_mad=is_mad)
        self.server.start()
        narrow = self.dice.choice((None, None, None, 3))
        badness = self.dice.choice(BADNESS)
        self.network = GameNetwork(server=self.server, dice=self.dice, badness=badness, narrow=narrow)
        self.world = World(clock=clock, plan=the_plan())
        self.office = Office(server=self.server, dice=self.dice)
        self.tablets: list[GameTablet] = []
        self.gone: set[int] = set()  # the numbers of tablets that are lost or given up
        for by in (ATTENDANT, DRIVER, *self.dice.choice(((), (ATTENDANT,)))):
            self.new_tablet(by, minutes=self.dice.choice((900, 900, 60)))
        self.judge = Judge(
            path=path,
            world=self.world,
            tablets=self.tablets,
            facts=Facts(world=self.world, tablets=self.tablets),
            knows_late_facts=stage.layers.reopens_by_guard,
            has_gate=stage.layers.has_gate,
        )
        self.ends = Ends(self)
        self.beside = Beside(self)

    def play(self) -> None:
        """Free play, the end of the run with a slip or without; in some games all that once more."""
        self.free_play(FREE_STEPS[0])
        slips = [slip for slip in SLIPS if self.layers.notices(slip)]
        self.ends.drive(self.dice.choice([*slips, "none", "none", "none"]))
        if self.dice.randrange(3) == 0:
            self.free_play(FREE_STEPS[1])
            self.network.heal()
            self.ends.drive(self.dice.choice(AFTERWARDS))
        self.seen += self.judge.seen + self.network.seen + self.server.seen

    def free_play(self, steps: int) -> None:
        """Whatever may happen, happens; after each step the judge looks."""
        acts = {
            "mark": (8, self.mark), "drive": (3, self.drive), "sync": (5, self.sync), "news": (1, self.news),
            "late": (2, self.network.deliver_late), "clock": (1, self.set_clock), "reload": (1, self.reload),
            "office": (4, self.fidget), "crash": (2, self.arm), "watch": (2, self.watch),
            "wait": (2, self.wait), "lose": (1, self.lose), "revoke": (1, self.revoke),
            "hand": (2, self.hand), "move": (1, self.move),
        }  # fmt: skip
        for _ in range(steps):
            names = sorted(acts)
            name = self.dice.choices(names, [acts[each][0] for each in names])[0]
            self.told.append(name)
            self.world.passes(self.dice.randint(1, 60))
            acts[name][1]()
            self.judge.look()

    def live(self, by: str | None = None) -> list[GameTablet]:
        """The tablets that are in somebody's hands, of one person or all."""
        return [each for each in self.tablets if each.dev not in self.gone and by in (None, each.by)]

    def live_here(self) -> list[GameTablet]:
        """Those of the run that the game is about."""
        return [each for each in self.live() if each.run_id == OWN]

    def new_tablet(self, by: str, *, minutes: int = 900, run_id: str = OWN) -> GameTablet:
        """Somebody is given a tablet."""
        key = SimulatedKey(name=f"{by}/{len(self.tablets)}")
        made = self.office.enrol(by, key, minutes=minutes)
        tablet = GameTablet(
            dev=made.dev,
            by=by,
            token=made.token,
            key=key,
            run_id=run_id,
            dice=self.dice,
            skew_ms=self.dice.choice(SKEWS_MS),
        )
        self.tablets.append(tablet)
        self.fetch(tablet)
        return tablet

    def fetch(self, tablet: GameTablet) -> None:
        """The tablet is given the list of the run, if the server lives long enough."""
        for _ in range(3):
            try:
                answer = self.server.request("GET", f"/api/v1/runs/{tablet.run_id}/pack", tablet.headers, b"")
            except Lost:
                continue
            assert answer[0] == 200, f"no list for tablet {tablet.dev}: {answer[0]}"
            tablet.listed_ms = self.world.clock.now_ms
            return

    def some_tablet(self, by: str | None = None) -> GameTablet:
        """One of those in somebody's hands; a new one where there is none."""
        found = self.live(by)
        return self.dice.choice(found) if found else self.new_tablet(by or ATTENDANT)

    def mark(self) -> None:
        """A rider gets on or off and is marked, mostly; some taps are wrong and taken back, or not at all."""
        tablet, rider, draw = self.some_tablet(ATTENDANT), self.dice.choice(RIDERS), self.dice.randrange(20)
        if rider in self.beside.inside:
            self.beside.gives_back(rider, tablet)
        elif draw == 0:
            kind = self.dice.choice(("board", "alight"))
            entry = self.world.marks(tablet, kind, rider=rider, stop="@campus" if kind == "board" else MIDWAY)
            self.world.passes(self.dice.choice((5, 90)))
            self.world.marks(tablet, "void", refs=[entry.event["id"]])
        elif draw == 1 and rider not in self.world.inside:
            reason = self.dice.choice(("leave", "ill", "missing"))
            self.world.marks(tablet, "absent", rider=rider, reason=reason)
        elif draw == 2 and tablet.offset is not None:
            stop = self.dice.choice(("@campus", TERMINAL))
            self.world.marks(tablet, "headcount", n=len(self.world.inside), stop=stop)
        elif rider in self.world.inside:
            stop = self.dice.choice((MIDWAY, TERMINAL, OTHER, NO_STOP))
            where = self.dice.choice(({}, {}, HERE, HERE, AWAY))
            self.world.gets_off(tablet if draw > 3 else None, rider, stop, **where)
        else:
            self.world.gets_on(tablet if draw > 3 else None, rider)

    def hand(self) -> None:
        """Somebody who got off is given into somebody's hands, or nobody is there."""
        off = [rider for rider in (BY_CODE, LISTED) if rider in self.world.been - self.world.inside]
        if off and (rider := self.dice.choice(off)) not in self.beside.inside:
            self.world.hands_over(self.some_tablet(ATTENDANT), rider, is_there=self.dice.randrange(3) > 0)

    def move(self) -> None:
        """The bus goes no further, and riders go over into another one; marked or not, at first."""
        if not self.world.inside:
            return
        if not self.beside.is_there() or self.dice.randrange(2):
            self.told.append(f"transfer {self.beside.is_called()}")
        for rider in sorted(self.world.inside) if self.beside.is_there() else ():
            self.world.passes(12)
            out = self.some_tablet(ATTENDANT) if self.dice.randrange(6) else None
            self.beside.takes(rider, out=out, has_answer=self.dice.randrange(4) > 0)

    def drive(self) -> None:
        """The bus moves, or something is noted."""
        tablet = self.some_tablet(DRIVER)
        kind = self.dice.choice(("depart", "arrive", "note", "ack", "precheck", "seal"))
        own = {
            "depart": {"stop": self.dice.choice(("@campus", MIDWAY))},
            "arrive": {"stop": self.dice.choice((MIDWAY, TERMINAL))},
            "note": {"text": "the road is wet"},
            "precheck": {"codes": ["belts", "brakes"]},
        }
        self.world.marks(tablet, kind, **own.get(kind, {}))

    def sync(self, tablet: GameTablet | None = None) -> None:
        """A tablet tries to send what waits; where its token is no longer known it enrols anew."""
        tablet = tablet or self.some_tablet()
        tablet.flush(self.network, self.world.clock.ms)
        if tablet.problem == "enrol":
            made = self.office.enrol(tablet.by, tablet.key, dev=tablet.dev)
            assert made.dev == tablet.dev, "a sound tablet got another number"
            tablet.token, tablet.problem = made.token, None
            self.seen["enrolled anew"] += 1

    def news(self) -> None:
        """A tablet asks what there is new; its answer tells the time."""
        tablet = self.some_tablet()
        asked_ms = tablet.wall_ms(self.world.clock.ms())
        try:
            path = f"/api/v1/runs/{tablet.run_id}/news"
            status, told, _ = self.server.request("GET", path, tablet.headers, b"")
        except Lost:
            return
        if status == 200:
            tablet.hear(told["now"], asked_ms, tablet.wall_ms(self.world.clock.ms()))

    def set_clock(self) -> None:
        """Somebody sets a tablet's clock by hand."""
        self.some_tablet().set_clock(self.dice.choice(JUMPS_MS))
        self.seen["clock set"] += 1

    def reload(self) -> None:
        """A page is loaded anew."""
        self.some_tablet().reload()

    def fidget(self) -> None:
        """The office presses something."""
        self.told.append(self.office.fidgets())

    def arm(self) -> None:
        """The server will die soon."""
        self.server.die_within(self.dice.randint(1, 60))

    def watch(self) -> None:
        """The server's clock looks at every run; what is due must stand afterwards."""
        if self.office.step_watch() == "done":
            self.judge.after_watch()

    def wait(self) -> None:
        """A long time passes, and the watch looks."""
        self.world.passes(60 * self.dice.choice((4, 12, 40, 90)))
        self.watch()

    def lose(self) -> None:
        """A tablet is lost, with whatever it had not sent."""
        if len(self.live()) > 1:
            self.gone.add(self.some_tablet().dev)
            self.seen["lost device"] += 1

    def revoke(self) -> None:
        """A tablet is given up; it goes on sending what it holds."""
        tablet = self.some_tablet()
        if self.office.revoke(tablet.dev) == "done":
            self.gone.add(tablet.dev)
            tablet.stored_before_revoked = tablet.stored()
            self.seen["revoked device"] += 1
            tablet.flush(self.network, self.world.clock.ms)
