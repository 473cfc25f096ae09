"""
A tablet in a game: the Python twin of ``outbox.js`` and ``sync.js``.

It writes before it sends, chains what it writes, keeps everything, and learns from the server
only what the answers say. Its clocks are its own; the true time is told by the game.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from random import Random
from typing import Any

from busops.domain.envelope import GENESIS, digest_of
from busops.services.simulated_key import SimulatedKey

BATCH_EVENTS = 200
PART_MS = 1_000  # as clock.js: wall and running clock are no longer of one piece
HALF_WAY_MS = 1_000  # of the way to the server and back; what is beyond counts as age
DRIFT = 10_000
SLOWEST_MS = 60_000
APP = "0.1.0"
Event = dict[str, Any]
Seal = Callable[[Sequence[Event]], dict[str, Any]]
Wire = Callable[[Mapping[str, str], Sequence[Event], Seal], tuple[int, Mapping[str, Any], Mapping[str, str]]]


class Lost(Exception):
    """No answer came: the request, the answer or the server was lost on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """What an answer told of the server's time: how far off the wall clock was, how slow the way."""

    off_ms: int
    at_ms: int
    slack_ms: int

    def age_ms(self, wall_ms: int) -> int:
        """How old this knowledge counts."""
        return max(0, wall_ms - self.at_ms) + self.slack_ms * DRIFT


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event as it stands on the tablet's disk."""

    seq: int
    event: dict[str, Any]
    hash: str


@dataclass(kw_only=True)
class GameTablet:
    """One tablet: its number and person, its disk (entries, answers, offset), its clocks."""

    dev: int
    by: str
    token: str
    key: SimulatedKey
    run_id: str
    dice: Random
    skew_ms: int = 0
    boot: int = 1
    entries: list[Entry] = field(default_factory=list)
    answers: dict[int, str] = field(default_factory=dict)
    offset: Offset | None = None
    most: int = BATCH_EVENTS
    failures: int = 0
    not_before_ms: int = 0
    problem: str | None = None
    acks: list[tuple[int, str]] = field(default_factory=list)
    stored_before_revoked: frozenset[int] | None = None
    held_back: int | None = None  # an event that does not get through, whatever is tried
    is_dead: bool = False  # it takes everything that it has not sent with it
    listed_ms: int | None = (
        None  # when it was given the run's list; what it marks from then on may be unheard
    )

    @property
    def headers(self) -> dict[str, str]:
        """What the tablet shows at the door."""
        return {"Authorization": f"Device {self.token}"}

    def sealed(self, events: Sequence[Event]) -> dict[str, Any]:
        """The body of a signed batch of these, in whatever order."""
        return self.key.batch(events, self.dev)

    def wall_ms(self, now_ms: int) -> int:
        """What its wall clock says."""
        return now_ms + self.skew_ms

    def set_clock(self, by_ms: int) -> None:
        """Somebody sets the wall clock under the page: a new boot, and the server's time is forgotten."""
        self.skew_ms += by_ms
        if abs(by_ms) > PART_MS:
            self.boot += 1
            self.offset = None

    def reload(self) -> None:
        """The page is loaded anew: what is on disk is all it has, and no word of the server's time is."""
        self.boot += 1
        self.offset = None
        self.most, self.failures, self.not_before_ms, self.problem = BATCH_EVENTS, 0, 0, None

    def write(self, kind: str, now_ms: int, *, by: str | None = None, **own: Any) -> Entry:
        """The event stands on the disk behind the last one."""
        seq = len(self.entries) + 1
        wall_ms = self.wall_ms(now_ms)
        event = {
            "v": 1, "id": f"00000000-0000-7000-8{self.dev:03x}-{seq:012x}", "dev": self.dev, "seq": seq,
            "prev": self.entries[-1].hash if self.entries else GENESIS,
            "run": self.run_id, "roster_v": 1, "kind": kind, "rider": None, "stop": None,
            "n": seq if kind == "seal" else None, "refs": [], "reason": None, "codes": [], "text": None,
            "wall_ms": wall_ms, "boot": f"boot-{self.dev}-{self.boot}", "mono_ms": now_ms,
            "off_ms": self.offset.off_ms if self.offset else None,
            "off_age_ms": self.offset.age_ms(wall_ms) if self.offset else 0,
            "lat6": None, "lon6": None, "acc": None, "by": by or self.by, "app": APP,
        } | own  # fmt: skip
        entry = Entry(seq=seq, event=event, hash=digest_of(event))
        self.entries.append(entry)
        return entry

    def hear(self, now_ms: int, sent_ms: int, back_ms: int) -> None:
        """An answer tells the server's time, and is taken where it is better than what is known."""
        half = max(back_ms - sent_ms, 0) / 2
        told = Offset(
            off_ms=round(now_ms + half - back_ms),
            at_ms=back_ms,
            slack_ms=max(0, ceil(half) - HALF_WAY_MS),
        )
        if self.offset is None or told.age_ms(back_ms) <= self.offset.age_ms(back_ms):
            self.offset = told

    def stored(self) -> frozenset[int]:
        """The numbers of the events that the server said it had stored as facts."""
        return frozenset(seq for seq, outcome in self.answers.items() if outcome == "stored")

    def waiting(self) -> list[Entry]:
        """What the server has not answered for, in order."""
        if self.is_dead:
            return []
        return [
            entry for entry in self.entries if entry.seq not in self.answers and entry.seq != self.held_back
        ]

    def send_one(self, wire: Wire, clock: Callable[[], int]) -> bool:
        """One batch is sent and its answer kept; whether to go on at once."""
        batch = self.waiting()[: min(self.most, BATCH_EVENTS)]
        sent_ms = self.wall_ms(clock())
        try:
            status, answer, headers = wire(self.headers, [entry.event for entry in batch], self.sealed)
        except Lost:
            self.problem = None
            return self._later(None, clock)
        if status == 413 and len(batch) > 1:
            self.most = -(-len(batch) // 2)
            return True
        if status != 200:
            self.problem = "enrol" if status in (401, 403) else "server"
            return self._later(int(headers.get("Retry-After", 0)) * 1000 or None, clock)
        back_ms = self.wall_ms(clock())
        self.hear(answer["now"], sent_ms, back_ms)
        self._settle(answer["results"])
        is_fork = any(result["r"] == "fork" for result in answer["results"])
        if not is_fork and self._is_behind(answer["ack"]):
            self.forget_after(answer["ack"])
        self.acks.append((answer["ack"], answer["ack_h"]))
        self.failures, self.most, self.problem = 0, BATCH_EVENTS, "fork" if is_fork else None
        return len(answer["results"]) == len(batch) and not is_fork

    def flush(self, wire: Wire, clock: Callable[[], int], *, tries: int = 30) -> None:
        """Batch after batch, until nothing waits or the server cannot take more."""
        self.not_before_ms = 0
        for _ in range(tries):
            if not self.waiting() or self.wall_ms(clock()) < self.not_before_ms:
                return
            if not self.send_one(wire, clock):
                return

    def forget_after(self, ack: int) -> None:
        """The server holds less than it once said: what it lacks waits again."""
        for seq in [seq for seq, outcome in self.answers.items() if seq > ack]:
            if self.answers[seq] in ("stored", "duplicate"):
                del self.answers[seq]

    def _settle(self, results: list[Mapping[str, Any]]) -> None:
        by_id = {result["id"]: result["r"] for result in results}
        for entry in self.entries:
            if entry.event["id"] in by_id:
                self.answers[entry.seq] = by_id[entry.event["id"]]

    def _is_behind(self, ack: int) -> bool:
        first = next((entry.seq for entry in self.entries if entry.seq > ack), None)
        return first is not None and self.answers.get(first) == "stored"

    def _later(self, wait_ms: int | None, clock: Callable[[], int]) -> bool:
        self.failures += 1
        grown = min(SLOWEST_MS, 1000 * 2 ** min(self.failures, 6))
        waits = wait_ms if wait_ms is not None else round(grown * (0.5 + self.dice.random() / 2))
        self.not_before_ms = self.wall_ms(clock()) + waits
        return False
