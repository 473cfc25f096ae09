"""
The cheapest plan of a small model by trying everything, group by group; it shares no code with the search.
"""

from itertools import permutations

from busops.planner.model import Model

NEVER = 10**15


def trip_fen(model: Model, kind: int, nodes: tuple[int, ...]) -> int:
    """The least cost in fen of one trip of ``kind`` to exactly these nodes, or NEVER."""
    vehicle, best = model.kinds[kind], NEVER
    ranks = model.ranks[vehicle.course]
    if sum(model.load[node] for node in nodes) > vehicle.capacity or len(nodes) > model.max_stops:
        return NEVER
    for order in permutations(nodes):
        if ranks is not None:
            places = [ranks[node] for node in order]
            if min(places) < 0 or places != sorted(places):
                continue
        now = metres = last = 0
        for node in order:
            now += model.way_s[last][node]
            metres += model.way_m[last][node]
            last = node
            if now > model.late_s[node]:
                break
        else:
            metres += model.way_m[last][0]
            best = min(best, (vehicle.fixed + vehicle.per_m * metres + 500) // 1000)
    return best


def best_of_groups(model: Model) -> int:
    """The least cost in fen of serving every node once, or NEVER."""
    everyone = (1 << model.size) - 1
    table = {(0, model.trips_of_group): 0}
    for first in range(1, model.size + 1):
        grown: dict[tuple[int, tuple[int, ...]], int] = {}
        for (served, stock), cost in table.items():
            if served >> (first - 1) & 1:
                keep = (served, stock)
                grown[keep] = min(grown.get(keep, NEVER), cost)
                continue
            free = [node for node in range(first + 1, model.size + 1) if not served >> (node - 1) & 1]
            for pick in range(1 << len(free)):
                nodes = (first, *(node for at, node in enumerate(free) if pick >> at & 1))
                for kind, vehicle in enumerate(model.kinds):
                    if stock[vehicle.group] and (more := trip_fen(model, kind, nodes)) < NEVER:
                        left = tuple(count - (group == vehicle.group) for group, count in enumerate(stock))
                        key = served | sum(1 << (node - 1) for node in nodes), left
                        grown[key] = min(grown.get(key, NEVER), cost + more)
        table = grown
    return min((cost for (served, _stock), cost in table.items() if served == everyone), default=NEVER)
