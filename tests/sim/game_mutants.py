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


def _service(module: str, before: str, after: str, story: str) -> Mutant:
    return Mutant(where=f"busops.{module}", before=before, after=after, layers=BOTH, story=story)


MUTANTS = (
    # the gate
    _rule("gate", "*_riders(state),", "", "left_unmarked"),
    _rule("gate", "*_checks(state),", "", "no_parked"),
    _rule("gate", "*_devices(state),", "", "no_seal"),
    _rule("gate", "*_open_questions(state),", "", "off_stop"),
    _rule("gate", "if device.has_gap:", "if False:", "held_back"),
    _rule("gate", "if last is not None and last.n > 0:", "if False:", "count_not_zero"),
    _rule("gate", "if device.is_released:", "if False:", "released"),
    # the fold
    _rule("whereabouts", "return RiderState.DISPUTED", "return RiderState.OFF", "disputed"),
    _rule("timeline", "return first.seq < then.seq", "return first.seq > then.seq", "none"),
    _rule("run", "released[dev] >= last_seq", "True", "device_returns"),
    _rule("checks", "not self._follows_movements(check)", "False", "late_mark"),
    _rule("checks", "if not asked <= check.codes:", "if False:", "wrong_tag"),
    _rule("checks", ".n > 0", ".n > 99", "sleeper"),
    _rule("checks", "<= self.reopened_ms", "<= 0", "old_checks"),
    _rule("checks", "code is None and role is CrewRole.DRIVER", "False", "driver_first"),
    # the guards
    _guard("m.kind IN ('board', 'moved_in')", "m.kind = 'nobody'", "left_unmarked"),
    _guard("THEN RAISE(ABORT, 'guard: no_sound_check')", "THEN NULL", "no_driver_check"),
    _guard("THEN RAISE(ABORT, 'guard: device_undone')", "THEN NULL", "no_seal"),
    _guard("THEN RAISE(ABORT, 'guard: rider_unaccounted')", "THEN NULL", "nobody_knows"),
    _guard("THEN RAISE(ABORT, 'guard: quarantine_open')", "THEN NULL", "stranger"),
    _guard("e.lo_ms > u.reopened_ms", "1", "old_checks"),
    _guard("phase IN ('closed', 'cancelled')", "phase IN ('cancelled')", "late_board"),
    # the sync
    _service("storage.event_store", "known.digest == observation.digest", "False", "repeats"),
    _service("storage.held_events", "if last != count:", "if False:", "held_back"),
    _service(
        "services.tablet_sync", "self.is_frozen = not holder.is_trusted", "self.is_frozen = False", "revoked"
    ),
    Mutant(
        where="busops.storage.held_events",
        before="len(load_quarantine(tx, run_id))",
        after="0",
        layers=GATE_ALONE,
        story="stranger",
    ),
    # the watch
    _service("services.watch", "for level, after in enumerate(LADDER):", "for level, after in ():", "waits"),
    _service("services.watch", "now >= state.plan.arrives_at + UNCLOSED", "False", "waits"),
    _service("services.watch", "if heard_at is not None and state.aboard:", "if False:", "silence"),
    _service("services.run_state", "if finding.code in CALLED_AT_ONCE:", "if False:", "off_stop"),
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
