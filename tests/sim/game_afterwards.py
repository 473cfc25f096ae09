"""
What may come after the close of a run in a game: it is opened again, and is not closed by what was before.
"""

from typing import TYPE_CHECKING

from busops.domain.fleet import CrewRole
from tests.sim.game_world import ATTENDANT, DRIVER, RIDERS

if TYPE_CHECKING:
    from tests.sim.game_ends import Ends


class Afterwards:
    """Goes on from a closed run until it is ready to be brought to its end once more."""

    def __init__(self, ends: "Ends") -> None:
        self.ends = ends

    def comes(self, what: str) -> None:
        """It comes, and the run must not close for it."""
        acts = {"found": self._found, "listed_late": self._listed_late, "old_checks": self._reopened}
        acts[what]()

    def _found(self) -> None:
        """After the close somebody is found in the bus: it is open again at once, and proved anew."""
        self.ends.world.gets_on(None, RIDERS[0])
        driver = self.ends.tablet(DRIVER)
        self.ends.world.passes(30)
        self.ends.world.walks(driver, CrewRole.DRIVER)
        self.ends.deliver()
        if not self.ends.game.layers.reopens_by_guard:
            return
        assert self.ends.game.judge.look().phase == "reopened", (
            "somebody was found, and the run is still closed"
        )
        self.ends.game.seen["found after close"] += 1
        self.ends.must_not_close("no_attendant_check")

    def _reopened(self) -> None:
        """Somebody opens the closed run: the checks it had prove nothing any more."""
        assert self.ends.until_done(self.ends.game.office.reopen) == "done", (
            "a closed run could not be opened again"
        )
        self.ends.must_not_close("no_attendant_check")

    def _listed_late(self) -> None:
        """A tablet is given the list after the close: opened again, the run waits for that one too."""
        self.ends.other = self.ends.game.new_tablet(ATTENDANT)
        self._reopened()
        self.ends.bring("listed_late")
        self.ends.must_not_close("device_unsealed")
        self.ends.game.seen["listed late"] += 1
