"""
What a process remembers of the runs under way: their plans and records, read anew only where more was added.

A busy run is asked for with every batch of its tablet, and hardly anything of it has changed. What is
remembered holds as long as the run's mark (``log_marks``) says so; of a record that has grown only the new
facts are read. Kept is only what was read in a transaction that ended well: what one writes may be undone.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from busops.domain.errors import NotFound
from busops.domain.events import Decision, Event, Observation
from busops.domain.run_plan import RunPlan
from busops.domain.values import RunId
from busops.storage import event_store, run_store
from busops.storage.database import Transaction
from busops.storage.log_marks import Mark, log_marks

MOST_FACTS: Final = 65_536  # of all remembered runs together, one to two kilobytes each


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """The plan of a run, its facts in the order the server had them, and its decisions; as of that mark."""

    mark: Mark
    plan: RunPlan
    facts: tuple[Observation, ...]
    decisions: tuple[Decision, ...]

    @property
    def run_id(self) -> RunId:
        """Which run."""
        return self.plan.run_id

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything observed and decided."""
        return (*self.facts, *self.decisions)


class RunMemory:
    """The records that a process remembers for all its threads: the last used, up to a number of facts."""

    def __init__(self, *, most_facts: int = MOST_FACTS) -> None:
        self._most_facts = most_facts
        self._facts = 0
        self._records: OrderedDict[RunId, RunRecord] = OrderedDict()
        self._turn = threading.Lock()

    def recall(self, run_id: RunId) -> RunRecord | None:
        """The record as last kept; whether it still holds is for its mark to say."""
        with self._turn:
            return self._records.get(run_id)

    def keep(self, records: Iterable[RunRecord]) -> None:
        """These records are remembered; those not used for longest are not any more."""
        with self._turn:
            for record in records:
                self._forget(self._records.pop(record.run_id, None))
                self._records[record.run_id] = record
                self._facts += len(record.facts)
            while self._facts > self._most_facts and len(self._records) > 1:
                self._forget(self._records.popitem(last=False)[1])

    def _forget(self, record: RunRecord | None) -> None:
        self._facts -= len(record.facts) if record is not None else 0


class Recall:
    """What one transaction reads of runs, by what is remembered of them; :meth:`keep` it after its end."""

    def __init__(self, memory: RunMemory | None = None) -> None:
        self._memory = memory
        self._read: dict[RunId, RunRecord] = {}
        self._written: dict[RunId, list[tuple[int, Observation]]] = {}

    def known(self, run_id: RunId) -> RunRecord | None:
        """The record as it was at some time: what is in it stands for ever, more may have come."""
        remembered = self._memory.recall(run_id) if self._memory is not None else None
        return self._read.get(run_id, remembered)

    def wrote(self, placed: Iterable[tuple[int, Observation]]) -> None:
        """This transaction has added these facts, each at its place in the log."""
        for srv, fact in placed:
            self._written.setdefault(fact.run_id, []).append((srv, fact))

    def record(self, tx: Transaction, run_id: RunId, mark: Mark | None = None) -> RunRecord:
        """The run as it stands just now; raises NotFound. ``mark`` is its mark where somebody has asked."""
        mark = mark or log_marks(tx, (run_id,)).get(run_id)
        if mark is None:
            raise NotFound("no_such_run", run_id=run_id)
        known = self.known(run_id)
        same = known is not None and known.mark.plan == mark.plan
        record = RunRecord(
            mark=mark,
            plan=known.plan if known is not None and same else run_store.load_run_plan(tx, run_id),
            facts=self._facts(tx, run_id, known, mark),
            decisions=self._decisions(tx, run_id, known, mark),
        )
        self._read[run_id] = record
        return record

    def keep(self) -> None:
        """What was read is remembered: the transaction has ended well."""
        if self._memory is not None:
            self._memory.keep(self._read.values())

    def _facts(
        self, tx: Transaction, run_id: RunId, known: RunRecord | None, mark: Mark
    ) -> tuple[Observation, ...]:
        """The facts of the mark: those known, with those just written or added since; else all of them."""
        had = known.facts if known is not None else ()
        after = known.mark.last_srv if known is not None else 0
        written = (fact for srv, fact in self._written.get(run_id, ()) if after < srv <= mark.last_srv)
        for added in (lambda: (), lambda: written, lambda: _between(tx, run_id, after, mark.last_srv)):
            facts = (*had, *added())
            if _fits(facts, mark):
                return facts
        return _between(tx, run_id, 0, mark.last_srv)

    def _decisions(
        self, tx: Transaction, run_id: RunId, known: RunRecord | None, mark: Mark
    ) -> tuple[Decision, ...]:
        if known is not None and (known.mark.decisions, known.mark.last_number) == (
            mark.decisions,
            mark.last_number,
        ):
            return known.decisions
        return event_store.load_decisions(tx, run_id) if mark.decisions else ()


def _between(tx: Transaction, run_id: RunId, after: int, upto: int) -> tuple[Observation, ...]:
    return event_store.load_observations(tx, run_id, after=after, upto=upto)


def _fits(facts: tuple[Observation, ...], mark: Mark) -> bool:
    return len(facts) == mark.facts and (not facts or facts[-1].digest == mark.last_digest)
