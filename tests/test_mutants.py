"""
The tests are tested: each mutant of the rules and of the guards must be noticed by their oracle.

A mutant is a small wrong change of a source text, run in this process against the table of
``run_scenarios`` (the fold and the gate) or against histories in a database (the guards). One
that nobody notices is a rule that nobody tests, and fails.
"""

import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy.exc import DBAPIError

import busops.domain
from busops.domain.fleet import CrewRole
from busops.storage import guards
from busops.storage.database import Database, open_engine
from tests import run_kit
from tests.builders import Tablet, a_finished_run, a_run
from tests.interlock_histories import STORIES
from tests.run_kit import CLOSE, cancelling, force, phase, send, store_run, write_closure
from tests.run_scenarios import SCENARIOS, Scenario, verdict
from tests.storage.test_run_guards import HISTORIES

# In the order they import one another; events and run_plan stay, so that values keep their types.
RULES = (
    "timeline",
    "whereabouts",
    "transfers",
    "checks",
    "head_counts",
    "departures",
    "oddities",
    "run",
    "gate",
)
FOLDER = Path(busops.domain.__file__).parent

PARTS = ("_phase", "_riders", "_counts", "_crew", "_checks", "_devices", "_open_questions")

RULE_MUTANTS = [
    ("timeline", "return first.seq < then.seq", "return first.seq <= then.seq + 1"),
    ("timeline", "[1] < self.intervals", "[0] < self.intervals"),
    ("timeline", "<= UNDO_MS", "<= UNDO_MS + 1000"),
    ("timeline", "<= UNDO_MS", "< UNDO_MS"),
    ("timeline", "(target.dev, target.by) == (void.dev, void.by)", "target.dev == void.dev"),
    ("whereabouts", "any(all(line.precedes(board, alight)", "any(any(line.precedes(board, alight)"),
    ("whereabouts", "return RiderState.DISPUTED", "return RiderState.OFF"),
    ("whereabouts", "<= each.covers", "is not None"),
    ("whereabouts", "and each.second not in (None, each.by)", ""),
    ("whereabouts", "elif absences:", "elif absences and False:"),
    ("whereabouts", "if account.resolved is not None:\n        return ()", "if False:\n        return ()"),
    ("whereabouts", "answer.run_id == out.other_run_id", "True"),
    ("whereabouts", "_came_before(board, answer, line) for", "True for"),
    ("whereabouts", "not any(line.precedes(out, board) for", "not any(False for"),
    ("whereabouts", "< answer.lo_ms", "< answer.at_ms"),
    ("transfers", "if opened(decided) is None:", "if False:"),
    ("transfers", "for event in line.standing() if isinstance(event, MovedOut)",
     "for event in line.events if isinstance(event, MovedOut)"),
    ("gate", "if account.moves_to is not None:", "if False:"),
    ("checks", "if not asked <= check.codes:", "if False:"),
    ("checks", "if not asked <= check.codes:", "if not asked & check.codes:"),
    ("checks", "or (isinstance(event, Checked) and event.n > 0)", ""),
    ("checks", "<= self.reopened_ms", "<= 0"),
    ("checks", "not self._follows_movements(check)", "False"),
    ("checks", "not self._follows_arrival(check) or", ""),
    ("checks", "code is None and role is CrewRole.DRIVER", "False"),
    ("checks", "if stand.by != self.plan.driver_id:", "if False:"),
    ("checks", "is_driver = check.by == self.plan.driver_id", "is_driver = True"),
    ("checks", "Departed, Arrived, Voided)", "Arrived, Voided)"),
    ("run", "DISPUTED) for account", "ABOARD) for account"),
    ("run", "released[dev] >= last_seq", "True"),
    ("run", "return self._in(RiderState.ABOARD, RiderState.DISPUTED)", "return self._in(RiderState.ABOARD)"),
    ("run", "if isinstance(each, DeviceReleased) and each.second not in (None, each.by)",
     "if isinstance(each, DeviceReleased)"),
    ("run", "plan.devices | last.keys()", "last.keys()"),
    ("run", "return self.complete_to < self.last_seq", "return False"),
    ("run", "holdings.complete_to.get(dev, _run_of_ones(seqs))", "_run_of_ones(seqs)"),
    ("run", "is_sealed=isinstance(last.get(dev), Sealed)", "is_sealed=dev in last"),
    ("oddities", "peak > plan.approved_students", "peak > plan.approved_total"),
    ("oddities", "peak + crew > plan.approved_total", "peak > plan.approved_total"),
    ("oddities", "not in plan.lawful_stops", "in ()"),
    ("oddities", "NotRidingReason.MISSING", "NotRidingReason.ILL"),
    ("oddities", "        *forbidden_findings(line, decided),\n", ""),
    ("oddities", "        *removal_findings(plan, line, decided),\n", ""),
    ("departures", "event.lo_ms < each.made_ms for event", "event.lo_ms > each.made_ms for event"),
    ("departures", "event.lo_ms < each.made_ms for event", "True for event"),
    ("head_counts", "return low <= count.n <= high", "return True"),
    *(("gate", f"        *{part}(state),\n", "") for part in PARTS),
    ("gate", "if device.is_released:", "if not device.is_released:"),
    ("gate", "if device.has_gap:", "if False:"),
    ("gate", "if not device.is_sealed:", "if False:"),
    ("head_counts", "count.n > 0 and not any(", "count.n > 0 and any("),
    ("head_counts", "if count.n > 0 and not", "if not"),
    ("head_counts", "event.stop_id == terminal", "True"),
    ("gate", "if checks.parked is None:", "if False:"),
    ("gate", "if state.quarantined:", "if False:"),
    ("gate", "case RiderState.DISPUTED:", "case RiderState.OFF if False:"),
    ("gate", "(None, NotRidingReason.UNSPECIFIED)", "(None,)"),
]  # fmt: skip

GUARD_MUTANTS = [
    ("THEN RAISE(ABORT, 'guard: rider_aboard')", "THEN NULL"),
    ("THEN RAISE(ABORT, 'guard: no_sound_check')", "THEN NULL"),
    ("THEN RAISE(ABORT, 'guard: device_undone')", "THEN NULL"),
    ("THEN RAISE(ABORT, 'guard: rider_unaccounted')", "THEN NULL"),
    ("THEN b.seq < a.seq ELSE b.hi_ms < a.lo_ms", "THEN b.seq < a.seq ELSE b.lo_ms < a.lo_ms"),
    ("THEN b.seq < a.seq ELSE", "THEN 1 ELSE"),
    ("AND (CASE WHEN a.dev = d.dev THEN a.seq < d.seq", "AND (CASE WHEN a.dev = d.dev THEN 1"),
    ("WHERE ((e.kind = 'check' AND e.n = 0)", "WHERE ((e.kind = 'check')"),
    ("AND d.kind = 'check' AND d.role = 'DRIVER' AND", "AND d.kind = 'check' AND"),
    ("BETWEEN 0 AND 120000", "BETWEEN 1 AND 0"),
    ("AND t.code NOT IN (SELECT c.value FROM json_each(e.codes) c))\n  AND (EXISTS", "AND 0)\n  AND (EXISTS"),
    ("AND NOT (CASE WHEN m.dev = e.dev THEN m.seq < e.seq ELSE m.hi_ms < e.lo_ms END))", "AND 0)"),
    ("  UNION\n  SELECT school_id, run_id, dev FROM run_event) d", ") d"),
    ("      AND s.seq = (\n        SELECT count(*)", "      AND s.seq >= (\n        SELECT count(*)"),
    ("SET phase = 'reopened', closure_v = NULL, closed_at = NULL, integrity = 'challenged',\n"
     "    reopened_ms = max(coalesce(reopened_ms, 0), NEW.received_ms, coalesce((",
     "SET integrity = 'challenged', reopened_ms = max(coalesce(reopened_ms, 0), NEW.received_ms, coalesce(("),
]  # fmt: skip

CANCEL = cancelling("t1")
CLOSING_BRANCHES = [
    ("quarantine_open", "own_waits", (CLOSE,)),
    ("quarantine_open", "unknown_waits", (CLOSE,)),
    ("manifest_version", "sound", ("UPDATE run SET roster_v = 99", CLOSE)),
    ("no_closure", "recounted_only", (CLOSE,)),
    ("run_over", "only_released", (*CANCEL, CLOSE)),
    ("count_open", "counted_one", (CLOSE,)),
    ("question_open", "off_stop", (CLOSE,)),
    ("transfer_open", "unanswered", (CLOSE,)),
    ("nobody_cancelled", "only_released", CANCEL[1:]),
]


@contextmanager
def mutated(module: str, before: str, after: str) -> Iterator[tuple[object, object]]:
    """The fold and the gate of a tree of rules with one text changed; everything is put back."""
    names = {name: f"busops.domain.{name}" for name in RULES}
    kept = {full: sys.modules[full] for full in names.values()}
    try:
        for name, full in names.items():
            source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
            if name == module:
                assert before in source, f"the mutant's text is gone from {name}.py: {before}"
                source = source.replace(before, after)
            made = ModuleType(full)
            sys.modules[full] = made
            setattr(busops.domain, name, made)
            exec(compile(source, full, "exec"), made.__dict__)  # noqa: S102 - our own source
        yield sys.modules[names["run"]].fold, sys.modules[names["gate"]].reasons_not_to_close
    finally:
        for full, module_object in kept.items():
            sys.modules[full] = module_object
            setattr(busops.domain, full.rpartition(".")[2], module_object)


@pytest.fixture(scope="module")
def built() -> dict[str, tuple[Scenario, set[str], set[str]]]:
    """Every history of the table, made once."""
    return {name: (build(), aboard, reasons) for name, (build, aboard, reasons) in SCENARIOS.items()}


@pytest.mark.parametrize("mutant", RULE_MUTANTS, ids=lambda mutant: f"{mutant[0]}: {mutant[1].strip()[:40]}")
def test_a_mutant_of_the_rules_is_noticed(
    mutant: tuple[str, str, str], built: dict[str, tuple[Scenario, set[str], set[str]]]
) -> None:
    """Some history comes to another verdict than the table says."""
    with mutated(*mutant) as (fold, gate):
        for scenario, aboard, reasons in built.values():
            try:
                if verdict(fold, gate, scenario) != (aboard, reasons):
                    return
            except (AttributeError, AssertionError, TypeError, KeyError):
                return
    pytest.fail(f"nobody noticed: {mutant}")


@pytest.fixture(scope="module")
def no_guards(empty_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the tables and without the run's guards."""
    path = tmp_path_factory.mktemp("mutants") / "bare.sqlite3"
    shutil.copy(empty_sqlite, path)
    with sqlite3.connect(path) as connection:
        query = "SELECT type, name FROM sqlite_schema WHERE type IN ('view', 'trigger')"
        for kind, name in connection.execute(query).fetchall():
            connection.execute(f"DROP {kind} {name}")
    connection.close()
    return path


@pytest.mark.parametrize("mutant", GUARD_MUTANTS, ids=lambda mutant: mutant[0].strip()[:50])
def test_a_mutant_of_the_guards_is_noticed(mutant: tuple[str, str], no_guards: Path, tmp_path: Path) -> None:
    """Some history closes that must not, a sound one does not, or a late boarding opens nothing."""
    script = (guards.FOLDER / "sqlite.sql").read_text(encoding="utf-8")
    assert mutant[0] in script, "the mutant's text is gone from sqlite.sql"
    bare = tmp_path / "guarded.sqlite3"
    shutil.copy(no_guards, bare)
    with sqlite3.connect(bare) as connection:
        connection.executescript(script.replace(*mutant))
    connection.close()
    for number, (history, why) in enumerate([*OWN_HISTORIES, *HISTORIES, (sound, None)]):
        path = tmp_path / f"{number}.sqlite3"
        shutil.copy(bare, path)
        database = Database(engine=open_engine(f"sqlite:///{path}"), school_id="t1")
        try:
            if not behaves(database, history, why):
                return
        finally:
            database.engine.dispose()
    pytest.fail(f"nobody noticed: {mutant}")


@pytest.mark.parametrize(("branch", "story", "statements"), CLOSING_BRANCHES, ids=lambda each: str(each)[:20])
def test_each_other_branch_of_closing_decides_alone(
    branch: str, story: str, statements: tuple[str, ...], no_guards: Path, tmp_path: Path
) -> None:
    """With the branch the statement is refused by its name; with that branch alone taken out it is not."""
    script = (guards.FOLDER / "sqlite.sql").read_text(encoding="utf-8")
    raising = f"THEN RAISE(ABORT, 'guard: {branch}')"
    ended = []
    for text in (script, script.replace(raising, "THEN NULL", 1)):
        path = tmp_path / f"{len(ended)}.sqlite3"
        shutil.copy(no_guards, path)
        with sqlite3.connect(path) as connection:
            connection.executescript(text)
        connection.close()
        database = Database(engine=open_engine(f"sqlite:///{path}"), school_id="t1")
        STORIES[story](database)
        try:
            force(database, *statements)
            ended.append("done")
        except DBAPIError as error:
            ended.append(str(error.orig))
        database.engine.dispose()
    assert ended[0] == f"guard: {branch}"
    assert ended[1] != ended[0]


def sound(plan: object) -> list[Tablet]:
    """Everything in order."""
    return [a_finished_run(plan)]


def two_attendants(plan: object) -> list[Tablet]:
    """A second attendant's check, forged into the closure as the driver's."""
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    tablet.check(CrewRole.ATTENDANT)
    tablet.check(CrewRole.DRIVER, by="A2", codes=sorted(plan.tags.values()))
    tablet.record("parked", by="D1", codes=["900001"])
    tablet.seal()
    return [tablet]


def late(plan: object) -> list[Tablet]:
    """Everything in order, and one boarding after the close."""
    return [a_finished_run(plan), Tablet(plan=plan, dev=2, now_s=5000)]


OWN_HISTORIES = [(late, "late"), (two_attendants, "no_sound_check")]


def behaves(database: Database, history: object, why: str | None) -> bool:
    """Whether the database treats the history as the real guards do."""
    plan = a_run(attendant_ids=("A1", "A2") if history is two_attendants else ("A1",))
    try:
        store_run(database, plan)
        tablets = history(plan)
        for tablet in tablets:
            send(database, tablet)
        forged = {"driver_id": "A2", "driver_check": tablets[0].log[-3].event_id}
        write_closure(database, plan, **(forged if history is two_attendants else {}))
        force(database, CLOSE)
        if why == "late":
            tablets[1].board("r1")
            send(database, tablets[1])
            return phase(database, plan) == "reopened" and bool(run_kit.state(database, plan).aboard)
    except DBAPIError as error:
        return why is not None and f"guard: {why}" in str(error.orig)
    return history is sound
