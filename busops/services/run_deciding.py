"""
How a decision on a run gets into its log, the same for every act of the office.

What may be decided, and why not, is told by ``run_acts`` and ``run_changes``.
"""

from typing import Any

from busops.domain.errors import InvalidInput, Refused
from busops.domain.events import Decision, DeviceReleased, FindingSettled, Resolved
from busops.domain.people import Actor
from busops.domain.values import Clock, Ids, RunId
from busops.services.acting import By, record_act, user_of
from busops.services.run_state import facts_arrived
from busops.storage import device_log_store, event_store, run_store
from busops.storage.database import Transaction


def decide(
    tx: Transaction,
    kind: type[Decision],
    run_id: RunId,
    *,
    by: By,
    reason: str,
    clock: Clock,
    ids: Ids,
    second: By = None,
    **own: Any,
) -> None:
    """The decision stands in the log and in the audit, and the run's projection follows."""
    if kind in (Resolved, DeviceReleased, FindingSettled):
        need_two(by, second)
    event_store.decide(
        tx,
        kind(
            decision_id=ids.new(),
            run_id=run_id,
            made_ms=round(clock.now().timestamp() * 1000),
            by=user_of(by),
            second=user_of(second) or None,
            reason=reason,
            **own,
        ),
    )
    facts_arrived(tx, run_id, clock=clock, ids=ids)
    facts = {"reason": reason, "second": user_of(second)}
    record_act(tx, by, f"run_{kind.kind}", run_id, facts=facts, clock=clock)


def lock(tx: Transaction, run_id: RunId) -> None:
    """Nothing about the run changes but by this transaction, until it ends."""
    run_store.lock_runs(tx, [run_id])


def need_text(text: str) -> None:
    """Raises InvalidInput when nothing is written."""
    if not text.strip():
        raise InvalidInput("reason_needed")


def need_two(by: By, second: By) -> None:
    """Raises Refused unless they are two different people."""
    if not user_of(by) or not user_of(second) or user_of(by) == user_of(second):
        raise Refused("two_people_needed", by=user_of(by))


def need_third(tx: Transaction, run_id: RunId, third: By, *, others: tuple[By, By]) -> None:
    """Raises Refused unless the third person is neither of the two nor ever was of the run's crew."""
    names = {user_of(third)} | ({str(third.crew_id)} if isinstance(third, Actor) and third.crew_id else set())
    if not user_of(third) or names & {user_of(each) for each in others}:
        raise Refused("third_person_needed")
    if of_crew := names & device_log_store.crew_ever(tx, run_id):
        raise Refused("third_person_of_crew", crew_id=min(of_crew))
