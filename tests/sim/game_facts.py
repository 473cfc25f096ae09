"""
Whether the log of a game holds what its tablets were told it holds, and nothing that nobody wrote.
"""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.sim.game_file import Filed
from tests.sim.game_tablet import GameTablet
from tests.sim.game_world import World

REFUSED = {("note", None, None), ("seal", None, None)}  # all that a sheet may say that nobody confirmed


class Broken(AssertionError):
    """An invariant does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Looks at the log of every run at once; raises :class:`Broken`."""

    world: World  # of the run for which paper is typed in
    tablets: list[GameTablet]

    def look(self, filed: Filed, before: Filed | None) -> None:
        """Nothing that was answered for is lost, and nothing is invented."""
        self._nothing_is_lost(filed, before)
        self._nothing_is_invented(filed)

    def _nothing_is_lost(self, filed: Filed, before: Filed | None) -> None:
        apart = {each["event_id"] for each in filed.quarantine}
        for tablet in self.tablets:
            for entry in tablet.entries:
                answer, event_id = tablet.answers.get(entry.seq), entry.event["id"]
                if answer in ("stored", "duplicate"):
                    if filed.log.get(event_id, {}).get("digest") != entry.hash:
                        raise Broken(f"{answer}, but not in the log as it was: {event_id}")
                elif answer is not None and event_id not in apart:
                    raise Broken(f"{answer}, but not in quarantine: {event_id}")
            until = tablet.stored_before_revoked
            if until is not None and tablet.stored() - until:
                raise Broken(f"tablet {tablet.dev} was given up, and its word is still taken as fact")
            for seq, digest in tablet.acks:
                self._ack_is_true(filed, tablet, seq, digest)
        if before is not None and not before.all_held <= filed.all_held:
            raise Broken("an event has left the log")

    def _ack_is_true(self, filed: Filed, tablet: GameTablet, ack: int, digest: str) -> None:
        apart = {each["seq"] for each in filed.quarantine if each["dev"] == tablet.dev}
        for entry in tablet.entries[:ack]:
            if entry.event["id"] not in filed.log and entry.seq not in apart:
                raise Broken(f"acknowledged to {ack}, but {entry.seq} of tablet {tablet.dev} is nowhere")
        last = tablet.entries[ack - 1] if ack else None
        if last is not None and last.event["id"] in filed.log and digest != last.hash:
            raise Broken(f"the hash at {ack} of tablet {tablet.dev} is another one")

    def _nothing_is_invented(self, filed: Filed) -> None:
        written = {entry.event["id"]: entry.hash for tablet in self.tablets for entry in tablet.entries}
        on_paper = {
            event_id: self.world.sheets[each["dev"]] if _is_by_two(each) else REFUSED
            for each in filed.sheets
            for event_id in json.loads(each["event_ids"] or "[]")
        }
        for event_id, event in filed.log.items():
            line = (event["kind"], event["rider_id"], event["stop_id"])
            if event_id in on_paper and line in on_paper[event_id]:
                continue
            if written.get(event_id) != event["digest"]:
                raise Broken(f"nobody wrote {event_id}: {line}")
        places = Counter((event["dev"], event["seq"]) for event in filed.log.values())
        if any(count > 1 for count in places.values()):
            raise Broken("a number of a tablet stands twice in the log")


def _is_by_two(sheet: dict[str, Any]) -> bool:
    """Whether somebody confirmed the sheet that another one had typed."""
    return bool(sheet["verdict"] == "confirmed" and sheet["decided_by"] != sheet["typed_by"])
