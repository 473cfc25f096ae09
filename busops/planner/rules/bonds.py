"""
Who cannot be parted and who must be, as the making of groups needs it.

A *bundle* is the smallest group that a bus takes as a whole: a rider alone, or riders of one stop
whom the rules keep together.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from busops.planner.rules.rules import Rules, chains


class Bonds:
    """The rules about riders, looked up by rider."""

    def __init__(self, rules: Rules) -> None:
        self.chains = chains(rules.together)
        self.chain_of = {
            rider_id: number for number, chain in enumerate(self.chains) for rider_id in sorted(chain)
        }
        self.foes: dict[str, set[str]] = {}
        for group in rules.apart:
            for first, second in combinations(sorted(group), 2):
                self.foes.setdefault(first, set()).add(second)
                self.foes.setdefault(second, set()).add(first)

    def __bool__(self) -> bool:
        return bool(self.chains or self.foes)

    def bundles(self, rider_ids: Iterable[str]) -> list[tuple[str, ...]]:
        """The riders of one stop in their order, those of one chain behind the first of them."""
        found: dict[str | int, list[str]] = {}
        for rider_id in rider_ids:
            found.setdefault(self.chain_of.get(rider_id, rider_id), []).append(rider_id)
        return [tuple(bundle) for bundle in found.values()]

    def groups(
        self, rider_ids: Sequence[str], seats: int, stop_of: Mapping[str, str]
    ) -> tuple[tuple[str, ...], ...]:
        """
        The riders of a stop in groups: full buses and a rest; whom a rule parts from somebody, or ties
        to somebody of another stop, is in a group of his own bundle. ``stop_of`` has whoever rides.
        """
        plain: list[str] = []
        alone: list[tuple[str, ...]] = []
        for bundle in self.bundles(rider_ids):
            if any(self._is_tied(rider_id, stop_of) for rider_id in bundle):
                alone.append(bundle)
            else:
                plain += bundle
        return (*self.parts(plain, seats), *alone)

    def _is_tied(self, rider_id: str, stop_of: Mapping[str, str]) -> bool:
        if any(foe in stop_of for foe in self.foes.get(rider_id, ())):
            return True
        chain = self.chains[self.chain_of[rider_id]] if rider_id in self.chain_of else ()
        return any(stop_of.get(mate, stop_of[rider_id]) != stop_of[rider_id] for mate in chain)

    def parts(self, rider_ids: Sequence[str], seats: int) -> tuple[tuple[str, ...], ...]:
        """The riders in their order, cut into full buses and the rest; a bundle is never cut."""
        parts: list[list[str]] = []
        for bundle in self.bundles(rider_ids):
            for part in parts:
                if len(part) + len(bundle) <= seats:
                    part.extend(bundle)
                    break
            else:
                parts.append([*bundle])
        return tuple(tuple(part) for part in parts)

    def cut(self, rider_ids: Sequence[str], seats: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """As many whole bundles as the seats hold, and those who are left."""
        taken: list[str] = []
        left: list[str] = []
        for bundle in self.bundles(rider_ids):
            (taken if len(taken) + len(bundle) <= seats else left).extend(bundle)
        return tuple(taken), tuple(left)

    def may_ride(self, rider_id: str, aboard: Iterable[str], elsewhere: Iterable[str]) -> bool:
        """True when no rule keeps him from a trip with those ``aboard`` while others ride ``elsewhere``."""
        foes = self.foes.get(rider_id)
        if foes and not foes.isdisjoint(aboard):
            return False
        if rider_id not in self.chain_of:
            return True
        return self.chains[self.chain_of[rider_id]].isdisjoint(elsewhere)
