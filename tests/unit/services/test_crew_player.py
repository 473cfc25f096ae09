"""The player of simulated crews: what the network loses is sent again, as it was."""

from datetime import UTC, datetime

import pytest

from busops.services.crew_player import keep_awake, play_until, take_run
from tests.unit.services.test_simulated_crew import DEPARTS_MS, TAGS, CountingIds, a_pack, devices

LATE = datetime.fromtimestamp(DEPARTS_MS / 1000 + 86_400, UTC)
OK = 200


class Server:
    """Keeps what it is sent; the first answers to a run's batches are lost on the way."""

    def __init__(self, *, lost: int) -> None:
        self.lost = lost
        self.heard: list[dict] = []
        self.beats: list[str] = []
        self.closed: list[str] = []

    def __call__(self, _method, path, headers, body):
        """The server's answer, or a timeout after it has stored the batch."""
        if path.endswith("/close"):
            self.closed.append(path)
            return OK, {}
        self.heard += body["events"]
        if not body["events"]:
            self.beats.append(headers["Authorization"])
        if self.lost and body["events"]:
            self.lost -= 1
            raise TimeoutError
        return OK, {"results": [{"result": "stored"} for _ in body["events"]]}


def test_a_lost_answer_costs_no_tap_and_forks_no_chain():
    """The batch is sent again unchanged: one history a tablet without a gap, then the run is closed."""
    server, ids = Server(lost=2), CountingIds()
    run = take_run(a_pack(), TAGS, devices())
    for _ in range(2):
        with pytest.raises(TimeoutError):
            play_until([run], LATE, transport=server, ids=ids)
        assert not run.is_closed
    play_until([run], LATE, transport=server, ids=ids)
    assert run.is_closed
    for dev in (1, 2):
        told = {(event["seq"], event["id"], event["prev"]) for event in server.heard if event["dev"] == dev}
        assert sorted(seq for seq, _, _ in told) == list(range(1, len(told) + 1))
    kinds = [event["kind"] for event in {event["id"]: event for event in server.heard}.values()]
    assert (kinds.count("check"), kinds.count("parked"), kinds.count("seal")) == (2, 1, 2)


def test_a_run_that_cannot_be_sent_holds_up_no_other():
    """The second run is closed while the first waits; the failure is told all the same."""
    server, ids = Server(lost=1), CountingIds()
    first, second = (take_run(a_pack() | {"run": name}, TAGS, devices()) for name in ("run-1", "run-2"))
    with pytest.raises(TimeoutError):
        play_until([first, second], LATE, transport=server, ids=ids)
    assert (first.is_closed, second.is_closed) == (False, True)


def test_both_tablets_of_a_run_are_heard_of_once_a_minute():
    """One tablet alone left the other silent, and every run of a fresh demo stood on the board in red."""
    server = Server(lost=0)
    run = take_run(a_pack(), TAGS, devices())
    for second in (0, 30, 60):
        keep_awake([run], datetime.fromtimestamp(DEPARTS_MS / 1000 + second, UTC), transport=server)
    both = {device.headers["Authorization"] for device in devices().values()}
    assert len(both) == 2
    assert sorted(server.beats) == sorted([*both, *both])
