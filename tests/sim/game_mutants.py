"""
Small wrong changes of gate, fold, guards, sync and watch that the games must notice.

Each is played in the layer where nothing else hides it. A rule's text is changed by giving its
functions the code of the changed source, so that everybody who imported them has it; a guard's by
making its view or trigger anew. Texts are kept short, so that they outlive what stands around them.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from tests.sim.game_layers import BOTH, GATE_ALONE, GUARDS_ALONE, Layers

GUARDS = "guards"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One wrong change: where, what stood there, what stands there now, and the layer it is played in."""

    where: str  # a module of busops, or the guards
    before: str
    after: str
    layers: Layers
    story: str  # what its games are about (game_ends.py): what it touches is reached at once

    @property
    def name(self) -> str:
        """What the test is called by."""
        return f"{self.where.rpartition('.')[2]}: {' '.join(self.before.split())[:44]}"


def _rule(module: str, before: str, after: str, story: str) -> Mutant:
    return Mutant(where=f"busops.domain.{module}", before=before, after=after, layers=GATE_ALONE, story=story)


def _guard(before: str, after: str, story: str) -> Mutant:
    return Mutant(where=GUARDS, before=before, after=after, layers=GUARDS_ALONE, story=story)


def _people(module: str, before: str, after: str, story: str) -> Mutant:
    return Mutant(
        where=f"busops.services.{module}", before=before, after=after, layers=GATE_ALONE, story=story
    )


def _service(module: str, before: str, after: str, story: str) -> Mutant:
    return Mutant(where=f"busops.{module}", before=before, after=after, layers=BOTH, story=story)


MUTANTS = (
    # the gate
    _rule("gate", "*_riders(state),", "", "left_unmarked"),
    _rule("gate", "*_checks(state),", "", "no_parked"),
    _rule("gate", "*_devices(state),", "", "no_seal"),
    _rule("gate", "*_open_questions(state),", "", "off_stop"),
    _rule("gate", "if device.has_gap:", "if False:", "held_back"),
    _rule("gate", "for count in state.open_counts:", "for count in ():", "count_not_zero"),
    _rule("gate", "if device.is_released:", "if False:", "released"),
    # the fold
    _rule("whereabouts", "return RiderState.DISPUTED", "return RiderState.OFF", "disputed"),
    _rule("timeline", "return first.seq < then.seq", "return first.seq > then.seq", "none"),
    _rule("run", "released[dev] >= last_seq", "True", "device_returns"),
    _rule("run", "plan.devices | last.keys()", "last.keys()", "silent_tablet"),
    _rule("checks", "not self._follows_movements(check)", "False", "late_mark"),
    _rule("checks", "if not asked <= check.codes:", "if False:", "wrong_tag"),
    _rule("checks", ".n > 0", ".n > 99", "sleeper"),
    _rule("checks", "<= self.reopened_ms", "<= 0", "old_checks"),
    _rule("checks", "code is None and role is CrewRole.DRIVER", "False", "driver_first"),
    _rule("stop_gate", "if found.place is Place.AWAY:", "if False:", "away"),
    # what people must agree on
    _rule("overrides", "if role is asked.asked_role:", "if False:", "override"),
    _rule("overrides", "if not 0 <= now_ms - asked.asked_ms <= asked.valid_ms:", "if False:", "override"),
    _people("run_acts", "if finding.code in GATES and", "if False and", "override"),
    _people("run_deciding", "if not user_of(third) or names &", "if False and names &", "no_third"),
    _people("run_deciding", "names & device_log_store.crew_ever(tx, run_id)", "frozenset()", "no_third"),
    _people("run_acts", "if dev in paper_store.waiting_devices(tx, run_id):", "if False:", "paper_given_up"),
    _people("paper_entry", "if by.user_id == entry.typed_by:", "if False:", "paper_alone"),
    # who changes buses, and who is given into somebody's hands
    _rule("gate", "if account.moves_to is not None:", "if False:", "between_buses"),
    _rule("transfers", "if opened(decided) is None:", "if False:", "not_by_office"),
    _people(
        "run_state",
        "in sorted(run_store.lock_runs(tx, other_runs.partners(record.facts))):",
        "in ():",
        "taken_back_late",
    ),
    _service("services.run_state", "*_for_two_runs(both), ", "", "two_buses"),
    _service(
        "services.run_state",
        "named[0].kind in COME_AGAIN and all(each.state is AlarmState.RESOLVED for each in named)",
        "False",
        "two_buses",
    ),
    _service("domain.due_alarms", "for out in _between_buses(run):", "for out in ():", "between"),
    _service(
        "domain.due_alarms",
        "for off, is_nobody_there in _waiting(run):",
        "for off, is_nobody_there in ():",
        "unhanded",
    ),
    _service("domain.due_alarms", "if is_nobody_there or", "if", "nobody_there"),
    _service("domain.due_alarms", "or run.state.phase is Phase.CLOSED else", "else", "none"),
    _service(
        "services.run_state",
        "call_for_hand_overs(tx, state, record.events, clock=clock, ids=ids)",
        "pass",
        "none",
    ),
    _service("domain.handover", "HandedBy.NONE in each.codes", "True", "handed"),
    _service("services.watch", "around.handed | beside.coded)", "beside.coded)", "unhanded"),
    _service("services.watch", "around.handed | beside.coded)", "around.handed)", "unhanded"),
    _guard("THEN RAISE(ABORT, 'guard: transfer_open')", "THEN NULL", "between_buses"),
    _guard("AND t.kind = 'transfer_opened'", "", "not_by_office"),
    _guard("WHERE NEW.kind = 'void' AND school_id", "WHERE 0 AND school_id", "taken_back_late"),
    _guard(
        "NEW.run_id)\n      OR (NEW.kind = 'alight'",
        "NEW.run_id AND 0)\n      OR (NEW.kind = 'alight'",
        "late_move",
    ),
    # what was kept apart, and paper
    _people(
        "quarantine",
        "in sorted({run_id, *(RunId(kept.run_id) for kept in chosen if kept.run_id)} & known):",
        "in ():",
        "admitted_late",
    ),
    _people("paper_entry", "if sums != sheet.sums:", "if False:", "paper_alone"),
    _guard("THEN RAISE(ABORT, 'guard: paper_two_people')", "THEN NULL", "paper_alone"),
    # the guards
    _guard("m.kind IN ('board', 'moved_in')", "m.kind = 'nobody'", "left_unmarked"),
    _guard("THEN RAISE(ABORT, 'guard: no_sound_check')", "THEN NULL", "no_driver_check"),
    _guard("THEN RAISE(ABORT, 'guard: device_undone')", "THEN NULL", "no_seal"),
    _guard("dev FROM run_device\n", "dev FROM run_device WHERE 0\n", "silent_tablet"),
    _guard("THEN RAISE(ABORT, 'guard: rider_unaccounted')", "THEN NULL", "nobody_knows"),
    _guard("AND a.reason <> 'unspecified'", "", "no_reason"),
    _guard("THEN RAISE(ABORT, 'guard: quarantine_open')", "THEN NULL", "stranger"),
    _guard("THEN RAISE(ABORT, 'guard: count_open')", "THEN NULL", "count_not_zero"),
    _guard("THEN RAISE(ABORT, 'guard: incident_open')", "THEN NULL", "no_precheck"),
    _guard("THEN RAISE(ABORT, 'guard: paper_waits')", "THEN NULL", "paper_given_up"),
    _guard("AND t.asks_driver", "AND 0", "skipped_place"),
    _guard("e.lo_ms > u.reopened_ms", "1", "old_checks"),
    _guard("phase IN ('closed', 'cancelled')", "phase IN ('cancelled')", "late_board"),
    _guard("NEW.kind IN ('check', 'headcount') AND NEW.n > 0", "0", "found"),
    _guard("q.asked_role <> NEW.decided_role", "1", "override"),
    _guard("BETWEEN 0 AND 600000", "BETWEEN 0 AND 999999999", "override"),
    _guard("THEN RAISE(ABORT, 'guard: override_needed')", "THEN NULL", "override"),
    _guard("crew.crew_id = NEW.checked_by OR", "", "no_third"),
    # the sync
    _service("storage.event_store", "known.digest == observation.digest", "False", "repeats"),
    _service("storage.held_events", "if last != count:", "if False:", "held_back"),
    _service(
        "services.tablet_sync", "self.is_frozen = not holder.is_trusted", "self.is_frozen = False", "revoked"
    ),
    _service("services.run_devices", "bound_devices.bind_device(tx, run_id, dev)", "pass", "silent_tablet"),
    _service(
        "services.paper_entry", "bound_devices.bind_device(tx, run_id, device.dev)", "pass", "paper_waits"
    ),
    Mutant(
        where="busops.storage.held_events",
        before="quarantined=waiting or 0",
        after="quarantined=0",
        layers=GATE_ALONE,
        story="stranger",
    ),
    # the watch
    _service("domain.due_alarms", "in enumerate(run.policy.ladder):", "in ():", "waits"),
    _service("domain.due_alarms", "((unclosed, 2), (at_midnight, 3))", "()", "waits"),
    _service("domain.due_alarms", "if run.state.aboard:", "if False:", "silence"),
    _service("domain.due_alarms", "_climbed(RUN_LATE, LATE, run.turn, arrives_at, now)", "()", "late"),
    _service("domain.due_alarms", "minutes=run.policy.ceiling_min", "days=9", "late"),
    _service("domain.due_alarms", "+ run.dead_man, occasion", "+ 9 * run.dead_man, occasion", "unheard"),
    _service("domain.due_alarms", "((no_show, 1),)", "()", "no_show"),
    _service("services.run_state", "if finding.code in CALLED_AT_ONCE:", "if False:", "off_stop"),
    _service("services.departure_papers", "plan.on if departure is not None else None", "None", "next_run"),
    _service("services.incidents", "in to_open(state.findings, known):", "in ():", "off_stop"),
)


@contextmanager
def in_force(mutant: Mutant) -> Iterator[None]:
    """While it lasts, the module's functions run the changed source; a guard is the stage's to change."""
    if mutant.where == GUARDS:
        yield
        return
    module = importlib.import_module(mutant.where)
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    assert mutant.before in source, f"the mutant's text is gone from {mutant.where}: {mutant.before}"
    changed = compile(source.replace(mutant.before, mutant.after), str(module.__file__), "exec")
    kept: list[tuple[FunctionType, CodeType]] = []
    try:
        for code in _codes(changed):
            function = _function(module, code.co_qualname)
            if function is not None and function.__code__ != code:
                kept.append((function, function.__code__))
                function.__code__ = code
        assert kept, f"no function is another one by {mutant.before}"
        yield
    finally:
        for function, code in kept:
            function.__code__ = code


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code of every function and method of a module, however deep its class; not what is within them."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_flags & 0x2:  # optimized: a function, not the body of a class
                yield each
            else:
                yield from _codes(each)


def _function(module: ModuleType, qualname: str) -> FunctionType | None:
    """The live function of that name, or None for what is made anew at each use."""
    found: Any = module
    for part in qualname.split("."):
        found = vars(found).get(part) if hasattr(found, "__dict__") else None
        if found is None:
            return None
    found = getattr(found, "fget", None) or getattr(found, "__wrapped__", None) or found
    return found if isinstance(found, FunctionType) else None
