"""How often a trip changed its vehicle: twice the office may by itself, the third time needs two people."""

from typing import Final

from busops.domain.events import FindingSettled
from busops.domain.findings import Finding, Severity
from busops.domain.run import Phase
from busops.domain.values import RunId
from busops.storage import event_store, run_store
from busops.storage.database import Transaction

FREELY: Final = 2
THIRD_SWAP: Final = "third_swap"


def swap_gate(tx: Transaction, run_id: RunId) -> Finding | None:
    """
    The gate before another change of vehicle, or None while there were fewer or when two people opened it.

    A trip that changed its vehicle is a cancelled run and a new one with the same riders on the same way.
    """
    plan = run_store.load_run_plan(tx, run_id)
    riders = frozenset(plan.riders)
    swaps = sum(
        riders == frozenset(run_store.load_run_plan(tx, run.run_id).riders)
        for run in run_store.list_runs(tx, plan.on)
        if run.phase is Phase.CANCELLED and run.direction is plan.direction and run.run_id != run_id
    )
    if swaps < FREELY or not riders:
        return None
    facts = {"plate": plan.plate, "count": swaps}
    gate = Finding(code=THIRD_SWAP, severity=Severity.GATE, place=run_id, facts=facts)
    settled = (each for each in event_store.load_decisions(tx, run_id) if isinstance(each, FindingSettled))
    is_open = any(each.finding_key == gate.key and each.second not in (None, each.by) for each in settled)
    return None if is_open else gate
