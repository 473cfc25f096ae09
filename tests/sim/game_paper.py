"""
Paper in a game: what a dead tablet took with it was also written on the manifest, and is entered by two.

Who types it and who reads it again are two people of the office. What stands on the sheet is
what truly happened, by the minute; the world is told under which names the server now holds it.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from busops.domain.paper import PaperRider, PaperStop, Sheet
from busops.domain.values import CAMPUS, SCHOOL_TIME, CrewId, RiderId, StopId
from busops.services import paper_entry
from busops.services.paper_scan import JPEG, Scan
from tests.sim.game_file import read
from tests.sim.game_office import ASKER, COLLEAGUE, RUN
from tests.sim.game_server import GameServer
from tests.sim.game_tablet import GameTablet
from tests.sim.game_world import ATTENDANT, DRIVER, TERMINAL, Deed, Line, World

SCAN = Scan(sha256="a" * 64, media_type=JPEG)
WRITTEN = ("board", "alight", "depart", "arrive")


@dataclass(kw_only=True)
class Paper:
    """The manifest of one bus on paper, and its way into the log."""

    server: GameServer
    world: World
    deeds: list[Deed] = field(default_factory=list)  # what stands on the sheet

    def write(self, dead: GameTablet, driver: GameTablet) -> None:
        """The sheet says what the dead tablet had marked, and when the driver left and came."""
        own = [self.world.deeds[entry.event["id"]] for entry in dead.entries]
        ways = [self.world.deeds[entry.event["id"]] for entry in driver.entries if entry.event["run"] == RUN]
        way = {(each.kind, each.stop): each for each in ways if each.kind in ("depart", "arrive")}
        left, came = way["depart", CAMPUS], way["arrive", TERMINAL]
        self.deeds = [*(each for each in own if each.kind in WRITTEN), left, came]

    def type_in(self) -> str:
        """One person types it; done, or why not."""
        before = self._devices()
        said = self.server.act(paper_entry.type_sheet, RUN, self._sheet(), SCAN, by=ASKER)
        lines: set[Line] = {(each.kind, each.rider, each.stop) for each in self.deeds}
        for dev in self._devices() - before:
            self.world.sheets[dev] = lines | {("ack", None, None), ("seal", None, None), ("note", None, None)}
        return said

    def confirm(self, *, by: Any = COLLEAGUE, counts_off_by: int = 0) -> str:
        """Another one has read and counted it too, rightly or not; done, or why not."""
        waiting = [
            each for each in paper_entry.sheets_of_run(self.server.database, RUN) if each.verdict is None
        ]
        if not waiting:
            return "nothing"
        on, *others = self._sheet().sums
        sums = (on + counts_off_by, *others)
        said = self.server.act(paper_entry.confirm, waiting[0].entry_id, sums=sums, by=by)
        self._adopt()
        return said

    def reject(self) -> str:
        """Another one finds that it was typed wrongly."""
        waiting = [
            each for each in paper_entry.sheets_of_run(self.server.database, RUN) if each.verdict is None
        ]
        own = {"reason": "the wrong sheet", "by": COLLEAGUE}
        said = self.server.act(paper_entry.reject, waiting[0].entry_id, **own)
        self._adopt()
        return said

    def _adopt(self) -> None:
        """Under which names the server now holds what stands on the sheets."""
        filed = read(self.server.path)
        for sheet in filed.sheets:
            for event_id in set(json.loads(sheet["event_ids"] or "[]")) - self.world.deeds.keys():
                event = filed.events[event_id]
                line = (event["kind"], event["rider_id"], event["stop_id"])
                found = [each for each in self.deeds if (each.kind, each.rider, each.stop) == line]
                deed = found[-1] if found else self._word(event["kind"])
                self.world.is_written(deed, event_id, sheet["dev"])

    def _word(self, kind: str) -> Deed:
        """What the sheet itself adds: that the list was read, and that this is all."""
        return Deed(
            at_ms=self.deeds[-1].at_ms, kind=kind, event_id="", dev=0, actor=ATTENDANT, rider=None, stop=None,
            codes=frozenset(), inside=0,
        )  # fmt: skip

    def _devices(self) -> set[int]:
        return {each["dev"] for each in read(self.server.path).sheets}

    def _sheet(self) -> Sheet:
        on = {each.rider: each for each in self.deeds if each.kind == "board"}
        off = {each.rider: each for each in self.deeds if each.kind == "alight"}
        times = {each.kind: self._minute(each) for each in self.deeds if each.kind in ("depart", "arrive")}
        return Sheet(
            roster_v=1,
            attendant_id=CrewId(ATTENDANT),
            driver_id=CrewId(DRIVER),
            is_signed_by_attendant=True,
            is_signed_by_driver=True,
            stops=(
                PaperStop(stop_id=CAMPUS, left_min=times["depart"]),
                PaperStop(stop_id=StopId(TERMINAL), arrived_min=times["arrive"]),
            ),
            riders=tuple(
                PaperRider(
                    rider_id=RiderId(rider or ""),
                    on_at=CAMPUS if rider in on else None,
                    off_at=StopId(TERMINAL) if rider in off else None,
                )
                for rider in sorted({*on, *off}, key=str)
            ),
        )

    def _minute(self, deed: Deed) -> int:
        """Minutes after midnight at the school on the run's day."""
        at = self.server.clock.at(deed.at_ms).astimezone(SCHOOL_TIME)
        return (at.date() - self.world.plan.on).days * 1440 + at.hour * 60 + at.minute
