"""
The safety policy: seen by the office, changed by the responsible within what is allowed, with a reason.
"""

from dataclasses import asdict

from busops.domain.errors import Conflict, InvalidInput
from busops.domain.safety_policy import SafetyPolicy, policy_faults
from busops.domain.values import Clock
from busops.services.acting import By, record_act, user_of
from busops.storage import safety_policy_store
from busops.storage.database import Database
from busops.storage.safety_policy_store import PolicyChange


def policy_of(database: Database) -> SafetyPolicy:
    """The policy that holds."""
    with database.reading() as tx:
        return safety_policy_store.load_policy(tx)


def changes_of(database: Database) -> tuple[PolicyChange, ...]:
    """Every policy there was, the newest first."""
    with database.reading() as tx:
        return safety_policy_store.load_changes(tx)


def change_policy(database: Database, policy: SafetyPolicy, *, reason: str, by: By, clock: Clock) -> None:
    """
    The policy holds from now on, in the audit with every clock that changed.

    Raises InvalidInput without a reason or with every clock out of its bounds, Conflict when
    nothing would change.
    """
    if not reason.strip():
        raise InvalidInput("reason_needed")
    if faults := policy_faults(policy):
        raise InvalidInput("safety_policy_faults", findings=faults)
    with database.transaction() as tx:
        before = safety_policy_store.load_policy(tx)
        if policy == before:
            raise Conflict("safety_policy_same")
        changes = safety_policy_store.load_changes(tx)
        change = PolicyChange(
            number=1 + (changes[0].number if changes else 0),
            policy=policy,
            reason=reason.strip(),
            made_by=user_of(by),
            made_at=clock.now(),
        )
        safety_policy_store.insert_change(tx, change)
        was, now = asdict(before), asdict(policy)
        changed = [f"{name} {was[name]} → {now[name]}" for name in now if was[name] != now[name]]
        facts = {"reason": reason.strip(), "clocks": changed}
        record_act(tx, by, "safety_policy_changed", str(change.number), facts=facts, clock=clock)
