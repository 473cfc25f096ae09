"""The simulator's tablet sends what the real one sends: the vectors of ``data/vectors/sync.json``."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from busops.services.simulated_key import SimulatedKey
from tests.sim.game_tablet import GameTablet, Lost

VECTORS = Path(__file__).parents[2] / "data" / "vectors" / "sync.json"
CASES = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]
NOW_MS = 1_710_489_600_000


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_twin_sends_what_the_tablet_sends(case: dict[str, Any]) -> None:
    """After every answer the same numbers wait, and the same problem is known."""
    key = SimulatedKey(name="twin")
    tablet = GameTablet(dev=7, by="A01", token="t", key=key, run_id="run-1", dice=Random(1))
    for _ in range(case["taps"]):
        tablet.write("note", NOW_MS, text="x")

    def wire(_headers: Any, events: Any, seal: Any) -> Any:
        assert [event["seq"] for event in seal(events)["events"]] == step["sends"]
        if step["status"] == 0:
            raise Lost
        told = step.get("results", {})
        results = [
            {"id": event["id"], "r": told[str(event["seq"])]} for event in events if str(event["seq"]) in told
        ]
        return step["status"], {"results": results, "ack": step.get("ack"), "ack_h": "", "now": NOW_MS}, {}

    for step in case["steps"]:
        tablet.send_one(wire, lambda: NOW_MS)
        assert [entry.seq for entry in tablet.waiting()] == step["waiting"]
        assert tablet.problem == step["problem"]
