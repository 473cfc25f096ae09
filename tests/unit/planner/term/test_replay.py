"""The replay of a scheme on past weekends: each row adds up, the comparison is fair, totals are sums."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from busops.domain.errors import InvalidInput
from busops.domain.values import Direction
from busops.planner.term.design import Search, design_scheme
from busops.planner.term.document import (
    REPLAY_COLUMNS,
    SchemeFacts,
    read_left_out,
    read_lines,
    replay_document,
    scheme_document,
)
from busops.planner.term.peaks import places
from busops.planner.term.replay import FreePlans, PastWeekend, replay, totals
from tests.unit.planner.small import coach, problem, riders
from tests.unit.planner.term.scenes import a_line

FRIDAY = date(2024, 3, 8)
LINES = (a_line("01", "川F00001", "S1", "S2"), a_line("02", "川F00002", "S3", "S4"))
FREE = FreePlans(rounds=20)


def weekend(number: int, **at: int) -> PastWeekend:
    """A homeward weekend; the first two helped to make the scheme."""
    given = problem(riders(**at), coach(), coach("川F00002"))
    return PastWeekend(weekend_on=FRIDAY + timedelta(weeks=number), problem=given, is_training=number < 2)


def test_a_row_tells_cost_load_rides_and_what_the_scheme_costs_more() -> None:
    """10 to S2 and 5 to S3: two half-empty trips on lines, one trip of 15 without; all by hand."""
    (row,) = replay([weekend(0, S2=10, S3=5)], LINES, licensed=(), free=FREE)
    assert (row.riders, row.unserved, row.trips, row.seats, row.violations) == (15, 0, 2, 40, 0)
    assert row.cost_fen == (30_000 + 235 * 20) + (30_000 + 235 * 30)
    assert row.free_fen == 30_000 + 235 * 30
    assert row.extra_fen == row.cost_fen - row.free_fen
    assert (row.mean_load_bp, row.max_load_bp) == (3750, 5000)
    assert (row.longest_s, row.p95_s) == (900, 900)
    assert row.is_proven
    assert row.is_training


def test_who_is_served_by_one_plan_only_is_not_compared() -> None:
    """22 at S1 are too many for line 01, not for two free buses: no difference in fen is shown or summed."""
    rows = list(replay([weekend(0, S1=22), weekend(3, S1=4, S3=2)], LINES, licensed=(), free=FREE))
    assert [(row.unserved, row.free_unserved) for row in rows] == [(2, 0), (0, 0)]
    assert rows[0].extra_fen is None
    assert not rows[1].is_training
    sums = totals(rows)
    assert (sums.riders, sums.unserved, sums.trips) == (28, 2, 3)
    assert (sums.compared_fen, sums.extra_fen) == (rows[1].cost_fen, rows[1].extra_fen)
    assert sums.mean_load_bp == 10_000 * 26 // 60
    assert sums.cost_fen == rows[0].cost_fen + rows[1].cost_fen


def test_without_free_plans_nothing_is_compared_and_a_wish_to_stop_ends_the_table() -> None:
    """No search beside: the columns stay empty. A yes after the first row leaves one row."""
    weekends = [weekend(number, S1=3) for number in range(4)]
    rows = []
    for row in replay(weekends, LINES, licensed=(), free=FreePlans(), should_stop=lambda: bool(rows)):
        rows.append(row)
    assert [(row.free_fen, row.extra_fen) for row in rows] == [(None, None)]
    assert totals([]).mean_load_bp == totals([]).rows == 0


def test_the_documents_hold_the_scheme_and_come_back_equal() -> None:
    """Written and read, the lines are the same; the table has its columns; both directions are there."""
    given = problem(places({"S1": 9, "S3": 9, "S4": 5}), coach(capacity=12), coach("川F00002", 10))
    made = design_scheme(given, licensed={"川F00002"}, search=Search(seconds=0, rounds=20))
    rows = list(
        replay(
            [replace(weekend(0, S1=2), problem=replace(given, direction=Direction.RETURN))],
            made.scheme.lines,
            licensed={"川F00002"},
            free=FREE,
        )
    )
    facts = SchemeFacts(
        school_id="dw",
        term_id="2024-spring",
        percentile=90,
        weekends=(FRIDAY,),
        tested=(),
        from_on=FRIDAY,
        to_on=FRIDAY + timedelta(days=90),
        departs_min={Direction.HOMEWARD: 960, Direction.RETURN: 900},
        seed=1,
        seconds=3.0,
        free_seconds=1.0,
        travel_source="file",
    )
    document = scheme_document(facts, made.scheme, rows, ())
    assert read_lines(document) == made.scheme.lines
    assert read_left_out(document) == made.scheme.left_out
    assert document["return"]["departs_min"] == 900
    assert document["cost_fen"] == document["homeward"]["cost_fen"] + document["return"]["cost_fen"]
    table = replay_document(rows, free_seconds=1.0)
    assert tuple(table["rows"][0]) == REPLAY_COLUMNS
    assert table["totals"]["cost_fen"] == rows[0].cost_fen
    assert document["replay"] == table


@pytest.mark.parametrize(
    "fault",
    [
        {"seats": "20"},
        {"licensed": 1},
        {"plate": ""},
        {"return": None},
        {"line_id": "02"},
        {"homeward": {"depart_s": 0, "distance_m": 0, "cost_fen": 0, "stops": []}},
    ],
)
def test_a_document_of_the_wrong_form_is_refused(fault: dict[str, object]) -> None:
    """Text for a number, no plate, no way back, two lines of one name, a line without stops."""
    given = problem(places({"S1": 9, "S3": 9}), coach(capacity=9), coach("川F00002", 9))
    made = design_scheme(given, licensed=(), search=Search(seconds=0, rounds=5))
    facts = SchemeFacts(
        school_id="dw",
        term_id="t",
        percentile=90,
        weekends=(),
        tested=(),
        from_on=FRIDAY,
        to_on=FRIDAY,
        departs_min={Direction.HOMEWARD: 960, Direction.RETURN: 900},
        seed=1,
        seconds=1,
        free_seconds=0,
        travel_source="estimate",
    )
    document = scheme_document(facts, made.scheme, (), ())
    assert len(read_lines(document)) == 2
    document["lines"][0].update(fault)
    with pytest.raises(InvalidInput, match="term_document_invalid"):
        read_lines(document)
    with pytest.raises(InvalidInput, match="term_document_invalid"):
        read_lines({})
