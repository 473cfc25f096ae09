"""
Ways: how a sum can be exactly what certain riders owe.

Sums only, in fen. Whether a way is taken is ``matching.py``'s and ``candidates.py``'s.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import TypeAlias

from busops.domain.values import RiderId
from busops.finance.payers import MAX_SIBLINGS, OpenCharge, PayerBook

Way: TypeAlias = tuple[OpenCharge, ...]


def exact_ways(
    rider_ids: Iterable[RiderId], fen: int, book: PayerBook, unit_key: str | None = None
) -> list[Way]:
    """
    Every way in which a sum is exactly what these riders owe, the likeliest first.

    Of one rider: one charge, the oldest first, else some in a row. Of several, each of whom must
    owe something: all that they owe, the same unit of each, or the oldest of each.
    """
    riders = tuple(rider_ids)
    if len(riders) == 1:
        wanted = [item for item in book.open_of(riders[0]) if unit_key in {None, item.unit_key}]
        return [tuple(group) for group in _runs(wanted, fen)]
    items = {rider_id: book.open_of(rider_id) for rider_id in riders}
    if not all(items.values()):
        return []
    groups = [[item for rider_id in riders for item in items[rider_id]]]
    for unit in dict.fromkeys(item.unit_key for item in items[riders[0]]):
        of_unit = [item for rider_id in riders for item in items[rider_id] if item.unit_key == unit]
        groups += [of_unit] if len(of_unit) == len(riders) else []
    groups.append([items[rider_id][0] for rider_id in riders])
    fitting = [tuple(group) for group in groups if sum(item.open_fen for item in group) == fen]
    return list(dict.fromkeys(fitting))


def _runs(items: Sequence[OpenCharge], fen: int) -> list[Sequence[OpenCharge]]:
    """The runs of charges in a row that come to a sum: the shortest first, then the oldest."""
    runs = []
    for start in range(len(items)):
        total = 0
        for end in range(start, len(items)):
            total += items[end].open_fen
            if total == fen:
                runs.append(items[start : end + 1])
            if total >= fen:
                break
    return sorted(runs, key=len)


def family_ways(rider_id: RiderId, fen: int, book: PayerBook) -> Iterator[Way]:
    """How two to four children of one guardian, this one too, owe just a sum; the fewest first (T5)."""
    first, *others = book.siblings_of(rider_id)
    others = [other for other in others if book.open_sum(other) > 0]
    for count in range(1, MAX_SIBLINGS):
        for group in combinations(others, count):
            yield from exact_ways(sorted((first, *group)), fen, book)[:1]
