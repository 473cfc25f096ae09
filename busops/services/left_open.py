"""Runs that were left open at the end of their day: whom they block, until closed or freed by two people."""

from datetime import datetime

from busops.domain.events import FindingSettled, Reopened
from busops.domain.findings import Finding
from busops.domain.office_gates import LeftOpen
from busops.domain.values import RunId, school_date
from busops.storage import event_store, run_order_store
from busops.storage.database import Transaction


def left_open(tx: Transaction, now: datetime) -> tuple[LeftOpen, ...]:
    """The runs of earlier days that are not closed and that nobody has freed."""
    return tuple(each for each in _unclosed(tx, now) if not _is_freed(tx, each))


def gate_of(tx: Transaction, run_id: RunId, now: datetime) -> Finding | None:
    """The gate that the run is behind, or None when it is closed, its day goes on, or two freed it."""
    return next((each.gate for each in left_open(tx, now) if each.run_id == run_id), None)


def _unclosed(tx: Transaction, now: datetime) -> tuple[LeftOpen, ...]:
    found = run_order_store.unclosed_before(tx, school_date(now))
    return tuple(
        LeftOpen(run_id=run.run_id, on=run.on, plate=run.plate, crew=run.crew, turn=_turn(tx, run.run_id))
        for run in found
    )


def _turn(tx: Transaction, run_id: RunId) -> int:
    return sum(isinstance(each, Reopened) for each in event_store.load_decisions(tx, run_id))


def _is_freed(tx: Transaction, run: LeftOpen) -> bool:
    return any(
        isinstance(each, FindingSettled)
        and each.finding_key == run.gate.key
        and each.second not in (None, each.by)
        for each in event_store.load_decisions(tx, run.run_id)
    )
