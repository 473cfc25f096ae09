"""What the plan page says about travel times: their source, and a failure that nobody may overlook."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from busops.domain.people import Role
from busops.domain.road_source import TravelChoice, TravelOrigin
from busops.domain.values import Direction
from busops.services import planning, rosters
from busops.services.travel_sources import travel_source
from busops.storage.database import Database
from busops.web.context import EXTENSION
from tests.machine import CountingIds, FixedClock
from tests.small_school import FRIDAY, fill
from tests.unit.planner.travel.roads.servers import osrm, serve
from tests.web.conftest import SignIn


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh", ("由 OSRM 按道路测得", "没能从 osrm 得到路程和时间")),
        ("en", ("measured on roads by OSRM", "No distances and times from osrm")),
    ],
)
def test_the_page_names_the_source_or_its_failure(
    sqlite_database: Database, sign_in: SignIn, tmp_path: Path, language: str, told: tuple[str, str]
) -> None:
    """A measured plan names OSRM and warns of nothing; one that fell back warns, with the cause beside."""
    fill(sqlite_database)
    browser, clock, ids = sign_in(Role.DISPATCHER, language), FixedClock(), CountingIds()
    ids.given = 1000  # the accounts have the first
    pages = []
    with serve(osrm()) as served:
        for profile in ("driving", "foot"):
            choice = TravelChoice(
                origin=TravelOrigin.OSRM, url=served.address, profile=profile, cache_path=tmp_path / "travel"
            )
            plan_id = planning.plan_weekend(
                sqlite_database,
                weekend_on=FRIDAY,
                direction=Direction.HOMEWARD,
                seconds=0.3,
                seed=1,
                clock=clock,
                ids=ids,
                roads=travel_source(choice, clock=clock),
            )
            pages.append(browser.get(f"/plans/{plan_id}").text)
    source, failure = told
    measured, fell_back = pages
    assert source in measured
    assert failure not in measured
    assert failure in fell_back
    assert source not in fell_back
    assert "no profile foot" in fell_back  # the server's own words


def test_pages_that_look_at_a_plan_again_ask_the_source_of_the_settings(
    app: Flask, sqlite_database: Database, sign_in: SignIn, ids: CountingIds
) -> None:
    """Goal and reasons of a measured plan are shown; without the source the page says that it is outdated."""
    fill(sqlite_database)
    rosters.lock(sqlite_database, FRIDAY, by="u1", clock=FixedClock())
    browser, made = sign_in(Role.DISPATCHER), app.extensions[EXTENSION]
    with serve(osrm()) as served:
        chosen = replace(made.settings, travel_source="osrm", travel_url=served.address)
        plan_id = planning.plan_weekend(
            sqlite_database,
            weekend_on=FRIDAY,
            direction=Direction.HOMEWARD,
            seconds=0.3,
            seed=1,
            clock=FixedClock(),
            ids=ids,
            roads=travel_source(chosen.travel, clock=FixedClock()),
        )
        pages = {f"/plans/{plan_id}/why": "重新排一份", f"/plans/{plan_id}/margin": "在排这份方案之后变了"}
        for page, warning in pages.items():
            assert warning in browser.get(page).text
        app.extensions[EXTENSION] = replace(made, settings=chosen)
        for page, warning in pages.items():
            answer = browser.get(page)
            assert answer.status_code == 200
            assert warning not in answer.text
