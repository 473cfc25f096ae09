"""
Facts that come after a close: what each of them is, told by the run before and after it.

What may put somebody aboard, or found somebody, opens the run: that is decided elsewhere, twice,
and not weakened here. Of the rest the record is amended only where it says something else now.
"""

from enum import StrEnum

from busops.domain.events import Alighted, Checked, HeadCounted, MovedOut, Observation, Voided
from busops.domain.incidents import OPENED_BY
from busops.domain.run import RunState
from busops.domain.values import RiderId


class Late(StrEnum):
    """What a late fact does to a closed run (domain §5.8); a duplicate never gets so far."""

    CONSISTENT = "consistent"  # kept, and the closure says the same as before
    AMENDS = "amends"  # the record says something else: an addendum that two people sign
    INCIDENT = "incident"  # something that nobody may let pass is alleged; the closure stands
    OPENS = "opens"  # somebody may be aboard


def classify(event: Observation, before: RunState, after: RunState) -> Late:
    """What ``event`` does to the run that was ``before`` and is ``after``."""
    if after.aboard or _found_somebody(event) or _is_off_stop(event, after):
        return Late.OPENS
    if _incidents(after) - _incidents(before):
        return Late.INCIDENT
    if isinstance(event, Voided) or _record(before) != _record(after):
        return Late.AMENDS  # what was taken back too late counts no more, but somebody meant it
    return Late.CONSISTENT


def _found_somebody(event: Observation) -> bool:
    return isinstance(event, Checked | HeadCounted) and event.n > 0


def _is_off_stop(event: Observation, state: RunState) -> bool:
    if isinstance(event, MovedOut):  # into another bus, wherever this one stands
        return False
    return isinstance(event, Alighted) and event.stop_id not in state.plan.lawful_stops


def _incidents(state: RunState) -> frozenset[str]:
    return frozenset(each.key for each in state.findings if each.code in OPENED_BY)


def _record(state: RunState) -> dict[RiderId, tuple[object, ...]]:
    """What money and guardians rest on: who rode, why not, and at which stops."""
    return {
        rider_id: (
            account.rode,
            account.reason,
            frozenset(mark.stop_id for mark in account.boards),
            frozenset(mark.stop_id for mark in account.alights),
        )
        for rider_id, account in state.accounts.items()
    }
