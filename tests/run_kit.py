"""
A run in a database, and hands to attack it: shared by the tests of stores, guards and services.

``store_run`` and ``send`` go the way the server goes; ``force`` is raw SQL, as somebody with
the application's role could type it.
"""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import text

from busops.domain.events import DeviceReleased, Observation
from busops.domain.findings import Finding, Severity
from busops.domain.kept_apart import Admitted
from busops.domain.overrides import GATES, Override, OverrideReason, OverrideVerdict, admission
from busops.domain.people import Actor, Role
from busops.domain.run import RunState
from busops.domain.run_plan import RunPlan
from busops.domain.values import RunId
from busops.services import overrides, runs
from busops.storage import closure_store, event_store, override_store, run_store
from busops.storage.closure_store import Closure
from busops.storage.database import Database, Transaction, open_engine
from busops.storage.event_store import Appended
from busops.storage.run_store import ReleasedRun
from tests.builders import DEPARTS_AT, Tablet
from tests.machine import CountingIds, FixedClock

EVENING = DEPARTS_AT + timedelta(hours=3)
CLOSE = """
UPDATE run SET phase = 'closed', closure_v = 1, closed_at = '2026-03-13T11:00:00.000+00:00', aboard = 0
WHERE school_id = 't1' AND run_id = 'run-1'"""


def cancelling(school: str) -> tuple[str, str]:
    """The decision to cancel a school's run, and the statement that rests on it."""
    run = f"FROM run WHERE school_id = '{school}'"
    number = "(SELECT coalesce(max(number), 0) + 1 FROM run_decision)"
    names = "school_id, decision_id, run_id, number, kind, made_ms, by_user, reason, covers, body"
    row = f"school_id, 'c' || {number}, run_id, {number}, 'cancelled', 1, 'u1', 'x', '[]', '{{}}'"
    return (
        " ".join((f"INSERT INTO run_decision ({names})", f"SELECT {row} {run}")),
        " ".join(("UPDATE run", f"SET phase = 'cancelled' WHERE school_id = '{school}'")),
    )


def store_run(database: Database, plan: RunPlan) -> None:
    """The run stands in the database as just released."""
    with database.transaction() as tx:
        run_store.insert_run(tx, ReleasedRun(plan=plan, made_at=DEPARTS_AT, made_by="u1"))


def send(
    database: Database,
    tablet: Tablet,
    *,
    only: list[Observation] | None = None,
    clock: FixedClock | None = None,
) -> list[Appended]:
    """The tablet's events arrive, all or only some, and the run's projection follows."""
    clock = clock or FixedClock(EVENING)
    ids = CountingIds()
    with database.transaction() as tx:
        run_store.lock_runs(tx, [tablet.plan.run_id])
        answers = [
            event_store.append(
                tx,
                event,
                received_at=clock.now(),
                quarantine_id=f"q-{event.dev}-{event.seq}-{event.digest[:6]}",
            )
            for event in (tablet.log if only is None else only)
        ]
        runs.facts_arrived(tx, tablet.plan.run_id, clock=clock, ids=PrefixedIds("alarm", ids))
    return answers


def settle(database: Database, run_id: RunId, finding: Finding, clock: FixedClock, ids: Any) -> None:
    """Two people settle it: a gate by an override of two roles, what happened by what came of it."""
    asker = Actor(user_id="u1", role=Role.DISPATCHER, name="u1")
    second = Actor(user_id="u2", role=Role.SUPERVISOR, name="u2")
    here: dict[str, Any] = {"clock": clock, "ids": ids}
    if finding.code in GATES and finding.severity is Severity.GATE:
        own: dict[str, Any] = {"reason": OverrideReason.CREW_CONFIRMED, "note": "looked into", "by": asker}
        asked = overrides.ask_override(database, run_id, finding.key, **own, **here)
        overrides.decide_override(database, run_id, asked.override_id, approves=True, by=second, **here)
    else:
        own = {"by": asker, "second": second, "reason": "looked into"}
        runs.settle_finding(database, run_id, finding.key, **own, **here)


def give_up(
    database: Database,
    run_id: RunId,
    dev: int,
    *,
    clock: FixedClock,
    ids: Any,
    by: Any = "u1",
    second: Any = "u2",
    third: Any = "u3",
    reason: str = "lost",
) -> None:
    """Three people give a tablet up, each in his turn; without a third one nobody searched the bus."""
    here: dict[str, Any] = {"clock": clock, "ids": ids}
    own: dict[str, Any] = {"reason": OverrideReason.TABLET_LOST, "note": reason, "by": someone(by)}
    asked = overrides.ask_override(database, run_id, f"device_lost:{dev}", **own, **here)
    if third is not None:
        searcher = someone(third, Role.ATTENDANT)
        overrides.sign_search(database, run_id, asked.override_id, by=searcher, clock=clock)
    agrees = someone(second, Role.SUPERVISOR)
    overrides.decide_override(database, run_id, asked.override_id, approves=True, by=agrees, **here)


def take_in(
    database: Database,
    run_id: RunId,
    *records: str,
    note: str,
    clock: FixedClock,
    ids: Any,
    by: Any = "u1",
    second: Any = "u2",
) -> None:
    """One asks that what was kept apart becomes a fact of the run, another of another role agrees."""
    here: dict[str, Any] = {"clock": clock, "ids": ids}
    own: dict[str, Any] = {"reason": OverrideReason.CREW_CONFIRMED, "note": note, "by": someone(by)}
    asked = overrides.ask_admission(database, run_id, records, **own, **here)
    agrees = someone(second, Role.SUPERVISOR)
    overrides.decide_override(database, run_id, asked.override_id, approves=True, by=agrees, **here)


def someone(who: Any, role: Role = Role.DISPATCHER) -> Actor:
    """The person, or one of that name and role."""
    return who if isinstance(who, Actor) else Actor(user_id=who, role=role, name=who)


def without(database: Database, *triggers: str) -> None:
    """These guards of ``run_decision`` stand no longer: what is behind them is on trial."""
    engine = open_engine(database.engine.url.render_as_string(hide_password=False), guarded=False)
    on = " ON run_decision" if engine.dialect.name == "postgresql" else ""
    with engine.begin() as connection:
        for name in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")
    engine.dispose()


def decide_signed(tx: Transaction, decision: DeviceReleased | Admitted) -> None:
    """The decision stands, after everybody whom it names has signed for it."""
    if isinstance(decision, DeviceReleased):
        records: tuple[str, ...] = ()
        gate = Finding(code="device_lost", severity=Severity.GATE, place=str(decision.dev))
    else:
        kept = event_store.load_quarantine(tx)
        records = tuple(each.quarantine_id for each in kept if each.event_id == decision.event_id)
        gate = admission(records)
    asked = Override(
        override_id=f"o-{decision.decision_id}",
        run_id=decision.run_id,
        kind=GATES[gate.code],
        finding_key=gate.key,
        reason=OverrideReason.CREW_CONFIRMED,
        note=decision.reason,
        asked_by=decision.by,
        asked_role=Role.DISPATCHER,
        asked_ms=decision.made_ms,
        records=records,
    )
    override_store.insert_request(tx, asked)
    at_ms = decision.made_ms
    if isinstance(decision, DeviceReleased):
        override_store.insert_search(tx, asked.override_id, by=str(decision.checked_by), at_ms=at_ms)
    who: dict[str, Any] = {"by": decision.second, "role": Role.SUPERVISOR, "at_ms": at_ms}
    override_store.insert_verdict(tx, asked.override_id, OverrideVerdict.APPROVED, **who)
    event_store.decide(tx, decision)


_KITS = count()


class PrefixedIds:
    """Ids that cannot meet those of another counter."""

    def __init__(self, prefix: str, ids: CountingIds) -> None:
        self.prefix = prefix
        self.ids = ids
        self.number = next(_KITS)

    def new(self) -> str:
        """The next id."""
        return f"{self.prefix}-{self.number}-{self.ids.new()}"


def state(database: Database, plan: RunPlan) -> RunState:
    """What the log says now."""
    with database.reading() as tx:
        return runs.state_of(tx, plan.run_id)


def phase(database: Database, plan: RunPlan) -> str:
    """What the row says now."""
    with database.reading() as tx:
        return run_store.load_summary(tx, plan.run_id).phase.value


def write_closure(database: Database, plan: RunPlan, **changes: Any) -> None:
    """A closure row for the run from its newest checks, whether they prove anything or not."""
    with database.transaction() as tx:
        facts = event_store.load_observations(tx, plan.run_id)
        found: dict[str, Observation] = {}
        for fact in facts:
            if fact.kind == "check":
                found[f"check-{fact.by}"] = fact
            elif fact.kind == "parked":
                found["parked"] = fact
        any_id = facts[0].event_id
        attendant, driver = found.get("check-A1"), found.get("check-D1")
        closure = Closure(
            run_id=plan.run_id,
            version=1 + len(closure_store.load_closures(tx, plan.run_id)),
            closed_at=EVENING,
            closed_by="attacker",
            attendant_id="A1",
            driver_id="D1",
            attendant_check=attendant.event_id if attendant else any_id,
            driver_check=driver.event_id if driver else any_id,
            parked=found["parked"].event_id if "parked" in found else any_id,
            snapshot={},
        )
        closure_store.insert_closure(tx, replace(closure, **changes))


def force(database: Database, *statements: str) -> None:
    """Raw SQL in one transaction, with the statement's own quotes and no help."""
    with database.transaction() as tx:
        for statement in statements:
            tx.session.execute(text(statement.replace(":", "\\:")))
