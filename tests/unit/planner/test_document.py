"""The plan document has exactly the form of the contract, and reads back as the same plan."""

import json
from datetime import date
from typing import Any

import pytest

from busops.domain.errors import InvalidInput
from busops.domain.values import Direction
from busops.planner.document import plan_document, read_plan_document
from busops.planner.problem import Plan, Problem, RiderDemand
from busops.planner.solve import solve
from busops.planner.verify import verify
from tests.unit.planner.small import coach, problem, riders


def planned(direction: Direction = Direction.HOMEWARD) -> tuple[Problem, Plan]:
    """A problem with one rider whom nobody can serve, and its plan."""
    demand = (*riders(S1=2, S3=1), RiderDemand(rider_id="lost", stop_ids=()))
    case = problem(demand, coach(), direction=direction)
    return case, solve(case, seconds=0, seed=1)


def document(case: Problem, plan: Plan, fares_fen: int = 60_000) -> dict[str, Any]:
    """The document, through JSON and back."""
    made = plan_document(
        case,
        plan,
        school_id="t1",
        on=date(2024, 3, 8),
        seed=1,
        seconds=30.0,
        fares_fen=fares_fen,
        travel_source="file",
        violations=verify(case, plan),
    )
    read: dict[str, Any] = json.loads(json.dumps(made))
    return read


def test_a_homeward_document_by_hand() -> None:
    """Out 5 km and 15 km and back 15 km: every number of the document by hand."""
    case, plan = planned()
    made = document(case, plan)
    assert made["trips"] == [
        {
            "plate": "川F00001",
            "wave": 1,
            "depart_s": 0,
            "distance_m": 30_000,
            "cost_fen": 30_000 + 30 * 235,
            "stops": [
                {"stop_id": "S1", "arrive_s": 300, "leave_s": 336, "riders": ["S1-1", "S1-2"]},
                {"stop_id": "S3", "arrive_s": 936, "leave_s": 969, "riders": ["S3-1"]},
            ],
        }
    ]
    assert made["cost_fen"] == 37_050
    assert 0 < made["lower_bound_fen"] <= 37_050
    assert made["gap"] == pytest.approx(37_050 / made["lower_bound_fen"] - 1, abs=1e-6)
    assert made["unserved"] == [{"rider_id": "lost", "reason": "no_stop"}]
    assert made["margin"] == {"net_fen": 22_950, "met": True}
    heads = (made["school"], made["on"], made["direction"], made["seed"], made["travel"])
    assert heads == ("t1", "2024-03-08", "homeward", 1, "file")
    assert (made["violations"], made["bound_model"]) == ([], "seats_and_reach")


def test_a_return_document_is_the_mirror() -> None:
    """Time 0 is the arrival at the first stop; the campus arrival is there; the empty way out counts."""
    case, plan = planned(Direction.RETURN)
    trip = document(case, plan)["trips"][0]
    assert [halt["stop_id"] for halt in trip["stops"]] == ["S3", "S1"]
    assert trip["stops"][0] == {"stop_id": "S3", "arrive_s": 0, "leave_s": 33, "riders": ["S3-1"]}
    assert trip["stops"][1]["arrive_s"] == 33 + 610
    assert trip["campus_arrive_s"] == 33 + 610 + 36 + 310
    assert trip["distance_m"] == 30_000


def test_the_margin_is_an_integer_test() -> None:
    """Ten per cent exactly is met; one fen less is not."""
    case, plan = planned()
    # net = fares - cost; 10 × net >= fares ⇔ fares >= cost × 10 / 9
    least = -(-plan.cost_fen * 10 // 9)
    assert document(case, plan, least)["margin"]["met"]
    assert not document(case, plan, least - 1)["margin"]["met"]


@pytest.mark.parametrize("direction", list(Direction))
def test_a_document_reads_back_as_the_same_plan(direction: Direction) -> None:
    """Nothing that ``verify`` needs is lost on the way through JSON."""
    case, plan = planned(direction)
    assert read_plan_document(document(case, plan)) == plan


@pytest.mark.parametrize(
    "spoil",
    [
        lambda made: made.pop("trips"),
        lambda made: made.update(direction="sideways"),
        lambda made: made.update(cost_fen=1.5),
        lambda made: made.update(cost_fen=True),
        lambda made: made["trips"][0].pop("plate"),
        lambda made: made["trips"][0]["stops"][0].update(arrive_s="300"),
        lambda made: made["trips"][0]["stops"][0].update(riders=[7]),
        lambda made: made["unserved"][0].update(reason="tired"),
        lambda made: made.update(trips={"a": 1}),
    ],
)
def test_a_spoilt_document_is_refused(spoil: Any) -> None:
    """A wrong form is one error with a code, never a traceback of another kind."""
    made = document(*planned())
    spoil(made)
    with pytest.raises(InvalidInput, match="plan_document_invalid"):
        read_plan_document(made)
