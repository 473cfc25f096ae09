"""The gate: each reason holds the run alone, and all are told at once."""

import pytest

from busops.domain.events import Cancelled, Closed, FindingSettled
from busops.domain.gate import reasons_not_to_cancel, reasons_not_to_close
from busops.domain.run import Phase, fold
from tests.builders import Tablet, a_finished_run, a_run, decided
from tests.run_scenarios import SCENARIOS, verdict


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_history_comes_to_its_reasons_and_no_others(name: str) -> None:
    """Who may be aboard and why the run stays open, exactly as the table says."""
    build, aboard, reasons = SCENARIOS[name]
    assert verdict(fold, reasons_not_to_close, build()) == (aboard, reasons)


def test_a_settled_finding_no_longer_holds_the_run() -> None:
    """Two people settle the overload: the reason goes, the finding stays on record."""
    plan = a_run(approved_students=2)
    events = a_finished_run(plan).log
    (finding,) = [each for each in fold(plan, events).findings if each.code == "over_students"]
    settled = decided(FindingSettled, plan, finding_key=finding.key)
    alone = decided(FindingSettled, plan, finding_key=finding.key, second="u1")
    assert reasons_not_to_close(fold(plan, [*events, settled])) == ()
    assert reasons_not_to_close(fold(plan, [*events, alone]))
    assert finding in fold(plan, [*events, settled]).findings


def test_a_run_that_is_over_has_only_that_reason_first() -> None:
    """Closed is closed; and a run somebody boarded cannot be cancelled away."""
    plan = a_run()
    events = a_finished_run(plan).log
    closed = fold(plan, [*events, decided(Closed, plan, version=1)])
    assert closed.phase is Phase.CLOSED
    assert reasons_not_to_close(closed)[0].code == "run_over"
    assert reasons_not_to_cancel(closed)[0].code == "run_over"
    tablet = Tablet(plan=plan)
    tablet.board("r1")
    ridden = fold(plan, [*tablet.log, decided(Cancelled, plan)])
    assert ridden.phase is Phase.UNDERWAY
    assert [each.code for each in reasons_not_to_cancel(ridden)] == ["somebody_was_aboard"]
    assert reasons_not_to_cancel(fold(plan, [])) == ()
