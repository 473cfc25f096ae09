"""Asking a server for JSON: patient with what passes, quick with what does not, silent about keys."""

import socket
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from busops.planner.travel.roads.http_json import JsonServer, Stumbled
from busops.planner.travel.source import TravelUnavailable
from tests.unit.planner.travel.roads.servers import Served, cut_off, failing, hang_up, serve

KEY = "sentinel-key-0123456789"


class Pauses:
    """Records the pauses instead of waiting them out."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.count = 0

    def __call__(self, seconds: float) -> None:
        self.seconds += seconds
        self.count += 1


def read(_status: int, answer: Any) -> Any:
    """The answer itself."""
    return answer


@pytest.fixture
def served() -> Iterator[Served]:
    """A server that says where it was asked, and repeats the question's key."""
    with serve(lambda path, query: (200, {"path": path, "key": query.get("key")})) as running:
        yield running


def patient(served: Served, pauses: Pauses, **changed: Any) -> JsonServer:
    """The server asked without real pauses."""
    return JsonServer(address=served.address, pause=pauses, **changed)


@pytest.mark.parametrize("stumble", [failing(503), failing(429), cut_off, hang_up])
def test_what_passes_is_asked_again(served: Served, stumble: Any) -> None:
    """Two bad answers of any passing kind, then a good one: the good one counts, after growing pauses."""
    served.stumbles += [stumble, stumble]
    pauses = Pauses()
    assert patient(served, pauses).ask("/x", {}, read)["path"] == "/x"
    assert len(served.asked) == 3
    assert pauses.seconds == pytest.approx(0.5 + 1.0)


@pytest.mark.parametrize(
    ("stumble", "code"),
    [
        (failing(503), "travel_server_failing"),
        (cut_off, "travel_answer_unreadable"),
        (hang_up, "travel_answer_unreadable"),
    ],
)
def test_it_gives_up_in_the_end_and_says_why(served: Served, stumble: Any, code: str) -> None:
    """After four tries the last cause is told, with the server's name and the tries."""
    served.stumbles += [stumble] * 9
    with pytest.raises(TravelUnavailable) as refusal:
        patient(served, Pauses()).ask("/x", {}, read)
    assert refusal.value.code == code
    assert refusal.value.facts["tries"] == len(served.asked) == 4
    assert refusal.value.facts["host"] == served.address.removeprefix("http://")


def test_a_server_that_asks_for_time_gets_it_but_not_for_ever(served: Served) -> None:
    """Retry-After is kept to, up to twenty seconds."""
    served.stumbles += [failing(503, Retry_After="7"), failing(503, Retry_After="86400")]
    pauses = Pauses()
    patient(served, pauses).ask("/x", {}, read)
    assert pauses.seconds == pytest.approx(7 + 20)


def test_a_slow_server_is_not_waited_for(served: Served) -> None:
    """A server that says nothing within the time ends the try; two of two tries: unavailable."""
    served.stumbles += [lambda _handler: time.sleep(0.6)] * 2
    with pytest.raises(TravelUnavailable) as refusal:
        patient(served, Pauses(), timeout_s=0.15, tries=2).ask("/x", {}, read)
    assert refusal.value.code == "travel_server_silent"
    assert refusal.value.facts["timeout_s"] == 0.15


def test_an_answer_that_trickles_for_ever_is_given_up(served: Served) -> None:
    """A server that is never silent but never done either holds nobody up for long."""

    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):  # until the other side hangs up
            while True:
                handler.wfile.write(b" ")
                time.sleep(0.01)

    served.stumbles.append(trickle)
    with pytest.raises(TravelUnavailable) as refusal:
        patient(served, Pauses(), timeout_s=0.1, tries=1).ask("/x", {}, read)
    assert refusal.value.code in {"travel_answer_unreadable", "travel_server_silent"}


def test_nobody_there_is_said_plainly() -> None:
    """A port where nobody listens: unreachable, with the system's own reason."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(TravelUnavailable) as refusal:
        JsonServer(address=address, pause=Pauses(), tries=2).ask("/x", {}, read)
    assert refusal.value.code == "travel_server_unreachable"
    assert "refused" in refusal.value.facts["reason"].lower()


def test_a_refusal_is_not_asked_again(served: Served) -> None:
    """What the reader raises as final is final; only Stumbled is asked again."""

    def refuse(_status: int, _answer: Any) -> None:
        raise TravelUnavailable("travel_profile_wrong")

    with pytest.raises(TravelUnavailable):
        patient(served, Pauses()).ask("/x", {}, refuse)
    assert len(served.asked) == 1


def test_before_each_try_somebody_may_refuse(served: Served) -> None:
    """Every try is announced, and a refusal there sends nothing."""
    tries = []

    def allow_one() -> None:
        tries.append(1)
        if len(tries) > 1:
            raise TravelUnavailable("travel_quota_short")

    served.stumbles.append(failing(500))
    with pytest.raises(TravelUnavailable) as refusal:
        patient(served, Pauses()).ask("/x", {}, read, before_try=allow_one)
    assert (refusal.value.code, len(served.asked)) == ("travel_quota_short", 1)


def test_a_wish_to_stop_ends_the_waiting(served: Served) -> None:
    """Asked to stop during a pause: no further try, and no long pause either."""
    served.stumbles += [failing(503, Retry_After="20")] * 4
    pauses = Pauses()
    server = patient(served, pauses, should_stop=lambda: pauses.count >= 2)
    with pytest.raises(TravelUnavailable) as refusal:
        server.ask("/x", {}, read)
    assert refusal.value.code == "travel_measuring_stopped"
    assert pauses.seconds == pytest.approx(0.5)
    assert len(served.asked) == 1


def test_redirects_are_not_followed(served: Served) -> None:
    """A key in the question must not follow a redirect to somebody else: the redirect is an answer."""
    served.stumbles.append(failing(302, Location="/elsewhere"))
    seen = patient(served, Pauses()).ask("/x", {"key": KEY}, lambda status, answer: (status, answer))
    assert seen == (302, None)
    assert [path for path, _ in served.asked] == ["/x"]


@pytest.mark.parametrize("stumble", [failing(503), cut_off, hang_up])
def test_a_key_never_leaves_with_an_error(served: Served, stumble: Any) -> None:
    """Neither the error, its facts, its causes nor the server's repr hold the key or the question."""
    served.stumbles += [stumble] * 4
    server = patient(served, Pauses(), secret=KEY)
    with pytest.raises(TravelUnavailable) as refusal:
        server.ask("/x", {"key": KEY}, read)
    told = "".join(traceback.format_exception(refusal.value)) + repr(refusal.value.facts) + repr(server)
    assert KEY not in told
    assert served.asked[0][1]["key"] == KEY


def test_what_a_server_says_is_short_and_without_the_key(served: Served) -> None:
    """A server that repeats the key or talks for pages is quoted without either."""
    said = JsonServer(address=served.address, secret=KEY).said(f"key {KEY}\n is wrong " + "x" * 500)
    assert said.startswith("key ••• is wrong")
    assert len(said) <= 160


def test_an_answer_that_never_ends_is_cut(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the most that is read counts as unreadable, not as memory."""
    monkeypatch.setattr("busops.planner.travel.roads.http_json._MOST_BYTES", 10)
    with pytest.raises(TravelUnavailable) as refusal:
        patient(served, Pauses(), tries=1).ask("/x", {}, read)
    assert refusal.value.code == "travel_answer_unreadable"


def test_stumbled_carries_its_facts() -> None:
    """The facts of a passing failure are those of the error in the end."""
    assert Stumbled("travel_service_busy", said="slow").facts == {"said": "slow"}
