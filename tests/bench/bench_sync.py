"""
The tablets' uploads under load: ``python -m tests.bench.bench_sync --tier school --database sqlite``.

A real server (``busops serve``: pages, watch and worker) on loopback over a seeded school; tablets with a
key each, whose signed and chained batches were made beforehand; token, signature, chain, fold, guards and
alarms all on. Open arrivals: every request has its moment, and its time counts from there. The client runs
on the same machine and takes its share of the cores, which is printed. Afterwards the log is read: nothing
acknowledged is lost, nothing is there twice. Then the same rows are inserted bare, in the same batches.

``--tier school`` and ``city``: single marks, then batches, at the rates aimed at. ``--tier storm``: every
tablet at once with a hundred queued events. ``--profile`` shows where one batch spends its time, in this
process. Exit code 1 when a goal is missed.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import text

from busops.clock import SystemClock
from busops.storage import schema
from busops.storage.database import Database, describe, open_engine
from tests import pg
from tests.bench import sync_school
from tests.bench.sync_bare import Bare, insert_bare
from tests.bench.sync_client import Answers, Request, play
from tests.bench.sync_profile import profile
from tests.bench.sync_school import Tablet
from tests.bench.sync_server import Server, machine, processor_s, serving
from tests.faults import history

SCHOOL_ID: Final = "load"
QUEUED: Final = 100  # events a tablet brings out of a dead zone
EARLIER: Final = 20  # tablets whose facts are there before anything is measured
HEAD: Final = (
    "| store | mode | events | aimed at | answered/s | p50 ms | p99 ms | longest ms | 503 "
    "| cores: server, database, client | bare insert, events/s | whole path to bare | goal |"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """How many buses, how many events a second one by one and in batches, and the slowest answer allowed."""

    buses: int
    single: int
    batched: int
    p99_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One way of sending, and what is to be held."""

    name: str
    aimed: str
    requests: Sequence[Request]
    p99_ms: float = float("inf")
    within_s: float = float("inf")


TIERS: Final = {
    "school": Tier(buses=60, single=20, batched=400, p99_ms=500),
    "city": Tier(buses=650, single=200, batched=1_000, p99_ms=300),
}
STORMS: Final = {"sqlite": (60, 30), "postgresql": (650, 120)}  # tablets, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A database of its own: its address, a second empty one beside it, and the process that keeps it."""

    url: str
    bare_url: str
    keeper: int | None

    def processor_s(self) -> float:
        """What the database's own processes have spent; nothing where it lives in the server."""
        return processor_s(self.keeper) if self.keeper is not None else 0.0


def main() -> int:
    """Prints the table; 1 when a goal was missed."""
    asked = _arguments()
    if asked.profile:
        with tempfile.TemporaryDirectory() as folder, _place(asked.database, Path(folder)) as place:
            profile(place.url, SCHOOL_ID, Path(folder), _school(place, 6), asked.batch)
            return 0
    print(f"{machine()}; the client runs on the same cores")
    print(HEAD)
    print("|" + "---|" * HEAD.count(" | ") + "---|")
    with tempfile.TemporaryDirectory() as folder, _place(asked.database, Path(folder)) as place:
        return 1 if _measure(asked, Path(folder), place) else 0


def _measure(asked: argparse.Namespace, folder: Path, place: Place) -> int:
    """Every mode of the tier is played and told; how many goals were missed."""
    buses, tier = _size(asked)
    everybody = _school(place, buses + EARLIER)
    earlier, tablets = everybody[:EARLIER], everybody[EARLIER:]
    modes = _storm(asked, tablets) if tier is None else _sustained(asked, tier, tablets)
    engine = open_engine(place.url)
    database = Database(engine=engine, school_id=SCHOOL_ID)
    sent = {event["id"]: event for tablet in everybody for event in tablet.events}
    missed = 0
    with serving(folder, place.url, SCHOOL_ID) as server:
        acknowledged = _settled(server, earlier, database)
        for mode in modes:
            answers, cores = _played(server, place, mode)
            results = answers.results()
            if wrong := [each for each in results if each["r"] not in ("stored", "duplicate")]:
                raise RuntimeError(f"{len(wrong)} events were not taken, such as {wrong[0]}")
            fresh = history.acknowledged(results) - acknowledged
            acknowledged |= fresh
            size = max(each.events for each in mode.requests)
            bare = insert_bare(database, place.bare_url, fresh, size=size)
            missed += _told(mode, answers, cores, bare, store=_store(database))
    verdict = history.told("after all of it", database, sent.values(), acknowledged)
    engine.dispose()
    return missed + verdict.lost + verdict.doubled


def _settled(server: Server, earlier: Sequence[Tablet], database: Database) -> set[str]:
    """
    The facts of an earlier run are in, and PostgreSQL knows the sizes of its tables, as autovacuum tells it
    within the first minute of a school's first day: the plans made before that are those of empty tables.
    """
    requests = [_request(each, body, 0.0) for each in earlier for body in each.batches(QUEUED, most=QUEUED)]
    taken = history.acknowledged(play(server.port, requests).results())
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
    return taken


def _played(server: Server, place: Place, mode: Mode) -> tuple[Answers, tuple[float, float, float]]:
    """The answers, and how many cores server, database and client took meanwhile."""
    parts = (server.processor_s, place.processor_s, _own_s)
    before = [part() for part in parts]
    answers = play(server.port, mode.requests)
    server_, kept, own = ((part() - was) / answers.lasted_s for part, was in zip(parts, before, strict=True))
    return answers, (server_, kept, own)


def _told(mode: Mode, answers: Answers, cores: tuple[float, float, float], bare: Bare, *, store: str) -> int:
    """The row of the table is printed; 1 when the goal was missed."""
    events = sum(each.events for each in mode.requests)
    rate = events / answers.lasted_s
    p99_ms = answers.percentile_ms(0.99)
    is_held = p99_ms <= mode.p99_ms and answers.lasted_s <= mode.within_s
    # At a fixed rate of arrivals the times say more than the rate: the median answer to the bare insert.
    is_storm = mode.within_s < float("inf")
    ratio = bare.events_s / rate if is_storm else answers.percentile_ms(0.5) / bare.batch_ms
    cells = [
        store,
        mode.name,
        f"{events:,}",
        mode.aimed,
        f"{rate:,.0f}",
        f"{answers.percentile_ms(0.5):,.0f}",
        f"{p99_ms:,.0f}",
        f"{1000 * max(answers.took_s):,.0f}",
        str(answers.statuses[503]),
        ", ".join(f"{each:.2f}" for each in cores),
        f"{bare.events_s:,.0f}",
        f"{ratio:.1f}",
        f"{'held' if is_held else 'MISSED'}{f': {answers.lasted_s:.1f} s' if is_storm else ''}",
    ]
    print(f"| {' | '.join(cells)} |", flush=True)
    return 0 if is_held else 1


def _sustained(asked: argparse.Namespace, tier: Tier, tablets: Sequence[Tablet]) -> Iterator[Mode]:
    """Marks one by one, then in batches: each tablet in its turn, at moments of a fixed rate."""
    singles = _in_turn(tablets, 1, tier.single * asked.seconds, tier.single)
    used = -(-len(singles) // len(tablets))
    goal = f"{tier.p99_ms} ms"
    yield Mode(name="single", aimed=f"{tier.single}/s, p99 {goal}", requests=singles, p99_ms=tier.p99_ms)
    rate = asked.rate or tier.batched
    batched = _in_turn(tablets, asked.batch, rate * asked.seconds, rate, skip=used)
    name = f"batches of {asked.batch}"
    yield Mode(name=name, aimed=f"{rate:,}/s, p99 {goal}", requests=batched, p99_ms=tier.p99_ms)


def _in_turn(tablets: Sequence[Tablet], size: int, events: int, rate: int, *, skip: int = 0) -> list[Request]:
    """So many events in batches of ``size``, tablet after tablet, each batch at its moment."""
    waiting = [(each, each.batches(size, skip=skip)) for each in tablets]
    requests: list[Request] = []
    while waiting and len(requests) * size < events:
        for tablet, batches in list(waiting):
            body = next(batches, None)
            if body is None:
                waiting.remove((tablet, batches))
            elif len(requests) * size < events:
                due_s = len(requests) * size / rate
                requests.append(_request(tablet, body, due_s))
    return requests


def _storm(asked: argparse.Namespace, tablets: Sequence[Tablet]) -> Iterator[Mode]:
    """Every tablet at once with everything it queued."""
    _, within_s = STORMS[asked.database]
    requests = [
        _request(tablet, body, 0.0) for tablet in tablets for body in tablet.batches(QUEUED, most=QUEUED)
    ]
    aimed = f"{len(tablets)} × {QUEUED} in {within_s} s"
    yield Mode(name="storm", aimed=aimed, requests=requests, within_s=within_s)


def _request(tablet: Tablet, batch: tuple[int, bytes], due_s: float) -> Request:
    return Request(dev=tablet.dev, token=tablet.token, events=batch[0], body=batch[1], due_s=due_s)


def _size(asked: argparse.Namespace) -> tuple[int, Tier | None]:
    """How many buses are seeded, and the tier's rates; None for a storm."""
    if asked.tier == "storm":
        return asked.tablets or STORMS[asked.database][0], None
    tier = TIERS[asked.tier]
    events = asked.seconds * (tier.single + (asked.rate or tier.batched))
    return max(asked.tablets or tier.buses, -(-events // (QUEUED - asked.batch))), tier


def _school(place: Place, buses: int) -> tuple[Tablet, ...]:
    """The seeded school."""
    schema.upgrade(place.url)
    schema.restore_guards(place.url)
    engine = open_engine(place.url)
    database = Database(engine=engine, school_id=SCHOOL_ID)
    tablets = sync_school.fill(database, buses, now=SystemClock().now())
    engine.dispose()
    return tablets


@contextmanager
def _place(kind: str, folder: Path) -> Iterator[Place]:
    """Two empty databases; on PostgreSQL in a throw-away cluster that writes as a real one does."""
    if kind == "sqlite":
        name = "sqlite:///{}/{}.sqlite3"
        yield Place(url=name.format(folder, "busops"), bare_url=name.format(folder, "bare"), keeper=None)
        return
    cluster = pg.start_cluster(durable=True)
    try:
        pid = int((cluster.folder / "data" / "postmaster.pid").read_text().split()[0])
        url, bare_url = (cluster.url(cluster.new_database()) for _ in range(2))
        yield Place(url=url, bare_url=bare_url, keeper=pid)
    finally:
        cluster.stop()


def _store(database: Database) -> str:
    told = describe(database)
    mode = "" if told["journal_mode"] == "-" else f" {told['journal_mode']}"
    return f"{told['dialect']} {told['version'].split()[0]}{mode}"


def _own_s() -> float:
    spent = os.times()
    return spent.user + spent.system


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[1])
    parser.add_argument("--tier", choices=(*TIERS, "storm"), default="school")
    parser.add_argument("--database", choices=tuple(STORMS), default="sqlite")
    parser.add_argument("--seconds", type=int, default=10, help="of each mode")
    parser.add_argument("--batch", type=int, default=20, help="events a batch, where they come in batches")
    parser.add_argument("--rate", type=int, default=0, help="events/s in batches; 0 = the tier's")
    parser.add_argument("--tablets", type=int, default=0, help="0 = as many as the tier has")
    parser.add_argument("--profile", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
