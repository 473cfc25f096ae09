"""
The rules that people set for a plan: siblings together, riders apart, stops of certain vehicles, kept trips.

Plain values; nothing here knows riders, vehicles or the solver. They are checked in ``faults.py``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTrip:
    """
    A trip of an earlier plan that stays as it is: vehicle, wave, halts in driving order, riders.

    A rider who does not ride any more (or not from that stop) is simply not on it; a halt that has
    lost all its riders is not driven to, and a trip that has lost all its halts is not driven.
    ``depart_s`` is its time 0 in the earlier plan: it leaves no sooner than then.
    """

    plate: str
    wave: int
    halts: tuple[tuple[str, tuple[str, ...]], ...]
    depart_s: int = 0

    def still(self, stops_of: Mapping[str, Sequence[str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The halts with those who still ride from there; ``stops_of`` has the stops of whoever rides."""
        halts = (
            (stop_id, tuple(rider for rider in rider_ids if stop_id in stops_of.get(rider, ())))
            for stop_id, rider_ids in self.halts
        )
        return tuple(halt for halt in halts if halt[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """
    ``together``: riders of one set are never on different trips; who is left over is told so, and
    the others keep their seats (also where they sit on a kept trip, which nobody else boards).
    ``apart``: the riders of one set share no trip. ``only_by``: at the stop only these vehicles may
    halt. ``kept``: trips that stay.
    """

    together: tuple[frozenset[str], ...] = ()
    apart: tuple[frozenset[str], ...] = ()
    only_by: Mapping[str, frozenset[str]] = field(default_factory=dict)
    kept: tuple[KeptTrip, ...] = ()

    @property
    def riders(self) -> frozenset[str]:
        """Everybody whom a rule about riders names."""
        return frozenset().union(*self.together, *self.apart)

    def among(self, rider_ids: Iterable[str]) -> "Rules":
        """What these rules still say when only these riders are looked at; kept trips fall away."""
        left = frozenset(rider_ids)
        return Rules(
            together=tuple(group & left for group in self.together if len(group & left) > 1),
            apart=tuple(group & left for group in self.apart if len(group & left) > 1),
            only_by=self.only_by,
        )


NO_RULES: Final = Rules()


def chains(together: Sequence[frozenset[str]]) -> tuple[frozenset[str], ...]:
    """The sets joined where they share a rider: who must ride with whom in the end; in a fixed order."""
    chain_of: dict[str, set[str]] = {}
    for group in together:
        touching = {id(chain_of[rider]): chain_of[rider] for rider in group if rider in chain_of}
        chain = set(group).union(*touching.values())
        chain_of.update(dict.fromkeys(chain, chain))
    distinct = {id(chain): frozenset(chain) for chain in chain_of.values()}
    return tuple(sorted(distinct.values(), key=sorted))
