"""The 10 % page's work through the service: fares, frontier, levers, and a point that becomes a draft."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.values import Direction, PlanId
from busops.finance.tariff import FareUnit, TariffRate
from busops.planner.margin.certificate import Standing
from busops.planner.margin.margin import fares_fen
from busops.services import plan_margin, plan_margin_view, planning, rosters
from busops.services.plan_margin import JOB, Part, current_of, rider_fares
from busops.storage import fleet_store, job_store, plan_store, register_store, roster_store
from busops.storage.database import Database
from busops.storage.job_store import JobState
from tests.machine import CountingIds, FixedClock
from tests.small_school import COACH, FRIDAY, fill

NOW = datetime(2026, 3, 12, 3, 0, tzinfo=UTC)


@dataclass
class Work:
    """What a job gives: the database, the clock, an ear for progress, and whether to stop."""

    database: Database
    clock: FixedClock = field(default_factory=FixedClock)
    told: list[tuple[int, int]] = field(default_factory=list)
    is_stopped: Callable[[], bool] = lambda: False

    def roads(self) -> None:
        """Ways are estimated."""

    def progress(self, done: int, total: int, **facts: Any) -> None:
        """Remembers how far it is."""
        assert facts["phase"] in set(Part)
        self.told.append((done, total))

    def cancelled(self) -> bool:
        """True once it is to stop."""
        return self.is_stopped()


def later_ids(hundreds: int) -> CountingIds:
    """Ids that were not given yet."""
    ids = CountingIds()
    ids.given = 100 * hundreds
    return ids


def planned(
    database: Database, direction: Direction = Direction.HOMEWARD, *, is_locked: bool = True
) -> PlanId:
    """A plan of the small weekend."""
    fill(database)
    if is_locked:
        rosters.lock(database, FRIDAY, by="test", clock=FixedClock())
    return planning.plan_weekend(
        database,
        weekend_on=FRIDAY,
        direction=direction,
        seconds=0.4,
        seed=1,
        clock=FixedClock(),
        ids=CountingIds(),
    )


def done_job(database: Database, plan_id: str, part: Part, seconds: float = 2.0) -> str:
    """The work is done as a worker would, and stands in the job table; the job's id."""
    arguments = {"plan_id": plan_id, "part": part.value, "seconds": seconds}
    result = plan_margin.run_margin_job(Work(database), arguments)
    job_id = f"J-{part.value}"
    with database.transaction() as tx:
        job_store.insert_job(tx, job_id, JOB, arguments, by="test", at=NOW)
        claim = job_store.claim_job(tx, job_id, at=NOW)
        assert claim is not None
        assert job_store.end_job(tx, claim, JobState.DONE, at=NOW, result=result)
    return job_id


@pytest.mark.parametrize("direction", list(Direction))
def test_the_fares_are_those_of_the_forecast(sqlite_database: Database, direction: Direction) -> None:
    """Rider by rider they add up to what the plan was stored with, waivers taken off."""
    plan_id = planned(sqlite_database, direction)
    now = current_of(sqlite_database, plan_id)
    served = frozenset(one for trip in now.plan.trips for halt in trip.stops for one in halt.rider_ids)
    assert fares_fen(now.fares, served) == now.stored.summary.fares_fen > 0
    assert now.changed == ()
    assert {fare.band: fare.list_fen for fare in now.fares.values()} == {"A": 1000, "B": 1500}


def test_weekends_months_and_terms_have_their_share(sqlite_database: Database) -> None:
    """A band priced by the weekend costs half of it a ride, as the forecast counts it; no price is 0."""
    fill(sqlite_database)
    with sqlite_database.reading() as tx:
        given = plan_margin.load_input(tx, FRIDAY)
    rate = TariffRate(band="B", unit=FareUnit.WEEKEND, fen=5601, from_on=FRIDAY, to_on=None)
    fares = rider_fares(replace(given, tariff=(rate,)), FRIDAY)
    assert {fare.band: fare.list_fen for fare in fares.values()} == {"A": 0, "B": 2801}


def test_a_point_of_the_frontier_becomes_a_draft(sqlite_database: Database) -> None:
    """Its trips are stored verified with the bound of the problem itself; the old plan stays as it is."""
    plan_id = planned(sqlite_database)
    job_id = done_job(sqlite_database, plan_id, Part.FRONTIER)
    shown = plan_margin_view.view(sqlite_database, plan_id).frontier
    assert shown.is_there
    assert shown.points
    rides = [point.longest_s for point in shown.points]
    costs = [point.margin.cost_fen for point in shown.points]
    assert rides == sorted(set(rides))
    assert costs == sorted(set(costs), reverse=True)
    made = plan_margin.use_point(
        sqlite_database, plan_id, job_id, 1, by="test", clock=FixedClock(), ids=later_ids(7)
    )
    with sqlite_database.reading() as tx:
        new, old = plan_store.load_plan(tx, made), plan_store.load_plan(tx, plan_id)
    assert (new.summary.state.value, new.summary.violation_count) == ("draft", 0)
    assert new.summary.cost_fen == costs[0]
    assert 0 < new.summary.lower_bound_fen <= min(costs)
    assert new.document["stats"]["frontier_of"] == plan_id
    assert old.summary.cost_fen >= costs[-1]
    assert plan_margin_view.view(sqlite_database, made).longest_s == rides[0]


def test_a_point_that_is_not_there_or_not_of_today_is_refused(sqlite_database: Database) -> None:
    """Unknown number, another plan's job: not found. After a new roster version: refused, with the reason."""
    plan_id = planned(sqlite_database)
    job_id = done_job(sqlite_database, plan_id, Part.FRONTIER)
    levers_id = done_job(sqlite_database, plan_id, Part.LEVERS, seconds=1.0)
    tools: dict[str, Any] = {"by": "test", "clock": FixedClock(), "ids": later_ids(7)}
    for where, number in ((job_id, 0), (job_id, 99), (levers_id, 1)):
        with pytest.raises(NotFound):
            plan_margin.use_point(sqlite_database, plan_id, where, number, **tools)
    with pytest.raises(NotFound):
        plan_margin.use_point(sqlite_database, "another", job_id, 1, **tools)
    with sqlite_database.transaction() as tx:
        job_store.insert_job(tx, "J-plan", "plan", {"plan_id": plan_id, "part": "frontier"}, by="", at=NOW)
        claim = job_store.claim_job(tx, "J-plan", at=NOW)
        assert claim is not None
        job_store.end_job(tx, claim, JobState.DONE, at=NOW, result={"plan_id": plan_id})
    with pytest.raises(NotFound):
        plan_margin.use_point(sqlite_database, plan_id, "J-plan", 1, **tools)
    with sqlite_database.transaction() as tx:
        fleet_store.retire_vehicle(tx, COACH, FRIDAY)
    with pytest.raises(Refused) as refused:
        plan_margin.use_point(sqlite_database, plan_id, job_id, 1, **tools)
    assert "plan_vehicle_unknown" in {reason.code for reason in refused.value.reasons}
    assert plan_margin_view.view(sqlite_database, plan_id).changed
    with pytest.raises(Refused):
        plan_margin.run_margin_job(Work(sqlite_database), {"plan_id": plan_id, "part": "levers"})


def test_levers_are_kept_with_names_and_figures(sqlite_database: Database) -> None:
    """The small school loses money: the least rise of all fares reaches the goal, and names who pays it."""
    plan_id = planned(sqlite_database)
    done_job(sqlite_database, plan_id, Part.LEVERS)
    shown = plan_margin_view.view(sqlite_database, plan_id)
    assert not shown.margin.is_met
    rows = {row.kind.value: row for row in shown.levers.levers}
    fare = rows["fare_all"]
    assert fare.after.is_met
    rise = fare.facts["rise_fen"]
    payers = [one for one in fare.people if one.how.dearer_fen]
    assert fare.gain_fen == sum(one.how.dearer_fen for one in payers) == rise * len(payers)
    assert not replace(fare.after, fares_fen=fare.after.fares_fen - len(payers)).is_met
    assert all(one.name.startswith("学生") and one.class_name.startswith("高一") for one in payers)
    assert ("dearer", len(payers), rise) in fare.effects
    assert all(row.is_verified for row in shown.levers.levers)
    rises = [row.facts["rise_fen"] for row in shown.levers.levers if "rise_fen" in row.facts]
    assert rises == sorted(rises)
    assert rises[0] == rise


def test_the_certificate_is_that_of_the_plan(sqlite_database: Database) -> None:
    """Fares of 265.00 against a proven cost above 238.50: out of reach, whoever plans it."""
    plan_id = planned(sqlite_database)
    shown = plan_margin_view.view(sqlite_database, plan_id)
    found = shown.certificate
    assert found.fares_fen == shown.summary.fares_fen
    assert found.lower_bound_fen == shown.summary.lower_bound_fen > found.may_cost_fen
    assert found.standing is Standing.IMPOSSIBLE
    assert found.short_fen == found.lower_bound_fen - found.may_cost_fen
    assert len(shown.trips) == shown.summary.trip_count
    assert sum(row.figures.margin.fares_fen for row in shown.trips) == shown.margin.fares_fen
    with sqlite_database.transaction() as tx:
        rich = [
            TariffRate(band=band, unit=FareUnit.TRIP, fen=20_000, from_on=FRIDAY, to_on=None) for band in "AB"
        ]
        register_store.save_tariff(tx, rich)
    again = planning.plan_weekend(
        sqlite_database,
        weekend_on=FRIDAY,
        direction=Direction.HOMEWARD,
        seconds=0.3,
        seed=1,
        clock=FixedClock(),
        ids=later_ids(8),
    )
    assert plan_margin_view.view(sqlite_database, again).certificate.standing is Standing.MET


def test_stopped_work_keeps_nothing_and_progress_is_told(sqlite_database: Database) -> None:
    """Asked to stop it is refused, which the job takes as its end; the shares told never fall."""
    plan_id = planned(sqlite_database)
    order = {"plan_id": plan_id, "part": "frontier", "seconds": 1}
    with pytest.raises(Refused, match="planning_stopped"):
        plan_margin.run_margin_job(Work(sqlite_database, is_stopped=lambda: True), order)
    work = Work(sqlite_database)
    plan_margin.run_margin_job(work, order)
    shares = [done for done, _ in work.told]
    assert shares == sorted(shares)
    assert {total for _, total in work.told} == {1000}
    assert plan_margin.latest(sqlite_database, plan_id, Part.FRONTIER) is None


def test_the_newest_job_of_a_part_is_found(sqlite_database: Database) -> None:
    """Of several the newest; done ones by themselves; other plans' and parts' not at all."""
    orders = (("J1", "P", "levers"), ("J2", "P", "levers"), ("J3", "P", "frontier"), ("J4", "Q", "levers"))
    with sqlite_database.transaction() as tx:
        for job_id, plan_id, part in orders:
            job_store.insert_job(tx, job_id, JOB, {"plan_id": plan_id, "part": part}, by="", at=NOW)
        claim = job_store.claim_job(tx, "J1", at=NOW)
        assert claim is not None
        job_store.end_job(tx, claim, JobState.DONE, at=NOW, result={})
    newest = plan_margin.latest(sqlite_database, "P", Part.LEVERS)
    done = plan_margin.latest(sqlite_database, "P", Part.LEVERS, done=True)
    assert newest is not None
    assert done is not None
    assert (newest.job_id, done.job_id) == ("J2", "J1")
    assert plan_margin.latest(sqlite_database, "Q", Part.FRONTIER) is None


@pytest.mark.parametrize(
    "wrong",
    [{"part": "all"}, {"seconds": "0"}, {"seconds": "x"}, {"seconds": 99999}, {"seed": "y"}],
)
def test_a_wrong_order_is_refused_before_anything_is_read(wrong: dict[str, Any]) -> None:
    """Unknown parts, senseless times and seeds."""
    with pytest.raises(InvalidInput):
        plan_margin.read_order({"plan_id": "P", "part": "levers", **wrong})


def test_a_weekend_that_is_gone_is_told_not_crashed(sqlite_database: Database) -> None:
    """A plan whose roster holds nobody any more shows its stored figures and says why."""
    plan_id = planned(sqlite_database, is_locked=False)
    with sqlite_database.transaction() as tx:
        entries = roster_store.load_roster(tx, FRIDAY)
        roster_store.save_roster(tx, FRIDAY, [replace(entry, rides_homeward=False) for entry in entries])
    shown = plan_margin_view.view(sqlite_database, plan_id)
    assert [finding.code for finding in shown.changed] == ["nobody_rides"]
    assert shown.margin.fares_fen == shown.summary.fares_fen > 0
    assert shown.trips == ()
