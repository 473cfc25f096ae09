"""
What people must have written down in a game, told from the file and the true world.

Two different people dispose of what has happened; what may be let pass is let pass by two of two
roles, within ten minutes; a lost tablet is given up after a third person has looked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.sim.game_file import Filed
from tests.sim.game_world import ITEMS, NO_STOP, World

TEN_MINUTES_MS = 600_000
AGREES = ("supervisor", "admin")
BY_TWO = ("resolved", "device_released", "finding_settled")
MAY_PASS = {
    "departed_without_count", "head_count_differs", "departed_without_riders", "rider_missing",
    "departed_without_ack", "removed_underway", "not_of_crew",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Dues:
    """Says what is not as it must be, in words; nothing when all is right."""

    world: World
    has_gate: bool

    def of_decisions(self, filed: Filed) -> Iterator[str]:
        """Gates that were let pass by less than two of two roles, tablets given up by less than three."""
        passed = {each["finding_key"]: each for each in filed.overrides if _is_good(each)}
        for key in filed.settled:
            if key.partition(":")[0] in MAY_PASS and key not in passed:
                yield f"{key} was let pass without two people of two roles"
        for each in filed.decisions:
            if each["kind"] in BY_TWO and each["second_user"] in (None, "", each["by_user"]):
                yield f"one person alone decided: {each['kind']}"
            people = {each["by_user"], each["second_user"], each["checked_by"]} - {None, ""}
            if each["kind"] == "device_released" and (len(people) < 3 or people & self.world.plan.crew):
                yield f"tablet {each['dev']} was given up by {sorted(people)}"

    def of_incidents(self, filed: Filed) -> Iterator[str]:
        """What has happened, and no incident says so."""
        open_keys = {each["finding_key"] for each in filed.incidents if not each["is_withdrawn"]}
        for key in self._happened(filed, filed.held):
            if key.startswith(("off_stop_alight", "departed_without_precheck")) and key not in open_keys:
                yield f"{key} happened, and there is no incident"

    def of_closing(self, filed: Filed, before: set[str]) -> Iterator[str]:
        """What the run was closed over though nobody had settled it; ``before``: what was held then."""
        for each in filed.incidents:
            is_over = each["is_withdrawn"] or each["finding_key"] in filed.settled
            if each["severity"] in ("P0", "P1") and not is_over:
                yield f"closed over the incident {each['finding_key']}"
        for key in self._happened(filed, before):
            is_known = self.has_gate or key.startswith(("off_stop_alight", "departed_without_precheck"))
            if is_known and key not in filed.settled:
                yield f"closed, and nobody settled {key}"
        if any(each["verdict"] is None for each in filed.sheets):
            yield "closed while a sheet of paper waits"

    def _happened(self, filed: Filed, held: set[str]) -> Iterator[str]:
        """What certainly happened by what is held, under the name that it must be settled by."""
        gone = self.world.undone(held)
        events = [filed.events[event_id] for event_id in held - gone]
        kinds = {(each["kind"], each["stop_id"]) for each in events}
        boards = any(each.from_run_id is None for each in self.world.plan.manifest)  # who comes over does not
        looked_over = {
            code
            for each in events
            if each["kind"] == "precheck"
            for code in self.world.deeds[each["event_id"]].codes
        }
        for each in events:
            event_id = each["event_id"]
            if each["kind"] == "alight" and each["stop_id"] == NO_STOP:
                yield f"off_stop_alight:{event_id}"
            if each["kind"] == "alight" and self.world.deeds[event_id].is_away:
                yield f"away_from_stop_alight:{event_id}"
            if each["kind"] == "depart" and each["stop_id"] == "@campus":
                if not looked_over >= ITEMS:
                    yield f"departed_without_precheck:{event_id}"
                if ("ack", None) not in kinds:
                    yield f"departed_without_ack:{event_id}"
                if boards and ("headcount", "@campus") not in kinds:
                    yield f"departed_without_count:{event_id}"


def _is_good(each: dict[str, Any]) -> bool:
    """Whether two people of two roles agreed in time."""
    return bool(
        each["verdict"] == "approved"
        and each["asked_by"] != each["decided_by"]
        and each["asked_role"] != each["decided_role"]
        and each["decided_role"] in AGREES
        and 0 <= each["decided_ms"] - each["asked_ms"] <= TEN_MINUTES_MS
    )
