"""From the installation's choice to a stored plan: who measured is said, and a failure is seen."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from busops import jobs
from busops.clock import UuidIds
from busops.config import Settings
from busops.domain.network import TravelTime
from busops.domain.road_source import TravelChoice, TravelOrigin
from busops.domain.values import CAMPUS, Direction
from busops.i18n import finding_words, has_words
from busops.jobs import JobContext
from busops.planner.travel.roads.measuring import Roads
from busops.planner.travel.source import TravelUnavailable
from busops.services import plan_check, planning, rosters, term_scheme, travel_sources
from busops.services.imports import read_finding
from busops.services.travel_sources import travel_source
from busops.storage import network_store, plan_store, term_store
from busops.storage.database import Database
from busops.storage.plan_store import StoredPlan
from tests.machine import FixedClock
from tests.small_school import FRIDAY, fill
from tests.unit.planner.travel.roads.servers import Served, amap, osrm, serve

KEY = "sentinel-key-0123456789"


@pytest.fixture
def served() -> Iterator[Served]:
    """An OSRM server of the invented country."""
    with serve(osrm()) as running:
        yield running


def osrm_choice(served: Served, folder: Path, **changed: Any) -> TravelChoice:
    """OSRM at the test server, its answers kept in the test's folder."""
    choice = TravelChoice(origin=TravelOrigin.OSRM, url=served.address, cache_path=folder / "travel")
    return replace(choice, **changed)


def planned(
    database: Database, choice: TravelChoice, direction: Direction = Direction.HOMEWARD
) -> StoredPlan:
    """A plan of the small weekend with the chosen source, as it is stored."""
    plan_id = planning.plan_weekend(
        database,
        weekend_on=FRIDAY,
        direction=direction,
        seconds=0.3,
        seed=1,
        clock=FixedClock(),
        ids=UuidIds(),
        roads=travel_source(choice, clock=FixedClock()),
    )
    with database.reading() as tx:
        return plan_store.load_plan(tx, plan_id)


def travel_notices(plan: StoredPlan) -> list[str]:
    """The codes of what the plan tells about its travel times."""
    return [one["code"] for one in plan.notices if one["code"].startswith("travel_")]


def test_a_plan_is_made_with_the_chosen_source_and_says_so(
    sqlite_database: Database, served: Served, tmp_path: Path
) -> None:
    """OSRM is asked once; the plan names it, is checked by the same times, and stands without a violation."""
    fill(sqlite_database)
    choice = osrm_choice(served, tmp_path)
    plan = planned(sqlite_database, choice)
    assert plan.document["travel"] == "osrm"
    assert plan.document["violations"] == []
    assert travel_notices(plan) == []
    assert len(served.asked) == 1
    again = planned(sqlite_database, choice)
    assert again.document["trips"] == plan.document["trips"]
    assert len(served.asked) == 1


def test_other_stops_of_the_school_were_measured_along(
    sqlite_database: Database, served: Served, tmp_path: Path
) -> None:
    """When some stops have no riders one way, the other way finds everything kept."""
    fill(sqlite_database)
    choice = osrm_choice(served, tmp_path)
    for direction in Direction:
        planned(sqlite_database, choice, direction)
    assert len(served.asked) == 1


def test_a_source_that_fails_leaves_an_estimate_and_its_cause(
    sqlite_database: Database, served: Served, tmp_path: Path
) -> None:
    """A wrong profile: the plan is made all the same, says estimate, and warns with the cause in words."""
    fill(sqlite_database)
    plan = planned(sqlite_database, osrm_choice(served, tmp_path, profile="foot"))
    assert plan.document["travel"] == "estimate"
    assert travel_notices(plan) == ["travel_fell_back", "travel_profile_wrong"]
    warnings = [read_finding(one) for one in plan.notices if one["code"].startswith("travel_")]
    assert {one.severity.value for one in warnings} == {"warn"}
    assert "foot" in finding_words(warnings[1], "en")
    assert "foot" in finding_words(warnings[1], "zh_Hans")


def test_the_schools_file_wins_and_nobody_is_asked(
    sqlite_database: Database, served: Served, tmp_path: Path
) -> None:
    """With a travel file the chosen source is not even spoken to."""
    made = fill(sqlite_database)
    places = [CAMPUS, *(stop.stop_id for stop in made.stops)]
    ways = [
        TravelTime(origin=one, destination=two, distance_m=5000, duration_s=600)
        for one in places
        for two in places
        if one != two
    ]
    with sqlite_database.transaction() as tx:
        network_store.save_travel(tx, ways)
    assert planned(sqlite_database, osrm_choice(served, tmp_path)).document["travel"] == "file"
    assert served.asked == []


def test_a_plan_is_checked_by_the_times_it_was_made_with(
    sqlite_database: Database, served: Served, tmp_path: Path
) -> None:
    """With the same source nothing is found; where only an estimate can be had, that is said first of all."""
    fill(sqlite_database)
    choice = osrm_choice(served, tmp_path)
    document = planned(sqlite_database, choice).document
    roads = travel_source(choice, clock=FixedClock())
    assert plan_check.violations_of(sqlite_database, document, weekend_on=FRIDAY, roads=roads) == ()
    told = plan_check.violations_of(sqlite_database, document, weekend_on=FRIDAY)
    (differs,) = (one for one in told if one.code == "plan_travel_differs")
    assert differs.facts == {"planned": "osrm", "found": "estimate"}
    estimated = planned(sqlite_database, TravelChoice()).document
    assert plan_check.violations_of(sqlite_database, estimated, weekend_on=FRIDAY, roads=roads) == ()


def test_measuring_ahead_serves_the_plan(sqlite_database: Database, tmp_path: Path) -> None:
    """All designated stops measured once by AMap: the plans to come spend none of the quota."""
    fill(sqlite_database)
    clock = FixedClock()
    with serve(amap(KEY)) as served:
        choice = TravelChoice(
            origin=TravelOrigin.AMAP, url=served.address, key=KEY, quota=20, cache_path=tmp_path / "travel"
        )
        source = travel_source(choice, clock=clock)
        travelled = travel_sources.measure_school(sqlite_database, source, FRIDAY)
        left = travel_sources.units_left(choice, clock)
        assert planned(sqlite_database, choice).document["travel"] == "amap"
    assert travelled.origin is TravelOrigin.AMAP
    assert len(travelled.times.ids) == 7
    assert left == travel_sources.units_left(choice, clock) == 20 - 7
    assert travel_sources.kept_bytes(choice, clock) > 0


def test_a_quota_too_small_is_told_with_what_is_left(sqlite_database: Database, tmp_path: Path) -> None:
    """Seven places need seven calls of AMap; with six a day the plan falls back before any is made."""
    fill(sqlite_database)
    with serve(amap(KEY)) as served:
        choice = TravelChoice(
            origin=TravelOrigin.AMAP, url=served.address, key=KEY, quota=6, cache_path=tmp_path / "travel"
        )
        plan = planned(sqlite_database, choice)
    assert travel_notices(plan) == ["travel_fell_back", "travel_quota_short"]
    (short,) = (one for one in plan.notices if one["code"] == "travel_quota_short")
    assert (short["facts"]["needed"], short["facts"]["left"]) == (7, 6)
    assert served.asked == []
    assert KEY not in str(plan)


@pytest.mark.parametrize("origin", [one for one in TravelOrigin if one is not TravelOrigin.FILE])
def test_every_choice_has_its_source(origin: TravelOrigin, tmp_path: Path) -> None:
    """Each choice makes a source of its own name without asking anybody; the estimate needs none."""
    choice = TravelChoice(origin=origin, url="http://127.0.0.1:9", key=KEY, cache_path=tmp_path / "travel")
    made = travel_source(choice, clock=FixedClock())
    if origin is TravelOrigin.ESTIMATE:
        assert made is None
    else:
        assert isinstance(made, Roads)
        assert made.origin is origin
    assert list(tmp_path.iterdir()) == []


def test_what_was_measured_is_used_for_a_month(
    sqlite_database: Database, served: Served, tmp_path: Path
) -> None:
    """The clock of the installation decides, not the machine's."""
    fill(sqlite_database)
    clock = FixedClock()
    source = travel_source(osrm_choice(served, tmp_path), clock=clock)
    for days in (0, 30, 1):
        clock.advance(timedelta(days=days).total_seconds())
        travel_sources.measure_school(sqlite_database, source, FRIDAY)
    assert len(served.asked) == 2


def test_a_wish_to_stop_reaches_the_server(sqlite_database: Database, served: Served, tmp_path: Path) -> None:
    """A job that is cancelled while roads are measured asks no further."""
    fill(sqlite_database)
    source = travel_source(osrm_choice(served, tmp_path), clock=FixedClock(), should_stop=lambda: True)
    with pytest.raises(TravelUnavailable) as refusal:
        travel_sources.measure_school(sqlite_database, source, FRIDAY)
    assert refusal.value.code == "travel_measuring_stopped"
    assert served.asked == []


def test_a_planning_job_asks_the_source_of_its_settings(
    sqlite_database: Database, served: Served, settings: Settings
) -> None:
    """What the pages start is measured as the installation is set, and its plan says so."""
    fill(sqlite_database)
    chosen = replace(settings, travel_source="osrm", travel_url=served.address)
    context = JobContext(database=sqlite_database, settings=chosen, clock=FixedClock(), ids=UuidIds())
    order = {"weekend_on": FRIDAY.isoformat(), "direction": "homeward", "seconds": 0.3}
    made = jobs.HANDLERS["plan"](context, **order)
    with sqlite_database.reading() as tx:
        assert plan_store.load_plan(tx, made["plan_id"]).document["travel"] == "osrm"
    assert len(served.asked) == 1
    assert list(chosen.travel.cache_path.glob("*.matrix"))


def test_every_job_about_a_plan_asks_the_source_that_it_was_made_with(
    sqlite_database: Database, served: Served, settings: Settings
) -> None:
    """Frontier, levers, what is enough and the proof take a measured plan for what it is: none refuses it."""
    fill(sqlite_database)
    rosters.lock(sqlite_database, FRIDAY, by="u1", clock=FixedClock())
    chosen = replace(settings, travel_source="osrm", travel_url=served.address)
    context = JobContext(database=sqlite_database, settings=chosen, clock=FixedClock(), ids=UuidIds())
    plan_id = planned(sqlite_database, chosen.travel).plan_id
    for kind, order in (
        ("plan_margin", {"part": "frontier", "seconds": 0.2}),
        ("plan_margin", {"part": "levers", "seconds": 0.2}),
        ("enough", {"seconds": 0.2}),
        ("prove", {"seconds": 0.1}),
    ):
        result = jobs.HANDLERS[kind](context, plan_id=plan_id, **order)
        assert result["plan_id"] == plan_id
    assert len(served.asked) == 1  # the answer is kept


def test_term_schemes_and_weekends_on_them_are_measured(
    sqlite_database: Database, served: Served, settings: Settings
) -> None:
    """A scheme that a job makes, and the weekend planned on it, name the source of the settings."""
    fill(sqlite_database)
    rosters.lock(sqlite_database, FRIDAY, by="u1", clock=FixedClock())
    chosen, clock = replace(settings, travel_source="osrm", travel_url=served.address), FixedClock()
    context = JobContext(database=sqlite_database, settings=chosen, clock=clock, ids=UuidIds())
    order = {"weekends": [FRIDAY.isoformat()], "seconds": 0.3, "free_seconds": 0}
    scheme_id = jobs.HANDLERS["term"](context, **order)["scheme_id"]
    with sqlite_database.reading() as tx:
        scheme = term_store.load_scheme(tx, scheme_id)
    assert scheme.document["travel"] == "osrm"
    left_out = scheme.summary.left_out
    term_scheme.submit(sqlite_database, scheme_id, left_out_seen=left_out, by="u1", clock=clock)
    approval: dict[str, Any] = {"document_no": "7", "approved_on": date(2026, 3, 1)}
    term_scheme.approve(sqlite_database, scheme_id, **approval, by="u2", clock=clock)
    term_scheme.adopt(sqlite_database, scheme_id, by="u1", clock=clock)
    weekend = {"scheme_id": scheme_id, "weekend_on": FRIDAY.isoformat(), "direction": "homeward"}
    plan_id = jobs.HANDLERS["term"](context, **weekend)["plan_id"]
    assert planning.document(sqlite_database, plan_id)["travel"] == "osrm"


def test_every_origin_has_words() -> None:
    """The plan page can say of each origin what it is."""
    assert all(has_words(f"travel_from.{origin.value}") for origin in TravelOrigin)


def test_every_passing_failure_has_words() -> None:
    """Codes that are made far from an error's name, as plain words, have sentences too."""
    for code in ("travel_server_failing", "travel_server_silent", "travel_answer_unreadable",
                 "travel_server_unreachable", "travel_service_busy"):  # fmt: skip
        assert has_words(code)
