"""The school's own clocks hold for watch, overrides and tablets, and every change is kept with its reason."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from busops.domain.errors import Conflict, InvalidInput
from busops.domain.overrides import OverrideReason
from busops.domain.people import Actor, Role
from busops.domain.safety_policy import DEFAULT, SafetyPolicy
from busops.services import audit, overrides, safety_policy, tablet_pack, watch
from busops.storage.database import Database
from tests.builders import Tablet, a_run
from tests.machine import CountingIds, FixedClock
from tests.run_kit import force, send, store_run
from tests.storage.test_ledger_guards import into
from tests.unit.services.test_watch import arrived, levels, look

TIGHT = SafetyPolicy(
    crew_min=1, dispatcher_min=2, walk_min=3, responsible_min=4, everybody_min=5, override_min=2
)


def choose(database: Database, policy: SafetyPolicy = TIGHT, reason: str = "天热") -> None:
    """The policy is the school's."""
    safety_policy.change_policy(database, policy, reason=reason, by="u1", clock=FixedClock())


def test_the_watch_calls_by_the_schools_ladder(sqlite_database: Database) -> None:
    """Level 1 after one minute instead of three, level 5 after five instead of thirty."""
    _, off_at = arrived(sqlite_database)
    minute = timedelta(minutes=1)
    assert levels(look(sqlite_database, off_at + minute)) == []
    choose(sqlite_database)
    assert levels(look(sqlite_database, off_at + minute)) == [1]
    assert levels(look(sqlite_database, off_at + 5 * minute)) == [2, 3, 4, 5]


def test_tablets_carry_the_same_ladder_outside_the_hash_of_the_list(sqlite_database: Database) -> None:
    """Pack and news say the rungs; the list on paper still has the same hash."""
    plan = a_run()
    store_run(sqlite_database, plan)
    before = tablet_pack.pack(sqlite_database, plan.run_id)
    choose(sqlite_database)
    pack = tablet_pack.pack(sqlite_database, plan.run_id)
    news = tablet_pack.news(sqlite_database, plan.run_id, now=plan.departs_at, crew_id="A1")
    assert (before["ladder_min"], pack["ladder_min"]) == ([0, 3, 5, 10, 15, 30], [0, 1, 2, 3, 4, 5])
    assert news.document["ladder_min"] == pack["ladder_min"]
    assert before["hash"] == pack["hash"]


def test_an_override_waits_as_long_as_the_school_says(sqlite_database: Database) -> None:
    """Asked for under two minutes: it waits at two and no moment longer."""
    plan = a_run()
    store_run(sqlite_database, plan)
    tablet = Tablet(plan=plan)
    tablet.board("r1", by="stranger")
    tablet.record("headcount", n=3, stop=plan.stops[0].stop_id)
    send(sqlite_database, tablet)
    choose(sqlite_database)
    key = f"head_count_differs:{tablet.log[-1].event_id}"
    clock = FixedClock()
    own: dict[str, Any] = {
        "reason": OverrideReason.COUNTED_AGAIN,
        "note": "x",
        "clock": clock,
        "ids": CountingIds(),
    }
    asker = Actor(user_id="u1", role=Role.DISPATCHER, name="u1")
    asked = overrides.ask_override(sqlite_database, plan.run_id, key, by=asker, **own)
    (shown,) = overrides.overrides_of(sqlite_database, plan.run_id)
    assert [shown.waits(asked.asked_ms + after_ms) for after_ms in (120_000, 120_001)] == [True, False]


def test_a_change_needs_a_reason_bounds_and_a_difference(sqlite_database: Database) -> None:
    """Each is refused by itself, and nothing of it stands."""
    with pytest.raises(InvalidInput, match="reason_needed"):
        choose(sqlite_database, reason=" ")
    with pytest.raises(InvalidInput, match="safety_policy_faults"):
        choose(sqlite_database, replace(DEFAULT, crew_min=4))
    with pytest.raises(Conflict, match="safety_policy_same"):
        choose(sqlite_database, DEFAULT)
    assert safety_policy.changes_of(sqlite_database) == ()


def test_each_change_stands_with_who_and_why_and_in_the_audit(sqlite_database: Database) -> None:
    """Newest first; the audit names the clocks that changed, before and after."""
    choose(sqlite_database)
    choose(sqlite_database, DEFAULT, "天凉")
    changes = safety_policy.changes_of(sqlite_database)
    assert [(each.number, each.reason, each.made_by) for each in changes] == [
        (2, "天凉", "u1"),
        (1, "天热", "u1"),
    ]
    entries = audit.newest(sqlite_database, limit=2)
    assert [each.entry.act for each in entries] == ["safety_policy_changed"] * 2
    assert "crew_min 1 → 3" in entries[0].entry.facts["clocks"]


def test_what_somebody_typed_into_the_database_beyond_the_most_does_not_count(
    sqlite_database: Database,
) -> None:
    """An hour to the first alarm, in raw SQL: the default holds."""
    values = "'t1', 1, '{\"crew_min\": 60}', 'x', 'u9', '2026-03-13T00:00:00+00:00'"
    force(sqlite_database, into("safety_policy", values))
    assert safety_policy.policy_of(sqlite_database) == DEFAULT
    assert watch.raise_due_alarms(sqlite_database, FixedClock(), CountingIds()) == ()
