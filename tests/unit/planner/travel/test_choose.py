"""Whose travel times a plan gets: the school's file before all, and never an estimate in silence."""

from dataclasses import dataclass

import pytest

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.domain.road_source import TravelOrigin
from busops.domain.values import CAMPUS, Position
from busops.planner.travel import Places, TravelRow
from busops.planner.travel.choose import chosen_travel
from busops.planner.travel.estimate import Estimate
from busops.planner.travel.source import Travelled, TravelUnavailable

PLACES = Places(campus=Position(lat=31.1, lon=104.3), stops={"S1": Position(lat=31.2, lon=104.4)})
ROWS: tuple[TravelRow, ...] = ((CAMPUS, "S1", 12_345, 1000), ("S1", CAMPUS, 12_345, 100))
ESTIMATE = Estimate(detour_milli=1320)


@dataclass(frozen=True, slots=True)
class Failing:
    """A source that cannot."""

    reasons: tuple[Finding, ...] = ()
    origin: TravelOrigin = TravelOrigin.AMAP

    def travel(self, _places: Places) -> Travelled:
        """Never."""
        raise TravelUnavailable("travel_quota_short", self.reasons, service="amap", left=3)


def test_the_schools_file_wins_over_every_source() -> None:
    """Where there are rows nobody else is asked, and its slowed legs are told as ever."""
    travelled = chosen_travel(PLACES, rows=ROWS, source=Failing(), estimate=ESTIMATE)
    assert travelled.origin is TravelOrigin.FILE
    assert travelled.times.between(CAMPUS, "S1") == (12_345, 1000)
    assert [notice.code for notice in travelled.notices] == ["legs_slowed"]


def test_a_faulty_file_is_an_error_not_a_reason_to_guess() -> None:
    """A file that lacks a way is refused; no source steps in for it."""
    with pytest.raises(InvalidInput):
        chosen_travel(PLACES, rows=ROWS[:1], source=None, estimate=ESTIMATE)


def test_without_file_and_source_it_is_the_estimate() -> None:
    """The estimate needs no excuse when it was chosen."""
    travelled = chosen_travel(PLACES, rows=(), source=None, estimate=ESTIMATE)
    assert (travelled.origin, travelled.notices) == (TravelOrigin.ESTIMATE, ())


def test_a_source_that_works_is_taken() -> None:
    """Its matrices and its name are the plan's."""
    source = Estimate(detour_milli=2000)
    travelled = chosen_travel(PLACES, rows=(), source=source, estimate=ESTIMATE)
    right = source.travel(PLACES).times
    assert travelled.times.between(CAMPUS, "S1") == right.between(CAMPUS, "S1")


def test_a_source_that_fails_is_told_with_its_cause() -> None:
    """The plan is an estimate and says so: which source failed, why, and the first of its reasons."""
    reasons = tuple(Finding(code="travel_no_road", place=f"S{number}") for number in range(25))
    travelled = chosen_travel(PLACES, rows=(), source=Failing(reasons), estimate=ESTIMATE)
    assert travelled.origin is TravelOrigin.ESTIMATE
    first, cause, *others, last = travelled.notices
    assert (first.code, first.facts) == ("travel_fell_back", {"source": "amap"})
    assert (cause.code, cause.facts["left"]) == ("travel_quota_short", 3)
    assert len(others) == 20
    assert (last.code, last.facts["count"]) == ("travel_reasons_more", 5)
    assert {notice.severity for notice in travelled.notices} == {Severity.WARN}
