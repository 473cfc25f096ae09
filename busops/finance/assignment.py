"""
Assignment: of many claims on the same things the best that fit together, whatever order they come in.

Each claimant has options; an option takes some things and has a worth; nothing is taken twice.
Claimants that share no thing are solved apart. Where every option takes one thing the optimum is
found by shortest augmenting paths with potentials (Kuhn 1955; Jonker and Volgenant 1987), else by
dynamic programming over what is taken. A component too large for that gives its options of several
things in order of worth and the rest exactly; :data:`MAX_STATES` is far beyond any family.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

MAX_STATES: Final = 1_000
_NONE: Final = -1


@dataclass(frozen=True, slots=True)
class Option:
    """What a claimant would take and what that is worth (a positive whole number)."""

    takes: frozenset[Hashable]
    worth: int


def assign(claimants: Sequence[Sequence[Option]]) -> tuple[int | None, ...]:
    """
    For each claimant the number of the option that it gets, or None: the highest worth in all.

    Among equals the claimants and options that stand first are preferred, so callers sort them.
    """
    chosen: list[int | None] = [None] * len(claimants)
    for component in _components(claimants):
        options = [claimants[at] for at in component]
        for at, option in zip(component, _solve(options), strict=True):
            chosen[at] = option
    return tuple(chosen)


def _components(claimants: Sequence[Sequence[Option]]) -> list[list[int]]:
    """The claimants that are joined by things they both want, each group in order."""
    root = list(range(len(claimants)))

    def find(at: int) -> int:
        while root[at] != at:
            root[at] = root[root[at]]
            at = root[at]
        return at

    first: dict[Hashable, int] = {}
    for at, options in enumerate(claimants):
        for option in options:
            for thing in option.takes:
                one, other = find(first.setdefault(thing, at)), find(at)
                root[max(one, other)] = min(one, other)
    groups: dict[int, list[int]] = {}
    for at, options in enumerate(claimants):
        if options:
            groups.setdefault(find(at), []).append(at)
    return list(groups.values())


def _solve(claimants: Sequence[Sequence[Option]]) -> list[int | None]:
    if len(claimants) == 1:
        options = claimants[0]
        return [max(range(len(options)), key=lambda number: (options[number].worth, -number))]
    if all(len(option.takes) == 1 for options in claimants for option in options):
        return _in_order(claimants) or _one_to_one(claimants)
    exact = _by_states(claimants)
    return exact if exact is not None else _large_first(claimants)


def _in_order(claimants: Sequence[Sequence[Option]]) -> list[int | None] | None:
    """
    The optimum where all want the same things and differ only in worth by a constant each; else None.

    The worthiest claimants then get the worthiest things, whoever gets which.
    """
    first = claimants[0]
    for options in claimants[1:]:
        if len(options) != len(first):
            return None
        apart = options[0].worth - first[0].worth
        for one, other in zip(options, first, strict=True):
            if one.takes != other.takes or one.worth - other.worth != apart:
                return None
    if len({option.takes for option in first}) < len(first):
        return None
    chosen: list[int | None] = [None] * len(claimants)
    served = sorted(range(len(claimants)), key=lambda at: -claimants[at][0].worth)[: len(first)]
    best = sorted(range(len(first)), key=lambda number: -first[number].worth)
    for at, number in zip(sorted(served), best, strict=False):
        chosen[at] = number
    return chosen


def _by_states(claimants: Sequence[Sequence[Option]]) -> list[int | None] | None:
    """The optimum over the sets of things taken; None where there are too many of them."""
    things = {thing: at for at, thing in enumerate(_things(claimants))}
    masks = [[sum(1 << things[thing] for thing in option.takes) for option in one] for one in claimants]
    layers: list[dict[int, tuple[int, int, int]]] = [{0: (0, _NONE, 0)}]
    states = 0
    for options, wanted in zip(claimants, masks, strict=True):
        layer: dict[int, tuple[int, int, int]] = {}
        for taken, (worth, _, _) in layers[-1].items():
            for number, mask in (*enumerate(wanted), (_NONE, 0)):
                if taken & mask:
                    continue
                total = worth + (options[number].worth if number >= 0 else 0)
                before = layer.get(taken | mask)
                if before is None or total > before[0]:
                    layer[taken | mask] = (total, number, taken)
        states += len(layer)
        if states > MAX_STATES:
            return None
        layers.append(layer)
    best = max(layers[-1], key=lambda taken: (layers[-1][taken][0], -taken))
    picked: list[int | None] = []
    for layer in reversed(layers[1:]):
        _, number, best = layer[best]
        picked.append(None if number == _NONE else number)
    return picked[::-1]


def _large_first(claimants: Sequence[Sequence[Option]]) -> list[int | None]:
    """Options of several things by worth while they fit, then the optimum of the options of one thing."""
    chosen: list[int | None] = [None] * len(claimants)
    taken: set[Hashable] = set()
    wide = [
        (-option.worth, at, number)
        for at, options in enumerate(claimants)
        for number, option in enumerate(options)
        if len(option.takes) > 1
    ]
    for _, at, number in sorted(wide):
        takes = claimants[at][number].takes
        if chosen[at] is None and not takes & taken:
            chosen[at] = number
            taken |= takes
    left = [at for at in range(len(claimants)) if chosen[at] is None]
    kept = [
        [
            number
            for number, option in enumerate(claimants[at])
            if len(option.takes) == 1 and not option.takes & taken
        ]
        for at in left
    ]
    singles = [[claimants[at][number] for number in numbers] for at, numbers in zip(left, kept, strict=True)]
    for at, numbers, best in zip(left, kept, _one_to_one(singles), strict=True):
        chosen[at] = None if best is None else numbers[best]
    return chosen


def _one_to_one(claimants: Sequence[Sequence[Option]]) -> list[int | None]:
    """The best pairing of claimants with single things; a claimant may stay without."""
    things = {thing: at for at, thing in enumerate(_things(claimants))}
    number_of: list[dict[int, int]] = []
    costs: list[dict[int, int]] = []
    for row, options in enumerate(claimants):
        best: dict[int, int] = {}
        for number, option in enumerate(options):
            (thing,) = option.takes
            column = things[thing]
            if column not in best or option.worth > options[best[column]].worth:
                best[column] = number
        number_of.append(best)
        cost = {column: -options[number].worth for column, number in best.items()}
        costs.append(cost | {len(things) + row: 0})  # a column of its own for staying without
    columns_of = _augmented(costs)
    return [number_of[row].get(column) for row, column in enumerate(columns_of)]


def _augmented(costs: Sequence[Mapping[int, int]]) -> list[int]:
    """For each row its column, at the least cost in all; each row has a column that no other row wants."""
    paired = _Paired([0] * len(costs), {}, {}, {})
    for row in range(len(costs)):
        _place(row, costs, paired)
    return [paired.column_of[row] for row in range(len(costs))]


@dataclass(frozen=True, slots=True)
class _Paired:
    """The potentials of rows and of columns (nought where none is told), and who stands with whom."""

    row_prices: list[int]
    column_prices: dict[int, int]
    row_at: dict[int, int]
    column_of: dict[int, int]


def _place(row: int, costs: Sequence[Mapping[int, int]], paired: _Paired) -> None:
    """One more row has a column, along the cheapest path of those that have one (Dijkstra)."""
    least: dict[int, int] = {}
    way: dict[int, int] = {}  # by column the row from which it was reached
    settled: dict[int, int] = {}
    ahead: list[tuple[int, int]] = []
    here, base = row, 0
    while True:
        reach = base - paired.row_prices[here]
        for column, cost in costs[here].items():
            reduced = reach + cost - paired.column_prices.get(column, 0)
            if column not in settled and (column not in least or reduced < least[column]):
                least[column], way[column] = reduced, here
                heappush(ahead, (reduced, column))
        base, at = heappop(ahead)
        while at in settled:
            base, at = heappop(ahead)
        settled[at] = base
        if at not in paired.row_at:
            break
        here = paired.row_at[at]
    paired.row_prices[row] += base
    for column, reduced in settled.items():
        if column != at:
            paired.row_prices[paired.row_at[column]] += base - reduced
            paired.column_prices[column] = paired.column_prices.get(column, 0) - (base - reduced)
    while True:
        mover = way[at]
        left = paired.column_of.get(mover)
        paired.row_at[at], paired.column_of[mover] = mover, at
        if left is None:
            return
        at = left


def _things(claimants: Sequence[Sequence[Option]]) -> list[Hashable]:
    """Every thing that somebody wants, in the order in which it is first wanted."""
    seen: dict[Hashable, None] = {}
    for options in claimants:
        for option in options:
            for thing in sorted(option.takes, key=repr):
                seen[thing] = None
    return list(seen)
