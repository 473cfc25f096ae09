"""
Into whose hands a rider is given at his stop.

Alighting is not being handed over: they are two facts, and a rider for whom somebody must be there
is waited for until the second one. The way back is into the bus. Who may come stands in the
register; a record names him by his number with the rider, never by his name.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from busops.domain.events import Alighted, HandedOver, MovedOut, Observation
from busops.domain.values import CAMPUS, Direction, RiderId
from busops.domain.whereabouts import RiderAccount, RiderState

_PERSON: Final = re.compile(r"person:([1-9][0-9]{0,5})")


class HandedBy(StrEnum):
    """How a rider was handed over; the word that a hand-over carries among its codes."""

    LISTED = "listed"  # to somebody of his list; `person:<no>` beside it says to whom
    CODE = "code"  # to whoever knew the one-time code of this run
    NONE = "none"  # nobody was there: he was not handed over


def person_no(event: HandedOver) -> int | None:
    """The number, with this rider, of the person to whom he was given; None where nobody is named."""
    return min((int(match[1]) for code in event.codes if (match := _PERSON.fullmatch(code))), default=None)


def waiting(
    direction: Direction,
    accounts: Mapping[RiderId, RiderAccount],
    facts: Collection[Observation],
    handed: Iterable[RiderId],
) -> Iterator[tuple[Alighted, bool]]:
    """
    The last alighting of every rider who is still to be handed over, and whether nobody is there.

    Only on the way home, and not at the school. A hand-over counts unless it was certainly before
    the alighting; one of before modes were told counts too.
    """
    if direction is not Direction.HOMEWARD:
        return
    told = [fact for fact in facts if isinstance(fact, HandedOver)]
    for rider_id in sorted(handed):
        account = accounts.get(rider_id)
        if account is None or account.state is not RiderState.OFF or account.resolved is not None:
            continue
        last = max(account.alights, key=lambda each: (each.at_ms, each.dev, each.seq), default=None)
        if last is None or last.stop_id == CAMPUS or isinstance(last, MovedOut):  # the other bus has him
            continue
        since = [each for each in told if each.rider_id == rider_id and not _precedes(each, last)]
        if all(HandedBy.NONE in each.codes for each in since):
            yield last, bool(since)


def _precedes(first: Observation, then: Observation) -> bool:
    return first.seq < then.seq if first.dev == then.dev else first.hi_ms < then.lo_ms
