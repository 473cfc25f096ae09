"""
Which travel times a plan is made with: the school's file, else the installation's source, else the estimate.

A source that fails does not stop a weekend, but it is never silent either: the plan says
``estimate`` and carries the cause.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from busops.domain.findings import Finding, Severity
from busops.domain.road_source import TravelOrigin
from busops.planner.travel.matrix import Places
from busops.planner.travel.rows import TravelRow, slowed_legs, travel_from_rows
from busops.planner.travel.source import Travelled, TravelSource, TravelUnavailable

_NAMED_REASONS: Final = 20  # a plan's notices are read by a person


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolFile:
    """The school's own travel file as a travel source."""

    rows: tuple[TravelRow, ...]

    @property
    def origin(self) -> TravelOrigin:
        """``file``."""
        return TravelOrigin.FILE

    def travel(self, places: Places) -> Travelled:
        """The file's matrices; raises InvalidInput when a pair is missing: the file is the truth."""
        names = list(places.stops)
        notices = slowed_legs(names, self.rows)
        return Travelled(times=travel_from_rows(names, self.rows), origin=self.origin, notices=notices)


def chosen_travel(
    places: Places, *, rows: Iterable[TravelRow], source: TravelSource | None, estimate: TravelSource
) -> Travelled:
    """
    The matrices to plan with: of the file wherever there are rows, else of ``source`` (None = the
    estimate), else of ``estimate`` with a WARN that the source failed and WARNs that say why.
    """
    if given := tuple(rows):
        return SchoolFile(rows=given).travel(places)
    if source is None:
        return estimate.travel(places)
    try:
        return source.travel(places)
    except TravelUnavailable as failure:
        told = _told(failure, source.origin)
    instead = estimate.travel(places)
    return replace(instead, notices=(*told, *instead.notices))


def _told(failure: TravelUnavailable, origin: TravelOrigin) -> Iterable[Finding]:
    yield Finding(code="travel_fell_back", severity=Severity.WARN, facts={"source": origin.value})
    yield Finding(code=failure.code, severity=Severity.WARN, facts=failure.facts)
    for reason in islice(failure.reasons, _NAMED_REASONS):
        yield replace(reason, severity=Severity.WARN)
    if len(failure.reasons) > _NAMED_REASONS:
        more = {"count": len(failure.reasons) - _NAMED_REASONS}
        yield Finding(code="travel_reasons_more", severity=Severity.WARN, facts=more)
