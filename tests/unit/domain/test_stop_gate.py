"""The designated-stop gate by table: circles against radii, late taps, and what no position can say."""

import pytest

from busops.domain import stop_gate
from busops.domain.network import StopPlace
from busops.domain.run import fold
from busops.domain.stop_gate import Fix, Place
from busops.domain.values import CAMPUS
from tests.builders import DRIVER, Tablet, a_run

STOP = StopPlace(lat6=31_127_000, lon6=104_398_000, radius_m=60)
METRE6 = 9  # a metre to the north is nine millionths of a degree


def a_fix(metres: int, acc: int = 10) -> Fix:
    """A position so far north of the stop."""
    return Fix(lat6=STOP.lat6 + metres * METRE6, lon6=STOP.lon6, acc_m=acc)


def a_spot(metres: int, acc: int = 10) -> dict[str, int]:
    """The same as an envelope has it."""
    fix = a_fix(metres, acc)
    return {"lat6": fix.lat6, "lon6": fix.lon6, "acc": fix.acc_m}


@pytest.mark.parametrize(
    ("metres", "acc", "left_s", "place"),
    [
        (0, 5, None, Place.AT_STOP),
        (60, 5, None, Place.AT_STOP),
        (64, 5, None, Place.AT_STOP),  # the circle touches the radius
        (70, 5, None, Place.AWAY),
        (150, 90, None, Place.AT_STOP),  # poor, but it may have been there
        (160, 90, None, Place.AWAY),
        (0, 101, None, Place.UNKNOWN),  # too poor to say anything, even in the middle
        (900, 101, None, Place.UNKNOWN),
        (300, 10, 20, Place.AT_STOP),  # tapped twenty seconds after the bus had left
        (500, 10, 20, Place.AWAY),  # no bus is there after twenty seconds
        (300, 10, 121, Place.AWAY),  # two minutes are no late tap any more
        (300, 10, -1, Place.AWAY),  # before it left, it stood at the stop
    ],
)
def test_a_mark_is_away_only_when_its_whole_circle_is(metres, acc, left_s, place):
    """Distance against radius and accuracy; what the bus may have driven since it left is allowed for."""
    assert stop_gate.judge(a_fix(metres, acc), STOP, left_s=left_s).place is place


def test_without_a_position_nothing_is_said():
    """A bus in a tunnel is no offence: the stop that the crew chose stands."""
    assert stop_gate.judge(None, STOP).place is Place.UNKNOWN


@pytest.mark.parametrize("radius", [0, 5, 25])
def test_a_radius_smaller_than_what_satellites_give_is_widened(radius):
    """Five metres asked for are twenty-five: else honest marks between houses would ring."""
    narrow = StopPlace(lat6=STOP.lat6, lon6=STOP.lon6, radius_m=radius)
    assert stop_gate.judge(a_fix(30, 8), narrow).place is Place.AT_STOP
    assert stop_gate.judge(a_fix(40, 8), narrow).place is Place.AWAY


def test_distances_are_those_of_the_ground():
    """A degree of latitude is 111.195 km, of longitude at 31 degrees 95.3; the far side half the globe."""
    origin = StopPlace(lat6=31_000_000, lon6=104_000_000, radius_m=60)
    north = Fix(lat6=32_000_000, lon6=104_000_000, acc_m=5)
    east = Fix(lat6=31_000_000, lon6=105_000_000, acc_m=5)
    assert stop_gate.distance_m(north, origin) == 111_195
    assert abs(stop_gate.distance_m(east, origin) - 95_313) < 20
    assert stop_gate.distance_m(Fix(lat6=-31_000_000, lon6=-76_000_000, acc_m=5), origin) == 20_015_114


PLACES = {CAMPUS: STOP, "S1": STOP}


def marked(metres: int, *, acc: int = 10, void: bool = False, left_at: int | None = None):
    """What the gate says of one alighting so far from its stop; ``left_at``: the bus had left from there."""
    plan = a_run(riders=1)
    tablet = Tablet(plan=plan)
    tablet.board("r1", lat6=None)
    if left_at is not None:
        tablet.record("arrive", stop="S1", by=DRIVER, **a_spot(left_at))
        tablet.record("depart", stop="S1", by=DRIVER, after_s=40)
    mark = tablet.alight("r1", "S1", after_s=20, **a_spot(metres, acc))
    if void:
        tablet.void(mark)
    state = fold(plan, tablet.log)
    standing = [each for each in tablet.log if not (void and each.event_id == mark.event_id)]
    assert state.plan is plan
    return [finding.code for finding in stop_gate.place_findings(standing, PLACES)], mark


def test_an_alighting_away_from_its_stop_is_found_with_its_distance():
    """Three hundred metres off: one finding that holds the run, at the mark itself; near it there is none."""
    codes, mark = marked(300)
    assert codes == ["away_from_stop_alight"]
    (finding,) = stop_gate.place_findings([mark], PLACES)
    assert finding.place == mark.event_id
    assert finding.severity == "block"
    assert 295 <= finding.facts["distance_m"] <= 305
    assert marked(40)[0] == []
    assert marked(300, void=True)[0] == []


def test_a_late_tap_needs_a_bus_that_was_seen_at_the_stop():
    """Twenty seconds after leaving the stop it is allowed for; after leaving from elsewhere it is not."""
    assert marked(300, left_at=10)[0] == []
    assert marked(300, left_at=700)[0] == ["away_from_stop_alight"]


def test_a_poor_position_is_pointed_out_and_holds_nothing():
    """The stop was chosen by hand: kept for reading, no alarm; without any position nothing is said."""
    codes, mark = marked(900, acc=400)
    assert codes == ["stop_by_hand"]
    (finding,) = stop_gate.place_findings([mark], PLACES)
    assert finding.severity == "log"
    plan = a_run(riders=1)
    tablet = Tablet(plan=plan)
    tablet.board("r1", CAMPUS)
    assert list(stop_gate.place_findings(tablet.log, PLACES)) == []
    assert list(stop_gate.place_findings([mark], {})) == []
