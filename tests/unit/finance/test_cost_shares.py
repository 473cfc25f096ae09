"""How a cost falls: its own run, line or vehicle, its driver, what trips for others bear; to the fen."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from busops.finance.cost_shares import (
    DRIVERS,
    SHARED,
    LineRun,
    OtherUse,
    RunBook,
    by_line,
    driver_of,
    empty_part_fen,
    other_part_fen,
    share_of,
    without_other_use,
)
from busops.finance.costs import COST_CODES, CostLine
from tests.small_school import FRIDAY

SUNDAY = FRIDAY + timedelta(days=2)


def a_run(
    line: str, run_id: str, *, on: date = FRIDAY, km: int = 30, hours: int = 1, fen: int = 9
) -> LineRun:
    """A run of a line, a third of its way empty."""
    return LineRun(
        line=line, run_id=run_id, plate=line.partition("/")[0], on=on, distance_m=km * 1000,
        empty_m=km * 1000 // 3, duration_s=hours * 3600, riders=20, planned_fen=fen,
        planned_empty_fen=fen // 3,
    )  # fmt: skip


def a_cost(code: str, fen: int, **named: str) -> CostLine:
    """A cost of the Friday."""
    return CostLine(on=FRIDAY, code=code, fen=fen, **named)  # type: ignore[arg-type]


def a_use(plate: str, *, on: date = FRIDAY, km: int = 30, hours: int = 1) -> OtherUse:
    """A trip for the staff."""
    return OtherUse(use_id="o", plate=plate, on=on, distance_m=km * 1000, duration_s=hours * 3600)


# A drives two lines on Friday and one of them on Sunday again, B one on Friday.
RUNS = (
    a_run("A/1", "a1"),
    a_run("A/2", "a2", km=60, hours=3, fen=18),
    a_run("A/1", "a3", on=SUNDAY),
    a_run("B/1", "b1", fen=0),
)


def fallen(cost: CostLine, earned: dict[str, int] | None = None) -> dict[str, int]:
    """What falls on each line."""
    book = RunBook(RUNS)
    return by_line(share_of(cost, book, earned=earned), book)


@pytest.mark.parametrize(
    ("code", "named", "expected"),
    [
        ("C01", {"plate": "A"}, {"A/1": 60, "A/2": 60}),  # km 60 : 60
        ("C04", {"plate": "A"}, {"A/1": 48, "A/2": 72}),  # hours 2 : 3
        ("C07", {"plate": "A"}, {"A/1": 90, "A/2": 30}),  # two days, one of them shared
        ("C10", {"plate": "A"}, {"A/1": 90, "A/2": 30}),
        ("C05", {"plate": "A"}, {"A/1": 80, "A/2": 40}),  # runs 2 : 1
        ("C06", {"plate": "A"}, {"A/1": 60, "A/2": 60}),  # planned 18 : 18
        ("C07", {}, {"A/1": 60, "A/2": 20, "B/1": 40}),  # three days of a vehicle
        ("C02", {"run": "a2", "plate": "A"}, {"A/2": 120}),
        ("C05", {"line": "A/1"}, {"A/1": 120}),
        ("C05", {"run": "x", "line": "x", "plate": "B"}, {"B/1": 120}),
        ("C05", {"plate": "x"}, {"A/1": 60, "A/2": 30, "B/1": 30}),
        ("C14", {}, {"A/1": 60, "A/2": 0, "B/1": 60}),  # fares 1 : 0 : 1
    ],
)
def test_a_cost_falls_on_what_it_names_by_its_driver(
    code: str, named: dict[str, str], expected: dict[str, int]
) -> None:
    """1.20 yuan."""
    assert fallen(a_cost(code, 120, **named), {"A/1": 100, "B/1": 100}) == expected


def test_nothing_is_lost_without_weights_or_runs() -> None:
    """Fees without fares are divided by runs; without runs the whole is nobody's; hires go by the plan."""
    assert fallen(a_cost("C14", 120)) == {"A/1": 60, "A/2": 30, "B/1": 30}
    share = share_of(a_cost("C01", 120), RunBook(()))
    assert (share.by_run, share.loose_fen) == ({}, 120)
    assert fallen(a_cost("C06", 38, plate="")) == {"A/1": 18, "A/2": 19, "B/1": 1}


def test_the_empty_way_bears_its_kilometres_and_its_part_of_a_hire() -> None:
    """A third of the way; nothing of what goes by hours."""
    run = a_run("A/1", "a1", km=30, fen=90)
    assert [empty_part_fen(code, 90, run) for code in ("C01", "C06", "C04")] == [30, 30, 0]
    assert empty_part_fen("C06", 90, replace(run, planned_fen=60, planned_empty_fen=40)) == 60
    assert empty_part_fen("C06", 90, replace(run, planned_fen=0, planned_empty_fen=0)) == 0


@pytest.mark.parametrize(
    ("code", "named", "use", "expected"),
    [
        ("C01", {"plate": "A"}, a_use("A", km=120), 60),  # km 120 : 120
        ("C04", {"plate": "A"}, a_use("A", hours=5), 60),  # hours 5 : 5
        ("C07", {"plate": "A"}, a_use("A"), 20),  # a third of the Friday, one of two days
        ("C10", {"plate": "A"}, a_use("A", on=SUNDAY + timedelta(days=1)), 40),  # a third day
        ("C08", {}, a_use("B", km=150), 60),  # of all: 150 : 150
        ("C09", {"plate": "C"}, a_use("C"), 120),  # it drove for nobody else
        ("C01", {"plate": "A"}, a_use("B"), 0),
        ("C02", {"plate": "A"}, a_use("A"), 0),  # a toll is the trip's own
        ("C06", {}, a_use("A"), 0),
        ("C01", {"run": "a1", "plate": "A"}, a_use("A"), 0),
        ("C01", {"line": "A/1", "plate": "A"}, a_use("A"), 0),
    ],
)
def test_trips_for_others_bear_their_part(
    code: str, named: dict[str, str], use: OtherUse, expected: int
) -> None:
    """Of 1.20 yuan, by the same driver as the lines."""
    cost = a_cost(code, 120, **named)
    assert other_part_fen(cost, 120, RunBook(RUNS), [use]) == expected


def test_a_trip_without_any_weight_still_bears_its_part() -> None:
    """Runs of no length at all: each counts as one."""
    runs = RunBook([a_run("A/1", "a1", km=0)])
    assert other_part_fen(a_cost("C01", 120, plate="A"), 120, runs, [a_use("A", km=0)]) == 60


def test_what_others_bear_is_off_on_every_basis_and_told() -> None:
    """
    A year's insurance of which 1.20 accrue and 6.00 were paid, a sixth of it for others; a depreciation.
    """
    runs, use = RunBook(RUNS), a_use("A")
    insured = without_other_use(replace(a_cost("C07", 120, plate="A"), paid_fen=600), runs, [use])
    assert (insured.fen, insured.paid_fen) == (100, 500)
    assert (insured.other_use_fen, insured.other_use_paid_fen) == (20, 100)
    plain = without_other_use(a_cost("C07", 120, plate="A"), runs, [use])
    assert (plain.fen, plain.cash_fen, plain.other_use_paid_fen) == (100, 100, 20)
    worn = without_other_use(a_cost("C10", 120, plate="A"), runs, [use])
    assert (worn.fen, worn.cash_fen, worn.other_use_fen, worn.other_use_paid_fen) == (100, 0, 20, 0)
    assert share_of(insured, runs).other_use_fen == 20


def test_every_driver_is_of_a_known_code() -> None:
    """The tables name codes of the catalogue only; what others share in goes by a measure they have too."""
    assert set(DRIVERS) | SHARED <= set(COST_CODES)
    assert {str(driver_of(code)) for code in SHARED} == {"km", "time", "days"}
