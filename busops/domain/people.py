"""Who acts: the roles of the bus team and the office, and the person behind an act."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from busops.domain.values import CrewId


class Role(StrEnum):
    """What a person may do; a page or a decision names the roles it is open to."""

    DISPATCHER = "dispatcher"
    ATTENDANT = "attendant"
    DRIVER = "driver"
    FINANCE = "finance"
    FINANCE_LEAD = "finance_lead"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


# Who keeps the books: they alone may still post into a month that was signed once.
BOOKKEEPERS: Final = frozenset({Role.FINANCE, Role.FINANCE_LEAD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The person who acts; ``crew_id`` is set for drivers and attendants."""

    user_id: str
    role: Role
    name: str
    crew_id: CrewId | None = None
