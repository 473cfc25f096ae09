"""
Assignment: of many claims on the same things the best that fit together, whatever order they come in.

Each claimant has options; an option takes some things and has a worth; nothing is taken twice.
Claimants that share no thing are solved apart. Where every option takes one thing the optimum is
found by shortest augmenting paths with potentials (Kuhn 1955; Jonker and Volgenant 1987), else by
dynamic programming over what is taken. A component too large for that gives its options of several
things in order of worth and the rest exactly; :data:`MAX_STATES` is far beyond any family.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
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
    for options in claimants:
        best: dict[int, int] = {}
        for number, option in enumerate(options):
            column = things[next(iter(option.takes))]
            if column not in best or option.worth > options[best[column]].worth:
                best[column] = number
        number_of.append(best)
    rows, columns = len(claimants), len(things) + len(claimants)  # a column of its own for staying without
    cost = [[1] * columns for _ in range(rows)]
    for row, best in enumerate(number_of):
        for column in range(columns):
            if column in best:
                cost[row][column] = -claimants[row][best[column]].worth
            elif column == len(things) + row:
                cost[row][column] = 0
    columns_of = _augmented(cost)
    return [number_of[row].get(column) for row, column in enumerate(columns_of)]


def _augmented(cost: Sequence[Sequence[int]]) -> list[int]:
    """For each row its column, at the least cost in all; there are at least as many columns as rows."""
    rows, columns = len(cost), len(cost[0]) if cost else 0
    prices = _Prices([0] * (rows + 1), [0] * (columns + 1))
    row_at = [0] * (columns + 1)  # by column, from 1; column 0 is where the row to be placed stands
    for row in range(1, rows + 1):
        row_at[0] = row
        column, way = _shortest(cost, row_at, prices)
        while column:
            row_at[column], column = row_at[way[column]], way[column]
    found = [0] * rows
    for at in range(1, columns + 1):
        if row_at[at]:
            found[row_at[at] - 1] = at - 1
    return found


@dataclass(frozen=True, slots=True)
class _Prices:
    """The potentials of rows and columns, both from 1."""

    rows: list[int]
    columns: list[int]


def _shortest(cost: Sequence[Sequence[int]], row_at: list[int], prices: _Prices) -> tuple[int, list[int]]:
    """The free column at the end of the cheapest path from column 0, and each column's one before."""
    columns = len(row_at)
    way = [0] * columns
    least: dict[int, int] = {}
    reached, column = [0], 0
    left = set(range(1, columns))
    while row_at[column]:
        here = row_at[column]
        base = prices.rows[here]
        for at in left:
            reduced = cost[here - 1][at - 1] - base - prices.columns[at]
            if at not in least or reduced < least[at]:
                least[at], way[at] = reduced, column
        following = min(left, key=lambda at: (least[at], at))
        step = least[following]
        for at in reached:
            prices.rows[row_at[at]] += step
            prices.columns[at] -= step
        for at in left:
            least[at] -= step
        left.remove(following)
        reached.append(following)
        column = following
    return column, way


def _things(claimants: Sequence[Sequence[Option]]) -> list[Hashable]:
    """Every thing that somebody wants, in the order in which it is first wanted."""
    seen: dict[Hashable, None] = {}
    for options in claimants:
        for option in options:
            for thing in sorted(option.takes, key=repr):
                seen[thing] = None
    return list(seen)
