"""
The two layers that hold a run open, in play together or alone.

The gate in Python and the guards in the database hide each other's faults: what one lets through
the other stops. So games are also played with either of them off, and then the other must do.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any
from unittest import mock

from busops.domain.errors import Refused
from busops.domain.roster import HandoverMode, PickupPerson
from busops.domain.run_plan import RunPlan
from busops.domain.values import RiderId, RunId
from busops.services import overrides, paper_entry, run_acts, run_deciding, run_state
from busops.storage import (
    closure_store,
    event_store,
    handover_store,
    paper_store,
    register_store,
    run_store,
)
from busops.storage.closure_store import Closure
from busops.storage.database import Database, Transaction, open_engine
from busops.storage.handover_store import PickupCode
from busops.storage.paper_store import PaperEntry
from tests import run_kit, small_school
from tests.builders import DEPARTS_AT
from tests.sim.game_slips import KNOWN_TO_THE_GATE_ALONE
from tests.sim.game_world import BY_CODE, LISTED, the_next_plan, the_plan

# What refuses or reopens by itself; the triggers that write down what happened stay in every layer.
REFUSING = (
    "run_close", "run_close_incidents", "run_evidence_asked", "run_cancel", "event_taken", "decision_taken",
    "decision_by_override", "override_request_born", "override_verdict_born", "device_released_by_three",
    "release_by_override", "admission_by_override", "override_search_born", "override_record_born",
    "paper_verdict_born", "run_close_paper",
)  # fmt: skip


# Who must be given into somebody's hands: one to somebody of his list, one to whoever knows a code.
LISTED_RIDER = replace(
    small_school.a_rider(1, small_school.a_stop(1)),
    rider_id=RiderId(LISTED),
    handover=HandoverMode.LISTED,
    persons=(PickupPerson(name="奶奶", relation="祖母"),),
)
CODE = PickupCode(
    rider_id=RiderId(BY_CODE), salt="00" * 16, rounds=1, proof="0" * 64, made_by="u1", made_at=DEPARTS_AT
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Which of the two are in play."""

    name: str
    has_gate: bool
    has_guards: bool

    @property
    def reopens_by_guard(self) -> bool:
        """Whether the database itself opens a run again for a late fact."""
        return self.has_guards

    def notices(self, slip: str) -> bool:
        """Whether a layer in play knows of this slip."""
        return self.has_gate or slip not in KNOWN_TO_THE_GATE_ALONE


BOTH = Layers(name="both", has_gate=True, has_guards=True)
GATE_ALONE = Layers(name="gate", has_gate=True, has_guards=False)
GUARDS_ALONE = Layers(name="guards", has_gate=False, has_guards=True)


@contextmanager
def in_play(layers: Layers) -> Iterator[None]:
    """
    While it lasts, the gate is asked or not.

    Without it the fold opens nothing again either, and nobody asks for a second or third person.
    """
    if layers.has_gate:
        yield
        return
    no_reopening = SimpleNamespace(**{**vars(run_store), "mark_reopened": lambda *_, **__: None})
    with (
        mock.patch("busops.services.runs.close_run", close_without_asking),
        mock.patch.object(run_state, "run_store", no_reopening),
        mock.patch.object(run_deciding, "need_two", return_value=None),
        mock.patch.object(run_acts, "need_third", return_value=None),
        mock.patch.object(paper_store, "waiting_devices", return_value=frozenset()),
        mock.patch.object(paper_entry, "_waiting", typed_by_nobody),
        mock.patch.object(run_acts, "GATES", MappingProxyType({})),
        mock.patch.object(overrides, "reasons_not_to_decide", return_value=()),
        mock.patch.object(overrides, "reasons_not_to_search", return_value=()),
        mock.patch.object(overrides, "need_third", return_value=None),
    ):
        yield


def typed_by_nobody(tx: Transaction, entry_id: str) -> tuple[PaperEntry, RunPlan]:
    """An application gone mad: it has forgotten who typed the sheet that somebody confirms."""
    entry = paper_store.load_entry(tx, entry_id)
    return replace(entry, typed_by="nobody"), run_store.load_run_plan(tx, entry.run_id)


def close_without_asking(database: Database, run_id: Any, *, by: Any, clock: Any, ids: Any) -> Closure:
    """An application gone mad: it closes by the newest checks there are, whatever they prove."""
    del by
    with database.transaction() as tx:
        facts = event_store.load_observations(tx, run_id)
        if not facts:
            raise Refused("close_refused", reasons=(), run_id=run_id)
        by_kind: dict[str, Any] = {}
        for fact in sorted(facts, key=lambda each: (each.at_ms, each.seq)):
            by_kind[f"{fact.kind.value} {fact.by}"] = fact
            by_kind[fact.kind.value] = fact
        newest = next(iter(by_kind.values()))
        plan = run_store.load_run_plan(tx, run_id)
        first = by_kind.get(f"check {plan.attendant_ids[0]}", newest)
        second = by_kind.get(f"check {plan.driver_id}", newest)
        closure = Closure(
            run_id=run_id,
            version=1 + len(closure_store.load_closures(tx, run_id)),
            closed_at=clock.now(),
            closed_by="mad",
            attendant_id=plan.attendant_ids[0],
            driver_id=plan.driver_id,
            attendant_check=first.event_id,
            driver_check=second.event_id,
            parked=by_kind.get("parked", newest).event_id,
            snapshot={},
        )
        closure_store.insert_closure(tx, closure)
        run_store.mark_closed(tx, run_id, version=closure.version, closed_at=closure.closed_at)
        run_acts.facts_arrived(tx, run_id, clock=clock, ids=ids)
    return closure


def filled(empty: Path, folder: Path) -> Path:
    """A file with the small school and the one run of every game, released."""
    path = folder / "filled.sqlite3"
    shutil.copy(empty, path)
    engine = open_engine(f"sqlite:///{path}")
    database = Database(engine=engine, school_id="t1")
    small_school.fill(database)
    for plan in (the_plan(), the_next_plan()):
        run_kit.store_run(database, plan)
    with database.transaction() as tx:
        register_store.save_riders(tx, [LISTED_RIDER])
        handover_store.replace_code(tx, RunId("run-1"), CODE)
    engine.dispose()
    return path


def template(of: Path, folder: Path, layers: Layers, changed: tuple[str, str] | None = None) -> Path:
    """The file with the guards of these layers; ``changed``: a text of theirs, and what stands for it."""
    path = folder / f"{layers.name}-{abs(hash(changed))}.sqlite3"
    shutil.copy(of, path)
    with sqlite3.connect(path) as connection:
        if changed is not None:
            _exchange(connection, *changed)
        for name in () if layers.has_guards else REFUSING:
            connection.execute(f"DROP TRIGGER {name}")
    connection.close()
    return path


def _exchange(connection: sqlite3.Connection, before: str, after: str) -> None:
    """Every view and trigger whose text has ``before`` is made anew with ``after``."""
    found = 0
    for kind, name, sql in connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('view', 'trigger') ORDER BY rowid"
    ).fetchall():
        if before in sql:
            found += 1
            connection.execute(f"DROP {kind} {name}")
            connection.execute(sql.replace(before, after))
    assert found, f"the mutant's text is gone from the guards: {before}"
