"""
S9: the n-th call of the database fails, for every n until the act gets through unharmed.

After each failure the log is either as before or as after the whole act, never between; and the
act that is tried again comes to the same as one that never failed.
"""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from busops.domain.events import Whereabouts
from busops.domain.fleet import CrewRole
from busops.domain.overrides import OverrideReason
from busops.domain.people import Role
from busops.domain.values import RunId
from busops.services import overrides, runs, tablet_sync
from busops.services.devices import Holder
from busops.storage.database import Database, open_engine
from tests import run_kit, small_school
from tests.builders import Tablet, a_finished_run, a_run, wire
from tests.machine import CountingIds, FixedClock
from tests.run_kit import EVENING
from tests.sim.world import enrol
from tests.storage.test_run_attacks import fingerprint

PLAN = a_run(attendant_ids=("Z1",), driver_id="D2", plate=small_school.COACH, devices=frozenset())
MOST_CALLS = 400


class Failed(Exception):
    """The database did not do it."""


@contextmanager
def failing(database: Database, nth: int) -> Iterator[None]:
    """The call with this number raises before it is made; statements and commits count."""
    calls = count(1)

    def step(*_: object, **__: object) -> None:
        if next(calls) == nth:
            raise Failed

    moments = ("before_cursor_execute", "commit")
    for moment in moments:
        event.listen(database.engine, moment, step)
    try:
        yield
    finally:
        for moment in moments:
            event.remove(database.engine, moment, step)


def a_batch(database: Database) -> Callable[[], Any]:
    """A tablet sends a handful of taps."""
    clock = FixedClock(EVENING)
    held = enrol(database, CrewRole.ATTENDANT, clock=clock, ids=CountingIds())
    tablet = Tablet(plan=PLAN, dev=held.dev)
    for rider in PLAN.riders:
        tablet.board(rider, by="Z1")
    holder = Holder(dev=held.dev, user_id="u-Z1", crew_id="Z1", is_trusted=True)
    body = held.batch(wire(tablet))
    return lambda: tablet_sync.accept_batch(
        database, holder=holder, body=body, clock=clock, ids=run_kit.PrefixedIds("b", CountingIds())
    )


def finished(database: Database) -> None:
    """Everything in order but for the close."""
    plan = a_run()
    run_kit.send(database, a_finished_run(plan))


def driven(database: Database) -> None:
    """Everybody on, one never off, one tablet not done, one got off where nobody may."""
    tablet = Tablet(plan=a_run())
    tablet.set_out()
    tablet.alight("r2", "S77")
    run_kit.send(database, tablet)


def acting(act: Callable[..., Any], *words: Any, **own: Any) -> Callable[[Database], Callable[[], Any]]:
    """The office's act on the run as it stands."""

    def prepared(database: Database) -> Callable[[], Any]:
        given = {"clock": FixedClock(EVENING), "by": "u1", **own}
        return lambda: act(database, "run-1", *words, ids=run_kit.PrefixedIds("o", CountingIds()), **given)

    return prepared


def settling(database: Database) -> Callable[[], Any]:
    """Two people settle the finding of the stop where nobody may get off."""
    found = run_kit.state(database, a_run()).open_findings
    key = next(finding.key for finding in found if finding.code == "off_stop_alight")
    return acting(runs.settle_finding, key, second="u2", reason="seen")(database)


def releasing(database: Database) -> Callable[[], Any]:
    """The last of three people agrees that a tablet is given up."""
    here: dict[str, Any] = {"clock": FixedClock(EVENING), "ids": run_kit.PrefixedIds("g", CountingIds())}
    own: dict[str, Any] = {"reason": OverrideReason.TABLET_LOST, "note": "x", "by": run_kit.someone("u1")}
    asked = overrides.ask_override(database, RunId("run-1"), "device_lost:1", **own, **here)
    override_id = asked.override_id
    searcher = run_kit.someone("u3", Role.ATTENDANT)
    overrides.sign_search(database, RunId("run-1"), override_id, by=searcher, clock=here["clock"])
    agrees: dict[str, Any] = {"approves": True, "by": run_kit.someone("u2", Role.SUPERVISOR)}
    return acting(overrides.decide_override, override_id, **agrees)(database)


TWO = {"second": "u2", "reason": "by phone"}
ACTS = {
    "batch": (None, a_batch),
    "close": (finished, acting(runs.close_run)),
    "release": (driven, releasing),
    "resolve": (driven, acting(runs.resolve_rider, "r1", says=Whereabouts.ALIGHTED, **TWO)),
    "settle": (driven, settling),
    "cancel": (None, acting(runs.cancel_run, reason="rain")),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ACTS)
def test_whichever_call_fails_the_act_is_whole_or_not_at_all(
    name: str, empty_sqlite: Path, tmp_path: Path
) -> None:
    """Unchanged after every failure, complete at last, and the same as without any."""
    before, prepared = ACTS[name]
    start = tmp_path / "start.sqlite3"
    shutil.copy(empty_sqlite, start)
    with on(start) as database:
        small_school.fill(database)
        run_kit.store_run(database, PLAN if name == "batch" else a_run())
        if before is not None:
            before(database)
    unharmed = after_all(start, tmp_path, prepared)
    path = tmp_path / "failing.sqlite3"
    shutil.copy(start, path)
    with on(path) as database:
        act = prepared(database)
        untouched = fingerprint(database)
        for nth in range(1, MOST_CALLS):
            try:
                with failing(database, nth):
                    act()
            except Failed:
                assert fingerprint(database) == untouched, f"call {nth} left half of it"
                continue
            break
        assert comparable(database) == unharmed
    sys.stdout.write(f"\n{name}: {nth - 1} calls failed in turn, nothing was left half done\n")
    assert nth > 5


def after_all(start: Path, folder: Path, prepared: Callable[[Database], Callable[[], Any]]) -> Any:
    """What the act comes to when nothing fails."""
    path = folder / "unharmed.sqlite3"
    shutil.copy(start, path)
    with on(path) as database:
        prepared(database)()
        return comparable(database)


def comparable(database: Database) -> dict[str, int]:
    """How many rows each table of the interlock has: ids differ by how often they were drawn."""
    return {table: len(rows) for table, rows in fingerprint(database).items()}


@contextmanager
def on(path: Path) -> Iterator[Database]:
    """The database in this file."""
    engine = open_engine(f"sqlite:///{path}")
    yield Database(engine=engine, school_id="t1")
    engine.dispose()
