"""The school and its policies, as its ``school.toml`` states them: settings, never constants in code."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from busops.domain.values import Position, SchoolId


class Basis(StrEnum):
    """Which money the 10 % goal is measured on (domain §3.3)."""

    ACCRUAL = "ACCRUAL"
    CASH_NET = "CASH_NET"
    CASH_GROSS = "CASH_GROSS"


class FeeRegime(StrEnum):
    """The legal kind of the fare, which decides what a surplus may mean (domain §3.1)."""

    MARKET = "MARKET"
    SERVICE_CHARGE = "SERVICE_CHARGE"
    AGENCY_COLLECTION = "AGENCY_COLLECTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A school term, both days included."""

    term_id: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningPolicy:
    """How runs may be planned; ``ride_factor_milli`` 1600 means 1.6 times the direct time."""

    max_ride_min: int = 75
    ride_factor_milli: int = 1600
    max_stops: int = 12
    dwell_base_s: int = 30
    dwell_rider_s: int = 3
    returns_to_campus: bool = True
    detour_factor_milli: int = 1320


@dataclass(frozen=True, slots=True, kw_only=True)
class FinancePolicy:
    """The official basis of the goal, the goal in basis points (1000 = 10 %), and the fee regime."""

    basis: Basis = Basis.ACCRUAL
    target_bp: int = 1000
    fee_regime: FeeRegime = FeeRegime.MARKET


@dataclass(frozen=True, slots=True, kw_only=True)
class School:
    """One school: who, where, when, and its policies."""

    school_id: SchoolId
    name: str
    timezone: str
    term: Term
    campus: Position
    executor: str
    responsible: str
    supervisor: str
    planning: PlanningPolicy
    finance: FinancePolicy
