"""What a simulated crew taps: complete, in order, chained, and the same for the same seed."""

from busops.domain.envelope import GENESIS, digest_of, parse_envelope
from busops.domain.fleet import CrewRole
from busops.services import device_keys
from busops.services.simulated_crew import (
    SimulatedDevice,
    Slips,
    drive,
    script,
    send,
    stamp,
    usual_slips,
)
from busops.services.simulated_key import SimulatedKey

DEPARTS_MS = 1_709_889_600_000
TAGS = {"rear": "481907", **{f"row:{row}": f"{100000 + row}" for row in range(1, 13)}}


class CountingIds:
    """Ids in the form of a UUIDv7 that count up."""

    def __init__(self) -> None:
        self.made = 0

    def new(self) -> str:
        """The next id."""
        self.made += 1
        return f"0190a000-0000-7000-8000-{self.made:012d}"


def a_pack(direction: str = "homeward", riders: int = 6) -> dict:
    """A run with two stops and a terminal; riders are spread over the stops."""
    outer = [("S1", "罗江"), ("S2", "略坪"), ("S3", "金山")]
    order = [("@campus", "校门"), *outer] if direction == "homeward" else [*outer, ("@campus", "校门")]
    stops = [
        {
            "stop": stop,
            "name": name,
            "arrive_ms": DEPARTS_MS + k * 600_000,
            "leave_ms": DEPARTS_MS + k * 660_000,
        }
        for k, (stop, name) in enumerate(order)
    ]
    return {
        "v": 1, "run": "run-1", "roster_v": 3, "direction": direction,
        "departs_ms": DEPARTS_MS, "stops": stops,
        "riders": [{"rider": f"R{n}", "stop": outer[n % 3][0]} for n in range(riders)],
        "challenge": {"attendant": [2, 11], "driver": [4, 9]},
        "asks": {
            "level": "E1",
            "places": {"attendant": ["rear", "row:2", "row:11"], "driver": ["rear", "row:4", "row:9"]},
            "photo": False,
            "sensor": False,
        },
    }  # fmt: skip


def kinds_of(acts, rider):
    """What happens to one rider, in order."""
    return [act.kind for act in acts if act.rider == rider]


def devices() -> dict:
    """One tablet for each person of the crew."""
    return {
        CrewRole.ATTENDANT: SimulatedDevice(dev=1, token="a", crew_id="A01", boot="boot-a"),
        CrewRole.DRIVER: SimulatedDevice(dev=2, token="d", crew_id="D01", boot="boot-d"),
    }


def test_every_rider_boards_once_and_alights_once_both_directions():
    """A perfect crew marks each rider on and off, at his stop and at the campus."""
    for direction in ("homeward", "return"):
        pack = a_pack(direction)
        acts = script(pack, TAGS)
        assert [act.at_ms for act in acts] == sorted(act.at_ms for act in acts)
        for rider in pack["riders"]:
            mine = [act for act in acts if act.rider == rider["rider"]]
            assert [act.kind for act in mine] == ["board", "alight"]
            ends = ("@campus", rider["stop"])
            assert tuple(act.stop for act in mine) == (ends if direction == "homeward" else ends[::-1])


def test_the_check_follows_the_last_alighting_and_names_the_asked_rows():
    """Attendant before driver, both after everybody is off, each with the rear tag and the own two rows."""
    acts = script(a_pack(), TAGS)
    last_off = max(act.at_ms for act in acts if act.kind == "alight")
    checks = [act for act in acts if act.kind == "check"]
    assert [act.role for act in checks] == [CrewRole.ATTENDANT, CrewRole.DRIVER]
    assert last_off + 20_000 < checks[0].at_ms < checks[1].at_ms - 10_000
    assert set(checks[0].codes) == {"481907", TAGS["row:2"], TAGS["row:11"]}
    assert set(checks[1].codes) == {"481907", TAGS["row:4"], TAGS["row:9"]}
    assert [act.kind for act in acts][-2:] == ["seal", "seal"]


def test_head_counts_equal_those_aboard():
    """The number counted before each departure is the number of riders marked aboard until then."""
    slips = Slips(absent={"R0": "ill"}, vanished=frozenset({"R1"}))
    aboard = 0
    for act in script(a_pack("return"), TAGS, slips):
        aboard += {"board": 1, "alight": -1}.get(act.kind, 0)
        if act.kind == "headcount":
            assert act.n == aboard


def test_slips_show_in_what_is_tapped():
    """Absent riders have a reason, vanished ones nothing, untapped ones never get off, counts are retaken."""
    slips = Slips(
        absent={"R0": "leave"},
        vanished=frozenset({"R1"}),
        untapped=frozenset({"R2"}),
        miscount=True,
        wrong_code=True,
    )
    acts = script(a_pack(), TAGS, slips)
    assert kinds_of(acts, "R0") == ["absent"]
    assert kinds_of(acts, "R1") == []
    assert kinds_of(acts, "R2") == ["board"]
    assert [act.n for act in acts if act.kind == "headcount"] == [3, 4]
    assert sum(act.kind == "check" for act in acts) == 3
    assert not any(
        act.kind in ("check", "seal") for act in script(a_pack(), TAGS, Slips(checks_at_all=False))
    )


def test_stamped_acts_are_valid_envelopes_in_one_chain():
    """The strict reader takes every envelope; each names the hash of the one before it on its tablet."""
    pack, held, ids = a_pack(), devices(), CountingIds()
    heads = dict.fromkeys(held, GENESIS)
    for act in script(pack, TAGS, Slips(absent={"R0": "ill"})):
        held[act.role], envelope = stamp(held[act.role], act, pack=pack, ids=ids, off_ms=250)
        observation = parse_envelope(envelope)
        assert envelope["prev"] == heads[act.role]
        assert observation.at_ms == act.at_ms
        heads[act.role] = digest_of(envelope)
    assert held[CrewRole.DRIVER].seq == 4


def test_driving_sends_both_tablets_then_asks_to_close():
    """The transport sees batches of both devices with their tokens, then one wish to close."""
    calls = []

    def transport(method, path, headers, body):
        calls.append((method, path, headers["Authorization"]))
        if path.endswith("close"):
            return 409, {"reasons": [{"code": "riders_aboard"}]}
        return 200, {"results": [{"id": event["id"], "r": "stored"} for event in body["events"]]}

    result = drive(transport, devices(), pack=a_pack(riders=200), tags=TAGS, ids=CountingIds())
    assert calls[-1] == ("POST", "/api/v1/runs/run-1/close", "Device d")
    assert {call[2] for call in calls[:-1]} == {"Device a", "Device d"}
    assert not result.closed
    assert result.reasons == ({"code": "riders_aboard"},)
    assert len(result.results) == sum(device.seq for device in result.devices.values())


def test_usual_slips_repeat_and_are_few():
    """The same seed gives the same absentees; another seed gives others; a few per cent in all."""
    pack = a_pack(riders=400)
    assert usual_slips(pack, 1) == usual_slips(pack, 1)
    assert usual_slips(pack, 1) != usual_slips(pack, 2)
    assert 2 <= len(usual_slips(pack, 1).absent) <= 25


def test_who_must_be_handed_over_is_as_soon_as_he_is_off():
    """To the first of his list by number, without one to nobody by name; the checks still come last."""
    persons = [{"no": 2, "name": "王某", "relation": ""}, {"no": 3, "name": "李某", "relation": ""}]
    handover = {"R0": {"persons": persons, "code": None}, "R2": {"persons": [], "code": None}}
    acts = script({**a_pack(), "handover": handover}, TAGS)
    assert kinds_of(acts, "R0") == ["board", "alight", "handover"]
    assert kinds_of(acts, "R1") == ["board", "alight"]
    given = {act.rider: act.codes for act in acts if act.kind == "handover"}
    assert given == {"R0": ("listed", "person:2"), "R2": ("listed",)}
    first_check = next(act.at_ms for act in acts if act.kind == "check")
    assert all(act.at_ms < first_check for act in acts if act.kind in ("alight", "handover"))


def test_a_simulated_tablet_signs_as_a_real_one_does():
    """Its batch is vouched for by the key that its name gives at any time; a beat has nothing to sign."""
    key = SimulatedKey(name="simulated run-1 attendant")
    held = SimulatedDevice(dev=1, token="a", crew_id="A01", boot="boot-a", key=key)
    pack = a_pack()
    bodies = []

    def transport(_method, _path, _headers, body):
        bodies.append(body)
        return 200, {"results": []}

    _, event = stamp(held, script(pack, TAGS)[1], pack=pack, ids=CountingIds())
    send(transport, held, [event])
    send(transport, held, [], is_beat=True)
    again = device_keys.read_key(SimulatedKey(name=key.name).public)
    assert device_keys.vouched(bodies[0], dev=1, public_key=again).against(0, event) is None
    other = SimulatedKey(name="simulated run-2 attendant").public
    assert device_keys.vouched(bodies[0], dev=1, public_key=other).why == "signature_wrong"
    assert bodies[1] == {"events": []}
