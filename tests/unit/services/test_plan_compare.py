"""Two plan documents side by side: same trips, other buses, other stops, longer and shorter rides."""

from typing import Any

from busops.services.plan_compare import compare, movers, rides_of, same_trips


def halt(stop_id: str, arrive_s: int, *riders: str) -> dict[str, Any]:
    """A halt of a homeward trip."""
    return {"stop_id": stop_id, "arrive_s": arrive_s, "leave_s": arrive_s + 30, "riders": list(riders)}


def trip(plate: str, *halts: dict[str, Any], wave: int = 1) -> dict[str, Any]:
    """A homeward trip."""
    return {"plate": plate, "wave": wave, "stops": list(halts)}


def plan(*trips: dict[str, Any]) -> dict[str, Any]:
    """A homeward document."""
    return {"direction": "homeward", "trips": list(trips)}


A = plan(
    trip("P1", halt("S1", 600, "1", "2"), halt("S2", 900, "3")),
    trip("P2", halt("S3", 1200, "4")),
    trip("P3", halt("S4", 300, "5", "6")),
)
B = plan(
    trip("P9", halt("S3", 1200, "4")),
    trip("P1", halt("S1", 630, "2", "1"), halt("S5", 1500, "3")),
    trip("P4", halt("S4", 240, "5")),
)


def test_who_rides_differently_and_how() -> None:
    """Thirty seconds are not noticed; a bus, a stop, a minute, a lost seat are; the longest more first."""
    found = compare(A, B)
    assert [one.rider_id for one in found.changes] == ["3", "4", "6", "5"]
    three, four, six, five = found.changes
    assert (three.more_s, three.changes_stop, three.changes_bus) == (600, True, False)
    assert (four.more_s, four.changes_bus) == (0, True)
    assert (six.b, six.more_s) == (None, None)
    assert (five.more_s, five.changes_bus) == (-60, True)
    assert [one.rider_id for one in found.longer] == ["3"]
    assert [one.rider_id for one in found.shorter] == ["5"]
    assert (found.other_bus, found.other_stop, found.only_a, found.only_b) == (2, 1, 1, 0)
    assert found.riders == 6


def test_the_other_way_round_it_is_the_mirror_image() -> None:
    """What is longer from A to B is shorter from B to A; who lost a seat gains one."""
    found = compare(B, A)
    assert [one.rider_id for one in found.shorter] == ["3"]
    assert [one.rider_id for one in found.longer] == ["5"]
    assert (found.only_a, found.only_b) == (0, 1)


def test_a_plan_beside_itself_differs_in_nothing() -> None:
    """Nobody changes, and every trip is the same with the same vehicle."""
    found = compare(A, A)
    assert found.changes == ()
    assert [(one.number_a, one.number_b, one.is_same_vehicle) for one in found.same_trips] == [
        (1, 1, True),
        (2, 2, True),
        (3, 3, True),
    ]


def test_a_trip_is_the_same_by_its_stops_and_riders_not_by_its_vehicle() -> None:
    """S3 with rider 4 stands in both; S4 without rider 6 does not."""
    assert [(one.number_a, one.number_b, one.is_same_vehicle) for one in same_trips(A, B)] == [(2, 1, False)]


def test_movers_of_one_stop_are_one_line() -> None:
    """Twelve who change from one trip to another alike are told once; one plan's riders not at all."""
    riders = [f"r{number:02d}" for number in range(12)]
    before = plan(trip("P1", halt("S1", 600, *riders)), trip("P2", halt("S2", 600, "x")))
    after = plan(trip("P1", halt("S1", 900, *riders)))
    groups = movers(compare(before, after).changes)
    assert [(one.stop_id, one.rider_ids) for one in groups] == [("S1", tuple(riders))]


def test_return_rides_are_measured_to_the_campus() -> None:
    """On the way back the ride begins when the bus leaves the stop."""
    back = {"direction": "return", "trips": [{**trip("P", halt("S1", 0, "1")), "campus_arrive_s": 1000}]}
    assert rides_of(back)["1"].ride_s == 970
