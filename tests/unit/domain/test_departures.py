"""Departures against papers and against a list that was shortened behind the crew's back."""

from dataclasses import replace

import pytest

from busops.domain.events import DepartureForbidden, FindingSettled, ManifestChanged
from busops.domain.findings import Finding
from busops.domain.gate import reasons_not_to_close
from busops.domain.run import fold
from tests.builders import DEPARTS_MS, Tablet, a_finished_run, a_run, decided

PAPER = Finding(code="vehicle_insurance_expired", place="川F00001", facts={"who": "川F00001"})


def departure_of(tablet: Tablet):
    """The first departure in the tablet's log."""
    return next(event for event in tablet.log if event.kind == "depart")


def forbidden(tablet: Tablet) -> DepartureForbidden:
    """What the server kept with it."""
    event_id = departure_of(tablet).event_id
    return decided(DepartureForbidden, tablet.plan, event_id=event_id, papers=(PAPER,))


def test_a_forbidden_departure_holds_the_run_open_until_two_people_have_looked() -> None:
    """The run is perfect but for its papers: one finding, and it closes once that is settled."""
    tablet = a_finished_run(a_run())
    assert reasons_not_to_close(fold(tablet.plan, tablet.log)) == ()
    kept = forbidden(tablet)
    state = fold(tablet.plan, [*tablet.log, kept])
    (found,) = [each for each in state.open_findings if each.code == "departed_forbidden"]
    assert (found.place, found.facts["papers"]) == (kept.event_id, (PAPER,))
    (reason,) = reasons_not_to_close(state)
    assert (reason.code, reason.facts["what"]) == ("finding_open", found)
    settled = decided(FindingSettled, tablet.plan, finding_key=found.key)
    assert reasons_not_to_close(fold(tablet.plan, [*tablet.log, kept, settled])) == ()
    alone = decided(FindingSettled, tablet.plan, finding_key=found.key, second="u1")
    assert reasons_not_to_close(fold(tablet.plan, [*tablet.log, kept, alone])) == (reason,)


def test_a_departure_cannot_be_taken_back() -> None:
    """The bus has left: voiding the tap does not end the question."""
    tablet = Tablet(plan=a_run())
    tablet.set_out()
    kept = forbidden(tablet)
    tablet.void(departure_of(tablet), by="D1", after_s=5)
    codes = {each.code for each in fold(tablet.plan, [*tablet.log, kept]).findings}
    assert "departed_forbidden" in codes


@pytest.mark.parametrize(("made_s", "is_found"), [(-3600, False), (60, True)])
def test_a_rider_struck_off_after_the_bus_moved_is_asked_for_by_two(made_s: int, is_found: bool) -> None:
    """The tablet was silent and told later that riders were on: the shortened list is a question."""
    tablet = a_finished_run(a_run(riders=2))
    made_ms = DEPARTS_MS + made_s * 1000
    struck = decided(ManifestChanged, tablet.plan, version=2, removed=("r3",), made_ms=made_ms)
    found = {each.key for each in fold(tablet.plan, [*tablet.log, struck]).open_findings}
    assert ("removed_underway:r3" in found) is is_found


def test_a_rider_struck_off_and_put_back_is_no_question() -> None:
    """Who stands on the list again must be accounted for anyway."""
    tablet = a_finished_run(a_run())
    plan = replace(tablet.plan, roster_v=3)
    struck = decided(ManifestChanged, plan, version=2, removed=("r3",), made_ms=DEPARTS_MS + 60_000)
    assert "removed_underway:r3" not in {each.key for each in fold(plan, [*tablet.log, struck]).findings}
