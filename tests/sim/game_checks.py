"""
How the bus of a game is proved empty at its end, with or without the slip that the end is about.
"""

from busops.domain.fleet import CrewRole
from tests.sim.game_tablet import GameTablet
from tests.sim.game_world import ALL_TAGS, RIDERS, TERMINAL, World


class Checks:
    """The two walks to the rear and the parking."""

    def __init__(self, world: World) -> None:
        self.world = world

    def walk(self, slip: str, first: GameTablet, driver: GameTablet) -> None:
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
        elif slip == "skipped_place":
            seen = self.world.plan.asked_codes(CrewRole.DRIVER) - {ALL_TAGS["exit"]}
            self.world.walks(driver, CrewRole.DRIVER, codes=sorted(seen))
        else:
            self.world.walks(driver, CrewRole.DRIVER)
