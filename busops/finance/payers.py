"""
The payer book: who might pay, what each still owes, and who a line of a bill names.

Built once for a batch of lines; the only thing here that changes is what is still owed.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import combinations
from typing import Final

from busops.domain.values import RiderId
from busops.finance.names import class_keys, plain, same_class

MAX_SIBLINGS: Final = 4
MIN_NAME: Final = 2
SHORTEST_NUMBER: Final = 4
_NUMBERS: Final = re.compile(r"[0-9A-Z][0-9A-Z_\-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PayingRider:
    """What matching must know of a rider; ``name`` and ``class_key`` in the form of ``names.py``."""

    rider_id: RiderId
    name: str
    class_key: str
    guardian: str
    band: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCharge:
    """What a rider owes for one unit and how much of it is still open; ``code`` is what T0 looks for."""

    rider_id: RiderId
    unit_key: str
    code: str
    due_fen: int
    paid_fen: int
    band: str
    from_on: date

    @property
    def open_fen(self) -> int:
        """What is still to be paid, fen; negative when more was paid than due."""
        return self.due_fen - self.paid_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a line names and how sure that is (``tier`` T0 … T2); the unit is known for T0 only."""

    tier: str
    rider_ids: tuple[RiderId, ...]
    unit_key: str | None = None


@dataclass(slots=True, kw_only=True)
class PayerBook:
    """Riders, their charges and the prices of the tariff; ``prices`` = band and unit kind → fen."""

    riders: Mapping[RiderId, PayingRider]
    prices: Mapping[tuple[str, str], int]
    year: int | None = None
    units_on_account: Mapping[RiderId, str] = field(default_factory=dict)
    _charges: dict[tuple[RiderId, str], OpenCharge] = field(default_factory=dict)
    _units: dict[RiderId, list[str]] = field(default_factory=lambda: defaultdict(list))
    _by_code: dict[str, OpenCharge] = field(default_factory=dict)
    _by_name: dict[str, list[RiderId]] = field(default_factory=lambda: defaultdict(list))
    _by_guardian: dict[str, list[RiderId]] = field(default_factory=lambda: defaultdict(list))
    _by_number: dict[str, RiderId] = field(default_factory=dict)
    _by_bare_number: dict[str, list[RiderId]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for rider in self.riders.values():
            self._by_name[rider.name].append(rider.rider_id)
            if rider.guardian:
                self._by_guardian[rider.guardian].append(rider.rider_id)
            self._by_number[rider.rider_id.upper()] = rider.rider_id
            self._by_bare_number[rider.rider_id.upper().lstrip("0")].append(rider.rider_id)

    def add(self, charges: Iterable[OpenCharge]) -> "PayerBook":
        """This book, with the charges in it."""
        for charge in sorted(charges, key=lambda charge: (charge.from_on, charge.unit_key)):
            key = (charge.rider_id, charge.unit_key)
            if key not in self._charges:
                self._units[charge.rider_id].append(charge.unit_key)
            self._charges[key] = charge
            if charge.code:
                self._by_code[charge.code.upper()] = charge
        return self

    def charges(self) -> Iterator[OpenCharge]:
        """Every charge as it stands now."""
        yield from self._charges.values()

    def charges_of(self, rider_id: RiderId) -> list[OpenCharge]:
        """The charges of a rider, oldest first."""
        return [self._charges[rider_id, unit_key] for unit_key in self._units.get(rider_id, ())]

    def open_of(self, rider_id: RiderId) -> list[OpenCharge]:
        """What a rider still owes, oldest first."""
        return [charge for charge in self.charges_of(rider_id) if charge.open_fen > 0]

    def open_sum(self, rider_id: RiderId) -> int:
        """How much a rider still owes in all, fen."""
        return sum(charge.open_fen for charge in self.open_of(rider_id))

    def take(self, rider_id: RiderId, unit_key: str, fen: int) -> None:
        """Counts money given to a rider's unit; without a charge it is money on account."""
        charge = self._charges.get((rider_id, unit_key))
        if charge is None:
            band = self.riders[rider_id].band
            nothing = OpenCharge(
                rider_id=rider_id,
                unit_key=unit_key,
                code="",
                due_fen=0,
                paid_fen=fen,
                band=band,
                from_on=date.min,
            )
            self.add([nothing])
        else:
            self._charges[rider_id, unit_key] = replace(charge, paid_fen=charge.paid_fen + fen)

    def settled_unit(self, rider_id: RiderId, fen: int) -> str | None:
        """The unit that this rider has already paid with just this sum; the latest of several."""
        for charge in reversed(self.charges_of(rider_id)):
            if charge.due_fen == fen and charge.paid_fen >= fen:
                return charge.unit_key
        return None

    def paid_unit(self, rider_id: RiderId, fen: int) -> str | None:
        """The latest unit from which this much can go back."""
        for charge in reversed(self.charges_of(rider_id)):
            if charge.paid_fen >= fen:
                return charge.unit_key
        return None

    def unit_on_account(self, rider_id: RiderId, fen: int) -> str | None:
        """The unit that a rider without a charge may have paid for: his own price, or None."""
        unit_key = self.units_on_account.get(rider_id)
        if unit_key is None or self.charges_of(rider_id):
            return None
        kind = unit_key.partition(":")[0]
        return unit_key if self.prices.get((self.riders[rider_id].band, kind)) == fen else None

    def other_prices(self, unit_key: str, band: str) -> frozenset[int]:
        """What the same unit costs in the other bands."""
        kind = unit_key.partition(":")[0]
        return frozenset(
            fen for (other, unit), fen in self.prices.items() if unit == kind and other != band
        ) - {self.prices.get((band, kind), -1)}

    def siblings_of(self, rider_id: RiderId) -> list[RiderId]:
        """The children of the same guardian, this one first."""
        guardian = self.riders[rider_id].guardian
        family = self._by_guardian.get(guardian, []) if guardian else []
        return [rider_id, *(other for other in sorted(family) if other != rider_id)]

    def siblings_explain(self, rider_id: RiderId, fen: int) -> tuple[RiderId, ...]:
        """The fewest children of one guardian, this one first, who together owe ``fen``."""
        first, *others = self.siblings_of(rider_id)
        others = [other for other in others if self.open_sum(other) > 0]
        for count in range(1, MAX_SIBLINGS):
            for group in combinations(others, count):
                if self.open_sum(first) + sum(map(self.open_sum, group)) == fen:
                    return (first, *group)
        return ()

    def by_number(self, text: str, *, shortest: int = SHORTEST_NUMBER) -> tuple[RiderId, ...]:
        """
        The riders whose student numbers stand in a text; lost leading noughts are found when unique.

        Shorter numbers than ``shortest`` are a class, a day or a sum and name nobody.
        """
        found: dict[RiderId, None] = {}
        for token in _tokens(text):
            if len(token) < shortest:
                continue
            if token in self._by_number:
                found[self._by_number[token]] = None
            elif len(bare := self._by_bare_number.get(token.lstrip("0"), [])) == 1:
                found[bare[0]] = None
        return tuple(found)

    def by_code(self, text: str) -> OpenCharge | None:
        """The one charge whose number stands in a text."""
        codes = {token for token in _tokens(text) if token in self._by_code}
        return self._by_code[codes.pop()] if len(codes) == 1 else None

    def by_name(self, text: str) -> list[list[RiderId]]:
        """For each name that stands in a text the riders of that name; a name inside a longer one is none."""
        words = plain(text)
        names = [name for name in self._by_name if len(name) >= MIN_NAME and name in words]
        whole = [name for name in names if not any(name != other and name in other for other in names)]
        return [self._by_name[name] for name in sorted(whole, key=words.index)]


def identify(*, reference: str, hint: str, remark: str, payer: str, book: PayerBook) -> Identity | None:
    """Who a line names beyond doubt: T0 by charge number, T1 by student number, T2 by name and class."""
    for text in (reference, remark):
        if charge := book.by_code(text):
            return Identity(tier="T0", rider_ids=(charge.rider_id,), unit_key=charge.unit_key)
    numbers = book.by_number(hint, shortest=1) or book.by_number(remark) or book.by_number(reference)
    if numbers:
        is_clear = len(numbers) <= MAX_SIBLINGS and not _names_somebody_else(remark, numbers, book)
        return Identity(tier="T1", rider_ids=numbers) if is_clear else None
    return _by_name_and_class(remark, remark, book) or _by_name_and_class(payer, f"{remark} {payer}", book)


def _names_somebody_else(remark: str, riders: tuple[RiderId, ...], book: PayerBook) -> bool:
    """Whether the name in a remark is another rider's than the number beside it: then nothing is certain."""
    named = book.by_name(remark)
    return bool(named) and not any(rider_id in namesakes for namesakes in named for rider_id in riders)


def _tokens(text: str) -> list[str]:
    return _NUMBERS.findall(unicodedata.normalize("NFKC", text).upper())


def _by_name_and_class(name_text: str, class_text: str, book: PayerBook) -> Identity | None:
    classes = class_keys(class_text, book.year)
    named = book.by_name(name_text)
    if not classes or not 0 < len(named) <= MAX_SIBLINGS:
        return None
    riders: list[RiderId] = []
    for namesakes in named:
        fits = [
            rider_id
            for rider_id in namesakes
            if any(same_class(written, book.riders[rider_id].class_key) for written in classes)
        ]
        if len(fits) != 1:
            return None
        riders.append(fits[0])
    return Identity(tier="T2", rider_ids=tuple(riders))
