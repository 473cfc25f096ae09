"""The tests of SQLite's guard over what was kept apart are tested: each weaker version must be noticed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from busops.domain.envelope import envelope_of
from busops.domain.events import DepartureForbidden
from busops.domain.kept_apart import Admitted
from busops.storage import event_store, guards, run_store
from busops.storage.database import Database
from tests.builders import Tablet, a_finished_run, a_run, decided
from tests.interlock_tools import close
from tests.run_kit import EVENING, send, store_run, write_closure
from tests.test_mutants import no_guards
from tests.test_mutants_transfers import built

PLAN, OTHER = a_run(), a_run(run_id="run-2")
SENT = Tablet(plan=a_run(run_id="run-7"), dev=2, now_s=5000).board("r1")
LATER_MS = round((EVENING + timedelta(hours=1)).timestamp() * 1000)
TAKEN = {"event_id": SENT.event_id, "told_run_id": "run-7", "made_ms": LATER_MS}

__all__ = ["no_guards"]


def written(database: Database, *decisions: object) -> None:
    """The event is written into run-1 after these decisions."""
    fact = replace(SENT, run_id=PLAN.run_id, told_run_id=SENT.run_id)
    with database.transaction() as tx:
        for each in decisions:
            event_store.decide(tx, each)
        event_store.append(tx, fact, received_at=EVENING, quarantine_id="q", envelope=envelope_of(SENT))


def by_nobody(database: Database) -> None:
    """Without any decision."""
    written(database)


def otherwise(database: Database) -> None:
    """Something else was decided about the event."""
    written(database, decided(DepartureForbidden, PLAN, event_id=SENT.event_id, papers=()))


def another_event(database: Database) -> None:
    """The decision is about another event."""
    written(database, decided(Admitted, PLAN, **TAKEN | {"event_id": "x"}))


def another_run(database: Database) -> None:
    """The decision is another run's."""
    written(database, decided(Admitted, OTHER, **TAKEN))


def late(database: Database) -> None:
    """It is taken in after the close, long after it came."""
    send(database, a_finished_run(PLAN))
    write_closure(database, PLAN)
    close(database)
    written(database, decided(Admitted, PLAN, **TAKEN))


def own(database: Database) -> None:
    """A fact that names its own run needs nothing."""
    send(database, a_finished_run(PLAN))


MUTANTS: dict[str, tuple[str, str, Callable[[Database], None]]] = {
    "no guard": ("THEN RAISE(ABORT, 'guard: event_of_another_run')", "THEN NULL", by_nobody),
    "any decision": ("WHERE d.kind = 'admitted'", "WHERE 1", otherwise),
    "any event": (" AND g.event_id = NEW.event_id)\n      THEN RAISE", ")\n      THEN RAISE", another_event),
    "any run": (
        "NEW.school_id AND g.run_id = NEW.run_id AND g.event_id = NEW.event_id)\n      THEN",
        "NEW.school_id AND g.event_id = NEW.event_id)\n      THEN", another_run,
    ),
    "every fact asks": (
        "WHEN (SELECT r.value FROM json_each(NEW.raw, '$.run') r) IS NOT NEW.run_id\n      AND NOT EXISTS",
        "WHEN NOT EXISTS", own,
    ),
    "open since the receipt": ("SELECT max(g.made_ms) FROM guard_ad", "SELECT 0 FROM guard_ad", late),
}  # fmt: skip


def ends(database: Database, history: Callable[[Database], None]) -> str:
    """How the history ends: the refusal, or the phase of run-1 and since when it is open again."""
    for plan in (PLAN, OTHER):
        store_run(database, plan)
    try:
        history(database)
    except DBAPIError as error:
        return str(error.orig)
    with database.reading() as tx:
        opened = [e.made_ms for e in event_store.load_decisions(tx, PLAN.run_id) if e.kind == "reopened"]
        return f"{run_store.load_summary(tx, PLAN.run_id).phase} {opened}"


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_weaker_guard_of_admissions_is_noticed(
    mutant: tuple[str, str, Callable[[Database], None]], no_guards: Path, tmp_path: Path
) -> None:
    """The history ends otherwise than with the guards as they are."""
    before, after, history = mutant
    script = (guards.FOLDER / "sqlite.sql").read_text(encoding="utf-8")
    assert before in script
    ended = []
    for number, text in enumerate((script, script.replace(before, after))):
        database = built(text, no_guards, tmp_path / f"{number}.sqlite3")
        try:
            ended.append(ends(database, history))
        finally:
            database.engine.dispose()
    assert ended[0] != ended[1]
