"""Who acts: the roles of the bus team and the office, and the person behind an act."""

from dataclasses import dataclass
from enum import StrEnum

from busops.domain.values import CrewId


class Role(StrEnum):
    """What a person may do; a page or a decision names the roles it is open to."""

    DISPATCHER = "dispatcher"
    ATTENDANT = "attendant"
    DRIVER = "driver"
    FINANCE = "finance"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The person who acts; ``crew_id`` is set for drivers and attendants."""

    user_id: str
    role: Role
    name: str
    crew_id: CrewId | None = None
