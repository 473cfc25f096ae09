"""
The tablets of a load test: requests at fixed moments over kept connections, and what was answered.

Open arrivals: a request is due at its moment whether or not earlier ones have been answered, and its
time counts from that moment, so that a server that stalls is charged for everybody who waits. A tablet
sends one request at a time; a 503 is tried again as a tablet does. Answers are read later: while it
measures, the client only moves bytes.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

PATH: Final = "/api/v1/events:batch"
OK: Final = 200
BUSY: Final = 503
CAP_S: Final = 60.0
DEADLINE_S: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A batch of one tablet, due so many seconds after the start."""

    dev: int
    token: str
    body: bytes
    events: int
    due_s: float = 0.0


@dataclass(slots=True, kw_only=True)
class Answers:
    """What came back: seconds from due to answered, the bodies, and every status seen."""

    took_s: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    lasted_s: float = 0.0

    def results(self) -> list[dict[str, Any]]:
        """One result an event, of all answers."""
        return [result for body in self.bodies for result in json.loads(body)["results"]]

    def percentile_ms(self, share: float) -> float:
        """The time within which this share of the requests was answered, in milliseconds."""
        ranked = sorted(self.took_s)
        return 1000 * ranked[min(int(share * len(ranked)), len(ranked) - 1)]


def play(port: int, requests: Sequence[Request]) -> Answers:
    """Every request is sent when it is due and answered with 200, or RuntimeError says what came instead."""
    return asyncio.run(asyncio.wait_for(_play(port, requests), DEADLINE_S))


async def _play(port: int, requests: Sequence[Request]) -> Answers:
    answers = Answers()
    lines = {each.dev: _Line(port=port) for each in requests}
    began_s = time.perf_counter()

    async def send(request: Request) -> None:
        due_s = began_s + request.due_s
        await asyncio.sleep(max(due_s - time.perf_counter(), 0))
        line = lines[request.dev]
        async with line.turn:
            answers.bodies.append(await line.until_taken(request, answers.statuses))
        answers.took_s.append(time.perf_counter() - due_s)

    await asyncio.gather(*(send(each) for each in requests))
    answers.lasted_s = time.perf_counter() - began_s
    for line in lines.values():
        line.hang_up()
    return answers


@dataclass(slots=True, kw_only=True)
class _Line:
    """One tablet's connection; opened when first needed, and again when the server hung up."""

    port: int
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def until_taken(self, request: Request, statuses: Counter[int]) -> bytes:
        """The body of the first answer that is no "come back later"."""
        for attempt in range(1, 20):
            try:
                status, wait_s, body = await self._ask(request)
            except (ConnectionError, asyncio.IncompleteReadError):
                status, wait_s, body = 0, 1.0, b""
                self.hang_up()
            statuses[status] += 1
            if status == OK:
                return body
            if status not in (0, BUSY):
                raise RuntimeError(f"{status} {body[:300]!r}")
            await asyncio.sleep(min(wait_s * 2 ** (attempt - 1), CAP_S) * (0.5 + random.random()))
        raise RuntimeError("a tablet was never answered")

    async def _ask(self, request: Request) -> tuple[int, float, bytes]:
        if self.ends is None:
            self.ends = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.ends
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Device {request.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(request.body)}\r\n\r\n"
        )
        writer.write(head.encode() + request.body)
        told = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in told[1:])}
        body = await reader.readexactly(int(fields["content-length"]))
        return int(told[0].split()[1]), float(fields.get("retry-after", 1)), body

    def hang_up(self) -> None:
        """The connection is closed; the next request opens another."""
        if self.ends is not None:
            self.ends[1].close()
        self.ends = None
