"""Costs under any runs, trips for others and names: they fall to the fen."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from busops.finance.cost_shares import LineRun, OtherUse, RunBook, by_line, share_of, without_other_use
from busops.finance.costs import COST_CODES, CostLine
from tests.small_school import FRIDAY
from tests.unit.finance.test_cost_shares import SUNDAY, a_run, a_use

PLATES = st.sampled_from(["A", "B", "C"])
DAYS = st.sampled_from([FRIDAY, SUNDAY])
SMALL = st.integers(min_value=0, max_value=90)
SOME_RUNS = st.lists(
    st.builds(
        lambda plate, wave, on, km, hours: a_run(f"{plate}/{wave}", "", on=on, km=km, hours=hours, fen=km),
        PLATES, st.integers(1, 2), DAYS, SMALL, SMALL,
    ),
    max_size=6,
).map(lambda runs: [replace(run, run_id=f"r{n}") for n, run in enumerate(runs)])  # fmt: skip
USES = st.lists(
    st.builds(
        lambda plate, on, km, hours: a_use(plate, on=on, km=km, hours=hours), PLATES, DAYS, SMALL, SMALL
    ),
    max_size=3,
)


COSTS = st.builds(
    CostLine,
    on=st.just(FRIDAY),
    code=st.sampled_from(COST_CODES),
    fen=st.integers(-(10**9), 10**9),
    plate=st.sampled_from(["", "A", "B", "D"]),
    line=st.sampled_from(["", "A/1", "D/1"]),
    run=st.sampled_from(["", "r0", "r9"]),
)


@settings(max_examples=60)
@given(runs=SOME_RUNS, uses=USES, cost=COSTS)
def test_no_fen_is_lost_however_a_cost_falls(
    runs: list[LineRun], uses: list[OtherUse], cost: CostLine
) -> None:
    """Lines + trips for others + nobody = the cost, none against its sign; a line's sums are its runs'."""
    book = RunBook(runs)
    net = without_other_use(cost, book, uses)
    share = share_of(net, book, earned={"A/1": 5})
    assert sum(share.by_run.values()) + share.other_use_fen + share.loose_fen == cost.fen
    assert sum(by_line(share, book).values()) == sum(share.by_run.values())
    assert all(part * cost.fen >= 0 for part in (*share.by_run.values(), share.other_use_fen))
    assert net.cash_fen + net.other_use_paid_fen == (0 if cost.code == "C10" else cost.fen)
