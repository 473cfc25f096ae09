"""
What waits apart, as the office looks at it: what was sent, by which tablet, why, and where it may belong.

Reading only; what people decide about it is ``quarantine.py``'s.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import TypeAlias

from busops.domain.events import Observation
from busops.domain.kept_apart import ADMISSIBLE, Candidate, LikelyRun, likely_runs
from busops.domain.run import Phase
from busops.domain.values import SCHOOL_TIME, Plate, RunId
from busops.services.quarantine import sent_event
from busops.storage import device_log_store, device_store, event_store, other_runs, run_store
from busops.storage.database import Database, Transaction
from busops.storage.device_store import Device
from busops.storage.event_store import Quarantined

Days: TypeAlias = dict[date, tuple[Candidate, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One thing kept apart: what it says, where it can be read, and whether people may take it in."""

    kept: Quarantined
    event: Observation | None
    received_at: datetime

    @property
    def is_admissible(self) -> bool:
        """Whether two people may take it in as a fact of some run."""
        return self.event is not None and self.kept.why in ADMISSIBLE and self.kept.event_id is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heap:
    """What one tablet sent under the name of one run and waits, in its order; the runs it may belong to."""

    dev: int | None
    device: Device | None
    plate: Plate | None
    told_run_id: RunId | None
    told_name: str | None  # None where the school knows no such run
    waiting: tuple[Waiting, ...]
    likely: tuple[LikelyRun, ...]
    names: Mapping[RunId, str]

    @property
    def heap_id(self) -> str:
        """A word for this heap on the page."""
        return self.waiting[0].kept.quarantine_id

    @property
    def may_be_taken_in(self) -> bool:
        """Whether any of it may become a fact."""
        return any(each.is_admissible for each in self.waiting)


def waiting_count(database: Database) -> int:
    """How many things wait apart."""
    with database.reading() as tx:
        return len(event_store.load_quarantine(tx))


def waiting_heaps(database: Database) -> tuple[Heap, ...]:
    """Everything that waits apart, by tablet and by the run it names."""
    with database.reading() as tx:
        found = [_waiting(kept) for kept in event_store.load_quarantine(tx)]
        devices = {device.dev: device for device in device_store.load_devices(tx)}
        plates = device_log_store.last_plates(tx)
        days: Days = {}
        heaps = []
        for (dev, told), each in groupby(sorted(found, key=_place), key=lambda each: _place(each)[:2]):
            items = tuple(each)
            candidates = tuple(_candidates(tx, items, days))
            likely = likely_runs([item.event for item in items if item.event is not None], candidates)
            run_ids = {run.run_id for run in candidates} | ({RunId(told)} if told else set())
            names = other_runs.run_names(tx, run_ids)
            device = devices.get(dev)
            heaps.append(
                Heap(
                    dev=dev or None,
                    device=device,
                    plate=(device.plate if device else None) or plates.get(dev),
                    told_run_id=RunId(told) if told else None,
                    told_name=names.get(RunId(told)),
                    waiting=items,
                    likely=likely,
                    names=names,
                )
            )
    return tuple(heaps)


def _waiting(kept: Quarantined) -> Waiting:
    return Waiting(
        kept=kept, event=sent_event(kept), received_at=datetime.fromtimestamp(kept.received_ms / 1000, UTC)
    )


def _place(each: Waiting) -> tuple[int, str, int, int]:
    return each.kept.dev or 0, each.kept.run_id or "", each.kept.seq or 0, each.kept.received_ms


def _candidates(tx: Transaction, items: Iterable[Waiting], days: Days) -> Iterator[Candidate]:
    """The runs of the days on which it was recorded or came in, but for those that do not take place."""
    moments = {each.received_at for each in items}
    moments |= {datetime.fromtimestamp(e.event.at_ms / 1000, UTC) for e in items if e.event is not None}
    for on in sorted({moment.astimezone(SCHOOL_TIME).date() for moment in moments}):
        if on not in days:
            days[on] = tuple(_runs_of(tx, on))
        yield from days[on]


def _runs_of(tx: Transaction, on: date) -> Iterator[Candidate]:
    for run in run_store.list_runs(tx, on):
        if run.phase is not Phase.CANCELLED:
            plan = run_store.load_run_plan(tx, run.run_id)
            yield Candidate(
                run_id=run.run_id,
                departs_at=plan.departs_at,
                arrives_at=plan.arrives_at,
                rider_ids=frozenset(plan.riders),
                crew_ids=frozenset({plan.driver_id, *plan.attendant_ids}),
                devices=plan.devices,
            )
