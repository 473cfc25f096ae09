"""
Identity: whom a line of a bill names, and how sure that is (tiers T0 … T4 of domain §3.8).

T0 charge number or payment code, T1 student number, T2 name and class, T3 a payer whose money was
that child's before, T4 a name that only one rider has. Two readings of one line are no identity:
the line waits. What is merely likely is ``candidates.py``'s.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from busops.domain.values import RiderId
from busops.finance.names import plain, same_class, tells_siblings
from busops.finance.near_names import one_off
from busops.finance.payers import PayerBook, tokens_of
from busops.finance.remarks import Remark

FIRST_FLAGGED: Final = "T3"
# A number in a remark that is a day this near to the payment is a day.
_NEAR_DAYS: Final = timedelta(days=40)
_SHORT_DAY: Final = 6
_LONG_DAY: Final = 8
_CENTURY: Final = 2000
_PARENT_WORDS: Final = ("家长", "妈", "爸", "奶奶", "爷爷", "外婆", "外公")


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """Everything on a line that may say whose money it is."""

    reference: str = ""
    code: str = ""
    hint: str = ""
    remark: str = ""
    payer: str = ""
    payer_key: str = ""
    paid_on: date | None = None
    fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """
    Who a line names and how sure that is (``tier`` T0 … T4); the unit is known for a charge number only.

    ``tells_siblings``: the line speaks of brothers and sisters whom it does not name.
    """

    tier: str
    rider_ids: tuple[RiderId, ...]
    unit_key: str | None = None
    tells_siblings: bool = False

    @property
    def is_certain(self) -> bool:
        """True when the person is beyond doubt, whatever the amount; else only the right amount convinces."""
        return self.tier < FIRST_FLAGGED


def identify(naming: Naming, book: PayerBook) -> Identity | None:
    """Who a line names, by the surest of its marks; None where there is none or two contradict."""
    found = _identify(naming, book)
    if found is None or len(found.rider_ids) > 1 or not tells_siblings(naming.remark):
        return found
    return replace(found, tells_siblings=True)


def _identify(naming: Naming, book: PayerBook) -> Identity | None:
    for text in (naming.code, naming.reference, naming.remark):
        if charge := book.by_code(text):
            return Identity(tier="T0", rider_ids=(charge.rider_id,), unit_key=charge.unit_key)
    remark = book.read(naming.remark)
    coded = tuple(dict.fromkeys(book.by_pay_code(naming.code) + book.by_pay_code(naming.remark)))
    if coded:
        return None if _names_somebody_else(remark, coded, book) else Identity(tier="T0", rider_ids=coded)
    numbers = _numbers(naming, book)
    if numbers:
        is_clear = not _names_somebody_else(remark, numbers, book) and not _is_slip(naming, numbers, book)
        return Identity(tier="T1", rider_ids=numbers) if is_clear else None
    if remark.names:
        named = _by_names(remark, remark, book) or _by_unique_names(naming, remark, book)
        return named or _by_payer(naming, remark, book)
    payer = book.read(naming.payer) if naming.payer else None
    if payer is not None and payer.names and remark.is_clean:
        found = _by_names(payer, remark, book) or _by_names(payer, payer, book)
        if found is None and _says_parent(naming.payer):
            found = _by_unique_names(naming, payer, book) if not remark.classes else None
        if found is not None:
            return found
    return _by_payer(naming, remark, book)


def in_class(rider_id: RiderId, remark: Remark, book: PayerBook) -> bool:
    """Whether a class in a remark is this rider's."""
    registered = book.riders[rider_id].class_key
    if any(same_class(written, registered) for written in remark.classes):
        return True
    if registered.startswith("?.") and registered[2:] in remark.words:
        return True
    return not remark.classes and registered in remark.maybe_classes


def _numbers(naming: Naming, book: PayerBook) -> tuple[RiderId, ...]:
    """The riders whose numbers stand on the line: the column for it, the remark, then the reference."""
    if by_hint := book.by_number(naming.hint, shortest=1):
        return by_hint
    text = " ".join(token for token in tokens_of(naming.remark) if not _is_day(token, naming.paid_on))
    return book.by_number(text) or book.by_number(naming.reference)


def _is_day(token: str, paid_on: date | None) -> bool:
    """Whether a number is a day about the payment's (``20240308``, ``240308``) rather than a student's."""
    if paid_on is None or not token.isdecimal() or len(token) not in {_SHORT_DAY, _LONG_DAY}:
        return False
    year, month, day = int(token[:-4]), int(token[-4:-2]), int(token[-2:])
    year += _CENTURY if len(token) == _SHORT_DAY else 0
    try:
        return abs(date(year, month, day) - paid_on) <= _NEAR_DAYS
    except ValueError:
        return False


def _names_somebody_else(remark: Remark, riders: tuple[RiderId, ...], book: PayerBook) -> bool:
    """Whether the name in a remark is another rider's than the number beside it: then nothing is certain."""
    named = {rider_id for name in remark.names for rider_id in book.of_name(name)}
    return bool(named) and not named & set(riders)


def _is_slip(naming: Naming, riders: tuple[RiderId, ...], book: PayerBook) -> bool:
    """Whether the payer has a child one digit off the number he wrote, and not the child of that number."""
    children = [child for name in book.guardians_in(naming.payer) for child in book.children_of(name)]
    if not children or set(children) & set(riders):
        return False
    return any(_one_digit_off(child, rider_id) for child in children for rider_id in riders)


def _one_digit_off(one: str, other: str) -> bool:
    return len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) == 1


def _by_names(named: Remark, classes: Remark, book: PayerBook) -> Identity | None:
    """T2: every name is that of just one rider of the classes named, and none may be the head of a longer."""
    if named.loose or _counts_others(named, classes):
        return None
    if len(named.names) > 1 and (named.rest or classes.rest):
        return None
    riders: list[RiderId] = []
    for name in named.names:
        fits = [rider_id for rider_id in book.of_name(name) if in_class(rider_id, classes, book)]
        if len(fits) != 1:
            return None
        riders.append(fits[0])
    return Identity(tier="T2", rider_ids=tuple(riders))


def _by_unique_names(naming: Naming, named: Remark, book: PayerBook) -> Identity | None:
    """T4: nothing but names that one rider each has, no class, no own child of nearly that name."""
    if not named.is_clean or named.classes or _counts_others(named, named):
        return None
    riders: list[RiderId] = []
    for name in named.names:
        namesakes = book.of_name(name)
        if len(namesakes) != 1 or _is_near_own_child(naming.payer, name, namesakes[0], book):
            return None
        riders += namesakes
    return Identity(tier="T4", rider_ids=tuple(riders))


def _counts_others(named: Remark, told: Remark) -> bool:
    """Whether a text says that it is for another number of people than it names."""
    return any(one.people not in {None, len(named.names)} for one in (named, told))


def _is_near_own_child(payer: str, name: str, rider_id: RiderId, book: PayerBook) -> bool:
    """Whether the payer has a child of nearly this name, and not the child of this name."""
    children = [child for one in book.guardians_in(payer) for child in book.children_of(one)]
    if rider_id in children:
        return False
    return any(one_off(book.riders[child].name, name) for child in children)


def _says_parent(payer: str) -> bool:
    words = plain(payer)
    return any(word in words for word in _PARENT_WORDS)


def _by_payer(naming: Naming, remark: Remark, book: PayerBook) -> Identity | None:
    """
    T3: of the children of this payer, as a person once said, and their brothers and sisters, one owes this.

    A name in the remark must be that child's.
    """
    known = book.links.get(naming.payer_key, frozenset()) if naming.payer_key else frozenset()
    if not known or not remark.is_clean or len(remark.names) > 1 or remark.people not in {None, 1}:
        return None
    family = {child for rider_id in known if rider_id in book.riders for child in book.siblings_of(rider_id)}
    if remark.names:
        family &= {rider_id for name in remark.names[:1] for rider_id in book.of_name(name)}
    fits = [child for child in sorted(family) if owes_just(book, child, naming.fen)]
    if len(fits) != 1 or fits[0] not in known:
        return None
    if remark.classes and not in_class(fits[0], remark, book):
        return None
    return Identity(tier="T3", rider_ids=(fits[0],))


def owes_just(book: PayerBook, rider_id: RiderId, fen: int) -> bool:
    """Whether a sum is one open charge of a rider, some in a row, or all."""
    items = [item.open_fen for item in book.open_of(rider_id)]
    return any(sum(items[start:end]) == fen for end in range(1, len(items) + 1) for start in range(end))
