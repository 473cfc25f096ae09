"""
The cases of a reconciliation: what the facts of a row rest on, without whose row it is.

Whoever rode both ways, was charged and paid like the others is the same case. A large school has half a
million rows in a term and few cases, so the rule (``reconcile.py``) is asked once a case and rows keep the
case they share beside what is their own. What a case then means is ``rows.py``'s.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple, overload

from busops.domain.roster import NotRidingReason
from busops.domain.values import Direction, RiderId, RunId
from busops.finance.allowances import Allowance, AllowanceKind
from busops.finance.charging import Due, Ride
from busops.finance.matching import MatchFlag
from busops.finance.reconcile import ReconRow, RowsByCase
from busops.finance.refunds import Refund

Key = tuple[RiderId, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldSeat:
    """What a roster says of a direction of one weekend, whoever's seat it is."""

    on: date
    direction: Direction
    rides: bool
    reason: NotRidingReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Money:
    """Money given to a unit, whoever's it is; negative fen = given back."""

    fen: int
    tier: str
    flags: frozenset[MatchFlag]
    channel: str
    paid_on: date


class Case(NamedTuple):
    """
    All that a row's facts rest on; of the allocations the last one paid comes first.

    Equal cases share one value only where their parts do: whoever makes many rows hands in the same seat,
    ride, charge and money for all to whom it is the same.
    """

    seats: tuple[HeldSeat, ...] = ()
    facts: tuple[Ride, ...] = ()
    charges: tuple[Due, ...] = ()
    allocations: tuple[Money, ...] = ()
    refunds: tuple[Refund, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    is_cancelled: bool = False  # the school cancelled a run he was on, and no other took him
    is_disputed: bool = False
    is_second: bool = False  # paid twice, the second time left open

    @property
    def written_off_fen(self) -> int:
        """What of the charges nobody will pay, agreed by two people."""
        return sum(item.fen for item in self.allowances if item.kind is AllowanceKind.BAD_DEBT)

    @property
    def waived_fen(self) -> int:
        """What of the charges need not be paid: by the class list, or agreed by two people."""
        agreed = sum(item.fen for item in self.allowances) - self.written_off_fen
        return sum(charge.waived_fen for charge in self.charges) + agreed


class Gathered:
    """What is known so far of a rider's unit; ``paid``: day, receipt, reference and money of each payment."""

    __slots__ = ("charges", "facts", "is_cancelled", "paid", "runs", "seats")

    def __init__(self) -> None:
        self.seats: tuple[HeldSeat, ...] = ()
        self.facts: tuple[Ride, ...] = ()
        self.runs: tuple[RunId, ...] = ()  # one for each of the facts
        self.charges: tuple[Due, ...] = ()
        self.paid: tuple[tuple[date, str, str, Money], ...] = ()
        self.is_cancelled = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What people decided of single units: few, and each its own."""

    refunds: Mapping[Key, Sequence[Refund]] = field(default_factory=dict)  # approved
    allowances: Mapping[Key, Sequence[Allowance]] = field(default_factory=dict)  # approved
    disputed: frozenset[Key] = frozenset()
    seconds: frozenset[Key] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSheet:
    """Rows before they are judged, by rider and unit: columns of equal length."""

    riders: list[RiderId] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    runs: list[tuple[RunId, ...]] = field(default_factory=list)

    def counted(self) -> Iterator[tuple[Case, int]]:
        """Each case and how many rows share it."""
        kinds = {id(case): case for case in self.cases}
        return ((kinds[kind], times) for kind, times in Counter(map(id, self.cases)).items())

    def place_of(self, rider_id: RiderId, unit_key: str) -> int | None:
        """Where the row stands."""
        low, high, wanted = 0, len(self.riders), (rider_id, unit_key)
        while low < high:
            middle = (low + high) // 2
            if (self.riders[middle], self.units[middle]) < wanted:
                low = middle + 1
            else:
                high = middle
        is_there = low < len(self.riders) and (self.riders[low], self.units[low]) == wanted
        return low if is_there else None

    def rides_of(self, rider_id: RiderId, unit_key: str) -> tuple[tuple[Ride, RunId], ...]:
        """What each run says of the row, in the order of the runs; nothing where there is no such row."""
        place = self.place_of(rider_id, unit_key)
        return () if place is None else tuple(zip(self.cases[place].facts, self.runs[place], strict=True))


class Gathering:
    """
    Rows while their facts come in; units of which nothing more can come are finished on the way.

    So a term is gathered weekend by weekend, and only months and terms stay open until its end.
    """

    def __init__(self, agreed: Agreed) -> None:
        self._agreed = agreed
        self._open: dict[str, dict[RiderId, Gathered]] = {}
        self._rows: dict[RiderId, list[tuple[str, Case, str, tuple[RunId, ...]]]] = defaultdict(list)
        self._cases: dict[Case, Case] = {}
        self._runs: dict[tuple[RunId, ...], tuple[RunId, ...]] = {}

    def unit(self, unit_key: str) -> dict[RiderId, Gathered]:
        """What is gathered for this unit, a rider's made when he is first asked for."""
        found = self._open.get(unit_key)
        if found is None:
            found = self._open[unit_key] = defaultdict(Gathered)
        return found

    def finish(self, unit_keys: Iterable[str] | None = None) -> None:
        """The rows of these units (or of all) are complete."""
        chosen = list(self._open) if unit_keys is None else [key for key in unit_keys if key in self._open]
        for unit_key in chosen:
            for rider_id, known in self._open.pop(unit_key).items():
                reference, allocations = _by_last(known.paid)
                case = self._case((rider_id, unit_key), known, allocations)
                runs = self._runs.setdefault(known.runs, known.runs)
                self._rows[rider_id].append((unit_key, case, reference, runs))

    def sheet(self) -> CaseSheet:
        """Every row, by rider and unit; what was gathered is given up."""
        self.finish()
        made = CaseSheet()
        for rider_id in sorted(self._rows):
            rows = self._rows.pop(rider_id)
            rows.sort(key=_unit_of_row)
            made.riders.extend([rider_id] * len(rows))
            for unit_key, case, reference, runs in rows:
                made.units.append(unit_key)
                made.cases.append(case)
                made.references.append(reference)
                made.runs.append(runs)
        return made

    def _case(self, key: Key, known: Gathered, allocations: tuple[Money, ...]) -> Case:
        agreed = self._agreed
        refunds = tuple(agreed.refunds.get(key, ())) if allocations else ()
        allowances = tuple(agreed.allowances.get(key, ()))
        case = Case(
            known.seats,
            known.facts,
            known.charges,
            allocations,
            refunds,
            allowances,
            known.is_cancelled,
            key in agreed.disputed,
            key in agreed.seconds,
        )
        if refunds or allowances:
            return case
        return self._cases.setdefault(case, case)


class Rows(RowsByCase):
    """Rows of a sheet, judged by case; a row is made when somebody looks at it."""

    __slots__ = ("_judged", "_places", "sheet")

    def __init__(
        self, sheet: CaseSheet, judged: Sequence[ReconRow], places: Sequence[int] | None = None
    ) -> None:
        self.sheet = sheet
        self._judged = judged  # one for each place of the sheet; those of a case are the same object
        self._places = range(len(judged)) if places is None else places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> ReconRow: ...

    @overload
    def __getitem__(self, at: slice) -> "Rows": ...

    def __getitem__(self, at: int | slice) -> "ReconRow | Rows":
        if isinstance(at, slice):
            return Rows(self.sheet, self._judged, self._places[at])
        return self._row(self._places[at])

    def __iter__(self) -> Iterator[ReconRow]:
        return map(self._row, self._places)

    def counted(self) -> Iterator[tuple[ReconRow, int]]:
        """Each case as judged (its rider, unit and reference empty), and how many of the rows share it."""
        kinds = {id(row): row for row in self._judged}
        counts = Counter(id(self._judged[place]) for place in self._places)
        return ((kinds[kind], count) for kind, count in counts.items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def kept(self, fits: Callable[[ReconRow], bool]) -> "Rows":
        """The rows of the cases that fit, in their order."""
        return Rows(self.sheet, self._judged, list(self._fitting(fits)))

    def riders_where(self, fits: Callable[[ReconRow], bool]) -> tuple[RiderId, ...]:
        """Whose rows they are, of the cases that fit, in the order of the rows."""
        return tuple(self.sheet.riders[place] for place in self._fitting(fits))

    def where(self, fits: Callable[[ReconRow], bool], order: Callable[[ReconRow], tuple[int, ...]]) -> "Rows":
        """The rows of the cases that fit, in an order of the cases, then by rider and unit."""
        known: dict[int, tuple[int, ...]] = {}
        for row in self._judged:
            if id(row) not in known:
                known[id(row)] = order(row)
        chosen = sorted(self._fitting(fits), key=lambda place: (known[id(self._judged[place])], place))
        return Rows(self.sheet, self._judged, chosen)

    def _fitting(self, fits: Callable[[ReconRow], bool]) -> Iterator[int]:
        fit = {id(row) for row, _ in self.counted() if fits(row)}
        return (place for place in self._places if id(self._judged[place]) in fit)

    def _row(self, place: int) -> ReconRow:
        sheet = self.sheet
        return replace(
            self._judged[place],
            rider_id=sheet.riders[place],
            unit_key=sheet.units[place],
            reference=sheet.references[place],
        )


def _unit_of_row(row: tuple[str, Case, str, tuple[RunId, ...]]) -> str:
    return row[0]


def _by_last(paid: tuple[tuple[date, str, str, Money], ...]) -> tuple[str, tuple[Money, ...]]:
    """The reference of the last payment, and what was paid with that first."""
    if len(paid) < 2:  # noqa: PLR2004
        return (paid[0][2], (paid[0][3],)) if paid else ("", ())
    last = max(paid, key=lambda one: (one[0], one[1], one[3].fen, one[3].tier))
    return last[2], (last[3], *(one[3] for one in paid if one is not last))
