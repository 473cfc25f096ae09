"""
The payer book: who might pay, what each still owes, and by what a rider can be found.

Built once for a batch of lines; the only thing here that changes is what is still owed. Whom a
line means is ``identity.py``'s.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from busops.domain.values import RiderId
from busops.finance.near_names import NearNames
from busops.finance.payment_codes import codes_in
from busops.finance.remarks import NameList, Remark, read_remark

MAX_SIBLINGS: Final = 4
# More children than this under one guardian's name are several guardians of one name.
MAX_FAMILY: Final = 8
SHORTEST_NUMBER: Final = 4
_NUMBERS: Final = re.compile(r"[0-9A-Z][0-9A-Z_\-]*")
# Years and grades by entry year are no student numbers.
_YEARS: Final = re.compile(r"20[0-9]{2}(?=[年级学届])")


@dataclass(frozen=True, slots=True, kw_only=True)
class PayingRider:
    """What matching must know of a rider; ``name`` and ``class_key`` in the form of ``names.py``."""

    rider_id: RiderId
    name: str
    class_key: str
    guardian: str
    band: str = ""
    pay_code: str = ""


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
    def key(self) -> tuple[RiderId, str]:
        """Whose it is and for what: one charge each."""
        return self.rider_id, self.unit_key

    @property
    def open_fen(self) -> int:
        """What is still to be paid, fen; negative when more was paid than due."""
        return self.due_fen - self.paid_fen


@dataclass(slots=True)
class _Index:
    """By what riders are found; made once."""

    by_name: dict[str, list[RiderId]] = field(default_factory=lambda: defaultdict(list))
    by_guardian: dict[str, list[RiderId]] = field(default_factory=lambda: defaultdict(list))
    by_number: dict[str, RiderId] = field(default_factory=dict)
    by_bare_number: dict[str, list[RiderId]] = field(default_factory=lambda: defaultdict(list))
    by_pay_code: dict[str, RiderId] = field(default_factory=dict)
    names: NameList = field(default_factory=lambda: NameList(()))
    guardians: NameList = field(default_factory=lambda: NameList(()))
    near: NearNames = field(default_factory=lambda: NearNames(()))


@dataclass(slots=True, kw_only=True)
class PayerBook:
    """
    Riders, their charges and the prices of the tariff; ``prices`` = band and unit kind → fen.

    ``links`` holds for each payer's key the riders whose money a person once said his was.
    """

    riders: Mapping[RiderId, PayingRider]
    prices: Mapping[tuple[str, str], int]
    year: int | None = None
    units_on_account: Mapping[RiderId, str] = field(default_factory=dict)
    links: Mapping[str, frozenset[RiderId]] = field(default_factory=dict)
    _charges: dict[tuple[RiderId, str], OpenCharge] = field(default_factory=dict)
    _units: dict[RiderId, list[str]] = field(default_factory=lambda: defaultdict(list))
    _by_code: dict[str, OpenCharge] = field(default_factory=dict)
    _by_amount: dict[int, list[OpenCharge]] | None = None
    _open: dict[RiderId, list[OpenCharge]] = field(default_factory=dict)  # until something changes
    _index: _Index = field(init=False, default_factory=_Index)

    def __post_init__(self) -> None:
        index = self._index
        for rider in self.riders.values():
            index.by_name[rider.name].append(rider.rider_id)
            if rider.guardian:
                index.by_guardian[rider.guardian].append(rider.rider_id)
            if rider.pay_code:
                index.by_pay_code[rider.pay_code] = rider.rider_id
            index.by_number[rider.rider_id.upper()] = rider.rider_id
            index.by_bare_number[rider.rider_id.upper().lstrip("0")].append(rider.rider_id)
        for namesakes in index.by_name.values():
            namesakes.sort()
        for family in index.by_guardian.values():
            family.sort()
        index.names = NameList(index.by_name)
        index.guardians = NameList(index.by_guardian)
        index.near = NearNames(index.by_name)

    def add(self, charges: Iterable[OpenCharge]) -> "PayerBook":
        """This book, with the charges in it."""
        for charge in sorted(charges, key=lambda charge: (charge.from_on, charge.unit_key)):
            key = (charge.rider_id, charge.unit_key)
            if key not in self._charges:
                self._units[charge.rider_id].append(charge.unit_key)
            self._charges[key] = charge
            if charge.code:
                self._by_code[charge.code.upper()] = charge
            self._open.pop(charge.rider_id, None)
        self._by_amount = None
        return self

    def charges(self) -> Iterator[OpenCharge]:
        """Every charge as it stands now."""
        yield from self._charges.values()

    def charges_of(self, rider_id: RiderId) -> list[OpenCharge]:
        """The charges of a rider, oldest first."""
        return [self._charges[rider_id, unit_key] for unit_key in self._units.get(rider_id, ())]

    def open_of(self, rider_id: RiderId) -> list[OpenCharge]:
        """What a rider still owes, oldest first; nobody may change the list."""
        found = self._open.get(rider_id)
        if found is None:
            found = [charge for charge in self.charges_of(rider_id) if charge.open_fen > 0]
            self._open[rider_id] = found
        return found

    def open_sum(self, rider_id: RiderId) -> int:
        """How much a rider still owes in all, fen."""
        return sum(charge.open_fen for charge in self.open_of(rider_id))

    def owing(self, fen: int) -> list[OpenCharge]:
        """Every charge of which just this much is open, by rider and unit."""
        if self._by_amount is None:
            self._by_amount = defaultdict(list)
            for charge in sorted(self._charges.values(), key=lambda one: (one.rider_id, one.unit_key)):
                self._by_amount[charge.open_fen].append(charge)
        return self._by_amount.get(fen, [])

    def take(self, rider_id: RiderId, unit_key: str, fen: int) -> None:
        """Counts money given to a rider's unit; without a charge it is money on account."""
        charge = self._charges.get((rider_id, unit_key))
        self._by_amount = None
        self._open.pop(rider_id, None)
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

    def paid_unit(self, rider_id: RiderId, fen: int, later: Mapping[str, int]) -> str | None:
        """The latest unit from which this much can go back, leaving what was paid for it ``later``."""
        for charge in reversed(self.charges_of(rider_id)):
            if charge.paid_fen - later.get(charge.unit_key, 0) >= fen:
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
        """The children of the same guardian, this one first; this one alone where the name is too common."""
        guardian = self.riders[rider_id].guardian
        family = self._index.by_guardian.get(guardian, []) if guardian else []
        family = family if len(family) <= MAX_FAMILY else []
        return [rider_id, *(other for other in family if other != rider_id)]

    def children_of(self, guardian: str) -> list[RiderId]:
        """The riders whose guardian has this name."""
        return self._index.by_guardian.get(guardian, [])

    def guardians_in(self, text: str) -> list[str]:
        """The guardians' names that stand in a text."""
        return list(read_remark(text, self._index.guardians).names)

    def by_number(self, text: str, *, shortest: int = SHORTEST_NUMBER) -> tuple[RiderId, ...]:
        """
        The riders whose student numbers stand in a text; lost leading noughts are found when unique.

        Shorter numbers than ``shortest`` are a class, a day or a sum and name nobody.
        """
        found: dict[RiderId, None] = {}
        for token in tokens_of(text):
            if len(token) < shortest:
                continue
            if token in self._index.by_number:
                found[self._index.by_number[token]] = None
            elif len(bare := self._index.by_bare_number.get(token.lstrip("0"), [])) == 1:
                found[bare[0]] = None
        return tuple(found)

    def by_code(self, text: str) -> OpenCharge | None:
        """The one charge whose number stands in a text."""
        codes = {token for token in tokens_of(text) if token in self._by_code}
        return self._by_code[codes.pop()] if len(codes) == 1 else None

    def by_pay_code(self, text: str) -> tuple[RiderId, ...]:
        """The riders whose payment codes stand in a text, each once."""
        if not text:
            return ()
        folded = unicodedata.normalize("NFKC", text).upper()
        known = self._index.by_pay_code
        return tuple(dict.fromkeys(known[code] for code in codes_in(folded) if code in known))

    def read(self, text: str) -> Remark:
        """A text with the riders' names in it."""
        return read_remark(text, self._index.names, self.year)

    def of_name(self, name: str) -> list[RiderId]:
        """The riders of a name, in its form of ``names.py``."""
        return self._index.by_name.get(name, [])

    def near_to(self, pieces: Iterable[str]) -> list[str]:
        """The names that are nearly in some pieces of text."""
        return sorted(self._index.near.near(pieces))


def tokens_of(text: str) -> list[str]:
    """The runs of digits and capitals in a text that may be a number or a code; years are none."""
    if not text:
        return []
    return _NUMBERS.findall(_YEARS.sub("|", unicodedata.normalize("NFKC", text).upper()))
