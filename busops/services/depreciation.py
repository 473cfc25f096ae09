"""
Depreciation of the school's vehicles: a register, months proposed by it, each accepted by a person once.

Whoever entered a vehicle's plan does not accept its months (``guards/costs_*.sql``). Accepted, a month is a
cost C10 over its days: Dr 5401, Cr 1602. Days outside the term and trips for others than pupils do not count
for the verdict (``costs.within``, ``cost_shares``); the books have the whole.
"""

from dataclasses import dataclass, replace

from busops.domain.errors import InvalidInput, Refused
from busops.domain.people import Actor
from busops.domain.values import Clock, Ids, school_date
from busops.finance.costs import DEPRECIATION, CostLine
from busops.finance.depreciation import DepreciationPlan, DueMonth, checked, due_months
from busops.services.acting import record_act
from busops.services.cost_booking import NewCost, book, key_of
from busops.storage import depreciation_store, fleet_store, people_store
from busops.storage.database import Database, Transaction
from busops.storage.depreciation_store import PostedMonth, StoredPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """The plans, the months in the books, latest first, and those that wait to be accepted."""

    plans: tuple[StoredPlan, ...]
    posted: tuple[PostedMonth, ...]
    due: tuple[DueMonth, ...]
    plates: tuple[str, ...]
    names: dict[str, str]

    def written_off_fen(self, plate: str) -> int:
        """What of a vehicle is written off so far, fen."""
        return sum(month.fen for month in self.posted if month.plate == plate and month.stands)

    def maker_of(self, due: DueMonth) -> str:
        """Who entered the plan that a month follows."""
        return next(
            one.made_by for one in self.plans if (one.plan.plate, one.plan.number) == (due.plate, due.number)
        )


def register(database: Database, *, clock: Clock) -> Register:
    """The register as it stands."""
    with database.reading() as tx:
        plans, posted = depreciation_store.load_plans(tx), depreciation_store.load_months(tx)
        return Register(
            plans=plans,
            posted=tuple(sorted(posted, key=lambda one: (one.month, one.plate, one.n), reverse=True)),
            due=_due(plans, posted, clock),
            plates=tuple(sorted(str(vehicle.plate) for vehicle in fleet_store.load_vehicles(tx))),
            names={person.user_id: person.name for person in people_store.load_people(tx)},
        )


def add_plan(database: Database, plan: DepreciationPlan, *, note: str, clock: Clock, by: Actor) -> None:
    """The vehicle is written off by this plan from its first month on; it is the vehicle's next plan."""
    checked(plan)
    with database.transaction() as tx:
        if plan.plate not in {str(vehicle.plate) for vehicle in fleet_store.load_vehicles(tx)}:
            raise InvalidInput("plate_needed", found=plan.plate)
        if any(m.plate == plan.plate and m.month >= plan.starts for m in depreciation_store.load_months(tx)):
            raise Refused("depreciation_begun", plate=plan.plate, month=plan.starts)
        number = 1 + sum(one.plan.plate == plan.plate for one in depreciation_store.load_plans(tx))
        numbered = replace(plan, number=number)
        depreciation_store.insert_plan(
            tx, StoredPlan(plan=numbered, note=note.strip(), made_by=by.user_id, made_at=clock.now())
        )
        facts = {"plate": plan.plate, "fen": plan.cost_fen, "months": plan.months}
        record_act(tx, by, "depreciation_plan_added", plan.plate, facts=facts, clock=clock)


def accept(database: Database, plate: str, month: str, *, clock: Clock, ids: Ids, by: Actor) -> str:
    """The month is in the books; the id of its cost. Refused when it is there, or by who made the plan."""
    with database.transaction() as tx:
        plans, posted = depreciation_store.load_plans(tx), depreciation_store.load_months(tx)
        due = [one for one in _due(plans, posted, clock) if (one.plate, one.month) == (plate, month)]
        if not due:
            raise Refused("depreciation_not_due", plate=plate, month=month)
        number = due[0].number
        stored = next(one for one in plans if (one.plan.plate, one.plan.number) == (plate, number))
        if stored.made_by == by.user_id:
            raise Refused("depreciation_same_person", plate=plate)
        return _post(tx, due[0], posted, clock=clock, ids=ids, by=by)


def _post(
    tx: Transaction, due: DueMonth, posted: tuple[PostedMonth, ...], *, clock: Clock, ids: Ids, by: Actor
) -> str:
    cost_id = ids.new()
    n = 1 + sum((one.plate, one.month) == (due.plate, due.month) for one in posted)
    depreciation_store.insert_month(
        tx,
        PostedMonth(
            plate=due.plate, month=due.month, n=n, number=due.number, fen=due.fen, cost_id=cost_id,
            made_by=by.user_id, made_at=clock.now(),
        ),
    )  # fmt: skip
    line = CostLine(
        on=due.last_on,
        code=DEPRECIATION,
        fen=due.fen,
        plate=due.plate,
        document=f"{due.month}#{due.number}",
        covers_from=due.first_on,
        covers_to=due.last_on,
    )
    key = key_of("depreciation", due.plate, due.month, n)
    book(tx, [NewCost(cost_id=cost_id, key=key, line=line)], clock=clock, ids=ids, by=by)
    facts = {"plate": due.plate, "fen": due.fen, "month": due.month}
    record_act(tx, by, "depreciation_accepted", cost_id, facts=facts, clock=clock)
    return cost_id


def _due(
    plans: tuple[StoredPlan, ...], posted: tuple[PostedMonth, ...], clock: Clock
) -> tuple[DueMonth, ...]:
    known = {(one.plate, one.month) for one in posted if one.stands}
    return due_months([one.plan for one in plans], known, school_date(clock.now()))
