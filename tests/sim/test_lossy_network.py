"""Simulated tablets over a network that loses, repeats and reorders: what is acknowledged is stored, once."""

import random
from typing import Any

import pytest

from busops.domain.fleet import CrewRole
from busops.services import runs
from busops.services.simulated_crew import close, script, stamp
from busops.storage import event_store
from busops.web.app import create_app
from tests.sim import world


class LossyNetwork:
    """Carries requests with seeded faults: lost on the way there, lost on the way back, delivered twice."""

    def __init__(self, transport: Any, seed: int) -> None:
        self.transport = transport
        self.dice = random.Random(seed)
        self.faults = 0

    def __call__(self, method: str, path: str, headers: Any, body: Any) -> tuple[int, Any]:
        """The answer, or ConnectionError where it got lost."""
        draw = self.dice.random()
        if draw < 0.2:
            self.faults += 1
            raise ConnectionError("lost on the way there")
        answer = self.transport(method, path, headers, body)
        if draw < 0.4:
            self.faults += 1
            raise ConnectionError("lost on the way back")
        if draw < 0.55:
            self.faults += 1
            answer = self.transport(method, path, headers, body)
        return answer


def upload(network: LossyNetwork, device: Any, waiting: list[dict[str, Any]]) -> int:
    """Sends what waits until the server has answered for all of it; the number it acknowledges at last."""
    ack = 0
    for _ in range(200):
        if not waiting:
            break
        batch = waiting[: network.dice.randint(1, 5)]
        network.dice.shuffle(batch)
        try:
            status, answer = network("POST", "/api/v1/events:batch", device.headers, device.batch(batch))
        except ConnectionError:
            continue
        assert status == 200
        assert {result["r"] for result in answer["results"]} <= {"stored", "duplicate"}
        answered = {result["id"] for result in answer["results"]}
        waiting[:] = [event for event in waiting if event["id"] not in answered]
        ack = answer["ack"]
    assert not waiting
    return ack


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_nothing_is_doubled_and_the_run_closes(sqlite_database, settings, ids, seed):
    """Every event of both tablets is in the log once, acknowledged to its end, and the run can be closed."""
    clock = world.a_clock()
    world.fill(sqlite_database)
    world.release(sqlite_database)
    app = create_app(settings, clock=clock, ids=ids)
    network = LossyNetwork(world.transport(app), seed)
    held = world.tablets(sqlite_database, clock=clock, ids=ids)
    _, pack = network.transport("GET", "/api/v1/runs/run-1/pack", held[CrewRole.DRIVER].headers, None)
    made: dict[CrewRole, list[dict[str, Any]]] = {role: [] for role in held}
    for act in script(pack, world.TAGS):
        held[act.role], envelope = stamp(held[act.role], act, pack=pack, ids=ids)
        made[act.role].append(envelope)
    for role, events in made.items():
        assert upload(network, held[role], list(events)) == len(events)
    with sqlite_database.reading() as tx:
        stored = event_store.load_observations(tx, "run-1")
    assert sorted(event.event_id for event in stored) == sorted(e["id"] for es in made.values() for e in es)
    assert network.faults > 3, "the network was kind; the test showed nothing"
    status, answer = close(network.transport, held[CrewRole.DRIVER], "run-1")
    assert (status, answer.get("reasons", [])) == (200, [])
    assert runs.run_view(sqlite_database, "run-1").state.closure_v == 1
