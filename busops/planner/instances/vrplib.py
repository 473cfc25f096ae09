"""
Public routing files (CVRPLIB, VRPLIB): capacitated vehicles of one kind or many, one depot.

Source of the form: TSPLIB 95 (Reinelt), CVRPLIB, and the VRPLIB dialect that PyVRP documents for
heterogeneous fleets. A file of one kind of vehicle counts its distances in whole units, rounded to
nearest (Uchoa et al. 2017, Arnold et al. 2019); one with fixed or variable costs has distances that
are not rounded (Pessoa et al. 2018: its best known costs come out only so), kept here in thousandths.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from busops.domain.errors import InvalidInput
from busops.planner.instances.explicit import FORMATS, matrix_of
from busops.planner.instances.lines import Entry, Word, entries_of, expect_count, numbered_rows, text_of

_FIXED: Final = "VEHICLES_FIXED_COST"
_PER_UNIT: Final = "VEHICLES_UNIT_DISTANCE_COST"
_SECTION: Final = "_SECTION"
_TYPES: Final = frozenset({"CVRP", "HFVRP", "HVRP", "FSM", "FSMF", "FSMD", "FSMFD", "VRP"})
_EXPLICIT: Final = "EXPLICIT"
_WEIGHTS: Final = frozenset({"EUC_2D", "CEIL_2D", "FLOOR_2D", "EXACT_2D", _EXPLICIT})
_UNUSED: Final = frozenset(
    {"NAME", "COMMENT", "NODE_COORD_TYPE", "DISPLAY_DATA_TYPE", "DISPLAY_DATA_SECTION"}
)
_KNOWN: Final = _UNUSED | {
    "TYPE", "DIMENSION", "VEHICLES", "CAPACITY", "CAPACITY_SECTION", "EDGE_WEIGHT_TYPE",
    "EDGE_WEIGHT_FORMAT", "EDGE_WEIGHT_SECTION", "NODE_COORD_SECTION", "DEMAND_SECTION", "DEPOT_SECTION",
    _FIXED, _FIXED + _SECTION, _PER_UNIT, _PER_UNIT + _SECTION,
}  # fmt: skip
_FINE: Final = 1000  # parts of a unit of distance where distances are not rounded
_LEAST_UNIT_COST: Final = 10  # of a unit of such a distance: so rounding a trip to a fen loses nothing
_MOST_PLACES: Final = 6
_NO_MORE_DEPOTS: Final = "-1"

Distances = npt.NDArray[np.int64]


class Rounding(StrEnum):
    """What becomes of a Euclidean distance."""

    NEAREST = "nearest"  # the nearest whole unit, a half upwards
    UP = "up"
    DOWN = "down"
    THOUSANDTHS = "thousandths"  # the nearest thousandth: for files that do not round


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVehicle:
    """A vehicle of a file; costs in units of 1/``cost_scale`` of the file's own."""

    capacity: int
    fixed: int
    per_unit: int  # for one unit of the file's distance


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoutingInstance:
    """
    One file. Node 0 is the depot, the clients follow in the file's order.

    ``distance``: (n+1, n+1) in 1/``distance_scale`` of the file's unit; ``demand``: n+1, 0 at the depot.
    Where the file gives no number of vehicles there are as many as any plan can use with profit.
    """

    name: str
    distance: Distances
    distance_scale: int
    demand: tuple[int, ...]
    vehicles: tuple[FileVehicle, ...]
    cost_scale: int
    rounding: Rounding | None  # None: the file gives the distances itself


def read_instance(path: Path, *, rounding: Rounding | None = None) -> RoutingInstance:
    """The file at ``path``; InvalidInput names the line that is wrong and what was expected."""
    return instance_of(text_of(path), file=path.name, rounding=rounding)


def instance_of(text: str, *, file: str, rounding: Rounding | None = None) -> RoutingInstance:
    """The instance that ``text`` describes; ``rounding`` overrules what goes with its type."""
    entries = entries_of(text, file=file, known=_KNOWN)
    asked = _Asked(file, entries)
    size = asked.value("DIMENSION").integer(least=2)
    if "TYPE" in entries:
        asked.value("TYPE").one_of("TYPE", _TYPES)
    asked.depot()
    demand = asked.demand(size)
    rule = rounding or _rounding_of(asked)
    distance, scale = asked.distances(size, rule)
    vehicles, cost_scale = asked.vehicles(demand, is_fine=scale > 1)
    name = entries["NAME"].value if "NAME" in entries else None
    return RoutingInstance(
        name=name.text if name else file.rpartition(".")[0] or file,
        distance=distance,
        distance_scale=scale,
        demand=demand,
        vehicles=vehicles,
        cost_scale=cost_scale,
        rounding=rule,
    )


def _rounding_of(asked: "_Asked") -> Rounding | None:
    weights = asked.weights()
    if weights == _EXPLICIT:
        return None
    if weights == "EUC_2D":
        has_costs = asked.has(_FIXED) or asked.has(_PER_UNIT)
        return Rounding.THOUSANDTHS if has_costs else Rounding.NEAREST
    return {"CEIL_2D": Rounding.UP, "FLOOR_2D": Rounding.DOWN}.get(weights, Rounding.THOUSANDTHS)


class _Asked:
    """What is asked of the keywords of one file."""

    def __init__(self, file: str, entries: Mapping[str, Entry]) -> None:
        self.file = file
        self.entries = entries

    def has(self, keyword: str) -> bool:
        return keyword in self.entries or keyword + _SECTION in self.entries

    def entry(self, keyword: str) -> Entry:
        if keyword not in self.entries:
            raise InvalidInput("instance_keyword_missing", file=self.file, keyword=keyword)
        return self.entries[keyword]

    def value(self, keyword: str) -> Word:
        entry = self.entry(keyword)
        if entry.value is None:
            raise InvalidInput(
                "instance_value_missing", file=self.file, line=entry.line, keyword=entry.keyword
            )
        return entry.value

    def weights(self) -> str:
        return self.value("EDGE_WEIGHT_TYPE").one_of("EDGE_WEIGHT_TYPE", _WEIGHTS)

    def depot(self) -> None:
        """Nothing; InvalidInput unless the depot is the first node, as in every public set."""
        if "DEPOT_SECTION" not in self.entries:
            return
        entry = self.entries["DEPOT_SECTION"]
        named = [word for word in entry.words() if word.text != _NO_MORE_DEPOTS]
        expect_count(entry, file=self.file, found=len(named), expected=1)
        if named[0].integer(least=1) != 1:
            raise InvalidInput(
                "instance_depot_elsewhere", file=self.file, line=named[0].line, found=named[0].text
            )

    def demand(self, size: int) -> tuple[int, ...]:
        rows = numbered_rows(self.entry("DEMAND_SECTION"), file=self.file, count=size, width=1)
        depot, *clients = (row[0] for row in rows)
        if depot.integer(least=0) != 0:
            raise InvalidInput("instance_depot_demand", file=self.file, line=depot.line, found=depot.text)
        # A client without demand has no rider who would make a bus halt there.
        return (0, *(word.integer(least=1) for word in clients))

    def distances(self, size: int, rule: Rounding | None) -> tuple[Distances, int]:
        if rule is None or self.weights() == _EXPLICIT:
            form = self.value("EDGE_WEIGHT_FORMAT").one_of("EDGE_WEIGHT_FORMAT", FORMATS)
            exact = matrix_of(form, self.entry("EDGE_WEIGHT_SECTION"), size=size, file=self.file)
            scale = 1 if bool((exact == np.rint(exact)).all()) else _FINE
            return np.rint(exact * scale).astype(np.int64), scale
        rows = numbered_rows(self.entry("NODE_COORD_SECTION"), file=self.file, count=size, width=2)
        at = np.array([[word.number() for word in row] for row in rows], dtype=np.float64)
        exact = np.hypot(at[:, None, 0] - at[None, :, 0], at[:, None, 1] - at[None, :, 1])
        return rounded(exact, rule), _FINE if rule is Rounding.THOUSANDTHS else 1

    def vehicles(self, demand: Sequence[int], *, is_fine: bool) -> tuple[tuple[FileVehicle, ...], int]:
        """The fleet, and by how much its costs were multiplied to be integers (a power of ten)."""
        total, largest = sum(demand), max(demand)
        count = self.value("VEHICLES").integer(least=1) if "VEHICLES" in self.entries else None
        seats = [word.integer(least=1) for word in self._each("CAPACITY", count)]
        if largest > max(seats):
            line = self.entry("DEMAND_SECTION").rows[demand.index(largest)][0].line
            raise InvalidInput(
                "instance_demand_too_large", file=self.file, line=line, found=largest, most=max(seats)
            )
        costs = [self._each(keyword, count) if self.has(keyword) else [] for keyword in (_FIXED, _PER_UNIT)]
        scale = 10 ** max((_places(word) for words in costs for word in words), default=0)
        units = [_scaled(word, scale) for word in costs[1]] or [scale]
        while is_fine and min(filter(None, units), default=_LEAST_UNIT_COST) < _LEAST_UNIT_COST:
            scale, units = 10 * scale, [10 * unit for unit in units]
        fixed = [_scaled(word, scale) for word in costs[0]] or [0]
        # Two half-empty trips of alike vehicles are better one: more than twice the load is never used.
        number = count if count is not None else min(len(demand) - 1, 2 * total // seats[0] + 1)
        fleet = (
            FileVehicle(
                capacity=seats[at % len(seats)],
                fixed=fixed[at % len(fixed)],
                per_unit=units[at % len(units)],
            )
            for at in range(number)
        )
        return tuple(fleet), scale

    def _each(self, keyword: str, count: int | None) -> list[Word]:
        """One word for all vehicles, or one for each of them."""
        if keyword in self.entries:
            return [self.value(keyword)]
        entry = self.entry(keyword + _SECTION)
        if count is None:
            raise InvalidInput("instance_keyword_missing", file=self.file, keyword="VEHICLES")
        return [row[0] for row in numbered_rows(entry, file=self.file, count=count, width=1)]


def rounded(exact: npt.NDArray[np.float64], rule: Rounding) -> Distances:
    """Distances by the rule: whole units, or whole thousandths."""
    match rule:
        case Rounding.NEAREST:
            return np.floor(exact + 0.5).astype(np.int64)
        case Rounding.UP:
            return np.ceil(exact).astype(np.int64)
        case Rounding.DOWN:
            return np.floor(exact).astype(np.int64)
        case Rounding.THOUSANDTHS:
            return np.rint(exact * _FINE).astype(np.int64)
    raise AssertionError(rule)


def _places(word: Word) -> int:
    """Decimal places of a cost that is not below zero."""
    if word.number() < 0 or "e" in word.text.lower():
        raise InvalidInput("instance_number_expected", file=word.file, line=word.line, found=word.text)
    places = len(word.text.partition(".")[2].rstrip("0"))
    if places > _MOST_PLACES:
        raise InvalidInput(
            "instance_places_too_many", file=word.file, line=word.line, found=word.text, most=_MOST_PLACES
        )
    return places


def _scaled(word: Word, scale: int) -> int:
    whole, _, part = word.text.lstrip("+").partition(".")
    places = part.rstrip("0")
    shift: int = 10 ** len(places)
    return int((whole or "0") + places) * scale // shift
